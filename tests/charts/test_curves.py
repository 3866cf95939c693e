"""Curve figures: what is drawn how, where the marks stand, and what a refresh costs."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects
import pytest
from numpy.typing import NDArray

from analysis.early_stopping import Stopping, StoppingRule
from analysis.onset import Onset
from analysis.summary import RunCurves, RunSummary, VariantSummary, summarize_run, summarize_variant
from charts.curves import NAME_LENGTH, curve_figure, join_seeds, thin_out
from charts.line_labels import spread_out
from charts.marks import MARK_SYMBOLS, MARK_TITLES
from charts.palette import COLOURS

Trace = dict[str, Any]
EVIDENCE = {
    "onset": "validation loss is 0.041 (14%) above its minimum around epoch 20, 5.9 times what its noise explains",
    "stop": "validation loss has not gone below 0.3 (epoch 18) for 10 epochs",
    "best": "validation loss has not gone below 0.3 (epoch 18) for 10 epochs",
}


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
    summary = summarize_variant([place_marks(summarize_run(run), onset, stop, best) for run in runs])
    return replace(summary, onset_of_mean=make_onset(onset))


def make_curves(name: str, seed: int, epochs: int, status: str = "finished") -> RunCurves:
    generator = np.random.default_rng([seed, len(name)])
    series = ("train_loss", "val_loss", "train_accuracy", "val_accuracy")
    curves = {one: generator.uniform(0.1, 1, epochs) for one in series}
    return RunCurves(name, seed, status, curves, StoppingRule(), restores=False)


def place_marks(run: RunSummary, onset: int | None, stop: int | None, best: int | None) -> RunSummary:
    later = [None if epoch is None else epoch + run.seed for epoch in (onset, stop, best)]
    return replace(run, onset=make_onset(later[0]), stopping=Stopping(later[1], later[2], "stopped", 0.3, 10))


def make_onset(epoch: int | None) -> Onset | None:
    return Onset(epoch, tail=16, rise=0.041, lowest=0.3, by_noise=0.007, train_fall=0.08) if epoch else None


def make_variants(count: int, seeds: int, epochs: int = 60) -> list[VariantSummary]:
    return [
        make_variant(f"variant {index}", seeds=seeds, epochs=epochs, onset=20, stop=30, best=18)
        for index in range(count)
    ]


def decoded(array: Mapping[str, str]) -> NDArray[Any]:
    return np.frombuffer(base64.b64decode(array["bdata"]), dtype=array["dtype"])


def of_variant(figure: dict[str, Any], name: str) -> list[Trace]:
    return [trace for trace in figure["data"] if trace.get("legendgroup") == name]


def means(traces: list[Trace]) -> list[Trace]:
    return [trace for trace in traces if "dx" in trace]


def marks(traces: list[Trace], kind: str) -> list[tuple[int, float, str, float]]:
    """Return epoch, value, hover text and size of each mark of one kind."""
    return [
        (int(epoch), float(value), text, size)
        for trace in traces
        if trace.get("meta") == "marks"
        for epoch, value, text, symbol, size in zip(
            decoded(trace["x"]),
            decoded(trace["y"]),
            trace["text"],
            trace["marker"]["symbol"],
            trace["marker"]["size"],
            strict=True,
        )
        if symbol == MARK_SYMBOLS[kind]
    ]


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
@pytest.mark.parametrize(("variants", "seeds"), [(1, 1), (3, 3), (11, 7)])
def test_plotly_accepts_the_figure(metric: Any, variants: int, seeds: int) -> None:
    figure = curve_figure(make_variants(variants, seeds), metric, log_axis=True, epochs=150)
    plotly.graph_objects.Figure(figure)
    json.dumps(figure, allow_nan=False)


def test_training_is_dashed_and_validation_solid_in_the_variants_one_colour() -> None:
    figure = curve_figure(make_variants(3, 3), "loss")
    for index, variant in enumerate(make_variants(3, 3)):
        lines = means(of_variant(figure, variant.name))
        assert [line["line"]["dash"] for line in lines] == ["dash", "solid"]
        assert {line["line"]["color"] for line in lines} == {COLOURS[index]}
        np.testing.assert_allclose(decoded(lines[0]["y"]), variant.mean["train_loss"], rtol=1e-6)
        np.testing.assert_allclose(decoded(lines[1]["y"]), variant.mean["val_loss"], rtol=1e-6)
        assert {(line["x0"], line["dx"]) for line in lines} == {(1, 1)}


def test_a_variant_looks_the_same_in_both_charts() -> None:
    variants = make_variants(3, 2)
    loss, accuracy = (curve_figure(variants, metric) for metric in ("loss", "accuracy"))
    for variant in variants:
        colours = [means(of_variant(figure, variant.name))[0]["line"]["color"] for figure in (loss, accuracy)]
        assert colours[0] == colours[1]


def test_seeds_are_one_thin_trace_per_split_with_gaps_and_no_hover() -> None:
    traces = of_variant(curve_figure(make_variants(1, 3), "loss"), "variant 0")
    seeds = [trace for trace in traces if trace["mode"] == "lines" and "dx" not in trace]
    assert len(seeds) == 2
    for trace in seeds:
        assert trace["hoverinfo"] == "skip"
        assert trace["line"]["width"] < means(traces)[0]["line"]["width"]
        assert np.isnan(decoded(trace["y"])).sum() == 3
        assert decoded(trace["x"]).shape == decoded(trace["y"]).shape


def test_a_single_seed_has_one_line_per_split() -> None:
    traces = of_variant(curve_figure(make_variants(1, 1), "loss"), "variant 0")
    assert [trace["mode"] for trace in traces] == ["lines", "lines", "markers"]
    assert "seed 0" in traces[1]["hovertemplate"]


def test_each_variant_has_one_legend_entry_that_hides_all_it_has() -> None:
    figure = curve_figure(make_variants(3, 3), "loss")
    drawn = [trace for trace in figure["data"] if "legend" not in trace]
    assert [trace["name"] for trace in drawn if trace["showlegend"]] == ["variant 0", "variant 1", "variant 2"]
    assert all(trace["legendgroup"] for trace in drawn)
    assert figure["layout"]["legend"]["groupclick"] == "togglegroup"


def test_no_line_is_drawn_over_a_mark() -> None:
    data = curve_figure(make_variants(3, 3), "loss")["data"]
    kinds = ["mark" if trace.get("meta") == "marks" else trace["mode"] for trace in data if "legend" not in trace]
    assert kinds.index("mark") == len(kinds) - 3


def test_marks_stand_on_the_validation_curve_and_tell_their_evidence() -> None:
    variant = make_variant("one", seeds=1, epochs=60, onset=20, stop=30, best=18)
    traces = of_variant(curve_figure([variant], "loss"), "one")
    curve = variant.mean["val_loss"]
    for kind, epoch in (("onset", 20), ("stop", 30), ("best", 18)):
        ((found, value, text, _),) = marks(traces, kind)
        assert found == epoch
        assert value == pytest.approx(curve[epoch - 1], rel=1e-6)
        assert text.startswith(f"{MARK_TITLES[kind]} at epoch {epoch}")
        assert EVIDENCE[kind] in text.replace("<br>", " ")


def test_the_three_marks_have_three_symbols_explained_in_a_key_of_their_own() -> None:
    assert len(set(MARK_SYMBOLS.values())) == 3
    figure = curve_figure([make_variant("one", seeds=1, epochs=60, onset=20, stop=30, best=18)], "loss")
    key = [trace for trace in figure["data"] if trace.get("legend") == "legend2"]
    assert [trace["name"] for trace in key] == ["Validation", "Training", *MARK_TITLES.values()]
    assert [trace["line"]["dash"] for trace in key[:2]] == ["solid", "dash"]
    assert [trace["marker"]["symbol"] for trace in key[2:]] == list(MARK_SYMBOLS.values())


def test_marks_that_never_came_are_neither_drawn_nor_explained() -> None:
    figure = curve_figure([make_variant("one", seeds=2, epochs=60, onset=None, stop=None, best=18)], "loss")
    assert not marks(figure["data"][:-5], "onset")
    names = [trace["name"] for trace in figure["data"] if trace.get("legend") == "legend2"]
    assert names == ["Validation", "Training", MARK_TITLES["best"]]


def test_few_seeds_have_small_marks_of_their_own_below_the_variants_large_one() -> None:
    variant = make_variant("few", seeds=3, epochs=60, onset=20, stop=30, best=18)
    found = marks(of_variant(curve_figure([variant], "loss"), "few"), "stop")
    # Seed k stops at 30 + k: the median of 30, 31 and 32 is 31.
    assert [epoch for epoch, _, _, _ in found] == [30, 31, 32, 31]
    small, large = {size for *_, size in found[:3]}, found[3][3]
    assert small < {large} or max(small) < large
    assert "median of 3 of 3 seeds" in found[3][2]


def test_without_single_seeds_the_marks_of_the_mean_stand_alone() -> None:
    variant = make_variant("many", seeds=13, epochs=60, onset=20, stop=30, best=18)
    traces = of_variant(curve_figure([variant], "loss", seeds=False), "many")
    assert not [trace for trace in traces if trace["mode"] == "lines" and "dx" not in trace]
    ((_, _, onset, _),) = marks(traces, "onset")
    assert "in 13 of 13 seeds, epochs 20 to 32; over the last" in onset.replace("<br>", " ")
    ((epoch, value, text, _),) = marks(traces, "stop")
    assert epoch == 36
    assert value == pytest.approx(variant.mean["val_loss"][35], rel=1e-6)
    assert "epochs 30 to 42" in text


def test_many_runs_have_no_thin_training_lines_and_short_words_at_small_marks() -> None:
    variant = make_variant("many", seeds=13, epochs=60, onset=20, stop=30, best=18)
    traces = of_variant(curve_figure([variant], "loss"), "many")
    *small, _large = marks(traces, "stop")
    assert [text for _, _, text, _ in small] == [
        f"{MARK_TITLES['stop']} at epoch {30 + seed} (seed {seed})" for seed in range(13)
    ]
    (seeds,) = (trace for trace in traces if trace["mode"] == "lines" and "dx" not in trace)
    assert seeds["line"]["dash"] == "solid"
    assert np.isnan(decoded(seeds["y"])).sum() == 13


def test_the_value_axis_shows_what_follows_the_steep_start() -> None:
    variant = make_variant("v", seeds=2, epochs=100, onset=20, stop=30, best=18)
    low, high = curve_figure([variant], "loss")["layout"]["yaxis"]["range"]
    later = [run.curves[f"{split}_loss"][10:] for run in variant.runs for split in ("train", "val")]
    assert low < min(c.min() for c in later) and max(c.max() for c in later) < high
    assert "range" not in curve_figure([variant], "loss", log_axis=True)["layout"]["yaxis"]
    assert "range" not in curve_figure([], "loss")["layout"]["yaxis"]


def test_a_median_beyond_the_end_of_the_mean_stands_on_that_seeds_curve() -> None:
    # Runs that stopped at 20, 30 and 40 epochs: the mean ends at 20, where the first of them ended.
    runs = [make_curves("stopped", seed, 20 + 10 * seed) for seed in range(3)]
    ended = map(summarize_run, runs)
    stopped = [replace(run, stopping=Stopping(run.epochs, None, "stopped", 0.3, 10)) for run in ended]
    summary = summarize_variant(stopped)
    found = marks(of_variant(curve_figure([summary], "loss"), "stopped"), "stop")
    epoch, value, _, _ = found[-1]
    assert len(summary.mean["val_loss"]) == 20
    assert epoch == 30
    assert value == pytest.approx(runs[1].curves["val_loss"][29], rel=1e-6)


def test_a_failed_seed_is_drawn_but_not_counted_in_the_mean() -> None:
    runs = [make_curves("one failed", seed, 9, "failed" if seed == 2 else "finished") for seed in range(3)]
    runs[2].curves["val_loss"][-1] = np.nan
    traces = of_variant(curve_figure([summarize_variant([*map(summarize_run, runs)])], "loss"), "one failed")
    assert "mean of 2 seeds" in means(traces)[1]["hovertemplate"]
    seeds = next(trace for trace in traces if trace["mode"] == "lines" and "dx" not in trace)
    assert np.isnan(decoded(seeds["y"])).sum() == 3


def test_the_only_seed_is_drawn_up_to_where_it_diverged() -> None:
    run = make_curves("diverged", 0, 9, "failed")
    run.curves["val_loss"][-1] = np.inf
    line = means(of_variant(curve_figure([summarize_variant([summarize_run(run)])], "loss"), "diverged"))[1]
    assert np.isfinite(decoded(line["y"])).tolist() == [True] * 8 + [False]


def test_beyond_eight_variants_symbols_and_names_at_the_line_ends_tell_them_apart() -> None:
    eight, ten = (curve_figure(make_variants(count, 1), "loss") for count in (8, 10))
    assert not [trace for trace in eight["data"] if trace["mode"] in ("text", "lines+markers")]
    labels = [trace for trace in ten["data"] if trace["mode"] == "text"]
    assert [trace["text"][0].strip() for trace in labels] == [f"variant {index}" for index in range(10)]
    assert [trace["legendgroup"] for trace in labels] == [f"variant {index}" for index in range(10)]
    first, ninth = (means(of_variant(ten, name))[1] for name in ("variant 0", "variant 8"))
    assert first["line"]["color"] == ninth["line"]["color"]
    assert "marker" not in first
    assert ninth["marker"]["symbol"] not in MARK_SYMBOLS.values()


def test_labels_are_moved_apart_and_keep_their_order_and_middle() -> None:
    moved = spread_out(np.array([5.0, 0.0, 0.1, 0.2]), 1.0)
    np.testing.assert_allclose(moved, [5.0, -0.9, 0.1, 1.1])


def test_names_are_text_and_not_markup_and_long_ones_are_cut() -> None:
    name = "<b>a</b> & " + "x" * 60 + " %{y}"
    figure = curve_figure([make_variant(name, seeds=1, epochs=9)], "loss")
    entry = next(trace for trace in figure["data"] if trace.get("showlegend"))
    assert entry["name"].startswith("&lt;b&gt;a&lt;/b&gt; &amp; x")
    assert len(entry["name"].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")) == NAME_LENGTH
    assert "%{y}" not in entry["hovertemplate"].split("<br>")[0]


def test_a_variant_without_epochs_keeps_its_place_in_the_legend() -> None:
    variants = [make_variant("waiting", seeds=2, epochs=0), make_variant("running", seeds=2, epochs=5)]
    figure = curve_figure(variants, "loss", epochs=150)
    plotly.graph_objects.Figure(figure)
    assert [trace["name"] for trace in figure["data"] if trace.get("showlegend")] == ["waiting", "running"]
    assert means(of_variant(figure, "running"))[0]["line"]["color"] == COLOURS[1]


def test_diverged_values_become_gaps() -> None:
    epochs, values = join_seeds([np.array([1.0, np.inf, np.nan, 1e300, 2.0])], 48)
    assert epochs is not None and values is not None
    np.testing.assert_array_equal(decoded(values), [1, np.nan, np.nan, np.nan, 2, np.nan])
    np.testing.assert_array_equal(decoded(epochs), [1, 2, 3, 4, 5, 5])


@pytest.mark.parametrize(("length", "expected"), [(1, [0]), (5, [0, 2, 4]), (6, [0, 2, 4, 5]), (9, [0, 4, 8])])
def test_thinning_keeps_every_second_power_and_the_last_point(length: int, expected: list[int]) -> None:
    assert thin_out(length, 3).tolist() == expected


def test_axes() -> None:
    linear = curve_figure(make_variants(1, 1), "loss", epochs=150)["layout"]
    logarithmic = curve_figure(make_variants(1, 1), "loss", log_axis=True)["layout"]
    assert linear["xaxis"]["title"]["text"] == "Epoch"
    assert linear["xaxis"]["range"] == [1, 150]
    assert linear["yaxis"]["title"]["text"] == "Cross-entropy (clean)"
    assert curve_figure([], "accuracy")["layout"]["yaxis"]["title"]["text"] == "Accuracy"
    assert (linear["yaxis"]["type"], logarithmic["yaxis"]["type"]) == ("linear", "log")
    assert linear["uirevision"] == logarithmic["uirevision"]
    assert linear["yaxis"]["uirevision"] != logarithmic["yaxis"]["uirevision"]


def test_a_refresh_of_both_charts_stays_under_100_kilobytes() -> None:
    """8 variants, 3 seeds, 150 epochs, every mark present; the time is printed for a person to read (-s)."""
    variants = make_variants(8, 3, epochs=150)
    curve_figure(variants, "loss")
    start = time.process_time()
    figures = [curve_figure(variants, metric, epochs=150) for metric in ("loss", "accuracy")]
    milliseconds = (time.process_time() - start) * 1_000
    sent = sum(len(json.dumps(figure)) for figure in figures)
    print(f"{sent} bytes, {milliseconds:.1f} ms")
    assert sent < 100_000


def with_members(variant: VariantSummary, count: int) -> VariantSummary:
    """The same variant as an ensemble whose members all have its curves, moved up by 1, 2, 3 ..."""

    def members(run: RunSummary) -> dict[str, NDArray[np.float64]]:
        return {name: np.stack([curve + k + 1 for k in range(count)]) for name, curve in run.curves.items()}

    return replace(variant, runs=tuple(replace(run, members=members(run)) for run in variant.runs))


def test_members_are_dotted_lines_of_the_first_seed_and_stay_in_view() -> None:
    plain, ensemble = make_variants(2, seeds=2)
    figure = curve_figure([plain, with_members(ensemble, 3)], "loss")
    dotted = [trace for trace in figure["data"] if trace.get("line", {}).get("dash") == "dot"]
    members, key = dotted
    assert members["legendgroup"] == ensemble.name, "hidden together with the ensemble"
    assert key["name"] == "Member"
    values = decoded(members["y"])
    assert np.isnan(values).sum() == 3  # a gap after each
    first = ensemble.runs[0].curves["val_loss"]
    np.testing.assert_allclose(values[: np.flatnonzero(np.isnan(values))[0]][0], first[0] + 1, rtol=1e-6)
    assert figure["layout"]["yaxis"]["range"][1] > 3
    without = curve_figure([plain, ensemble], "loss")
    assert not [trace for trace in without["data"] if trace.get("line", {}).get("dash") == "dot"]


def test_members_of_many_ensembles_cost_a_bounded_part_of_a_refresh() -> None:
    variants = make_variants(24, seeds=1, epochs=150)
    ensembles = [with_members(variant, 10) for variant in variants]
    plain, full = (len(json.dumps(curve_figure(shown, "loss"))) for shown in (variants, ensembles))
    assert full - plain < 20_000


def test_what_was_hidden_stays_hidden_while_traces_come_and_go() -> None:
    # Plotly knows a trace again by its uid; by its place, a new trace before it would take over what was hidden.
    early = [make_variant("a", seeds=2, epochs=3), make_variant("b", seeds=2, epochs=0)]
    late = [make_variant("a", seeds=2, epochs=60, onset=20, stop=30, best=18), make_variant("b", seeds=2, epochs=9)]
    figures = [curve_figure(variants, "loss") for variants in (early, late)]
    known: dict[str, str] = {}
    for figure in figures:
        traces = [trace for trace in figure["data"] if "legendgroup" in trace]
        assert len({trace["uid"] for trace in traces}) == len(traces)
        for trace in traces:
            assert known.setdefault(trace["uid"], trace["legendgroup"]) == trace["legendgroup"]
    places = [[t.get("uid") for t in figure["data"]].index("v1_2") for figure in figures]
    assert places[0] != places[1]


def test_without_single_seeds_a_mark_beyond_the_mean_stands_level_with_its_end() -> None:
    runs = [summarize_run(make_curves("stopped", seed, epochs)) for seed, epochs in enumerate((20, 40, 50))]
    variant = summarize_variant([place_marks(run, None, 40, None) for run in runs])
    ((epoch, value, _, _),) = marks(of_variant(curve_figure([variant], "loss", seeds=False), "stopped"), "stop")
    assert epoch == 41
    assert value == pytest.approx(variant.mean["val_loss"][-1], rel=1e-6)
    assert len(variant.mean["val_loss"]) == 20
