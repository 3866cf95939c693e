"""The experiment JSON against the contract of version 1: what it means, and what is refused with which words."""

import codecs
import json
import re
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.registry import DATASETS
from experiment.link import decode_link, encode_link
from experiment.spec import Experiment, ExperimentError, MarkedRule, TrainingSettings, parse_experiment
from models.architectures import ARCHITECTURES
from models.names import find_hidden
from models.parameters import Entry, parameters
from models.techniques import TECHNIQUES
from tests.examples import examples
from tests.experiment.strategies import break_json, experiments, json_values, mutated_json, valid_json

CONTRACT_EXAMPLE = """
{"version": 1, "name": "digits, small data",
 "dataset": {"name": "digits", "train_size": 300, "label_noise": 0.0},
 "architecture": {"name": "mlp", "widths": [128, 128], "activation": "swish"},
 "training": {"epochs": 150, "batch_size": 32, "optimizer": "adam", "learning_rate": 0.001},
 "early_stopping": {"monitor": "val_loss", "patience": 10, "min_delta": 0.0, "start_from_epoch": 0},
 "variants": [
   {"name": "baseline", "techniques": []},
   {"name": "dropout", "techniques": [{"name": "dropout", "rate": 0.3}]},
   {"name": "L2 + stop", "techniques": [{"name": "l2", "l2": 0.001}, {"name": "early_stopping", "patience": 10}]}],
 "seeds": [0, 1, 2]}
"""

# Names and keys of the contract; an entry may be missing in the registries, but none may be there beside these.
CONTRACT_TECHNIQUES: dict[str, set[str]] = {
    "dropout": {"rate"},
    "spatial_dropout": {"rate"},
    "gaussian_noise": {"stddev"},
    "gaussian_dropout": {"rate"},
    "alpha_dropout": {"rate"},
    "batch_normalization": {"momentum"},
    "layer_normalization": set(),
    "group_normalization": {"groups"},
    "l1": {"l1"},
    "l2": {"l2"},
    "l1_l2": {"l1", "l2"},
    "max_norm": {"max_value"},
    "weight_decay": {"weight_decay"},
    "label_smoothing": {"label_smoothing"},
    "generalized_cross_entropy": {"q"},
    "class_weight": {"power"},
    "gradient_clipping": {"global_clipnorm"},
    "ema": {"momentum"},
    "reduce_lr_on_plateau": {"factor", "patience", "min_lr"},
    "cosine_decay": {"alpha", "warmup"},
    "sam": {"rho"},
    "stochastic_depth": {"drop_path_rate"},
    "augmentation": {"translation", "rotation", "zoom", "flip", "contrast", "erasing", "feature_noise"},
    "rand_augment": {"num_ops", "factor"},
    "mixup": {"alpha"},
    "cutmix": {"alpha"},
    "more_data": {"factor"},
    "ensemble": {"members"},
    "distillation": {"teachers", "temperature"},
    "early_stopping": {"monitor", "patience", "min_delta", "baseline", "start_from_epoch", "restore_best_weights"},
}
EVERY_DATASET = {"train_size", "label_noise"}
CONTRACT_DATASETS: dict[str, set[str]] = {
    **dict.fromkeys(("digits", "breast_cancer", "wine", "mnist", "fashion_mnist", "cifar10"), EVERY_DATASET),
    **{n: EVERY_DATASET | {"samples", "noise"} for n in ("moons", "circles", "spirals")},
    "upload": EVERY_DATASET | {"sha256", "target", "reading", "facts"},
}
CONTRACT_ARCHITECTURES: dict[str, set[str]] = {
    "mlp": {"widths", "activation"},
    "resnet_mlp": {"width", "blocks", "activation", "normalization"},
    "resnet_conv": {"filters", "stages", "blocks", "activation", "normalization"},
}
# Links leave defaults out, so that changing one of these would change what old links mean.
DEFAULTS_IN_LINKS: dict[str, Any] = {
    "dropout": {"rate": 0.3},
    "l1": {"l1": 0.0001},
    "l2": {"l2": 0.001},
    "batch_normalization": {"momentum": 0.9},
    "early_stopping": {
        "monitor": "val_loss",
        "patience": 10,
        "min_delta": 0.0,
        "baseline": None,
        "start_from_epoch": 0,
        "restore_best_weights": True,
    },
    "digits": {"train_size": None, "label_noise": 0.0},
    "breast_cancer": {"train_size": None, "label_noise": 0.0},
    "wine": {"train_size": None, "label_noise": 0.0},
    "moons": {"train_size": None, "label_noise": 0.0, "samples": 500, "noise": 0.25},
    "circles": {"train_size": None, "label_noise": 0.0, "samples": 500, "noise": 0.15},
    "spirals": {"train_size": None, "label_noise": 0.0, "samples": 500, "noise": 0.1},
    "mlp": {"widths": (128, 128), "activation": "swish"},
    "resnet_mlp": {"width": 64, "blocks": 4, "activation": "swish", "normalization": "batch"},
}


