"""What pairs of rows say of one another, and what of it counts between clusters."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..compare.columns import Bools, Ints

#: Weights are cut to this many bits either way, so that one absurd agreement cannot carry a cluster.
CLIP = 12.0
#: So many records speak against a fixed field, at most.
TOLD = 3
#: Of clusters of so many rows every pair is known, whether it was proposed or not.
SMALL = 50

#: Pairs of rows, and what is said of them (log2).
Said = tuple[Ints, Ints, np.ndarray]


class Others:
    """Pairs inside clusters that nobody proposed: of clusters of up to `SMALL` rows all, of larger ones while ``room`` lasts."""

    def __init__(self, room: int) -> None:
        self.room = room
        none = np.zeros(0, dtype=np.int32)
        self.parts: list[Said] = [(none, none, np.zeros(0))]

    def takes(self, size: int) -> bool:
        """Whether the pairs of a cluster of ``size`` rows are listed."""
        pairs = size * (size - 1) // 2
        if size <= SMALL:
            return size > 1
        if pairs > self.room:
            return False
        self.room -= pairs
        return True

    def all(self) -> Said:
        i, j, said = (np.concatenate(part) for part in zip(*self.parts, strict=True))
        return i, j, said


@dataclass(frozen=True)
class Evidence:
    """What pairs say (log2), field by field.

    ``said`` and ``counts`` have shape (pairs, fields); a count is 0 where a field is missing on either side.
    ``kin`` of shape (pairs, groups, fields) is the same of people who belong together, and ``household`` what these
    take back, given its sums per group, shape (groups, pairs).
    """

    said: np.ndarray
    counts: np.ndarray
    kin: np.ndarray
    household: Callable[[np.ndarray], np.ndarray]
    #: Fields that nobody changes (birth date, sex, number): what several records of either side say against it are no slips.
    fixed: Bools | None = None

    def against(self, mean: np.ndarray, times: np.ndarray) -> np.ndarray:
        """What clusters say of one another, field by field (last axis), where ``times`` records of either have the field.

        Who agrees, agrees once, however often it is told. Slips are each record's own: against a fixed field all count, `TOLD` at
        most, for records are copied from one another.
        """
        if self.fixed is None:
            return mean
        return np.where(self.fixed & (mean < 0), mean * np.clip(times, 1, TOLD), mean)
