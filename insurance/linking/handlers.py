"""What the link service does when it is woken."""

from __future__ import annotations

from insurance.ledger.models import NeedAccount
from outbox import on

from . import finding, merging, sampling, services, suggesting, undo
from .models import Review


@on("linking.decided")
def decided(review_id: int) -> None:
    review = Review.objects.select_for_update(no_key=True).get(pk=review_id)
    if review.kind == Review.Kind.SAMPLE:
        if review.state in {Review.State.SAME, Review.State.DIFFERENT}:
            sampling.answered(review)
    elif review.kind != Review.Kind.MERGE:
        services.apply_decision(review_id)
    elif review.state == Review.State.SAME:
        merging.carry_out(review)
    elif review.state == Review.State.DIFFERENT:
        suggesting.decided_no(review)


on("linking.seconded")(merging.seconded)


@on("linking.again")
def again(identity_id: int) -> None:
    services.look_again(identity_id)


@on("linking.undo_requested")
@on("linking.undo_seconded")
def undo_requested(review_id: int) -> None:
    undo.carry_out(review_id)


@on("need.changed")
def need_changed(need_id: int) -> None:
    services.need_changed(need_id)
    person_id = NeedAccount.objects.values_list("person_id", flat=True).filter(pk=need_id).first()
    if person_id is not None:
        suggesting.need_changed(person_id)


on("linking.asked")(finding.answer)
