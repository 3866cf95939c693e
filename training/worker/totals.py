"""Where the sums of an epoch stand in the engine's vector of totals."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)


@dataclass(frozen=True)
class TotalsLayout:
    """First the objective's sum over the training rows; then, for each split, the sum of losses and the number of
    correct rows of each that is judged.

    Attributes:
        judged: the whole network and, in an ensemble, each of its members.
    """

    judged: int
    objective: ClassVar[int] = 0

    @property
    def size(self) -> int:
        """The length of the vector."""
        return self.objective + 1 + 2 * self.judged * len(SPLITS)

    def scores(self, split: SplitName) -> slice:
        """The place of a split's pairs (loss, correct), in the order of what is judged."""
        width = 2 * self.judged
        begin = self.objective + 1 + width * SPLITS.index(split)
        return slice(begin, begin + width)
