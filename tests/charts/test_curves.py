"""Curve figures: what is drawn how in each view, where the marks stand, and what a refresh costs."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import plotly.graph_objects
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from analysis.early_stopping import Stopping, StoppingRule
from analysis.lines import View
from analysis.onset import Onset
from analysis.summary import RunCurves, RunSummary, VariantSummary, summarize, summarize_run, summarize_variant
from charts.curves import BANDS_SHOWN, curve_figure
from charts.key import key_of
from charts.line_labels import NAME_LENGTH, spread_out
from charts.marks import MARK_SYMBOLS
from charts.palette import COLOURS
from charts.seed_panels import seeds_figure
from charts.traces import join_curves, thin_out
from charts.views import ChartOptions

Trace = dict[str, Any]


def make_variant(
    name: str,
    *,
    seeds: int,
    epochs: int,
    onset: int | None = None,
    stop: int | None = None,
    best: int | None = None,
) -> VariantSummary:
    """Return a variant with random curves; the marks of seed k come k epochs after those of seed 0."""
    runs = [make_curves(name, seed, epochs) for seed in range(seeds)]
    summary = summarize_variant([place_marks(summarize_run(run), onset, stop, best) for run in runs], range(seeds))
    return replace(summary, onset_of_mean=make_onset(onset))


def make_curves(name: str, seed: int, epochs: int, status: str = "finished") -> RunCurves:
    generator = np.random.default_rng([seed, len(name)])
    series = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "objective")
    curves = {one: generator.uniform(0.1, 1, epochs) for one in series}
    curves |= {"steps": 10 * np.arange(1.0, epochs + 1), "seconds": np.full(epochs, 0.5)}
    return RunCurves(name, seed, status, curves, StoppingRule(), restores=False)


def place_marks(run: RunSummary, onset: int | None, stop: int | None, best: int | None) -> RunSummary:
    later = [None if epoch is None else epoch + run.seed for epoch in (onset, stop, best)]
    stopping = Stopping(later[1], later[2], "stopped", 0.3, 10)
    return replace(run, onset=make_onset(later[0]), stopping=stopping, best_epoch=later[2])


def make_onset(epoch: int | None) -> Onset | None:
    return Onset(epoch, tail=16, rise=0.041, lowest=0.3, by_noise=0.007, train_fall=0.08) if epoch else None


def make_variants(count: int, seeds: int, epochs: int = 60) -> list[VariantSummary]:
    return [
        make_variant(f"variant {index}", seeds=seeds, epochs=epochs, onset=20, stop=30, best=18)
        for index in range(count)
    ]


def decoded(array: Mapping[str, str]) -> NDArray[Any]:
    return np.frombuffer(base64.b64decode(array["bdata"]), dtype=array["dtype"])


VIEWS = get_args(View)


def draw(variants: list[VariantSummary], view: Any = "loss", **options: Any) -> dict[str, Any]:
    return curve_figure(
        variants, ChartOptions(**{"reference": variants[0].name, "epochs": 60, "view": view, **options})
    )


def part(figure: dict[str, Any], name: str) -> Trace:
    """Return the trace with this uid."""
    found: Trace
    (found,) = (trace for trace in figure["data"] if trace["uid"] == name)
    return found


def parts(figure: dict[str, Any]) -> set[str]:
    return {trace["uid"] for trace in figure["data"]}


def notes(figure: dict[str, Any]) -> list[str]:
    return [annotation["text"] for annotation in figure["layout"]["annotations"]]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("variants", "seeds"), [(1, 1), (3, 3), (11, 4)])
@pytest.mark.parametrize("drawing", [curve_figure, seeds_figure])
def test_plotly_accepts_the_figure(drawing: Any, view: View, variants: int, seeds: int) -> None:
    scales: dict[str, Any] = {"axis": "steps", "log_x": True, "log_y": seeds == 3}
    options = ChartOptions("variant 0", 150, view, references=(("guess", 0.5),), **scales)
    figure = drawing(make_variants(variants, seeds), options)
    assert len(plotly.graph_objects.Figure(figure).data) == len(figure["data"])
    assert json.loads(json.dumps(figure, allow_nan=False)) == figure


@pytest.mark.parametrize("drawing", [curve_figure, seeds_figure])
def test_an_experiment_without_epochs_is_drawn_empty(drawing: Any) -> None:
    waiting = [make_variant(name, seeds=2, epochs=0) for name in "ab"]
    figure = drawing(waiting, ChartOptions("a", 10))
    assert plotly.graph_objects.Figure(figure).layout.xaxis.range == (1, 10)
    assert not {trace["uid"] for trace in figure["data"]} - {"panel_reference"}


def test_training_is_dashed_and_thinner_in_the_variants_one_colour() -> None:
    variants = make_variants(3, 3)
    figure = draw(variants)
    for index, variant in enumerate(variants):
        mean, beside = part(figure, f"v{index}_mean"), part(figure, f"v{index}_beside")
        assert [line["line"]["dash"] for line in (mean, beside)] == ["solid", "dash"]
        assert {line["line"]["color"] for line in (mean, beside)} == {COLOURS[index]}
        assert beside["line"]["width"] < mean["line"]["width"]
        np.testing.assert_allclose(decoded(mean["y"]), variant.mean["val_loss"], rtol=1e-6)
        np.testing.assert_allclose(decoded(beside["y"]), variant.mean["train_loss"], rtol=1e-6)
        assert (mean["x0"], mean["dx"]) == (1, 1)


def test_name_and_value_stand_at_the_end_of_each_line() -> None:
    variants = make_variants(3, 3)
    found = notes(draw(variants))
    for variant in variants:
        value = variant.spreads["final_val_loss"].mean or 0.0
        assert any(variant.name in note and f"<b>{value:.3g}</b>" in note for note in found)
    accuracy = variants[0].spreads["final_val_accuracy"].mean or 0.0
    assert any(f"<b>{100 * accuracy:.1f}%</b>" in note for note in notes(draw(variants, "accuracy")))


def test_every_trace_belongs_to_a_variant_once() -> None:
    # The page fades by these names, and Plotly knows a trace again by them while others come and go.
    for count in (0, 60):
        for view in VIEWS:
            names = [
                t["uid"] for t in draw([make_variant(n, seeds=3, epochs=count, stop=9) for n in "ab"], view)["data"]
            ]
            assert len(set(names)) == len(names)
            assert all(name.startswith(("v0_", "v1_")) for name in names)


def test_the_band_is_the_paired_interval_around_the_variants_own_line() -> None:
    figure = draw([make_variant(name, seeds=5, epochs=60) for name in ("a", "other")])
    low, high = (decoded(part(figure, uid)["y"]) for uid in ("v1_low_band", "v1_band"))
    line = decoded(part(figure, "v1_mean")["y"])
    np.testing.assert_allclose((low + high) / 2, line, atol=1e-5)
    assert (low <= high).all() and (low < high).sum() > 50
    assert "v0_band" not in parts(figure), "the reference differs from nothing"
    assert not {name for name in parts(draw(make_variants(2, 2))) if "band" in name}, "two seeds have no interval"


def test_with_many_variants_a_band_shows_only_where_it_is_pointed_at() -> None:
    many = parts(draw(make_variants(BANDS_SHOWN + 1, 3)))
    assert "v1_band_focused" in many and "v1_band" not in many


def test_a_stopped_variant_goes_on_dotted_to_what_the_table_says() -> None:
    runs = [make_curves("v", seed, 20 + 10 * seed) for seed in range(3)]
    (variant,) = summarize([summarize_run(replace(run, restores=True)) for run in runs])
    figure = draw([variant])
    assert len(decoded(part(figure, "v0_mean")["y"])) == 20
    after = part(figure, "v0_after")
    assert after["line"]["dash"] == "dot"
    assert decoded(after["x"])[[0, -1]].tolist() == [20, 60]
    assert decoded(after["y"])[-1] == pytest.approx(variant.spreads["final_val_loss"].mean, rel=1e-6)


def test_marks_stand_in_the_variants_lane() -> None:
    variants = [make_variant(n, seeds=3, epochs=60, onset=20, stop=30, best=18) for n in ("a", "b")]
    figure = draw(variants)
    lane = part(figure, "v0_lane")
    placed = dict(zip(lane["marker"]["symbol"], lane["x"], strict=True))
    # Seed k stops at 30 + k and restores 18 + k: the medians are 31 and 19; the onset is the mean curve's.
    assert placed == {MARK_SYMBOLS["onset"]: 20, MARK_SYMBOLS["stop"]: 31, MARK_SYMBOLS["best"]: 19}
    assert part(figure, "v0_bar")["x"] == [19, 31]
    assert part(figure, "v0_range")["x"] == [18, 32]
    assert part(figure, "v0_bar")["y"] != part(figure, "v1_bar")["y"]
    assert any(note == "overfits from 20 (3/3)" for note in notes(figure))
    told = " ".join(lane["text"]).replace("<br>", " ")
    assert "median of 3 of 3 seeds; from epoch 30 to 32" in told
    assert "In 3 of 3 seeds, epochs 20 to 22" in told and "over the last 16 epochs validation loss is" in told


def test_marks_that_never_came_are_not_drawn() -> None:
    figure = draw([make_variant("one", seeds=1, epochs=60)])
    assert not {"v0_lane", "v0_bar", "v0_range", "v0_onset", "v0_marks_focused"} & parts(figure)
    assert "no onset" in notes(figure)


def test_on_the_curve_only_the_onset_of_each_and_all_marks_with_words_of_the_one_pointed_at() -> None:
    variants = [make_variant(n, seeds=1, epochs=60, onset=20, stop=30, best=18) for n in ("a", "b")]
    figure = draw(variants, reference="b")
    onset = part(figure, "v0_onset")
    assert onset["marker"]["symbol"] == [MARK_SYMBOLS["onset"]]
    assert decoded(onset["y"])[0] == pytest.approx(variants[0].mean["val_loss"][19], rel=1e-6)
    assert part(figure, "v0_marks_focused")["marker"]["symbol"] == [MARK_SYMBOLS["stop"], MARK_SYMBOLS["best"]]
    meta, annotations = figure["layout"]["meta"], notes(figure)
    assert meta["focus"] == 1, "the reference unless another is pointed at"
    words = [[annotations[place] for place in places] for places in meta["words"]]
    assert words == [["Early stopping fires: 30, best epoch 18", "<b>Overfitting begins: 20</b>"]] * 2


@pytest.mark.parametrize(("axis", "scale"), [("epoch", 1), ("steps", 10), ("seconds", 0.5)])
def test_marks_move_with_the_axis(axis: Any, scale: float) -> None:
    figure = draw([make_variant("a", seeds=1, epochs=60, stop=30, best=18)], axis=axis)
    assert part(figure, "v0_bar")["x"] == [18 * scale, 30 * scale]
    assert figure["layout"]["xaxis"]["range"][1] == 60 * scale


def test_the_value_axis_shows_what_follows_the_steep_start() -> None:
    variant = make_variant("v", seeds=2, epochs=60)
    for log_y in (False, True):
        bounds = np.array(draw([variant], log_y=log_y)["layout"]["yaxis"]["range"])
        low, high = 10**bounds if log_y else bounds
        later = [variant.mean[f"{split}_loss"][6:] for split in ("train", "val")]
        assert low < min(c.min() for c in later) and max(c.max() for c in later) < high


def test_predictors_without_a_network_are_lines_and_named_where_they_are_out_of_sight() -> None:
    figure = draw(make_variants(1, 1), references=(("near", 0.5), ("far", 40.0)))
    (shape,) = figure["layout"]["shapes"]
    assert shape["y0"] == shape["y1"] == 0.5
    assert any("near <b>0.5</b>" in note for note in notes(figure))
    assert "far: 40 ↑" in notes(figure)


def test_what_trains_now_is_thin_beside_the_mean_of_complete_seeds() -> None:
    runs = [make_curves("v", 0, 60), make_curves("v", 1, 30, "running")]
    (variant,) = summarize(map(summarize_run, runs))
    figure = draw([variant])
    assert part(figure, "v0_running")["line"]["width"] < part(figure, "v0_mean")["line"]["width"]
    assert "mean of 1 seed" in part(figure, "v0_mean")["hovertemplate"]


def test_the_only_seed_is_drawn_up_to_where_it_diverged() -> None:
    run = make_curves("diverged", 0, 9, "failed")
    run.curves["val_loss"][-1] = np.inf
    line = part(draw([summarize_variant([summarize_run(run)])]), "v0_mean")
    assert np.isfinite(decoded(line["y"])).tolist() == [True] * 8 + [False]


def test_beyond_eight_variants_symbols_tell_them_apart() -> None:
    figure = draw(make_variants(10, 1))
    first, ninth = part(figure, "v0_mean"), part(figure, "v8_mean")
    assert first["line"]["color"] == ninth["line"]["color"]
    assert "marker" not in first
    assert ninth["marker"]["symbol"] not in MARK_SYMBOLS.values()


@given(arrays(np.float64, st.integers(1, 12), elements=st.floats(-1, 1)), st.floats(0.01, 0.1))
def test_labels_are_moved_apart_keep_their_order_and_stay_in_sight(
    places: NDArray[np.float64], distance: float
) -> None:
    moved = spread_out(places, distance, -1, 1)
    order = np.argsort(places, kind="stable")
    assert (np.diff(moved[order]) >= distance - 1e-9).all()
    assert moved.min() >= -1 - 1e-9
    if distance * (len(places) - 1) <= 2:
        assert moved.max() <= 1 + 1e-9


def test_labels_that_fit_stay_where_they_are() -> None:
    np.testing.assert_allclose(spread_out(np.array([5.0, 0.0, 2.0]), 1.0, 0, 9), [5, 0, 2])
    np.testing.assert_allclose(spread_out(np.array([5.0, 4.0, 4.1, 4.2]), 1.0, 0, 9), [5.825, 2.825, 3.825, 4.825])


def test_names_are_text_and_not_markup_and_long_ones_are_cut() -> None:
    name = "<b>a</b> & " + "x" * 60 + " %{y}"
    figure = draw([make_variant(name, seeds=1, epochs=9, onset=3)])
    label = next(note for note in notes(figure) if "&lt;b&gt;" in note)
    assert label.count("x") < NAME_LENGTH
    assert "%{y}" not in part(figure, "v0_mean")["hovertemplate"].split("<br>")[0]
    (title, *_) = notes(seeds_figure([make_variant(name, seeds=2, epochs=9)], ChartOptions(name, 9)))
    assert "<b>a" not in title


def test_diverged_values_become_gaps() -> None:
    x, y = join_curves([np.array([1.0, np.inf, np.nan, 1e300, 2.0])], np.arange(1.0, 9), 48)
    assert x is not None and y is not None
    np.testing.assert_array_equal(decoded(y), [1, np.nan, np.nan, np.nan, 2, np.nan])
    np.testing.assert_array_equal(decoded(x)[:5], [1, 2, 3, 4, 5])


@pytest.mark.parametrize(("length", "expected"), [(1, [0]), (5, [0, 2, 4]), (6, [0, 2, 4, 5]), (9, [0, 4, 8])])
def test_thinning_keeps_every_second_power_and_the_last_point(length: int, expected: list[int]) -> None:
    assert thin_out(length, 3).tolist() == expected


def test_another_scale_or_view_forgets_the_zoom_and_another_epoch_does_not() -> None:
    linear, logarithmic, accuracy = (
        draw(make_variants(1, 1), view, log_y=log)["layout"]
        for view, log in (("loss", False), ("loss", True), ("accuracy", False))
    )
    assert linear["uirevision"] == logarithmic["uirevision"]
    assert len({one["yaxis"]["uirevision"] for one in (linear, logarithmic, accuracy)}) == 3


@pytest.mark.parametrize(("seeds", "epochs"), [(10, 150), (3, 1000)])
@pytest.mark.parametrize("drawing", [curve_figure, seeds_figure])
def test_a_figure_of_eight_variants_stays_under_90_kilobytes(drawing: Any, seeds: int, epochs: int) -> None:
    """Of the 100 KB of a refresh; every mark is present."""
    variants = make_variants(8, seeds, epochs=epochs)
    assert len(json.dumps(drawing(variants, ChartOptions("variant 0", epochs)))) < 90_000


def with_members(variant: VariantSummary, count: int) -> VariantSummary:
    """The same variant as an ensemble whose members all have its curves, moved up by 1, 2, 3 ..."""

    def members(run: RunSummary) -> dict[str, NDArray[np.float64]]:
        return {name: np.stack([curve + k + 1 for k in range(count)]) for name, curve in run.curves.items()}

    return replace(variant, runs=tuple(replace(run, members=members(run)) for run in variant.runs))


def test_members_are_thin_lines_of_the_first_seed_and_stay_in_view() -> None:
    plain, ensemble = make_variants(2, seeds=2)
    figure = draw([plain, with_members(ensemble, 3)])
    values = decoded(part(figure, "v1_members")["y"])
    assert np.isnan(values).sum() == 3  # a gap after each
    assert values[0] == pytest.approx(ensemble.runs[0].curves["val_loss"][0] + 1, rel=1e-6)
    assert figure["layout"]["yaxis"]["range"][1] > 3
    assert "v1_members" not in parts(draw([plain, ensemble]))


def test_members_of_many_ensembles_cost_a_bounded_part_of_a_refresh() -> None:
    variants = make_variants(24, seeds=1, epochs=150)
    ensembles = [with_members(variant, 10) for variant in variants]
    plain, full = (len(json.dumps(draw(shown))) for shown in (variants, ensembles))
    assert full - plain < 20_000


def test_each_variant_has_a_panel_with_all_its_seeds_on_equal_axes() -> None:
    variants = make_variants(5, 4)
    figure = seeds_figure(variants, ChartOptions("variant 0", 60))
    for index in range(5):
        seeds = part(figure, f"v{index}_seeds")
        assert np.isnan(decoded(seeds["y"])).sum() == 4
        assert seeds["xaxis"] == f"x{index + 1 if index else ''}"
        marks = part(figure, f"v{index}_marks")
        assert marks["marker"]["symbol"].count(MARK_SYMBOLS["stop"]) == 4
        assert "(seed 3)" in " ".join(marks["text"])
    axes = [axis for name, axis in figure["layout"].items() if name.startswith("yaxis") and name != "yaxis"]
    assert len(axes) == 4 and all(axis["matches"] == "y" for axis in axes)
    assert sum(trace["uid"] == "panel_reference" for trace in figure["data"]) == 4


def test_panels_of_differences_are_paired_by_seed() -> None:
    variants = make_variants(2, 2)
    figure = seeds_figure(variants, ChartOptions("variant 0", 60, "difference"))
    values = decoded(part(figure, "v1_seeds")["y"])
    paired = [
        other.curves["val_loss"] - own.curves["val_loss"]
        for own, other in zip(*(v.runs for v in variants), strict=True)
    ]
    np.testing.assert_allclose(values[:60], paired[0], atol=1e-6)


def test_values_that_may_be_negative_have_no_logarithm_and_shares_are_told_as_shares() -> None:
    variants = make_variants(2, 3)
    for view in ("difference", "gap", "balanced_accuracy_difference"):
        assert draw(variants, view, log_y=True)["layout"]["yaxis"]["type"] == "linear"
    figure = draw(variants, "accuracy_difference", references=())
    assert figure["layout"]["yaxis"]["tickformat"] == "+.1%"
    assert any("<b>+0.0%</b>" in note for note in notes(figure))
    assert any("near <b>50.0%</b>" in note for note in notes(draw(variants, "accuracy", references=(("near", 0.5),))))
    panels = seeds_figure(variants, ChartOptions("variant 0", 60, "accuracy", references=(("guess", 0.5),)))
    axes = [axis for name, axis in panels["layout"].items() if name.startswith("yaxis")]
    assert {axis["tickformat"] for axis in axes} == {".0%"}
    assert "%{y:.2%}" in part(panels, "v0_mean")["hovertemplate"]
    assert "guess 50.0%" in [entry.name for entry in key_of(panels)]


def test_a_difference_is_told_with_the_number_of_its_pairs() -> None:
    fewer = summarize_variant([summarize_run(make_curves("b", seed, 60)) for seed in (1, 2)], range(1, 3))
    variants = [fewer, *make_variants(1, 3)]
    for view, seeds in (("loss", "mean of 3 seeds"), ("difference", "mean of 2 seeds")):
        assert seeds in part(draw(variants, view), "v1_mean")["hovertemplate"]


def test_a_variant_that_waits_does_not_stretch_an_axis_of_seconds() -> None:
    waiting = make_variant("waiting", seeds=2, epochs=0)
    figure = draw([make_variant("a", seeds=2, epochs=60), waiting], axis="seconds", log_x=True)
    assert figure["layout"]["xaxis"]["range"] == pytest.approx(np.log10([0.5, 30]).tolist())
