"""Against the vectors of certificate-transparency's reference implementation, and by properties."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import tree

LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
]
CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]


class Stored:
    """A store as the database keeps it: leaf hashes and the tile hashes that append() gave."""

    def __init__(self, hashes):
        self.levels = {0: list(hashes)}
        growing = tree.CompactRange()
        for leaf in hashes:
            for level, index, value in growing.append(leaf):
                row = self.levels.setdefault(level, [])
                assert index == len(row)
                row.append(value)
        self.range = growing

    def __call__(self, level, start, end):
        assert end - start <= tree.TILE_WIDTH
        return self.levels.get(level, [])[start:end]


def hashes(count):
    return [tree.leaf_hash(str(number).encode()) for number in range(count)]


@pytest.mark.parametrize("size", range(9))
def test_the_root_is_that_of_the_reference_vectors(size):
    leaves = [tree.leaf_hash(leaf) for leaf in LEAVES[:size]]
    assert tree.root_of(leaves).hex() == ROOTS[size]
    assert Stored(leaves).range.root().hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSION)
def test_the_inclusion_proof_is_that_of_the_reference_vectors(index, size, proof):
    stored = Stored([tree.leaf_hash(leaf) for leaf in LEAVES])
    assert [node.hex() for node in tree.inclusion_proof(index, size, stored)] == proof


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCY)
def test_the_consistency_proof_is_that_of_the_reference_vectors(old, new, proof):
    stored = Stored([tree.leaf_hash(leaf) for leaf in LEAVES])
    assert [node.hex() for node in tree.consistency_proof(old, new, stored)] == proof


sizes = st.integers(1, 900) | st.sampled_from([255, 256, 257, 511, 512, 513, 768, 1025])


@settings(max_examples=60, deadline=None)
@given(size=sizes, data=st.data())
def test_every_inclusion_proof_holds_and_no_other_leaf_passes_with_it(size, data):
    leaves = hashes(size)
    stored = Stored(leaves)
    index = data.draw(st.integers(0, size - 1))
    root = tree.root_of(leaves)
    proof = tree.inclusion_proof(index, size, stored)
    assert tree.verify_inclusion(leaves[index], index, size, proof, root)
    assert not tree.verify_inclusion(tree.leaf_hash(b"other"), index, size, proof, root)
    assert not tree.verify_inclusion(leaves[index], index, size, [*proof, root], root)
    if size > 1:
        assert not tree.verify_inclusion(leaves[index], (index + 1) % size, size, proof, root)
        assert not tree.verify_inclusion(leaves[index], index, size, proof[1:], root)


@settings(max_examples=60, deadline=None)
@given(new=sizes, data=st.data())
def test_every_consistency_proof_holds_and_fails_for_a_changed_history(new, data):
    leaves = hashes(new)
    old = data.draw(st.integers(1, new))
    proof = tree.consistency_proof(old, new, Stored(leaves))
    old_root, new_root = tree.root_of(leaves[:old]), tree.root_of(leaves)
    assert tree.verify_consistency(old, new, proof, old_root, new_root)
    changed = list(leaves)
    changed[data.draw(st.integers(0, old - 1))] = tree.leaf_hash(b"changed")
    assert not tree.verify_consistency(old, new, proof, tree.root_of(changed[:old]), new_root)
    assert not tree.verify_consistency(old, new, proof, old_root, tree.root_of(changed))


@settings(max_examples=40, deadline=None)
@given(size=sizes)
def test_a_compact_range_read_back_grows_like_one_that_was_never_stored(size):
    stored = Stored(hashes(size))
    again = tree.compact_range(size, stored)
    assert again.peaks == stored.range.peaks
    again.append(tree.leaf_hash(b"next"))
    assert again.root() == tree.root_of([*hashes(size), tree.leaf_hash(b"next")])


def test_a_store_that_lacks_a_hash_is_an_error_and_never_a_wrong_proof():
    stored = Stored(hashes(300))
    stored.levels[0] = stored.levels[0][:290]
    with pytest.raises(LookupError):
        tree.inclusion_proof(0, 300, stored)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_outside_the_tree_has_no_proof(index, size):
    with pytest.raises(ValueError, match="not in a tree"):
        tree.inclusion_proof(index, size, Stored(hashes(3)))
