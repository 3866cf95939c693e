"""What a technique adds to a network: the Keras calls of one plan that another has not."""

from collections.abc import Iterator

from models.plan import Call, Plan, call


def calls_of(plan: Plan) -> Iterator[Call]:
    """The calls of a plan in the order in which a script has them."""
    yield from (layer for _, layer in plan.augmentation)
    if plan.mixing is not None:
        yield plan.mixing
    yield from (layer.call for layer in plan.layers)
    if plan.members > 1:
        yield call("layers.Average")
    yield plan.optimizer
    yield plan.loss
    if plan.distillation is not None:
        yield plan.distillation
    yield from plan.callbacks


def added_calls(plan: Plan, without: Plan) -> list[Call]:
    """The calls that `plan` has and `without` has not, the first of each kind."""
    known = set(calls_of(without))
    added = {c.path: c for c in reversed(list(calls_of(plan))) if c not in known}
    return list(reversed(added.values()))
