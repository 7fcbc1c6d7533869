"""What a comparison is: ordered levels, a way to prepare columns and a way to compare pairs of rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .columns import Coded, Ints, Levels, Places

MISSING = 0


class Comparison:
    """One comparison of a model. The same declaration trains, scores and explains.

    ``levels[0]`` is 'missing' (weight 0), then come the levels from the most to the least agreeing, and the
    last is 'else'. ``tf`` names, for a level, which table of relative frequencies adjusts its weight
    ('value', 'surname'). ``masked`` are levels that partly hidden values reach.
    """

    levels: tuple[str, ...] = ("missing", "exact", "else")
    tf: dict[str, str] = {}
    #: Tables of ``tf`` for values that differ: the rarer of the two counts.
    rarer: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    #: What an untrained model believes of matches and of random pairs, per level behind 'missing'.
    default_m: tuple[float, ...] = (0.9, 0.1)
    default_u: tuple[float, ...] = (0.01, 0.99)

    #: Levels that came later, in the order in which they came, and which one their pairs had before: tables made
    #: without them are read so (`known`).
    added: dict[str, str] = {}

    #: Levels that one person's records rarely show, and the largest share of matches that may show them:
    #: what is personal (name, number, birth, sex) disagrees for most pairs of relatives, whom training must
    #: not take for matches.
    disagree: tuple[str, ...] = ("else",)
    most: float = 1.0

    #: The same of two different people who belong together (family, house, office): what they share agrees as
    #: among matches, what is a person's own does not. ``own`` is the largest share of such pairs that may show a
    #: level: relatives are not known by their agreeing names, numbers and birthdays.
    default_h: tuple[float, ...] = (0.5, 0.5)
    own: dict[str, float] = {}
    #: Levels that say of one person what they say of relatives, whose card was lent (m is the h of a family), and as which
    #: level relatives and strangers are counted there.
    lent: dict[str, str] = {}
    #: Levels that slips make of an exact agreement.
    slips: tuple[str, ...] = ()
    #: Through what else strangers may have this in common: where they live ('place'), what they are called ('name'), anything else;
    #: '' for what no circle has in common.
    circle: str = "other"
    #: A family shows in what it shares at home.
    home: bool = False
    #: What is shared away from home: a hospital, an illness.
    away: bool = False

    #: Its weights are those of its table to the letter (made elsewhere), in whatever order they stand.
    exactly: bool = False

    def __init__(self, name: str, columns: Sequence[str]) -> None:
        self.name = name
        self.columns = tuple(columns)

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "Prepared":
        """Features of all rows; ``rows`` holds at least this comparison's columns."""
        raise NotImplementedError

    def index(self, level: str) -> int:
        """Position of a level by its name."""
        return self.levels.index(level)

    def known(self, stored: Sequence[float], believed: Sequence[float]) -> Sequence[float]:
        """Shares of levels as a table keeps them; of levels that tables did not know when it was stored, what their pairs
        weighed under it (`added`), or where that says nothing what is believed."""
        unknown = self.size - 1 - len(stored)
        if unknown <= 0 or not self.added:
            return stored
        later = set(list(self.added)[-unknown:])
        share = dict(zip([level for level in self.levels[1:] if level not in later], stored, strict=True))
        for level, before in self.added.items():
            share.setdefault(level, share.get(before, 0.0))
        return [share[level] for level in self.levels[1:]]

    def related(self, shares: np.ndarray, u: np.ndarray) -> np.ndarray:
        """The shares of levels among people who belong together, given what was seen and what chance gives.

        What a person owns agrees by chance, or by little more; the rest follows what was seen.
        """
        return self._held(shares, u, self.own)

    def in_common(self, shares: np.ndarray, u: np.ndarray, m: np.ndarray) -> np.ndarray:
        """The shares of levels among strangers with something in common: slips as among matches, no more."""
        exact = float(shares[0] / max(m[0], 1e-6))
        return self._held(shares, u, {level: exact * float(m[self.index(level) - 1]) for level in self.slips})

    def _held(self, shares: np.ndarray, u: np.ndarray, limits: dict[str, float]) -> np.ndarray:
        if not limits:
            return shares
        out = shares.copy()
        held = np.zeros(len(out), dtype=bool)
        for level, most in limits.items():
            k = self.index(level) - 1
            held[k] = True
            out[k] = min(out[k], max(float(u[k]), most))
        rest = out[~held].sum()
        if rest > 0:
            out[~held] *= (1 - out[held].sum()) / rest
        return out / out.sum()

    @property
    def size(self) -> int:
        """Number of levels, 'missing' among them."""
        return len(self.levels)


#: Columns of so few values, the square of their number, judge every pair of values once.
_FEW = 1 << 20
_UNKNOWN = 255


class Judged:
    """Levels of pairs of values, each found when it is first asked for; ``judge`` does not mind which comes first."""

    def __init__(self, values: int) -> None:
        self.width = max(values, 1) + 1  # the last for 'missing', which is -1
        self.levels = np.full(self.width * self.width, _UNKNOWN, dtype=np.uint8)

    def of(self, a: Places, b: Places, judge: Callable[[Places, Places], Levels]) -> Levels:
        place = a * self.width + b
        level = self.levels.take(place)
        new = np.flatnonzero(level == _UNKNOWN)
        if len(new):
            x, y = a[new], b[new]
            level[new] = found = judge(x, y)
            self.levels[place[new]] = self.levels[y * self.width + x] = found
        return level


class Prepared:
    """Rows prepared for one comparison: a code per row, and how two values compare."""

    coded: Coded

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        #: frequency tables: name → coded column whose value is looked up
        self.tf: dict[str, Coded] = {}
        #: coarse codes for blocking: name → how to make the coded column
        self.keys: dict[str, Callable[[], Coded]] = {}
        self._known: Judged | None = None

    def compare(self, i: Ints, j: Ints) -> Levels:
        """The level of every pair of rows (i[k], j[k])."""
        return self.levels(self.coded.at(i), self.coded.at(j), len(self.coded.values))

    def levels(self, a: Places, b: Places, values: int) -> Levels:
        """`judge`, by heart where there are few ``values``."""
        if (values + 1) ** 2 > _FEW:
            return self.judge(a, b)
        if self._known is None:
            self._known = Judged(values)
        return self._known.of(a, b, self.judge)

    def judge(self, a: Places, b: Places) -> Levels:
        """The level of every pair of values by their codes (-1: missing), whichever of the two comes first."""
        raise NotImplementedError

    def full(self, n: int) -> Levels:
        """All 'else', to be filled."""
        return np.full(n, self.comparison.size - 1, dtype=np.uint8)
