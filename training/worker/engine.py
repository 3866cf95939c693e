"""The epoch engine: one compiled function trains an epoch and evaluates it; Keras's callbacks run between epochs.

A structure is compiled once and serves every seed and every value of its hyperparameters (training/worker/compiled.py).
Nothing in the compiled code draws random numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from datasets.dataset import MOST_JUDGED
from datasets.split import Split
from models.plan import Call, Plan, layer_name
from results.records import BALANCED_ACCURACY, NOISE_CURVES, EpochRecord
from training.worker.augmentation import Augmentation
from training.worker.build import SEED, build, derive_seed, make, reset_weights
from training.worker.compiled import Sizes, compiled_epoch, judge_logits, judge_mean, rows_of_block
from training.worker.hyperparameters import split_plan
from training.worker.noise import Noise
from training.worker.optimizers import State, learning_rates
from training.worker.totals import SPLITS, SplitName
from training.worker.vectors import VectorLayout
from wording.language import say_later

SECONDS_IN_ONE_CALL = 0.25
"""Longest work that one compiled call is given, so that cancelling bites."""


DIVERGED = say_later(
    "The loss became NaN or infinite. Try a smaller learning rate, weaker L1 or L2, or scaled features."
)
"""Kept with the epoch in which it happened; pages put the same failures of several seeds together, without it."""


class DivergedError(Exception):
    """The loss became NaN or infinite."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `final_epoch` is the epoch whose weights are handed over."""

    ended_by: Literal["epochs", "early_stopping"]
    final_epoch: int
    test_metrics: tuple[tuple[int, float, float], ...]


class Watched:
    """The model as the plan's callbacks see it. Its weights are the engine's vectors: to write Keras's variables after
    each epoch, and to read them, takes longer than an epoch of a small network."""

    def __init__(self, engine: "Engine") -> None:
        self.optimizer, self.stop_training = engine.optimizer, False
        self._engine = engine

    def get_weights(self) -> tuple[Any, Any]:
        """For `set_weights`."""
        return self._engine.vectors

    def set_weights(self, vectors: tuple[Any, Any]) -> None:
        """Back to earlier weights, which are handed over."""
        self._engine.take(vectors)


