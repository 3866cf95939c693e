"""The Lab's parts: form, results, and what belongs to them."""
