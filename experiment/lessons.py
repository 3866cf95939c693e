"""An experiment for each technique that shows what it does: the same network with and without it."""

import json
from contextlib import suppress
from typing import Any

from experiment.judging import BASELINE
from experiment.spec import Experiment, ExperimentError, parse_experiment
from models.parameters import parameters
from models.techniques import Technique
from wording.language import _, say_later

NAME = say_later("{label}: with and without")

DIGITS = {"name": "digits", "train_size": 300}
STAGES: tuple[dict[str, Any], ...] = (
    {"architecture": {"name": "mlp", "widths": [128, 128]}, "training": {"epochs": 120}},
    {"architecture": {"name": "resnet_mlp", "width": 64, "blocks": 10}, "training": {"epochs": 80}},
    {"architecture": {"name": "resnet_conv", "filters": 16}, "training": {"epochs": 80}},
)
"""From the fastest on: a technique is shown on the first network that does not refuse it."""


def lesson(technique: type[Technique]) -> Experiment:
    """Baseline against the technique, on data and a network where the difference can be seen."""
    *others, last = STAGES
    for stage in others:
        with suppress(ExperimentError):
            return _on_stage(technique, stage)
    return _on_stage(technique, last)


def _on_stage(technique: type[Technique], stage: dict[str, Any]) -> Experiment:
    parts = {"dataset": DIGITS} | stage | technique.lesson
    starts = {p.key: p.start for p in parameters(technique) if p.start is not None}
    values = {"name": technique.model_fields["name"].default, **starts}
    variants = [{"name": BASELINE}, {"name": _(technique.label), "techniques": [values]}]
    name = _(NAME).format(label=_(technique.label))
    return parse_experiment(json.dumps({"version": 1, "name": name, **parts, "variants": variants}))
