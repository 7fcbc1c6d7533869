from __future__ import annotations

from accounts import administration
from accounts.models import Membership
from scope import Actor, actor_scope


def test_two_administrators_cannot_remove_each_other_at_once(real_db, make):
    organisation = make.organisation()
    two = [make.member(organisation, "administrator") for _ in range(2)]

    def remove_the_other(i):
        actor = Actor(
            "staff",
            org_id=organisation.pk,
            user_id=two[i].user_id,
            roles=frozenset({"administrator"}),
        )
        with actor_scope(actor):
            return administration.set_member_active(actor, two[1 - i].pk, False).pk

    outcomes = real_db.attempts(2, remove_the_other)
    assert sum(isinstance(outcome, administration.Refused) for outcome in outcomes) == 1
    assert Membership.objects.filter(is_active=True).count() == 1
