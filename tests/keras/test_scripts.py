"""The scripts to take home: each runs with nothing of ours and is the variant that trains here."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st
from sklearn.metrics import recall_score
from sklearn.utils.class_weight import compute_class_weight

from datasets.registry import DATASETS
from datasets.split import make_split
from experiment.spec import Experiment, parse_experiment
from export.keras_text import LINE_LENGTH, Style, Writer
from export.network_source import network_source
from export.notebook import as_notebook
from export.script import as_python, make_script
from models.architectures import ARCHITECTURES
from models.techniques import TECHNIQUES
from tests.examples import examples
from tests.experiment.strategies import experiments, one_line
from tests.keras.test_network_source import STYLES, configuration, judged

NEEDS: dict[str, dict[str, Any]] = {
    "spatial_dropout": {
        "architecture": {"name": "resnet_conv", "filters": 2, "stages": 1, "normalization": "none"},
        "dataset": {"name": "digits", "train_size": 40},
    },
    "stochastic_depth": {"architecture": {"name": "resnet_mlp", "width": 8, "blocks": 2}},
    "cutmix": {"dataset": {"name": "digits", "train_size": 40}},
    "augmentation": {"dataset": {"name": "digits", "train_size": 40}},
    "rand_augment": {"dataset": {"name": "digits", "train_size": 40}},
    "alpha_dropout": {"architecture": {"name": "mlp", "widths": [8], "activation": "selu"}},
}
"""What a technique needs that the plain case does not have."""

EVERYTHING_OF_AN_IMAGE = {
    "name": "augmentation", "flip": "horizontal", "contrast": 0.2, "erasing": 0.5,
}  # fmt: skip


def experiment_of(*techniques: dict[str, Any], epochs: int = 1, **parts: Any) -> Experiment:
    plain = {
        "dataset": {"name": "wine", "train_size": 30},
        "architecture": {"name": "mlp", "widths": [8]},
        "training": {"epochs": epochs},
        "variants": [{"name": "it", "techniques": techniques}],
        "seeds": [0],
    }
    return parse_experiment(json.dumps(plain | parts))


def cases() -> dict[str, Experiment]:
    """A variant for each technique and each network, and some combinations."""
    image = {"dataset": {"name": "digits", "train_size": 40}}
    small = {"architecture": {"name": "resnet_conv", "filters": 2, "stages": 2}}
    group = {"groups": 4}
    singles = {
        name: experiment_of(
            {"name": name}
            | (group if name == "group_normalization" else {})
            | ({"members": 2} if name == "ensemble" else {})
            | ({"teachers": 2} if name == "distillation" else {}),
            **NEEDS.get(name, {}),
        )
        for name in TECHNIQUES
    }
    noisy = {"dataset": {"name": "spirals", "samples": 60, "label_noise": 0.2}}
    return singles | {
        "feature noise and mixup in an ensemble": experiment_of(
            {"name": "augmentation"}, {"name": "mixup"}, {"name": "ensemble", "members": 2}, **noisy
        ),
        "all of an image": experiment_of(EVERYTHING_OF_AN_IMAGE, {"name": "cutmix"}, **image),
        "averaged, penalised and stopped in an ensemble": experiment_of(
            {"name": "ema"},
            {"name": "l2"},
            {"name": "gradient_clipping"},
            {"name": "early_stopping", "monitor": "train_accuracy"},
            {"name": "ensemble", "members": 2},
        ),
        "weighted, smoothed and stopped by balanced accuracy": experiment_of(
            {"name": "class_weight", "power": 0.5},
            {"name": "label_smoothing"},
            {"name": "early_stopping", "monitor": "val_balanced_accuracy"},
        ),
        "an ensemble stopped by balanced accuracy": experiment_of(
            {"name": "early_stopping", "monitor": "val_balanced_accuracy"}, {"name": "ensemble", "members": 2}
        ),
        "varied and mixed in an ensemble": experiment_of(
            {"name": "rand_augment"}, {"name": "mixup"}, {"name": "ensemble", "members": 2}, **image
        ),
        "varied in an ensemble": experiment_of({"name": "rand_augment"}, {"name": "ensemble", "members": 2}, **image),
        "robust, weighted, with momentum and a schedule, stopped": experiment_of(
            {"name": "generalized_cross_entropy"},
            {"name": "class_weight"},
            {"name": "cosine_decay", "alpha": 0.1, "warmup": 0.5},
            {"name": "early_stopping"},
            training={"epochs": 1, "optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9},
        ),
        "sharpness aware in an ensemble, averaged and clipped": experiment_of(
            {"name": "sam"},
            {"name": "dropout"},
            {"name": "batch_normalization"},
            {"name": "l2"},
            {"name": "ema"},
            {"name": "gradient_clipping"},
            {"name": "ensemble", "members": 2},
        ),
        "sharpness aware on changed, mixed rows": experiment_of(
            {"name": "sam"}, {"name": "augmentation"}, {"name": "mixup"}
        ),
        "sharpness aware, weighted, with momentum": experiment_of(
            {"name": "sam"},
            {"name": "class_weight"},
            training={"epochs": 1, "optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9},
        ),
        "distilled, penalised, averaged, changed, mixed and stopped": experiment_of(
            {"name": "distillation", "teachers": 2},
            {"name": "l2"},
            {"name": "ema"},
            {"name": "augmentation"},
            {"name": "mixup"},
            {"name": "early_stopping"},
        ),
        "distilled, sharpness aware, smoothed, stopped by balanced accuracy": experiment_of(
            {"name": "distillation", "teachers": 2, "temperature": 2.5},
            {"name": "sam"},
            {"name": "l2"},
            {"name": "dropout"},
            {"name": "label_smoothing"},
            {"name": "cosine_decay"},
            {"name": "early_stopping", "monitor": "val_balanced_accuracy"},
        ),
        "distilled images": experiment_of(
            {"name": "distillation", "teachers": 2}, {"name": "rand_augment"}, **image | small
        ),
        "resnet_mlp": experiment_of(architecture={"name": "resnet_mlp", "width": 4}),
        "resnet_conv": experiment_of(**image | small),
        "circles": experiment_of(dataset={"name": "circles", "samples": 60}),
        "moons": experiment_of(dataset={"name": "moons", "samples": 60}),
        "breast_cancer": experiment_of(dataset={"name": "breast_cancer", "train_size": 40}),
    }


CASES = cases()


def script_of(experiment: Experiment, style: Style = "class") -> str:
    return as_python(make_script(experiment, experiment.variants[0], style))


@pytest.fixture
def run(keras: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a script in this process, without a window, and gives its names."""
    import matplotlib as mpl

    mpl.use("agg")
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)

    def run(text: str) -> dict[str, Any]:
        from matplotlib import pyplot

        namespace: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(text, "script.py", "exec"), namespace)
        pyplot.close("all")
        return namespace

    return run


