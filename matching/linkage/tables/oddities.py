"""What is odd in a table and no pair of its result need show: one number under several names."""

import numpy as np

from ..compare.columns import Ints
from ..compare.names import PersonName
from ..compare.numbers import PreparedId
from ..compare.text import Parts
from .candidates import chunks
from .pipeline import Linked

#: Names that are not one person's, however written.
_OTHER = ("surname", "masked_else", "else")


def lent(linked: Linked) -> tuple[Ints, Ints]:
    """Rows with one valid identity number and different names: a slip or a borrowed card.

    Of many rows with one number each is held against the next alone, so the effort grows with the rows.
    """
    none = np.zeros(0, dtype=np.int32)
    table = linked.table
    if table is None:
        return none, none
    names = [
        (k, [c.index(level) for level in _OTHER if level in c.levels])
        for k, c in enumerate(table.model.comparisons)
        if isinstance(c, PersonName) or (isinstance(c, Parts) and c.given)
    ]
    first: list[Ints] = [none]
    second: list[Ints] = [none]
    for numbers in (p for p in table.prepared if isinstance(p, PreparedId) and names):
        codes = numbers.coded.codes
        rows = np.flatnonzero((codes >= 0) & numbers.valid[codes]).astype(np.int32)
        rows = rows[np.argsort(codes[rows], kind="stable")]
        same = codes[rows[1:]] == codes[rows[:-1]]
        for i, j in chunks(rows[:-1][same], rows[1:][same]):
            levels = table.levels(i, j)
            other = np.zeros(len(i), dtype=bool)
            for k, indexes in names:
                other |= np.isin(levels[:, k], indexes)
            first.append(i[other])
            second.append(j[other])
    return np.concatenate(first), np.concatenate(second)
