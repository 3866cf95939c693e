"""Analysis results -> Plotly figures as plain dictionaries. The only place that knows Plotly."""