@pytest.fixture
def eagerly(keras: Any) -> Iterator[None]:
    """Without tracing: a few steps are done ten times sooner. Scripts in processes of their own are traced."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("eagerly")
@pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`")
@pytest.mark.parametrize(("place", "name"), list(enumerate(CASES)))
def test_every_script_runs_and_has_the_trained_models_layers(run: Any, place: int, name: str) -> None:
    from training.worker.build import build

    experiment = CASES[name]
    namespace = run(script_of(experiment, STYLES[place % 3]))
    assert configuration(judged(namespace)) == configuration(build(experiment.plan(experiment.variants[0])))
    assert len(namespace["history"].epoch) == 1
    variant = experiment.variants[0]
    split = make_split(experiment.dataset_of(variant), experiment.dataset.load(), experiment.seeds[0])
    for ours, theirs in (("x_train", "x_train"), ("x_validation", "x_val"), ("x_test", "x_test")):
        assert namespace[theirs].shape == getattr(split, ours).shape
        assert namespace[theirs].dtype == "float32"
    assert np.allclose(standardized(namespace["x_test"]), standardized(split.x_test), atol=1e-3), "the same test rows"


@pytest.mark.usefixtures("eagerly")
@pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`")
def test_a_script_watches_balanced_accuracy_and_weighs_classes(run: Any) -> None:
    namespace = run(script_of(CASES["weighted, smoothed and stopped by balanced accuracy"]))
    labels = namespace["y_train"].argmax(axis=1)
    balanced = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    assert namespace["weights"] == pytest.approx(np.sqrt(balanced))
    predicted = namespace["model"].predict(namespace["x_val"], verbose=0).argmax(axis=1)
    recall = recall_score(namespace["y_val"].argmax(axis=1), predicted, average="macro")
    assert namespace["history"].history["val_balanced_accuracy"] == [pytest.approx(recall)]


@pytest.mark.usefixtures("eagerly")
@pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`")
def test_of_many_training_rows_a_script_judges_the_first(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("export.script.MOST_JUDGED", 12)
    namespace = run(script_of(experiment_of()))
    first = namespace["model"].evaluate(namespace["x_train"][:12], namespace["y_train"][:12], verbose=0)
    history = namespace["history"].history
    assert [history[f"train_{name}"][0] for name in ("cross_entropy", "accuracy")] == pytest.approx(first[1:])


def test_a_script_holds_out_a_fifth_and_at_most_5000_rows() -> None:
    lines = script_of(experiment_of()).splitlines()
    (line,) = (line for line in lines if line.startswith("held_out = "))
    for rows, held_out in ((150, 30), (24_999, 5_000), (25_003, 5_000), (70_000, 5_000)):
        names: dict[str, Any] = {"x": range(rows)}
        exec(line, names)
        assert names["held_out"] == held_out


def standardized(x: Any) -> Any:
    """Whatever rows the scale was taken from."""
    axis = None if x.ndim == 4 else 0
    return (x - x.mean(axis)) / x.std(axis)


def in_a_fresh_process(text: str, folder: Path) -> None:
    """Runs a script where nothing of ours can be imported."""
    folder.mkdir(exist_ok=True)
    (folder / "script.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "script.py"],
        cwd=folder,
        env={"MPLBACKEND": "agg", "PATH": "", "HOME": str(folder), "MPLCONFIGDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Error" not in done.stderr


def test_a_script_and_a_notebook_run_on_their_own(tmp_path: Path) -> None:
    case = CASES["averaged, penalised and stopped in an ensemble"]
    notebook = json.loads(as_notebook(make_script(case, case.variants[0], "function")))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    folders = [tmp_path / "script", tmp_path / "notebook"]
    texts = [script_of(CASES["all of an image"], "string"), "\n".join(code)]
    with ThreadPoolExecutor() as both:
        list(both.map(in_a_fresh_process, texts, folders))


@pytest.mark.every_script
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", CASES)
def test_every_script_runs_on_its_own(name: str, style: Style, tmp_path: Path) -> None:
    in_a_fresh_process(script_of(CASES[name], style), tmp_path)


def test_everything_in_the_registries_has_a_case() -> None:
    used = [case.variants[0] for case in CASES.values()]
    assert {t.name for variant in used for t in variant.techniques} == TECHNIQUES.keys()
    assert {case.architecture.name for case in CASES.values()} == ARCHITECTURES.keys()
    # Downloads and files differ in nothing but the lines that load them (tests/datasets/test_source.py).
    embedded = {name for name, dataset in DATASETS.items() if dataset.origin == "embedded"}
    assert {case.dataset.name for case in CASES.values()} == embedded


@pytest.mark.parametrize(
    "techniques",
    [
        [{"name": "l2", "l2": 0.01}, {"name": "batch_normalization"}, {"name": "label_smoothing"}],
        [{"name": "dropout", "rate": 0.2}, {"name": "ema", "momentum": 0.9}, {"name": "ensemble", "members": 2}],
        [{"name": "augmentation"}, {"name": "mixup"}],
        [{"name": "sam", "rho": 0.2}, {"name": "dropout", "rate": 0.2}],
        [{"name": "distillation", "teachers": 2}, {"name": "l2", "l2": 0.001}],
    ],
    ids=[
        "l2, normalization, smoothing",
        "dropout, average, ensemble",
        "augmentation, mixup",
        "sam, dropout",
        "distillation, l2",
    ],
)
def test_accuracy_is_within_the_spread_of_the_seeds(run: Any, techniques: Sequence[dict[str, Any]]) -> None:
    from training.worker.engine import Engine

    experiment = experiment_of(
        *techniques,
        epochs=8,
        dataset={"name": "digits", "train_size": 200},
        architecture={"name": "mlp", "widths": [32]},
    )
    plan, arrays, ours = experiment.plan(experiment.variants[0]), experiment.dataset.load(), []
    engine = None
    for seed in range(3):
        split = make_split(experiment.dataset, arrays, seed)
        engine = engine or Engine(plan, (len(split.y_train), len(split.y_validation), len(split.y_test)), 32, xla=False)
        curve: list[float] = []
        engine.train(split, seed=seed, epochs=8, on_epoch=lambda record, curve=curve: curve.append(record.val_accuracy))
        ours.append(curve[-1])
    history = run(script_of(experiment))["history"].history
    (theirs,) = [values[-1] for name, values in history.items() if name.startswith("val_") and "accuracy" in name]
    spread = max(ours) - min(ours)
    assert min(ours) - spread - 0.01 <= theirs <= max(ours) + spread + 0.01, (ours, theirs)


@examples(60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(experiments, st.sampled_from(STYLES))
def test_every_experiment_gives_scripts_that_compile(experiment: Experiment, style: Style) -> None:
    for variant in experiment.variants:
        compile(as_python(make_script(experiment, variant, style)), "script.py", "exec")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", CASES)
def test_no_line_is_longer_than_a_screen(name: str, style: Style) -> None:
    assert [line for line in script_of(CASES[name], style).splitlines() if len(line) > LINE_LENGTH] == []


@given(one_line, one_line)
@example("coding: utf-7", "+AAo-import os")
@example('"""', "'''\\")
@example("\u2028import os", "\x85import os")
def test_names_that_people_chose_are_never_code(name: str, variant: str) -> None:
    """Read as bytes, since a comment in the first two lines could name an encoding that makes code of the rest.

    Stored by an earlier version, which allowed more than today's form does.
    """

    def code(name: str, variant: str) -> str:
        values = json.loads(experiment_of().model_dump_json()) | {"name": name, "variants": [{"name": variant}]}
        experiment = parse_experiment(json.dumps(values), stored=True)
        return ast.dump(ast.parse(script_of(experiment).encode()))

    assert code(name, variant) == code("plain", "plain")


