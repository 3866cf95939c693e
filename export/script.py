"""A variant as a Keras script to take home, made from the plan that trains it here.

It needs TensorFlow, scikit-learn and matplotlib, and nothing of this program.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datasets.dataset import MOST_HELD_OUT, MOST_JUDGED
from datasets.registry import Dataset
from experiment.spec import Experiment, MarkedRule, TrainingSettings, Variant
from experiment.version import PROGRAM_AND_VERSION
from export.data_loading import loading
from export.distillation_source import distillation_source
from export.keras_text import Style, Writer, comment, lay_out_call, lay_out_list
from export.network_source import ENSEMBLE, network_source
from export.own_data_loading import Loading
from models.names import visible
from models.plan import (
    EARLY_STOPPING,
    MIXED_ROWS,
    RANDAUGMENT_ROWS,
    UNIT_RANGE,
    Call,
    Plan,
    call,
    find_early_stopping,
)
from wording.language import _, say_later
from wording.numbers import join_texts

STYLES: tuple[Style, ...] = ("string", "function", "class")
FIRST_LINE = say_later('"""From {program}. Needs: pip install {packages}"""')
BALANCED = "val_balanced_accuracy"
INDENT = 4
"""Of a function's body, or of a list's items."""
CROSS_ENTROPIES = ("losses.CategoricalCrossentropy", "losses.SparseCategoricalCrossentropy")
PACKAGES = "tensorflow scikit-learn matplotlib"
CLEAN_TRAINING = (
    "class CleanTraining(tf.keras.callbacks.Callback):",
    '    """{note}"""',
    "",
    "    def on_epoch_end(self, epoch, logs):",
    "        clean = self.model.evaluate({rows}, {labels}, verbose=0, return_dict=True)",
    '        logs.update({{f"train_{{name}}": value for name, value in clean.items()}})',
)


@dataclass(frozen=True)
class Cell:
    """A part of a script: a heading, and its lines."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Script:
    """What goes into the script of one variant, and the names that its parts share."""

    plan: Plan
    dataset: Dataset
    settings: TrainingSettings
    marked: MarkedRule
    seed: int
    loading: Loading
    writer: Writer

    def cells(self) -> Iterator[Cell]:
        """All parts but the imports, in order."""
        yield Cell(_("Settings"), tuple(self._settings()))
        yield Cell(_("Data: 20% test rows, 20% validation rows, stratified"), tuple(self._data()))
        if self.plan.changes_rows:
            yield Cell(_("Training rows change anew in every epoch, outside of the model"), tuple(self._pipeline()))
        yield Cell(_("Network"), tuple(self._network()))
        yield Cell(_("Training"), tuple(self._training()))
        yield Cell(_("Curves"), tuple(self._plot()))
        yield Cell(_("Test rows: once, at the very end, so that they have chosen nothing"), (self._test(),))

    @property
    def distilled(self) -> bool:
        """Whether teachers are trained first. Compiling and fitting are functions then."""
        return self.plan.distillation is not None

    @property
    def stops(self) -> bool:
        """Whether early stopping really ends the training."""
        return find_early_stopping(self.plan.callbacks) is not None

    @property
    def restores(self) -> bool:
        """Whether it restores the best weights."""
        return any(callback.get("restore_best_weights") for callback in self.plan.callbacks)

    @property
    def outputs(self) -> int:
        """Outputs of the model; each needs the labels."""
        return 1 if self.plan.members == 1 else self.plan.members + 1

    @property
    def watches_balanced_accuracy(self) -> bool:
        """Whether a rule watches what Keras has no metric for."""
        own = find_early_stopping(self.plan.callbacks)
        return (own.get("monitor") if own else self.marked.monitor) == BALANCED

    def class_indices(self, name: str) -> str:
        """Labels as class indices."""
        return f"{name}.argmax(axis=1)" if self.plan.one_hot else name

    def labels(self, name: str) -> str:
        """The labels as the model takes them."""
        return name if self.outputs == 1 else f"[{name}] * {self.outputs}"

    def metrics(self) -> dict[str, Call | str]:
        """The clean loss and the accuracy, by the names under which Keras reports them."""
        kind = "Categorical" if self.plan.one_hot else "SparseCategorical"
        prefix = "categorical" if self.plan.one_hot else "sparse_categorical"
        logits = True if self.distilled else None
        if self.writer.style == "class":
            return {
                "cross_entropy": call(f"metrics.{kind}Crossentropy", name="cross_entropy", from_logits=logits),
                "accuracy": call(f"metrics.{kind}Accuracy", name="accuracy"),
            }
        crossentropy: Call | str = call(f"metrics.{kind}Crossentropy", from_logits=logits)
        if self.writer.style == "string":
            return {f"{prefix}_crossentropy": crossentropy, "accuracy": "accuracy"}
        return {f"{prefix}_crossentropy": crossentropy, f"{prefix}_accuracy": call(f"metrics.{kind}Accuracy")}

    def reported(self, monitor: str) -> str:
        """Keras's name for one of our clean names, as `val_loss`."""
        if monitor == BALANCED:
            return monitor
        split, metric = monitor.split("_")
        crossentropy, accuracy = self.metrics()
        output = "" if self.outputs == 1 else f"{ENSEMBLE}_"
        return f"{split}_{output}{crossentropy if metric == 'loss' else accuracy}"

    def _settings(self) -> Iterator[str]:
        yield f"SEED, EPOCHS, BATCH_SIZE = {self.seed}, {self.settings.epochs}, {self.settings.batch_size}"
        yield "tf.keras.utils.set_random_seed(SEED)"

    def _data(self) -> Iterator[str]:
        dataset = self.dataset
        yield from self.loading.lines
        yield f"held_out = min(round(0.2 * len(x)), {MOST_HELD_OUT})"
        yield from self._grouped_split() if self.loading.groups else self._plain_split()
        if dataset.label_noise:
            yield from self._label_noise()
        yield from self._scaling()
        if self.plan.one_hot:
            one_hot = f"tf.keras.utils.to_categorical(part, {self.plan.classes})"
            yield ""
            yield "# " + _("One-hot labels, since they are mixed or smoothed")
            yield from lay_out_call("y_train, y_val, y_test = (", [f"{one_hot} for part in (y_train, y_val, y_test)"])

    def _plain_split(self) -> Iterator[str]:
        yield from lay_out_call(
            "x_rest, x_test, y_rest, y_test = train_test_split(",
            ["x", "y", "test_size=held_out", "stratify=y", "random_state=0"],
        )
        train_size = self.dataset.train_size
        size = [] if train_size is None else [f"train_size={train_size}"]
        yield from lay_out_call(
            "x_train, x_val, y_train, y_val = train_test_split(",
            ["x_rest", "y_rest", *size, "test_size=held_out", "stratify=y_rest", "random_state=SEED"],
        )

    def _grouped_split(self) -> Iterator[str]:
        """Whole groups are held out, a share of those of each class, as `datasets.split` does."""
        yield from ("", "", "def hold_out(rows, seed):")
        yield "    numbers, first = np.unique(groups[rows], return_index=True)"
        yield "    size = max(1, round(held_out / len(rows) * len(numbers)))"
        yield "    strata = y[rows][first]"
        yield "    strata = np.where(np.bincount(strata)[strata] < 2, np.bincount(strata).argmax(), strata)"
        yield "    enough = len(np.unique(strata)) <= min(size, len(numbers) - size)"
        yield "    stratify = strata if enough else None"
        yield "    _, held = train_test_split(numbers, test_size=size, stratify=stratify, random_state=seed)"
        yield "    held = np.isin(groups[rows], held)"
        yield "    return rows[~held], rows[held]"
        yield from ("", "")
        yield "rest, test = hold_out(np.arange(len(x)), 0)"
        yield "train, val = hold_out(rest, SEED)"
        if self.dataset.train_size is not None:
            yield "train = np.random.default_rng(SEED).permutation(train)"
            yield f"train = train[:{self.dataset.train_size}]"
        yield "x_train, x_val, x_test = x[train], x[val], x[test]"
        yield "y_train, y_val, y_test = y[train], y[val], y[test]"

    def _label_noise(self) -> Iterator[str]:
        yield ""
        yield "# " + _("{share:.4g} of the training labels become another class").format(share=self.dataset.label_noise)
        yield "random = np.random.default_rng(SEED)"
        yield f"noisy = random.permutation(len(y_train))[: round({self.dataset.label_noise!r} * len(y_train))]"
        classes = self.plan.classes
        yield f"y_train[noisy] = (y_train[noisy] + random.integers(1, {classes}, len(noisy))) % {classes}"

    def _scaling(self) -> Iterator[str]:
        yield ""
        if self.dataset.kind == "image":
            yield "# " + _("Scaled by the training rows alone, over all pixels at once")
            yield "mean, deviation = float(x_train.mean()), float(x_train.std())"
        else:
            yield "# " + _("Scaled by the training rows alone; a feature that is always the same stays 0")
            if self.loading.missing:
                yield "median = np.nan_to_num(np.nanmedian(x_train, axis=0))"
                filled = "np.where(np.isnan(part), median, part) for part in (x_train, x_val, x_test)"
                yield f"x_train, x_val, x_test = ({filled})"
            yield "mean, deviation = x_train.mean(axis=0), x_train.std(axis=0)"
            yield "deviation[deviation == 0] = 1"
            if self.loading.indicators:
                yield "mean[first_text:], deviation[first_text:] = 0, 1  # " + _("texts stay 0 and 1")
        image = self.dataset.kind == "image"
        scaled = (
            '(part.astype("float32") - mean) / deviation' if image else '((part - mean) / deviation).astype("float32")'
        )
        scaled += " for part in (x_train, x_val, x_test)"
        yield from lay_out_call("x_train, x_val, x_test = (", [scaled])

    @property
    def varies(self) -> bool:
        """Whether a layer changes images that draws once for all of a batch, and wants pixels from 0 to 1."""
        return any(layer.get("value_range") == UNIT_RANGE for _, layer in self.plan.augmentation)

    def _pipeline(self) -> Iterator[str]:
        if self.varies:
            yield from self._varying()
        if not self.varies or self.plan.mixing or self.outputs > 1:
            yield from ("", "") if self.varies else ()
            yield from self._changing()
        yield from ("", "")
        yield from self._batches()

    def _varying(self) -> Iterator[str]:
        (layer,) = [layer for _, layer in self.plan.augmentation]
        yield from self.writer.lay_out("rand_augment = ", layer, "", "")
        yield "low, high = float(x_train.min()), float(x_train.max())"
        yield from ("", "", "def vary(x, y):")
        yield "    x = rand_augment((x - low) / (high - low), training=True)  # " + _("it wants pixels from 0 to 1")
        yield "    return low + (high - low) * x, y"

    def _changing(self) -> Iterator[str]:
        augmentation = [] if self.varies else [self.writer.expression(layer) for _, layer in self.plan.augmentation]
        if len(augmentation) == 1:
            yield f"augment = {augmentation[0]}"
        elif augmentation:
            yield from lay_out_list("augment = tf.keras.Sequential([", augmentation, "])")
        if self.plan.mixing:
            yield f"mix = {self.writer.expression(self.plan.mixing)}"
        yield from ("", "", "def change(x, y):")
        if augmentation:
            yield "    x = augment(x, training=True)"
        if self.plan.mixing:
            yield from self._mixing()
        yield f"    return x, {self._labels_of_a_batch()}"

    def _batches(self) -> Iterator[str]:
        """The training rows, augmented batch by batch, but mixed in the blocks in which a worker mixes them."""
        yield "train = tf.data.Dataset.from_tensor_slices((x_train, y_train))"
        yield "# " + _("Side by side: the order stays, but which batch draws what may differ from run to run")
        change, shuffle = ".map(change, num_parallel_calls=tf.data.AUTOTUNE)", ".shuffle(len(x_train))"
        if self.varies:
            told = _("Keras draws once for all images of a batch: {rows} share a draw, as in the Lab")
            yield "# " + told.format(rows=RANDAUGMENT_ROWS)
            yield f"train = train.batch({RANDAUGMENT_ROWS}){change.replace('change', 'vary')}.unbatch()"
        if self.plan.mixing:
            told = _("Rows are mixed with others of their block of {rows:,}, as in the Lab, and then shuffled")
            yield "# " + told.format(rows=MIXED_ROWS)
            yield f"train = train.batch({MIXED_ROWS}){change}.unbatch()"
        if self.varies or self.plan.mixing:
            yield "train = train.apply(tf.data.experimental.assert_cardinality(len(x_train)))  # " + _(
                "unbatch forgets it"
            )
        if self.plan.mixing or (self.varies and self.outputs == 1):
            yield f"train = train{shuffle}.batch(BATCH_SIZE).prefetch(tf.data.AUTOTUNE)"
        else:
            yield f"train = train{shuffle}.batch(BATCH_SIZE)"
            yield f"train = train{change}.prefetch(tf.data.AUTOTUNE)"

    def _mixing(self) -> Iterator[str]:
        """Keras mixes images: a row of a table is one of height 1 and width 1."""
        image = len(self.plan.input_shape) == 3
        if not image:
            yield "    # " + _("Keras mixes images: here a row is one of height 1 and width 1.")
        yield f'    mixed = mix({{"images": x{"" if image else "[:, None, None, :]"}, "labels": y}}, training=True)'
        yield f'    x, y = mixed["images"]{"" if image else "[:, 0, 0, :]"}, mixed["labels"]'

    def _labels_of_a_batch(self) -> str:
        return "y" if self.outputs == 1 else f"(y,) * {self.outputs}"

    def _network(self) -> Iterator[str]:
        lines = network_source(self.plan, self.writer)
        yield from (line for note in self.writer.take_notes() for line in comment(note))
        if self.outputs > 1:
            yield "# " + _("Each member has its own weights and learns from its own loss; the average is only judged.")
        yield from lines
        yield "student.summary()" if self.distilled else "model.summary()"

    def _training(self) -> Iterator[str]:
        compiled = list(self._compile())
        yield from (line for note in self.writer.take_notes() for line in comment(note))
        yield from self._in_function("compiled(model)", compiled, "model") if self.distilled else compiled
        yield from ("", "")
        judged = f"[:{MOST_JUDGED}]" if self.dataset.training_rows > MOST_JUDGED else ""
        rows, labels = f"x_train{judged}", self.labels(f"y_train{judged}")
        note = _("Judges training rows as validation rows are: unchanged, and in evaluation mode.")
        yield from (line.format(rows=rows, labels=labels, note=note) for line in CLEAN_TRAINING)
        if self.watches_balanced_accuracy:
            output = "" if self.outputs == 1 else "[-1]"
            yield f"        predicted = self.model.predict(x_val, verbose=0){output}.argmax(axis=1)"
            yield f'        logs["{BALANCED}"] = balanced_accuracy_score({self.class_indices("y_val")}, predicted)'
        yield from ("", "")
        if not self.distilled:
            yield from self._callbacks()
            yield from self._fit()
            return
        yield from self._in_function("fit(model)", [*self._callbacks(), *self._fit()], "history")
        yield from ("", "")
        yield from distillation_source(self.plan, self.writer)

    def _in_function(self, signature: str, lines: Sequence[str], given: str) -> Iterator[str]:
        """The lines as the body of a function that gives a variable."""
        yield f"def {signature}:"
        yield from (f"    {line}" if line else "" for line in lines)
        yield f"    return {given}"

    def _compile(self) -> Iterator[str]:
        # The network ends in a softmax, whose logits Keras finds by itself; one that is distilled has none.
        loss = self.writer.expression(self.plan.loss if self.distilled else self.plan.loss.without("from_logits"))
        members = self.plan.members
        yield from lay_out_list("metrics = [", [self.writer.expression(metric) for metric in self.metrics().values()])
        if members > 1 and self.plan.optimizer.get("global_clipnorm"):
            yield "# " + _("Keras clips the gradients of all members together; the Lab clips each member's.")
        rate = self.plan.optimizer.get("learning_rate")
        if isinstance(rate, Call):
            yield "# " + _("It counts gradient steps: with other EPOCHS or rows it needs other numbers.")
            yield from self.writer.lay_out("learning_rate = ", rate, "", "")
            self.writer.name(rate, "learning_rate")
        yield "model.compile("
        yield from self.writer.lay_out("optimizer=", self.plan.optimizer, ",", "    ")
        yield f"    loss={loss if members == 1 else f'[{loss}] * {members} + [None]'},"
        yield f"    metrics={'metrics' if members == 1 else f'[None] * {members} + [metrics]'},"
        yield ")"

    def _callbacks(self) -> Iterator[str]:
        yield "callbacks = ["
        if self.plan.optimizer.get("use_ema"):
            yield "    # " + _("First, so that all that follow see the averaged weights")
            yield "    tf.keras.callbacks.SwapEMAWeights(swap_on_epoch=True),"
        yield "    CleanTraining(),"
        if self.plan.optimizer.get("use_ema") and self.stops and not self.restores:
            yield "    # " + _(
                "Stopped early, Keras hands over weights that are not averaged: nothing is restored here."
            )
        why = self._why_clean()
        if self.plan.callbacks and why:
            yield from self._note(_("Clean values are watched: {why}").format(why=why))
        for callback in self.plan.callbacks:
            yield from self._callback(callback)
        if not self.stops:
            rule = self.marked.model_dump()
            mode = "max" if self.marked.monitor.endswith("accuracy") else "min"
            told = _("The rule that the Lab marks, on clean values: {why}") if why else _("The rule that the Lab marks")
            yield from self._note(told.format(why=why))
            yield from self._callback(call(EARLY_STOPPING, **rule, restore_best_weights=True, mode=mode), "    # ")
        yield "]"

    def _why_clean(self) -> str:
        """What Keras's own loss has beside the cross-entropy, or instead of it; empty: nothing."""
        if self.plan.loss.path not in CROSS_ENTROPIES:
            return _("Keras's val_loss is no cross-entropy.")
        penalties = any(key == "kernel_regularizer" for layer in self.plan.layers for key, _ in layer.call.arguments)
        extra = {
            _("penalties"): penalties,
            _("label smoothing"): bool(self.plan.loss.get("label_smoothing")),
            _("the distance to the teachers"): self.distilled,
        }
        found = [name for name, there in extra.items() if there]
        return _("Keras's val_loss contains {found}, too.").format(found=join_texts(found)) if found else ""

    def _note(self, text: str) -> Iterator[str]:
        """A comment in the list of callbacks."""
        lines = comment(text, 2 * INDENT) if self.distilled else [f"# {text}"]
        yield from (f"    {line}" for line in lines)

    def _callback(self, callback: Call, indent: str = "    ") -> list[str]:
        monitored = [(k, self.reported(v) if k == "monitor" else v) for k, v in callback.arguments]
        margin = " " * INDENT if self.distilled else ""  # it will stand in a function
        lines = self.writer.lay_out("", Call(callback.path, tuple(monitored)), ",", margin + indent)
        return [line.removeprefix(margin) for line in lines]

    def _fit(self) -> Iterator[str]:
        rows = (
            ["train", "shuffle=False"]
            if self.plan.changes_rows
            else ["x_train", self.labels("y_train"), "batch_size=BATCH_SIZE"]
        )
        validation = f"validation_data=(x_val, {self.labels('y_val')})"
        weights = []
        if self.plan.class_weighting is not None:
            classes, power = self.plan.classes, self.plan.class_weighting
            yield f"counts = np.bincount({self.class_indices('y_train')}, minlength={classes})"
            yield f"weights = (len(y_train) / ({classes} * np.maximum(counts, 1))) ** {power:g}"
            weights = ["class_weight=dict(enumerate(weights))"]
        arguments = [*rows, "epochs=EPOCHS", validation, *weights, "callbacks=callbacks", "verbose=2"]
        yield from lay_out_call("history = model.fit(", arguments)

    def _plot(self) -> Iterator[str]:
        yield "epochs, curves = range(1, len(history.epoch) + 1), history.history"
        for style, label, monitor in (('"--", ', "training", "train_loss"), ("", "validation", "val_loss")):
            yield f'plt.plot(epochs, curves["{self.reported(monitor)}"], {style}label="{label}")'
        yield 'plt.xlabel("epoch")'  # in English: matplotlib's own font has no Korean letters
        yield 'plt.ylabel("cross-entropy")'
        yield "plt.legend()"
        yield "plt.show()"

    def _test(self) -> str:
        return f"model.evaluate(x_test, {self.labels('y_test')}, verbose=2)"


