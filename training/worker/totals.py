"""Where the sums of an epoch stand in the engine's vector of totals."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)


@dataclass(frozen=True)
class TotalsLayout:
    """First the objective's sum over the training rows; then, for each split, the sum of losses and the number of
    correct rows of each that is judged, the number of correct rows of each class, and the sum of losses over the rows
    whose label is as it was and over those whose label was changed.

    Attributes:
        judged: the whole network and, in an ensemble, each of its members.
        classes: of the data set; the whole network's correct rows are counted for each.
    """

    judged: int
    classes: int
    objective: ClassVar[int] = 0

    @property
    def size(self) -> int:
        """The length of the vector."""
        return self.objective + 1 + self._width * len(SPLITS)

    @property
    def _width(self) -> int:
        return 2 * self.judged + self.classes + 2

    def of_split(self, split: SplitName) -> slice:
        """The place of all that belongs to a split."""
        begin = self.objective + 1 + self._width * SPLITS.index(split)
        return slice(begin, begin + self._width)

    def scores(self, split: SplitName) -> slice:
        """The place of a split's pairs (loss, correct), in the order of what is judged."""
        begin = self.of_split(split).start
        return slice(begin, begin + 2 * self.judged)

    def correct_by_class(self, split: SplitName) -> slice:
        """The place of a split's correct rows of each class."""
        begin = self.scores(split).stop
        return slice(begin, begin + self.classes)

    def loss_by_noise(self, split: SplitName) -> slice:
        """The place of a split's two sums of losses: over rows with their own label, over rows with a changed one."""
        end = self.of_split(split).stop
        return slice(end - 2, end)