def test_a_variants_own_network_and_rows_are_in_its_script() -> None:
    variant = {"name": "own", "architecture": {"name": "mlp", "widths": [3]}, "techniques": [{"name": "more_data"}]}
    text = script_of(experiment_of(variants=[variant]))
    assert "layers.Dense(3)(H)" in text and "train_size=60" in text


def test_early_stopping_watches_the_clean_loss_and_says_why() -> None:
    stopping = experiment_of({"name": "early_stopping", "monitor": "val_loss"}, {"name": "l2"})
    text = script_of(stopping)
    assert "Keras's val_loss contains penalties" in text
    assert 'EarlyStopping(\n        "val_cross_entropy", patience=10, restore_best_weights=True, mode="min"' in text
    assert '"val_loss"' not in text


@pytest.mark.parametrize(
    ("techniques", "contained"),
    [
        ([], None),
        ([{"name": "dropout"}, {"name": "mixup"}], None),
        ([{"name": "l1"}], "penalties"),
        ([{"name": "label_smoothing"}], "label smoothing"),
        ([{"name": "l2"}, {"name": "label_smoothing"}], "penalties and label smoothing"),
    ],
    ids=str,
)
def test_only_what_is_in_kerass_val_loss_is_noted(techniques: list[dict[str, Any]], contained: str | None) -> None:
    for further in ([], [{"name": "early_stopping"}]):
        notes = [line for line in script_of(experiment_of(*techniques, *further)).splitlines() if "val_loss" in line]
        assert [note.split("val_loss contains ")[1] for note in notes] == ([f"{contained}, too."] if contained else [])