def parse(**parts: Any) -> Experiment:
    return parse_experiment(json.dumps(parts))


def refusal(text: str | bytes) -> str:
    """The message with which a text is refused."""
    with pytest.raises(ExperimentError) as caught:
        parse_experiment(text)
    return str(caught.value)


def techniques(*entries: dict[str, Any]) -> dict[str, Any]:
    """An experiment's JSON with one variant of these techniques."""
    return {"variants": [{"name": "a", "techniques": list(entries)}]}


def check_is_answered(text: str | bytes) -> None:
    """The text becomes an experiment that says the same again, or is refused with words."""
    try:
        experiment = parse_experiment(text)
    except ExperimentError as error:
        assert str(error).strip()
        assert len(str(error)) <= 2_000 and str(error).encode()
        assert not any(map(find_hidden, str(error).split("\n")))
    else:
        assert parse_experiment(experiment.model_dump_json()) == experiment


@examples(150)
@given(json_values, st.booleans())
def test_any_json_value_is_an_experiment_or_refused_in_words(value: Any, escaped: bool) -> None:
    check_is_answered(json.dumps(value, ensure_ascii=escaped))


@examples(250)
@given(mutated_json(), st.booleans())
def test_an_experiment_with_mistakes_is_refused_in_words(value: Any, escaped: bool) -> None:
    check_is_answered(json.dumps(value, ensure_ascii=escaped))


@examples(200)
@given(valid_json(), st.integers(0, 2**32))
def test_thousands_of_hostile_experiments_are_refused_in_few_words(value: Any, seed: int) -> None:
    random = Random(seed)
    for _ in range(10):
        text = break_json(value, random)
        check_is_answered(random.choice([text, text.encode("utf-8", "surrogatepass")]))


@examples(100)
@given(st.text() | st.binary())
def test_text_and_bytes_that_are_no_json_are_refused_in_words(text: str | bytes) -> None:
    check_is_answered(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 60_000,
        '{"a":' * 10_000,
        '{"dataset":' + "[" * 150 + "]" * 150 + "}",
        '{"variants":' * 100 + "1" + "}" * 100,
        '{"seeds":[' + "9" * 5_000 + "]}",
        '{"seeds":[' + "9" * 4_000 + "]}",
        '{"training":{"learning_rate":1e999}}',
        '{"name":"\\ud800"}',
        '{"name":"\ud800"}',
        "{}".encode("utf-16"),
        b"\xff\xfe\x00",
        b"\x80",
    ],
    ids=lambda text: repr(text[:30]),
)
def test_hostile_text_is_refused_in_words(text: str | bytes) -> None:
    assert refusal(text).strip()


def test_many_mistakes_are_cut_and_counted() -> None:
    lines = refusal(json.dumps({"variants": [{"name": f"v{i}", "seed": 1} for i in range(500)]})).splitlines()
    assert lines[0] == "variants[0].seed: unknown key; allowed: name, architecture, techniques"
    assert lines[-1] == f"… and {500 + 1 - len(lines)} more mistakes"


