"""Distillation: teachers first, and half of the loss by what they say, as Keras's own Distiller computes it."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from datasets.registry import Digits
from datasets.split import make_split
from experiment.spec import ExperimentError, parse_experiment
from models.architectures import MLP, make_plan
from models.techniques import (
    L2,
    Augmentation,
    Distillation,
    Dropout,
    EarlyStopping,
    Ensemble,
    LabelSmoothing,
    LayerNormalization,
    Mixup,
    Technique,
)
from results.records import EpochRecord
from tests.training.worker.test_techniques import NET, plan_of, split_of, train

if TYPE_CHECKING:
    from training.worker.engine import Engine

pytestmark = pytest.mark.usefixtures("keras")

TWO = Distillation(teachers=2, temperature=2.5)


def numbers(records: list[EpochRecord]) -> list[tuple[float, ...]]:
    return [(r.objective, r.train_loss, r.val_loss, r.val_accuracy) for r in records]


def logits_of(model: Any) -> Any:
    """The same network without its last softmax."""
    import keras

    return keras.Model(model.input, model.layers[-1].input)


def teacher_for_keras(keras: Any, engine: "Engine", temperature: float) -> Any:
    """The teachers of an engine as one model, whose logits over the temperature have the mean of their softened
    probabilities as softmax: what Keras's Distiller takes for a teacher."""
    trained = engine._teachers
    assert trained is not None
    outputs = [layer.input for layer in trained.model.layers if isinstance(layer, keras.layers.Softmax)]
    soft = [keras.ops.softmax(output / temperature) for output in outputs]
    mean = keras.ops.sum(keras.ops.stack(soft), axis=0) / len(soft)
    return keras.Model(trained.model.input, temperature * keras.ops.log(keras.ops.maximum(mean, 1e-30)))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("others", [(), (LabelSmoothing(label_smoothing=0.2), LayerNormalization())], ids=len)
def test_the_student_learns_as_under_kerass_distiller(
    keras: Any, others: tuple[Technique, ...], optimizer: str
) -> None:
    from training.worker.build import build

    split, rows = split_of("wine"), len(split_of("wine").y_train)
    plan = plan_of(NET, TWO, *others, optimizer=optimizer, rate=0.02)
    engine, records, _ = train(plan, 4, batch_size=rows)  # one batch: the order of rows does not matter
    ours = engine.model.get_weights()
    engine.reset(0)
    twin = build(plan)
    twin.set_weights(engine.model.get_weights())
    term = keras.distillation.LogitsDistillation(temperature=2.5, loss=keras.losses.KLDivergence())
    distiller = keras.distillation.Distiller(teacher_for_keras(keras, engine, 2.5), logits_of(twin), term)
    loss: Any = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    labels = split.y_train
    if others:
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)
        labels = np.eye(3, dtype="float32")[labels]
    made = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}[optimizer]
    distiller.compile(made(0.02), loss)
    told = distiller.fit(split.x_train, labels, rows, epochs=4, shuffle=False, verbose=0).history["loss"]
    assert [record.objective for record in records] == pytest.approx(told, rel=1e-5)
    for mine, theirs in zip(ours, twin.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=2e-6)


def test_curves_are_cross_entropy_and_the_penalty_counts_in_full() -> None:
    rows = len(split_of("wine").y_train)
    _, (plain, *_), _ = train(plan_of(NET, TWO, rate=1e-6), 1, batch_size=rows)
    _, (penalized, *_), _ = train(plan_of(NET, TWO, L2(l2=0.1), rate=1e-6), 1, batch_size=rows)
    engine, (alone, *_), _ = train(plan_of(NET, L2(l2=0.1), rate=1e-6), 1, batch_size=rows)
    assert plain.train_loss == pytest.approx(alone.train_loss, rel=1e-4)
    assert plain.objective != pytest.approx(plain.train_loss, rel=1e-3)
    engine.reset(0)
    lengths = sum(float(np.sum(np.square(kernel))) for kernel in engine.kernels())
    # At so small a learning rate the teachers are the same in both.
    assert penalized.objective - plain.objective == pytest.approx(0.1 * lengths, rel=1e-4)