@pytest.mark.usefixtures("eagerly")
@pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`")
def test_one_regularizer_and_one_constraint_serve_all_layers(run: Any) -> None:
    for style in STYLES:
        text = script_of(experiment_of({"name": "l2"}, {"name": "max_norm", "max_value": 0.6}), style)
        assert (text.count("regularizers.L2("), text.count("constraints.MaxNorm(")) == (1, 1)
    layers = [layer for layer in run(text)["model"].layers if hasattr(layer, "kernel")]
    assert len(layers) == 2
    assert len({id(layer.kernel_regularizer) for layer in layers}) == 1
    assert len({id(layer.kernel_constraint) for layer in layers}) == 1


def test_a_string_stays_in_its_layer() -> None:
    text = script_of(experiment_of({"name": "l2", "l2": 0.01}), "string")
    assert text.count('kernel_regularizer="l2"') == 2 and "regularizer =" not in text


@pytest.mark.usefixtures("eagerly")
@pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`")
def test_a_script_mixes_within_blocks_of_as_many_rows_as_a_worker(run: Any) -> None:
    """A batch of one row could be mixed with nothing but itself."""
    from training.worker.augmentation import BLOCK_ROWS

    experiment = experiment_of({"name": "mixup", "alpha": 1.0}, training={"epochs": 1, "batch_size": 1})
    text = script_of(experiment)
    assert f".batch({BLOCK_ROWS}).map(change, num_parallel_calls=tf.data.AUTOTUNE).unbatch()" in text
    labels = np.concatenate([y.numpy() for _, y in run(text)["train"]])
    assert labels.shape == (30, 3)
    # Beta(1, 1): two of three rows meet another class, half of those with a share of more than 1/4 of it.
    assert (labels.max(axis=1) < 0.99).mean() > 0.3


