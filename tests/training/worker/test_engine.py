"""The epoch engine against Keras itself, against NumPy, and against its own promises: the same numbers bit for bit."""

from collections.abc import Callable, Sequence
from dataclasses import astuple, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score

from analysis.early_stopping import StoppingRule
from datasets.registry import Dataset, Digits, Wine
from datasets.split import Split, make_split
from models.architectures import MLP, Architecture, ResNetConv, ResNetMLP, make_plan
from models.plan import Plan
from models.techniques import (
    L1,
    L1L2,
    L2,
    BatchNormalization,
    Dropout,
    EarlyStopping,
    Ensemble,
    GradientClipping,
    GroupNormalization,
    LabelSmoothing,
    LayerNormalization,
    MaxNorm,
    MovingAverage,
    Technique,
    WeightDecay,
)
from results.records import EpochRecord

if TYPE_CHECKING:
    from training.worker.engine import Engine, Outcome

pytestmark = [
    pytest.mark.usefixtures("keras"),
    # Keras 3.15's own conversion of a learning rate under NumPy 2.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

Float = NDArray[np.float64]
WINE = Wine(label_noise=0.2)  # 106 training rows: six batches of 16 and a last one of 10
BATCH = 16
STEPS = 7
NET = MLP(widths=(8, 8))
DEEP_NET = ResNetMLP(width=6, blocks=2)


@cache
def split_of(dataset: Dataset, seed: int = 0) -> Split:
    return make_split(dataset, _load(dataset.name), seed)


@cache
def _load(name: str) -> Any:
    return {"wine": Wine, "digits": Digits}[name]().load()


def plan_of(
    architecture: Architecture, *techniques: Technique, optimizer: str = "adam", learning_rate: float = 0.01
) -> Plan:
    return make_plan(
        architecture, techniques, input_shape=(13,), classes=3, optimizer=optimizer, learning_rate=learning_rate
    )


def engine_of(plan: Plan, split: Split | None = None, *, batch_size: int = BATCH, xla: bool = False) -> "Engine":
    from training.worker.engine import Engine

    split = split or split_of(WINE)
    return Engine(plan, (len(split.y_train), len(split.y_validation), len(split.y_test)), batch_size, xla=xla)


def train(
    engine: "Engine", epochs: int, *, seed: int = 0, split: Split | None = None, callbacks: Sequence[Any] = ()
) -> "tuple[list[EpochRecord], Outcome]":
    records: list[EpochRecord] = []
    outcome = engine.train(
        split or split_of(WINE, seed), seed=seed, epochs=epochs, on_epoch=records.append, callbacks=callbacks
    )
    return records, outcome


def numbers(records: Sequence[EpochRecord]) -> list[tuple[Any, ...]]:
    """All of the records but the seconds that they took."""
    return [astuple(replace(record, seconds=0.0)) for record in records]


def logits_by_hand(plan: Plan, model: Any, x: NDArray[np.float32]) -> Float:
    """The network's forward pass in inference, in NumPy and float64."""
    values = {"input": np.asarray(x, np.float64)}
    for layer in plan.layers[:-1]:
        value = values[layer.inputs[0]]
        weights = [np.asarray(w, np.float64) for w in model.get_layer(layer.role).get_weights()]
        match layer.call.path.removeprefix("layers."):
            case "Flatten":
                value = value.reshape(len(value), -1)
            case "Dense":
                value = value @ weights[0] + weights[1]
            case "Activation":
                assert layer.call.get("activation") == "swish"
                value = value / (1 + np.exp(-value))
            case "BatchNormalization":
                gamma, beta, mean, variance = weights
                value = gamma * (value - mean) / np.sqrt(variance + 0.001) + beta
            case "Add":
                value = value + values[layer.inputs[1]]
            case kind:
                assert kind == "Dropout"
        values[layer.role] = value
    return values["logits"]


def judge_by_hand(plan: Plan, model: Any, x: NDArray[np.float32], y: NDArray[np.int32]) -> tuple[float, float]:
    """Clean loss and accuracy as the vocabulary defines them."""
    logits = logits_by_hand(plan, model, x)
    shifted = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(y)), y]
    return float(losses.mean()), float((logits.argmax(axis=1) == y).mean())


