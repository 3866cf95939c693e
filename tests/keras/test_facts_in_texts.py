"""Each sentence of ours that says how Keras behaves, computed with Keras.

`FACTS` has a piece of the sentence, where it stands, and what computes it. A sentence with the word Keras in it that no
piece belongs to is found by a test, as is a piece whose sentence was changed.
"""

import inspect
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from datasets.registry import Digits
from datasets.split import make_split
from export import distillation_source, keras_text
from models import architectures, techniques
from models.architectures import MLP, ResNetMLP, make_plan
from models.parameters import parameters
from models.techniques import TECHNIQUES, Augmentation, BatchNormalization, Technique
from ui import text
from ui.learn import learn_text

pytestmark = pytest.mark.usefixtures("keras")

Check = Callable[[Any], None]
GENERATOR = np.random.default_rng
LABELS = np.array([2, 0, 1, 1])
SHARES = GENERATOR(0).dirichlet([1, 1, 1], 4).astype("float32")
ONE_HOT = np.eye(3, dtype="float32")[LABELS]


def words(value: str) -> str:
    return " ".join(value.split())


@cache
def texts() -> dict[str, str]:
    """What each place says: techniques by their names, and modules of texts."""
    found = {}
    for name, technique in TECHNIQUES.items():
        shown = [technique.summary, technique.idea, technique.acts, technique.hurts, technique.formula]
        said = [*shown, technique.__doc__ or "", *(p.about for p in parameters(technique))]
        found[name] = words(" ".join(said))
    for place, module in (("learn", learn_text), ("pages", text), ("scripts", keras_text)):
        said = [value for key, value in vars(module).items() if key.isupper() and isinstance(value, str)]
        found[place] = words(" ".join(said))
    found["distilling"] = words(inspect.getsource(distillation_source))
    found["architectures"] = words(inspect.getsource(architectures))
    found["refusals"] = words(inspect.getsource(techniques))
    return found


# What layers do while training


def in_training(layer: Any, x: Any) -> Any:
    return np.asarray(layer(x, training=True))


def dropout(keras: Any) -> None:
    changed = in_training(keras.layers.Dropout(0.5), np.ones((50, 40), "float32"))
    assert not (changed == changed[:1]).all() and set(np.unique(changed)) == {0, 2}
    assert changed.mean() == pytest.approx(1, abs=0.1)


def nothing_in_evaluation(keras: Any) -> None:
    x = GENERATOR(0).normal(size=(5, 4, 4, 3)).astype("float32")
    layers = keras.layers
    for layer in (layers.Dropout(0.5), layers.SpatialDropout2D(0.5), layers.GaussianNoise(1.0),
                  layers.GaussianDropout(0.5), layers.AlphaDropout(0.5)):  # fmt: skip
        assert (np.asarray(layer(x, training=False)) == x).all()


def whole_maps(keras: Any) -> None:
    changed = in_training(keras.layers.SpatialDropout2D(0.5), np.ones((20, 3, 3, 10), "float32"))
    assert (changed == changed[:, :1, :1]).all() and 0.2 < (changed == 0).mean() < 0.8


def gaussian_noise(keras: Any) -> None:
    added = in_training(keras.layers.GaussianNoise(0.3), np.ones((200, 200), "float32")) - 1
    assert (added.mean(), added.std()) == pytest.approx((0, 0.3), abs=0.01)


def gaussian_dropout(keras: Any) -> None:
    factors = in_training(keras.layers.GaussianDropout(0.3), np.ones((300, 300), "float32"))
    assert (factors.mean(), factors.var()) == pytest.approx((1, 0.3 / 0.7), abs=0.02)


def selus_lowest_value(keras: Any) -> None:
    lowest = float(keras.activations.selu(keras.ops.convert_to_tensor([-1e4]))[0])
    assert lowest == pytest.approx(-1.7581, abs=1e-4)
    dropped = in_training(keras.layers.AlphaDropout(0.5), np.zeros((20, 50), "float32"))
    scale = (0.5 * (1 + 0.5 * lowest**2)) ** -0.5
    assert np.unique(dropped) == pytest.approx([scale * lowest * 0.5, -scale * lowest * 0.5], abs=1e-4)


def self_normalizing(keras: Any) -> None:
    """Mean and variance after 20 layers of selu, and after as many with Keras's default weights."""
    x = GENERATOR(0).normal(size=(2000, 200)).astype("float32")
    for initializer, kept in (("lecun_normal", True), ("glorot_uniform", True), ("he_normal", False)):
        signal: Any = x
        for seed in range(20):
            start = keras.initializers.get({"class_name": INITIALIZERS[initializer], "config": {"seed": seed}})
            signal = keras.layers.Dense(200, activation="selu", kernel_initializer=start)(signal)
        values = np.asarray(signal)
        assert (abs(values.mean()) < 0.2 and 0.7 < values.var() < 1.3) == kept, initializer


INITIALIZERS = {"lecun_normal": "LecunNormal", "glorot_uniform": "GlorotUniform", "he_normal": "HeNormal"}


