"""The compiled part of the engine: units of an epoch (gradient steps, then blocks of evaluation) in one function.

It is a pure function: weights, moving averages, what the optimizer remembers, hyperparameters, noise, rows, their order
and the range of work come in as arguments. So a structure is traced and compiled once, for every seed and for every
value of its hyperparameters.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import tensorflow as tf

from models.layer_facts import block_rows
from models.plan import Call, Plan
from training.worker.build import make
from training.worker.network import Batch, Pass, constrained, forward, is_constrained, penalty
from training.worker.optimizers import MEMORY, STEPS, State, climb, step_with_momentum
from training.worker.totals import SPLITS, TotalsLayout
from training.worker.vectors import VectorLayout

KEPT = 8
"""Compiled structures that a worker keeps; each holds 7 to 25 MB that TensorFlow never gives back."""

HARD_SHARE = 0.5
"""Of the loss on labels beside that on teachers: Keras's default in `Distiller`."""


@dataclass(frozen=True)
class Sizes:
    """What a compiled function is compiled for beside its structure.

    Attributes:
        rows: that are trained on.
        judged: rows that each epoch is judged on, of all splits together.
        batch_size: of a gradient step; no more than there are rows.
        noise_steps: steps that the noise of a call is for.
    """

    rows: int
    judged: int
    batch_size: int
    noise_steps: int

    @property
    def steps(self) -> int:
        """Gradient steps of an epoch; the last may have fewer rows."""
        return -(-self.rows // self.batch_size)


def rows_of_block(plan: Plan, judged: int) -> int:
    """Rows that are judged at a time: of so many blocks as memory demands, all alike."""
    most = max(1, block_rows(plan) // plan.members)
    return -(-judged // -(-judged // most))


@lru_cache(KEPT)
def compiled_epoch(
    structure: Plan, layout: VectorLayout, moving: VectorLayout, sizes: Sizes, block: int, xla: bool
) -> "CompiledEpoch":
    """The compiled function of a structure, from an earlier run where there is one."""
    return CompiledEpoch(structure, layout, moving, sizes, block, xla)


class CompiledEpoch:
    """A traced structure.

    Args:
        structure: a plan with slots, see `split_plan`.
        layout: of a member's weights.
        moving: of a member's moving averages.
        sizes: numbers of rows.
        block: rows that are judged at a time.
        xla: whether XLA compiles it.
    """

    def __init__(
        self, structure: Plan, layout: VectorLayout, moving: VectorLayout, sizes: Sizes, block: int, xla: bool
    ) -> None:
        self.structure, self.layout, self.moving, self.sizes, self.block = structure, layout, moving, sizes, block
        self.totals = TotalsLayout(1 if structure.members == 1 else 1 + structure.members, structure.classes)
        self._optimizer = make(_plain(structure.optimizer))
        self._averages, self._momentum = bool(structure.optimizer.get("use_ema")), structure.optimizer.get("momentum")
        self._constrained = is_constrained(structure)
        self._xla = xla
        self._compiled: Any = None

    def start(self, weights: Any, moving: Any) -> State:
        """The state before the first step, from weights (members, weights) and moving averages, as NumPy arrays."""
        weights, moving = tf.constant(weights), tf.constant(moving)
        memory = dict.fromkeys(self.memory, tf.zeros_like(weights))
        return {"weights": weights, "moving": moving, "iterations": tf.constant(0, tf.int64), **memory}

    @property
    def memory(self) -> tuple[str, ...]:
        """What is kept from step to step beside the weights, as vectors that start at zero."""
        own = MEMORY[self.structure.optimizer.path] if self._momentum is None else ("velocity",)
        return (*own, *(["average"] if self._averages else []))

    def judged_weights(self, state: State) -> Any:
        """The weights that are evaluated and handed over."""
        return state["average"] if self._averages else state["weights"]

    def advance(self, *arguments: Any) -> tuple[State, Any]:
        """Some units of an epoch; see `_advance_eagerly`. The first call traces and compiles, for all later ones."""
        if self._compiled is None:
            self._compiled = self._trace(arguments)
        return self._compiled.call_preflattened(tf.nest.flatten(arguments))  # type: ignore[no-any-return]

    def _trace(self, arguments: tuple[Any, ...]) -> Any:
        """What is below the compiled function: to find its trace again, and to see that arguments fit it, takes a
        tenth of a short epoch."""
        nested = tf.nest.map_structure(lambda _: None, arguments)
        advance = tf.function(
            lambda *flat: self._advance_eagerly(*tf.nest.pack_sequence_as(nested, flat)),
            autograph=False,
            jit_compile=self._xla,
        )
        return advance.get_concrete_function(*tf.nest.flatten(arguments)).inference_fn

    def _advance_eagerly(
        self,
        state: State,
        hyper: Any,
        rates: Any,
        judged: Any,
        changed: Any,
        order: Any,
        noise: Any,
        units: Any,
        totals: Any,
    ) -> tuple[State, Any]:
        """Some units of an epoch: gradient steps on the `changed` rows, then blocks of evaluation.

        Sums go on from the earlier call's, so that they do not depend on where the calls are cut.

        Args:
            state: weights and memory (members, weights), moving averages (members, averages), iterations.
            hyper: constants of the slots, (slots, 2).
            rates: the learning rate of each step of the epoch, (steps,).
            judged: rows of all blocks, and for each its label, its split (0 to 2; 3: no row) and whether the label was
                changed, (rows, 3).
            changed: training rows, what the loss takes for them, perhaps their weights or what teachers say of them.
            order: of the training rows, filled up to whole batches with any row.
            noise: role -> what its layer draws in a window, (steps, members, rows of a batch, ...).
            units: the step that the noise begins with, the unit to begin with and the one to end before.
            totals: of the units before, as `TotalsLayout` has them.

        Returns:
            The state and the totals afterwards.
        """
        sizes = self.sizes
        window, first, last = tf.unstack(units)

        def take(step: Any, state: State, objective: Any) -> tuple[Any, State, Any]:
            chosen = _rows_from(order, step * sizes.batch_size, sizes.batch_size)
            drawn = {role: tf.gather(of_role, step - window) for role, of_role in noise.items()}
            present = tf.minimum(sizes.rows - step * sizes.batch_size, sizes.batch_size)
            rows = [tf.gather(part, chosen) for part in changed]
            state, mean = self._step(state, hyper, rates[step], rows, drawn, present)
            return step + 1, state, objective + tf.cast(mean, tf.float64) * tf.cast(present, tf.float64)

        _, state, objective = tf.while_loop(
            lambda step, *_: step < tf.minimum(last, sizes.steps),
            take,
            (first, state, totals[self.totals.objective]),
            parallel_iterations=1,
        )
        weights = self.layout.split(self.judged_weights(state))
        sums = tf.while_loop(
            lambda block, _: block < last - sizes.steps,
            lambda block, sums: (block + 1, sums + self._judge(weights, state["moving"], hyper, judged, block)),
            (tf.maximum(first - sizes.steps, 0), totals[1:]),
            parallel_iterations=1,
        )[1]
        return state, tf.concat([[objective], sums], 0)

    def _step(
        self, state: State, hyper: Any, rate: Any, rows: list[Any], noise: Any, present: Any
    ) -> tuple[State, Any]:
        """One gradient step of every member on a batch; returns their mean objective, penalties included.

        Only the first `present` rows count: a last smaller batch is filled up, since a second size would have to be
        compiled, too. Of a step that takes two gradients, objective and moving averages are those of the first.
        """
        plan, weights = self.structure, state["weights"]
        batch = Batch(tf.cast(tf.range(self.sizes.batch_size) < present, tf.float32), tf.cast(present, tf.float32))
        gradient, total, averages = self._slope(weights, state, hyper, rows, noise, batch)
        if plan.sharpness is not None:
            uphill = climb(weights, gradient, hyper[-1, 0])
            gradient, _, _ = self._slope(uphill, state, hyper, rows, noise, batch)
        # In the order of Keras's optimizers: clip, decay, update, average, constrain.
        if (slot := plan.optimizer.get("global_clipnorm")) is not None:
            gradient = tf.clip_by_norm(gradient, hyper[slot.row, 0], axes=[1])
        if (slot := plan.optimizer.get("weight_decay")) is not None:
            weights -= weights * hyper[slot.row, 0] * rate
        if self._momentum is None:
            weights, memory = STEPS[plan.optimizer.path](self._optimizer, weights, gradient, rate, state)
        else:
            momentum = hyper[self._momentum.row, 0]
            weights, memory = step_with_momentum(weights, gradient, rate, momentum, state)
        if self._averages:
            keep, take = tf.unstack(hyper[plan.optimizer.get("ema_momentum").row])
            average = state["average"] * keep + weights * take
            memory["average"] = tf.where(tf.equal(state["iterations"], 0), weights, average)
        if self._constrained:
            parts = constrained(plan, self.layout.split(weights), hyper)
            weights = self.layout.join(parts, plan.members)
        moving = self.moving.join(averages, plan.members)
        new = {"weights": weights, "moving": moving, "iterations": state["iterations"] + 1, **memory}
        return new, total / plan.members

    def _slope(
        self, weights: Any, state: State, hyper: Any, rows: list[Any], noise: Any, batch: Batch
    ) -> tuple[Any, Any, Any]:
        """The gradient of the objective of a batch at these weights, the objective summed over members, and the moving
        averages after it."""
        plan, (x, y, *further) = self.structure, rows
        soft = None if plan.distillation is None else further.pop()
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            now = Pass(self.layout.split(weights), self.moving.split(state["moving"]), hyper, noise, batch)
            logits = forward(plan, x, now)
            losses = self._losses(logits, y, hyper)
            for weight in further:
                losses *= weight
            if plan.distillation is not None:
                losses = self._distilled(plan.distillation, losses, logits, soft, hyper)
            total = tf.reduce_sum(losses * batch.counts) / batch.rows + penalty(plan, now.weights, hyper)
        return tape.gradient(total, weights), total, now.moving

    def _losses(self, logits: Any, y: Any, hyper: Any) -> Any:
        """What the loss of the plan is for each row, shape (members, rows)."""
        plan = self.structure
        if plan.one_hot:
            if (slot := plan.loss.get("label_smoothing")) is not None:
                keep, spread = tf.unstack(hyper[slot.row])
                y = y * keep + spread / plan.classes
            return tf.nn.softmax_cross_entropy_with_logits(tf.broadcast_to(y, tf.shape(logits)), logits)
        if (slot := plan.loss.get("q")) is not None:  # generalized cross-entropy
            q = hyper[slot.row, 0]
            return -tf.math.expm1(-q * _cross_entropy(y, logits)) / q
        return _cross_entropy(y, logits)

    def _distilled(self, term: Call, losses: Any, logits: Any, soft: Any, hyper: Any) -> Any:
        """Half the losses, and half of what Keras's `LogitsDistillation` is for each row: the divergence from the
        teachers' softened probabilities, (rows, classes), to those of the logits, times the squared temperature; both
        clipped as Keras's `kl_divergence` clips them. Shape (members, rows)."""
        temperature, squared = tf.unstack(hyper[term.get("temperature").row])
        own, soft = (tf.clip_by_value(p, 1e-7, 1.0) for p in (tf.nn.softmax(logits / temperature), soft))
        divergence = tf.reduce_sum(soft * tf.math.log(soft / own), -1)
        return HARD_SHARE * losses + (1 - HARD_SHARE) * squared * divergence

    def _judge(self, weights: Any, moving: Any, hyper: Any, judged: Any, block: Any) -> Any:
        """Sums over a block of rows, for each split as `TotalsLayout` has them: of the unclipped cross-entropy and of
        the correct answers; those of each member; of the correct answers in each class; of the cross-entropy where the
        label was not changed, and where it was.

        An ensemble's log-probabilities are those of its members' mean probability: logsumexp over members - log K.
        """
        x, marks = (_rows_from(part, block * self.block, self.block) for part in judged)
        y, split, noisy = tf.unstack(marks, axis=1)
        logits = self.logits(weights, moving, hyper, x)
        losses, correct = judge_logits(logits, y)
        columns = [losses[0], correct[0]]
        if self.structure.members > 1:
            columns = [
                *judge_mean(logits, y),
                *(part[member] for member in range(self.structure.members) for part in (losses, correct)),
            ]
        by_class = [tf.where(tf.equal(y, of_class), columns[1], 0) for of_class in range(self.structure.classes)]
        by_noise = [tf.where(tf.equal(noisy, mark), columns[0], 0) for mark in range(2)]
        values = tf.stack([*columns, *by_class, *by_noise], 1)
        # Chosen, not multiplied: one row's infinite loss must not reach the other splits.
        sums = [tf.reduce_sum(tf.where(tf.equal(split, s)[:, tf.newaxis], values, 0), 0) for s in range(len(SPLITS))]
        return tf.concat(sums, 0)

    def logits(self, weights: Any, moving: Any, hyper: Any, x: Any) -> Any:
        """In evaluation, shape (members, rows, classes)."""
        return forward(self.structure, x, Pass(weights, self.moving.split(moving), hyper, {}, None))


def _rows_from(array: Any, first: Any, rows: int) -> Any:
    """So many rows of an array."""
    return tf.slice(array, [first, *[0] * (len(array.shape) - 1)], [rows, *array.shape[1:]])


def _plain(optimizer: Any) -> Any:
    """Keras's optimizer for its constants: what has slots is an argument."""
    return type(optimizer)(optimizer.path)


def _cross_entropy(y: Any, logits: Any) -> Any:
    """Of each row and member, (members, rows)."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.broadcast_to(y, tf.shape(logits)[:-1]), logits)


def judge_logits(logits: Any, y: Any) -> tuple[Any, Any]:
    """The loss of each row, and 1.0 for each row that is right, both (members, rows)."""
    correct = tf.equal(tf.argmax(logits, -1, tf.int32), y)
    return tf.cast(_cross_entropy(y, logits), tf.float64), tf.cast(correct, tf.float64)


def judge_mean(logits: Any, y: Any) -> tuple[Any, Any]:
    """The same of the members' mean probability, both (rows,)."""
    mean = tf.reduce_logsumexp(tf.nn.log_softmax(logits), 0) - tf.math.log(float(logits.shape[0]))
    losses = -tf.cast(tf.gather(mean, y, batch_dims=1), tf.float64)
    return losses, tf.cast(tf.equal(tf.argmax(mean, 1, tf.int32), y), tf.float64)
