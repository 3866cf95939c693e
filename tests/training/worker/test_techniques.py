"""Every technique does what it says: facts from its formula, from NumPy or from the real Keras class."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.early_stopping import StoppingRule
from analysis.shown_weights import cosine_decay
from datasets.registry import Digits, Wine
from datasets.split import Split, make_split
from experiment.spec import ExperimentError, parse_experiment
from models.architectures import MLP, Architecture, ResNetConv, ResNetMLP, make_plan
from models.plan import Plan
from models.techniques import (
    L2,
    TECHNIQUES,
    AlphaDropout,
    Augmentation,
    BatchNormalization,
    ClassWeight,
    CosineDecay,
    CutMix,
    Dropout,
    EarlyStopping,
    Ensemble,
    GaussianDropout,
    GaussianNoise,
    GeneralizedCrossEntropy,
    GradientClipping,
    LabelSmoothing,
    MaxNorm,
    Mixup,
    MovingAverage,
    RandAugment,
    ReduceLearningRateOnPlateau,
    SharpnessAwareMinimization,
    SpatialDropout,
    StochasticDepth,
    Technique,
)
from results.records import EpochRecord

if TYPE_CHECKING:
    from training.worker.engine import Engine, Outcome

pytestmark = [
    pytest.mark.usefixtures("keras"),
    # Keras 3.15's own conversion of a learning rate under NumPy 2.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

NET = MLP(widths=(8,))
CONV = ResNetConv(filters=4, stages=2)
Float = NDArray[np.float32]


@cache
def split_of(name: str, seed: int = 0) -> Split:
    dataset = Wine() if name == "wine" else Digits(train_size=60)
    return make_split(dataset, dataset.load(), seed)


def plan_of(
    architecture: Architecture, *techniques: Technique, data: str = "wine", optimizer: str = "adam", rate: float = 0.01
) -> Plan:
    split = split_of(data)
    return make_plan(
        architecture,
        techniques,
        input_shape=split.x_train.shape[1:],
        classes=int(split.y_train.max()) + 1,
        optimizer=optimizer,
        learning_rate=rate,
    )


def train(
    plan: Plan, epochs: int, *, seed: int = 0, data: str = "wine", callbacks: Sequence[Any] = (), batch_size: int = 16
) -> "tuple[Engine, list[EpochRecord], Outcome]":
    from training.worker.engine import Engine

    split = split_of(data, seed)
    records: list[EpochRecord] = []
    engine = Engine(plan, (len(split.y_train), len(split.y_validation), len(split.y_test)), batch_size, xla=False)
    outcome = engine.train(split, seed=seed, epochs=epochs, on_epoch=records.append, callbacks=callbacks)
    return engine, records, outcome


def layer_in_training(technique: Technique, x: Float) -> Float:
    """What the technique's noise layer makes of `x` while training, divided by `x`."""
    from training.worker.build import make

    return np.asarray(make(technique.noise())(x, training=True), np.float32) / x


@pytest.mark.parametrize(
    "technique",
    [
        Dropout(rate=0.4),
        SpatialDropout(rate=0.4),
        GaussianNoise(stddev=0.5),
        GaussianDropout(rate=0.4),
        AlphaDropout(rate=0.4),
    ],
)
def test_noise_is_off_in_evaluation(technique: Technique) -> None:
    from training.worker.build import make

    x = np.ones((5, 4, 4, 3), np.float32)
    assert (np.asarray(make(technique.noise())(x, training=False)) == x).all()


def test_dropout_drops_its_share_and_scales_the_rest() -> None:
    factors = layer_in_training(Dropout(rate=0.4), np.ones((200, 100), np.float32))
    assert np.unique(factors) == pytest.approx([0, 1 / 0.6])
    assert (factors == 0).mean() == pytest.approx(0.4, abs=0.02)


def test_spatial_dropout_drops_whole_feature_maps() -> None:
    factors = layer_in_training(SpatialDropout(rate=0.4), np.ones((100, 3, 3, 40), np.float32))
    assert (factors == factors[:, :1, :1]).all(), "all pixels of a map share one fate"
    assert (factors[:, 0, 0] == 0).mean() == pytest.approx(0.4, abs=0.03)


def test_gaussian_noise_and_dropout_have_their_deviations() -> None:
    added = layer_in_training(GaussianNoise(stddev=0.5), np.ones((300, 300), np.float32)) - 1
    assert (added.mean(), added.std()) == pytest.approx((0, 0.5), abs=0.01)
    factors = layer_in_training(GaussianDropout(rate=0.2), np.ones((300, 300), np.float32))
    assert (factors.mean(), factors.var()) == pytest.approx((1, 0.2 / 0.8), abs=0.01)


SELU_NET = MLP(widths=(64,) * 6, activation="selu")


def refusal(**parts: Any) -> str:
    with pytest.raises(ExperimentError) as caught:
        parse_experiment(json.dumps(parts))
    return str(caught.value)