def batch_normalization(keras: Any) -> None:
    assert inspect.signature(keras.layers.BatchNormalization).parameters["momentum"].default == 0.99
    x = GENERATOR(0).normal(2, 3, (40, 5, 5, 4)).astype("float32")
    layer = keras.layers.BatchNormalization(momentum=0.0)
    trained = in_training(layer, x)
    assert trained.mean((0, 1, 2)) == pytest.approx(0, abs=1e-4) and trained.std((0, 1, 2)) == pytest.approx(
        1, abs=1e-3
    )
    with_averages = np.asarray(layer(x[:3], training=False))
    assert with_averages == pytest.approx(trained[:3], abs=1e-2), "the last batch's, with momentum 0"
    assert len(layer.trainable_variables) == 2, "scale and shift"


def over_the_channels_of_a_pixel(keras: Any) -> None:
    x = GENERATOR(0).normal(2, 3, (10, 5, 5, 16)).astype("float32")
    assert np.asarray(keras.layers.LayerNormalization()(x)).mean(-1) == pytest.approx(0, abs=1e-4)
    assert inspect.signature(keras.layers.LayerNormalization).parameters["axis"].default == -1
    whole = np.asarray(keras.layers.GroupNormalization(1)(x))
    assert whole.mean((1, 2, 3)) == pytest.approx(0, abs=1e-4) and np.abs(whole.mean(-1)).max() > 0.1


# Penalties, constraints and optimizers


def penalties(keras: Any) -> None:
    w = GENERATOR(0).normal(size=(4, 3)).astype("float32")
    l1, l2 = 0.1 * np.abs(w).sum(), 0.2 * (w**2).sum()
    tensor = keras.ops.convert_to_tensor(w)
    for regularizer, expected in (
        (keras.regularizers.L1(0.1), l1),
        (keras.regularizers.L2(0.2), l2),
        (keras.regularizers.L1L2(0.1, 0.2), l1 + l2),
    ):
        assert float(regularizer(tensor)) == pytest.approx(expected, rel=1e-5)


def max_norm(keras: Any) -> None:
    w = np.array([[3.0, 0.3], [4.0, 0.4]], "float32")
    shortened = np.asarray(keras.constraints.MaxNorm(1.0)(keras.ops.convert_to_tensor(w)))
    assert shortened == pytest.approx(np.array([[0.6, 0.3], [0.8, 0.4]]), abs=1e-5)


def stepped(optimizer: Any, keras: Any, gradient: Any, start: Any = (1.0,), steps: int = 1) -> Any:
    weights = keras.Variable(np.array(start, "float32"))
    for _ in range(steps):
        optimizer.apply([np.array(gradient, "float32")], [weights])
    return np.asarray(weights.value)


def decay_comes_first(keras: Any) -> None:
    optimizers = keras.optimizers
    # 1 - 0.1 * 0.5 and then less the gradient's 0.1; the other way round it would be 0.855.
    assert stepped(optimizers.SGD(0.1, weight_decay=0.5), keras, [1.0])[0] == pytest.approx(0.85)
    same = [stepped(make(0.1, weight_decay=0.5), keras, [1.0])[0] for make in (optimizers.Adam, optimizers.AdamW)]
    assert same[0] == pytest.approx(same[1], rel=1e-6)


def decay_takes_biases_along(keras: Any) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, bias_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.1, weight_decay=0.5), "mse")
    model.fit(np.zeros((2, 1)), np.ones((2, 1)), verbose=0)  # no gradient: the bias is the answer
    assert float(model.layers[0].bias.value[0]) == pytest.approx(0.95)


def default_decay_is_small(keras: Any) -> None:
    weight = stepped(keras.optimizers.SGD(0.001, weight_decay=0.01), keras, [0.0], steps=1000)[0]
    assert 1 - weight == pytest.approx(0.01, abs=1e-4)


def clipping(keras: Any) -> None:
    optimizer = keras.optimizers.SGD(1.0, global_clipnorm=1.0)
    first, second = keras.Variable([0.0]), keras.Variable([0.0])
    optimizer.apply([np.array([30.0], "float32"), np.array([40.0], "float32")], [first, second])
    assert [float(v.value[0]) for v in (first, second)] == pytest.approx([-0.6, -0.8])
    short = stepped(keras.optimizers.SGD(1.0, global_clipnorm=1.0), keras, [0.5], [0.0])
    assert short[0] == pytest.approx(-0.5)


def adams_steps_are_bounded(keras: Any) -> None:
    for gradient in (1e-3, 1e6):
        assert 1 - stepped(keras.optimizers.Adam(0.1), keras, [gradient])[0] == pytest.approx(0.1, rel=1e-2)


def moving_average(keras: Any) -> None:
    optimizer = keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.9)
    weights = keras.Variable([1.0])
    for _ in range(2):
        optimizer.apply([np.array([1.0], "float32")], [weights])
    assert float(weights.value[0]) == pytest.approx(-1), "training goes on from the newest weights"
    optimizer.finalize_variable_values([weights])
    # The average begins with the weights after the first step, which are 0: 0.9 * 0 + 0.1 * -1
    assert float(weights.value[0]) == pytest.approx(-0.1)


def plateau(keras: Any) -> None:
    assert inspect.signature(keras.callbacks.ReduceLROnPlateau).parameters["min_delta"].default == 0.0001


