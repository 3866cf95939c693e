"""What an exact repeat of a run depends on."""

from typing import Any

import tensorflow as tf

from experiment.machine import this_machine


def provenance(checksum: str, *, xla: bool) -> dict[str, Any]:
    """Versions, processor and threads of this worker, and what the run adds: XLA or not, the checksum of its data."""
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    return this_machine() | {"intra_op_threads": threads, "xla": xla, "data_checksum": checksum}
