"""A model whose steps are those of sharpness-aware minimization, as source text: Keras has none."""

from collections.abc import Iterator

from export.keras_text import comment
from models.plan import Plan
from wording.language import _

CLASS = "SharpnessAware"


def sharpness_source(plan: Plan) -> Iterator[str]:
    """The lines of the class. That of an ensemble goes uphill for each member by itself, and needs `groups`."""
    yield f"class {CLASS}(tf.keras.Model):"
    told = _("Takes each gradient a step of this length uphill (Foret et al. 2021)")
    yield f'    """{told}"""'
    yield ""
    yield f"    rho = {plan.sharpness!r}"
    yield ""
    yield "    def slopes(self, x, y, weights):"
    yield "        with tf.GradientTape() as tape:"
    yield "            predicted = self(x, training=True)"
    yield "            loss = self.compute_loss(x, y, predicted, weights)"
    yield "        return loss, predicted, tape.gradient(loss, self.trainable_variables)"
    yield ""
    yield "    def train_step(self, data):"
    yield "        x, y, weights = tf.keras.utils.unpack_x_y_sample_weight(data)"
    yield "        variables, others = self.trainable_variables, self.non_trainable_variables"
    yield "        here, before = [[tf.identity(v) for v in part] for part in (variables, others)]"
    yield "        loss, predicted, slopes = self.slopes(x, y, weights)"
    yield "        after = [tf.identity(v) for v in others]"
    yield from _uphill(plan)
    told = _("The same masks again; moving averages are those of the first pass")
    yield from (f"        {line}" for line in comment(told, 8))
    yield "        for variable, value in zip(others, before):"
    yield "            variable.assign(value)"
    yield "        *_, slopes = self.slopes(x, y, weights)"
    yield "        for variable, value in zip(variables + others, here + after):"
    yield "            variable.assign(value)"
    yield "        self.optimizer.apply_gradients(zip(slopes, variables))"
    yield "        self.metrics[0].update_state(loss, sample_weight=tf.shape(x)[0])"
    yield "        return self.compute_metrics(x, y, predicted, weights)"


def _uphill(plan: Plan) -> Iterator[str]:
    pairs, slopes, margin = "zip(variables, slopes)", "slopes", " " * 8
    if plan.members > 1:
        yield "        for group in groups:"
        yield "            own = [pair for pair in zip(variables, slopes) if pair[0].path in group]"
        pairs, slopes, margin = "own", "[slope for _, slope in own]", " " * 12
    yield f"{margin}step = self.rho / (tf.linalg.global_norm({slopes}) + 1e-12)"
    yield f"{margin}for variable, slope in {pairs}:"
    yield f"{margin}    variable.assign_add(step * slope)"


def grouping() -> Iterator[str]:
    """Which weights belong to which member, by their paths."""
    yield "groups = ["
    yield "    {v.path for v in tf.keras.Model(inputs, member).trainable_variables} for member in members"
    yield "]"
