"""How a file is to be read where a person decides it; what is left out is found out from the file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, field_validator, model_serializer

from models.names import shorten, visible
from wording.language import _

Use = Literal["feature", "ignore", "class", "group"]
Kind = Literal["number", "text", "date", "empty"]
Encoding = Literal[
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1", "cp1250", "cp1251", "cp949", "cp932", "gb18030",
    "big5",
]  # fmt: skip
Separator = Literal[",", ";", "\t", "|"]
Decimal = Literal[".", ","]

MAX_COLUMNS = 5_000
"""Of a file, whatever they are used for; `table.MAX_FEATURES` limits what a network sees of them."""


class Choice(BaseModel):
    """Base of what a person chooses: immutable, unknown keys refused; what is not chosen is left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @model_serializer(mode="wrap")
    def _leave_out(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        return {key: value for key, value in handler(self).items() if value not in (None, (), [])}


class ColumnChoice(Choice):
    """What is decided of a column: its use, and the kind that its values are read as. The class is `target`'s."""

    name: str
    use: Literal["feature", "ignore", "group"] | None = None
    kind: Literal["number", "text", "date"] | None = None


class Reading(Choice):
    """Everything that a person can decide of reading a file.

    Attributes:
        header: the line with the names of the columns, counted from 1; 0: there is none.
        columns: those of which something is decided.
    """

    encoding: Encoding | None = None
    separator: Separator | None = None
    decimal: Decimal | None = None
    header: int | None = Field(None, ge=0, le=1_000_000)
    columns: tuple[ColumnChoice, ...] = Field((), max_length=MAX_COLUMNS)

    @field_validator("columns")
    @classmethod
    def _check_columns(cls, columns: tuple[ColumnChoice, ...]) -> tuple[ColumnChoice, ...]:
        names = [column.name for column in columns]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(
                _("{name} is there twice; allowed: each column once").format(name=shorten(visible(twice[0])))
            )
        return columns

    def of(self, name: str) -> ColumnChoice:
        """What is decided of a column."""
        return next((column for column in self.columns if column.name == name), ColumnChoice(name=name))
