"""Pairs of one person that two other records of it vouch for."""

import numpy as np

from ..compare.columns import Bools, Ints

#: So many records, each accepted with both rows of a pair, answer for it.
WITNESSES = 2
#: So many neighbours of a row are asked at most, and of so many pairs at a time.
_ASKED, _PIECE = 48, 20_000


def vouched(rows: int, i: Ints, j: Ints, accepted: Bools, open_: Bools) -> Bools:
    """The ``open_`` pairs whose two rows are each accepted, by what the pairs say themselves, with the same `WITNESSES` others.

    ``i``, ``j``: pairs of row numbers below ``rows``; the masks have their length. One false link does not vouch: two
    must go wrong with both rows.
    """
    out = np.zeros(len(i), dtype=bool)
    a, b = i[accepted], j[accepted]
    wanted = np.flatnonzero(open_)
    if not len(a) or not len(wanted):
        return out
    ends, other = np.concatenate([a, b]).astype(np.int64), np.concatenate([b, a]).astype(np.int64)
    edges = ends * rows + other
    edges.sort()
    other = edges % rows
    start = np.searchsorted(edges, np.arange(rows, dtype=np.int64) * rows)
    count = np.minimum(np.diff(np.append(start, len(edges))), _ASKED)
    # The row with fewer neighbours names them.
    x, y = i[wanted].astype(np.int64), j[wanted].astype(np.int64)
    swap = count[x] > count[y]
    x, y = np.where(swap, y, x), np.where(swap, x, y)
    some = count[x] >= WITNESSES
    wanted, x, y = wanted[some], x[some], y[some]
    for first in range(0, len(wanted), _PIECE):
        piece = slice(first, first + _PIECE)
        each = count[x[piece]]
        of = np.repeat(np.arange(len(each)), each)
        shift = np.repeat(start[x[piece]] - np.cumsum(each) + each, each)
        witness = other[shift + np.arange(len(of))]
        asked = witness * rows + y[piece][of]
        place = np.minimum(np.searchsorted(edges, asked), len(edges) - 1)
        out[wanted[piece]] = np.bincount(of[edges[place] == asked], minlength=len(each)) >= WITNESSES
    return out