def test_alpha_dropout_keeps_mean_and_variance_through_a_deep_net_and_dropout_does_not(keras: Any) -> None:
    """What the paper calls self-normalizing; LeCun's initial weights belong to it."""
    from training.worker.build import build, make, reset_weights

    x = np.random.default_rng(0).normal(size=(4000, 64)).astype(np.float32)
    moments = []
    for technique in (AlphaDropout(rate=0.1), Dropout(rate=0.1)):
        plan = make_plan(MLP(widths=(256,) * 6, activation="selu"), [technique], input_shape=(64,), classes=3)
        model = build(plan)
        reset_weights(model, plan, 0)
        outputs = np.asarray(keras.Model(model.input, model.get_layer(f"{technique.name}_6").output)(x, training=True))
        moments.append((outputs.mean(), outputs.var()))
    (mean, variance), (_, by_dropout) = moments
    assert (mean, variance) == (pytest.approx(0, abs=0.1), pytest.approx(1, abs=0.15))
    assert abs(by_dropout - 1) > 2 * abs(variance - 1)
    dropped = np.asarray(make(AlphaDropout(rate=0.4).noise())(np.zeros((500, 100), np.float32), training=True))
    values = np.unique(dropped)
    assert len(values) == 2 and (dropped == values[0]).mean() == pytest.approx(0.4, abs=0.02)
    assert (values[0] - values[1]) * np.sqrt(0.6 * (1 + 0.4 * 1.7580993**2)) == pytest.approx(-1.7580993, rel=1e-4)


def test_alpha_dropout_needs_a_plain_net_with_selu() -> None:
    variants = [{"name": "v", "techniques": [{"name": "alpha_dropout"}]}]
    assert 'allowed: the activation "selu"' in refusal(variants=variants)
    residual = {"name": "resnet_mlp", "activation": "selu"}
    assert "a shortcut adds to them" in refusal(architecture=residual, variants=variants)
    plan = plan_of(SELU_NET, AlphaDropout())
    kernels = [layer.call for layer in plan.layers if layer.call.path == "layers.Dense"]
    assert {call.get("kernel_initializer") for call in kernels} == {"lecun_normal"}
    assert not any(layer.call.get("kernel_initializer") for layer in plan_of(NET).layers)


def test_selus_initial_weights_have_their_variance_and_those_of_one_shape_differ() -> None:
    from training.worker.build import build, reset_weights

    plan = plan_of(SELU_NET)
    model = build(plan)
    reset_weights(model, plan, 0)
    kernels = [model.get_layer(f"dense_{place}").kernel.numpy() for place in (2, 3)]
    assert kernels[0].var() == pytest.approx(1 / 64, rel=0.1)
    assert not (kernels[0] == kernels[1]).any()


@pytest.mark.parametrize("name", ["layer_normalization", "group_normalization"])
def test_layer_and_group_normalization_standardize_each_row(name: str) -> None:
    from training.worker.build import make

    technique = TECHNIQUES[name].model_validate({"groups": 2} if name == "group_normalization" else {})
    x = np.random.default_rng(0).normal(3, 5, (50, 64)).astype(np.float32)
    groups = np.asarray(make(technique.normalization())(x)).reshape(50, -1, 32 if "group" in name else 64)
    assert groups.mean(axis=2) == pytest.approx(0, abs=1e-3)
    assert groups.std(axis=2) == pytest.approx(1, abs=1e-2)


def test_max_norm_holds_every_kernels_columns() -> None:
    for net, data, axes in ((NET, "wine", (0,)), (CONV, "digits", (0, 1, 2))):
        engine, _, _ = train(plan_of(net, MaxNorm(max_value=0.3), data=data, rate=0.1), 3, data=data)
        kernels = [layer.kernel.numpy() for layer in engine.model.layers if hasattr(layer, "kernel")]
        for kernel in kernels:
            norms = np.sqrt((kernel**2).sum(axis=axes if kernel.ndim == 4 else 0))
            assert norms.max() < 0.3 + 1e-5
        assert any(np.sqrt((k**2).sum(axis=tuple(range(k.ndim - 1)))).max() > 0.29 for k in kernels)


def test_gradient_clipping_bounds_the_length_of_a_step_of_each_member() -> None:
    techniques = [GradientClipping(global_clipnorm=0.01)]
    for extra in ([], [Ensemble(members=2)]):
        plan = plan_of(NET, *techniques, *extra, optimizer="sgd", rate=1.0)
        engine, _, _ = train(plan, 1, batch_size=1000)
        engine.reset(0)
        start = engine._state["weights"].numpy()
        engine, _, _ = train(plan, 1, batch_size=1000)
        lengths = np.linalg.norm(engine._state["weights"].numpy() - start, axis=1)
        assert lengths == pytest.approx(0.01, rel=1e-3), "the gradient is longer than that at the start"


def test_label_smoothing_leaves_the_clean_loss_unsmoothed() -> None:
    plan = plan_of(NET, LabelSmoothing(label_smoothing=0.3), optimizer="sgd", rate=1e-6)
    _, (smoothed,), _ = train(plan, 1)
    _, (plain,), _ = train(plan_of(NET, optimizer="sgd", rate=1e-6), 1)
    assert smoothed.train_loss == pytest.approx(plain.train_loss, rel=1e-4)
    assert plain.objective == pytest.approx(plain.train_loss, rel=1e-4)
    # (1 - s) H(y, p) + s mean over classes of -log p: another number than the clean loss.
    assert smoothed.objective != pytest.approx(smoothed.train_loss, rel=0.01)