def test_the_marked_rule_is_there_to_be_switched_on() -> None:
    rule = {"monitor": "val_accuracy", "patience": 7}
    text = script_of(experiment_of(early_stopping=rule))
    assert "# tf.keras.callbacks.EarlyStopping" in text
    tree = ast.unparse(ast.parse(text))
    assert "EarlyStopping" not in tree


@pytest.mark.parametrize(
    "techniques",
    [
        [{"name": "batch_normalization"}, {"name": "l2", "l2": 0.01}, {"name": "label_smoothing"}],
        [{"name": "ensemble", "members": 2}],
        [{"name": "ensemble", "members": 2}, {"name": "ema", "momentum": 0.5}],
    ],
    ids=["normalization, L2, smoothing", "ensemble", "ensemble, average"],
)
def test_the_class_in_a_script_steps_as_the_engine_does(keras: Any, techniques: list[dict[str, Any]]) -> None:
    import tensorflow as tf

    from training.worker.engine import Engine

    training = {"epochs": 1, "optimizer": "sgd", "learning_rate": 0.1}  # Adam would amplify rounding
    experiment = experiment_of({"name": "sam", "rho": 0.5}, *techniques, training=training)
    plan = experiment.plan(experiment.variants[0])
    split = make_split(experiment.dataset, experiment.dataset.load(), 0)
    rows = (len(split.y_train), len(split.y_validation), len(split.y_test))
    engine = Engine(plan, rows, rows[0], xla=False)  # one batch: the order of rows does not matter
    engine.train(split, seed=0, epochs=4)
    ours = engine.model.get_weights()
    engine.reset(0)
    namespace: dict[str, Any] = {"tf": tf}
    exec("\n".join(network_source(plan, Writer("class"))), namespace)
    model, twin = namespace["model"], judged(namespace)
    twin.set_weights(engine.model.get_weights())
    labels = keras.ops.one_hot(split.y_train, 3) if plan.one_hot else split.y_train
    averaging = {"use_ema": True, "ema_momentum": 0.5} if plan.optimizer.get("use_ema") else {}
    loss = (
        keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
        if plan.one_hot
        else keras.losses.SparseCategoricalCrossentropy()
    )
    several = plan.members > 1
    model.compile(
        optimizer=keras.optimizers.SGD(0.1, **averaging),
        loss=[*[loss] * plan.members, None] if several else loss,
    )
    callbacks = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if averaging else []
    y = [labels] * (plan.members + 1) if several else labels
    model.fit(split.x_train, y, rows[0], epochs=4, shuffle=False, callbacks=callbacks, verbose=0)
    for mine, theirs in zip(ours, twin.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


def test_under_a_script_both_gradients_have_the_same_masks(keras: Any) -> None:
    """Without a radius a step is that of a plain model, seed for seed."""
    import tensorflow as tf

    ends = []
    for techniques in ([], [{"name": "sam", "rho": 0.0}]):
        experiment = experiment_of(*techniques, {"name": "dropout", "rate": 0.5}, {"name": "batch_normalization"})
        namespace: dict[str, Any] = {"tf": tf}
        keras.utils.set_random_seed(0)
        exec("\n".join(network_source(experiment.plan(experiment.variants[0]), Writer("class"))), namespace)
        model = namespace["model"]
        model.compile("adam", "sparse_categorical_crossentropy")
        x = np.random.default_rng(0).normal(size=(32, 13)).astype("float32")
        told = model.fit(x, np.arange(32) % 3, 8, epochs=3, verbose=0).history["loss"]
        ends.append((told, model.get_weights()))
    assert ends[1][0] == pytest.approx(ends[0][0], rel=1e-5)
    for plain, flat in zip(ends[0][1], ends[1][1], strict=True):
        np.testing.assert_allclose(flat, plain, rtol=1e-4, atol=1e-6)
