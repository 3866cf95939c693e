"""The experiment JSON, version 1: what the form, the links, files and the command line all speak."""

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import prod
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from datasets.reading.choices import ColumnChoice, Reading
from datasets.registry import DATASETS, AnyDataset, Digits
from datasets.uploads import STORED, UPLOADS, Upload, UploadedFiles
from models.architectures import ARCHITECTURES, MLP, AnyArchitecture, make_plan
from models.names import find_hidden, quote, shorten, visible
from models.parameters import number, option
from models.plan import Call, Plan, find_early_stopping
from models.refusals import RefusalError
from models.techniques import TECHNIQUES, AnyTechnique, Monitor
from wording.language import _, say_later

MAX_CHARACTERS = 64_000
"""Longest experiment text that is read at all."""

MAX_SEEDS = 200
MOST_NAMED = 5
"""Of what is there twice, in a message."""

NAME_ALLOWED = say_later("text in one line, without characters that are not seen")


class ExperimentError(RefusalError):
    """An experiment that is refused; the message has one line for each mistake, and at most 2,000 characters."""


def _check_name(name: str, info: ValidationInfo) -> str:
    """Refuses what disguises a name. Earlier versions refused control characters alone: what they stored is shown."""
    earlier = (info.context or {}).get(STORED)
    hidden = find_hidden("".join(filter(str.isascii, name)) if earlier else name)
    if hidden:
        raise ValueError(
            _("{name} is refused: it has {hidden}; allowed: {name_allowed}").format(
                name=quote(name), hidden=hidden, name_allowed=_(NAME_ALLOWED)
            )
        )
    return name


def _check_not_blank(name: str) -> str:
    if not name.strip():
        raise ValueError(
            _("{name} is refused: allowed: {name_allowed}, not blank").format(
                name=quote(name), name_allowed=_(NAME_ALLOWED)
            )
        )
    return name


Name = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_check_not_blank), AfterValidator(_check_name)]