@pytest.mark.parametrize("q", [0.3, 0.7])
def test_generalized_cross_entropy_is_keras_own_and_curves_stay_cross_entropy(keras: Any, q: float) -> None:
    from training.worker.build import build

    split, rows = split_of("wine"), len(split_of("wine").y_train)
    plan = plan_of(NET, GeneralizedCrossEntropy(q=q), optimizer="sgd", rate=0.5)
    engine, records, _ = train(plan, 3, batch_size=rows)  # one batch: the order of rows does not matter
    engine.reset(0)
    twin = build(plan)  # not cloned: the engine's loss takes logits
    twin.set_weights(engine.model.get_weights())
    twin.compile(
        optimizer=keras.optimizers.SGD(0.5),
        loss=keras.losses.CategoricalGeneralizedCrossEntropy(q=q),
        metrics=[keras.metrics.SparseCategoricalCrossentropy(name="clean")],
    )
    before = twin.predict(split.x_train, verbose=0)[np.arange(rows), split.y_train]
    told = twin.fit(
        split.x_train,
        split.y_train,
        rows,
        epochs=3,
        validation_data=(split.x_validation, split.y_validation),
        shuffle=False,
        verbose=0,
    ).history
    assert [record.objective for record in records] == pytest.approx(told["loss"], rel=1e-5)
    assert records[0].objective == pytest.approx(float(np.mean((1 - before**q) / q)), rel=1e-5)
    assert [record.val_loss for record in records] == pytest.approx(told["val_clean"], rel=1e-5)


def test_generalized_cross_entropy_learns_fewer_wrong_labels_by_heart() -> None:
    from training.worker.engine import Engine

    dataset = Digits(train_size=300, label_noise=0.3)
    split = make_split(dataset, dataset.load(), 0)
    ends = []
    for techniques in ((), (GeneralizedCrossEntropy(),)):
        plan = make_plan(MLP(widths=(64,)), techniques, input_shape=(8, 8, 1), classes=10, learning_rate=0.01)
        records: list[EpochRecord] = []
        rows = len(split.y_train), len(split.y_validation), len(split.y_test)
        Engine(plan, rows, 32, xla=False).train(split, seed=0, epochs=30, on_epoch=records.append)
        ends.append(records[-1])
    plain, robust = ends
    assert robust.val_accuracy > plain.val_accuracy + 0.05
    assert robust.series and plain.series
    assert robust.series["train_loss_changed"] > 3 * plain.series["train_loss_changed"]


@pytest.mark.parametrize("other", ["label_smoothing", "mixup", "cutmix"])
def test_generalized_cross_entropy_takes_no_shares_of_classes(other: str) -> None:
    techniques = [{"name": "generalized_cross_entropy"}, {"name": other}]
    told = refusal(variants=[{"name": "v", "techniques": techniques}])
    assert f"generalized_cross_entropy beside {other} is refused" in told


def imbalanced() -> Split:
    """Wine with few rows of the third class."""
    split = split_of("wine")
    kept = np.flatnonzero((split.y_train != 2) | (np.arange(len(split.y_train)) % 6 == 0))
    return replace(split, x_train=split.x_train[kept], y_train=split.y_train[kept], noisy=split.noisy[kept])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("power", [1.0, 0.5])
def test_class_weights_are_keras_own(keras: Any, smoothing: float, power: float) -> None:
    from training.worker.engine import Engine

    split = imbalanced()
    rows = (len(split.y_train), len(split.y_validation), len(split.y_test))
    others = (LabelSmoothing(label_smoothing=smoothing),) if smoothing else ()
    plan = plan_of(NET, ClassWeight(power=power), *others, optimizer="sgd", rate=0.1)
    engine = Engine(plan, rows, rows[0], xla=False)  # one batch: the order of rows does not matter
    engine.reset(0)
    counts = np.bincount(split.y_train)
    weights = dict(enumerate((len(split.y_train) / (3 * counts)) ** power))
    twin = keras.models.clone_model(engine.model)
    twin.set_weights(engine.model.get_weights())
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    twin.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss)
    labels = keras.utils.to_categorical(split.y_train, 3)
    history = twin.fit(
        split.x_train, labels, batch_size=rows[0], epochs=3, class_weight=weights, shuffle=False, verbose=0
    )
    records: list[EpochRecord] = []
    engine.train(split, seed=0, epochs=3, on_epoch=records.append)
    assert [record.objective for record in records] == pytest.approx(history.history["loss"], rel=1e-5)
    assert records[0].train_loss != pytest.approx(records[1].objective, rel=1e-3), "curves are unweighted"


def test_class_weights_of_power_0_and_of_balanced_classes_change_nothing() -> None:
    plain, none = (train(plan_of(NET, *t), 2)[1] for t in ((), (ClassWeight(power=0.0),)))
    assert [r.val_loss for r in none] == pytest.approx([r.val_loss for r in plain], rel=1e-6)


def test_class_weights_are_refused_where_rows_are_mixed_and_for_ensembles() -> None:
    for other in ("mixup", "cutmix", "ensemble"):
        techniques = f'[{{"name": "class_weight"}}, {{"name": "{other}"}}]'
        text = f'{{"variants": [{{"name": "v", "techniques": {techniques}}}]}}'
        with pytest.raises(ExperimentError, match=f"class_weight beside {other} is refused"):
            parse_experiment(text)


def test_early_stopping_can_watch_balanced_accuracy() -> None:
    rule = EarlyStopping(monitor="val_balanced_accuracy", patience=3)
    _, records, outcome = train(plan_of(NET, rule, rate=0.001), 60)
    curve = np.array([(record.series or {})["val_balanced_accuracy"] for record in records])
    replayed = StoppingRule("val_balanced_accuracy", patience=3).apply({"val_balanced_accuracy": curve})
    assert outcome.ended_by == "early_stopping"
    assert (replayed.stop_epoch, replayed.best_epoch) == (len(records), outcome.final_epoch)


