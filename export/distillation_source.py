"""Source text of distillation: teachers, and Keras's Distiller, which wants networks that give logits."""

from collections.abc import Iterator

from export.keras_text import Writer, comment
from export.sharpness_source import CLASS as SHARPNESS
from models.plan import Plan
from wording.language import _

KERAS_CLASS = "tf.keras.distillation.Distiller"


def distillation_source(plan: Plan, writer: Writer) -> Iterator[str]:
    """The lines that train the teachers and then the student; they use `network`, `compiled` and `fit`.

    Args:
        plan: with teachers.
        writer: writes Keras's calls.
    """
    if plan.teachers is None or plan.distillation is None:
        return
    count, temperature = plan.teachers.members, f"{plan.distillation.get('temperature'):g}"
    own = tuple(_own_class(plan))
    yield from (*own, "", "") if own else ()
    yield "# " + _("Each teacher starts from weights of its own.")
    if plan.callbacks:
        yield from comment(_("Callbacks see each teacher by itself; in the Lab they see the teachers' mean."))
    yield f"teachers = [compiled(network()) for _ in range({count})]"
    yield "for teacher in teachers:"
    yield "    fit(teacher)"
    yield ""
    yield from comment(_("The mean of their softened probabilities, written as the logits of one model."))
    yield f"inputs = tf.keras.Input({plan.input_shape!r})"
    yield f"soft = [tf.keras.ops.softmax(teacher(inputs) / {temperature}) for teacher in teachers]"
    yield f"mean = tf.keras.ops.maximum(sum(soft) / {count}, 1e-30)"
    yield f"teacher = tf.keras.Model(inputs, {temperature} * tf.keras.ops.log(mean))"
    yield ""
    yield from comment(_("With an object: the string would be applied to the logits themselves (Keras 3.15)."))
    yield from writer.lay_out("distillation = ", plan.distillation, "", "")
    yield f"model = compiled({'Distiller' if own else KERAS_CLASS}(teacher, student, distillation))"
    yield "history = fit(model)"


def _own_class(plan: Plan) -> Iterator[str]:
    """What Keras's Distiller lacks for this plan; nothing where it lacks nothing."""
    penalties = any(key == "kernel_regularizer" for layer in plan.layers for key, _ in layer.call.arguments)
    sharp = plan.sharpness is not None
    if not (penalties or sharp):
        return
    yield f"class Distiller({KERAS_CLASS}):"
    if sharp:
        yield f"    rho, slopes, train_step = {SHARPNESS}.rho, {SHARPNESS}.slopes, {SHARPNESS}.train_step"
    if penalties:
        yield from ([""] if sharp else [])
        yield "    def compute_loss(self, *args, **kwargs):  # " + _("Keras's leaves penalties out")
        yield "        return super().compute_loss(*args, **kwargs) + sum(self.student.losses)"


def logits_network(plan: Plan, body: list[str], model: str) -> Iterator[str]:
    """A function that makes the network without its last softmax, and the student that it makes first.

    Args:
        plan: the student's.
        body: the lines that lay out the layers before the softmax, indented.
        model: the class of the model.
    """
    yield "def network():"
    yield f"    inputs = H = tf.keras.Input({plan.input_shape!r})"
    yield from body
    yield f"    return {model}(inputs, H)  # " + _("logits, as Keras's Distiller wants them")
    yield ""
    yield ""
    yield "student = network()"
