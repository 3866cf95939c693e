"""What decides an engine's numbers beside the plan: known to whoever asks whether numbers are there already."""

from models.layer_facts import draws_random_numbers, facts_of
from models.plan import Plan

ENGINE_VERSION = "4"
"""Rises whenever the same plan, rows and seed give other numbers (tests/training/worker/test_golden_numbers.py)."""

XLA_STEPS = 4000
"""Gradient steps in a run from which compiling deep nets with XLA pays (docs/benchmarks.md)."""


def uses_xla(plan: Plan, steps: int) -> bool:
    """The fixed rule by which a run of that many gradient steps is compiled with XLA on the CPU.

    XLA's random bits are slow on the CPU, so plans with random layers stay without it; so do plans with few small
    operations, where it saves too little to pay for its compilation (about a second).
    """
    normalized = sum(facts_of(layer.call).kind == "normalization" for layer in plan.layers)
    return not draws_random_numbers(plan) and normalized >= 4 and steps >= XLA_STEPS
