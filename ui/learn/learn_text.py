"""What the Learn page says. Techniques and networks bring their own texts from the registries."""

from ui.translated import translate_texts

LEARN = "Learn"
INTRODUCTION = (
    "What overfitting is, what can be done about it, and how to write it in Keras. Everything on this page is computed "
    "on the spot or was recorded by the same program that trains in the Lab."
)
PATH = "What you will see, in five minutes"
PATH_STEPS = """
1. **Look at a net that overfits** (one minute): the recorded curves right below, with their marks.
2. **Open one technique** (two minutes), *Dropout* say: three sentences, the formula, the Keras line, and a picture that
   answers when you move its sliders.
3. **Press *Compare in the Lab*** (two minutes): the form is filled with the same network with and without the
   technique. Press *Train* and see whether it helps; change a number and see when it hurts.

The rest is to look things up: labels and their losses, what Keras calls things, and every other technique.
"""

OVERFITTING = "What overfitting is"
OVERFITTING_TEXT = """
Two losses tell the story. **Training loss** (dashed) says how well the net fits the rows that it learns from;
**validation loss** (solid) how well it does on rows that it has never seen. At first both fall: what the net learns is
true of all rows. Later only training loss falls: it learns what is true of the training rows alone, their noise and
their accidents. Where validation loss turns up while training loss still falls, **overfitting begins**.

Three marks, three different things: the triangle where overfitting begins, the square where a rule of early stopping
fires, the diamond at the epoch whose weights it would bring back. The gap between the two curves says little by itself;
what counts is how low validation loss gets.
"""
OVERFITTING_MORE = """
What helps: more data, or changed copies of the data; less freedom for the weights; noise, so that nothing can be
learned by heart; several nets instead of one; or stopping in time. All curves here are plain cross-entropy in
evaluation mode. Keras's own `loss` and `val_loss` contain the penalties of L1 and L2 and label smoothing, and cannot be
compared between techniques.
"""

LABELS = "Sparse and one-hot labels, and their losses"
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

NAMES = "Strings, functions and classes"
NAMES_TEXT = """
Keras takes most things in three ways. A **string** is the shortest. A **function** says which one without quotes, so
that an editor can find it. A **class** is made with parentheses and takes parameters:
`tf.keras.losses.CategoricalCrossentropy(label_smoothing=0.1)`. For activations and losses the string means the
function; for metrics, optimizers and regularizers it means the class with its defaults.
"""
NAMES_COLUMNS = ("String", "Function", "Class")

NETWORKS = "The networks, and what a residual block is"
NETWORKS_TEXT = """
A plain net passes each layer's output to the next one, and its gradient back through all of them; after some dozens of
layers little of either arrives. A **residual block** adds what its layers computed to what came in: the **shortcut**
around them lets values and gradients pass untouched. A fresh block is not harmless, though: from Keras's random
initial weights it adds something random; only a last layer that starts at zero would add nothing. Nets of a hundred
layers train that way. The preset *Deep nets: plain or residual* in the Lab shows the difference.
"""
TECHNIQUES = "The techniques, one by one"
HURTS = "**When it hurts.** {text}"
NO_CALL = "# no call of its own: the same network and fit(), on more rows"
DRAW_ANEW = "Draw anew"
COMPARE = "Compare in the Lab"
LOADED = "The form now holds **{name}**. Press Train to see what it does."

translate_texts(__name__)
