"""From the bytes of somebody's own file to what was understood of it, and to features and classes."""
