"""The desk's lists: what is open, what waits for a second person, what was decided; narrowed by what a reviewer wants.

The order of a list is the order in which its questions follow each other on the pages; a filter goes along in the
address, since it holds nothing personal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from people.models import Source
from scope import Actor

from . import words
from .models import Review

DECIDED = (Review.State.SAME, Review.State.DIFFERENT, Review.State.UNDONE, Review.State.REFUSED)
ASKED = (Review.Kind.LINK, Review.Kind.MERGE)
#: How long a question has been asked, at least (days).
AGES = {"1": lazy("超过 1 天"), "7": lazy("超过 7 天"), "30": lazy("超过 30 天")}
#: What hangs on it, at least (yuan).
WORTHS = {
    "1000": lazy("¥1,000 以上"),
    "10000": lazy("¥10,000 以上"),
    "100000": lazy("¥100,000 以上"),
}
NO_FLAG = "none"
KINDS = {"link": lazy("认定一条记录"), "merge": lazy("合并两个人")}


@dataclass(frozen=True)
class Wanted:
    """What of the queue a reviewer wants to see; "" leaves it as it is. pair: 'campaign-insurer', sorted."""

    pair: str = ""
    flag: str = ""
    age: str = ""
    worth: str = ""
    kind: str = ""

    @property
    def narrowed(self) -> int:
        """How many filters are in force."""
        return len(self._given())

    @property
    def query(self) -> str:
        return urlencode(self._given())

    def _given(self) -> dict[str, str]:
        return {name: value for name, value in vars(self).items() if value}

    def of(self, reviews: QuerySet[Review]) -> QuerySet[Review]:
        """Of these questions those that are wanted."""
        if self.pair:
            one, other = self.pair.split("-")
            reviews = reviews.filter(
                Q(identity__source=one, candidate_identity__source=other)
                | Q(identity__source=other, candidate_identity__source=one)
            )
        if self.flag:
            wanted = Q(flags=[]) if self.flag == NO_FLAG else Q(flags__contains=[self.flag])
            reviews = reviews.filter(wanted)
        if self.age:
            reviews = reviews.filter(created_at__lt=timezone.now() - timedelta(days=int(self.age)))
        if self.worth:
            reviews = reviews.filter(at_stake__gte=Decimal(self.worth))
        return reviews.filter(kind=self.kind) if self.kind else reviews


ALL = Wanted()
#: A yes that something came up against since, and nobody has looked at since.
AGAIN = Q(state=Review.State.SAME, again_at__isnull=False) & (
    Q(again_seen_at=None) | Q(again_seen_at__lt=F("again_at"))
)


def _pairs() -> dict[str, str]:
    names = sorted(Source)
    return {
        f"{one}-{other}": _("%(one)s与%(other)s") % {"one": Source(one).label, "other": Source(other).label}
        for at, one in enumerate(names)
        for other in names[at:]
    }


def read(given: Mapping[str, Any]) -> Wanted:
    """The filters of an address; what is none is left out."""
    allowed: dict[str, Any] = {
        "pair": _pairs(),
        "flag": {*words.FLAGS, *words.OWN_FLAGS, NO_FLAG},
        "age": AGES,
        "worth": WORTHS,
        "kind": KINDS,
    }
    return Wanted(
        **{name: str(given.get(name, "")) for name in allowed if given.get(name, "") in allowed[name]}
    )


def fields(wanted: Wanted) -> list[dict[str, Any]]:
    """The form's fields; of pairs and flags those that stand in the queue now."""
    stand = Review.objects.filter(state=Review.State.OPEN, kind__in=ASKED)
    sources = {
        "-".join(sorted(pair))
        for pair in stand.values_list("identity__source", "candidate_identity__source").distinct()
    }
    flags = {flag for found in stand.values_list("flags", flat=True).distinct() for flag in found}

    def field(name: str, label: str, options: Mapping[str, Any]) -> dict[str, Any]:
        chosen = getattr(wanted, name)
        return {
            "name": name,
            "label": label,
            "options": [
                {"value": value, "label": text, "selected": value == chosen}
                for value, text in options.items()
            ],
        }

    pairs = {key: text for key, text in _pairs().items() if key in sources | {wanted.pair}}
    told = {flag: words.flag(flag) for flag in sorted({*flags, wanted.flag} - {"", NO_FLAG})}
    return [
        field("pair", _("两边来自"), pairs),
        field("flag", _("要留意"), told | {NO_FLAG: _("没有要留意的")}),
        field("age", _("等了多久"), AGES),
        field("worth", _("涉及金额"), WORTHS),
        field("kind", _("要答什么"), KINDS),
    ]


