"""The task that Dask carries. On its own, for the scheduler imports what its tasks name: not all of a worker's code."""


def train_run(run_id: int, attempt: int, database_url: str) -> int:
    """Trains one run in the worker process that calls it; see `training.worker.execute`."""
    from training.worker import execute

    return execute(run_id, attempt, database_url)