def schedule(keras: Any) -> None:
    rate = keras.optimizers.schedules.CosineDecay(0.0, 80, alpha=0.1, warmup_target=1.0, warmup_steps=20)
    rates = [float(rate(step)) for step in range(101)]
    assert rates[:21] == pytest.approx(np.linspace(0, 1, 21))
    assert rates[20:] == pytest.approx(0.1 + 0.9 * (1 + np.cos(np.pi * np.arange(81) / 80)) / 2, abs=1e-6)
    with pytest.raises(ValueError, match="decay_steps"):
        keras.optimizers.schedules.CosineDecay(1.0, 0)


def no_class_for_sharpness(keras: Any) -> None:
    places = (keras, keras.models, keras.optimizers, keras.callbacks, keras.utils)
    assert not [name for place in places for name in dir(place) if "sharp" in name.lower()]
    assert not hasattr(keras.models, "experimental")


def momentum(keras: Any) -> None:
    assert stepped(keras.optimizers.SGD(1.0, momentum=0.9), keras, [1.0], [0.0], 2)[0] == pytest.approx(-2.9)


def a_schedule_and_a_plateau_exclude_each_other(keras: Any) -> None:
    model = small_model(keras, keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 10)))
    callback = keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=10)
    with pytest.raises(TypeError, match="LearningRateSchedule"):
        model.fit(np.zeros((4, 2)), np.zeros(4), epochs=3, callbacks=[callback], verbose=0)


# Losses


def distiller(keras: Any) -> None:
    assert inspect.signature(keras.distillation.Distiller).parameters["student_loss_weight"].default == 0.5
    teacher, student = (GENERATOR(seed).normal(size=(4, 3)).astype("float32") for seed in (1, 2))
    p, q = (np.exp(z / 2) / np.exp(z / 2).sum(axis=1, keepdims=True) for z in (teacher, student))
    by_hand = 4 * (p * np.log(p / q)).sum(axis=1).mean()
    term = keras.distillation.LogitsDistillation(temperature=2.0, loss=keras.losses.KLDivergence())
    assert float(term.compute_loss(teacher, student)) == pytest.approx(by_hand, rel=1e-4)
    by_default = keras.distillation.LogitsDistillation(temperature=2.0).compute_loss(teacher, student)
    of_logits = keras.losses.kl_divergence(teacher / 2, student / 2)
    assert float(by_default) == pytest.approx(float(np.mean(of_logits)), rel=1e-4)


def soft_gradients_shrink(keras: Any) -> None:
    """Of the divergence without the factor T², in the logits: half the temperature, four times the gradient."""
    teacher, student = (GENERATOR(seed).normal(size=3) for seed in (1, 2))
    by_temperature = []
    for temperature in (500.0, 1000.0):
        p, q = (np.exp(z / temperature) / np.exp(z / temperature).sum() for z in (teacher, student))
        by_temperature.append((q - p) / temperature)
    np.testing.assert_allclose(by_temperature[0], 4 * by_temperature[1], rtol=0.05)


def distiller_weighs_no_rows(keras: Any) -> None:
    told = []
    for weights in (None, np.array([100.0, 1.0, 1.0, 1.0])):
        models = [keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, kernel_initializer="ones")]) for _ in "ts"]
        model = keras.distillation.Distiller(
            *models, keras.distillation.LogitsDistillation(loss=keras.losses.KLDivergence())
        )
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        x = GENERATOR(0).normal(size=(4, 2))
        model.fit(x, LABELS, 4, sample_weight=weights, verbose=0)
        told.append(model.student.get_weights()[1])
    np.testing.assert_allclose(told[0], told[1], rtol=1e-6)


def distiller_leaves_penalties_out(keras: Any) -> None:
    layers = [
        keras.layers.Dense(3, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(1.0)) for _ in "ts"
    ]
    models = [keras.Sequential([keras.Input((2,)), layer]) for layer in layers]
    model = keras.distillation.Distiller(
        *models, keras.distillation.LogitsDistillation(loss=keras.losses.KLDivergence())
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    told = model.evaluate(np.zeros((4, 2)), LABELS, verbose=0, return_dict=True)["loss"]
    assert told == pytest.approx(np.log(3) / 2, rel=1e-5), "half of the loss of equal logits, and no 6 for the kernel"


def generalized_takes_no_logits(keras: Any) -> None:
    assert "from_logits" not in inspect.signature(keras.losses.CategoricalGeneralizedCrossEntropy).parameters


def small_model(keras: Any, optimizer: Any = "sgd", **layer: Any) -> Any:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax", **layer)])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


def smoothing(keras: Any) -> None:
    smoothed = 0.8 * ONE_HOT + 0.2 / 3
    by_hand = -(smoothed * np.log(SHARES)).sum(axis=1).mean()
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)
    assert float(loss(ONE_HOT, SHARES)) == pytest.approx(by_hand, rel=1e-5)


def generalized(keras: Any) -> None:
    loss, of_label = keras.losses.CategoricalGeneralizedCrossEntropy, SHARES[np.arange(4), LABELS]
    assert inspect.signature(loss).parameters["q"].default == 0.5
    assert float(loss(q=0.7)(LABELS, SHARES)) == pytest.approx(((1 - of_label**0.7) / 0.7).mean(), rel=1e-5)
    assert float(loss(q=1e-3)(LABELS, SHARES)) == pytest.approx(-np.log(of_label).mean(), rel=1e-2)
    assert float(loss(q=0.999)(LABELS, SHARES)) == pytest.approx((1 - of_label).mean(), rel=1e-2)
    with pytest.raises(ValueError, match="interval"):
        loss(q=1.0)


