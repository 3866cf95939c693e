"""The epoch engine: one compiled function trains an epoch and evaluates it. Imported in worker processes only.

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

from datasets.split import Split
from models.build import build, make, reset_weights
from models.plan import LOGITS, Plan
from results.records import EpochRecord

SECONDS_IN_ONE_CALL = 0.25
"""Longest work that one compiled call is given, so that cancelling bites."""

BLOCK_ROWS = 2048
"""Rows evaluated at a time; bounds the memory of an evaluation."""

XLA_STEPS = 4000
"""Gradient steps in a run from which compiling deep nets with XLA pays (docs/benchmarks.md)."""


class DivergedError(Exception):
    """The loss became NaN or infinite."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `final_epoch` is the epoch whose weights are handed over."""

    ended_by: Literal["epochs", "early_stopping"]
    final_epoch: int
    test_metrics: tuple[tuple[int, float, float], ...]


def uses_xla(plan: Plan, steps: int) -> bool:
    """The fixed rule by which a run of that many gradient steps is compiled with XLA on the CPU.

    XLA's random bits are slow on the CPU, so plans with random layers stay without it; so do plans with few small
    operations, where it saves too little to pay for its compilation (about a second).
    """
    normalized = sum("Normalization" in layer.call.path for layer in plan.layers)
    return not plan.random and normalized >= 4 and steps >= XLA_STEPS


