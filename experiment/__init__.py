"""What is asked for: the experiment JSON, its links, limits, estimate and presets, and the rule that judges a run."""
