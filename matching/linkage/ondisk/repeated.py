"""One description told very many times, in a table on disk: what `copies` does in memory, in SQL."""

# ruff: noqa: S608 (names of tables and columns are our own; what people wrote is never part of a question)

from collections.abc import Callable

import numpy as np

from ..compare.columns import Bools, Ints
from ..tables.copies import COPIES, LISTED
from .store import Store


class Repeated:
    """Rows that follow others: of more than `COPIES` equal rows of one side the first so many are compared.

    ``one`` tells of pairs of equal rows whether they are held for one person. Followers have no keys from then on.
    """

    def __init__(self, store: Store, one: Callable[[Ints, Ints], Bools]) -> None:
        self.store = store
        said = ", ".join(f'"{name}"' for name in store.model.names)
        side = f"unique_id < {store.split.left}"
        store.execute(
            f"create table alike as with coded as (select unique_id::integer as id, hash({said}) as same, {side} as side from rows), "
            f"good as (select same, side from coded group by same, side having count(*) > {COPIES}) "
            "select id, first_value(id) over w as lead, row_number() over w as rank from coded semi join good using (same, side) "
            "window w as (partition by same, side order by id)"
        )
        store.execute("create table kinds (lead integer, second integer)")
        cursor = store.connection.cursor()
        pairs = cursor.execute("select lead, id from alike where rank = 2").fetchnumpy()
        lead, second = (np.asarray(pairs[name], dtype=np.int32) for name in ("lead", "id"))
        for start in range(0, len(lead), 10_000):
            some = slice(start, start + 10_000)
            mine = one(lead[some], second[some])
            store.insert("kinds", {"lead": lead[some][mine], "second": second[some][mine]})
        store.execute(
            "create table followers as select id, lead, second, count(*) over (partition by lead) as size "
            f"from alike join kinds using (lead) where rank > {COPIES}"
        )
        store.execute("delete from keys where id in (select id from followers)")
        self.count = int(store.value("select count(*) from followers"))
        if self.count:
            self._uncount()

    def _uncount(self) -> None:
        """Take the followers' values out of the counts of values."""
        store = self.store
        kinds = store.execute(
            "select lead, count(*) as size from followers group by lead order by lead"
        ).fetchnumpy()
        lead, size = np.asarray(kinds["lead"], dtype=np.int32), np.asarray(kinds["size"], dtype=np.float64)
        for start in range(0, len(lead), 10_000):
            some = slice(start, start + 10_000)
            store.uncount(lead[some], size[some])

    def label(self, label: Ints) -> None:
        """Followers are where the first two of their kind are, if these are together."""
        for ids, lead, second in self.store.arrays("select id, lead, second from followers"):
            together = label[lead] == label[second]
            label[ids[together]] = label[lead[together]]

    def list(self) -> None:
        """The pairs of followers, beside those that were found: with whom the first of their kind meets of others, and with their
        kind; of more than `LISTED` equal rows with the first alone."""
        rest = "p.* exclude (i, j)"
        alone = (
            "" if self.store.split.link else
            f"union all select f.lead, f.id, {rest} from found p join kinds k on p.i = k.lead and p.j = k.second "
            f"join followers f on f.lead = k.lead where f.size > {LISTED - COPIES} "
            f"union all select least(b.id, f.id), greatest(b.id, f.id), {rest} from found p join kinds k on p.i = k.lead and p.j = k.second "
            f"join followers f on f.lead = k.lead join alike b on b.lead = k.lead "
            f"where f.size <= {LISTED - COPIES} and (b.rank <= {COPIES} or b.id < f.id)"
        )  # fmt: skip
        later = f"(select id from alike join kinds using (lead) where rank between 2 and {COPIES})"
        self.store.execute(
            f"insert into found select least(f.id, p.j), greatest(f.id, p.j), {rest} from found p join followers f on f.lead = p.i "
            f"where p.j not in {later} "
            f"union all select least(f.id, p.i), greatest(f.id, p.i), {rest} from found p join followers f on f.lead = p.j "
            f"where p.i not in {later} {alone}"
        )