def test_teachers_are_what_the_variant_would_be_as_an_ensemble_from_another_seed() -> None:
    from training.worker.build import derive_seed

    others = (Dropout(rate=0.3), EarlyStopping(patience=2))
    engine, _, _ = train(plan_of(NET, Distillation(teachers=3), *others, rate=0.1), 30)
    ensemble, _, _ = train(plan_of(NET, Ensemble(members=3), *others, rate=0.1), 30, seed=0)
    assert engine.plan.teachers == ensemble.plan
    own: list[EpochRecord] = []
    ensemble.train(split_of("wine"), seed=derive_seed(0, "teachers"), epochs=30, on_epoch=own.append)
    assert 1 < len(own) < 30, "teachers stop early by the same rule"
    assert engine._teachers is not None
    for mine, theirs in zip(engine._teachers.model.get_weights(), ensemble.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_no_teacher_starts_as_the_student() -> None:
    from training.worker.build import derive_seed

    engine, _, _ = train(plan_of(NET, TWO), 1)
    engine.reset(0)
    teachers = engine._teachers
    assert teachers is not None
    teachers.reset(derive_seed(0, "teachers"))
    first = [kernel for kernel in (*engine.kernels(), *teachers.kernels()) if kernel.shape == (13, 8)]
    assert len(first) == 3
    assert len({kernel.tobytes() for kernel in first}) == 3


def test_softened_probabilities_are_the_mean_over_teachers(keras: Any) -> None:
    import tensorflow as tf

    engine, _, _ = train(plan_of(NET, TWO), 3)
    teachers, x = engine._teachers, split_of("wine").x_validation
    assert teachers is not None
    shares = []
    for name in ("logits", "logits_member_2"):
        logits = keras.Model(teachers.model.input, teachers.model.get_layer(name).output)(x).numpy() / 2.5
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares.append(exponentials / exponentials.sum(axis=1, keepdims=True))
    soft = teachers.soften(tf.constant(x), 2.5).numpy()
    np.testing.assert_allclose(soft, np.mean(shares, axis=0), atol=1e-6)
    np.testing.assert_allclose(teachers.soften(tf.constant(x), 1.0).numpy(), teachers.predict(x), atol=1e-6)


@pytest.mark.parametrize("others", [(), (Augmentation(),), (Mixup(alpha=1.0),)], ids=len)
def test_teachers_are_asked_of_the_rows_that_the_student_sees(
    others: tuple[Technique, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.worker.augmentation import Augmentation as Changing
    from training.worker.engine import Engine

    asked: list[Any] = []
    soften = Engine.soften

    def listen(self: Engine, x: Any, *arguments: Any) -> Any:
        asked.append(np.asarray(x))
        return soften(self, x, *arguments)

    monkeypatch.setattr(Engine, "soften", listen)
    plan, split = plan_of(NET, TWO, *others), split_of("wine")
    train(plan, 3)
    assert len(asked) == (3 if others else 1), "once where the rows stay"
    y = np.eye(3, dtype="float32")[split.y_train] if plan.one_hot else split.y_train
    for epoch, x in enumerate(asked, 1):
        seen, _ = Changing(plan).apply(split.x_train, y, seed=0, epoch=epoch)
        np.testing.assert_array_equal(x, seen)


def test_a_seed_has_the_same_numbers_alone_and_in_company() -> None:
    engine, _, _ = train(plan_of(NET, TWO, Dropout()), 4, seed=0)
    second: list[EpochRecord] = []
    engine.train(split_of("wine", 1), seed=1, epochs=4, on_epoch=second.append)
    _, alone, _ = train(plan_of(NET, TWO, Dropout()), 4, seed=1)
    assert numbers(second) == numbers(alone)


def test_a_cancel_bites_while_teachers_are_trained() -> None:
    from training.worker.engine import Engine

    split, calls = split_of("wine"), []
    records: list[EpochRecord] = []
    rows = len(split.y_train), len(split.y_validation), len(split.y_test)
    engine = Engine(plan_of(NET, TWO), rows, 16, xla=False)

    class CancelledError(Exception):
        pass

    def cancel() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise CancelledError

    with pytest.raises(CancelledError):
        engine.train(split, seed=0, epochs=50, on_epoch=records.append, between_calls=cancel)
    assert records == []


def test_the_first_epochs_seconds_contain_the_teachers() -> None:
    _, records, _ = train(plan_of(NET, Distillation(teachers=5)), 40)
    first, *later = [record.seconds for record in records]
    assert first > 10 * float(np.median(later)), "40 epochs of five nets"


def test_a_student_is_better_than_the_same_net_alone() -> None:
    """With wrong labels among the rows, and early stopping for teachers and student, lest they learn them by heart."""
    from training.worker.engine import Engine

    dataset, ends = Digits(train_size=600, label_noise=0.3), []
    for techniques in ((), (Distillation(teachers=5),)):
        stopped = (*techniques, EarlyStopping(patience=10))
        plan = make_plan(MLP(widths=(128, 128)), stopped, input_shape=(8, 8, 1), classes=10)
        found = []
        for seed in range(3):
            split = make_split(dataset, dataset.load(), seed)
            rows = len(split.y_train), len(split.y_validation), len(split.y_test)
            records: list[EpochRecord] = []
            engine = Engine(plan, rows, 32, xla=False)
            engine.train(split, seed=seed, epochs=60, on_epoch=records.append)
            found.append(engine.evaluate(split.x_validation, split.y_validation))
        ends.append(np.mean(found, axis=0))
    (loss_alone, accuracy_alone), (loss, accuracy) = ends
    assert loss < 0.98 * loss_alone
    assert accuracy > accuracy_alone


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ("ensemble", "it trains an ensemble itself"),
        ("class_weight", "Keras's Distiller weighs no rows"),
        ("generalized_cross_entropy", "Keras's Distiller works on logits"),
    ],
)
def test_what_distillation_has_no_room_for_is_refused(other: str, reason: str) -> None:
    techniques = [{"name": "distillation"}, {"name": other}]
    with pytest.raises(ExperimentError, match=f"distillation beside {other} is refused: {reason}"):
        parse_experiment(json.dumps({"variants": [{"name": "v", "techniques": techniques}]}))