class Engine:
    """A traced plan. `rows` are those of training, validation and test; all runs of an engine share them."""

    def __init__(self, plan: Plan, rows: tuple[int, int, int], batch_size: int, *, xla: bool) -> None:
        self.plan, self.rows, self.batch_size, self.xla = plan, rows, batch_size, xla
        self.model = build(plan)
        self.optimizer = make(plan.optimizer)
        self.loss = make(plan.loss)
        self.model.compile(optimizer=self.optimizer, loss=self.loss)
        self._logits = keras.Model(self.model.input, self.model.get_layer(LOGITS).output)
        self._trainable = self._logits.trainable_variables
        self._state = self._logits.non_trainable_variables
        self._shapes = [tuple(v.shape) for v in self._trainable]
        self._sizes = [int(np.prod(shape)) for shape in self._shapes]
        # All weights as one vector: the optimizer then updates one variable, a third of the operations of a step.
        self._weights = keras.Variable(np.zeros(sum(self._sizes), np.float32), name="weights")
        self.optimizer.build([self._weights])
        self._optimizer_start = [v.numpy() for v in self.optimizer.variables]
        self.steps = -(-rows[0] // batch_size)
        self._blocks = [-(-n // BLOCK_ROWS) for n in rows]
        self.units = self.steps + sum(self._blocks)
        self._totals = tf.Variable(tf.zeros(7, tf.float64), trainable=False)
        self._units_in_one_call = 1  # the speed is unknown at first
        self._advance = tf.function(self._advance_eagerly, autograph=False)
        self._compiled_steps = tf.function(partial(self._run_steps, static=True), autograph=False, jit_compile=True)

    def reset(self, seed: int) -> None:
        """Sets weights, moving averages, seed generators and the optimizer to their start under this seed."""
        reset_weights(self.model, seed)
        for variable, value in zip(self.optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(value)
        self.model.stop_training = False

    def train(
        self,
        split: Split,
        *,
        seed: int,
        epochs: int,
        on_epoch: Callable[[EpochRecord], None] = lambda record: None,
        on_border: Callable[[], None] = lambda: None,
        callbacks: Sequence[Any] = (),
    ) -> Outcome:
        """One run from fresh weights.

        Args:
            split: arrays with the engine's numbers of rows.
            seed: draws initial weights, dropout masks and the order of the rows.
            epochs: at most so many.
            on_epoch: gets each epoch's record.
            on_border: called between compiled calls, at most about 0.3 s apart; may raise to end the run.
            callbacks: further Keras callbacks beside the plan's. Batch-level hooks are not called.

        Raises:
            DivergedError: the loss became NaN or infinite.
        """
        self.reset(seed)
        data, labels = _tensors(split)
        own = [make(c) for c in self.plan.callbacks]
        hooks = keras.callbacks.CallbackList([*own, *callbacks], model=self.model, epochs=epochs)
        test_metrics = []
        hooks.on_train_begin()
        for epoch in range(1, epochs + 1):
            hooks.on_epoch_begin(epoch - 1)
            start, learning_rate = perf_counter(), float(self.optimizer.learning_rate.numpy())
            order = np.random.default_rng([seed, epoch]).permutation(self.rows[0]).astype(np.int32)
            totals = self._run_epoch(data, labels, order, on_border)
            record = self._record(epoch, totals, learning_rate, perf_counter() - start)
            test_metrics.append((epoch, float(totals[5]) / self.rows[2], float(totals[6]) / self.rows[2]))
            on_epoch(record)
            self._refuse_divergence(record)
            hooks.on_epoch_end(epoch - 1, _logs(record))
            if self.model.stop_training:
                break
        hooks.on_train_end()
        stopped = self.model.stop_training
        return Outcome("early_stopping" if stopped else "epochs", _final_epoch(own, epoch), tuple(test_metrics))

    def prepare(self, split: Split) -> None:
        """Traces and compiles, by a call over no work at all; only the shapes of `split` matter."""
        self._advance(*_tensors(split), tf.zeros(self.rows[0], tf.int32), tf.constant(0), tf.constant(0))

    def evaluate(self, x: Any, y: Any) -> tuple[float, float]:
        """Clean loss and accuracy of the model as it stands, on any rows."""
        loss, correct = self._judge(tf.constant(x), tf.constant(y))
        return float(loss) / len(x), float(correct) / len(x)

    def _run_epoch(self, data: Any, labels: Any, order: Any, on_border: Callable[[], None]) -> Any:
        """All units of an epoch in as few calls as the time limit allows; gives the totals, shape (7,)."""
        order, done, size = tf.constant(order), 0, self._units_in_one_call
        while done < self.units:
            last = min(done + size, self.units)
            start = perf_counter()
            totals = self._advance(data, labels, order, tf.constant(done), tf.constant(last)).numpy()
            seconds = perf_counter() - start
            size = max(1, min(self.units, int((last - done) * SECONDS_IN_ONE_CALL / seconds)))
            done = last
            on_border()
        self._units_in_one_call = size
        return totals

    def _advance_eagerly(self, data: Any, labels: Any, order: Any, first: Any, last: Any) -> Any:
        """Units `first` to `last` of an epoch: gradient steps, then blocks of evaluation; returns the totals.

        Totals: the objective's sum over rows, then loss sum and count of correct rows for each of the three splits.
        """
        # Callbacks may have changed the model's weights between calls, so the model's variables are the truth here.
        self._weights.assign(tf.concat([tf.reshape(v.value, [-1]) for v in self._trainable], 0))
        before = tf.where(tf.equal(first, 0), tf.zeros(7, tf.float64), self._totals)
        objective = self._train(data[0], labels[0], order, first, tf.minimum(last, self.steps), before[0])
        for variable, value in zip(self._trainable, self._split(self._weights.value), strict=True):
            variable.assign(value)
        sums = [tf.reshape(objective, [1])]
        offset = self.steps
        for i, (x, y, blocks) in enumerate(zip(data, labels, self._blocks, strict=True)):
            low = tf.clip_by_value(first - offset, 0, blocks)
            high = tf.clip_by_value(last - offset, 0, blocks)
            sums.append(self._judge_blocks(x, y, low, high, before[1 + 2 * i : 3 + 2 * i]))
            offset += blocks
        return self._totals.assign(tf.concat(sums, 0))

    def _train(self, x: Any, y: Any, order: Any, first: Any, last: Any, total: Any) -> Any:
        """Gradient steps `first` to `last`; returns `total` with the objective of their rows added.

        Sums go on from the earlier call's, so that they do not depend on where the calls are cut.
        """
        if not self.xla:
            return self._run_steps(x, y, order, first, last, total)
        # XLA wants one batch size: its loop runs the full batches, and a last smaller one follows outside.
        full = self.rows[0] // self.batch_size
        total = self._compiled_steps(x, y, order, first, tf.minimum(last, full), total)
        return self._run_steps(x, y, order, tf.maximum(first, full), last, total)

    def _run_steps(self, x: Any, y: Any, order: Any, first: Any, last: Any, total: Any, static: bool = False) -> Any:
        size = self.batch_size

        def body(step: Any, total: Any) -> tuple[Any, Any]:
            end = (step + 1) * size
            rows = tf.slice(order, [step * size], [size]) if static else order[step * size : end]
            objective = self._step(tf.gather(x, rows), tf.gather(y, rows))
            return step + 1, total + tf.cast(objective, tf.float64) * tf.cast(tf.size(rows), tf.float64)

        return tf.while_loop(lambda step, _: step < last, body, (first, total), parallel_iterations=1)[1]

    def _step(self, x: Any, y: Any) -> Any:
        """One gradient step on a batch; returns the objective, penalties included."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            weights = tf.convert_to_tensor(self._weights.value)
            tape.watch(weights)
            logits, state, penalties = self._logits.stateless_call(
                self._split(weights), [v.value for v in self._state], x, training=True, return_losses=True
            )
            objective = self.loss(y, logits) + tf.add_n([tf.constant(0.0), *penalties])
        self.optimizer.apply([tape.gradient(objective, weights)], [self._weights])
        for variable, value in zip(self._state, state, strict=True):
            variable.assign(value)
        return objective

    def _split(self, weights: Any) -> list[Any]:
        """The vector of all weights as tensors in the model's shapes."""
        return [tf.reshape(p, s) for p, s in zip(tf.split(weights, self._sizes), self._shapes, strict=True)]

    def _judge_blocks(self, x: Any, y: Any, low: Any, high: Any, total: Any) -> Any:
        """`total` with loss sum and count of correct rows of blocks `low` to `high` added, shape (2,) float64."""

        def body(block: Any, total: Any) -> tuple[Any, Any]:
            rows = slice(block * BLOCK_ROWS, (block + 1) * BLOCK_ROWS)
            return block + 1, total + tf.stack(self._judge(x[rows], y[rows]))

        return tf.while_loop(lambda block, _: block < high, body, (low, total))[1]

    def _judge(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Sums over rows of the unclipped cross-entropy of the logits, and of the correct answers."""
        logits = self._logits(x, training=False)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
        correct = tf.equal(tf.argmax(logits, 1, tf.int32), y)
        return tf.reduce_sum(tf.cast(loss, tf.float64)), tf.reduce_sum(tf.cast(correct, tf.float64))

    def _record(self, epoch: int, totals: Any, learning_rate: float, seconds: float) -> EpochRecord:
        train, validation, _ = self.rows
        return EpochRecord(
            epoch=epoch,
            train_loss=float(totals[1]) / train,
            val_loss=float(totals[3]) / validation,
            train_accuracy=float(totals[2]) / train,
            val_accuracy=float(totals[4]) / validation,
            objective=float(totals[0]) / train,
            learning_rate=learning_rate,
            steps=epoch * self.steps,
            seconds=seconds,
        )

    def _refuse_divergence(self, record: EpochRecord) -> None:
        values = (record.objective, record.train_loss, record.val_loss)
        if not np.isfinite(values).all():
            raise DivergedError(
                f"The loss became NaN or infinite in epoch {record.epoch}. "
                "Try a smaller learning rate, weaker L1 or L2, or scaled features."
            )


def _tensors(split: Split) -> tuple[list[Any], list[Any]]:
    """Rows and labels of training, validation and test."""
    data = [tf.constant(a) for a in (split.x_train, split.x_validation, split.x_test)]
    labels = [tf.constant(a) for a in (split.y_train, split.y_validation, split.y_test)]
    return data, labels


def _logs(record: EpochRecord) -> dict[str, float]:
    """What callbacks see: the clean values by their names, and the objective under Keras's name `loss`."""
    names = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "objective")
    values = {name: getattr(record, name) for name in names}
    return {"loss": record.objective, **values}


def _final_epoch(callbacks: Sequence[Any], last: int) -> int:
    """The epoch whose weights the model has after training: a restored one, else the last."""
    for callback in callbacks:
        if getattr(callback, "best_weights", None) is not None:
            return int(callback.best_epoch) + 1
    return last
