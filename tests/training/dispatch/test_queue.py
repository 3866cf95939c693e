"""The queue's decisions without a cluster: which run is next, what became of a lost one, how many workers."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from distributed import KilledWorker
from hypothesis import given
from hypothesis import strategies as st

from experiment.limits import Limits
from experiment.spec import Experiment, ExperimentError, parse_experiment
from results.records import Run
from results.store import Store
from training.dispatch.admission import Admission
from training.dispatch.cluster import RESOURCE, ClusterError, worker_count
from training.dispatch.dispatcher import MOST_LOSSES, WORKER_LOST
from training.dispatch.queue import Queue, choose
from training.dispatch.tasks import train_run

VariantKey = tuple[str, str]
VARIANTS = ("baseline", "dropout", "l2")


def run_of(experiment: str, position: int, variant: str = "baseline") -> Run:
    return Run(
        id=hash((experiment, position)),
        experiment_id=experiment,
        variant=variant,
        seed=position,
        position=position,
        status="queued",
        message=None,
        owner="o",
        attempt=1,
        heartbeat=0.0,
        created_at=0.0,
        started_at=None,
        finished_at=None,
        setup_seconds=None,
        ended_by=None,
        provenance=None,
    )


def runs_of(experiment: str, count: int) -> list[Run]:
    return [run_of(experiment, i, VARIANTS[i % len(VARIANTS)]) for i in range(count)]


def serve(served: dict[str, int], run: Run) -> None:
    """As the queue counts."""
    served[run.experiment_id] = 1 + max(served.values(), default=0)


variant_keys = st.sets(st.tuples(st.sampled_from("abcdef"), st.sampled_from(VARIANTS)))


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 6), min_size=1), variant_keys, variant_keys)
def test_no_experiment_waits_longer_than_one_round(
    sizes: dict[str, int], own: set[VariantKey], others: set[VariantKey]
) -> None:
    queued = [run for experiment, size in sizes.items() for run in runs_of(experiment, size)]
    served: dict[str, int] = {}
    waited = dict.fromkeys(sizes, 0)
    while queued:
        run = choose(queued, served, own, others)
        assert run in queued
        serve(served, run)
        queued.remove(run)
        waiting = {r.experiment_id for r in queued}
        waited = {e: 0 if e == run.experiment_id else n + 1 for e, n in waited.items() if e in waiting}
        assert all(count < len(sizes) for count in waited.values())


@given(st.dictionaries(st.sampled_from("abcde"), st.integers(1, 9), min_size=1), variant_keys)
def test_a_new_experiment_is_served_next(served: dict[str, int], others: set[VariantKey]) -> None:
    old = [run for experiment in served for run in runs_of(experiment, 5)]
    new = runs_of("new", 3)
    chosen = choose([*old, *new], served, set(), others)
    assert chosen is not None
    assert chosen.experiment_id == "new"


def test_who_was_served_least_comes_first_and_then_the_experiment_served_longest_ago() -> None:
    queued = [*runs_of("a", 2), *runs_of("b", 2), *runs_of("c", 2)]
    order = {"a": 1, "b": 3, "c": 2}
    first = choose(queued, order, set(), set(), {"a": 30.0, "b": 10.0, "c": 10.0})
    assert first is not None and first.experiment_id == "c", "b and c are one visitor's"
    alone = choose(queued, order, set(), set())
    assert alone is not None and alone.experiment_id == "a"


@given(st.lists(st.sampled_from(VARIANTS), min_size=1, max_size=9), st.sets(st.sampled_from(VARIANTS)), variant_keys)
def test_a_worker_takes_the_first_run_that_needs_no_trace_of_another(
    variants: list[str], own_names: set[str], others: set[VariantKey]
) -> None:
    queued = [run_of("a", i, variant) for i, variant in enumerate(variants)]
    own = {("a", name) for name in own_names}
    chosen = choose(queued, {}, own, others)
    assert chosen is not None
    welcome = [run for run in queued if ("a", run.variant) in own or ("a", run.variant) not in others]
    assert chosen == (welcome or queued)[0]


def test_three_workers_take_a_variant_each_and_keep_it() -> None:
    queued = [run_of("a", i, VARIANTS[i % 3]) for i in range(9)]
    traced: list[set[VariantKey]] = [set(), set(), set()]
    taken: list[list[str]] = [[], [], []]
    for _ in range(3):
        for worker in range(3):
            others = set().union(*(keys for i, keys in enumerate(traced) if i != worker))
            run = choose(queued, {}, traced[worker], others)
            assert run is not None
            queued.remove(run)
            traced[worker].add(("a", run.variant))
            taken[worker].append(run.variant)
    assert taken == [["baseline"] * 3, ["dropout"] * 3, ["l2"] * 3]


def test_a_worker_that_is_late_with_an_answer_ends_no_run(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    workers: Any = Workers("one", "two")
    dispatcher, replaced = queue.dispatcher, []
    dispatcher._client = workers
    monkeypatch.setattr(dispatcher, "_replace", replaced.append)
    runs = submitted(queue)
    dispatcher._round()
    monkeypatch.setattr(dispatcher.questions, "serve", lambda *_: ["one"])
    dispatcher._round()
    monkeypatch.setattr(dispatcher.questions, "serve", lambda *_: [])
    dispatcher._round()
    assert replaced == [], "it trains"
    queue.store.start(runs[0].id, 1, {}, 1.0)
    queue.store.finish(runs[0].id, 1, "finished", now=2.0)
    workers.tasks[0].status = "finished"
    dispatcher._round()
    assert replaced == ["one"]
    assert len(workers.tasks) == 2, "and gets no other run before"


def test_nothing_queued_is_nothing_chosen() -> None:
    assert choose([], {"a": 1}, set(), set()) is None


EXPERIMENT = parse_experiment(
    '{"dataset": {"name": "wine"}, "training": {"epochs": 10}, "architecture": {"name": "mlp", "widths": [10]},'
    ' "variants": [{"name": "a"}, {"name": "b", "techniques": [{"name": "dropout"}]}], "seeds": [0, 1]}'
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(f"sqlite:///{tmp_path}/results.db") as opened:
        yield opened


@pytest.fixture
def queue(store: Store) -> Queue:
    """A queue that was not started: it has no cluster and no threads."""
    return Queue(store, adopts=False, address=None, workers=1)


def submitted(queue: Queue, visitor: str = "v") -> list[Run]:
    return queue.store.runs(queue.submit(EXPERIMENT, visitor))


def current(queue: Queue, run: Run) -> Run:
    found = queue.store.run(run.id)
    assert found is not None
    return found


def test_submitted_runs_wait_in_the_store_variant_by_variant(queue: Queue) -> None:
    runs = submitted(queue)
    assert [(run.variant, run.seed) for run in runs] == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    assert {(run.status, run.owner, run.attempt) for run in runs} == {("queued", queue.owner, 1)}
    stored = queue.store.experiment(runs[0].experiment_id)
    assert stored is not None
    assert parse_experiment(stored.spec) == EXPERIMENT


def test_a_run_whose_worker_was_lost_is_tried_once_more_and_then_failed(queue: Queue) -> None:
    assert MOST_LOSSES == 2
    run = submitted(queue)[0]
    assert queue.store.start(run.id, 1, {}, 1.0)
    queue.dispatcher.settle(run)
    second = current(queue, run)
    assert (second.status, second.attempt, second.message) == ("queued", 2, None)
    assert queue.store.start(run.id, 2, {}, 2.0)
    queue.dispatcher.settle(second)
    ended = current(queue, run)
    assert (ended.status, ended.attempt, ended.message) == ("failed", 2, WORKER_LOST)
    assert "memory" in WORKER_LOST


def test_a_worker_lost_before_it_began_counts_as_well(queue: Queue) -> None:
    run = submitted(queue)[0]
    queue.dispatcher.settle(run)
    assert (current(queue, run).status, current(queue, run).attempt) == ("queued", 2)


def test_settling_the_first_attempt_again_leaves_the_second_alone(queue: Queue) -> None:
    run = submitted(queue)[0]
    queue.dispatcher.settle(run)
    queue.store.start(run.id, 2, {}, 2.0)
    queue.dispatcher.settle(run)
    assert (current(queue, run).status, current(queue, run).attempt) == ("running", 2)


@pytest.mark.parametrize("status", ["finished", "failed"])
def test_an_ended_run_is_not_tried_again(queue: Queue, status: Any) -> None:
    run = submitted(queue)[0]
    queue.store.start(run.id, 1, {}, 1.0)
    queue.store.finish(run.id, 1, status, message="m", now=2.0)
    queue.dispatcher.settle(run)
    assert (current(queue, run).status, current(queue, run).attempt, current(queue, run).message) == (status, 1, "m")


@pytest.mark.parametrize("begun", [False, True])
def test_a_cancelled_run_stays_cancelled(queue: Queue, begun: bool) -> None:
    run = submitted(queue)[0]
    if begun:
        queue.store.start(run.id, 1, {}, 1.0)
    assert queue.cancel(run.experiment_id, run.id, visitor="v") == 1
    queue.dispatcher.settle(run)
    assert current(queue, run).status == "cancelled"
    assert {r.status for r in queue.store.runs(run.experiment_id)[1:]} == {"queued"}


def test_nobody_cancels_the_runs_of_another_visitor(queue: Queue) -> None:
    runs = submitted(queue, "v")
    assert queue.cancel(runs[0].experiment_id, visitor="another") == 0
    assert queue.cancel(runs[0].experiment_id, runs[0].id, visitor="another") == 0
    assert queue.store.runs(runs[0].experiment_id) == runs


def test_a_run_that_another_process_adopted_is_left_to_it(queue: Queue) -> None:
    run = submitted(queue)[0]
    assert queue.store.adopt("other", stale_before=1e12, now=1.0) == 4
    queue.dispatcher.settle(run)
    assert (current(queue, run).owner, current(queue, run).attempt) == ("other", 1)


def test_a_deleted_run_is_no_error(queue: Queue) -> None:
    run = submitted(queue)[0]
    queue.store.delete_experiment(run.experiment_id, visitor="v")
    queue.dispatcher.settle(run)
    assert queue.store.run(run.id) is None


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker is to blame as soon as it is lost."""
    monkeypatch.setattr("training.dispatch.dispatcher.SECONDS_UNTIL_LOST", 0.0)


