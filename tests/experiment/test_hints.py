"""Settings that are allowed and cannot work."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.early_stopping import StoppingRule
from experiment.hints import Hint, find_hints
from experiment.presets import presets
from experiment.spec import parse_experiment


def hints(technique: dict[str, Any], **parts: Any) -> tuple[Hint, ...]:
    variants = [{"name": "plain"}, {"name": "v", "techniques": [technique]}]
    return find_hints(parse_experiment(json.dumps({"variants": variants, **parts})))


BATCH = {"name": "batch_normalization"}
DATA = {"name": "digits", "train_size": 65}


SHORT = {"training": {"epochs": 20}}
STOP = {"name": "early_stopping"}


@pytest.mark.parametrize(
    ("technique", "parts", "code"),
    [
        (BATCH, {"training": {"batch_size": 1}}, "single_row"),
        (BATCH | {"momentum": 0.0}, {"dataset": DATA, "training": {"batch_size": 32}}, "last_batch"),
        (STOP | {"patience": 20}, SHORT, "never_stops"),
        (STOP | {"patience": 5, "start_from_epoch": 15}, SHORT, "never_stops"),
        (STOP | {"patience": 1, "start_from_epoch": 20}, SHORT, "ignores_all"),
        ({"name": "reduce_lr_on_plateau", "patience": 20}, SHORT, "never_reduces"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_found(technique: dict[str, Any], parts: dict[str, Any], code: str) -> None:
    (hint,) = hints(technique, **parts)
    assert (hint.variant, hint.code) == ("v", code)


@pytest.mark.parametrize(
    ("technique", "parts"),
    [
        (BATCH, {"training": {"batch_size": 2}}),
        (BATCH, {"dataset": DATA, "training": {"batch_size": 32}}),
        (BATCH | {"momentum": 0.0}, {"dataset": DATA | {"train_size": 66}, "training": {"batch_size": 32}}),
        (STOP | {"patience": 19}, SHORT),
    ],
)
def test_what_can_work_is_not(technique: dict[str, Any], parts: dict[str, Any]) -> None:
    assert hints(technique, **parts) == ()


@given(
    epochs=st.integers(1, 12),
    patience=st.integers(0, 12),
    ignored=st.integers(0, 12),
    baseline=st.sampled_from([None, 0.5]),
)
def test_early_stopping_has_a_hint_exactly_where_no_curve_can_stop_it(
    epochs: int, patience: int, ignored: int, baseline: float | None
) -> None:
    rule = {"patience": patience, "start_from_epoch": ignored, "baseline": baseline}
    worst = np.arange(1.0, epochs + 1)  # rises from the first epoch on and never beats the baseline
    stops = StoppingRule("val_loss", **rule).apply({"val_loss": worst}).stop_epoch is not None  # type: ignore[arg-type]
    assert (hints(STOP | rule, training={"epochs": epochs}) == ()) == stops


def test_images_have_a_spread_over_their_pixels() -> None:
    image = {"dataset": DATA, "training": {"batch_size": 1}}
    net = {"name": "resnet_conv", "filters": 2, "stages": 1}
    assert hints({"name": "l2"}, architecture=net, **image) == ()


def test_a_residual_net_normalizes_by_itself() -> None:
    (hint, _) = hints({"name": "l2"}, architecture={"name": "resnet_mlp"}, training={"batch_size": 1})
    assert hint.code == "single_row"


def test_no_preset_has_one() -> None:
    assert not any(find_hints(experiment) for experiment in presets().values())
