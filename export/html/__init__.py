"""The report as one HTML file: its elements, its sections, its style and its script."""
