"""The epoch engine: one compiled function trains an epoch and evaluates it.

A plan is traced once and serves every seed: the data, the order of the rows and the range of work come in as
arguments, and `reset` sets every variable anew. Nothing in the compiled code draws from a global generator.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from datasets.dataset import MOST_JUDGED
from datasets.split import Split
from models.layer_facts import block_rows
from models.plan import LOGITS, Plan, layer_name
from results.records import BALANCED_ACCURACY, NOISE_CURVES, EpochRecord
from training.worker.augmentation import Augmentation
from training.worker.build import build, make, reset_weights
from training.worker.totals import SPLITS, SplitName, TotalsLayout
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


class Engine:
    """A traced plan. `rows` are those of training, validation and test; all runs of an engine share them."""

    def __init__(self, plan: Plan, rows: tuple[int, int, int], batch_size: int, *, xla: bool) -> None:
        self.plan, self.rows, self.batch_size, self.xla = plan, rows, batch_size, xla
        self.model = build(plan)
        # The length of the gradient is that of one member's: it is cut here, where members are still apart.
        self._longest_gradient = plan.optimizer.get("global_clipnorm")
        self.optimizer = make(plan.optimizer.without("global_clipnorm"))
        self.loss = make(plan.loss)
        self.model.compile(optimizer=self.optimizer, loss=self.loss)
        self._members = [_member(self.model, member) for member in range(plan.members)]
        self._trainable = [member.trainable_variables for member in self._members]
        self._state = [member.non_trainable_variables for member in self._members]
        self._shapes = [tuple(v.shape) for v in self._trainable[0]]
        self._sizes = [int(np.prod(shape)) for shape in self._shapes]
        # A member's weights as one vector: the optimizer then updates one variable, a third of a step's operations.
        start = np.zeros((plan.members, sum(self._sizes)), np.float32)
        self._weights = keras.Variable(start, name="weights")
        self.optimizer.build([self._weights])
        self._averages = bool(plan.optimizer.get("use_ema"))
        self._judged = keras.Variable(start, name="average") if self._averages else self._weights
        self._optimizer_start = [v.numpy() for v in self.optimizer.variables]
        self._augmentation = Augmentation(plan)
        self.steps = -(-rows[0] // batch_size)
        self._judged_rows = (min(rows[0], MOST_JUDGED), *rows[1:])
        self._block_rows = block_rows(plan)
        self._blocks = [-(-n // self._block_rows) for n in self._judged_rows]
        self.units = self.steps + sum(self._blocks)
        self._layout = TotalsLayout(1 if plan.members == 1 else 1 + plan.members, plan.classes)
        self._totals = tf.Variable(tf.zeros(self._layout.size, tf.float64), trainable=False)
        self._units_in_one_call = 1  # the speed is unknown at first
        self._graph = self._advance = tf.function(self._advance_eagerly, autograph=False)
        self._compiled_steps = tf.function(partial(self._run_steps, static=True), autograph=False, jit_compile=True)
        # Traced once for any number of rows, wherever they are used: most of an engine's start is tracing.
        x = tf.TensorSpec((None, *plan.input_shape))
        y = tf.TensorSpec((None,), tf.int32)
        targets = tf.TensorSpec((None, plan.classes)) if plan.one_hot else y
        weights = () if plan.class_weighting is None else (tf.TensorSpec((None,)),)
        self._step = tf.function(self._step_eagerly, (x, targets, *weights), autograph=False)
        self._judge = tf.function(self._judge_eagerly, (x, y, y), autograph=False)

    def reset(self, seed: int) -> None:
        """Sets weights, moving averages, seed generators and the optimizer to their start under this seed."""
        reset_weights(self.model, self.plan, seed)
        for variable, value in zip(self.optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(value)
        self._weights.assign(self._gathered())
        self.model.stop_training = False

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
            seed: draws initial weights, dropout masks, augmentation and the order of the rows.
            epochs: at most so many.
            on_epoch: gets each epoch's record, while the model has that epoch's weights.
            between_calls: called between compiled calls, at most about 0.3 s apart; may raise to end the run.
            callbacks: further Keras callbacks beside the plan's. Batch-level hooks are not called.

        Raises:
            DivergedError: the loss became NaN or infinite.
        """
        self.reset(seed)
        training, labels_of_training = _training_tensors(split)
        data, labels, noisy = _judged_tensors(split)
        self._class_rows = np.bincount(split.y_validation, minlength=self.plan.classes)
        self._noise_rows = np.bincount(split.noisy[:MOST_JUDGED], minlength=2)
        rows = training, self._targets(labels_of_training)
        weights = self._row_weights(split)
        own = [make(c) for c in self.plan.callbacks]
        hooks = keras.callbacks.CallbackList([*own, *callbacks], model=self.model, epochs=epochs)
        test_metrics = []
        hooks.on_train_begin()
        for epoch in range(1, epochs + 1):
            hooks.on_epoch_begin(epoch - 1)
            start, learning_rate = perf_counter(), float(self.optimizer.learning_rate.numpy())
            order = np.random.default_rng([seed, epoch]).permutation(self.rows[0]).astype(np.int32)
            changed = self._augmentation.apply(*rows, seed=seed, epoch=epoch, between_calls=between_calls) + weights
            totals = self._run_epoch(data, labels, noisy, changed, order, between_calls)
            record = self._record(epoch, totals, learning_rate, perf_counter() - start)
            test_loss, test_accuracy = self._scores(totals, "test")[0]
            test_metrics.append((epoch, test_loss, test_accuracy))
            on_epoch(record)
            hooks.on_epoch_end(epoch - 1, _logs(record))
            if self.model.stop_training and _restored(own):
                break  # whatever this epoch came to, an earlier one is handed over
            self._refuse_divergence(record)
            if self.model.stop_training:
                break
        hooks.on_train_end()
        stopped = self.model.stop_training
        return Outcome("early_stopping" if stopped else "epochs", _final_epoch(own, epoch), tuple(test_metrics))

    def _targets(self, labels: Any) -> Any:
        """What the loss takes for these labels."""
        return tf.one_hot(labels, self.plan.classes) if self.plan.one_hot else labels

    def _row_weights(self, split: Split) -> tuple[Any, ...]:
        """What each training row weighs in the objective, as Keras's `class_weight` does it; empty: all the same."""
        if self.plan.class_weighting is None:
            return ()
        counts = np.bincount(split.y_train, minlength=self.plan.classes)
        of_class = (len(split.y_train) / (self.plan.classes * np.maximum(counts, 1))) ** self.plan.class_weighting
        return (tf.constant(of_class[split.y_train], tf.float32),)

    def prepare(self, split: Split) -> None:
        """Traces and compiles, by a call over no work at all; only the shapes of `split` matter."""
        data, labels, noisy = _judged_tensors(split)
        training, labels_of_training = _training_tensors(split)
        changed = (training, self._targets(labels_of_training), *self._row_weights(split))
        nothing = data, labels, noisy, changed, tf.zeros(self.rows[0], tf.int32), tf.constant(0), tf.constant(0)
        # The one trace itself: finding it again in each epoch takes a tenth of a short one.
        self._advance = self._graph.get_concrete_function(*nothing)
        self._advance(*nothing)

    def evaluate(self, x: Any, y: Any) -> tuple[float, float]:
        """Clean loss and accuracy of the model as it stands, on any rows."""
        loss, correct = self._judge(tf.constant(x), tf.constant(y), tf.zeros(len(x), tf.int32))[:2]
        return float(loss) / len(x), float(correct) / len(x)

    def predict(self, x: Any) -> Any:
        """Class probabilities of the model as it stands, shape (rows, classes)."""
        return self.model(tf.constant(x), training=False).numpy()

    def kernels(self) -> list[Any]:
        """The kernels of the model as it stands, as arrays, those of all members."""
        return [variable.numpy() for variable in self.model.trainable_variables if variable.name == "kernel"]

    def _run_epoch(
        self, data: Any, labels: Any, noisy: Any, changed: Any, order: Any, between_calls: Callable[[], None]
    ) -> Any:
        """All units of an epoch in as few calls as the time limit allows; gives the totals."""
        order, done, size = tf.constant(order), 0, self._units_in_one_call
        while done < self.units:
            last = min(done + size, self.units)
            start = perf_counter()
            totals = self._advance(data, labels, noisy, changed, order, tf.constant(done), tf.constant(last)).numpy()
            seconds = perf_counter() - start
            size = max(1, min(self.units, int((last - done) * SECONDS_IN_ONE_CALL / seconds)))
            done = last
            between_calls()
        self._units_in_one_call = size
        return totals

    def _gathered(self) -> Any:
        """The weights of the members' variables, shape (members, weights)."""
        return tf.stack([tf.concat([tf.reshape(v.value, [-1]) for v in member], 0) for member in self._trainable])

    def _advance_eagerly(
        self, data: Any, labels: Any, noisy: Any, changed: Any, order: Any, first: Any, last: Any
    ) -> Any:
        """Units `first` to `last` of an epoch: gradient steps on the `changed` rows and labels, then blocks of
        evaluation; returns the totals as `TotalsLayout` says.
        """
        if not self._averages:
            # Callbacks may have changed the model's weights between calls, so the model's variables are the truth here.
            # With averages they are not those that training goes on with.
            self._weights.assign(self._gathered())
        before = tf.where(tf.equal(first, 0), tf.zeros_like(self._totals), self._totals)
        objective = before[self._layout.objective]
        objective = self._train(changed, order, first, tf.minimum(last, self.steps), objective)
        if self._averages:
            self.optimizer.finalize_variable_values([self._judged])
        for variables, values in zip(self._trainable, self._split(self._judged.value), strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        sums, begin = [tf.reshape(objective, [1])], self.steps
        for split, x, y, marks, blocks in zip(SPLITS, data, labels, noisy, self._blocks, strict=True):
            low = tf.clip_by_value(first - begin, 0, blocks)
            high = tf.clip_by_value(last - begin, 0, blocks)
            sums.append(self._judge_blocks(x, y, marks, low, high, before[self._layout.of_split(split)]))
            begin += blocks
        return self._totals.assign(tf.concat(sums, 0))

    def _train(self, changed: Any, order: Any, first: Any, last: Any, total: Any) -> Any:
        """Gradient steps `first` to `last`; returns `total` with the objective of their rows added.

        Sums go on from the earlier call's, so that they do not depend on where the calls are cut.
        """
        if not self.xla:
            return self._run_steps(changed, order, first, last, total)
        # XLA wants one batch size: its loop runs the full batches, and a last smaller one follows outside.
        full = self.rows[0] // self.batch_size
        total = self._compiled_steps(changed, order, first, tf.minimum(last, full), total)
        return self._run_steps(changed, order, tf.maximum(first, full), last, total)

    def _run_steps(self, changed: Any, order: Any, first: Any, last: Any, total: Any, static: bool = False) -> Any:
        size = self.batch_size

        def body(step: Any, total: Any) -> tuple[Any, Any]:
            end = (step + 1) * size
            rows = tf.slice(order, [step * size], [size]) if static else order[step * size : end]
            objective = self._step(*(tf.gather(part, rows) for part in changed))
            return step + 1, total + tf.cast(objective, tf.float64) * tf.cast(tf.size(rows), tf.float64)

        return tf.while_loop(lambda step, _: step < last, body, (first, total), parallel_iterations=1)[1]

    def _step_eagerly(self, x: Any, y: Any, weights_of_rows: Any = None) -> Any:
        """One gradient step of every member on a batch; returns their mean objective, penalties included."""
        objectives = []
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            weights = tf.convert_to_tensor(self._weights.value)
            tape.watch(weights)
            for member, values, variables in zip(self._members, self._split(weights), self._state, strict=True):
                logits, state, penalties = member.stateless_call(
                    values, [v.value for v in variables], x, training=True, return_losses=True
                )
                loss = self.loss(y, logits, sample_weight=weights_of_rows)
                objectives.append(loss + tf.add_n([tf.constant(0.0), *penalties]))
                for variable, value in zip(variables, state, strict=True):
                    variable.assign(value)
            total = tf.add_n(objectives)
        gradient = tape.gradient(total, weights)
        if self._longest_gradient is not None:
            gradient = tf.clip_by_norm(gradient, self._longest_gradient, axes=[1])
        self.optimizer.apply([gradient], [self._weights])
        if any(variable.constraint for variable in self._trainable[0]):
            self._weights.assign(self._constrained(self._weights.value))
        return total / len(objectives)

    def _constrained(self, weights: Any) -> Any:
        """The weights after the constraints of their variables, as Keras applies them after each step."""
        members = [
            [v.constraint(part) if v.constraint else part for v, part in zip(variables, parts, strict=True)]
            for variables, parts in zip(self._trainable, self._split(weights), strict=True)
        ]
        return tf.stack([tf.concat([tf.reshape(part, [-1]) for part in parts], 0) for parts in members])

    def _split(self, weights: Any) -> list[list[Any]]:
        """Each member's weights as tensors in the model's shapes."""
        return [
            [tf.reshape(p, s) for p, s in zip(tf.split(vector, self._sizes), self._shapes, strict=True)]
            for vector in tf.unstack(weights, len(self._members))
        ]

    def _judge_blocks(self, x: Any, y: Any, noisy: Any, low: Any, high: Any, total: Any) -> Any:
        """`total` with the sums of blocks `low` to `high` added, float64; see `_judge_eagerly`."""

        def body(block: Any, total: Any) -> tuple[Any, Any]:
            rows = slice(block * self._block_rows, (block + 1) * self._block_rows)
            return block + 1, total + self._judge(x[rows], y[rows], noisy[rows])

        return tf.while_loop(lambda block, _: block < high, body, (low, total))[1]

    def _judge_eagerly(self, x: Any, y: Any, noisy: Any) -> Any:
        """Sums over rows, as `TotalsLayout` has them for a split: of the unclipped cross-entropy and of the correct
        answers; those of each member; of the correct answers in each class; of the cross-entropy where `noisy` is 0,
        and where it is 1.

        An ensemble's log-probabilities are those of its members' mean probability: logsumexp over members - log K.
        """
        logits = [member(x, training=False) for member in self._members]
        members = [_judge_logits(one, y) for one in logits]
        losses, correct = members[0] if len(logits) == 1 else _judge_mean(logits, y)
        judged = [(losses, correct), *members] if len(logits) > 1 else [(losses, correct)]
        sums = tf.stack([tf.reduce_sum(of_rows) for pair in judged for of_rows in pair])
        by_class = tf.math.unsorted_segment_sum(correct, y, self.plan.classes)
        return tf.concat([sums, by_class, tf.math.unsorted_segment_sum(losses, noisy, 2)], 0)

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


def _member(model: Any, member: int) -> Any:
    """The part of the model that gives one member's logits."""
    return keras.Model(model.input, model.get_layer(layer_name(LOGITS, member)).output)


def _judge_logits(logits: Any, y: Any) -> tuple[Any, Any]:
    """The loss of each row, and 1.0 for each row that is right."""
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
    correct = tf.equal(tf.argmax(logits, 1, tf.int32), y)
    return tf.cast(losses, tf.float64), tf.cast(correct, tf.float64)


def _judge_mean(logits: list[Any], y: Any) -> tuple[Any, Any]:
    """The same of members' mean probability."""
    shares = tf.stack([tf.nn.log_softmax(one) for one in logits])
    mean = tf.reduce_logsumexp(shares, 0) - tf.math.log(float(len(logits)))
    losses = -tf.cast(tf.gather(mean, y, batch_dims=1), tf.float64)
    return losses, tf.cast(tf.equal(tf.argmax(mean, 1, tf.int32), y), tf.float64)


def _training_tensors(split: Split) -> tuple[Any, Any]:
    """Rows that are trained on, and their labels."""
    return tf.constant(split.x_train), tf.constant(split.y_train)


def _judged_tensors(split: Split) -> tuple[list[Any], list[Any], list[Any]]:
    """Rows that each epoch is judged on, labels and noise marks, of training, validation and test: of many training
    rows the first, which are the same for every epoch and variant."""
    few = slice(MOST_JUDGED)
    data = [tf.constant(a) for a in (split.x_train[few], split.x_validation, split.x_test)]
    labels = [tf.constant(a) for a in (split.y_train[few], split.y_validation, split.y_test)]
    noisy = [tf.constant(split.noisy[few], tf.int32), *(tf.zeros(len(y), tf.int32) for y in labels[1:])]
    return data, labels, noisy


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
