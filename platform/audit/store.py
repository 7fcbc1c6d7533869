"""The tree's hashes in the database, as tree.py reads and appends them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection


def read_hashes(level: int, start: int, end: int) -> Sequence[bytes]:
    """A tree.Reader over audit_leaf (level 0) and audit_tree_node."""
    if level == 0:
        sql = (
            "SELECT leaf_hash FROM audit_leaf WHERE leaf_index >= %s AND leaf_index < %s ORDER BY leaf_index"
        )
        arguments = [start, end]
    else:
        sql = (
            "SELECT hash FROM audit_tree_node"
            ' WHERE level = %s AND "index" >= %s AND "index" < %s ORDER BY "index"'
        )
        arguments = [level, start, end]
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return [bytes(row[0]) for row in cursor.fetchall()]


def tree_size() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(leaf_index) + 1, 0) FROM audit_leaf")
        return cursor.fetchone()[0]


def append_leaves(rows: Iterable[tuple[int, int, bytes]]) -> None:
    """(leaf index, entry id, leaf hash)."""
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY audit_leaf (leaf_index, entry_id, leaf_hash) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types(["int8", "int8", "bytea"])
        for row in rows:
            copy.write_row(row)


def append_nodes(nodes: Sequence[tuple[int, int, bytes]]) -> None:
    """(tile level, index, hash)."""
    if nodes:
        with connection.cursor() as cursor:
            cursor.executemany(
                'INSERT INTO audit_tree_node (level, "index", hash) VALUES (%s, %s, %s)', nodes
            )
