"""What the link service does when it is woken."""

from __future__ import annotations

from outbox import on

from . import services, undo


@on("linking.decided")
def decided(review_id: int) -> None:
    services.apply_decision(review_id)


@on("linking.again")
def again(identity_id: int) -> None:
    services.look_again(identity_id)


@on("linking.undo_requested")
def undo_requested(review_id: int) -> None:
    undo.carry_out(review_id)


@on("need.changed")
def need_changed(need_id: int) -> None:
    services.need_changed(need_id)
