"""The six steps of the Learn page, one module each; `ui/learn/path.py` leads through them."""