def generalized_takes_indices(keras: Any) -> None:
    """One-hot labels are not refused, but read as two indices for each row."""
    loss, shares = keras.losses.CategoricalGeneralizedCrossEntropy(), SHARES[:3]
    assert np.asarray(keras.losses.categorical_generalized_cross_entropy(np.arange(3), shares, 0.5)).shape == (3,)
    right = float(loss(np.arange(3), shares))
    try:
        assert float(loss(np.eye(3, dtype="float32"), shares)) != pytest.approx(right)
    except Exception as error:  # noqa: BLE001 - how it fails is Keras's affair
        assert str(error)


def no_class_weight_for_two_outputs(keras: Any) -> None:
    entry = keras.Input((2,))
    model = keras.Model(entry, [keras.layers.Dense(2, activation="softmax")(entry) for _ in range(2)])
    model.compile("sgd", ["sparse_categorical_crossentropy"] * 2)
    with pytest.raises(ValueError, match="single output"):
        model.fit(np.zeros((4, 2)), [np.zeros(4)] * 2, class_weight={0: 1.0, 1: 2.0}, verbose=0)


def sparse_and_one_hot(keras: Any) -> None:
    sparse = np.asarray(keras.losses.sparse_categorical_crossentropy(LABELS, SHARES))
    np.testing.assert_allclose(sparse, keras.losses.categorical_crossentropy(ONE_HOT, SHARES), rtol=1e-5)
    np.testing.assert_allclose(sparse, -np.log(SHARES[np.arange(4), LABELS]), rtol=1e-5)
    assert "label_smoothing" not in inspect.signature(keras.losses.SparseCategoricalCrossentropy).parameters


def accuracy_fits(keras: Any) -> None:
    x = GENERATOR(0).normal(size=(30, 2))
    y = (x[:, 0] > 0).astype(int)
    for labels, loss in ((y, "sparse_categorical_crossentropy"), (np.eye(2)[y], "categorical_crossentropy")):
        model = small_model(keras)
        model.compile("sgd", loss, metrics=["accuracy"])
        told = model.evaluate(x, labels, verbose=0, return_dict=True)["accuracy"]
        assert told == pytest.approx((model.predict(x, verbose=0).argmax(1) == y).mean())


def one_output(keras: Any) -> None:
    shares = np.array([[0.9], [0.2]], "float32")
    two = np.concatenate([1 - shares, shares], axis=1)
    binary = float(keras.losses.BinaryCrossentropy()(np.array([[1], [0]]), shares))
    assert binary == pytest.approx(float(keras.losses.SparseCategoricalCrossentropy()(np.array([1, 0]), two)), rel=1e-4)


def logits(keras: Any) -> None:
    values = np.array([[60.0, 0.0]], "float32")
    of_logits = float(keras.losses.SparseCategoricalCrossentropy(from_logits=True)(np.array([1]), values))
    rounded = float(keras.losses.SparseCategoricalCrossentropy()(np.array([1]), np.array([[1.0, 0.0]], "float32")))
    assert of_logits == pytest.approx(60) and rounded < 17
    entry = keras.Input((2,))
    model = keras.Model(entry, keras.layers.Softmax()(entry))
    model.compile(loss="sparse_categorical_crossentropy")
    assert model.evaluate(values, np.array([1]), verbose=0) == pytest.approx(60)


# What things are called


def public(module: Any) -> dict[str, Any]:
    names = {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}
    return {name: value for name, value in names.items() if not inspect.ismodule(value)}


NAMED = ("losses", "metrics", "activations", "optimizers", "callbacks", "regularizers", "constraints", "initializers")
TOOLS = {"get", "serialize", "deserialize"}
ABBREVIATIONS = {"KLD", "MAE", "MAPE", "MSE", "MSLE"}


def capital_letters_are_classes(keras: Any) -> None:
    import tensorflow as tf

    for place in NAMED:
        for name, value in public(getattr(tf.keras, place)).items():
            other_names = place in ("regularizers", "constraints", "initializers") and name not in TOOLS
            is_class = other_names or (name[0].isupper() and name not in ABBREVIATIONS)
            assert (inspect.isclass if is_class else inspect.isfunction)(value), (place, name)
    assert tf.keras.regularizers.l2 is tf.keras.regularizers.L2
    for place in ("optimizers", "callbacks"):
        assert {name for name in public(getattr(tf.keras, place)) if name[0].islower()} <= TOOLS
    assert all(name[0].islower() for name in public(tf.keras.activations))


def functions_give_rows_and_classes_their_mean(keras: Any) -> None:
    rows = np.asarray(keras.losses.mean_squared_error(ONE_HOT, SHARES))
    assert rows.shape == (4,)
    assert float(keras.losses.MeanSquaredError()(ONE_HOT, SHARES)) == pytest.approx(rows.mean())


def strings_mean_functions_or_classes(keras: Any) -> None:
    assert inspect.isfunction(keras.activations.get("relu")) and inspect.isfunction(keras.losses.get("mse"))
    for kind, name in (("metrics", "categorical_accuracy"), ("optimizers", "sgd"), ("regularizers", "l2")):
        assert not inspect.isfunction(getattr(keras, kind).get(name))


