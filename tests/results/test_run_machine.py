"""Any sequence of changes, held against the states written down as plain Python."""

import tempfile
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from results.records import EpochRecord
from results.store import Store

OWNERS = st.sampled_from(["first", "second"])
LAGS = st.sampled_from([0, 1])  # how many attempts a worker is behind


@dataclass
class Model:
    """What the store must say about a run."""

    status: str = "queued"
    attempt: int = 1
    owner: str = "first"
    heartbeat: float = 0.0
    epochs: dict[int, int] = field(default_factory=dict)


class RunMachine(RuleBasedStateMachine):
    store: Store

    @initialize()
    def add(self):
        self.now = 0.0
        self.model = Model()
        self.experiment_id = self.store.add_experiment(
            "{}", "", [("baseline", 0)], visitor="local", owner="first", now=0.0
        )
        self.run_id = self.store.runs(self.experiment_id)[0].id

    def teardown(self):
        self.store.delete_experiment(self.experiment_id, visitor="local")

    def tick(self):
        self.now += 1.0
        return self.now

    def change(self, possible, lag, **values):
        expected = possible and lag == 0
        if expected:
            self.model.heartbeat = self.now
            for name, value in values.items():
                setattr(self.model, name, value)
        return expected

    @rule(lag=LAGS)
    def start(self, lag):
        done = self.store.start(self.run_id, self.model.attempt - lag, {}, self.tick())
        assert done is self.change(self.model.status == "queued", lag, status="running")

    @rule(lag=LAGS, count=st.integers(0, 3))
    def append(self, lag, count):
        known = self.model.epochs.get(self.model.attempt, 0)
        numbers = [EpochRecord(known + 1 + i, *[float(i)] * 6, i, 0.0) for i in range(count)]
        done = self.store.append_epochs(self.run_id, self.model.attempt - lag, numbers, self.tick())
        assert done is self.change(self.model.status == "running", lag)
        if done:
            self.model.epochs[self.model.attempt] = known + count

    @rule(lag=LAGS, status=st.sampled_from(["finished", "failed"]))
    def finish(self, lag, status):
        before = ("running",) if status == "finished" else ("queued", "running")
        done = self.store.finish(self.run_id, self.model.attempt - lag, status, now=self.tick())
        assert done is self.change(self.model.status in before, lag, status=status)

    @rule()
    def cancel(self):
        active = self.model.status in ("queued", "running")
        assert self.store.cancel(self.experiment_id, visitor="local", now=self.tick()) == int(active)
        self.model.status = "cancelled" if active else self.model.status

    @rule(lag=LAGS)
    def retry(self, lag):
        active = self.model.status in ("queued", "running")
        done = self.store.retry(self.run_id, self.model.attempt - lag, now=self.tick())
        assert done is self.change(active, lag, status="queued", attempt=self.model.attempt + 1)

    @rule(owner=OWNERS, patience=st.integers(0, 3))
    def adopt(self, owner, patience):
        stale_before = self.tick() - patience
        stale = self.model.heartbeat < stale_before and self.model.owner != owner
        possible = stale and self.model.status in ("queued", "running")
        attempt = self.model.attempt + (self.model.status == "running")
        assert self.store.adopt(owner, stale_before, self.now) == int(possible)
        self.change(possible, 0, status="queued", attempt=attempt, owner=owner)

    @rule(owner=OWNERS)
    def beat(self, owner):
        beats = self.model.status == "queued" and self.model.owner == owner
        assert self.store.beat(owner, self.tick()) == int(beats)
        self.change(beats, 0)

    @invariant()
    def the_store_tells_the_same(self):
        run = self.store.run(self.run_id)
        told = (run.status, run.attempt, run.owner, run.heartbeat)
        assert told == (self.model.status, self.model.attempt, self.model.owner, self.model.heartbeat)
        known = self.model.epochs.get(self.model.attempt, 0)
        assert [(attempt, record.epoch) for _, attempt, record in self.store.epochs([self.run_id])] == [
            (self.model.attempt, epoch) for epoch in range(1, known + 1)
        ]
        assert bool(self.store.queued(run.owner)) == (run.status == "queued")


class TestRunMachine(RunMachine.TestCase):
    settings = settings(max_examples=60, stateful_step_count=20)

    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        RunMachine.store = cls.enterClassContext(Store(f"sqlite:///{folder}/results.db"))