def test_a_scheduler_that_ends_is_seen_before_its_worker_is_to_blame(queue: Queue) -> None:
    workers: Any = Workers("one")
    queue.dispatcher._client = workers
    run = submitted(queue)[0]
    queue.dispatcher._round()
    queue.store.start(run.id, 1, {}, 1.0)
    workers.tasks[0].status = "lost"
    queue.dispatcher._round()
    assert current(queue, run).status == "running", "whose end it was shows in the next round"
    queue.dispatcher._client = None
    queue.dispatcher._disconnect()
    queue.dispatcher._settle_all()
    assert (current(queue, run).attempt, queue.store.losses(run.id)) == (2, 0)


class Task:
    """A Dask future as far as the queue looks at it."""

    def __init__(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        self.arguments, self.options, self.status = arguments, options, "pending"

    def add_done_callback(self, call: Callable[[Any], None]) -> None:
        pass

    def done(self) -> bool:
        return self.status != "pending"

    def result(self) -> int:
        return 10**8

    def exception(self) -> Any:
        return KilledWorker("task", None, 0)


class Workers:
    """A Dask client with workers at addresses, of which only some hold the resource for training."""

    def __init__(self, *addresses: str) -> None:
        self.tasks: list[Task] = []
        self.resources: dict[str, dict[str, int]] = {address: {RESOURCE: 1} for address in addresses}
        self.last_seen = 0.0

    def scheduler_info(self) -> dict[str, Any]:
        told = {"last_seen": self.last_seen}
        return {"workers": {address: told | {"resources": held} for address, held in self.resources.items()}}

    def submit(self, function: Any, *arguments: Any, **options: Any) -> Task:
        assert function is train_run
        self.tasks.append(Task(arguments, options))
        return self.tasks[-1]


def test_each_worker_gets_one_run_at_a_time_and_the_next_when_it_is_free(queue: Queue) -> None:
    workers: Any = Workers("one", "two")
    workers.resources["foreign"] = {}
    queue.dispatcher._client = workers
    runs = submitted(queue)
    queue.dispatcher._round()
    queue.dispatcher._round()
    assert [task.arguments for task in workers.tasks] == [(run.id, 1, queue.store.url) for run in runs[:2]]
    assert [task.options["workers"] for task in workers.tasks] == [["one"], ["two"]]
    assert all(task.options["resources"] == {RESOURCE: 1} for task in workers.tasks)
    assert (queue.state.ready_workers, queue.state.expected_workers) == (2, 1)
    queue.store.start(runs[0].id, 1, {}, 1.0)
    queue.store.finish(runs[0].id, 1, "finished", now=2.0)
    workers.tasks[0].status = "finished"
    queue.dispatcher._round()
    assert [task.arguments[0] for task in workers.tasks[2:]] == [runs[2].id]
    assert workers.tasks[2].options["workers"] == ["one"]


def test_a_run_is_not_trained_twice(queue: Queue) -> None:
    workers: Any = Workers("one", "two", "three", "four", "five")
    queue.dispatcher._client = workers
    mine, theirs = submitted(queue), submitted(queue, "another")
    equal = {run.id: other for run, other in zip((*mine, *theirs), (*theirs, *mine), strict=True)}
    queue.dispatcher._round()
    trained = [task.arguments[0] for task in workers.tasks]
    assert len({frozenset((one, equal[one].id)) for one in trained}) == len(trained) == 4, "one waits: all is coming"
    queue.store.start(trained[0], 1, {}, 1.0)
    queue.store.finish(trained[0], 1, "finished", now=2.0)
    workers.tasks[0].status = "finished"
    queue.dispatcher._round()
    assert [current(queue, equal[one]).status for one in trained] == ["finished", "queued", "queued", "queued"]
    cancelled = queue.store.run(trained[1])
    assert cancelled is not None
    queue.cancel(cancelled.experiment_id, cancelled.id, visitor="v" if cancelled in mine else "another")
    workers.tasks[1].status = "finished"
    queue.dispatcher._round()
    assert workers.tasks[-1].arguments[0] == equal[cancelled.id].id, "what was cancelled gives no numbers"
    anew = queue.store.runs(queue.submit(EXPERIMENT, "v", anew=True))
    assert {run.status for run in anew} == {"queued"}


def test_who_waits_for_anothers_run_is_not_told_that_it_takes_time_of_its_own(queue: Queue) -> None:
    workers: Any = Workers("one")
    queue.dispatcher._client = workers
    mine, theirs = submitted(queue)[0].experiment_id, submitted(queue, "another")[0].experiment_id
    queue.dispatcher._round()
    places = queue.state.places
    ends = [places[one].end or 0.0 for one in (mine, theirs)]
    alone = sum(one.seconds for one in queue.store.queued(queue.owner)[:4])
    assert 0 < max(ends) < 1.5 * alone, "of both together"


def test_what_is_known_is_used_at_once_and_counts_for_no_limit(store: Store) -> None:
    queue = Queue(store, adopts=False, address=None, workers=1, limits=Limits(active_runs=5))
    for run in submitted(queue):
        store.start(run.id, 1, {}, 1.0)
        store.finish(run.id, 1, "finished", now=2.0)
    more = EXPERIMENT.model_copy(update={"seeds": (0, 1, 2, 3)})
    runs = store.runs(queue.submit(more, "v"))
    assert [run.status for run in runs] == ["finished"] * 4 + ["queued"] * 4
    assert {run.status for run in submitted(queue)} == {"finished"}
    with pytest.raises(ExperimentError, match="8 asked for; this host allows 5"):
        queue.submit(EXPERIMENT, "v", anew=True)


def test_a_cluster_of_others_says_what_it_runs_on(store: Store) -> None:
    queue = Queue(store, adopts=False, address="tcp://far:1", workers=1)
    assert not queue.dispatcher.machine

    def told(machine: Any) -> Any:
        return SimpleNamespace(status="finished", result=lambda: machine)

    queue.dispatcher._machines = {"one": told({"processor": "a"}), "two": told({"processor": "a"})}
    assert queue.dispatcher.machine == {"processor": "a"}
    queue.dispatcher._machines["two"] = told({"processor": "b"})
    assert not queue.dispatcher.machine, "whose numbers a run will have is not known"


def test_a_worker_that_is_not_heard_is_replaced_but_not_after_a_sleep(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers: Any = Workers("one")
    queue.dispatcher._client, replaced, now = workers, [], [0.0]
    monkeypatch.setattr(queue.dispatcher, "_replace", replaced.append)
    monkeypatch.setattr("training.dispatch.dispatcher.time", SimpleNamespace(monotonic=lambda: now[0], time=time.time))

    def rounds(count: int, seconds: float, *, heard: bool) -> None:
        for _ in range(count):
            now[0] += seconds
            workers.last_seen += heard
            queue.dispatcher._round()

    rounds(3, 3600.0, heard=True)
    rounds(1, 3600.0, heard=False)
    rounds(28, 0.5, heard=False)
    assert replaced == []
    rounds(4, 0.5, heard=False)
    assert set(replaced) == {"one"}


def test_a_cancelled_run_never_reaches_a_worker(queue: Queue) -> None:
    workers: Any = Workers("one")
    queue.dispatcher._client = workers
    runs = submitted(queue)
    queue.cancel(runs[0].experiment_id, runs[0].id, visitor="v")
    queue.dispatcher._round()
    assert [task.arguments[0] for task in workers.tasks] == [runs[1].id]


def test_a_lost_worker_is_noticed_and_its_run_dispatched_again(queue: Queue, at_once: None) -> None:
    workers: Any = Workers("one")
    queue.dispatcher._client = workers
    run = submitted(queue)[0]
    queue.dispatcher._round()
    workers.tasks[0].status = "error"
    workers.resources = {"two": {RESOURCE: 1}}
    queue.dispatcher._round()
    # What the lost worker had traced is gone with it, so that the new one does not leave that variant to it.
    assert [task.arguments[:2] for task in workers.tasks] == [(run.id, 1), (run.id, 2)]
    assert workers.tasks[1].options["workers"] == ["two"]


def test_runs_parameters_and_seconds_by_hand(store: Store) -> None:
    # Wine: 13 features, 3 classes; 10 hidden units; 2 variants x 2 seeds.
    parameters, runs = 13 * 10 + 10 + 10 * 3 + 3, 4
    exact = Limits(active_runs=runs + 4, parameters=parameters, run_seconds=1, experiment_seconds=4)
    queue = Queue(store, adopts=False, address=None, workers=1, limits=exact)
    submitted(queue)
    submitted(queue)
    queue.limits = Limits(active_runs=runs + 7, parameters=parameters - 1)
    queue.admission = Admission(store, queue.limits)
    with pytest.raises(ExperimentError) as caught:
        submitted(queue)
    assert str(caught.value).splitlines() == [
        "parameters in a network: 173 asked for; this host allows 172",
        "queued and running runs for one visitor: 12 asked for; this host allows 11",
    ]


def test_a_network_that_would_hold_a_worker_for_days_is_refused_before_it_is_stored(store: Store) -> None:
    limits = Limits(run_seconds=600, experiment_seconds=7_200, run_bytes=1_500_000_000)
    queue = Queue(store, adopts=False, address=None, workers=1, limits=limits)
    deep = parse_experiment(
        '{"dataset": {"name": "cifar10"}, "training": {"epochs": 1000, "batch_size": 1024},'
        ' "architecture": {"name": "resnet_conv", "filters": 64, "blocks": 8}, "variants": [{"name": "a"}]}'
    )
    with pytest.raises(ExperimentError) as caught:
        queue.submit(deep, "v")
    told = str(caught.value)
    assert "estimated seconds of a run" in told and "this host allows 600" in told
    assert "estimated bytes of memory for a run" in told
    assert store.experiments() == []


def test_the_largest_network_of_the_variants_counts() -> None:
    experiment = parse_experiment(
        '{"architecture": {"name": "mlp", "widths": [10]}, "dataset": {"name": "wine"}, "variants": [{"name": "a"},'
        ' {"name": "b", "techniques": [{"name": "batch_normalization"}]}, {"name": "c"}]}'
    )
    Limits(parameters=173 + 40).check(experiment)
    with pytest.raises(ExperimentError, match="213 asked for"):
        Limits(parameters=173 + 39).check(experiment)


def test_without_limits_everything_is_allowed() -> None:
    huge = '{"architecture": {"name": "mlp", "widths": [4096, 4096]}, "training": {"epochs": 1000}}'
    Limits().check(parse_experiment(huge))


def test_a_visitors_own_runs_count_until_they_end(store: Store) -> None:
    queue = Queue(store, adopts=False, address=None, workers=1, limits=Limits(active_runs=5))
    runs = submitted(queue, "one")
    with pytest.raises(ExperimentError, match="8 asked for; this host allows 5"):
        submitted(queue, "one")
    submitted(queue, "two")
    queue.cancel(runs[0].experiment_id, visitor="one")
    submitted(queue, "one")


def test_a_refused_experiment_is_not_stored(store: Store) -> None:
    queue = Queue(store, adopts=False, address=None, workers=1, limits=Limits(experiment_seconds=1))
    with pytest.raises(ExperimentError):
        queue.submit(Experiment(), "v")
    assert store.experiments() == []


@pytest.mark.parametrize("text", ["1", "64", "7"])
def test_workers_are_as_many_as_asked_for(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("WORKERS", text)
    assert worker_count() == int(text)


@pytest.mark.parametrize("text", ["0", "65", "-1", "two", "1.5", " ", "1e1", "²"])
def test_another_number_of_workers_is_refused_with_what_is_allowed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("WORKERS", text)
    with pytest.raises(ClusterError) as caught:
        worker_count()
    assert "WORKERS" in str(caught.value)
    assert f'"{text}"' in str(caught.value)
    assert "1 to 64" in str(caught.value)


@pytest.mark.parametrize(
    ("cores", "gigabytes", "workers"),
    [(8, 16.0, 8), (8, 7.0, 4), (8, 6.99, 3), (2, 64.0, 2), (4, 1.0, 1), (4, 0.5, 1), (None, 64.0, 1)],
)
def test_workers_by_cores_and_memory(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, gigabytes: float, workers: int
) -> None:
    """min(cores, (memory - 1 GB) / 1.5 GB), at least 1."""

    class Memory:
        total = int(gigabytes * 1e9)

    monkeypatch.delenv("WORKERS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(psutil, "virtual_memory", Memory)
    assert worker_count() == workers


def test_a_run_says_why_no_worker_could_take_it(queue: Queue, at_once: None) -> None:
    workers: Any = Workers("one")
    queue.dispatcher._client = workers
    run = submitted(queue)[0]
    for task in range(2):
        queue.dispatcher._round()
        workers.tasks[task].status = "error"
        workers.tasks[task].exception = lambda: ModuleNotFoundError("No module named 'training'")
    queue.dispatcher._round()
    failed = queue.store.run(run.id)
    assert failed is not None and failed.status == "failed"
    assert "No module named 'training'" in str(failed.message)


def test_more_seeds_keep_every_variant_paired(queue: Queue) -> None:
    identifier = submitted(queue)[0].experiment_id
    stored = queue.store.experiment(identifier)
    assert stored is not None
    queue.extend(stored, EXPERIMENT, 3, "v")
    runs = queue.store.runs(identifier)
    assert [(run.variant, run.seed) for run in runs] == [(v, seed) for seed in range(5) for v in ("a", "b")]
    assert [run.position for run in runs] == list(range(10))
    longer = queue.store.experiment(identifier)
    assert longer is not None and parse_experiment(longer.spec) == EXPERIMENT.with_more_seeds(3)


@pytest.mark.parametrize(
    ("count", "visitor", "limits", "told"),
    [
        (0, "v", Limits(), "allowed: 1 to 20 at once"),
        (21, "v", Limits(), "allowed: 1 to 20 at once"),
        (3, "another", Limits(), "an experiment of one's own"),
        (3, "v", Limits(active_runs=9), "queued and running runs for one visitor: 10 asked for"),
        (3, "v", Limits(experiment_seconds=2), "together, on one worker: 5 asked for; this host allows 2"),
    ],
)
def test_seeds_that_are_refused_change_nothing(
    store: Store, count: int, visitor: str, limits: Limits, told: str
) -> None:
    queue = Queue(store, adopts=False, address=None, workers=1, limits=limits)
    identifier = submitted(queue)[0].experiment_id
    stored = store.experiment(identifier)
    assert stored is not None
    with pytest.raises(ExperimentError, match=told):
        queue.extend(stored, EXPERIMENT, count, visitor)
    assert store.experiment(identifier) == stored
    assert len(store.runs(identifier)) == 4