CLEAN: list[tuple[Architecture, list[Technique]]] = [
    (NET, []),
    (NET, [Dropout(rate=0.5), BatchNormalization(), L1(l1=0.01), L2(l2=0.1)]),
    (DEEP_NET, [Dropout(rate=0.5), L2(l2=0.1)]),
]


@pytest.mark.parametrize(("architecture", "techniques"), CLEAN, ids=["plain", "all techniques", "residual"])
def test_clean_values_are_plain_cross_entropy_and_accuracy_in_inference_mode(
    architecture: Architecture, techniques: list[Technique], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.layer_facts.MOST_BLOCK_ROWS", 17)  # evaluation in several blocks, the last one smaller
    plan, split = plan_of(architecture, *techniques), split_of(WINE)
    engine, expected = engine_of(plan), []
    records: list[EpochRecord] = []

    def look(record: EpochRecord) -> None:
        records.append(record)
        expected.append(
            [
                judge_by_hand(plan, engine.model, x, y)
                for x, y in (
                    (split.x_train, split.y_train),
                    (split.x_validation, split.y_validation),
                    (split.x_test, split.y_test),
                )
            ]
        )

    outcome = engine.train(split, seed=0, epochs=3, on_epoch=look)
    for record, test, by_hand in zip(records, outcome.test_metrics, expected, strict=True):
        (train_loss, train_accuracy), (val_loss, val_accuracy), (test_loss, test_accuracy) = by_hand
        assert [record.train_loss, record.val_loss, test[1]] == pytest.approx([train_loss, val_loss, test_loss], 1e-5)
        assert [record.train_accuracy, record.val_accuracy, test[2]] == pytest.approx(
            [train_accuracy, val_accuracy, test_accuracy]
        )
        assert test[0] == record.epoch
    assert records[-1].train_loss < records[0].train_loss


def test_train_values_use_the_noisy_labels_that_were_trained_on() -> None:
    split = split_of(Wine(label_noise=0.9))
    records, _ = train(engine_of(plan_of(MLP(widths=(64, 64)))), 60, split=split)
    # 95 of 106 labels are wrong: a net that learns them by heart fails on clean rows.
    assert records[-1].train_accuracy > 0.9
    assert records[-1].val_accuracy < 0.5


def test_saturated_models_are_judged_unclipped(keras: Any) -> None:
    plan, split = plan_of(NET, optimizer="sgd", learning_rate=1e-6), split_of(WINE)
    engine = engine_of(plan)

    def saturate(epoch: int) -> None:
        kernel, bias = engine.model.get_layer("logits").variables
        kernel.assign(np.zeros(kernel.shape))
        bias.assign([60.0, 0.0, 0.0])

    callback = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: saturate(epoch))
    records, _ = train(engine, 1, callbacks=[callback])
    wrong = float((split.y_validation != 0).mean())
    assert records[0].val_loss == pytest.approx(60 * wrong, rel=1e-4)
    assert engine.evaluate(split.x_validation, split.y_validation)[0] == pytest.approx(60 * wrong, rel=1e-4)
    # Keras on probabilities cannot say more than -log(1e-7) = 16.1 for a row.
    probabilities = engine.model(split.x_validation).numpy()
    clipped = keras.losses.sparse_categorical_crossentropy(split.y_validation, probabilities)
    assert float(np.mean(clipped)) < 16.2