def shared_initializer(keras: Any) -> None:
    for start, alike in ((keras.initializers.LecunNormal(), True), ("lecun_normal", False)):
        layers = [keras.layers.Dense(4, kernel_initializer=start) for _ in range(2)]
        for layer in layers:
            layer.build((None, 3))
        assert np.allclose(layers[0].kernel, layers[1].kernel) == alike
    shared = keras.regularizers.L2(0.1)
    model = keras.Sequential([keras.Input((2,)), *(keras.layers.Dense(2, kernel_regularizer=shared) for _ in range(2))])
    expected = sum(0.1 * (np.asarray(layer.kernel) ** 2).sum() for layer in model.layers)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


def load_model_and_summary(keras: Any) -> None:
    assert callable(keras.models.load_model) and callable(keras.Model.summary)


# Early stopping


def stops(keras: Any, losses: list[float], **rule: Any) -> tuple[int | None, int]:
    """The epoch that Keras's callback stops after, and the one whose weights it has (from 1)."""
    model = small_model(keras)
    callback = keras.callbacks.EarlyStopping(**rule)
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            return epoch + 1, callback.best_epoch + 1
    return None, callback.best_epoch + 1


def early_stopping(keras: Any) -> None:
    falling = [1.0, 0.9, 0.95, 0.94, 0.93, 0.92]
    assert stops(keras, falling, patience=3) == (5, 2)
    assert stops(keras, [1.0, 0.99, 0.98, 0.97, 0.96], patience=2, min_delta=0.1)[0] == 3
    assert stops(keras, [0.1, *falling], patience=3, start_from_epoch=1) == (6, 3)
    turning = [1.0, 0.9, 0.8, 0.85]
    assert stops(keras, turning, patience=2, baseline=0.3)[0] == 4
    assert stops(keras, turning, patience=2)[0] is None


# Images

SIZE = 41
RAMP = np.tile(np.arange(SIZE, dtype="float32")[None, :, None], (SIZE, 1, 1))


def slopes(images: Any) -> Any:
    """The slope of images in their middle, downwards and to the right, shape (images, 2)."""
    middle, images = SIZE // 2, np.asarray(images)[..., 0]
    down = (images[:, middle + 3, middle] - images[:, middle - 3, middle]) / 6
    return np.stack([down, (images[:, middle, middle + 3] - images[:, middle, middle - 3]) / 6], axis=1)


def changed_ramps(technique: Technique, count: int = 400) -> Any:
    from training.worker.build import make, set_generator

    (call,) = technique.augmentation((SIZE, SIZE, 1)).values()
    layer = make(call)
    set_generator(layer.generator, 1)
    return np.asarray(layer(np.tile(RAMP[None], (count, 1, 1, 1)), training=True))


OFF = {"translation": 0.0, "rotation": 0.0, "zoom": 0.0}