def test_divergence_in_the_epoch_of_the_stop_hands_over_the_best_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    from training.worker.engine import DivergedError, Engine

    told = Engine._record

    def diverge(engine: "Engine", epoch: int, *rest: Any) -> EpochRecord:
        record = told(engine, epoch, *rest)
        return replace(record, val_loss=float("nan"), objective=float("nan")) if epoch == 3 else record

    monkeypatch.setattr(Engine, "_record", diverge)
    _, records, outcome = train(plan_of(NET, EarlyStopping(patience=1)), 9)
    assert (len(records), outcome.ended_by, outcome.final_epoch) == (3, "early_stopping", 2)
    for others in ((), (EarlyStopping(patience=1, restore_best_weights=False),), (EarlyStopping(patience=2),)):
        with pytest.raises(DivergedError):
            train(plan_of(NET, *others), 9)


@pytest.mark.parametrize(("rate", "patience"), [(1e8, 1), (1e5, 2)])
def test_divergence_in_the_epoch_of_the_stop_ends_as_in_keras(keras: Any, rate: float, patience: int) -> None:
    from training.worker.engine import DivergedError

    net, split = MLP(widths=(8, 8)), split_of("wine")
    rows = len(split.y_train)  # one batch: the order of rows does not matter
    plan = plan_of(net, EarlyStopping(patience=patience), optimizer="sgd", rate=rate)
    engine, records, outcome = train(plan, 9, batch_size=rows)
    assert np.isnan([record.val_loss for record in records]).tolist() == [False] * patience + [True]
    handed_over = engine.model.get_weights()
    engine.reset(0)
    twin = keras.models.clone_model(engine.model)
    twin.set_weights(engine.model.get_weights())
    twin.compile(optimizer=keras.optimizers.SGD(rate), loss="sparse_categorical_crossentropy")
    stop = keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
    held_out = (split.x_validation, split.y_validation)
    told = twin.fit(
        split.x_train,
        split.y_train,
        rows,
        epochs=9,
        validation_data=held_out,
        callbacks=[stop],
        shuffle=False,
        verbose=0,
    ).history["val_loss"]
    assert (len(told), stop.best_epoch + 1) == (len(records), outcome.final_epoch)
    assert outcome.ended_by == "early_stopping"
    for ours, theirs in zip(handed_over, twin.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3)
    with pytest.raises(DivergedError):
        train(plan_of(net, EarlyStopping(patience=patience + 1), optimizer="sgd", rate=rate), 9, batch_size=rows)


def test_the_moving_average_is_what_is_evaluated_and_handed_over() -> None:
    slow, _, _ = train(plan_of(NET, MovingAverage(momentum=0.9)), 4)
    split = split_of("wine")
    _, records, _ = train(plan_of(NET, MovingAverage(momentum=0.9)), 4)
    assert slow.evaluate(split.x_validation, split.y_validation)[0] == pytest.approx(records[-1].val_loss, rel=1e-5)
    # With momentum 0 the average is the newest weights themselves; a slow one lags behind them.
    _, newest, _ = train(plan_of(NET, MovingAverage(momentum=0.0)), 4)
    _, plain, _ = train(plan_of(NET), 4)
    assert [r.val_loss for r in newest] == pytest.approx([r.val_loss for r in plain], rel=1e-5)
    assert records[0].val_loss > plain[0].val_loss
    # Training itself does not notice: the objective is that of the newest weights.
    assert [r.objective for r in records] == pytest.approx([r.objective for r in plain], rel=1e-6)


def test_the_learning_rate_is_cut_where_kerass_own_callback_cuts_it(keras: Any) -> None:
    technique = ReduceLearningRateOnPlateau(factor=0.5, patience=2, min_lr=0.003)
    _, records, _ = train(plan_of(NET, technique, rate=0.3), 30)
    twin = keras.Sequential([keras.layers.Dense(1)])
    twin.compile(keras.optimizers.SGD(0.3))
    callback = keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=2, min_lr=0.003)
    callback.set_model(twin)
    callback.on_train_begin()
    for epoch, record in enumerate(records):
        assert record.learning_rate == pytest.approx(float(twin.optimizer.learning_rate.numpy()))
        callback.on_epoch_end(epoch, {"val_loss": record.val_loss})
    assert records[-1].learning_rate < 0.3