class Engine:
    """Trains a plan. `rows` are those of training, validation and test; all runs of an engine share them."""

    def __init__(self, plan: Plan, rows: tuple[int, int, int], batch_size: int, *, xla: bool) -> None:
        self.plan, self.rows, self.batch_size, self.xla = plan, rows, batch_size, xla
        self._model = build(plan)
        self.optimizer = make(plan.optimizer)
        self._model.compile(optimizer=self.optimizer, loss=make(plan.loss))
        self._teachers = None if plan.teachers is None else Engine(plan.teachers, rows, batch_size, xla=xla)
        rate = plan.optimizer.get("learning_rate")
        self._schedule = rate if isinstance(rate, Call) else None
        self._start_rate = self.optimizer.learning_rate.numpy()
        self._temperature = 1.0 if plan.distillation is None else plan.distillation.get("temperature")
        structure, hyper = split_plan(plan)
        self._hyper = tf.constant(hyper)
        self._batch = min(batch_size, rows[0])
        self._variables, layout = self._lay_out(trainable=True)
        self._averages, moving = self._lay_out(trainable=False)
        self._augmentation, self._noise = Augmentation(plan), Noise(plan, rows[0], self._batch)
        self._judged_rows = (min(rows[0], MOST_JUDGED), *rows[1:])
        sizes = Sizes(rows[0], sum(self._judged_rows), self._batch, self._noise.steps)
        block = rows_of_block(plan, sizes.judged)
        self._compiled = compiled_epoch(structure, layout, moving, sizes, block, xla)
        self._layout, self.steps = self._compiled.totals, sizes.steps
        self._no_totals = tf.zeros(self._layout.size, tf.float64)
        self._padding = -sizes.judged % block
        self.units = self.steps + (sizes.judged + self._padding) // block
        self._units_in_one_call = 1  # the speed is unknown at first
        self._state: State = {}
        self._stale = False  # whether the model's variables are behind the state

    @property
    def model(self) -> Any:
        """The Keras model with its weights as they stand."""
        if self._stale:
            self.take(self.vectors)
        return self._model

    @property
    def vectors(self) -> tuple[Any, Any]:
        """Weights and moving averages of the model as it stands, as NumPy arrays (members, size)."""
        if not self._stale:
            return _gathered(self._variables), _gathered(self._averages)
        return self._compiled.judged_weights(self._state).numpy(), self._state["moving"].numpy()

    def take(self, vectors: tuple[Any, Any]) -> None:
        """Gives the model these weights and moving averages, see `vectors`."""
        layouts, variables = (self._compiled.layout, self._compiled.moving), (self._variables, self._averages)
        for layout, members, of_members in zip(layouts, variables, vectors, strict=True):
            for own, vector in zip(members, of_members, strict=True):
                for variable, part in zip(own, layout.cut(vector).values(), strict=True):
                    variable.value.assign(part)  # what Keras's own `assign` comes to, without its checks
        self._stale = False

    def reset(self, seed: int) -> None:
        """Sets weights, moving averages and the optimizer to their start under this seed."""
        reset_weights(self._model, self.plan, seed)
        if self._schedule is None:
            self.optimizer.learning_rate.assign(self._start_rate)
        self._state = self._compiled.start(_gathered(self._variables), _gathered(self._averages))
        self._model.stop_training = self._stale = False

    def train(
        self,
        split: Split,
        *,
        seed: int,
        epochs: int,
        on_epoch: Callable[[EpochRecord], None] = lambda record: None,
        between_calls: Callable[[], None] = lambda: None,
        callbacks: Sequence[Any] = (),
    ) -> Outcome:
        """One run from fresh weights.

        Args:
            split: arrays with the engine's numbers of rows.
            seed: draws initial weights, noise, augmentation and the order of the rows.
            epochs: at most so many.
            on_epoch: gets each epoch's record, while the model has that epoch's weights.
            between_calls: called between compiled calls, at most about 0.3 s apart; may raise to end the run.
            callbacks: further Keras callbacks beside the plan's. Batch-level hooks are not called.

        Raises:
            DivergedError: the loss became NaN or infinite.
        """
        taught = self._train_teachers(split, seed, epochs, between_calls)
        self.reset(seed)
        judged, rows, weights = self._judged(split), self._training(split), self._row_weights(split)
        self._class_rows = np.bincount(split.y_validation, minlength=self.plan.classes)
        self._noise_rows = np.bincount(split.noisy[:MOST_JUDGED], minlength=2)
        own, watched = [make(c) for c in self.plan.callbacks], Watched(self)
        hooks = [*own, *callbacks]
        for callback in hooks:
            callback.set_model(watched if callback in own else self._model)
        test_metrics, soft = [], None
        _tell(hooks, "on_train_begin", {})
        for epoch in range(1, epochs + 1):
            _tell(hooks, "on_epoch_begin", epoch - 1, {})
            if callbacks:  # they may have changed the model's weights
                self._read()
            start = perf_counter()
            # Reading it takes as long as drawing the order; only callbacks change it.
            rate = self.optimizer.learning_rate.numpy() if hooks and self._schedule is None else self._start_rate
            rates = learning_rates(float(rate), self._schedule, (epoch - 1) * self.steps, self.steps)
            order = np.random.default_rng([seed, epoch]).permutation(self.rows[0]).astype(np.int32)
            changed = self._augmentation.apply(*rows, seed=seed, epoch=epoch, between_calls=between_calls) + weights
            if self._teachers is not None:
                if soft is None or changed[0] is not rows[0]:
                    soft = self._teachers.soften(changed[0], self._temperature, between_calls)
                changed += (soft,)
            self._noise.begin(seed, epoch)
            totals = self._run_epoch(judged, changed, order, rates, between_calls)
            seconds = perf_counter() - start + (taught if epoch == 1 else 0.0)
            record = self._record(epoch, totals, float(rates[0]), seconds)
            self._stale = True
            if callbacks:
                self.take(self.vectors)
            test_loss, test_accuracy = self._scores(totals, "test")[0]
            test_metrics.append((epoch, test_loss, test_accuracy))
            on_epoch(record)
            _tell(hooks, "on_epoch_end", epoch - 1, _logs(record))
            stopped = watched.stop_training or self._model.stop_training
            if stopped and _restored(own):
                break  # whatever this epoch came to, an earlier one is handed over
            self._refuse_divergence(record)
            if stopped:
                break
        _tell(hooks, "on_train_end", {})
        return Outcome("early_stopping" if stopped else "epochs", _final_epoch(own, epoch), tuple(test_metrics))

    def _train_teachers(self, split: Split, seed: int, epochs: int, between_calls: Callable[[], None]) -> float:
        """Trains the teachers, if there are any, from a seed of their own; the seconds that it takes.

        They start from weights, and see rows in an order, that are not the student's. The plan's callbacks are theirs,
        too: where it stops early, so do they, by the loss of their mean.
        """
        if self._teachers is None:
            return 0.0
        start = perf_counter()
        own = derive_seed(seed, "teachers")
        self._teachers.train(split, seed=own, epochs=epochs, between_calls=between_calls)
        return perf_counter() - start

    def _training(self, split: Split) -> tuple[Any, Any]:
        """Rows that are trained on, and what the loss takes for their labels."""
        labels = tf.constant(split.y_train)
        return tf.constant(split.x_train), tf.one_hot(labels, self.plan.classes) if self.plan.one_hot else labels

    def _row_weights(self, split: Split) -> tuple[Any, ...]:
        """What each training row weighs in the objective, as Keras's `class_weight` does it; empty: all the same."""
        if self.plan.class_weighting is None:
            return ()
        counts = np.bincount(split.y_train, minlength=self.plan.classes)
        of_class = (len(split.y_train) / (self.plan.classes * np.maximum(counts, 1))) ** self.plan.class_weighting
        return (tf.constant(of_class[split.y_train], tf.float32),)

    def _judged(self, split: Split) -> tuple[Any, Any]:
        """Rows that each epoch is judged on, all splits one after the other and filled up to whole blocks; and their
        marks: label, split, whether the label was changed. Of many training rows they are the first, the same for
        every epoch and variant.
        """
        few = slice(MOST_JUDGED)
        x = np.concatenate([split.x_train[few], split.x_validation, split.x_test])
        y = np.concatenate([split.y_train[few], split.y_validation, split.y_test])
        of_split = np.repeat(np.arange(3, dtype=np.int32), self._judged_rows)
        noisy = np.zeros(len(y), np.int32)
        noisy[: self._judged_rows[0]] = split.noisy[few]
        fill = [(0, self._padding)]
        x = np.pad(x, [*fill, *[(0, 0)] * (x.ndim - 1)]) if self._padding else x
        marks = np.pad(y, fill), np.pad(of_split, fill, constant_values=3), np.pad(noisy, fill)
        return tf.constant(x), tf.constant(np.stack(marks, axis=1))

    def prepare(self, split: Split) -> None:
        """Traces and compiles, by a call over no work at all; only the shapes of `split` matter."""
        self._state = self._compiled.start(_gathered(self._variables), _gathered(self._averages))
        self._noise.begin(0, 0)
        changed = self._training(split) + self._row_weights(split)
        if self._teachers is not None:
            self._teachers.prepare(split)
            changed += (tf.zeros((self.rows[0], self.plan.classes)),)
        arguments = self._arguments(
            self._judged(split), changed, np.zeros(self.rows[0], np.int32), np.zeros(self.steps)
        )
        self._compiled.advance(*arguments, self._drawn(), _units(0, 0, 0), self._no_totals)

    def evaluate(self, x: Any, y: Any) -> tuple[float, float]:
        """Clean loss and accuracy of the model as it stands, on any rows."""
        logits = self._logits(*self.vectors, tf.constant(x))
        judge = judge_mean if self.plan.members > 1 else judge_logits
        losses, correct = judge(logits, tf.constant(y))
        return float(tf.reduce_sum(losses)) / len(x), float(tf.reduce_sum(correct)) / len(x)

    def soften(self, x: Any, temperature: float, between_calls: Callable[[], None] = lambda: None) -> Any:
        """Class probabilities of the model as it stands, softened at a temperature: softmax of its logits divided by
        it; of an ensemble the mean over its members, as Hinton et al. (2015) average teachers. Shape (rows, classes).

        `between_calls` is called after each block of rows, as in `train`.
        """
        standing, blocks = self.vectors, []
        for first in range(0, len(x), self._compiled.block):
            logits = self._logits(*standing, x[first : first + self._compiled.block])
            blocks.append(tf.reduce_mean(tf.nn.softmax(logits / temperature), 0))
            between_calls()
        return tf.concat(blocks, 0)

    def predict(self, x: Any) -> Any:
        """Class probabilities of the model as it stands, shape (rows, classes)."""
        return self.model(tf.constant(x), training=False).numpy()

    def _logits(self, weights: Any, averages: Any, x: Any) -> Any:
        """In evaluation, shape (members, rows, classes)."""
        return self._compiled.logits(self._compiled.layout.split(weights), averages, self._hyper, x)

    def kernels(self) -> list[Any]:
        """The kernels of the model as it stands, as arrays, those of all members; in no certain order."""
        cut = self._compiled.layout.cut
        return [part for vector in self.vectors[0] for (_, name), part in cut(vector).items() if name == "kernel"]

    def _arguments(self, judged: Any, changed: Any, order: Any, rates: Any) -> tuple[Any, ...]:
        """Those of `CompiledEpoch.advance` that stay the same for an epoch, the state aside."""
        filled = np.concatenate([order, np.zeros(-len(order) % self._batch, np.int32)])
        return self._state, self._hyper, tf.constant(rates, tf.float32), judged, changed, tf.constant(filled)

    def _drawn(self) -> dict[str, Any]:
        """The next window of noise."""
        return {role: tf.constant(of_role) for role, of_role in self._noise.draw().items()}

    def _run_epoch(self, judged: Any, changed: Any, order: Any, rates: Any, between_calls: Callable[[], None]) -> Any:
        """All units of an epoch in as few calls as the time limit and the noise's windows allow; gives the totals."""
        done, size, totals = 0, self._units_in_one_call, self._no_totals
        _, *arguments = self._arguments(judged, changed, order, rates)
        window = -self._noise.steps
        while done < self.units:
            start = perf_counter()
            if done < self.steps and done == window + self._noise.steps:
                window, noise = done, self._drawn()
            last = min(done + size, self.units)
            if window + self._noise.steps < self.steps:
                last = min(last, window + self._noise.steps)
            units = _units(window, done, last)
            self._state, totals = self._compiled.advance(self._state, *arguments, noise, units, totals)
            totals.numpy()  # waits
            seconds = perf_counter() - start
            size = max(1, min(self.units, int((last - done) * SECONDS_IN_ONE_CALL / seconds)))
            done = last
            between_calls()
        self._units_in_one_call = size
        return totals.numpy()

    def _lay_out(self, *, trainable: bool) -> tuple[list[list[Any]], VectorLayout]:
        """Each member's variables of the model, in the plan's order, and how they stand in its vector."""
        keys, members = [], []
        for member in range(self.plan.members):
            found = []
            for role in (layer.role for layer in self.plan.layers):
                layer = self._model.get_layer(layer_name(role, member))
                variables = layer.trainable_variables if trainable else layer.non_trainable_variables
                found += [(role, v) for v in variables if v.name != SEED]
            members.append([v for _, v in found])
            keys = [(role, v.name) for role, v in found]
        return members, VectorLayout(tuple(keys), tuple(tuple(v.shape) for v in members[0]))

    def _read(self) -> None:
        """Takes over the model's weights. With averages of weights they are not those that training goes on with."""
        if not self.plan.optimizer.get("use_ema"):
            self._state["weights"] = tf.constant(_gathered(self._variables))
        self._state["moving"] = tf.constant(_gathered(self._averages))

    def _scores(self, totals: Any, split: SplitName) -> list[tuple[float, float]]:
        """Mean loss and accuracy on a split: of the whole, then of each member of an ensemble."""
        sums = totals[self._layout.scores(split)] / self._judged_rows[SPLITS.index(split)]
        return [(float(loss), float(accuracy)) for loss, accuracy in sums.reshape(-1, 2)]

    def _balanced_accuracy(self, totals: Any) -> float:
        """The mean of the recalls of the classes that validation rows have."""
        present = self._class_rows > 0
        recalls = totals[self._layout.correct_by_class("validation")][present] / self._class_rows[present]
        return float(recalls.mean())

    def _loss_by_noise(self, totals: Any) -> dict[str, float]:
        """Mean training loss over the rows whose label was left, and over those whose label was changed.

        Empty where none was changed; where all were, the first is missing.
        """
        if not self._noise_rows[1]:
            return {}
        sums = totals[self._layout.loss_by_noise("train")]
        parts = zip(NOISE_CURVES, sums, self._noise_rows, strict=True)
        return {name: float(loss / rows) for name, loss, rows in parts if rows}

    def _record(self, epoch: int, totals: Any, learning_rate: float, seconds: float) -> EpochRecord:
        train, *train_members = self._scores(totals, "train")
        validation, *validation_members = self._scores(totals, "validation")
        members = {
            f"{split}_{metric}": [score[place] for score in scores]
            for split, scores in (("train", train_members), ("val", validation_members))
            for place, metric in enumerate(("loss", "accuracy"))
        }
        return EpochRecord(
            epoch=epoch,
            train_loss=train[0],
            val_loss=validation[0],
            train_accuracy=train[1],
            val_accuracy=validation[1],
            objective=float(totals[self._layout.objective]) / self.rows[0],
            learning_rate=learning_rate,
            steps=epoch * self.steps,
            seconds=seconds,
            series={
                BALANCED_ACCURACY: self._balanced_accuracy(totals),
                **self._loss_by_noise(totals),
                **({"members": members} if train_members else {}),
            },
        )

    def _refuse_divergence(self, record: EpochRecord) -> None:
        values = (record.objective, record.train_loss, record.val_loss)
        if not np.isfinite(values).all():
            raise DivergedError(DIVERGED.replace(".", f" in epoch {record.epoch}.", 1))