def augmentation(keras: Any) -> None:
    moved = changed_ramps(Augmentation(**OFF | {"translation": 0.2}))[:, SIZE // 2, SIZE // 2, 0] - SIZE // 2
    assert -0.2 * SIZE <= moved.min() < -0.17 * SIZE and 0.17 * SIZE < moved.max() <= 0.2 * SIZE
    down, right = slopes(changed_ramps(Augmentation(**OFF | {"rotation": 0.1}))).T
    turned = np.arctan2(down, right) / (2 * np.pi)
    assert turned.min() == pytest.approx(-0.1, abs=0.01) and turned.max() == pytest.approx(0.1, abs=0.01)
    zoomed = slopes(changed_ramps(Augmentation(**OFF | {"zoom": 0.2})))[:, 1]
    assert zoomed.min() == pytest.approx(0.8, abs=0.02) and zoomed.max() == pytest.approx(1.2, abs=0.02)
    contrast = slopes(changed_ramps(Augmentation(**OFF | {"contrast": 0.5})))[:, 1]
    assert contrast.min() == pytest.approx(0.5, abs=0.03) and contrast.max() == pytest.approx(1.5, abs=0.03)


def rand_augment(keras: Any) -> None:
    layer = keras.layers.RandAugment((0, 1))
    assert layer.factor == (0, 0.5) and len(layer._AUGMENT_LAYERS) == 11
    told = {
        "shear": "shearing", "translation": "shifting", "rotation": "turning", "brightness": "brightness",
        "color": "colour", "contrast": "contrast", "sharpness": "sharpness", "posterization": "posterizing",
        "solarization": "solarizing", "auto_contrast": "automatic contrast", "equalization": "equalizing",
    }  # fmt: skip
    for name, word in told.items():
        assert any(name in operation for operation in layer._AUGMENT_LAYERS) and word in texts()["rand_augment"]


def rand_augment_turns_one_way(keras: Any) -> None:
    layer = keras.layers.RandAugment((0, 1), factor=0.1, seed=1)
    images = np.tile(RAMP[None], (300, 1, 1, 1))
    drawn = layer.random_rotation.get_random_transformation(images, training=True, seed=layer.generator)
    down, right = slopes(layer.random_rotation.transform_images(keras.ops.convert_to_tensor(images), drawn)).T
    turned = np.arctan2(down, right) / (2 * np.pi)
    assert turned.min() == pytest.approx(-0.1, abs=0.01) and turned.max() == pytest.approx(0, abs=0.01)
    drawn = layer.random_translation.get_random_transformation(images, training=True, seed=layer.generator)
    shifted = np.asarray(layer.random_translation.transform_images(keras.ops.convert_to_tensor(images), drawn))
    by = SIZE // 2 - shifted[:, SIZE // 2, SIZE // 2, 0]
    assert by.max() == pytest.approx(0.1 * SIZE, abs=0.2)


def rand_augment_draws_once(keras: Any) -> None:
    """Grey images that the operation for colours is drawn for all stay as they are, or none does."""
    images = GENERATOR(0).random((32, 8, 8, 1)).astype("float32")
    layer = keras.layers.RandAugment((0, 1), num_ops=1, factor=0.5, seed=1)
    same = [np.isclose(layer(images, training=True), images, atol=1e-6).all((1, 2, 3)).mean() for _ in range(60)]
    assert sum(share == 1 for share in same) >= 2 and all(share == 1 or share < 0.5 for share in same)


def small_factors_are_not_mild(keras: Any) -> None:
    pixels = np.linspace(0, 1, 64, dtype="float32").reshape(1, 8, 8, 1)
    images = keras.ops.convert_to_tensor(np.tile(pixels, (200, 1, 1, 1)))
    for factor, levels in ((0.05, 2), (0.3, 2), (0.37, 2), (0.5, 8)):
        layer = keras.layers.RandAugment((0, 1), factor=factor, seed=1)
        drawn = layer.random_posterization.get_random_transformation(images, training=True, seed=layer.generator)
        assert len(np.unique(layer.random_posterization.transform_images(images, drawn)[0])) <= levels
    layer = keras.layers.RandAugment((0, 1), factor=0.05, seed=1)
    drawn = layer.solarization.get_random_transformation(images, training=True, seed=layer.generator)
    changed = np.asarray(layer.solarization.transform_images(images, drawn))
    falls = np.diff(changed.reshape(200, 64), axis=1) < 0
    assert falls.mean() > 0.9, "lighter pixels come out darker"


def mixed(layer: Any, classes: int = 3) -> Any:
    """What becomes of rows that are their labels: pixels and labels, shape (rows, classes) each."""
    rows = np.eye(classes, dtype="float32")[np.arange(600) % classes]
    out = layer({"images": rows[:, None, None, :], "labels": rows}, training=True)
    return np.asarray(out["images"])[:, 0, 0], np.asarray(out["labels"])


def mixup(keras: Any) -> None:
    pixels, labels = mixed(keras.layers.MixUp(alpha=1.0, seed=1))
    np.testing.assert_allclose(pixels, labels, atol=1e-6)
    larger = labels.max(1)[labels.max(1) < 0.999]
    assert larger.mean() == pytest.approx(0.75, abs=0.04), "Beta(1, 1) is uniform"
    _, labels = mixed(keras.layers.MixUp(alpha=0.05, seed=1))
    assert (labels.max(1) > 0.9).mean() > 0.85


def cutmix(keras: Any) -> None:
    images = np.tile(np.eye(2, dtype="float32")[np.arange(400) % 2][:, None, None, 1:], (1, 8, 8, 1))
    out = keras.layers.CutMix(factor=(1.0, 1.0), seed=1)({"images": images, "labels": np.eye(2)[np.arange(400) % 2]})
    difference = np.asarray(out["images"]).mean((1, 2, 3)) - np.asarray(out["labels"])[:, 1]
    assert 0 < np.abs(difference).mean() < 0.06, "the area drawn is not the share of the pixels"


# Residual nets


def gradient_in_the_first_layer(plan: Any) -> float:
    import tensorflow as tf

    from training.worker.build import build, reset_weights

    split, model = make_split(Digits(train_size=300), Digits().load(), 0), build(plan)
    reset_weights(model, plan, 0)
    kernel = next(layer.kernel for layer in model.layers if hasattr(layer, "kernel"))
    import keras

    with tf.GradientTape() as tape:
        shares = model(split.x_train, training=True)
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(split.y_train, shares))
    return float(tf.norm(tape.gradient(loss, kernel.value)))


DEEP: dict[str, tuple[Any, list[Technique]]] = {
    "plain, swish": (MLP(widths=(64,) * 99), []),
    "plain, relu": (MLP(widths=(64,) * 99, activation="relu"), []),
    "plain, tanh": (MLP(widths=(64,) * 99, activation="tanh"), []),
    "plain, selu with lecun_normal": (MLP(widths=(64,) * 99, activation="selu"), []),
    "plain, swish, batch normalization": (MLP(widths=(64,) * 99), [BatchNormalization()]),
    "residual, swish, no normalization": (ResNetMLP(blocks=49, normalization="none"), []),
    "residual, swish, batch normalization": (ResNetMLP(blocks=49), []),
}


@pytest.mark.parametrize("name", DEEP)
def test_what_a_hundred_layers_do_to_a_gradient(name: str) -> None:
    net, further = DEEP[name]
    told = dict(learn_text.DEEP_ROWS)[name].split(":")[0].replace(",", "")
    plan = make_plan(net, further, input_shape=(8, 8, 1), classes=10)
    assert sum(layer.call.path == "layers.Dense" for layer in plan.layers) == 100
    length = gradient_in_the_first_layer(plan)
    assert length == 0 if told == "0" else abs(np.log10(length / float(told))) < 0.6