def test_values_and_keys_in_a_refusal_are_short() -> None:
    for value in ({"x" * 60_000: 1}, {"name": "x" * 60_000}, {"training": {"optimizer": "x" * 60_000}}):
        assert len(refusal(json.dumps(value))) < 300
    assert len(refusal(json.dumps({"judging": {"reference": "x" * 60_000}}))) < 300
    assert len(refusal('{"' + "x" * 30_000 + '":1,"' + "x" * 30_000 + '":1}')) < 300


def test_thousands_of_unknown_keys_are_told_in_few_words() -> None:
    told = refusal("{" + ",".join(f'"{i}":0' for i in range(6_000)) + "}")
    assert len(told) <= 2_000 and re.search(r"and [\d,]+ more mistakes$", told)


@pytest.mark.parametrize("place", ["name", "variant"])
@pytest.mark.parametrize(
    "character", "\u2028\u2029\u202a\u202e\u2066\u2069\u200e\u200f\u061c\u200b\ufeff\n\t\x7f\u00ad"
)
def test_a_name_with_what_is_not_seen_is_refused_by_its_code_point(place: str, character: str) -> None:
    name = f"base{character}line"
    value = {"name": name} if place == "name" else {"variants": [{"name": name}]}
    told = refusal(json.dumps(value))
    assert f"it has U+{ord(character):04X}" in told and "allowed: text in one line" in told
    assert character not in told
    if character.isascii():
        with pytest.raises(ExperimentError):
            parse_experiment(json.dumps(value), stored=True)
        return
    kept = parse_experiment(json.dumps(value), stored=True)
    assert name in (kept.name, kept.variants[0].name), "an earlier version allowed it"


def test_a_byte_order_mark_before_a_file_is_no_mistake() -> None:
    assert parse_experiment(codecs.BOM_UTF8 + CONTRACT_EXAMPLE.encode()) == parse_experiment(CONTRACT_EXAMPLE)


def test_a_text_over_64_000_characters_is_not_read() -> None:
    assert refusal(" " * 64_000 + "{}") == "The text has 64,002 characters; allowed: up to 64,000."
    assert parse_experiment(" " * 63_998 + "{}") == Experiment()


@examples(150)
@given(experiments)
def test_valid_experiments_come_back_equal(experiment: Experiment) -> None:
    assert parse_experiment(experiment.model_dump_json()) == experiment
    assert parse_experiment(experiment.model_dump_json(exclude_defaults=True)) == experiment
    link = encode_link(experiment)
    assert link is None or decode_link(link) == experiment


@examples(100)
@given(valid_json())
def test_valid_experiments_keep_what_their_author_wrote(value: dict[str, Any]) -> None:
    dumped = json.loads(parse_experiment(json.dumps(value)).model_dump_json())

    def check_within(part: Any, whole: Any) -> None:
        if isinstance(part, dict):
            for key, inner in part.items():
                check_within(inner, whole[key])
        elif isinstance(part, list):
            for one, other in zip(part, whole, strict=True):
                check_within(one, other)
        else:
            assert part == whole

    check_within(value, dumped)


def test_the_contracts_example_means_what_it_says() -> None:
    experiment = parse_experiment(CONTRACT_EXAMPLE)
    filled_in = json.loads(CONTRACT_EXAMPLE)
    rule = {"monitor": "val_loss", "min_delta": 0.0, "baseline": None, "start_from_epoch": 0}
    filled_in["variants"][2]["techniques"][1] |= rule | {"restore_best_weights": True}
    assert json.loads(experiment.model_dump_json()) == filled_in
    assert experiment.runs() == [
        *(("baseline", 0), ("dropout", 0), ("L2 + stop", 0)),
        *(("baseline", 1), ("dropout", 1), ("L2 + stop", 1)),
        *(("baseline", 2), ("dropout", 2), ("L2 + stop", 2)),
    ]
    assert experiment.dataset.training_rows == 300
    assert experiment.variant("baseline").early_stopping is None
    stopping = experiment.variant("L2 + stop").early_stopping
    assert stopping is not None
    assert (stopping.get("patience"), stopping.get("restore_best_weights")) == (10, True)


