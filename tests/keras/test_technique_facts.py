"""What texts say of Keras's layers, optimizers and callbacks, computed with them."""

import inspect
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.registry import Digits
from datasets.split import make_split
from experiment.lessons import lesson
from experiment.spec import Experiment, Variant
from models.architectures import ResNetMLP, make_plan
from models.techniques import (
    TECHNIQUES,
    Augmentation,
    CutMix,
    GroupNormalization,
    LabelSmoothing,
    LayerNormalization,
    MaxNorm,
    ReduceLearningRateOnPlateau,
    Technique,
    WeightDecay,
)

pytestmark = [
    pytest.mark.usefixtures("keras"),
    # Keras 3.15's own conversion of a learning rate under NumPy 2.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

Float = NDArray[np.float32]
IMAGES = np.random.default_rng(0).normal(2.0, 3.0, (1000, 8, 8, 4)).astype(np.float32)
OFF = {"translation": 0.0, "rotation": 0.0, "zoom": 0.0}


def augmented(technique: Augmentation, seed: int = 1) -> Float:
    """Images as the technique's layers change them."""
    from training.worker.build import make, set_generator

    changed: Any = IMAGES
    for place, call in enumerate(technique.augmentation(IMAGES.shape[1:]).values()):
        layer = make(call)
        set_generator(layer.generator, seed + place)
        changed = layer(changed, training=True)
    return np.asarray(changed)


def share_equal(changed: Any, to: Float) -> float:
    return float((np.asarray(changed) == to).all(axis=(1, 2, 3)).mean())


def test_a_flip_both_ways_mirrors_in_each_direction_by_a_draw_of_its_own(keras: Any) -> None:
    turned, sideways, upside_down = IMAGES[:, ::-1, ::-1], IMAGES[:, :, ::-1], IMAGES[:, ::-1]
    changed = augmented(Augmentation(**OFF, flip="horizontal_and_vertical"))
    for image in (IMAGES, turned, sideways, upside_down):
        assert share_equal(changed, image) == pytest.approx(0.25, abs=0.05)
    # Why two layers: Keras's single one draws once for both directions.
    by_one = keras.layers.RandomFlip("horizontal_and_vertical", seed=1)(IMAGES, training=True)
    assert share_equal(by_one, turned) == pytest.approx(0.5, abs=0.06)
    assert share_equal(by_one, sideways) == share_equal(by_one, upside_down) == 0


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_so_many_images_lose_a_patch(keras: Any, share: float) -> None:
    changed = augmented(Augmentation(**OFF, erasing=share))
    assert 1 - share_equal(changed, IMAGES) == pytest.approx(share, abs=0.05)
    # Why a range: of a single number Keras makes one from 0.
    by_number = keras.layers.RandomErasing(share, fill_value=0.0, value_range=(-1000.0, 1000.0), seed=1)
    assert 1 - share_equal(by_number(IMAGES, training=True), IMAGES) == pytest.approx(share / 2, abs=0.05)


def normalized(technique: Technique, x: Float) -> Float:
    from training.worker.build import make

    return np.asarray(make(technique.normalization())(x))


def standardized(x: Float, axes: tuple[int, ...]) -> Float:
    result: Float = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-3)
    return result


def test_what_layer_and_group_normalization_standardize_in_images() -> None:
    pixels, one_group, single_maps = (
        normalized(technique, IMAGES)
        for technique in (LayerNormalization(), GroupNormalization(groups=1), GroupNormalization(groups=4))
    )
    np.testing.assert_allclose(pixels, standardized(IMAGES, (3,)), atol=1e-4)
    np.testing.assert_allclose(one_group, standardized(IMAGES, (1, 2, 3)), atol=1e-4)
    np.testing.assert_allclose(single_maps, standardized(IMAGES, (1, 2)), atol=1e-4)  # instance normalization
    assert np.abs(pixels - one_group).max() > 1


def test_what_group_normalization_leaves_of_rows_of_units() -> None:
    rows = IMAGES[:, 0, 0, :]
    one_group = normalized(GroupNormalization(groups=1), rows)
    np.testing.assert_allclose(one_group, normalized(LayerNormalization(), rows), atol=1e-5)
    assert (normalized(GroupNormalization(groups=4), rows) == 0).all(), "nothing of single units"
    pairs, far = normalized(GroupNormalization(groups=2), rows), np.abs(rows[:, 0] - rows[:, 1]) > 1
    np.testing.assert_allclose(pairs[far, 0], np.sign(rows[far, 0] - rows[far, 1]), atol=0.01)


def test_cutmix_gives_labels_the_area_that_was_drawn_and_not_the_share_of_the_pixels() -> None:
    from training.worker.build import make, set_generator

    layer = make(CutMix().mixing())
    set_generator(layer.generator, 1)
    labels = np.eye(2, dtype=np.float32)[np.arange(4000) % 2]
    images = np.tile(labels[:, None, None, 1:], (1, 8, 8, 1))  # the second class is white
    mixed = layer({"images": images, "labels": labels}, training=True)
    difference = np.asarray(mixed["images"]).mean(axis=(1, 2, 3)) - np.asarray(mixed["labels"])[:, 1]
    assert np.abs(difference).mean() == pytest.approx(0.03, abs=0.005)
    assert "by 0.03 on average" in CutMix.hurts
    assert difference.mean() == pytest.approx(0, abs=0.005)


def pulled(keras: Any, optimizer: str, sizes: tuple[float, float], penalty: Any) -> Float:
    """What is left of weights that start at 1, after gradients of these sizes that cancel out, and a penalty's."""
    weights = keras.Variable([1.0, 1.0])
    steps = keras.optimizers.get({"class_name": optimizer, "config": {"learning_rate": 0.01}})
    for step in range(200):
        noise = np.array(sizes, np.float32) * (-1) ** step
        steps.apply([noise + penalty(np.asarray(weights.value))], [weights])
    return np.asarray(weights.value)


