"""Source text of plans in every style, and its loops."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from export.keras_text import Style, Writer
from export.loops import Line, Loop, fold
from export.network_source import network_source
from models.architectures import MLP, ResNetConv, ResNetMLP, make_plan
from models.plan import Plan, call
from models.techniques import Dropout, StochasticDepth

STYLES: tuple[Style, ...] = ("string", "function", "class")


def test_styles_by_hand() -> None:
    dense = call("layers.Dense", units=3, kernel_regularizer=call("regularizers.L2", l2=0.5))
    activation = call("layers.Activation", activation="relu")
    loss = call("losses.SparseCategoricalCrossentropy")
    assert [Writer(style).expression(loss) for style in STYLES] == [
        '"sparse_categorical_crossentropy"',
        "tf.keras.losses.sparse_categorical_crossentropy",
        "tf.keras.losses.SparseCategoricalCrossentropy()",
    ]
    assert [Writer(style).expression(activation) for style in STYLES] == [
        'tf.keras.layers.Activation("relu")',
        "tf.keras.layers.Activation(tf.keras.activations.relu)",
        "tf.keras.layers.Activation(tf.keras.activations.relu)",
    ]
    for style in STYLES:
        assert Writer(style).expression(dense) == (
            "tf.keras.layers.Dense(3, kernel_regularizer=tf.keras.regularizers.L2(0.5))"
        )


def test_a_form_that_cannot_say_what_was_asked_gives_way_and_says_so() -> None:
    slow, plain = (call("optimizers.Adam", learning_rate=rate) for rate in (0.1, 0.001))
    smooth = call("losses.CategoricalCrossentropy", label_smoothing=0.1)
    string, function, object_ = (Writer(style) for style in STYLES)
    assert string.expression(plain) == '"adam"'
    assert string.take_notes() == []
    assert string.expression(slow) == "tf.keras.optimizers.Adam(learning_rate=0.1)"
    assert string.take_notes() == ['The string "adam" has no place for learning_rate, so here is the class.']
    assert string.take_notes() == []
    assert function.expression(smooth) == "tf.keras.losses.CategoricalCrossentropy(label_smoothing=0.1)"
    assert function.expression(plain) == "tf.keras.optimizers.Adam(learning_rate=0.001)"
    assert function.take_notes() == [
        "A function has no place for label_smoothing, so here is the class.",
        "Keras has no functions that stand for optimizers, so here is the class.",
    ]
    object_.expression(call("layers.Activation", activation="relu"))
    assert object_.take_notes() == ["tf.keras.activations has functions alone, so here is the function."]


def source(plan: Plan, style: Style = "string") -> str:
    return "\n".join(network_source(plan, Writer(style)))


def test_a_deep_net_is_a_loop() -> None:
    plan = make_plan(ResNetMLP(blocks=50), [Dropout(rate=0.1)], input_shape=(6,), classes=3)
    assert source(plan) == (
        """\
inputs = H = tf.keras.Input((6,))
H = tf.keras.layers.Dense(64)(H)
for _ in range(50):
    shortcut = H
    H = tf.keras.layers.BatchNormalization(momentum=0.9)(H)
    H = tf.keras.layers.Activation("swish")(H)
    H = tf.keras.layers.Dense(64)(H)
    H = tf.keras.layers.BatchNormalization(momentum=0.9)(H)
    H = tf.keras.layers.Activation("swish")(H)
    H = tf.keras.layers.Dropout(0.1)(H)
    H = tf.keras.layers.Dense(64)(H)
    H = tf.keras.layers.Add()([shortcut, H])
H = tf.keras.layers.BatchNormalization(momentum=0.9)(H)
H = tf.keras.layers.Activation("swish")(H)
H = tf.keras.layers.Dense(3)(H)
H = tf.keras.layers.Softmax()(H)
model = tf.keras.Model(inputs, H)"""
    )


def test_stages_of_a_convolutional_net_are_loops_too() -> None:
    text = source(make_plan(ResNetConv(filters=8, stages=4, blocks=3), [], input_shape=(32, 32, 3), classes=3))
    assert text.count("tf.keras.layers") < 40
    assert "for filters in (16, 32, 64):" in text
    assert "    shortcut = tf.keras.layers.Conv2D(filters, 1, strides=2," in text
    assert "    for _ in range(2):" in text


def test_a_small_net_is_written_out_and_different_widths_are_a_loops_variable() -> None:
    small = source(make_plan(MLP(widths=(9, 8)), [], input_shape=(6,), classes=3))
    assert "for " not in small
    assert [line.split("layers.")[1] for line in small.splitlines()[1:-1]] == [
        "Dense(9)(H)", 'Activation("swish")(H)', "Dense(8)(H)", 'Activation("swish")(H)', "Dense(3)(H)", "Softmax()(H)",
    ]  # fmt: skip
    assert "for units in (9, 8, 7):" in source(make_plan(MLP(widths=(9, 8, 7)), [], input_shape=(6,), classes=3))


def test_rates_that_grow_evenly_over_many_blocks_are_a_formula() -> None:
    def deep(blocks: int) -> str:
        plan = make_plan(ResNetMLP(blocks=blocks), [StochasticDepth()], input_shape=(6,), classes=3)
        return source(plan)

    assert "for rate in (0.05, 0.1, 0.15, 0.2):" in deep(4)
    assert "for rate in (round(0.2 * block / 20, 6) for block in range(1, 21)):" in deep(20)


lines = st.builds(
    Line,
    st.sampled_from(["H", "shortcut"]),
    st.sampled_from(["layers.Flatten", "layers.Dense"]),
    st.sampled_from([(), (("units", "1"),), (("units", "2"),)]),
    st.just("H"),
)


def unfold(parts: list[Line | Loop]) -> list[str]:
    """What the folded text does, line by line."""
    done: list[str] = []
    text = "\n".join(line for part in parts for line in part.write()) or "pass"

    class Recorder:
        def __init__(self, path: str) -> None:
            self.path = path

        def __getattr__(self, name: str) -> "Recorder":
            return Recorder(f"{self.path}.{name}")

        def __call__(self, *arguments: Any, **named: Any) -> Any:
            return lambda operand: done.append(f"{self.path} {arguments} {named}")

    exec(text, {"tf": Recorder("tf"), "H": None})
    return done


@given(st.lists(lines, max_size=24))
def test_loops_do_what_the_lines_did(written: list[Line]) -> None:
    folded = fold(written)
    assert unfold(folded) == unfold([*written])
    assert sum(len(part.write()) for part in folded) <= len(written)


def test_a_loop_of_many_variables_is_python_too() -> None:
    plan = make_plan(ResNetConv(stages=3, blocks=9), [StochasticDepth()], input_shape=(32, 32, 3), classes=3)
    compile(source(plan), "network.py", "exec")