def _gathered(members: list[list[Any]]) -> Any:
    """The values of the members' variables as vectors, a NumPy array (members, size)."""
    vectors = [np.concatenate([np.zeros(0, np.float32), *(v.numpy().ravel() for v in member)]) for member in members]
    return np.stack(vectors)


def _units(*numbers: int) -> Any:
    return tf.constant(np.array(numbers, np.int32))


def _tell(callbacks: Sequence[Any], hook: str, *arguments: Any) -> None:
    """What Keras's `CallbackList` does, without looking for tensors in what is told: a tenth of a short epoch."""
    for callback in callbacks:
        getattr(callback, hook)(*arguments)


def _logs(record: EpochRecord) -> dict[str, float]:
    """What callbacks see: the clean values by their names, and the objective under Keras's name `loss`."""
    names = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "objective")
    values = {name: getattr(record, name) for name in names}
    return {"loss": record.objective, BALANCED_ACCURACY: (record.series or {})[BALANCED_ACCURACY], **values}


def _restored(callbacks: Sequence[Any]) -> bool:
    """Whether training hands over the weights of an earlier epoch."""
    return any(getattr(callback, "best_weights", None) is not None for callback in callbacks)


def _final_epoch(callbacks: Sequence[Any], last: int) -> int:
    """The epoch whose weights the model has after training: a restored one, else the last."""
    for callback in callbacks:
        if getattr(callback, "best_weights", None) is not None:
            return int(callback.best_epoch) + 1
    return last
