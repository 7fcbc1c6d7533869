"""The Merkle tree of RFC 9162 §2.1 (the same as RFC 6962): hashes, roots, inclusion and consistency proofs.

Pure: it knows neither Django nor a clock. A hash is 32 bytes (SHA-256). Stored hashes lie in *tiles* as in
C2SP tlog-tiles: level 0 holds the leaf hashes; hash i of level k is the root of the complete subtree over
leaves [i·256^k, (i+1)·256^k). A tile row is written once, when its subtree is complete, and never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

TILE_BITS = 8
TILE_WIDTH = 1 << TILE_BITS
EMPTY_ROOT = sha256(b"").digest()

Reader = Callable[[int, int, int], Sequence[bytes]]
"""reader(level, start, end) → the stored hashes start ≤ i < end of that tile level, in order."""


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """The largest power of two smaller than size (size ≥ 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Root over leaf hashes held in memory; over none: SHA-256 of nothing."""
    if not hashes:
        return EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    k = split(len(hashes))
    return node_hash(root_of(hashes[:k]), root_of(hashes[k:]))


@dataclass
class CompactRange:
    """The roots of the complete subtrees of a tree's first `size` leaves: all that is needed to append.

    `peaks` stands from the largest subtree to the smallest, one for each 1 in the binary form of size.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add one leaf hash; gives the tile hashes above level 0 that it completed: (level, index, hash)."""
        completed = []
        self.peaks.append(leaf)
        self.size += 1
        rest, height = self.size, 0
        while rest & 1 == 0:
            right = self.peaks.pop()
            self.peaks.append(node_hash(self.peaks.pop(), right))
            rest >>= 1
            height += 1
            if height % TILE_BITS == 0:
                completed.append((height // TILE_BITS, rest - 1, self.peaks[-1]))
        return completed

    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def compact_range(size: int, read: Reader) -> CompactRange:
    """The compact range of the stored tree's first `size` leaves, from at most one tile a level."""
    peaks: list[bytes] = []
    start = 0
    for height in range(size.bit_length() - 1, -1, -1):
        if size >> height & 1:
            peaks.append(range_root(start, start + (1 << height), read))
            start += 1 << height
    return CompactRange(size, peaks)


def range_root(start: int, end: int, read: Reader) -> bytes:
    """Root of leaves [start, end), where start is a multiple of a power of two ≥ end - start."""
    width = end - start
    if width == 0:
        return EMPTY_ROOT
    if width & (width - 1):
        middle = start + split(width)
        return node_hash(range_root(start, middle, read), range_root(middle, end, read))
    level = (width.bit_length() - 1) // TILE_BITS
    shift = level * TILE_BITS
    hashes = read(level, start >> shift, end >> shift)
    if len(hashes) != width >> shift:
        raise LookupError(f"tree level {level} lacks hashes in [{start >> shift}, {end >> shift})")
    return root_of(hashes)


def inclusion_proof(index: int, size: int, read: Reader) -> list[bytes]:
    """RFC 9162 §2.1.3.1: the hashes from the leaf's sibling up to the root's child.

    Raises ValueError unless 0 ≤ index < size.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            path.append(range_root(middle, end, read))
            end = middle
        else:
            path.append(range_root(start, middle, read))
            start = middle
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162 §2.1.3.2."""
    if not 0 <= index < size:
        return False
    node, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            result = node_hash(sibling, result)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            result = node_hash(result, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and result == root


def consistency_proof(old: int, new: int, read: Reader) -> list[bytes]:
    """RFC 9162 §2.1.4.1: that the tree of `old` leaves is a prefix of the tree of `new` leaves.

    Raises ValueError unless 0 < old ≤ new.
    """
    if not 0 < old <= new:
        raise ValueError(f"no consistency proof from {old} to {new}")
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while old < end:
        middle = start + split(end - start)
        if old <= middle:
            path.append(range_root(middle, end, read))
            end = middle
        else:
            path.append(range_root(start, middle, read))
            start, whole = middle, False
    if not whole:
        path.append(range_root(start, end, read))
    return path[::-1]


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """RFC 9162 §2.1.4.2."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node >>= 1
        last >>= 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            second = node_hash(second, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and first == old_root and second == new_root
