"""What a worker keeps open and loaded from one run to the next: the store, uploaded files, whole data sets."""

from functools import cache, lru_cache, partial

from datasets.downloads import Download
from datasets.registry import Arrays, Dataset
from datasets.uploads import UploadedFiles
from experiment.spec import Experiment, parse_experiment
from results.store import Store
from results.uploads import read_upload
from training.worker.fetch import fetch


@cache
def open_store(database_url: str) -> Store:
    """The store, opened once. Whoever queued the run has made it: a worker makes no empty one in its place."""
    return Store(database_url, creates=False)


@cache
def uploaded_files(store: Store) -> UploadedFiles:
    """The files that people uploaded into a store."""
    return UploadedFiles(partial(read_upload, store))


def read_experiment(spec: str, database_url: str) -> Experiment:
    """An experiment's JSON; data of one's own are found in the store at this URL."""
    return parse_experiment(spec, uploaded_files(open_store(database_url)), stored=True)


def load(dataset: Dataset) -> Arrays:
    """All rows of a data set, kept for the next run."""
    return _load_whole(dataset.whole)


@lru_cache(maxsize=4)
def _load_whole(dataset: Dataset) -> Arrays:
    if isinstance(dataset, Download):
        fetch(dataset)
    return dataset.load()