def test_what_is_left_out_gets_its_default() -> None:
    experiment = parse_experiment("{}")
    assert (experiment.dataset.name, experiment.architecture.name) == ("digits", "mlp")
    assert experiment.runs() == [("baseline", 0), ("baseline", 1), ("baseline", 2)]
    assert experiment.training == TrainingSettings(epochs=100, batch_size=32, optimizer="adam", learning_rate=0.001)
    assert experiment.early_stopping == MarkedRule(monitor="val_loss", patience=10, min_delta=0.0, start_from_epoch=0)


REGISTRIES: list[tuple[dict[str, type[Any]], dict[str, set[str]]]] = [
    (TECHNIQUES, CONTRACT_TECHNIQUES),
    (DATASETS, CONTRACT_DATASETS),
    (ARCHITECTURES, CONTRACT_ARCHITECTURES),
]


@pytest.mark.parametrize(("registry", "contract"), REGISTRIES, ids=["techniques", "datasets", "architectures"])
def test_registries_use_the_contracts_names_and_keys(
    registry: dict[str, type[Entry]], contract: dict[str, set[str]]
) -> None:
    keys = {name: entry.model_fields.keys() - {"name"} for name, entry in registry.items()}
    assert keys == {name: contract[name] for name in registry}


@pytest.mark.parametrize("name", DEFAULTS_IN_LINKS)
def test_defaults_stay_what_links_rely_on(name: str) -> None:
    entry: type[Entry] = {**TECHNIQUES, **DATASETS, **ARCHITECTURES}[name]
    assert {p.key: p.default for p in parameters(entry)} == DEFAULTS_IN_LINKS[name]


@pytest.mark.parametrize("entry", [*TECHNIQUES.values(), *DATASETS.values(), *ARCHITECTURES.values()])
def test_every_entry_has_the_texts_that_pages_show(entry: type[Entry]) -> None:
    assert entry.label
    assert entry.summary.endswith(".")
    for parameter in parameters(entry):
        assert parameter.label != parameter.key
        assert parameter.about.endswith(".")


