"""From curves to frozen dataclasses and sentences: onset, early stopping, statistics. No I/O, NumPy only."""