def scheduled(technique: CosineDecay, optimizer: str, epochs: int, batch_size: int = 16) -> Plan:
    split = split_of("wine")
    return make_plan(
        NET,
        [technique],
        input_shape=split.x_train.shape[1:],
        classes=3,
        optimizer=optimizer,
        learning_rate=0.3,
        steps=epochs * -(-len(split.y_train) // batch_size),
    )


@pytest.mark.parametrize("warmup", [0.0, 0.25])
def test_cosine_decay_steps_as_kerass_own_schedule_does(keras: Any, warmup: float) -> None:
    split, rows, epochs = split_of("wine"), len(split_of("wine").y_train), 12
    plan = scheduled(CosineDecay(alpha=0.1, warmup=warmup), "sgd", epochs, rows)
    engine, records, _ = train(plan, epochs, batch_size=rows)
    formula = cosine_decay(0.3, epochs, alpha=0.1, warmup=warmup)
    assert [record.learning_rate for record in records] == pytest.approx(list(formula), abs=1e-6)
    ours = engine.model.get_weights()
    engine.reset(0)
    twin = keras.models.clone_model(engine.model)
    twin.set_weights(engine.model.get_weights())
    rising = {"warmup_target": 0.3, "warmup_steps": 3} if warmup else {}
    schedule = keras.optimizers.schedules.CosineDecay(0.0 if warmup else 0.3, 9 if warmup else 12, alpha=0.1, **rising)
    twin.compile(optimizer=keras.optimizers.SGD(schedule), loss="sparse_categorical_crossentropy")
    twin.fit(split.x_train, split.y_train, rows, epochs=epochs, shuffle=False, verbose=0)
    for mine, theirs in zip(ours, twin.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


def test_a_schedule_starts_anew_with_each_seed() -> None:
    engine, records, _ = train(scheduled(CosineDecay(), "adam", 4), 4)
    again: list[EpochRecord] = []
    engine.train(split_of("wine"), seed=0, epochs=4, on_epoch=again.append)
    assert [(r.learning_rate, r.val_loss) for r in again] == [(r.learning_rate, r.val_loss) for r in records]


def test_the_schedule_covers_the_runs_own_steps_and_nothing_else_depends_on_them() -> None:
    def plan(techniques: list[dict[str, Any]], variant: int = 0, **training: Any) -> Plan:
        variants = [
            {"name": "v", "techniques": techniques},
            {"name": "w", "techniques": [*techniques, {"name": "more_data"}]},
        ]
        parts = {"dataset": {"name": "wine", "train_size": 30}, "training": training, "variants": variants}
        experiment = parse_experiment(json.dumps(parts))
        return experiment.plan(experiment.variants[variant])

    def steps(*arguments: Any, **training: Any) -> tuple[int, int]:
        rate = plan([{"name": "cosine_decay", "warmup": 0.1}], *arguments, **training).optimizer.get("learning_rate")
        return rate.get("warmup_steps"), rate.get("decay_steps")

    assert steps(epochs=20, batch_size=16) == (4, 36)  # ceil(30 / 16) = 2 steps an epoch
    assert steps(epochs=40, batch_size=16) == (8, 72)
    assert steps(1, epochs=20, batch_size=16) == (8, 72)  # twice the rows
    assert plan([], epochs=20) == plan([], epochs=40) == plan([], 1, epochs=40)
    assert plan([{"name": "cosine_decay", "warmup": 0.9}], epochs=1).optimizer.get("learning_rate").get("decay_steps")


def test_one_rule_for_the_learning_rate() -> None:
    techniques = [{"name": "cosine_decay"}, {"name": "reduce_lr_on_plateau"}]
    told = refusal(variants=[{"name": "v", "techniques": techniques}])
    assert "cosine_decay and reduce_lr_on_plateau together are refused; allowed: one rule for the learning rate" in told


def test_momentum_is_sgds_own(keras: Any) -> None:
    split, rows = split_of("wine"), len(split_of("wine").y_train)
    training = {"optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9}
    experiment = parse_experiment(
        json.dumps({"dataset": {"name": "wine"}, "architecture": {"name": "mlp", "widths": [8]}, "training": training})
    )
    engine, records, _ = train(experiment.plan(experiment.variants[0]), 6, batch_size=rows)
    engine.reset(0)
    twin = keras.models.clone_model(engine.model)
    twin.set_weights(engine.model.get_weights())
    twin.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss="sparse_categorical_crossentropy")
    told = twin.fit(split.x_train, split.y_train, rows, epochs=6, shuffle=False, verbose=0).history["loss"]
    assert [record.objective for record in records] == pytest.approx(told, rel=1e-4)


def test_stochastic_depth_skips_whole_branches_of_a_row_and_deep_ones_more_often() -> None:
    from training.worker.build import build

    plan = plan_of(ResNetMLP(width=4, blocks=4), StochasticDepth(drop_path_rate=0.4))
    layers = [layer for layer in build(plan).layers if layer.name.startswith("stochastic_depth")]
    assert [layer.rate for layer in layers] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    factors = np.asarray(layers[-1](np.ones((4000, 4), np.float32), training=True))
    assert (factors == factors[:, :1]).all()
    assert (factors[:, 0] == 0).mean() == pytest.approx(0.4, abs=0.03)
    assert np.unique(factors) == pytest.approx([0, 1 / 0.6])


def changed_rows(technique: Technique, x: Float, y: Float, *, seed: int = 0, epoch: int = 1) -> tuple[Float, Float]:
    import tensorflow as tf

    from training.worker.augmentation import Augmentation as Changes

    plan = make_plan(NET, [technique], input_shape=x.shape[1:], classes=y.shape[-1])
    changes = Changes(plan).apply(tf.constant(x), tf.constant(y), seed=seed, epoch=epoch)
    return changes[0].numpy(), changes[1].numpy()


def test_augmentation_is_drawn_anew_for_each_epoch_and_again_for_the_same_one() -> None:
    x = split_of("digits").x_train
    y = np.eye(10, dtype=np.float32)[split_of("digits").y_train]
    first, labels = changed_rows(Augmentation(), x, y)
    assert (labels == y).all()
    assert (changed_rows(Augmentation(), x, y)[0] == first).all()
    for other in (x, changed_rows(Augmentation(), x, y, epoch=2)[0], changed_rows(Augmentation(), x, y, seed=1)[0]):
        assert (np.abs(first - other).max(axis=(1, 2, 3)) > 0).mean() > 0.9


OFF = {"translation": 0.0, "rotation": 0.0, "zoom": 0.0}


def test_a_flip_mirrors_about_half_of_the_images_and_nothing_else() -> None:
    x = np.random.default_rng(0).normal(size=(400, 8, 8, 1)).astype(np.float32)
    changed, _ = changed_rows(Augmentation(**OFF, flip="horizontal"), x, np.zeros((400, 2), np.float32))
    mirrored = (changed == x[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (mirrored | (changed == x).all(axis=(1, 2, 3))).all()
    assert mirrored.mean() == pytest.approx(0.5, abs=0.08)


def test_contrast_keeps_the_mean_and_erasing_leaves_patches_of_the_mean_value() -> None:
    x = np.random.default_rng(0).normal(size=(50, 8, 8, 1)).astype(np.float32)
    y = np.zeros((50, 2), np.float32)
    contrast, _ = changed_rows(Augmentation(**OFF, contrast=0.5), x, y)
    assert contrast.mean(axis=(1, 2)) == pytest.approx(x.mean(axis=(1, 2)), abs=1e-4)
    ratio = contrast.std(axis=(1, 2)) / x.std(axis=(1, 2))
    assert 0.49 < ratio.min() < 0.7 and 1.3 < ratio.max() < 1.51, "both less and more"
    erased, _ = changed_rows(Augmentation(**OFF, erasing=1.0), x, y)
    different = erased != x
    assert different.any() and not different.all()
    assert (erased[different] == 0).all()


def test_rand_augment_draws_for_32_images_at_a_time_and_keeps_the_range_of_the_pixels() -> None:
    x = np.random.default_rng(0).normal(2, 3, (100, 8, 8, 1)).astype(np.float32)
    y = np.zeros((100, 2), np.float32)
    changed, labels = changed_rows(RandAugment(num_ops=1, factor=0.5), x, y)
    assert changed.shape == x.shape and (labels == y).all()
    assert x.min() - 1e-4 <= changed.min() and changed.max() <= x.max() + 1e-4
    again, _ = changed_rows(RandAugment(num_ops=1, factor=0.5), x, y)
    assert (again == changed).all()
    other, _ = changed_rows(RandAugment(num_ops=1, factor=0.5), x, y, epoch=2)
    assert (other != changed).any()


def test_rand_augment_can_be_cancelled_between_few_images() -> None:
    import tensorflow as tf

    from training.worker.augmentation import VARIED_ROWS
    from training.worker.augmentation import Augmentation as Changes

    changes = Changes(make_plan(CONV, [RandAugment(num_ops=1)], input_shape=(8, 8, 1), classes=2))
    x = tf.constant(np.random.default_rng(0).random((2 * VARIED_ROWS + 5, 8, 8, 1)), tf.float32)
    called: list[int] = []
    changed, _ = changes.apply(x, x, seed=0, epoch=1, between_calls=lambda: called.append(1))
    assert len(called) == 3 and changed.shape == x.shape


def test_rand_augment_leaves_a_share_of_the_draws_unchanged_on_grey_images() -> None:
    """Of its eleven operations one changes colours, which grey images have none of."""
    x = np.random.default_rng(0).random((32 * 150, 8, 8, 1)).astype(np.float32)
    changed, _ = changed_rows(RandAugment(num_ops=1, factor=0.5), x, np.zeros((len(x), 2), np.float32))
    same = np.isclose(changed, x, atol=1e-5).all(axis=(1, 2, 3)).reshape(-1, 32).mean(axis=1)
    # Contrast stretched to the range that an image nearly has already may also count: between 1 and 2 of 11.
    assert 0.04 < (same == 1).mean() < 0.2
    assert ((same == 1) | (same < 0.5)).all(), "32 images share a draw"


def test_feature_noise_acts_on_tables_with_its_deviation() -> None:
    x = np.zeros((300, 30), np.float32)
    changed, _ = changed_rows(Augmentation(feature_noise=0.7), x, np.zeros((300, 2), np.float32))
    assert (changed.mean(), changed.std()) == pytest.approx((0, 0.7), abs=0.02)


def test_curves_are_on_the_unchanged_rows() -> None:
    split = split_of("digits")
    engine, records, _ = train(plan_of(CONV, Augmentation(translation=0.5), data="digits"), 2, data="digits")
    assert engine.evaluate(split.x_train, split.y_train)[0] == pytest.approx(records[-1].train_loss, rel=1e-5)
    assert records[-1].objective > records[-1].train_loss


def test_mixup_mixes_labels_as_it_mixes_rows() -> None:
    y = np.eye(3, dtype=np.float32)[np.arange(500) % 3]
    x, labels = changed_rows(Mixup(alpha=1.0), y.copy(), y)  # rows that are their labels
    assert x == pytest.approx(labels, abs=1e-6)
    assert labels.sum(axis=1) == pytest.approx(1, abs=1e-5)
    # Beta(1, 1) is uniform: mixed with another class in 2 of 3 rows, the larger share is 3/4 on average.
    mixed = labels[labels.max(axis=1) < 0.999]
    assert len(mixed) / 500 == pytest.approx(2 / 3, abs=0.07)
    assert mixed.max(axis=1).mean() == pytest.approx(0.75, abs=0.03)


def test_cutmix_mixes_labels_by_the_area_of_the_patch() -> None:
    y = np.eye(3, dtype=np.float32)[np.arange(300) % 3]
    x, labels = changed_rows(CutMix(), np.tile(y[:, None, None, :], (1, 20, 20, 1)), y)  # each class has its colour
    assert np.isin(x, [0, 1]).all(), "pixels are taken, not mixed"
    # A patch covers whole pixels: up to one row and one column more or less than its area.
    assert np.abs(x.mean(axis=(1, 2)) - labels).max() < 2 / 20 + 1 / 400
    assert (labels.max(axis=1) < 0.9).mean() > 0.3


def test_more_data_trains_on_more_rows_that_include_the_fewer() -> None:
    experiment = parse_experiment(
        '{"dataset": {"name": "wine", "train_size": 30}, "variants": [{"name": "a"},'
        ' {"name": "b", "techniques": [{"name": "more_data", "factor": 3}]}]}'
    )
    few, many = (
        make_split(experiment.dataset_of(variant), experiment.dataset.load(), 0) for variant in experiment.variants
    )
    assert (len(few.y_train), len(many.y_train)) == (30, 90)
    assert (many.y_train[:30] == few.y_train).all()
    assert (many.y_validation == few.y_validation).all()
    with pytest.raises(ExperimentError, match="factor is 4, of 30 training rows; allowed: up to 106 rows in all"):
        parse_experiment(
            '{"dataset": {"name": "wine", "train_size": 30},'
            ' "variants": [{"name": "b", "techniques": [{"name": "more_data", "factor": 4}]}]}'
        )


def test_an_ensembles_loss_is_at_most_its_members_mean() -> None:
    # Jensen: -log of a mean is at most the mean of -log; strictly less, since the members differ.
    engine, records, _ = train(plan_of(NET, Ensemble(members=3)), 5)
    for record in records:
        assert record.series is not None
        members = record.series["members"]
        assert record.val_loss < np.mean(members["val_loss"])
        assert record.train_loss < np.mean(members["train_loss"])
        assert len(set(members["val_loss"])) == 3
    split = split_of("wine")
    probabilities = engine.predict(split.x_validation)  # Keras's Average layer
    by_hand = -np.log(probabilities[np.arange(len(split.y_validation)), split.y_validation]).mean()
    assert records[-1].val_loss == pytest.approx(by_hand, rel=1e-5)


def test_a_member_trains_as_it_would_alone() -> None:
    _, together, _ = train(plan_of(NET, L2(), Ensemble(members=2)), 4)
    _, alone, _ = train(plan_of(NET, L2()), 4)
    for record, plain in zip(together, alone, strict=True):
        assert record.series is not None
        assert record.series["members"]["val_loss"][0] == pytest.approx(plain.val_loss, rel=1e-4)
    first = together[0]
    assert first.objective != pytest.approx(alone[0].objective, rel=1e-4), "the mean over both members"


def test_identical_members_equal_one_even_when_saturated(keras: Any) -> None:
    def saturate(engine: "Engine") -> None:
        for layer in engine.model.layers:
            if layer.name.startswith("logits"):
                kernel, bias = layer.variables
                kernel.assign(np.zeros(kernel.shape))
                bias.assign([60.0, 0.0, 0.0])

    split = split_of("wine")
    losses = []
    for techniques in ([], [Ensemble(members=2)]):
        engine, _, _ = train(plan_of(NET, *techniques), 1)
        saturate(engine)
        losses.append(engine.evaluate(split.x_validation, split.y_validation))
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert losses[0][0] == pytest.approx(60 * float((split.y_validation != 0).mean()), rel=1e-5)


def test_early_stopping_judges_the_ensemble_and_restores_all_members() -> None:
    techniques = [Ensemble(members=3), EarlyStopping(patience=3)]
    engine, records, outcome = train(plan_of(MLP(widths=(64,)), *techniques, rate=0.1), 100)
    losses = [record.val_loss for record in records]
    best = int(np.argmin(losses))
    assert outcome.ended_by == "early_stopping"
    assert (len(losses), outcome.final_epoch) == (best + 1 + 3, best + 1)
    split = split_of("wine")
    assert engine.evaluate(split.x_validation, split.y_validation)[0] == pytest.approx(losses[best], rel=1e-5)


ALL_AT_ONCE = [
    Dropout(), L2(), Augmentation(), MaxNorm(), LabelSmoothing(), GradientClipping(), MovingAverage(momentum=0.5),
    ReduceLearningRateOnPlateau(), Mixup(), Ensemble(members=2), EarlyStopping(),
]  # fmt: skip


@pytest.mark.parametrize("net", [MLP(widths=(8,)), ResNetMLP(width=4, blocks=2), CONV], ids=lambda net: net.name)
def test_techniques_work_together_and_repeat_themselves_bit_for_bit(net: Architecture) -> None:
    further = [StochasticDepth()] if net.residual else []
    plan = plan_of(net, *ALL_AT_ONCE, *further, data="digits")
    engine, records, _ = train(plan, 3, data="digits")
    again: list[EpochRecord] = []
    engine.train(split_of("digits", 1), seed=1, epochs=2)
    engine.train(split_of("digits"), seed=0, epochs=3, on_epoch=again.append)
    assert [(r.val_loss, r.objective, r.series) for r in again] == [
        (r.val_loss, r.objective, r.series) for r in records
    ]
    assert again[-1].objective < again[0].objective


def test_a_step_uphill_by_hand() -> None:
    """L = |w|² / 2 has the gradient w: from (3, 4), at the length 1, the step ends at (3.6, 4.8)."""
    from training.worker.optimizers import climb

    weights = np.array([[3, 4], [0, -2], [0, 0]], np.float32)
    assert np.asarray(climb(weights, weights, 1.0)) == pytest.approx(np.array([[3.6, 4.8], [0, -3], [0, 0]]), abs=1e-6)
    # Each member by its own length, and the lowest point stays where it is.


def steps_of_its_own(model: Any, groups: list[list[Any]], optimizer: Any, rho: float, x: Float, y: Any) -> float:
    """One step of sharpness-aware minimization on a Keras model, written from the paper's algorithm 1; the objective
    before it. Each of the groups of variables goes uphill by itself."""
    import tensorflow as tf

    def slopes() -> tuple[float, list[list[Float]]]:
        with tf.GradientTape() as tape:
            outputs = model(x, training=True)
            outputs = outputs if isinstance(outputs, list) else [outputs]
            losses = [-tf.reduce_mean(tf.math.log(tf.gather(output, y, batch_dims=1))) for output in outputs]
            total = tf.add_n([*losses, *model.losses])
        return float(total) / len(outputs), [[g.numpy() for g in group] for group in tape.gradient(total, groups)]

    objective, first = slopes()
    others, variables = [v for v in model.non_trainable_variables if "moving" in v.name], list(chain(*groups))
    averages, here = [[v.numpy() for v in part] for part in (others, variables)]
    for group, slope in zip(groups, first, strict=True):
        length = np.sqrt(sum(np.sum(np.square(part)) for part in slope))
        for variable, part in zip(group, slope, strict=True):
            variable.assign(variable.numpy() + rho * part / length)
    _, second = slopes()
    for variable, value in zip([*others, *variables], [*averages, *here], strict=True):
        variable.assign(value)
    optimizer.apply(list(chain(*second)), variables)
    return objective


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize(
    "others",
    [(), (L2(l2=0.01), BatchNormalization()), (Ensemble(members=2), GradientClipping(global_clipnorm=0.2))],
    ids=["plain", "L2, batch normalization", "ensemble, clipped"],
)
def test_sharpness_aware_steps_are_those_of_the_paper(
    keras: Any, others: tuple[Technique, ...], optimizer: str
) -> None:
    from training.worker.build import build

    split, rows = split_of("wine"), len(split_of("wine").y_train)
    plan = plan_of(NET, SharpnessAwareMinimization(rho=0.5), *others, optimizer=optimizer, rate=0.02)
    engine, records, _ = train(plan, 3, batch_size=rows)  # one batch: the order of rows does not matter
    ours = engine.model.get_weights()
    engine.reset(0)
    twin = build(plan)
    twin.set_weights(engine.model.get_weights())
    roles = [layer.role for layer in plan.layers]
    names = [[f"{role}_member_{k + 1}" if k else role for role in roles] for k in range(plan.members)]
    groups = [[v for name in own for v in twin.get_layer(name).trainable_variables] for own in names]
    outputs = [twin.get_layer(own[-1]).output for own in names]
    members = keras.Model(twin.input, outputs if len(outputs) > 1 else outputs[0])
    # Of an ensemble each member is clipped by itself: an optimizer for each would be another way to say so.
    clip = {"global_clipnorm": 0.2} if plan.members > 1 else {}
    made = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}[optimizer]
    steppers = [made(0.02, **clip) for _ in groups]

    class EachByItself:
        def apply(self, slopes: list[Any], variables: list[Any]) -> None:
            for stepper, group in zip(steppers, groups, strict=True):
                own = {id(v) for v in group}
                pairs = [(s, v) for s, v in zip(slopes, variables, strict=True) if id(v) in own]
                stepper.apply([s for s, _ in pairs], [v for _, v in pairs])

    told = [steps_of_its_own(members, groups, EachByItself(), 0.5, split.x_train, split.y_train) for _ in range(3)]
    assert [record.objective for record in records] == pytest.approx(told, rel=1e-5)
    # Batch normalization leaves nothing of a bias: its gradient is rounding, of which Adam makes steps.
    idle = plan.layers[1].call.path == "layers.BatchNormalization"
    for variable, mine in zip(twin.weights, ours, strict=True):
        if not (idle and variable.path in ("dense_1/bias", "normalization_1/moving_mean")):
            np.testing.assert_allclose(mine, variable.numpy(), rtol=1e-4, atol=2e-5)


def test_both_gradients_are_under_the_same_masks_and_without_a_radius_nothing_changes() -> None:
    """Were the masks of the second gradient others, a radius of 0 would give other steps."""
    noisy = (Dropout(rate=0.5), GaussianNoise(stddev=0.3), BatchNormalization())
    ends = []
    for techniques in (noisy, (*noisy, SharpnessAwareMinimization(rho=0.0)), (*noisy, SharpnessAwareMinimization())):
        _, records, _ = train(plan_of(NET, *techniques, optimizer="sgd", rate=0.1), 3)
        ends.append([(r.objective, r.train_loss, r.val_loss) for r in records])
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-5)
    assert not np.allclose(ends[2], ends[0], rtol=1e-4)


def test_a_member_goes_uphill_as_it_would_alone() -> None:
    _, alone, _ = train(plan_of(NET, SharpnessAwareMinimization(rho=0.3)), 4)
    _, together, _ = train(plan_of(NET, SharpnessAwareMinimization(rho=0.3), Ensemble(members=3)), 4)
    of_first = [(record.series or {})["members"]["val_loss"][0] for record in together]
    assert of_first == pytest.approx([record.val_loss for record in alone], rel=1e-5)


def test_sharpness_aware_minimization_learns_fewer_wrong_labels_by_heart() -> None:
    from training.worker.engine import Engine

    dataset = Digits(train_size=300, label_noise=0.3)
    split = make_split(dataset, dataset.load(), 0)
    ends = []
    for techniques in ((), (SharpnessAwareMinimization(rho=0.5),)):
        plan = make_plan(MLP(widths=(64,)), techniques, input_shape=(8, 8, 1), classes=10, learning_rate=0.01)
        records: list[EpochRecord] = []
        rows = len(split.y_train), len(split.y_validation), len(split.y_test)
        Engine(plan, rows, 32, xla=False).train(split, seed=0, epochs=30, on_epoch=records.append)
        ends.append(records[-1])
    plain, flat = ends
    assert flat.val_loss < 0.8 * plain.val_loss and flat.val_accuracy > plain.val_accuracy + 0.05
    assert flat.series and plain.series
    assert flat.series["train_loss_changed"] > 3 * plain.series["train_loss_changed"]