TWINS: list[tuple[str, Architecture, list[Technique]]] = [
    ("adam", NET, [L2(l2=0.01)]),
    # Batch normalization not with Adam, which makes a bias before it walk at random: its gradient is rounding noise.
    ("sgd", NET, [L2(l2=0.01), BatchNormalization()]),
    ("sgd", DEEP_NET, [L1(l1=0.001), L2(l2=0.01)]),
    ("rmsprop", NET, []),
    ("adam", NET, [WeightDecay(weight_decay=0.5)]),
    ("sgd", NET, [GradientClipping(global_clipnorm=0.1), L1L2(l1=0.001, l2=0.01)]),
    ("sgd", NET, [MaxNorm(max_value=0.5), LayerNormalization()]),
    ("adam", NET, [LabelSmoothing(label_smoothing=0.2)]),
    ("sgd", NET, [MovingAverage(momentum=0.8), GroupNormalization(groups=2)]),
]


@pytest.mark.parametrize(
    ("optimizer", "architecture", "techniques"),
    TWINS,
    ids=lambda value: "+".join(t.name for t in value) if isinstance(value, list) else None,
)
def test_a_keras_twin_sees_the_same_objective_and_gets_the_same_weights(
    keras: Any, optimizer: str, architecture: Architecture, techniques: list[Technique]
) -> None:
    from training.worker.build import build, make, reset_weights

    seed, epochs, split = 3, 2, split_of(WINE, 3)
    plan = plan_of(architecture, *techniques, optimizer=optimizer)
    engine = engine_of(plan)
    records, _ = train(engine, epochs, seed=seed)

    model = build(plan)
    reset_weights(model, plan, seed)
    twin = keras.Model(model.input, model.get_layer("logits").output)
    twin.compile(make(plan.optimizer), make(plan.loss))
    targets = np.eye(3, dtype=np.float32)[split.y_train] if plan.one_hot else split.y_train
    for epoch in range(1, epochs + 1):
        order = np.random.default_rng([seed, epoch]).permutation(len(split.y_train))
        batches = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
        total = 0.0
        for rows in batches:
            twin.reset_metrics()
            total += len(rows) * float(twin.train_on_batch(split.x_train[rows], targets[rows]))
        assert records[epoch - 1].objective == pytest.approx(total / len(order), rel=1e-5)
        assert len(batches[-1]) == 10
    twin.optimizer.finalize_variable_values(twin.trainable_variables)  # averaged weights, where it keeps them
    # Moving averages of batch normalization are among them.
    for own, other in zip(engine.model.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(own, other, rtol=2e-3, atol=2e-5)


def test_steps_count_a_last_smaller_batch() -> None:
    records, _ = train(engine_of(plan_of(NET)), 3)
    assert [record.steps for record in records] == [STEPS, 2 * STEPS, 3 * STEPS]
    assert [record.epoch for record in records] == [1, 2, 3]


@pytest.mark.parametrize(("batch_size", "steps"), [(1, 106), (53, 2), (106, 1), (1000, 1)])
def test_any_batch_size_covers_all_rows(batch_size: int, steps: int) -> None:
    plan = plan_of(NET, optimizer="sgd", learning_rate=1e-6)
    (record,), _ = train(engine_of(plan, batch_size=batch_size), 1)
    assert record.steps == steps
    # Without penalties and with weights that stand still, the objective is the clean loss over all rows.
    assert record.objective == pytest.approx(record.train_loss, rel=1e-4)


def orders_of(plan: Plan, seed: int, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The order of the rows in each epoch, as the compiled function gets it."""
    seen: dict[bytes, list[int]] = {}
    engine = engine_of(plan)
    advance = engine._compiled.advance

    def spy(state: Any, hyper: Any, rate: Any, judged: Any, changed: Any, order: Any, *further: Any) -> Any:
        seen.setdefault(order.numpy().tobytes(), order.numpy().tolist()[:106])  # filled up to whole batches
        return advance(state, hyper, rate, judged, changed, order, *further)

    with monkeypatch.context() as patched:
        patched.setattr(engine._compiled, "advance", spy)
        train(engine, 3, seed=seed)
    return list(seen.values())


def test_all_variants_of_a_seed_see_the_rows_in_the_same_order(monkeypatch: pytest.MonkeyPatch) -> None:
    baseline = orders_of(plan_of(NET), 1, monkeypatch)
    assert len(baseline) == 3  # another one in each epoch
    assert all(sorted(order) == list(range(106)) for order in baseline)
    assert orders_of(plan_of(NET, Dropout(), BatchNormalization()), 1, monkeypatch) == baseline
    assert orders_of(plan_of(NET, optimizer="sgd"), 1, monkeypatch) == baseline
    assert orders_of(plan_of(NET), 2, monkeypatch) != baseline


SERVED: list[tuple[str, list[Technique]]] = [
    ("adam", [Dropout(rate=0.5), BatchNormalization(), EarlyStopping(patience=1)]),
    ("sgd", [Dropout(rate=0.2)]),
    ("rmsprop", [L2()]),
]


@pytest.mark.parametrize(("optimizer", "techniques"), SERVED, ids=["adam", "sgd", "rmsprop"])
def test_a_seeds_numbers_are_the_same_alone_and_in_company(
    keras: Any, optimizer: str, techniques: list[Technique]
) -> None:
    plan = plan_of(NET, *techniques, optimizer=optimizer, learning_rate=0.03)
    shared = engine_of(plan)
    shared.prepare(split_of(WINE))
    disturbing = keras.callbacks.LearningRateScheduler(lambda epoch: 0.5)
    train(shared, 2, seed=7, callbacks=[disturbing])  # leaves another learning rate and large weights behind
    in_company = [(seed, *train(shared, 6, seed=seed)) for seed in (2, 0, 1, 0)]
    for seed, records, outcome in in_company:
        alone_records, alone_outcome = train(engine_of(plan), 6, seed=seed)
        assert numbers(records) == numbers(alone_records)
        assert outcome == alone_outcome
    assert len({str(numbers(records)) for _, records, _ in in_company}) == 3


@pytest.mark.parametrize("architecture", [NET, DEEP_NET], ids=["mlp", "resnet_mlp"])
def test_where_an_epoch_is_cut_into_calls_changes_no_bit(
    architecture: Architecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.layer_facts.MOST_BLOCK_ROWS", 20)
    engine = engine_of(plan_of(architecture, Dropout(rate=0.5), L2()))

    def run(seconds: float) -> tuple[list[tuple[Any, ...]], int]:
        monkeypatch.setattr("training.worker.engine.SECONDS_IN_ONE_CALL", seconds)
        borders: list[None] = []
        records: list[EpochRecord] = []
        engine.train(
            split_of(WINE), seed=0, epochs=3, on_epoch=records.append, between_calls=lambda: borders.append(None)
        )
        return numbers(records), len(borders)

    units = STEPS + 9  # 106, 36 and 36 rows in blocks of 20 at most
    first, _ = run(1e-6)
    cut, borders = run(1e-6)
    assert borders == 3 * units
    run(1e6)
    whole, borders = run(1e6)
    assert borders == 3
    assert first == cut == whole


def test_a_border_may_end_the_run_and_leaves_no_trace_in_the_next() -> None:
    class CancelledError(Exception):
        pass

    def cancel() -> None:
        raise CancelledError

    plan = plan_of(NET, Dropout())
    engine = engine_of(plan)
    with pytest.raises(CancelledError):
        engine.train(split_of(WINE), seed=0, epochs=3, between_calls=cancel)
    assert numbers(train(engine, 2)[0]) == numbers(train(engine_of(plan), 2)[0])


def test_xla_agrees_with_the_plain_graph_and_repeats_itself_bit_for_bit() -> None:
    plan = plan_of(ResNetMLP(width=4, blocks=1), L2())
    plain, _ = train(engine_of(plan), 2)
    engine = engine_of(plan, xla=True)
    first, _ = train(engine, 2)
    train(engine, 2, seed=5)
    assert numbers(first) == numbers(train(engine, 2)[0])
    for one, other in zip(plain, first, strict=True):
        assert astuple(replace(one, seconds=0.0, series=None))[:-1] == pytest.approx(
            astuple(replace(other, seconds=0.0, series=None))[:-1], rel=1e-3
        )  # other rounding, which every step amplifies


def test_xla_follows_from_the_plan_and_the_number_of_steps_alone() -> None:
    from models.engine_rules import XLA_STEPS, uses_xla

    for plan in (plan_of(NET), plan_of(DEEP_NET, Dropout())):
        assert uses_xla(plan, XLA_STEPS)
        assert not uses_xla(plan, XLA_STEPS - 1)
    images = make_plan(ResNetConv(filters=2), [], input_shape=(8, 8, 1), classes=3)
    assert not uses_xla(images, 10**6), "XLA's convolutions are slow on the CPU"


def test_dropout_draws_another_mask_in_each_step_and_epoch() -> None:
    def objectives(*techniques: Technique) -> list[float]:
        plan = plan_of(NET, *techniques, optimizer="sgd", learning_rate=1e-6)
        records, _ = train(engine_of(plan, batch_size=106), 4)
        return [record.objective for record in records]

    # The weights stand still, so that only masks can move the objective.
    still, moving = objectives(), objectives(Dropout(rate=0.5))
    assert np.ptp(still) < 1e-5
    assert min(abs(a - b) for i, a in enumerate(moving) for b in moving[:i]) > 1e-4


def replay(values: Sequence[float], patience: int) -> tuple[int | None, int]:
    """Prechelt's rule by hand: the epoch where it fires, and the best epoch until then (both from 1)."""
    best = 0
    for epoch in range(len(values)):
        if values[epoch] < values[best]:
            best = epoch
        elif epoch - best >= max(patience, 1):
            return epoch + 1, best + 1
    return None, best + 1


def test_the_early_stopping_technique_stops_and_restores_the_best_epochs_weights() -> None:
    net, split = MLP(widths=(32, 32)), split_of(WINE)
    everything, outcome = train(engine_of(plan_of(net, BatchNormalization())), 40)
    assert (outcome.ended_by, outcome.final_epoch) == ("epochs", 40)
    stop, best = replay([record.val_loss for record in everything], 4)
    assert stop is not None
    assert 1 < best < stop < 40

    engine = engine_of(plan_of(net, BatchNormalization(), EarlyStopping(patience=4)))
    records, outcome = train(engine, 40)
    assert numbers(records) == numbers(everything[:stop])
    assert (outcome.ended_by, outcome.final_epoch) == ("early_stopping", best)
    assert [epoch for epoch, _, _ in outcome.test_metrics] == list(range(1, stop + 1))
    restored = engine.evaluate(split.x_validation, split.y_validation)
    assert restored == pytest.approx((records[best - 1].val_loss, records[best - 1].val_accuracy), rel=1e-6)
    assert restored[0] < records[-1].val_loss


ENDINGS: list[tuple[EarlyStopping, str, Callable[[Float], int]]] = [
    # Keras restores the best weights at the end of training even where the rule never fired.
    (EarlyStopping(patience=100), "epochs", lambda losses: int(losses.argmin()) + 1),
    (EarlyStopping(patience=100, restore_best_weights=False), "epochs", len),
    (EarlyStopping(patience=1, start_from_epoch=100), "epochs", len),
    # No change is large enough: the first epoch stays the best, and the rule fires two epochs later.
    (EarlyStopping(patience=2, min_delta=10.0), "early_stopping", lambda losses: 1),
    (EarlyStopping(patience=2, min_delta=10.0, restore_best_weights=False), "early_stopping", lambda losses: 3),
]


@pytest.mark.parametrize(
    ("rule", "ended_by", "final_epoch"),
    ENDINGS,
    ids=["never fires", "never fires nor restores", "ignores all", "fires", "fires without restoring"],
)
def test_the_final_epoch_is_the_one_whose_weights_are_handed_over(
    rule: EarlyStopping, ended_by: str, final_epoch: Callable[[Float], int]
) -> None:
    split, engine = split_of(WINE), engine_of(plan_of(NET, rule, learning_rate=0.1))
    records, outcome = train(engine, 12)
    assert len(records) == (12 if ended_by == "epochs" else 3)
    assert outcome.ended_by == ended_by
    assert outcome.final_epoch == final_epoch(np.array([record.val_loss for record in records]))
    handed_over = engine.evaluate(split.x_validation, split.y_validation)[0]
    assert handed_over == pytest.approx(records[outcome.final_epoch - 1].val_loss, rel=1e-6)


@pytest.mark.parametrize("technique", [BatchNormalization(), MovingAverage(momentum=0.8)], ids=lambda one: one.name)
def test_moving_averages_are_restored_with_the_weights(keras: Any, technique: Technique) -> None:
    split, engine = split_of(WINE), engine_of(plan_of(NET, technique, EarlyStopping(patience=100), learning_rate=0.1))
    records, outcome = train(engine, 40)
    best = records[outcome.final_epoch - 1]
    assert outcome.final_epoch < 40
    assert best.val_loss < records[-1].val_loss
    probabilities = engine.model.predict(split.x_validation, verbose=0)
    kept = -np.log(probabilities[np.arange(len(split.y_validation)), split.y_validation]).mean()
    assert kept == pytest.approx(best.val_loss, rel=1e-4)


def test_callbacks_get_the_clean_names_and_every_epoch(keras: Any) -> None:
    class Witness(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[Any] = []

        def on_train_begin(self, logs: Any = None) -> None:
            self.seen.append("train begins")

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.seen.append(("begins", epoch))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.seen.append(("ends", epoch, dict(logs)))

        def on_train_end(self, logs: Any = None) -> None:
            self.seen.append("train ends")

    witness = Witness()
    engine = engine_of(plan_of(NET, L2(l2=0.1)))
    records, _ = train(engine, 2, callbacks=[witness])
    logs = [
        {
            "loss": r.objective,
            "objective": r.objective,
            "train_loss": r.train_loss,
            "val_loss": r.val_loss,
            "val_balanced_accuracy": (r.series or {})["val_balanced_accuracy"],
            "train_accuracy": r.train_accuracy,
            "val_accuracy": r.val_accuracy,
        }
        for r in records
    ]
    assert witness.seen == [
        "train begins",
        *(("begins", 0), ("ends", 0, logs[0])),
        *(("begins", 1), ("ends", 1, logs[1])),
        "train ends",
    ]
    assert witness.model is engine.model
    assert records[0].objective > records[0].train_loss + 0.1  # only the objective contains the penalty


def test_reduce_lr_on_plateau_changes_the_learning_rate_in_the_records(keras: Any) -> None:
    engine = engine_of(plan_of(NET, learning_rate=0.08))
    # No improvement is large enough after the first epoch, so that it halves after each from the second on.
    plateau = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1, min_delta=100.0)
    records, _ = train(engine, 5, callbacks=[plateau])
    assert [record.learning_rate for record in records] == pytest.approx([0.08, 0.08, 0.04, 0.02, 0.01])
    records, _ = train(engine, 1)
    assert records[0].learning_rate == pytest.approx(0.08)


def test_a_learning_rate_that_a_callback_sets_is_the_one_that_trains(keras: Any) -> None:
    still = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 if epoch == 0 else 0.0)
    records, _ = train(engine_of(plan_of(NET, optimizer="sgd")), 3, callbacks=[still])
    assert records[0].train_loss != engine_free_loss(plan_of(NET))
    assert records[0].train_loss == records[1].train_loss == records[2].train_loss


def engine_free_loss(plan: Plan) -> float:
    """Clean training loss of the initial weights under seed 0."""
    from training.worker.build import build, reset_weights

    model = build(plan)
    reset_weights(model, plan, 0)
    return judge_by_hand(plan, model, split_of(WINE).x_train, split_of(WINE).y_train)[0]


def test_a_loss_that_is_no_number_ends_the_run_with_its_epoch_and_advice() -> None:
    from training.worker.engine import DivergedError

    plan = plan_of(MLP(widths=(64, 64, 64), activation="relu"), L2(l2=1.0), optimizer="sgd", learning_rate=10.0)
    engine = engine_of(plan)
    records: list[EpochRecord] = []
    with pytest.raises(DivergedError) as caught:
        engine.train(split_of(WINE), seed=0, epochs=50, on_epoch=records.append)
    last = records[-1]
    assert not np.isfinite([last.objective, last.train_loss, last.val_loss]).all()
    assert np.isfinite([v for r in records[:-1] for v in (r.objective, r.train_loss, r.val_loss)]).all()
    assert f"in epoch {last.epoch}." in str(caught.value)
    assert "smaller learning rate" in str(caught.value)
    engine.reset(1)
    assert np.isfinite(engine.evaluate(split_of(WINE).x_test, split_of(WINE).y_test)[0])


LEARNERS: list[tuple[Architecture, list[Technique]]] = [
    (MLP(widths=(64, 64)), [Dropout(rate=0.3), L2(l2=0.002)]),
    (ResNetMLP(width=32, blocks=1), []),
]


@pytest.mark.parametrize(("architecture", "techniques"), LEARNERS, ids=["dropout and L2", "residual"])
def test_it_learns_what_fit_learns(keras: Any, architecture: Architecture, techniques: list[Technique]) -> None:
    from training.worker.build import build

    seeds, epochs, digits = range(4), 25, Digits(train_size=300)
    plan = make_plan(architecture, techniques, input_shape=(8, 8, 1), classes=10)
    splits = [split_of(digits, seed) for seed in seeds]
    engine = engine_of(plan, splits[0], batch_size=32)
    model = build(plan)
    # An epoch in one execution and without XLA: the same training in two thirds of the time.
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", steps_per_execution=10, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    start = [variable.numpy() for variable in model.optimizer.variables]
    own, fitted = [], []
    for seed, split in zip(seeds, splits, strict=True):
        records, _ = train(engine, epochs, seed=seed, split=split)
        own.append([records[-1].val_loss, records[-1].train_loss])
        keras.utils.set_random_seed(seed)
        model.set_weights(build(plan).get_weights())  # Keras's own draw; one compiled model saves half of the time
        for variable, value in zip(model.optimizer.variables, start, strict=True):
            variable.assign(value)
        model.fit(split.x_train, split.y_train, batch_size=32, epochs=epochs, verbose=0)
        parts = ((split.x_validation, split.y_validation), (split.x_train, split.y_train))
        fitted.append([judge_by_hand(plan, model, x, y)[0] for x, y in parts])
    difference = np.mean(own, axis=0) - np.mean(fitted, axis=0)
    spread = np.maximum(np.std(own, axis=0, ddof=1), np.std(fitted, axis=0, ddof=1))
    assert (np.abs(difference) <= spread).all(), (difference, spread)
    assert np.mean(own, axis=0)[0] < 0.45


@pytest.mark.parametrize("patience", [1, 3, 10])
@pytest.mark.parametrize("min_delta", [0.0, 0.02])
def test_what_if_is_what_training_by_that_rule_does(patience: int, min_delta: float) -> None:
    """The rule applied to a whole curve stops, and restores, where a run that really stopped does: same numbers."""
    whole, _ = train(engine_of(plan_of(NET, learning_rate=0.05)), 40, seed=3)
    rule = StoppingRule(patience=patience, min_delta=min_delta)
    curves = {"val_loss": np.array([record.val_loss for record in whole])}
    stopping = rule.apply(curves)
    technique = EarlyStopping(patience=patience, min_delta=min_delta)
    stopped, outcome = train(engine_of(plan_of(NET, technique, learning_rate=0.05)), 40, seed=3)
    assert len(stopped) == (stopping.stop_epoch or 40)
    assert outcome.final_epoch == stopping.best_epoch
    assert numbers(stopped) == numbers(whole[: len(stopped)])


def test_test_labels_change_nothing_but_the_test_figures() -> None:
    split = split_of(WINE)
    changed = replace(split, y_test=(split.y_test + 1) % 3)
    technique = EarlyStopping(patience=3)
    runs = [train(engine_of(plan_of(NET, technique)), 12, seed=1, split=one) for one in (split, changed)]
    (records, outcome), (others, other) = runs
    assert numbers(records) == numbers(others)
    assert replace(outcome, test_metrics=()) == replace(other, test_metrics=())
    assert outcome.test_metrics != other.test_metrics


def test_balanced_accuracy_is_the_mean_recall_of_the_classes_on_validation_rows() -> None:
    split, engine = split_of(WINE, 2), engine_of(plan_of(NET))
    records, _ = train(engine, 3, seed=2, split=split)
    expected = balanced_accuracy_score(split.y_validation, engine.predict(split.x_validation).argmax(1))
    assert records[-1].series is not None
    assert records[-1].series["val_balanced_accuracy"] == pytest.approx(expected)
    assert expected != pytest.approx(records[-1].val_accuracy), "classes of unequal size"


MEMORIZED: dict[str, list[Technique]] = {
    "plain": [],
    "batch normalization, dropout, L2": [BatchNormalization(), Dropout(rate=0.3), L2(l2=0.01)],
    "ensemble": [Ensemble(members=2)],
}


@pytest.mark.parametrize("name", MEMORIZED)
def test_training_loss_is_told_apart_for_rows_whose_label_was_changed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.layer_facts.MOST_BLOCK_ROWS", 17)
    split = split_of(WINE)
    true = split_of(Wine()).y_train
    assert (split.noisy == (split.y_train != true)).all() and split.noisy.any()
    engine, expected = engine_of(plan_of(NET, *MEMORIZED[name])), []
    records: list[EpochRecord] = []

    def look(record: EpochRecord) -> None:
        """Keras's probabilities at the labels trained on; an ensemble's are its members' mean."""
        records.append(record)
        probabilities = np.asarray(engine.predict(split.x_train), np.float64)
        losses = -np.log(probabilities[np.arange(len(true)), split.y_train])
        expected.append((losses[split.y_train == true].mean(), losses[split.y_train != true].mean()))

    engine.train(split, seed=0, epochs=3, on_epoch=look)
    share = split.noisy.mean()
    for record, by_hand in zip(records, expected, strict=True):
        series = record.series or {}
        unchanged, changed = series["train_loss_unchanged"], series["train_loss_changed"]
        assert (unchanged, changed) == pytest.approx(by_hand, rel=1e-4)
        assert (1 - share) * unchanged + share * changed == pytest.approx(record.train_loss, rel=1e-12)
    assert expected[-1][0] < expected[-1][1], "clean labels are learned first"


def test_one_engine_serves_runs_with_and_without_changed_labels() -> None:
    """Which labels were changed is an argument of the compiled code: engines are shared between seeds."""
    shared, first, second, clean = engine_of(plan_of(NET)), split_of(WINE, 1), split_of(WINE, 2), split_of(Wine(), 1)
    assert (first.noisy != second.noisy).any()
    together = [train(shared, 2, split=split)[0] for split in (first, second, clean, first)]
    alone = [train(engine_of(plan_of(NET)), 2, split=split)[0] for split in (first, second, clean, first)]
    assert [numbers(records) for records in together] == [numbers(records) for records in alone]
    assert [set(record.series or {}) for record in together[2]] == [{"val_balanced_accuracy"}] * 2


def test_where_every_label_was_changed_there_is_no_loss_of_the_others() -> None:
    split = split_of(WINE)
    all_changed = replace(split, noisy=np.ones(len(split.y_train), np.bool_))
    records, _ = train(engine_of(plan_of(NET)), 2, split=all_changed)
    for record in records:
        series = record.series or {}
        assert "train_loss_unchanged" not in series
        assert series["train_loss_changed"] == pytest.approx(record.train_loss, rel=1e-12)