@pytest.mark.parametrize("activation", ["relu", "swish"])
def test_little_of_a_gradient_arrives_after_dozens_of_layers(activation: Any) -> None:
    assert "with relu or swish little of either arrives after some dozens of layers" in texts()["learn"]
    lengths = [
        gradient_in_the_first_layer(
            make_plan(MLP(widths=(64,) * depth, activation=activation), [], input_shape=(8, 8, 1), classes=10)
        )
        for depth in (2, 30)
    ]
    assert lengths[1] < 1e-3 * lengths[0]


def test_every_row_on_deep_nets_is_computed() -> None:
    assert [name for name, _ in learn_text.DEEP_ROWS] == list(DEEP)


def test_the_residual_net_in_the_text_is_ours() -> None:
    import tensorflow as tf

    from tests.keras.test_network_source import configuration
    from training.worker.build import build

    namespace: dict[str, Any] = {"tf": tf}
    exec(learn_text.RESIDUAL_CODE, namespace)
    plan = make_plan(ResNetMLP(width=64, blocks=50), [], input_shape=(64,), classes=10)
    assert configuration(namespace["model"]) == configuration(build(plan))
    assert sum(layer.call.path == "layers.Dense" for layer in plan.layers) == 102


FACTS: tuple[tuple[str, str, Check], ...] = (
    ("dropout", "for each row anew, a random share of the units is switched off and the others are scaled up", dropout),
    ("dropout", "In evaluation nothing is dropped", nothing_in_evaluation),
    ("spatial_dropout", "switches off whole feature maps", whole_maps),
    ("spatial_dropout", "In evaluation all maps are there again", nothing_in_evaluation),
    ("gaussian_noise", "Random numbers of mean zero are added", gaussian_noise),
    ("gaussian_noise", "In evaluation the noise is off", nothing_in_evaluation),
    ("gaussian_dropout", "With the variance p / (1 - p)", gaussian_dropout),
    ("gaussian_dropout", "In evaluation nothing is multiplied", nothing_in_evaluation),
    ("alpha_dropout", "keep mean 0 and variance 1 from layer to layer", self_normalizing),
    ("alpha_dropout", "the value that selu gives to very negative inputs, about −1.76", selus_lowest_value),
    ("alpha_dropout", "In evaluation nothing is dropped", nothing_in_evaluation),
    ("batch_normalization", "Keras's 0.99 lags", batch_normalization),
    ("batch_normalization", "on images every feature map, over its pixels, too", batch_normalization),
    ("batch_normalization", "In evaluation moving averages of mean and variance stand in", batch_normalization),
    ("layer_normalization", "in images Keras does so for every pixel, over its channels", over_the_channels_of_a_pixel),
    ("group_normalization", "Keras's layer normalization takes each pixel", over_the_channels_of_a_pixel),
    ("l1", r"\lambda \sum_i |w_i|", penalties),
    ("l2", r"\lambda \sum_i w_i^2", penalties),
    ("l1_l2", r"\lambda_1 \sum_i |w_i| + \lambda_2 \sum_i w_i^2", penalties),
    ("max_norm", "an arrow longer than c is shortened to length c", max_norm),
    ("weight_decay", "first makes all weights smaller by the same small share, and then follows", decay_comes_first),
    ("weight_decay", "with Adam this is AdamW", decay_comes_first),
    ("weight_decay", "in Keras the share ηλ", default_decay_is_small),
    ("weight_decay", "Keras multiplies the strength by the learning rate", default_decay_is_small),
    ("weight_decay", "takes 1e-5 of the weights in a step, 1% in a run of a thousand", default_decay_is_small),
    ("weight_decay", "biases included (as Keras's optimizers do)", decay_takes_biases_along),
    ("label_smoothing", "takes a share of the 1 and spreads it evenly over all classes", smoothing),
    ("generalized_cross_entropy", "Keras's is 0.5", generalized),
    ("generalized_cross_entropy", "Towards q = 0 it is cross-entropy, at q = 1 it would be", generalized),
    ("gradient_clipping", "where it is longer than c it is scaled down to length c", clipping),
    ("gradient_clipping", "Adam divides by the size of recent gradients", adams_steps_are_bounded),
    ("ema", "in the exponential form of Keras's optimizers", moving_average),
    ("ema", "while training itself goes on from the newest weights", moving_average),
    ("reduce_lr_on_plateau", "by more than 0.0001 (Keras's `min_delta`)", plateau),
    ("reduce_lr_on_plateau", "Keras's callback `ReduceLROnPlateau`", plateau),
    ("cosine_decay", "the rate rises in a straight line from 0", schedule),
    ("cosine_decay", "then it falls along half a cosine", schedule),
    ("sam", "Keras has no such class any more", no_class_for_sharpness),
    ("distillation", "Both terms weigh one half, as in Keras's `Distiller`", distiller),
    ("distillation", "Keras 3.15 applies its default, the string, to the logits themselves", distiller),
    ("distillation", "the soft half is multiplied by T², since its gradients shrink by 1/T²", soft_gradients_shrink),
    ("augmentation", "up to this share of height and width", augmentation),
    ("augmentation", "up to this share of a whole turn, both ways", augmentation),
    ("augmentation", "in and out by up to this share", augmentation),
    ("augmentation", "more or less by this share", augmentation),
    ("rand_augment", "Keras draws from shearing, shifting", rand_augment),
    ("rand_augment", "Keras's default factor 0.5 turns images by up to half a turn", rand_augment),
    ("rand_augment", "0.1 shifts by a tenth of the side, turns by a tenth", rand_augment_turns_one_way),
    ("rand_augment", "draws the operations once for all images of a call", rand_augment_draws_once),
    ("rand_augment", "up to 0.3 posterizing leaves one bit of a pixel", small_factors_are_not_mild),
    ("rand_augment", "near 0 solarizing inverts nearly all of them", small_factors_are_not_mild),
    ("mixup", "averaged with a random weight, and their labels with the same weight", mixup),
    ("mixup", "With a small α most mixtures are nearly one of the two rows; with α = 1 any weight", mixup),
    ("cutmix", "as it was drawn, before it covers whole pixels (Keras;", cutmix),
    ("early_stopping", "rule and parameters are Keras's", early_stopping),
    ("early_stopping", "an improvement smaller than `min_delta` does not count", early_stopping),
    ("early_stopping", "stops when it has waited `patience` epochs for a better one", early_stopping),
    ("early_stopping", "Waiting restarts only below this", early_stopping),
    ("early_stopping", "Number of epochs ignored at the start", early_stopping),
    ("refusals", "Keras weighs classes for one output alone", no_class_weight_for_two_outputs),
    ("refusals", "Keras's loss takes class indices, no shares", generalized_takes_indices),
    ("refusals", "Keras's Distiller weighs no rows", distiller_weighs_no_rows),
    ("refusals", "Keras's Distiller works on logits, and that loss takes none", generalized_takes_no_logits),
    ("refusals", "one rule for the learning rate", a_schedule_and_a_plateau_exclude_each_other),
    ("architectures", "Keras 3.15 starts layers of one shape alike where they share an", shared_initializer),
    ("learn", "both compute minus the logarithm of the probability", sparse_and_one_hot),
    ("learn", "label smoothing, mixup and CutMix need them", sparse_and_one_hot),
    ("learn", "`CategoricalGeneralizedCrossEntropy` is the exception and takes", generalized_takes_indices),
    ("learn", "lets Keras pick the one that fits", accuracy_fits),
    ("learn", 'one output with a sigmoid, labels 0 and 1, and `"binary_crossentropy"`', one_output),
    ("learn", "After a softmax layer Keras on TensorFlow takes the logits before it by itself", logits),
    ("learn", "Keras takes most things in three ways", capital_letters_are_classes),
    ("learn", "For activations and losses the string means the function", strings_mean_functions_or_classes),
    ("learn", "In Keras's names `Sparse` tells which labels are meant", sparse_and_one_hot),
    ("learn", "A name that begins with a **capital letter** is a class", capital_letters_are_classes),
    ("learn", "abbreviations as `tf.keras.losses.MSE`, which are functions", capital_letters_are_classes),
    ("learn", "`tf.keras.regularizers.l2` is a second name of the class `L2`", capital_letters_are_classes),
    ("learn", "Optimizers and callbacks have no functions that stand for them", capital_letters_are_classes),
    ("learn", "A loss as a function gives a number for each row, the class their mean",
     functions_give_rows_and_classes_their_mean),
    ("learn", "from one object, layers of one shape start with the same weights", shared_initializer),
    ("distilling", "the string would be applied to the logits themselves (Keras 3.15)", distiller),
    ("distilling", "Keras's leaves penalties out", distiller_leaves_penalties_out),
    ("distilling", "logits, as Keras's Distiller wants them", distiller),
    ("scripts", "tf.keras.activations has functions alone", capital_letters_are_classes),
    ("scripts", "Keras has no functions that stand for {kind}", capital_letters_are_classes),
    ("pages", "`keras.models.load_model(file)` gives the model", load_model_and_summary),
    ("pages", "Keras's summary()", load_model_and_summary),
)  # fmt: skip

