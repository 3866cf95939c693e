"""The Learn page's sections and texts."""