def make_script(
    experiment: Experiment, variant: Variant, style: Style, file_name: str | None = None
) -> tuple[Cell, ...]:
    """The script of a variant under the experiment's first seed, in parts; the first one has the imports.

    `file_name` is what the file is called that somebody's own data come from.
    """
    dataset = experiment.dataset_of(variant)
    loaded = loading(dataset, file_name)
    script = Script(
        experiment.plan(variant),
        dataset,
        experiment.training,
        experiment.early_stopping,
        experiment.seeds[0],
        loaded,
        Writer(style),
    )
    cells = tuple(script.cells())
    return Cell("", (*_head(experiment, variant, loaded), *_imports(loaded, cells))), *cells


def _head(experiment: Experiment, variant: Variant, loaded: Loading) -> Iterator[str]:
    """Names that people chose stand below the second line: in the first two a comment can name an encoding."""
    packages = f"{PACKAGES} pandas" if "import pandas as pd" in loaded.imports else PACKAGES
    yield _(FIRST_LINE).format(program=PROGRAM_AND_VERSION, packages=packages)
    yield ""
    if experiment.name:
        yield "# " + _("Experiment: {name}").format(name=visible(experiment.name))
    yield "# " + _("Variant: {name}").format(name=visible(variant.name))
    yield ""


def _imports(loaded: Loading, cells: tuple[Cell, ...]) -> Iterator[str]:
    yield "import matplotlib.pyplot as plt"
    if any("np." in line for cell in cells for line in cell.lines):
        yield "import numpy as np"
    yield from (line for line in loaded.imports if line.startswith("import "))
    yield "import tensorflow as tf"
    yield from (line for line in loaded.imports if line.startswith("from "))
    if any("balanced_accuracy_score(" in line for cell in cells for line in cell.lines):
        yield "from sklearn.metrics import balanced_accuracy_score"
    yield "from sklearn.model_selection import train_test_split"


def as_python(cells: tuple[Cell, ...]) -> str:
    """The script as a .py file."""
    parts = ["\n".join(([f"# {cell.title}"] if cell.title else []) + list(cell.lines)) for cell in cells]
    return "\n\n".join(parts) + "\n"