REFUSALS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown key": ({"epochs": 3}, ["epochs: unknown key", "version, name, dataset, architecture, training"]),
    "unknown key in training": (
        {"training": {"nesterov": True}},
        ["training.nesterov: unknown key", "epochs, batch_size, optimizer, learning_rate, momentum"],
    ),
    "unknown key in a data set": (
        {"dataset": {"name": "moons", "rows": 1}},
        ["dataset.rows: unknown key", "name, train_size, label_noise, samples, noise"],
    ),
    "unknown key in an architecture": (
        {"architecture": {"name": "mlp", "depth": 3}},
        ["architecture.depth: unknown key", "name, widths, activation"],
    ),
    "unknown key in the marked rule": (
        {"early_stopping": {"restore_best_weights": True}},
        ["early_stopping.restore_best_weights: unknown key", "monitor, patience, min_delta, start_from_epoch"],
    ),
    "unknown key in a variant": (
        {"variants": [{"name": "a", "seed": 1}]},
        ["variants[0].seed: unknown key", "name, architecture, techniques"],
    ),
    "unknown key in a technique": (
        techniques({"name": "l1"}, {"name": "early_stopping", "patient": 1}),
        ["variants[0].techniques[1].patient: unknown key", "monitor, patience, min_delta, baseline"],
    ),
    "unknown data set": ({"dataset": {"name": "svhn"}}, ['dataset.name: "svhn"', "digits, breast_cancer, wine"]),
    "unknown architecture": ({"architecture": {"name": "vgg"}}, ['architecture.name: "vgg"', "mlp, resnet_mlp"]),
    "unknown technique": (
        techniques({"name": "drop_out"}),
        ['variants[0].techniques[0].name: "drop_out"', "dropout, ", "batch_normalization"],
    ),
    "technique without a name": (
        techniques({"rate": 0.5}),
        ["variants[0].techniques[0].name: is missing", "dropout, "],
    ),
    "variant without a name": ({"variants": [{}]}, ["variants[0].name: is missing"]),
    "unknown optimizer": ({"training": {"optimizer": "lion"}}, ["training.optimizer: ", '"lion"', "'rmsprop'"]),
    "unknown monitor": ({"early_stopping": {"monitor": "loss"}}, ["early_stopping.monitor", '"loss"', "'val_loss'"]),
    "version": ({"version": 2}, ["version: 2", "allowed: 1"]),
    "too high": (techniques({"name": "dropout", "rate": 1.0}), ["techniques[0].rate: 1.0", "less than", "0.95"]),
    "too low": (techniques({"name": "l2", "l2": -0.1}), ["techniques[0].l2: -0.1", "greater than or equal to 0"]),
    "momentum without SGD": ({"training": {"momentum": 0.9}}, ['training: momentum is 0.9 with "adam"', 'with "sgd"']),
    "too many epochs": ({"training": {"epochs": 1001}}, ["training.epochs: 1001", "less than or equal to 1000"]),
    "no epoch": ({"training": {"epochs": 0}}, ["training.epochs: 0", "greater than or equal to 1"]),
    "no number": ({"training": {"epochs": "10"}}, ['training.epochs: "10"', "allowed: a valid integer"]),
    "a switch for a number": ({"training": {"epochs": True}}, ["training.epochs: true", "allowed: a valid integer"]),
    "NaN": ({"training": {"learning_rate": float("nan")}}, ["training.learning_rate: NaN", "a finite number"]),
    "infinity": ({"dataset": {"name": "digits", "label_noise": float("inf")}}, ["dataset.label_noise: Infinity"]),
    "negative seed": ({"seeds": [0, -1]}, ["seeds[1]: -1", "greater than or equal to 0"]),
    "huge seed": ({"seeds": [2**31]}, ["seeds[0]: 2147483648", "less than or equal to 2147483647"]),
    "no seeds": ({"seeds": []}, ["seeds: []", "at least 1"]),
    "too many seeds": ({"seeds": list(range(201))}, ["seeds: [0, 1", "at most 200"]),
    "a seed twice": ({"seeds": [3, 4, 3]}, ["seeds: 3 is there twice", "each seed once"]),
    "a variant twice": (
        {"variants": [{"name": "a"}, {"name": "b"}, {"name": "a"}]},
        ["variants: a is there twice", "each variant name once"],
    ),
    "a technique twice": (
        techniques({"name": "dropout", "rate": 0.1}, {"name": "dropout"}),
        ["variants[0].techniques: dropout is there twice", "each technique once"],
    ),
    "no variants": ({"variants": []}, ["variants: []", "at least 1"]),
    "no layers": ({"architecture": {"name": "mlp", "widths": []}}, ["architecture.widths: []", "at least 1"]),
    "a wide layer": ({"architecture": {"name": "mlp", "widths": [8, 5000]}}, ["widths[1]: 5000", "4096"]),
    "too few rows": (
        {"dataset": {"name": "digits", "train_size": 19}},
        ["dataset", "train_size is 19", "digits: 20 to 1079"],
    ),
    "too many rows of digits": ({"dataset": {"name": "digits", "train_size": 1080}}, ["1080", "digits: 20 to 1079"]),
    "too many rows of wine": ({"dataset": {"name": "wine", "train_size": 107}}, ["107", "wine: 6 to 106"]),
    "too many rows of tumours": (
        {"dataset": {"name": "breast_cancer", "train_size": 342}},
        ["342", "breast_cancer: 4 to 341"],
    ),
    "too many points": (
        {"dataset": {"name": "spirals", "samples": 50, "train_size": 31}},
        ["train_size is 31", "spirals: 6 to 30"],
    ),
    "normalization in a normalized net": (
        {"architecture": {"name": "resnet_mlp"}, **techniques({"name": "batch_normalization"})},
        ['variant "a"', 'technique "batch_normalization"', '"batch"', 'set its "normalization" to "none"'],
    ),
    "a blank name": ({"variants": [{"name": " "}]}, ['variants[0].name: " "', "not blank"]),
    "a control character": ({"variants": [{"name": "a\u0000"}]}, ['variants[0].name: "a\\u0000"', "one line"]),
    "only a control character": ({"variants": [{"name": "\u0000"}]}, ['variants[0].name: "\\u0000"', "one line"]),
    "a long name": ({"variants": [{"name": "a" * 61}]}, ["variants[0].name: ", "at most 60"]),
    "no object": ({"training": None}, ["training: null", "allowed: an object"]),
}


