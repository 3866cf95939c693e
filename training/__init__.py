"""How experiments are trained: `dispatch` hands runs out, `worker` trains them, `__main__` does without a page."""