@pytest.mark.parametrize("penalty", [lambda w: 0.1 * np.sign(w), lambda w: 0.2 * w], ids=["l1", "l2"])
def test_a_penalty_pulls_alike_under_sgd_and_not_under_adam(keras: Any, penalty: Any) -> None:
    alike = pulled(keras, "sgd", (0.3, 3.0), penalty)
    assert alike[0] == pytest.approx(alike[1], abs=0.03) and alike.max() < 0.9
    small, large = pulled(keras, "adam", (0.3, 3.0), penalty)
    assert 1 - small > 5 * (1 - large) > 0


def kernel_length(experiment: Experiment, variant: Variant, technique: Technique | None) -> float:
    """The length of all kernels after one run of a lesson with a technique."""
    from training.worker.engine import Engine

    dataset, settings = experiment.dataset, experiment.training
    plan = make_plan(
        experiment.architecture, [technique] if technique else [], input_shape=dataset.shape, classes=dataset.classes
    )
    split = make_split(dataset, dataset.load(), 0)
    rows = len(split.y_train), len(split.y_validation), len(split.y_test)
    engine = Engine(plan, rows, settings.batch_size, xla=False)
    engine.train(split, seed=0, epochs=settings.epochs)
    return float(np.sqrt(sum((kernel**2).sum() for kernel in engine.kernels())))


@pytest.mark.parametrize("technique", [WeightDecay, MaxNorm])
def test_the_default_hardly_acts_on_a_lesson_and_what_forms_start_with_does(technique: type[Technique]) -> None:
    experiment = lesson(technique)
    baseline, taught = experiment.variants
    without = kernel_length(experiment, baseline, None)
    assert kernel_length(experiment, taught, technique.model_validate({})) == pytest.approx(without, rel=0.02)
    assert kernel_length(experiment, taught, taught.techniques[0]) < 0.8 * without


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop"])
def test_weight_decay_takes_its_strength_times_the_learning_rate(keras: Any, optimizer: str) -> None:
    from training.worker.build import make

    plan = make_plan(
        ResNetMLP(),
        [WeightDecay(weight_decay=0.5)],
        input_shape=(4,),
        classes=3,
        optimizer=optimizer,
        learning_rate=0.1,
    )
    weights = keras.Variable([2.0, -1.0])
    make(plan.optimizer).apply([np.zeros(2, np.float32)], [weights])
    np.testing.assert_allclose(weights.value, [2.0 * (1 - 0.05), -1.0 * (1 - 0.05)], rtol=1e-6)


def test_the_smallest_improvement_on_a_plateau_is_kerass_default(keras: Any) -> None:
    default = inspect.signature(keras.callbacks.ReduceLROnPlateau).parameters["min_delta"].default
    assert f"by more than {default:.4f} (Keras's `min_delta`)" in ReduceLearningRateOnPlateau.idea


def test_a_fresh_residual_block_adds_something_unless_its_last_layer_starts_at_zero(keras: Any) -> None:
    from training.worker.build import build

    model = build(make_plan(ResNetMLP(width=64, blocks=1), [], input_shape=(64,), classes=3))
    outputs = [model.get_layer(name).output for name in ("dense_0", "add_1")]
    ends = keras.Model(model.input, outputs)
    x = np.random.default_rng(0).normal(size=(200, 64)).astype(np.float32)
    before, after = map(np.asarray, ends(x, training=True))
    assert np.linalg.norm(after - before) > 0.3 * np.linalg.norm(before)
    last = model.get_layer("dense_1b")
    last.kernel.assign(np.zeros(last.kernel.shape))
    before, after = map(np.asarray, ends(x, training=True))
    assert (before == after).all()


def test_after_a_softmax_layer_keras_takes_the_logits_by_itself(keras: Any) -> None:
    """Rounded to probabilities, a logit of 60 on the wrong class would cost no more than -ln 1e-7, 16.1."""
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Softmax()(inputs))
    model.compile(loss="sparse_categorical_crossentropy")
    assert model.evaluate(np.array([[60.0, 0.0]]), np.array([1]), verbose=0) == pytest.approx(60)


def test_training_curves_are_on_the_noisy_labels_and_validation_curves_on_the_true_ones() -> None:
    from training.worker.engine import Engine

    dataset = Digits(train_size=60, label_noise=0.5)
    arrays, records = dataset.load(), list[Any]()
    split = make_split(dataset, arrays, 0)
    true = make_split(Digits(train_size=60), arrays, 0)
    assert 0.2 < (split.y_train != true.y_train).mean() < 0.8
    plan = make_plan(ResNetMLP(), [LabelSmoothing()], input_shape=dataset.shape, classes=10)
    engine = Engine(plan, (60, len(split.y_validation), len(split.y_test)), 32, xla=False)
    engine.train(split, seed=0, epochs=2, on_epoch=records.append)
    assert engine.evaluate(split.x_train, split.y_train)[0] == pytest.approx(records[-1].train_loss, rel=1e-5)
    assert engine.evaluate(split.x_train, true.y_train)[0] != pytest.approx(records[-1].train_loss, rel=0.01)
    assert (split.y_validation == true.y_validation).all()


def test_every_start_lies_within_reach_of_learns_slider() -> None:
    from models.parameters import parameters

    for technique in TECHNIQUES.values():
        for parameter in parameters(technique):
            if parameter.start is not None:
                low, high, _ = parameter.slider
                assert low <= parameter.start <= high