def _with_sides(reviews: QuerySet[Review]) -> QuerySet[Review]:
    return reviews.select_related("identity", "candidate_identity")


def open_reviews(wanted: Wanted = ALL) -> QuerySet[Review]:
    """Value at stake first; what was put aside comes last."""
    found = wanted.of(Review.objects.filter(state=Review.State.OPEN, kind__in=ASKED))
    return _with_sides(found).order_by(F("postponed_at").asc(nulls_first=True), "-at_stake", "pk")


def open_samples() -> QuerySet[Review]:
    """Decisions of the engine that are to be judged blind, in the order in which they were drawn."""
    found = Review.objects.filter(state=Review.State.OPEN, kind=Review.Kind.SAMPLE)
    return _with_sides(found).order_by(F("postponed_at").asc(nulls_first=True), "pk")


def for_a_second() -> QuerySet[Review]:
    """What waits for a second person, most money first."""
    found = Review.objects.filter(
        Q(state=Review.State.SECOND, seconded_by=None) | Q(undo_second=True, undo_seconded_by=None)
    )
    return _with_sides(found).order_by("-at_stake", "pk")


def declined(actor: Actor) -> QuerySet[Review]:
    """What this reviewer wanted and a colleague did not agree to, and is open again or stands as it was."""
    mine = Review.objects.filter(declined_first=actor.user_id or 0)
    return mine.filter(
        Q(declined_what="decision", state=Review.State.OPEN)
        | Q(declined_what="undo", undo_refused__contains=["second_said_no"])
    ).order_by("-declined_at")


def decided_reviews(again: bool = False) -> QuerySet[Review]:
    """Newest first. again: those alone that should be looked at once more, because of one of `words.OWN_FLAGS`."""
    found = (
        Review.objects.filter(state__in=DECIDED)
        .exclude(kind=Review.Kind.SAMPLE)
        .exclude(kind=Review.Kind.AUTO, state=Review.State.SAME, decided_at=None)
    )
    if again:
        found = found.filter(AGAIN)
    return _with_sides(found).order_by(F("decided_at").desc(nulls_last=True), "-pk")


def order_of(review: Review, wanted: Wanted = ALL) -> list[int]:
    """The ids of the list in which this question stands."""
    queue = open_samples() if review.kind == Review.Kind.SAMPLE else open_reviews(wanted)
    return list(queue.values_list("pk", flat=True))


def next_after(review_id: int, wanted: Wanted = ALL) -> int | None:
    """The question that follows this one in its queue, the first one after the last; None when it was alone."""
    for queue in (open_reviews(wanted), open_samples()):
        order = list(queue.values_list("pk", flat=True))
        if review_id in order:
            place = order.index(review_id)
            return next(iter([*order[place + 1 :], *order[:place]]), None)
    return open_reviews(wanted).values_list("pk", flat=True).first()


@dataclass(frozen=True)
class Waiting:
    """How many questions are open, and what hangs on them together (yuan)."""

    count: int
    at_stake: Decimal


def waiting() -> Waiting:
    found = Review.objects.filter(state=Review.State.OPEN, kind__in=ASKED)
    return Waiting(found.count(), found.aggregate(sum=Sum("at_stake"))["sum"] or Decimal("0.00"))