class Part(BaseModel):
    """Base of the parts of an experiment: immutable, unknown keys refused, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


class TrainingSettings(Part):
    """How every run is trained."""

    epochs: int = number(100, 1, 1000, label="Epochs", about="Passes over the training rows.")
    batch_size: int = number(32, 1, 1024, label="Batch size", about="Rows in one gradient step.")
    optimizer: Literal["adam", "sgd", "rmsprop"] = option("adam", label="Optimizer", about="Keras's optimizer.")
    learning_rate: float = number(0.001, 1e-6, 10.0, scale="log", label="Learning rate", about="Size of the steps.")
    momentum: float | None = number(
        None, 0.0, 0.999, label="Momentum",
        about="Of SGD: this share of each step is added to the next one (0.9 is usual). Empty: none.",
        exclude_if=lambda momentum: momentum is None,
    )  # fmt: skip

    @model_validator(mode="after")
    def _check_momentum(self) -> "TrainingSettings":
        if self.momentum is not None and self.optimizer != "sgd":
            raise ValueError(
                _('momentum is {momentum:g} with "{optimizer}"; allowed: null, or with "sgd"').format(
                    momentum=self.momentum, optimizer=self.optimizer
                )
            )
        return self


class MarkedRule(Part):
    """The early-stopping rule that is marked on every curve while training goes on to the last epoch."""

    monitor: Monitor = option("val_loss", label="Monitor", about="The clean value that is watched.")
    patience: int = number(10, 0, 1000, label="Patience", about="Epochs without improvement before it would stop.")
    min_delta: float = number(0.0, 0.0, 10.0, label="Minimum change", about="A smaller change is no improvement.")
    start_from_epoch: int = number(0, 0, 10_000, label="Start after", about="Number of epochs ignored at the start.")


class JudgingSettings(Part):
    """What the verdict judges, fixed before the seeds. `margin` is what matters: of losses a share of the reference's
    mean, of accuracies absolute; None: 0.01 and 0.005. `tried` counts the settings that were looked at, where those are
    more than the variants: the more were tried, the surer a claim must be."""

    what: Literal["handed_over", "best_epoch", "accuracy", "balanced_accuracy"] = "handed_over"
    margin: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    reference: str | None = None
    tried: Annotated[int, Field(ge=1, le=10_000)] | None = Field(None, exclude_if=lambda tried: tried is None)


class Variant(Part):
    """A named set of techniques; `baseline` is the empty set. A network of its own is for comparing networks."""

    name: Name
    architecture: Annotated[AnyArchitecture, Field(discriminator="name")] | None = Field(
        None, exclude_if=lambda architecture: architecture is None
    )
    techniques: tuple[Annotated[AnyTechnique, Field(discriminator="name")], ...] = ()

    @field_validator("techniques")
    @classmethod
    def _check_techniques(cls, techniques: tuple[AnyTechnique, ...]) -> tuple[AnyTechnique, ...]:
        _refuse_duplicates((t.name for t in techniques), _("each technique once"))
        return techniques

    @property
    def early_stopping(self) -> Call | None:
        """The callback that really stops this variant, if it has one."""
        return find_early_stopping(t.callback() for t in self.techniques)

    @property
    def row_factor(self) -> float:
        """By what factor its training rows grow."""
        return prod(t.row_factor() for t in self.techniques)


class Experiment(Part):
    """Data set, architecture, training settings, variants and seeds: everything that decides the numbers."""

    version: Literal[1] = 1
    name: Annotated[str, Field(max_length=120), AfterValidator(_check_name)] = ""
    dataset: AnyDataset = Field(Digits(), discriminator="name")
    architecture: AnyArchitecture = Field(MLP(), discriminator="name")
    training: TrainingSettings = TrainingSettings()
    early_stopping: MarkedRule = MarkedRule()
    variants: Annotated[tuple[Variant, ...], Field(min_length=1, max_length=24)] = (Variant(name="baseline"),)
    seeds: Annotated[
        tuple[Annotated[int, Field(ge=0, le=2**31 - 1)], ...], Field(min_length=1, max_length=MAX_SEEDS)
    ] = (
        0,
        1,
        2,
    )
    judging: JudgingSettings = Field(JudgingSettings(), exclude_if=lambda judging: judging == JudgingSettings())

    @field_validator("seeds")
    @classmethod
    def _check_seeds(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        _refuse_duplicates(seeds, _("each seed once"))
        return seeds

    @field_validator("variants")
    @classmethod
    def _check_variants(cls, variants: tuple[Variant, ...], info: ValidationInfo) -> tuple[Variant, ...]:
        _refuse_duplicates((v.name for v in variants), _("each variant name once"))
        if refusals := [reason for v in variants for reason in _refuse_variant(v, info.data)]:
            raise ValueError("\n".join(refusals))
        return variants

    @field_validator("judging")
    @classmethod
    def _check_judging(cls, judging: JudgingSettings, info: ValidationInfo) -> JudgingSettings:
        names = [variant.name for variant in info.data.get("variants", ())]
        if names and judging.reference is not None and judging.reference not in names:
            raise ValueError(
                _("reference is {reference}; allowed: {names}").format(
                    reference=quote(judging.reference), names=", ".join(names)
                )
            )
        return judging

    def with_more_seeds(self, count: int) -> "Experiment":
        """The same experiment with so many more seeds, the smallest numbers that it does not have.

        Raises:
            ExperimentError: it would have more seeds than allowed.
        """
        if len(self.seeds) + count > MAX_SEEDS:
            raise ExperimentError(
                _("seeds: {seeds} asked for; allowed: up to {max_seeds}").format(
                    seeds=len(self.seeds) + count, max_seeds=MAX_SEEDS
                )
            )
        unused = (seed for seed in itertools.count() if seed not in self.seeds)
        return self.model_copy(update={"seeds": (*self.seeds, *itertools.islice(unused, count))})

    def stored_json(self) -> str:
        """The text for the store, with what is known of data of one's own: they may be read differently one day."""
        values = self.model_dump(mode="json")
        if isinstance(self.dataset, Upload):
            values["dataset"]["facts"] = self.dataset.known.model_dump(mode="json")
        return json.dumps(values, ensure_ascii=False, separators=(",", ":"))

    def variant(self, name: str) -> Variant:
        """The variant of that name."""
        return next(v for v in self.variants if v.name == name)

    def dataset_of(self, variant: Variant) -> AnyDataset:
        """The data that a variant is trained on: the experiment's, with more rows where the variant asks for them."""
        rows = round(variant.row_factor * self.dataset.training_rows)
        return self.dataset.model_copy(update={"train_size": rows}) if variant.row_factor > 1 else self.dataset

    def architecture_of(self, variant: Variant) -> AnyArchitecture:
        """The network that a variant trains: its own, else the experiment's."""
        return variant.architecture or self.architecture

    def plan(self, variant: Variant) -> Plan:
        """What is trained for a variant, whatever the seed."""
        network, data, settings = self.architecture_of(variant), self.dataset, self.training
        how = settings.optimizer, settings.learning_rate, settings.momentum, self.steps(variant)
        return _plan(network, variant.techniques, data.shape, data.classes, *how)

    def steps(self, variant: Variant) -> int:
        """Gradient steps of one run of a variant, all epochs together."""
        return self.training.epochs * -(-self.dataset_of(variant).training_rows // self.training.batch_size)

    def runs(self) -> list[tuple[str, int]]:
        """(variant, seed) of every run; all variants of one seed before the next seed, to compare early."""
        return [(v.name, seed) for seed in self.seeds for v in self.variants]


@lru_cache(maxsize=1024)
def _plan(
    architecture: AnyArchitecture,
    techniques: tuple[AnyTechnique, ...],
    input_shape: tuple[int, ...],
    classes: int,
    optimizer: str,
    learning_rate: float,
    momentum: float | None,
    steps: int,
) -> Plan:
    """A page asks for the same plans again and again, on each of its runs."""
    return make_plan(
        architecture,
        techniques,
        input_shape=input_shape,
        classes=classes,
        optimizer=optimizer,
        learning_rate=learning_rate,
        momentum=momentum,
        steps=steps,
    )


def _refuse_variant(variant: Variant, parts: dict[str, Any]) -> Iterator[str]:
    """Why a variant makes no sense on the parts of the experiment that are valid so far."""
    dataset, architecture = parts.get("dataset"), variant.architecture or parts.get("architecture")
    if dataset is None or architecture is None:
        return
    for reason in architecture.refuse(variant.techniques, dataset.shape):
        yield _('variant "{name}": {reason}').format(name=variant.name, reason=reason)
    most = dataset.rows - 2 * dataset.held_out
    for technique in variant.techniques:
        if technique.row_factor() > 1 and variant.row_factor * dataset.training_rows > most:
            yield (
                _(
                    'variant "{name}", technique "{technique}": factor is {factor:g}, of {training_rows} training '
                    "rows; allowed: up to {most} rows in all"
                ).format(
                    name=variant.name,
                    technique=technique.name,
                    factor=technique.row_factor(),
                    training_rows=dataset.training_rows,
                    most=most,
                )
            )


def _refuse_duplicates(values: Iterable[Any], allowed: str) -> None:
    if twice := sorted(str(value) for value, count in Counter(values).items() if count > 1):
        shown = [shorten(visible(value)) for value in twice[:MOST_NAMED]]
        told = ", ".join([*shown, *["…"] * (len(twice) > MOST_NAMED)])
        raise ValueError(_("{names} is there twice; allowed: {allowed}").format(names=told, allowed=allowed))


def parse_experiment(text: str | bytes, uploads: UploadedFiles | None = None, *, stored: bool = False) -> Experiment:
    """The experiment that a JSON text describes, defaults filled in.

    Args:
        text: of at most MAX_CHARACTERS.
        uploads: where data of one's own are read; without it an experiment on such data is refused.
        stored: the text comes from the store, whose word on the data counts: they are not read to show it.

    Raises:
        ExperimentError: naming key, value and what is allowed, one line for each mistake.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExperimentError(
            _("The text has {characters:,} characters; allowed: up to {max_characters:,}.").format(
                characters=len(text), max_characters=MAX_CHARACTERS
            )
        )
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")  # some editors begin a file with a byte order mark
        json.loads(text, object_pairs_hook=_unique_keys)
        return Experiment.model_validate_json(text, context={UPLOADS: uploads, STORED: stored})
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        raise ExperimentError("\n".join(_explain(m) for m in mistakes if not _is_echo(m))) from None
    except (ValueError, RecursionError) as error:
        raise ExperimentError(_("This is not an experiment in JSON: {error}").format(error=error)) from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _refuse_duplicates((key for key, _ in pairs), _("each key once"))
    return dict(pairs)


def _is_echo(error: Any) -> bool:
    """Whether pydantic only says that nothing is left of a list once its refused entries are gone."""
    return bool(error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"])


def _explain(error: Any) -> str:
    """One mistake as `key: value: what is allowed`."""
    keys, location = "", error["loc"]
    for position, part in enumerate(location):
        if isinstance(part, int):
            keys += f"[{part}]"
        elif not _is_tag(location, position):
            told = shorten(visible(part))
            keys += f".{told}" if keys else told
    if error["type"] == "extra_forbidden":
        return _("{keys}: unknown key; allowed: {names}").format(
            keys=keys, names=", ".join(_model_at(location[:-1]).model_fields)
        )
    if error["type"] == "missing":
        return _("{keys}: is missing").format(keys=keys)
    if error["type"] == "union_tag_not_found":
        return _("{keys}.name: is missing; allowed: {names}").format(keys=keys, names=", ".join(_registry_at(location)))
    if error["type"] == "union_tag_invalid":
        return _("{keys}.name: {value} is refused: allowed: {names}").format(
            keys=keys, value=quote(error["input"]["name"]), names=", ".join(_registry_at(location))
        )
    reason = _say_reason(error)
    shown = "" if error["type"] == "value_error" else _(" {value} is refused:").format(value=quote(error["input"]))
    return f"{keys or 'experiment'}:{shown} {reason}"


def _say_reason(error: Any) -> str:
    """What is wrong with a value: pydantic's sentence, those that occur in the viewer's language."""
    message: str = error["msg"].removeprefix("Value error, ").replace("Input should be", "allowed:", 1)
    templates = {
        "greater_than_equal": _("allowed: greater than or equal to {bound}"),
        "less_than_equal": _("allowed: less than or equal to {bound}"),
        "literal_error": _("allowed: {expected}"),
        "int_type": _("allowed: a valid integer"),
        "float_type": _("allowed: a valid number"),
        "string_type": _("allowed: a valid string"),
        "bool_type": _("allowed: a valid boolean"),
        "finite_number": _("allowed: a finite number"),
    }
    template: str = templates.get(error["type"], message.replace("{", "{{").replace("}", "}}"))
    # The sentence ends with the bound as it is written in JSON, which the context has as a number.
    context = {key: str(value).replace(" or ", _(" or ")) for key, value in error.get("ctx", {}).items()}
    return template.format(**context | {"bound": message.rpartition(" ")[2]})


def _is_tag(location: tuple[str | int, ...], position: int) -> bool:
    """Whether pydantic put the tag of a union there, which is no key of the JSON."""
    match location[:position]:
        case ("dataset",) | ("architecture",) | ("variants", int(), "architecture"):
            return True
        case ("variants", int(), "techniques", int()):
            return True
    return False


def _registry_at(location: tuple[str | int, ...]) -> Iterable[str]:
    """The names of the registry that belongs to this place."""
    if location[0] == "dataset":
        return DATASETS
    return ARCHITECTURES if "architecture" in location[:3] else TECHNIQUES


def _model_at(location: tuple[str | int, ...]) -> type[BaseModel]:
    """The model that refused an unknown key at this place."""
    names = [part for part in location if isinstance(part, str)]
    parts: dict[str, type[BaseModel]] = {"training": TrainingSettings, "variants": Variant}
    if location in (("early_stopping",), ("judging",)):
        return MarkedRule if location == ("early_stopping",) else JudgingSettings
    if "reading" in names:
        return ColumnChoice if "columns" in names else Reading
    parts.update(DATASETS)
    parts.update(ARCHITECTURES)
    parts.update(TECHNIQUES)
    return parts[names[-1]] if names else Experiment
