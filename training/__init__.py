"""From an experiment to epoch records: the spec, the queue, the workers and the epoch engine."""