@pytest.mark.parametrize(("value", "words"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_names_key_value_and_what_is_allowed(value: dict[str, Any], words: list[str]) -> None:
    message = refusal(json.dumps(value))
    assert "\n" not in message
    for word in words:
        assert word in message


def test_the_limits_of_the_rows_themselves_are_allowed() -> None:
    for size in (20, 1079, None):
        parse(dataset={"name": "digits", "train_size": size})


def test_a_key_written_twice_is_refused_instead_of_one_being_dropped() -> None:
    assert "seeds is there twice; allowed: each key once" in refusal('{"seeds": [1], "seeds": [2]}')
    twice = '{"variants": [{"name": "a", "techniques": [{"name": "dropout", "rate": 0.1, "rate": 0.5}]}]}'
    assert "rate is there twice" in refusal(twice)


def test_a_normalization_technique_fits_a_net_without_its_own() -> None:
    net = {"name": "resnet_mlp", "normalization": "none"}
    assert parse(architecture=net, **techniques({"name": "batch_normalization"})).architecture.name == "resnet_mlp"


def test_all_mistakes_are_named_at_once_and_nothing_else() -> None:
    value = {
        "training": {"epochs": 0, "batch_size": 5000, "step": 1},
        "dataset": {"name": "svhn"},
        "architecture": {"name": "mlp", "widths": [0]},
        "variants": [{"name": "a", "techniques": [{"name": "l1", "l1": 2}, {"name": "nothing"}]}],
        "seeds": [-1],
        "bogus": None,
    }
    keys = [line.split(":")[0] for line in refusal(json.dumps(value)).splitlines()]
    assert sorted(keys) == [
        "architecture.widths[0]",
        "bogus",
        "dataset.name",
        "seeds[0]",
        "training.batch_size",
        "training.epochs",
        "training.step",
        "variants[0].techniques[0].l1",
        "variants[0].techniques[1].name",
    ]


def test_more_seeds_are_the_smallest_unused_numbers_up_to_the_most_there_may_be() -> None:
    experiment = parse_experiment('{"seeds": [1, 4]}')
    assert experiment.with_more_seeds(3).seeds == (1, 4, 0, 2, 3)
    full = experiment.with_more_seeds(198)
    assert parse_experiment(full.model_dump_json()) == full
    with pytest.raises(ExperimentError, match="201 asked for; allowed: up to 200"):
        experiment.with_more_seeds(199)


def test_what_is_judged_is_left_out_of_the_json_unless_it_is_said() -> None:
    assert "judging" not in parse_experiment("{}").model_dump_json()
    asked = parse_experiment('{"judging": {"what": "accuracy", "margin": 0.02, "reference": "baseline"}}')
    assert json.loads(asked.model_dump_json())["judging"] == {
        "what": "accuracy", "margin": 0.02, "reference": "baseline",
    }  # fmt: skip
    assert '"nobody"; allowed: baseline' in refusal('{"judging": {"reference": "nobody"}}')
