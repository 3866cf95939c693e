"""One picture for each technique: what it does, computed on the spot from the technique's own parameters.

`PICTURES` has an entry for every technique of the registry. A picture takes its material (sample images, a recorded
curve), the technique's parameters by their names, and a seed where chance has a part in it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis import shown_activations as activations
from analysis import shown_data as data
from analysis import shown_operations as operations
from analysis import shown_weights as weights
from analysis.early_stopping import StoppingRule, replay
from charts import picture_parts as parts
from charts.data_preview import images_figure
from charts.picture_parts import BLUE, GREEN, NEUTRAL, VERMILION, Figure, FloatArray
from wording.evidence import say_stopping
from wording.language import _

Values = Mapping[str, Any]

ROWS, UNITS = 8, 16
FEW_IMAGES = 4
"""Images in a row; more would be too small for their captions on a phone."""
LEARNING_RATE = 0.01


@dataclass(frozen=True, eq=False)
class Material:
    """What pictures are made from.

    Attributes:
        images: (rows, height, width) grey images from 0 to 1, with their `labels` (rows,) from 0 to `classes` - 1.
        train_loss, val_loss: recorded curves of one run that overfits, one value for each epoch.
    """

    images: FloatArray
    labels: NDArray[np.integer]
    classes: int
    train_loss: FloatArray
    val_loss: FloatArray


@dataclass(frozen=True)
class Drawing:
    """A figure and what is to be seen in it, in words."""

    figure: Figure
    words: str


@dataclass(frozen=True)
class Picture:
    """How a technique is drawn.

    Attributes:
        draw: takes what pictures are made from, the technique's parameters, and a seed.
        controls: the parameters that a slider moves, over the range that the registry gives sliders.
        starts: where a slider begins, if not at the registry's default.
        random: whether chance has a part in it.
        height: in pixels.
    """

    draw: Callable[[Material, Values, int], Drawing]
    controls: tuple[str, ...] = ()
    starts: Mapping[str, float] = field(default_factory=dict)
    random: bool = False
    height: int = 260


def _dropout(material: Material, values: Values, seed: int) -> Drawing:
    before = np.abs(activations.example_activations(ROWS, UNITS, 0))
    after = activations.drop(before, values["rate"], seed)
    panels = {_("Activations"): before, _("With this step's mask"): after}
    share = float(np.mean(after == 0))
    words = _(
        "A layer of {units} units for {rows} rows. In this step {share:.0%} of the activations are zero; the "
        "others are multiplied by {scale:.2f}."
    ).format(units=UNITS, rows=ROWS, share=share, scale=1 / (1 - values["rate"]))
    return Drawing(parts.heatmaps_figure(panels, _("Units"), _("Rows")), words)


SAMPLE_ROWS = 2000
"""Rows that mean and variance are measured over: the few that are drawn say little."""


def _alpha_dropout(material: Material, values: Values, seed: int) -> Drawing:
    before = activations.selu(np.random.default_rng(0).normal(size=(SAMPLE_ROWS, UNITS)))
    after = activations.drop_alpha(before, values["rate"], seed)
    zeroed = np.where(activations.keep_mask(before.shape, values["rate"], seed), before, 0) / (1 - values["rate"])
    panels = {_("Activations of selu"): before[:ROWS], _("With this step's mask"): after[:ROWS]}
    words = _(
        "Over {rows:,} rows the activations have mean {mean} and variance {variance:.2f}, after alpha dropout "
        "{mean_after} and {variance_after:.2f}; dropout with zeros would have made the variance {variance_zeros:.2f}."
    ).format(
        rows=SAMPLE_ROWS,
        mean=_zero(before.mean()),
        variance=before.var(),
        mean_after=_zero(after.mean()),
        variance_after=after.var(),
        variance_zeros=zeroed.var(),
    )
    return Drawing(parts.heatmaps_figure(panels, _("Units"), _("Rows")), words)


def _zero(value: float) -> str:
    """A mean near zero, without the sign of what is rounded away."""
    return f"{round(value, 2) + 0.0:.2f}"


def _spatial_dropout(material: Material, values: Values, seed: int) -> Drawing:
    maps = activations.edge_maps(material.images[0], 2 * FEW_IMAGES, 5)
    kept = activations.keep_mask((len(maps),), values["rate"], seed)
    brightest = maps.max(axis=(1, 2), keepdims=True)
    shown = maps / np.maximum(brightest, 1e-12) * kept[:, None, None]
    labels = [_("kept") if keep else _("dropped") for keep in kept]
    words = _("{maps} feature maps of one image: this step drops {dropped} of them, each as a whole.").format(
        maps=len(maps), dropped=np.sum(~kept)
    )
    return Drawing(images_figure(shown, labels, columns=FEW_IMAGES), words)


def _noise_bars(before: FloatArray, after: FloatArray, words: str) -> Drawing:
    labels = [str(unit + 1) for unit in range(len(before))]
    series = {_("Activations"): before, _("In this step"): after}
    return Drawing(parts.bars_figure(series, labels, _("Unit"), _("Activation")), words)


def _gaussian_noise(material: Material, values: Values, seed: int) -> Drawing:
    before = np.abs(activations.example_activations(1, UNITS, 0))[0]
    after = before + np.random.default_rng(seed).normal(0.0, values["stddev"], UNITS)
    return _noise_bars(
        before,
        after,
        _("Every unit is off by about {deviation:g}, whatever its size.").format(deviation=values["stddev"]),
    )


def _gaussian_dropout(material: Material, values: Values, seed: int) -> Drawing:
    before = np.abs(activations.example_activations(1, UNITS, 0))[0]
    after = activations.multiply_noise(before, values["rate"], seed)
    spread = np.sqrt(values["rate"] / (1 - values["rate"]))
    return _noise_bars(
        before,
        after,
        _("Large activations are disturbed most: by about {spread:.0%} of their size.").format(spread=spread),
    )


def _normalized(normalize: Callable[[FloatArray], FloatArray], words: str) -> Drawing:
    before = activations.example_activations(2 * ROWS, UNITS, 3)
    panels = {_("Before"): before, _("After"): normalize(before)}
    return Drawing(parts.heatmaps_figure(panels, _("Units"), _("Rows of the batch")), words)


def _batch_normalization(material: Material, values: Values, seed: int) -> Drawing:
    words = _("Before, some columns (units) are high and others low. After, every column has mean 0 and deviation 1.")
    return _normalized(lambda before: activations.normalize(before, axis=0), words)


def _layer_normalization(material: Material, values: Values, seed: int) -> Drawing:
    words = _("Before, some rows are strong and others faint. After, every row has mean 0 and deviation 1.")
    return _normalized(lambda before: activations.normalize(before, axis=1), words)


def _group_normalization(material: Material, values: Values, seed: int) -> Drawing:
    words = _("Each row is cut into 4 groups of 4 units, and every group has mean 0 and deviation 1 by itself.")
    return _normalized(lambda before: activations.normalize_groups(before, 4), words)


def _penalty(material: Material, values: Values, seed: int) -> Drawing:
    without = _fitted_weights(material, 0.0, 0.0)
    penalized = _fitted_weights(material, values.get("l1", 0.0), values.get("l2", 0.0))
    series = {_("Without penalty"): without, _("With it"): penalized}
    shares = [weights.share_nearly_zero(fitted) for fitted in (penalized, without)]
    words = _(
        "Weights of one softmax layer, fitted just now to {images} images. Nearly zero are {share:.0%} of "
        "them, without the penalty {share_without:.0%}; the largest is {largest:.2f} instead of {largest_without:.2f}."
    ).format(
        images=PENALTY_ROWS,
        share=shares[0],
        share_without=shares[1],
        largest=np.abs(penalized).max(),
        largest_without=np.abs(without).max(),
    )
    return Drawing(parts.histogram_figure(series, _("Weight")), words)


PENALTY_ROWS = 300


@lru_cache(maxsize=128)
def _fitted_weights(material: Material, l1: float, l2: float) -> FloatArray:
    images = material.images[:PENALTY_ROWS]
    flat = (images - images.mean(axis=0)).reshape(len(images), -1)
    seen = flat[:, flat.std(axis=0) > 0]  # the weights of pixels that are always blank say nothing
    return weights.fit_softmax(seen, material.labels[: len(images)], material.classes, l1=l1, l2=l2)


def _shortened(name: str, longest: float, vectors: FloatArray, what: str) -> Drawing:
    short = weights.shorten(vectors, longest)
    cut = int(np.sum(np.linalg.norm(vectors, axis=1) > longest))
    series = {_("{name} before").format(name=name): vectors, _("After"): short}
    words = _(
        "{cut} of {vectors} {what} are longer than {longest:g}: they are shortened, their direction is kept."
    ).format(cut=cut, vectors=len(vectors), what=what, longest=longest)
    return Drawing(parts.arrows_figure(series, longest, _("First component"), _("Second component")), words)


def _max_norm(material: Material, values: Values, seed: int) -> Drawing:
    vectors = np.random.default_rng(4).normal(0.0, 1.5, (9, 2))
    return _shortened(_("Weights into a unit"), values["max_value"], vectors, _("weight vectors"))


def _gradient_clipping(material: Material, values: Values, seed: int) -> Drawing:
    vectors = np.random.default_rng(8).normal(0.0, 0.6, (7, 2))
    vectors[2] *= 2  # the odd batch
    return _shortened(_("Gradients"), values["global_clipnorm"], vectors, _("gradients"))


def _weight_decay(material: Material, values: Values, seed: int) -> Drawing:
    paths = {
        _("L2 through Adam, large gradients"): (BLUE, 4.0, False),
        _("L2 through Adam, small gradients"): (VERMILION, 0.25, False),
        _("decoupled, either"): (GREEN, 1.0, True),
    }
    traces, ends = [], []
    for title, (colour, size, decoupled) in paths.items():
        path = weights.shrink_under_adam(size, values["weight_decay"], decoupled=decoupled)
        traces.append(parts.line(title, np.arange(len(path)), path, colour))
        ends.append(f"{path[-1]:.2f}")
    words = _(
        "Weights that start at 1 and whose gradients are noise. As an L2 penalty that goes through Adam, the "
        "same strength brings them to {ends} where gradients are large and to {ends_2} where they are small; "
        "decoupled it is {ends_3} in both cases."
    ).format(ends=ends[0], ends_2=ends[1], ends_3=ends[2])
    return Drawing(parts.lines_figure(traces, _("Step"), _("Weight")), words)


def _label_smoothing(material: Material, values: Values, seed: int) -> Drawing:
    share, classes, true = values["label_smoothing"], material.classes, int(material.labels[0])
    hard = np.eye(classes)[true]
    soft = (1 - share) * hard + share / classes
    series = {_("Label"): hard, _("Smoothed"): soft}
    words = _("The label {true} becomes {soft:.2f}; each other class gets {share:.3f}.").format(
        true=true, soft=soft[true], share=share / classes
    )
    return Drawing(parts.bars_figure(series, [str(c) for c in range(classes)], _("Class"), _("Probability")), words)


UNLIKELY = 0.01


def _generalized_cross_entropy(material: Material, values: Values, seed: int) -> Drawing:
    q, shares = values["q"], np.linspace(0, 1, 201)
    traces = [
        parts.line(_("Cross-entropy"), shares, weights.pull_of_label(shares, 0.0), NEUTRAL),
        parts.line(_("Generalized"), shares, weights.pull_of_label(shares, q), BLUE),
    ]
    unlikely, lost = (float(weights.pull_of_label(np.array(UNLIKELY), power)) for power in (0.0, q))
    words = _(
        "A row whose label the network gives a probability of {unlikely:.0%}, perhaps a wrong one, pulls with "
        "{unlikely_2:.2f} under cross-entropy and with {lost:.3f} here; a row that is right pulls little under "
        "both."
    ).format(unlikely=UNLIKELY, unlikely_2=unlikely, lost=lost)
    return Drawing(parts.lines_figure(traces, _("Probability of the label"), _("Pull on its logit")), words)


EXAMPLE_COUNTS = (90, 8, 2)


def _class_weight(material: Material, values: Values, seed: int) -> Drawing:
    counts = np.array(EXAMPLE_COUNTS)
    weights_of = (counts.sum() / (len(counts) * counts)) ** values["power"]
    share = counts * weights_of / (counts * weights_of).sum()
    series = {_("Share of the rows"): counts / counts.sum(), _("Share of the loss's weight"): share}
    words = _(
        "Of 100 rows {counts}, {counts_2} and {counts_3} are of three classes. A row of the rarest weighs "
        "{weights_of:.3g}, one of the most frequent {weights_of_2:.3g}; all rows of a class together have "
        "{share:.0%}, {share_2:.0%} and {share_3:.0%} of the weight."
    ).format(
        counts=counts[0],
        counts_2=counts[1],
        counts_3=counts[2],
        weights_of=weights_of[2],
        weights_of_2=weights_of[0],
        share=share[0],
        share_2=share[1],
        share_3=share[2],
    )
    return Drawing(parts.bars_figure(series, ["A", "B", "C"], _("Class"), _("Share")), words)


def _ema(material: Material, values: Values, seed: int) -> Drawing:
    path = weights.noisy_path(150, seed)
    average = weights.average_path(path, values["momentum"])
    traces = [
        parts.line(_("Weights after each step"), path[:, 0], path[:, 1], NEUTRAL, width=1.2),
        parts.line(_("Their moving average"), average[:, 0], average[:, 1], BLUE, width=3),
        parts.points(_("Lowest loss"), [0.0], [0.0], VERMILION, "star", 13),
    ]
    distances = [float(np.linalg.norm(p[-50:], axis=1).mean()) for p in (path, average)]
    words = _(
        "Two weights on their way down a valley. Over the last 50 steps the weights are {distances:.2f} away "
        "from the lowest point on average, their moving average {distances_2:.2f}."
    ).format(distances=distances[0], distances_2=distances[1])
    return Drawing(parts.lines_figure(traces, _("First weight"), _("Second weight")), words)


def _reduce_on_plateau(material: Material, values: Values, seed: int) -> Drawing:
    arguments = {key: values[key] for key in ("factor", "patience", "min_lr")}
    rates = weights.reduce_on_plateau(material.val_loss, LEARNING_RATE, **arguments)
    epochs = np.arange(1, len(rates) + 1)
    loss = parts.line(_("Validation loss, recorded"), epochs, material.val_loss, NEUTRAL)
    rate = parts.line(_("Learning rate"), epochs, rates, BLUE, shape="hv") | {"yaxis": "y2"}
    figure = parts.lines_figure([loss, rate], _("Epoch"), _("Validation loss"))
    figure["layout"]["yaxis"] |= {"domain": [0.56, 1.0]}
    figure["layout"]["yaxis2"] = parts.axis(
        _("Learning rate"), domain=[0.0, 0.44], type="log", nticks=4, exponentformat="power"
    )
    figure["layout"]["xaxis"] |= {"anchor": "y2"}
    cuts = int(np.sum(np.diff(np.append(LEARNING_RATE, rates)) < 0))
    words = _(
        "On this recorded curve the rate would be cut {cuts} times, from {learning_rate:g} to {rates:.2g}."
    ).format(cuts=cuts, learning_rate=LEARNING_RATE, rates=rates[-1])
    return Drawing(figure, words)


SHOWN_STEPS = 400


def _cosine_decay(material: Material, values: Values, seed: int) -> Drawing:
    rates = weights.cosine_decay(LEARNING_RATE, SHOWN_STEPS, alpha=values["alpha"], warmup=values["warmup"])
    trace = parts.line(_("Learning rate"), np.arange(SHOWN_STEPS), rates, BLUE)
    figure = parts.lines_figure([trace], _("Gradient step"), _("Learning rate"), showlegend=False)
    figure["layout"]["yaxis"] |= {"rangemode": "tozero"}
    highest = int(np.argmax(rates))
    words = _(
        "A run of {shown_steps} steps: the rate is {rates:g} at first, {rates_2:g} in step {highest}, and "
        "{rates_3:.2g} in the last one."
    ).format(shown_steps=SHOWN_STEPS, rates=rates[0], rates_2=rates[highest], highest=highest, rates_3=rates[-1])
    return Drawing(figure, words)


def _sharpness(material: Material, values: Values, seed: int) -> Drawing:
    places = np.linspace(-2.5, 3.0, 551)
    losses = {_("Loss"): weights.two_valleys(places)}
    losses[_("Highest loss within ρ")] = weights.highest_within(places, values["rho"])
    lowest = [int(np.argmin(loss)) for loss in losses.values()]
    traces = [
        parts.line(name, places, loss, colour)
        for (name, loss), colour in zip(losses.items(), (NEUTRAL, BLUE), strict=True)
    ]
    heights = [loss[place] for place, loss in zip(lowest, losses.values(), strict=True)]
    traces.append(parts.points(_("Lowest points"), places[lowest], heights, VERMILION, size=11))
    words = _(
        "A loss over one weight, with a narrow valley and a wide one. The loss is lowest at {place:.2f}; the highest "
        "loss within {rho:g} is lowest at {place_2:.2f}, and that is what this technique approximately lowers."
    ).format(place=places[lowest[0]], rho=values["rho"], place_2=places[lowest[1]])
    return Drawing(parts.lines_figure(traces, _("Weight"), _("Loss")), words)


def _stochastic_depth(material: Material, values: Values, seed: int) -> Drawing:
    blocks, steps = 12, 10
    kept, chances = activations.skipped_blocks(steps, blocks, values["drop_path_rate"], seed)
    trace = {
        "type": "heatmap", "z": kept.astype(int).tolist(), "x": [str(b + 1) for b in range(blocks)], "zmin": 0,
        "zmax": 1, "colorscale": [[0, "rgba(135,145,154,0.18)"], [1, BLUE]], "showscale": False, "xgap": 3, "ygap": 3,
        "hovertemplate": _("block %{x}") + "<extra></extra>",
    }  # fmt: skip
    figure = parts.lines_figure([trace], _("Block"), _("Rows"), showlegend=False)
    figure["layout"]["xaxis"] |= {"type": "category", "nticks": 0}
    figure["layout"]["yaxis"] |= {"showticklabels": False, "showgrid": False}
    words = _(
        "{steps} training rows on their way through {blocks} blocks; grey blocks are skipped. The first block is "
        "kept with probability {chances:.2f}, the last with {chances_2:.2f}."
    ).format(steps=steps, blocks=blocks, chances=chances[0], chances_2=chances[-1])
    return Drawing(figure, words)


def _augmentation(material: Material, values: Values, seed: int) -> Drawing:
    generator = np.random.default_rng(seed)
    shown, labels = [], []
    for original, label in zip(material.images[:2], material.labels[:2], strict=True):
        shown += [original, *(_augment(original, values, generator) for _ in range(FEW_IMAGES - 1))]
        labels += [_("{label}, original").format(label=label), *[str(label)] * (FEW_IMAGES - 1)]
    words = _("Two images, and three copies of each as three epochs would show them. The labels stay.")
    return Drawing(images_figure(np.array(shown), labels, columns=FEW_IMAGES), words)


def _augment(image: FloatArray, values: Values, generator: np.random.Generator) -> FloatArray:
    changed = data.change_image(
        image,
        generator,
        translation=values["translation"],
        rotation=values["rotation"],
        zoom=values["zoom"],
    )
    return data.erase_patch(changed, generator) if generator.random() < values["erasing"] else changed


def _rand_augment(material: Material, values: Values, seed: int) -> Drawing:
    generator = np.random.default_rng(seed)
    shown, labels = [], []
    for original, label in zip(material.images[:2], material.labels[:2], strict=True):
        copies = [
            operations.vary(original, values["num_ops"], values["factor"], generator) for _ in range(FEW_IMAGES - 1)
        ]
        shown += [original, *(image for image, _ in copies)]
        labels += [_("{label}, original").format(label=label), *(", ".join(names) for _, names in copies)]
    words = _("Two images, and three copies of each with the operations that were drawn for them. The labels stay.")
    return Drawing(images_figure(np.array(shown), labels, columns=FEW_IMAGES), words)


def _pairs(material: Material) -> tuple[int, int]:
    """Two images of different classes."""
    return 0, int(np.argmax(material.labels != material.labels[0]))


def _mixed(material: Material, first: int, second: int, images: list[FloatArray], shares: list[float]) -> Figure:
    one, other = material.labels[first], material.labels[second]
    shown = [material.images[first], material.images[second], *images]
    labels = [str(one), str(other), *(f"{share:.2f} · {one} + {1 - share:.2f} · {other}" for share in shares)]
    return images_figure(np.array(shown), labels, columns=3)


def _mixup(material: Material, values: Values, seed: int) -> Drawing:
    first, second = _pairs(material)
    shares = [float(s) for s in np.random.default_rng(seed).beta(values["alpha"], values["alpha"], 4)]
    images = [data.mix_images(material.images[first], material.images[second], share) for share in shares]
    words = _("Two images, and four mixtures of them. Below each stands its label: shares of the two classes.")
    return Drawing(_mixed(material, first, second, images, shares), words)


def _cutmix(material: Material, values: Values, seed: int) -> Drawing:
    first, second = _pairs(material)
    generator = np.random.default_rng(seed)
    drawn = generator.beta(values["alpha"], values["alpha"], 4)
    cut = [data.cut_images(material.images[first], material.images[second], float(s), generator) for s in drawn]
    words = _("Two images, and four cuttings of them. Below each stands its label: the classes' shares of the area.")
    figure = _mixed(material, first, second, [image for image, _ in cut], [share for _, share in cut])
    return Drawing(figure, words)


def _more_data(material: Material, values: Values, seed: int) -> Drawing:
    sizes, errors = _learning_curve(material)
    before = 60
    after = min(values["factor"] * before, sizes[-1])
    low, high = np.interp(np.log([before, after]), np.log(sizes), errors)
    traces = [
        parts.line(_("Small nets, fitted just now"), sizes, errors, BLUE),
        parts.points(_("{before} rows").format(before=before), [before], [low], VERMILION, size=12),
        parts.points(_("{after:.0f} rows").format(after=after), [after], [high], GREEN, size=12),
    ]
    figure = parts.lines_figure(traces, _("Training rows"), _("Wrong answers on other rows"))
    figure["layout"]["xaxis"] |= {"type": "log", "tickvals": [30, 60, 120, 240, 480, 900]}
    figure["layout"]["yaxis"] |= {"tickformat": ".0%", "rangemode": "tozero"}
    return Drawing(
        figure,
        _("From {before} to {after:.0f} rows the error falls from {low:.0%} to {high:.0%}.").format(
            before=before, after=after, low=low, high=high
        ),
    )


@lru_cache(maxsize=4)
def _learning_curve(material: Material) -> tuple[list[int], FloatArray]:
    sizes = [size for size in (30, 60, 120, 240, 480, 890) if size <= len(material.images) // 2]
    flat = material.images.reshape(len(material.images), -1)
    return sizes, data.error_by_rows(flat, material.labels, material.classes, sizes)


def _ensemble(material: Material, values: Values, seed: int) -> Drawing:
    grid, members, x, y = data.fit_members(values["members"], seed)
    truth, average = data.wave(grid), members.mean(axis=0)
    traces = [parts.line(_("Member {k}").format(k=k + 1), grid, m, NEUTRAL, width=1) for k, m in enumerate(members)]
    for trace in traces[1:]:
        trace["showlegend"] = False
    traces[0]["name"] = _("Members")
    traces += [
        parts.line(_("Their average"), grid, average, BLUE, width=3.5),
        parts.line(_("Truth"), grid, truth, GREEN, dash="dash"),
        parts.points(_("Training points"), x, y, VERMILION),
    ]
    inside = np.abs(grid) <= 1
    single = float(np.mean((members - truth)[:, inside] ** 2))
    together = float(np.mean((average - truth)[inside] ** 2))
    words = _(
        "{members} small nets from different initial weights on the same {x} points, fitted just now. Their mean "
        "squared error is {single:.3f} on average, that of their average {together:.3f}."
    ).format(members=len(members), x=len(x), single=single, together=together)
    figure = parts.lines_figure(traces, _("Input"), _("Output"))
    figure["layout"]["yaxis"] |= {"range": [-1.9, 1.9]}
    return Drawing(figure, words)


MOST_TEACHERS, TAUGHT_IMAGES = 10, 300


def _distillation(material: Material, values: Values, seed: int) -> Drawing:
    label, logits = _teachers(material)
    said, soft = (weights.soften(logits[: values["teachers"]], t) for t in (1.0, values["temperature"]))
    series = {_("Label"): np.eye(material.classes)[label], _("Teachers"): said, _("Softened"): soft}
    other = int(np.argsort(said)[-2])
    words = _(
        "An image of a {label}, which none of these {teachers} small nets has seen; each was fitted just now to a half "
        "of {images} images. On average they give {said:.1%} to the {label} and {said_2:.1%} to the {other}; at the "
        "temperature {temperature:g} it is {soft:.1%} and {soft_2:.1%}."
    ).format(
        label=label,
        teachers=values["teachers"],
        images=TAUGHT_IMAGES,
        said=said[label],
        said_2=said[other],
        other=other,
        temperature=values["temperature"],
        soft=soft[label],
        soft_2=soft[other],
    )
    classes = [str(c) for c in range(material.classes)]
    return Drawing(parts.bars_figure(series, classes, _("Class"), _("Probability")), words)


@lru_cache(maxsize=4)
def _teachers(material: Material) -> tuple[int, FloatArray]:
    """A label, and what small nets say of its image: logits (teachers, classes). Of a hundred images that they have not
    seen it is the one that they are least sure of and all right about."""
    flat = material.images.reshape(len(material.images), -1)
    taught, others = flat[:TAUGHT_IMAGES], flat[TAUGHT_IMAGES : TAUGHT_IMAGES + 100]
    halves = [np.random.default_rng(k).permutation(len(taught))[: len(taught) // 2] for k in range(MOST_TEACHERS)]
    fitted = [weights.fit_softmax(taught[half], material.labels[half], material.classes, steps=100) for half in halves]
    logits = np.stack([others @ of_net for of_net in fitted], axis=1)
    shares, labels = np.stack([weights.soften(of_image, 1.0) for of_image in logits]), material.labels[TAUGHT_IMAGES:]
    right = (logits.argmax(axis=2) == labels[: len(shares), None]).all(axis=1)
    chosen = int(np.argmin(np.where(right, shares.max(axis=1), 2.0)))
    return int(labels[chosen]), logits[chosen]


def _early_stopping(material: Material, values: Values, seed: int) -> Drawing:
    names = ("patience", "min_delta", "start_from_epoch")
    rule = StoppingRule(**{name: values[name] for name in names})
    stopping = replay(material.val_loss, rule)
    epochs = np.arange(1, len(material.val_loss) + 1)
    traces = [
        parts.line(_("Training loss"), epochs, material.train_loss, NEUTRAL, dash="dash"),
        parts.line(_("Validation loss"), epochs, material.val_loss, BLUE),
    ]
    marks = ((stopping.stop_epoch, _("stop"), VERMILION), (stopping.best_epoch, _("best"), GREEN))
    drawn = [parts.upright(epoch, f"{name} {epoch}", colour) for epoch, name, colour in marks if epoch]
    figure = parts.lines_figure(traces, _("Epoch"), _("Cross-entropy"), margin=parts.MARGIN_WITH_TITLES)
    figure["layout"] |= {"shapes": [shape for shape, _ in drawn], "annotations": [note for _, note in drawn]}
    if len(drawn) == 2:  # names beside their lines, which may be close
        figure["layout"]["annotations"][0]["xanchor"] = "left"
        figure["layout"]["annotations"][1]["xanchor"] = "right"
    top = float(np.nanmax(material.val_loss[len(epochs) // 20 :])) * 1.1
    figure["layout"]["yaxis"] |= {"range": [0.0, top]}
    fired = (
        _("It stops after epoch {stop_epoch}").format(stop_epoch=stopping.stop_epoch)
        if stopping.stop_epoch
        else _("It does not stop")
    )
    return Drawing(figure, f"{fired}: {say_stopping(stopping, rule)}.")


PICTURES: dict[str, Picture] = {
    "dropout": Picture(_dropout, ("rate",), random=True),
    "spatial_dropout": Picture(_spatial_dropout, ("rate",), random=True, height=300),
    "gaussian_noise": Picture(_gaussian_noise, ("stddev",), random=True),
    "gaussian_dropout": Picture(_gaussian_dropout, ("rate",), random=True),
    "alpha_dropout": Picture(_alpha_dropout, ("rate",), random=True),
    "batch_normalization": Picture(_batch_normalization, height=300),
    "layer_normalization": Picture(_layer_normalization, height=300),
    "group_normalization": Picture(_group_normalization, height=300),
    "l1": Picture(_penalty, ("l1",), {"l1": 0.005}),
    "l2": Picture(_penalty, ("l2",), {"l2": 0.005}),
    "l1_l2": Picture(_penalty, ("l1", "l2"), {"l1": 0.005, "l2": 0.005}),
    "max_norm": Picture(_max_norm, ("max_value",), height=340),
    "weight_decay": Picture(_weight_decay, ("weight_decay",), {"weight_decay": 0.5}),
    "label_smoothing": Picture(_label_smoothing, ("label_smoothing",)),
    "generalized_cross_entropy": Picture(_generalized_cross_entropy, ("q",)),
    "class_weight": Picture(_class_weight, ("power",)),
    "gradient_clipping": Picture(_gradient_clipping, ("global_clipnorm",), height=340),
    "ema": Picture(_ema, ("momentum",), random=True, height=320),
    "reduce_lr_on_plateau": Picture(_reduce_on_plateau, ("factor", "patience"), {"patience": 20}, height=320),
    "cosine_decay": Picture(_cosine_decay, ("alpha", "warmup")),
    "sam": Picture(_sharpness, ("rho",), {"rho": 0.2}),
    "stochastic_depth": Picture(_stochastic_depth, ("drop_path_rate",), random=True),
    "augmentation": Picture(_augmentation, ("translation", "rotation", "zoom"), random=True, height=300),
    "rand_augment": Picture(_rand_augment, ("num_ops", "factor"), random=True, height=300),
    "mixup": Picture(_mixup, ("alpha",), random=True, height=320),
    "cutmix": Picture(_cutmix, ("alpha",), random=True, height=320),
    "more_data": Picture(_more_data, ("factor",), {"factor": 4.0}),
    "ensemble": Picture(_ensemble, ("members",), random=True),
    "distillation": Picture(_distillation, ("teachers", "temperature")),
    "early_stopping": Picture(_early_stopping, ("patience", "min_delta", "start_from_epoch"), height=300),
}
