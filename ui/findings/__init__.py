"""What workers found out about an experiment, drawn."""
