"""Who may queue and store what: the host's limits for an experiment, a visitor, an address and all together."""

from collections.abc import Mapping
from threading import Lock

from experiment.limits import Limits
from experiment.spec import Experiment, ExperimentError
from results.bounds import Scope, count_active_runs, make_room
from results.store import Store
from training.dispatch.counters import REFUSALS
from wording.language import _, say_later

SCOPES = {
    "": say_later("your experiments"),
    "address_": say_later("experiments from your address"),
    "total_": say_later("experiments on this server"),
}
NO_ROOM = say_later(
    "No room for more: {whose} are being trained or looked at. This host keeps {experiments:,} of them, and {size:,} "
    "bytes of files and models. Wait for some to end, or delete some."
)


class Admission:
    """Checks each request against what is there. `lock` holds while one is checked and stored."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store, self._limits = store, limits
        self.lock = Lock()

    def check(self, experiment: Experiment, visitor: str, address: str, runs: int) -> None:
        """Refuses what is over a limit.

        Args:
            experiment: with all its seeds.
            visitor: who asks.
            address: from where.
            runs: how many of its runs are new.

        Raises:
            ExperimentError: naming each limit that is exceeded.
        """
        if self._limits == Limits():
            return
        asked = self._limits.measure(experiment)
        for name, scope in _scopes(visitor, address).items():
            asked[f"{name}active_runs"] = count_active_runs(self._store, scope) + runs
        over = self._limits.find_excesses(asked)
        _count(over)
        if over:
            raise ExperimentError("\n".join(over.values()))

    def make_room(self, visitor: str, address: str, *, now: float, experiments: int = 0, size: int = 0) -> None:
        """Removes what was looked at least recently, so that so many experiments and bytes more have room.

        Raises:
            ExperimentError: what is there is in use.
        """
        for name, scope in _scopes(visitor, address).items():
            if not self._make_room(name, scope, now, experiments, size):
                _count({f"{name}stored_bytes": ""})
                kept, most = self._bounds(name)
                raise ExperimentError(_(NO_ROOM).format(whose=_(SCOPES[name]), experiments=kept or 0, size=most or 0))

    def keep_bounds(self, now: float) -> None:
        """Removes what is beyond the bounds for all together: models come without being asked for."""
        self._make_room("total_", Scope(), now)

    def _make_room(self, name: str, scope: Scope, now: float, experiments: int = 0, size: int = 0) -> bool:
        kept, most = self._bounds(name)
        if kept is None and most is None:
            return True
        room = None if kept is None else kept - experiments, None if most is None else most - size
        return make_room(self._store, scope, *room, now)

    def _bounds(self, name: str) -> tuple[int | None, int | None]:
        return getattr(self._limits, f"{name}experiments"), getattr(self._limits, f"{name}stored_bytes")


def _scopes(visitor: str, address: str) -> dict[str, Scope]:
    return {"": Scope(visitor=visitor), "address_": Scope(address=address), "total_": Scope()}


def _count(over: Mapping[str, str]) -> None:
    for limit in over:
        REFUSALS.labels(limit).inc()
