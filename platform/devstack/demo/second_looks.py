"""The identity desk's other rooms: two persons who may be one, a bill under two numbers, samples and their precision."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from django.db.models import Q

from devstack.synthetic import SyntheticSettlement
from insurance.intake.models import Settlement
from insurance.ledger.models import NeedAccount
from insurance.linking import desk, queues, sampling, suggesting
from insurance.linking.models import Review
from outbox import emit
from people import registry
from people.models import Person
from scope import actor_scope, engine_scope

from . import stage
from .cast import Cast

ANSWERED = 8


def twin(cast: Cast, bills: list[SyntheticSettlement]) -> None:
    """The insurer sends a bill that stands once more, under another number."""
    with engine_scope("demo"):
        numbered = Settlement.objects.exclude(medins_setl_id="").filter(status=Settlement.Status.ACTIVE)
        known = set(
            numbered.filter(setl_id__in=[bill.setl_id for bill in bills]).values_list("setl_id", flat=True)
        )
    bill = next(bill for bill in bills if bill.setl_id in known and bill.person.city == "4301")
    again = replace(bill, setl_id=f"{bill.setl_id}R").as_canonical()
    stage.push(
        cast,
        "changsha-yb",
        [stage.as_json([{**again, "msgid": "", "medins_setl_id": bill.medins_setl_id}])],
        "twin",
    )
    stage.drain()


def two_persons(cast: Cast) -> Review | None:
    """Somebody who came into the registry twice, before anybody could tell: a doubtful description as a person.

    If there is one to whom aid was given, a reviewer says yes, and it waits for his colleague.
    """
    with engine_scope("demo"):
        aided = NeedAccount.objects.filter(Q(reserved__gt=0) | Q(committed__gt=0) | Q(paid__gt=0))
        asked = Review.objects.filter(
            kind=Review.Kind.LINK, state=Review.State.OPEN, identity__source="insurer"
        )
        asked = asked.select_related("identity").order_by("at_stake", "pk")
        doubt = asked.filter(candidate_id__in=aided.values("person_id")).first() or asked.first()
        if doubt is None:
            return None
        Review.objects.filter(identity=doubt.identity, kind=Review.Kind.LINK, state=Review.State.OPEN).update(
            state=Review.State.OVERTAKEN
        )
        registry.assign(doubt.identity, Person.objects.create(), "new")
        emit("linking.linked", identity_id=doubt.identity_id, person_id=doubt.identity.person_id or 0)
    stage.drain()
    with engine_scope("demo"):
        review = suggesting.ask(doubt.candidate_id, doubt.identity.person_id or 0)
    if review is not None and review.moves["why"]:
        reviewer = cast.staff("reviewer")
        with actor_scope(reviewer):
            desk.decide(reviewer, review.pk, "same", "演示：医院说是同一位患者。")
        stage.drain()
    return review


def samples(cast: Cast) -> None:
    """A first sample is drawn; most of it is judged, the rest waits for the visitor."""
    with engine_scope("demo"):
        sampling.draw(Random("demo-samples"), per_stratum=3)  # noqa: S311 - the same every time
    reviewer = cast.staff("reviewer")
    with actor_scope(reviewer):
        drawn = list(queues.open_samples())
    for review in drawn[2 : 2 + ANSWERED]:
        answer = "same" if review.sampled["outcome"] == "accept" else "different"
        with actor_scope(reviewer):
            desk.decide(reviewer, review.pk, answer)
