"""What decides an engine's numbers beside the plan: known to whoever asks whether numbers are there already."""

from models.plan import Plan

ENGINE_VERSION = "5"
"""Rises whenever the same plan, rows and seed give other numbers (tests/training/worker/test_golden_numbers.py)."""

XLA_STEPS = 500
"""Gradient steps in a run from which XLA pays (docs/decisions/0023)."""


def uses_xla(plan: Plan, steps: int) -> bool:
    """The fixed rule by which a run of that many gradient steps is compiled with XLA on the CPU.

    XLA's convolutions are slow on the CPU, so networks that have some stay without it; so do runs so short that it
    saves too little to pay for loading what it compiled before.
    """
    return steps >= XLA_STEPS and all(layer.call.path != "layers.Conv2D" for layer in plan.layers)
