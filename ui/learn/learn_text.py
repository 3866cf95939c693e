"""What the Learn page says. Techniques and networks bring their own texts from the registries."""

from ui.translated import translate_texts

LEARN = "Learn"
INTRODUCTION = "Six steps, ten minutes. Every number was trained by this program."

LABELS = "Sparse and one-hot labels"
LABELS_TEXT = """
The same label can be written as a class index (**sparse**) or as a row of zeros with a single one (**one-hot**). The
loss must fit: both compute minus the logarithm of the probability that the net gives to the true class, and so the same
number. One-hot labels take more memory, but can say *mostly a 3, a little of a 5*: label smoothing, mixup and CutMix
need them. In Keras's names `Sparse` tells which labels are meant; `CategoricalGeneralizedCrossEntropy` is the exception
and takes class indices.
"""
LABELS_CODE = """\
y_sparse = [2, 0]                                    # class indices: one number a row
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["sparse_categorical_accuracy"])

y_one_hot = tf.keras.utils.to_categorical(y_sparse)  # [[0, 0, 1], [1, 0, 0]]
model.compile("adam", loss="categorical_crossentropy", metrics=["categorical_accuracy"])
"""
LABELS_COLUMNS = ("Net's probabilities", "Sparse label", "One-hot label", "Loss, either way")
LABELS_MORE = """
`"accuracy"` as a metric lets Keras pick the one that fits. With two classes there is a third way: one output with a
sigmoid, labels 0 and 1, and `"binary_crossentropy"`. A net whose last layer has no softmax gives logits: then use the
class with `from_logits=True`. After a softmax layer Keras on TensorFlow takes the logits before it by itself: either
way large logits are not rounded to probabilities of 0 and 1 first.
"""

NAMES = "What Keras calls things"
NAMES_TEXT = """
Keras takes most things in three ways. A **string** is the shortest. A **function** says which one without quotes, so
that an editor can find it. A **class**, whose name has capital letters, is made with parentheses and takes parameters:
`tf.keras.losses.CategoricalCrossentropy(label_smoothing=0.1)`. For activations and losses the string means the
function; for metrics, optimizers and regularizers it means the class with its defaults.
"""
NAMES_MORE = """
A name that begins with a **capital letter** is a class: `tf.keras.losses.MeanSquaredError` (but not such old
abbreviations as `tf.keras.losses.MSE`, which are functions). One in small letters is a function,
`tf.keras.losses.mean_squared_error`, except among regularizers, constraints and initializers: there
`tf.keras.regularizers.l2` is a second name of the class `L2`. Optimizers and callbacks have no functions that stand
for them; `tf.keras.activations` has functions alone. A loss as a function gives a number for each row, the class
their mean. Several layers may share a regularizer, but not an initializer: from one object, layers of one shape start
with the same weights.
"""
NAMES_COLUMNS = ("String", "Function", "Class")

NETWORKS = "Residual blocks, a hundred layers"
NETWORKS_TEXT = """
A plain net passes each layer's output to the next one, and its gradient back through all of them; with relu or swish
little of either arrives after some dozens of layers. A **residual block** adds what its layers computed to what came
in: the **shortcut** around them lets values and gradients pass untouched. A fresh block is not harmless, though: from
Keras's random initial weights it adds something random; only a last layer that starts at zero would add nothing. Nets
of a hundred layers train that way. The preset *Deep nets: plain or residual* in the Lab shows the difference.
"""
RESIDUAL_TEXT = """
The block here is the *pre-activation* one: normalization and activation stand before each layer, and nothing follows
the addition, so the way along the shortcuts is free from the first layer to the last. What comes in must have the
shape of what is added; where a block changes it, a convolution of 1×1 stands on the shortcut. A net of 102 layers:
"""
RESIDUAL_CODE = """\
def block(x):
    H = x
    for _ in range(2):
        H = tf.keras.layers.BatchNormalization(momentum=0.9)(H)
        H = tf.keras.layers.Activation("swish")(H)
        H = tf.keras.layers.Dense(64)(H)
    return tf.keras.layers.Add()([x, H])


inputs = tf.keras.Input((64,))
H = tf.keras.layers.Dense(64)(inputs)
for _ in range(50):
    H = block(H)
H = tf.keras.layers.BatchNormalization(momentum=0.9)(H)
H = tf.keras.layers.Activation("swish")(H)
H = tf.keras.layers.Dense(10)(H)
model = tf.keras.Model(inputs, tf.keras.layers.Softmax()(H))
"""
DEEP_TEXT = """
What a hundred layers do to a gradient, before any training: how long it still is in the first layer (64 units in
each, 300 digits, computed with Keras). Nothing is learned from a gradient near 0, and steps along one of millions go
astray. A length near 1 can be had by shortcuts, but also by tanh; that the net then learns something useful is
another matter.
"""
DEEP_COLUMNS = ("100 layers", "Length of the gradient in the first")
DEEP_ROWS = (
    ("plain, swish", "0: less than float32 can hold"),
    ("plain, relu", "1e-16"),
    ("plain, tanh", "0.2"),
    ("plain, selu with lecun_normal", "10"),
    ("plain, swish, batch normalization", "4,000,000"),
    ("residual, swish, no normalization", "500"),
    ("residual, swish, batch normalization", "1"),
)
HURTS = "**When it hurts.** {text}"
NO_CALL = "# no call of its own: the same network and fit(), on more rows"
CLASS_WEIGHT_CALL = "model.fit(x, y, class_weight=dict(enumerate(weights)))  # weights: one for each class"
DISTILLER_CALL = "tf.keras.distillation.Distiller(teacher, student, distillation_losses)  # models that give logits"
DRAW_ANEW = "Draw anew"
COMPARE = "Compare in the Lab"
LOADED = "The form now holds **{name}**. Press Train to see what it does."

translate_texts(__name__)
