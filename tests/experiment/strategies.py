"""Hypothesis strategies: any JSON value, and valid experiments drawn from the registries."""

import json
from collections.abc import Mapping
from copy import deepcopy
from random import Random
from typing import Any

from hypothesis import strategies as st
from pydantic import BaseModel

from datasets.registry import DATASETS
from experiment.spec import Experiment, MarkedRule, TrainingSettings
from models.architectures import ARCHITECTURES
from models.names import find_hidden
from models.parameters import Parameter, parameters
from models.techniques import TECHNIQUES

Json = dict[str, Any]

numbers = (
    st.integers()
    | st.floats()
    | st.sampled_from([2**31, 2**63, 2**64, 10**400, -(10**30), 1e308, 5e-324, float("nan"), float("inf")])
)
texts = st.text(st.characters(), max_size=20)  # surrogates and control characters among them
known_words = st.sampled_from(
    ["version", "name", "dataset", "digits", "mlp", "techniques", "dropout", "rate", "early_stopping", "variants"]
)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts | known_words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts | known_words, inner, max_size=4),
    max_leaves=12,
)

one_line = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)
    .filter(str.strip)
    .filter(lambda text: find_hidden(text) is None)
)


def values(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Any value that the registry's declaration of the parameter allows."""
    low, high = parameter.low, parameter.high
    kinds: dict[str, Any] = {
        "choice": lambda: st.sampled_from(parameter.choices),
        "bool": st.booleans,
        "int": lambda: st.integers(int(low or 0), int(high or 0)),
        "float": lambda: st.floats(low, high),
        "ints": lambda: st.lists(st.integers(1, 4096), min_size=1, max_size=4),
    }
    strategy: st.SearchStrategy[Any] = kinds[parameter.kind]()
    return st.none() | strategy if parameter.optional else strategy


@st.composite
def entries(draw: st.DrawFn, model: type[BaseModel], leave_out: frozenset[str] = frozenset()) -> Json:
    """A registry entry as JSON: each parameter given or left to its default."""
    chosen = [p for p in parameters(model) if p.key not in leave_out and draw(st.booleans())]
    return {p.key: draw(values(p)) for p in chosen}


@st.composite
def datasets(draw: st.DrawFn) -> Json:
    name = draw(st.sampled_from(sorted(name for name, d in DATASETS.items() if d.origin != "upload")))
    entry = {"name": name, **draw(entries(DATASETS[name], frozenset({"train_size"})))}
    dataset = DATASETS[name].model_validate(entry)
    sizes = st.integers(2 * dataset.classes, dataset.rows - 2 * dataset.held_out)
    return entry | draw(st.fixed_dictionaries({}, optional={"train_size": st.none() | sizes}))


@st.composite
def variant_lists(draw: st.DrawFn, architecture: Json, input_shape: tuple[int, ...]) -> list[Json]:
    """Variants of a few techniques each; those that make no sense on the network and the data are left out."""
    net = ARCHITECTURES[architecture["name"]].model_validate_json(json.dumps(architecture))
    variants = []
    for name in draw(st.lists(one_line, min_size=1, max_size=4, unique=True)):
        chosen: list[Json] = []
        for technique in draw(
            st.lists(st.sampled_from(sorted(set(TECHNIQUES) - {"more_data"})), max_size=5, unique=True)
        ):
            candidate = [*chosen, {"name": technique, **draw(entries(TECHNIQUES[technique]))}]
            if not list(net.refuse([TECHNIQUES[t["name"]].model_validate(t) for t in candidate], input_shape)):
                chosen = candidate
        variants.append({"name": name, "techniques": chosen})
    return variants


@st.composite
def training_settings(draw: st.DrawFn) -> Json:
    """Momentum is SGD's alone, and left out where there is none."""
    chosen = draw(entries(TrainingSettings))
    has = chosen.get("optimizer") == "sgd" and chosen.get("momentum") is not None
    return {key: value for key, value in chosen.items() if key != "momentum" or has}


@st.composite
def valid_json(draw: st.DrawFn) -> Json:
    """A valid experiment as its author may write it, with any part left to its default."""
    dataset = draw(datasets())
    input_shape = DATASETS[dataset["name"]].shape
    suitable = sorted(n for n, a in ARCHITECTURES.items() if len(input_shape) == 3 or not a.convolutional)
    name = draw(st.sampled_from(suitable))
    architecture = {"name": name, **draw(entries(ARCHITECTURES[name]))}
    parts: Mapping[str, st.SearchStrategy[Any]] = {
        "version": st.just(1),
        "name": one_line | st.just(""),
        "training": training_settings(),
        "early_stopping": entries(MarkedRule),
        "seeds": st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=5, unique=True),
    }
    chosen = draw(st.fixed_dictionaries({}, optional=dict(parts)))
    variants = draw(variant_lists(architecture, input_shape))
    return chosen | {"dataset": dataset, "architecture": architecture, "variants": variants}


