"""How registry entries declare their parameters: one field gives validation, form widget and help text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SerializerFunctionWrapHandler, model_serializer
from pydantic.fields import FieldInfo

Scale = Literal["linear", "log"]
Kind = Literal["int", "float", "choice", "bool", "ints"]
IDENTIFIER: dict[str, JsonValue] = {"identifier": True}
"""Marks a field that says what an entry is (an uploaded file) rather than how: no widget of the usual kinds sets it."""
_KINDS: dict[Any, Kind] = {int: "int", float: "float", bool: "bool"}


class Entry(BaseModel):
    """Base of every registry entry: frozen, strict about keys, with the texts that pages show."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)

    label: ClassVar[str]
    summary: ClassVar[str]
    name: str

    @model_serializer(mode="wrap")
    def _keep_name(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The name tells entries apart, so it stays even where defaults are left out."""
        return {"name": self.name, **handler(self)}


@dataclass(frozen=True)
class Parameter:
    """One parameter as a form needs it.

    `low` and `high` are inclusive; `choices` is empty for numbers. `telling` is the part of the range, with a step, in
    which something can be seen; None: all of it. `start` is where forms and lessons begin when the default, which links
    leave out, is too weak to be seen on them; None: at the default. `rare` parameters are seldom changed: forms keep
    them behind a button.
    """

    key: str
    label: str
    about: str
    kind: Kind
    default: Any
    low: float | None = None
    high: float | None = None
    step: float | None = None
    scale: Scale = "linear"
    choices: tuple[str, ...] = ()
    optional: bool = False
    telling: tuple[float, float, float] | None = None
    start: float | None = None
    rare: bool = False

    @property
    def first_value(self) -> Any:
        """What a form shows for a technique that was just chosen."""
        return self.default if self.start is None else self.start

    @property
    def slider(self) -> tuple[float, float, float]:
        """Lowest value, highest value and step of a slider for a number.

        Raises:
            ValueError: it is no number with a range that a slider could cover.
        """
        step = self.step or (1 if self.kind == "int" else None)
        found = self.telling or (self.low, self.high, step)
        if any(value is None for value in found):
            raise ValueError(f"{self.key} has no range for a slider: give it one where it is declared")
        return cast(tuple[float, float, float], found)


def number(
    default: float | None,
    low: float,
    high: float,
    *,
    label: str,
    about: str,
    step: float | None = None,
    scale: Scale = "linear",
    telling: tuple[float, float, float] | None = None,
    start: float | None = None,
    rare: bool = False,
    exclude_if: Callable[[Any], bool] | None = None,
) -> Any:
    """A pydantic field for a number in [low, high], with what the form shows beside it; see `Parameter`.

    JSON leaves it out where `exclude_if` says so.
    """
    extra: dict[str, JsonValue] = {
        "scale": scale, "step": step, "telling": telling and list(telling), "start": start, "rare": rare,
    }  # fmt: skip
    return Field(
        default, ge=low, le=high, title=label, description=about, json_schema_extra=extra, exclude_if=exclude_if
    )


def option(default: Any, *, label: str, about: str, rare: bool = False) -> Any:
    """A pydantic field without a range (a choice or a switch)."""
    return Field(default, title=label, description=about, json_schema_extra={"rare": rare})


def identifier(
    default: Any, *, about: str, exclude: bool | None = None, exclude_if: Callable[[Any], bool] | None = None
) -> Any:
    """A pydantic field that `parameters` leaves out, and JSON too, always or where `exclude_if` says so."""
    return Field(default, description=about, json_schema_extra=IDENTIFIER, exclude=exclude, exclude_if=exclude_if)


def parameters(entry: type[BaseModel]) -> Iterator[Parameter]:
    """The parameters of a registry entry in the order of declaration (`name` and identifiers left out)."""
    for key, info in entry.model_fields.items():
        if key != "name" and info.json_schema_extra != IDENTIFIER:
            yield _parameter(key, info)


def _parameter(key: str, info: FieldInfo) -> Parameter:
    limits = {k: v for m in info.metadata for k in ("ge", "le") if (v := getattr(m, k, None)) is not None}
    extra: Any = info.json_schema_extra or {}
    arguments = get_args(info.annotation)
    optional = type(None) in arguments
    annotation = arguments[0] if optional else info.annotation
    kind, choices = _KINDS.get(annotation, "ints"), ()
    if get_origin(annotation) is Literal:
        kind, choices = "choice", get_args(annotation)
    return Parameter(
        key=key,
        label=info.title or key,
        about=info.description or "",
        kind=kind,
        default=info.get_default(),
        low=limits.get("ge"),
        high=limits.get("le"),
        step=extra.get("step"),
        scale=extra.get("scale", "linear"),
        choices=choices,
        optional=optional,
        telling=tuple(extra["telling"]) if extra.get("telling") else None,
        start=extra.get("start"),
        rare=extra.get("rare", False),
    )