NO_FACT = (
    "how to write it in Keras", "the Keras line", "what Keras calls things", "as a Keras script", "Patience (Keras)",
    "Keras's rule goes into the form", "Keras's optimizer.", "computed with Keras", "Keras's random initial weights",
)  # fmt: skip
"""Where Keras is named and nothing is said of it, or tests/keras/test_technique_facts.py computes what is said."""


@pytest.mark.parametrize(("place", "piece"), [(place, piece) for place, piece, _ in FACTS])
def test_the_sentence_is_still_there(place: str, piece: str) -> None:
    assert piece in texts()[place]


@pytest.mark.parametrize("check", dict.fromkeys(check for _, _, check in FACTS), ids=lambda check: check.__name__)
def test_keras_does_so(keras: Any, check: Check) -> None:
    check(keras)


@pytest.mark.parametrize("place", sorted(set(TECHNIQUES) | {"learn", "pages", "scripts"}))
def test_every_sentence_that_names_keras_is_computed(place: str) -> None:
    known = [piece for of, piece, _ in FACTS if of == place] + list(NO_FACT)
    sentences = re.split(r"(?<=[.:;!?]) (?=[A-Z*`A-Z])", texts()[place])
    named = [s for s in sentences if re.search(r"\bKeras\b", s)]
    assert [s for s in named if not any(piece in s or s in piece for piece in known)] == []