experiments: st.SearchStrategy[Experiment] = valid_json().map(
    lambda value: Experiment.model_validate_json(json.dumps(value))
)


@st.composite
def mutated_json(draw: st.DrawFn) -> Any:
    """A valid experiment with one to three things replaced, removed or added anywhere."""
    value = draw(valid_json())
    for _ in range(draw(st.integers(1, 3))):
        places = list(_containers(value))
        container = draw(st.sampled_from(places))
        keys = list(container) if isinstance(container, dict) else list(range(len(container)))
        action = draw(st.sampled_from(["replace", "remove", "add"]))
        if action == "add" and isinstance(container, dict):
            container[draw(texts | known_words)] = draw(json_values)
        elif action == "add":
            container.append(draw(json_values))
        elif keys and action == "remove":
            del container[draw(st.sampled_from(keys))]
        elif keys:
            container[draw(st.sampled_from(keys))] = draw(json_values)
    return value


HOSTILE: tuple[Any, ...] = (
    None, True, -1, 0, 2**31, 2**64, 10**400, -1e308, 5e-324, float("nan"), float("-inf"), 1.5, "", " ", "x" * 5_000,
    "a\u202eb", "a\u2028b", "a\nb", "\u200b", "\ud800", "</script><script>", "=1+1", "{0.__class__}", "%s%n", [], {},
    [[]] * 300, {"name": "x" * 500}, {"name": ["mlp"]}, [{"name": None}] * 50, "digits", "early_stopping", "upload",
)  # fmt: skip


def break_json(value: Any, random: Random) -> str:
    """The text of an experiment with one to four things in it that somebody means ill with."""
    value = json.loads(json.dumps(value))
    for _ in range(random.randint(1, 4)):
        container = random.choice(_containers(value))
        thing = deepcopy(random.choice([*HOSTILE, _nest(random.randint(2, 400))]))
        keys = list(container) if isinstance(container, dict) else range(len(container))
        if not keys or random.random() < 0.2:
            key = random.choice(["name", "version", "\u202e", "x" * 3_000, "\ud800", "reading", "__class__"])
            container.update({key: thing}) if isinstance(container, dict) else container.append(thing)
        else:
            container[random.choice(keys)] = thing
    text = json.dumps(value, ensure_ascii=random.random() < 0.5)
    if random.random() < 0.2:
        place = random.randrange(len(text))
        text = (
            text[:place]
            + random.choice(["", '"', "}", ",", "\x00", "9" * 5_000, '"name":"a",' * 2])
            + text[place + 1 :]
        )
    return text


def _nest(depth: int) -> Any:
    inner: Any = []
    for level in range(depth):
        inner = [inner] if level % 2 else {"techniques": inner}
    return inner


def _containers(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    own = [value] if isinstance(value, (dict, list)) else []
    return own + [c for v in inner for c in _containers(v)]
