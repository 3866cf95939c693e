"""The tasks that Dask carries. On their own, for the scheduler imports what tasks name: not all of a worker's code."""

DOWNLOADS = "downloads"
"""Topic under which workers tell how far a download is."""


def train_run(run_id: int, attempt: int, database_url: str) -> int:
    """Trains one run in the worker process that calls it; see `training.worker.run.execute`."""
    from training.worker.run import execute

    return execute(run_id, attempt, database_url)


def augment_samples(spec: str, database_url: str) -> bytes:
    """What the augmentation of an experiment's first variant makes of some training images."""
    from training.worker.data import read_experiment
    from training.worker.sample_images import make_samples

    return make_samples(read_experiment(spec, database_url))


def download_data(name: str) -> str | None:
    """Gets a data set for the machine of the worker that calls it; None, or why it cannot be had."""
    from distributed import get_worker

    from datasets.downloads import DOWNLOADABLE
    from training.worker.fetch import DownloadError, fetch

    worker, dataset = get_worker(), DOWNLOADABLE[name].model_validate({})
    try:
        fetch(dataset, lambda size: worker.log_event(DOWNLOADS, {"name": name, "bytes": size}))
    except DownloadError as error:
        return str(error)
    return None


def score_references(spec: str, database_url: str) -> str:
    """How predictors without a network score on an experiment's data set; see `results.findings.reference_scores`."""
    from training.worker.data import read_experiment
    from training.worker.reference_scores import measure_references

    return measure_references(read_experiment(spec, database_url))


def summarize_model(spec: str, variant: str, database_url: str) -> str:
    """Keras's `summary()` of the model that a variant of an experiment (its JSON) trains."""
    from training.worker.build import build
    from training.worker.data import read_experiment

    experiment = read_experiment(spec, database_url)
    lines: list[str] = []
    build(experiment.plan(experiment.variant(variant))).summary(line_length=80, print_fn=lines.append)
    return "\n".join(lines)


def write_event_files(run_id: int, database_url: str) -> bytes:
    """TensorBoard's event files of a run, as a ZIP file."""
    from training.worker.data import open_store
    from training.worker.event_files import pack_event_files

    return pack_event_files(open_store(database_url), run_id)
