"""Merging by hand: SQL of a reviewer's own, and of others, against the rule of two people."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

import factories as make
from insurance.linking.models import BillQuestion, LookUp, Merge, Quality, Review
from outbox import tasks
from people import registry
from people.models import Identity, Person
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return make.organisation("operator")


@pytest.fixture
def reviewer(operator):
    return make.staff(operator, "linkage_reviewer")


@pytest.fixture
def question():
    """Whether two persons are one; open."""
    insurer = make.organisation("statutory_insurer")
    with engine_scope():
        sides = []
        for name in ("甲", "乙"):
            person = Person.objects.create()
            described = registry.insurer_identity(insurer.pk, registry.Description(name=name))[0]
            registry.assign(described, person, "new")
            sides.append((described, person))
        (mine, absorbed), (theirs, survivor) = sides
        review = Review.objects.create(
            kind="merge",
            identity=mine,
            other=absorbed,
            candidate=survivor,
            candidate_identity=theirs,
            weight=1.0,
            probability=0.5,
            prior_weight=0.0,
            evidence=[],
        )
    return review.pk


def refused(actor, sql, *args):
    """The statement is refused, or touches nothing."""
    with actor_scope(actor):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql, args)
                return cursor.rowcount == 0
        except DatabaseError:
            return True


def put(question, **values):
    with engine_scope():
        Review.objects.filter(pk=question).update(**values)


def test_nobody_merges_by_sql(reviewer, question):
    for sql in (
        "INSERT INTO person_merge (review_id, survivor_id, absorbed_id, asked_by, why_second, moved, merged_at,"
        " unmerge_why_second) SELECT id, candidate_id, other_id, 1, '{}', '{}', now(), '{}' FROM link_review",
        "UPDATE person SET merged_into_id = NULL",
        "UPDATE identity SET person_id = NULL",
        "UPDATE person_merge SET unmerged_at = now()",
        "UPDATE link_review SET kind = 'merge'",
        "UPDATE link_review SET candidate_id = other_id",
        "UPDATE link_review SET state = 'second', decided_by = 1",
        "UPDATE link_review SET why_second = '{}'",
        "UPDATE link_review SET undo_second = true",
        "INSERT INTO entry (need_id, kind, layer, reference, d_residual, d_reserved, d_committed, d_paid, created_at)"
        " VALUES (1, 'merge', 'statutory', 'settlement:1:merge:1', 0, 0, 0, 0, now())",
    ):
        assert refused(reviewer, sql), sql


def test_the_second_answer_is_never_the_first_one_s(operator, reviewer, question):
    put(
        question, state="second", decided_by=reviewer.user_id, decided_at=timezone.now(), why_second=["money"]
    )
    yes = "UPDATE link_review SET seconded_by = %s, seconded_at = now(), seconded_yes = true WHERE id = %s"
    colleague = make.staff(operator, "linkage_reviewer")
    assert refused(reviewer, yes, reviewer.user_id, question)
    assert refused(reviewer, yes, colleague.user_id, question)  # in a colleague's name
    assert refused(
        reviewer,
        "UPDATE link_review SET decided_by = %s, seconded_by = %s, seconded_at = now(), seconded_yes = true",
        colleague.user_id,
        reviewer.user_id,
    )
    assert not refused(colleague, yes, colleague.user_id, question)
    assert refused(colleague, yes.replace("true", "false"), colleague.user_id, question)  # once


def test_only_who_decided_takes_it_back_and_only_before_an_answer(operator, reviewer, question):
    colleague = make.staff(operator, "linkage_reviewer")
    back = "UPDATE link_review SET state = 'open', decided_by = NULL, decided_at = NULL"
    waits = {
        "state": "second",
        "decided_by": reviewer.user_id,
        "decided_at": timezone.now(),
        "why_second": ["money"],
    }
    put(question, **waits)
    assert refused(colleague, back)
    assert refused(reviewer, "UPDATE link_review SET state = 'open'")
    assert refused(reviewer, "UPDATE link_review SET state = 'same'")
    assert refused(reviewer, back + ", note = NULL, postponed_at = now()")
    put(question, seconded_by=colleague.user_id, seconded_at=timezone.now(), seconded_yes=True)
    assert refused(reviewer, back), "a colleague has answered"
    put(question, **dict.fromkeys(("seconded_by", "seconded_at", "seconded_yes")))
    assert not refused(reviewer, back)
    with engine_scope():
        assert Review.objects.get(pk=question).why_second == []


def test_only_who_asked_for_an_undo_takes_that_back(operator, reviewer, question):
    colleague = make.staff(operator, "linkage_reviewer")
    back = "UPDATE link_review SET undo_asked_at = NULL, undo_asked_by = NULL, undo_reason = NULL"
    now = timezone.now()
    put(
        question,
        state="same",
        decided_by=8,
        decided_at=now,
        undo_asked_at=now,
        undo_asked_by=reviewer.user_id,
    )
    assert refused(reviewer, back), "the engine is at it"
    put(question, undo_second=True)
    assert refused(colleague, back)
    put(question, undo_seconded_by=colleague.user_id, undo_seconded_at=now, undo_seconded_yes=True)
    assert refused(reviewer, back)
    put(question, **dict.fromkeys(("undo_seconded_by", "undo_seconded_at", "undo_seconded_yes")))
    assert not refused(reviewer, back)
    with engine_scope():
        assert Review.objects.get(pk=question).undo_second is False


def test_words_go_with_their_step_and_steps_are_of_now(operator, reviewer, question):
    colleague = make.staff(operator, "linkage_reviewer")
    early = "UPDATE link_review SET state = 'same', decided_by = %s, decided_at = now() - interval '1 hour'"
    assert refused(reviewer, early, reviewer.user_id)
    put(
        question, state="second", decided_by=reviewer.user_id, decided_at=timezone.now(), why_second=["money"]
    )
    for sql in (
        "UPDATE link_review SET note = '\\x00'",
        "UPDATE link_review SET undo_reason = '\\x00'",
        "UPDATE link_review SET undo_refused = '{second_said_no}'",
        "UPDATE link_review SET second_note = '\\x00'",
        "UPDATE link_review SET moves = '{}'",
        "UPDATE link_review SET declined_at = now()",
        "UPDATE link_review SET declined_first = decided_by",
        "UPDATE link_review SET again_at = now()",
        "UPDATE link_review SET again_seen_at = now(), again_seen_by = app_user()",
        "UPDATE link_review SET flags = '{}'",
    ):
        assert refused(colleague, sql), sql
        assert refused(reviewer, sql), sql
    old = "UPDATE link_review SET seconded_by = app_user(), seconded_at = now() - interval '1 day', seconded_yes = true"
    assert refused(colleague, old)


def test_who_looked_again_says_so_in_his_own_name(operator, reviewer, question):
    colleague = make.staff(operator, "linkage_reviewer")
    put(question, state="same", decided_by=8, decided_at=timezone.now(), again_at=timezone.now())
    seen = "UPDATE link_review SET again_seen_at = now(), again_seen_by = %s"
    assert refused(reviewer, seen, colleague.user_id)
    assert refused(
        reviewer,
        "UPDATE link_review SET again_seen_at = now() - interval '1 day', again_seen_by = app_user()",
    )
    assert not refused(reviewer, seen, reviewer.user_id)


def test_before_it_waits_for_a_second_nobody_seconds(operator, reviewer, question):
    assert refused(
        reviewer,
        "UPDATE link_review SET seconded_by = %s, seconded_at = now(), seconded_yes = true",
        reviewer.user_id,
    )
    put(question, state="same", decided_by=reviewer.user_id, decided_at=timezone.now())
    assert refused(
        make.staff(operator, "linkage_reviewer"),
        "UPDATE link_review SET undo_seconded_by = app_user(), undo_seconded_at = now(), undo_seconded_yes = true",
    )


def test_who_asked_for_an_undo_does_not_become_its_second(operator, reviewer, question):
    put(
        question,
        state="same",
        decided_by=reviewer.user_id,
        decided_at=timezone.now(),
        undo_asked_at=timezone.now(),
        undo_asked_by=reviewer.user_id,
        undo_second=True,
    )
    yes = "UPDATE link_review SET undo_seconded_by = app_user(), undo_seconded_at = now(), undo_seconded_yes = true"
    colleague = make.staff(operator, "linkage_reviewer")
    assert refused(reviewer, yes)
    assert refused(reviewer, "UPDATE link_review SET undo_asked_by = %s", colleague.user_id)
    assert refused(reviewer, yes + ", undo_asked_by = %s", colleague.user_id)
    assert not refused(colleague, yes)


def test_an_event_written_by_hand_merges_nothing_that_was_not_decided(reviewer, question):
    with actor_scope(reviewer), connection.cursor() as cursor:
        for topic in (
            "linking.decided",
            "linking.seconded",
            "linking.undo_requested",
            "linking.undo_seconded",
        ):
            cursor.execute(
                "INSERT INTO outbox_event (topic, ids, state, tries, error, created_at, due_at)"
                " VALUES (%s, jsonb_build_object('review_id', %s::bigint), 'pending', 0, '', now(), now())",
                [topic, question],
            )
    tasks.drain()
    with engine_scope():
        assert not Merge.objects.exists()
        assert Review.objects.get(pk=question).state == "open"


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"why_second": ["money"], "seconded_by": None}, "merge_two_people"),
        ({"why_second": ["money"], "seconded_by": 7}, "what its reviewers decided"),
        ({"asked_by": 9}, "what its reviewers decided"),
        ({"seconded_by": 8}, "what its reviewers decided"),
    ],
)
def test_even_the_engine_merges_only_what_its_reviewers_decided(question, change, constraint):
    put(question, state="same", decided_by=7, decided_at=timezone.now())
    with engine_scope():
        review = Review.objects.get(pk=question)
        values = {
            "review": review,
            "survivor_id": review.candidate_id,
            "absorbed_id": review.other_id,
            "asked_by": 7,
            "merged_at": timezone.now(),
            **change,
        }
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Merge.objects.create(**values)


@pytest.mark.parametrize(
    ("kind", "roles"),
    [
        ("charity", ["case_worker", "approver"]),
        ("statutory_insurer", ["intake_clerk"]),
        ("operator", ["administrator"]),
        ("regulator", ["auditor"]),
    ],
)
def test_nobody_else_sees_who_was_merged_or_looked_up(question, kind, roles):
    with engine_scope():
        BillQuestion.objects.create(held_id=1, twin_id=2)
        Quality.objects.create(month="2026-11", pair="insurer–insurer", band="0–4", outcome="accept")
    put(question, state="same", decided_by=7, decided_at=timezone.now())
    with engine_scope():
        review = Review.objects.get(pk=question)
        Merge.objects.create(
            review=review,
            survivor_id=review.candidate_id,
            absorbed_id=review.other_id,
            asked_by=7,
            merged_at=timezone.now(),
        )
    with actor_scope(make.staff(make.organisation(kind), *roles)):
        for model in (Merge, LookUp, BillQuestion, Review, Identity):
            assert not model.objects.exists(), model
        assert Quality.objects.exists() == (kind in {"operator", "regulator"})


def test_a_look_up_is_asked_in_one_s_own_name_and_answered_by_the_engine(operator, reviewer):
    colleague = make.staff(operator, "linkage_reviewer")
    ask = (
        "INSERT INTO link_lookup (kind, first, second, asked_by, asked_at, state, reviews)"
        " VALUES ('person', '1', '', %s, now(), %s, %s)"
    )
    assert refused(reviewer, ask, colleague.user_id, "waiting", [])
    assert refused(reviewer, ask, reviewer.user_id, "found", [])
    assert refused(reviewer, ask, reviewer.user_id, "waiting", [1])
    assert refused(make.staff(make.organisation("charity"), "linkage_reviewer"), ask, 1, "waiting", [])
    assert refused(
        reviewer, ask.replace("now()", "now() - interval '2 hours'"), reviewer.user_id, "waiting", []
    )
    assert not refused(reviewer, ask, reviewer.user_id, "waiting", [])
    assert refused(reviewer, "UPDATE link_lookup SET reviews = '{1}'")


def test_a_twin_is_decided_once_in_one_s_own_name(operator, reviewer):
    with engine_scope():
        BillQuestion.objects.create(held_id=1, twin_id=2)
    say = "UPDATE bill_question SET state = %s, decided_at = now(), decided_by = %s"
    assert refused(reviewer, say, "other", reviewer.user_id + 1000)
    assert refused(reviewer, say, "overtaken", reviewer.user_id)
    assert refused(reviewer, "UPDATE bill_question SET twin_id = 3")
    assert not refused(reviewer, say, "same", reviewer.user_id)
    assert refused(reviewer, say, "other", reviewer.user_id)
    assert refused(reviewer, "UPDATE bill_question SET state = 'open'")
    again = "UPDATE bill_question SET state = 'open', decided_at = NULL, decided_by = NULL"
    assert not refused(reviewer, again)
    assert not refused(reviewer, say, "other", reviewer.user_id)
    assert refused(reviewer, say, "same", reviewer.user_id)
    assert refused(reviewer, again), "what is in the books stays"
