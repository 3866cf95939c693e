"""What the Learn page says. Techniques and networks bring their own texts from the registries."""

LEARN = "Learn"
INTRODUCTION = "Six steps, ten minutes. Every number was trained by this program."

LABELS = "Sparse and one-hot labels"
LABELS_TEXT = """
The same label can be written as a class index (**sparse**) or as a row of zeros with a single one (**one-hot**). The
loss must fit: both compute minus the logarithm of the probability that the net gives to the true class, and so the same
number. One-hot labels take more memory, but can say *mostly a 3, a little of a 5*: label smoothing, mixup and CutMix
need them.
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
NAMES_COLUMNS = ("String", "Function", "Class")

NETWORKS = "Residual blocks, a hundred layers"
NETWORKS_TEXT = """
A plain net passes each layer's output to the next one, and its gradient back through all of them; after some dozens of
layers little of either arrives. A **residual block** adds what its layers computed to what came in: the **shortcut**
around them lets values and gradients pass untouched. A fresh block is not harmless, though: from Keras's random
initial weights it adds something random; only a last layer that starts at zero would add nothing. Nets of a hundred
layers train that way. The preset *Deep nets: plain or residual* in the Lab shows the difference.
"""
HURTS = "**When it hurts.** {text}"
NO_CALL = "# no call of its own: the same network and fit(), on more rows"
CLASS_WEIGHT_CALL = "model.fit(x, y, class_weight=dict(enumerate(weights)))  # weights: one for each class"
DRAW_ANEW = "Draw anew"
COMPARE = "Compare in the Lab"
LOADED = "The form now holds **{name}**. Press Train to see what it does."
