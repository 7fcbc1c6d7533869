"""What becomes of an accepted record: a residual, once; corrections, reversals, copies and twins."""

from __future__ import annotations

import pytest

import factories

pytestmark = pytest.mark.django_db


def progress(intake, result):
    return intake.record(result["record"]).progress


def test_bills_like_06_and_12_open_their_residuals(sender, intake):
    results = sender.results([intake.like_06(), intake.like_12()])
    intake.deliver()
    assert intake.residuals() == ["4.52", "366.07"]
    assert [progress(intake, r) for r in results] == ["open", "open"]


def test_delivering_twice_opens_no_more(sender, intake):
    from insurance.intake import processing
    from scope import engine_scope

    (result,) = sender.results(intake.like_12())
    intake.deliver()
    with engine_scope("test"):
        processing.process(result["record"])
    intake.deliver()
    assert intake.residuals() == ["366.07"]


def test_a_reversal_like_08_awaits_its_original_and_is_applied_when_it_comes(sender, intake):
    (reversal,) = sender.results(intake.like_08(original="S1001"))
    assert reversal["state"] == "accepted"
    intake.deliver()
    assert progress(intake, reversal) == "awaiting_original"
    assert intake.residuals() == []
    sender.results(intake.like_06())
    intake.deliver()
    assert progress(intake, reversal) == "applied"
    assert intake.residuals() == ["0.00"]
    assert intake.settlement("S1001").status == "reversed"


def test_a_reversal_that_names_nothing_only_waits(sender, intake):
    (reversal,) = sender.results(intake.like_08())
    assert [w["code"] for w in reversal["warnings"] if w["code"] == "needs_original"] == ["needs_original"]
    sender.results(intake.like_06())
    intake.deliver()
    assert progress(intake, reversal) == "awaiting_original"
    assert intake.residuals() == ["4.52"]


def test_a_reversal_finds_its_original_by_the_message_id(sender, intake):
    msgid = "130000000001202403021015300001"
    sender.results(intake.bill("A", msgid=msgid))
    sender.results(intake.reversal("R", original_msgid=msgid))
    intake.deliver()
    assert intake.residuals() == ["0.00"]


def test_a_waiting_reversal_is_found_among_many_that_never_find_theirs(sender, intake):
    lost = [intake.reversal(f"L{i}", original_setl_id=f"never-{i}") for i in range(120)]
    results = sender.results([*lost, intake.reversal("R", original_setl_id="A")])
    intake.deliver()
    sender.results(intake.bill("A"))
    intake.deliver()
    assert progress(intake, results[-1]) == "applied"
    assert intake.residuals() == ["0.00"]


def test_another_senders_reversal_does_not_touch_the_bill(sender, intake):
    sender.results(intake.like_06())
    other = intake.insurer("131199")
    (reversal,) = other.results(intake.like_08(original="S1001"))
    intake.deliver()
    assert progress(intake, reversal) == "awaiting_original"
    assert intake.residuals() == ["4.52"]


@pytest.mark.parametrize("left", ["30000.00", "50000.00"])
def test_a_correction_lowers_or_raises_the_residual(sender, intake, left):
    (first,) = sender.results(intake.bill("A"))
    intake.deliver()
    (second,) = sender.results(intake.bill("A", left))
    intake.deliver()
    assert intake.residuals() == [left]
    assert progress(intake, first) == "superseded"
    assert progress(intake, second) == "open"
    assert intake.settlement("A").version == 2


def test_two_versions_in_one_batch_end_at_the_later(sender, intake):
    sender.results([intake.bill("A"), intake.bill("A", "30000.00")])
    intake.deliver()
    assert intake.residuals() == ["30000.00"]


def test_an_older_version_that_is_delivered_late_changes_nothing(sender, intake):
    from insurance.intake import processing
    from scope import engine_scope

    first, second = sender.results([intake.bill("A"), intake.bill("A", "30000.00")])
    with engine_scope("test"):
        processing.process(second["record"])
        processing.process(first["record"])
    intake.deliver()
    assert intake.residuals() == ["30000.00"]
    assert progress(intake, first) == "superseded"
    assert progress(intake, second) == "open"


def test_a_second_senders_copy_attaches_and_opens_no_second_residual(sender, intake):
    sender.results(intake.bill("A"))
    other = intake.insurer("440100")
    (copy,) = other.results(intake.bill("A"))
    intake.deliver()
    assert intake.residuals() == ["40000.00"]
    assert progress(intake, copy) == "open"


def test_another_senders_amounts_do_not_overwrite_the_bill(sender, intake):
    sender.results(intake.bill("A"))
    intake.insurer("440100").results(intake.bill("A", "10.00"))
    intake.deliver()
    assert intake.residuals() == ["40000.00"]


def test_the_insurers_word_stands_above_a_hospitals(sender, intake):
    hospital = intake.Sender(factories.organisation("hospital", centres=["440100"]))
    hospital.results(intake.bill("A", "10.00"))
    intake.deliver()
    assert intake.residuals() == ["10.00"]
    sender.results(intake.bill("A"))
    hospital.results(intake.bill("A", "20.00"))
    intake.deliver()
    assert intake.residuals() == ["40000.00"]


def test_the_same_bill_under_another_id_is_held(sender, intake):
    hospital = {"hospital_code": "H44010000001", "medins_setl_id": "M-77"}
    sender.results(intake.bill("A", **hospital))
    (twin,) = sender.results(intake.bill("B", **hospital))
    intake.deliver()
    assert intake.residuals() == ["40000.00"]
    assert progress(intake, twin) == "held"
    assert intake.settlement("B").status == "held"


def test_a_held_twin_stands_for_itself_once_the_other_is_reversed(sender, intake):
    hospital = {"hospital_code": "H44010000001", "medins_setl_id": "M-77"}
    sender.results(intake.bill("A", **hospital))
    twin, third = sender.results([intake.bill("B", **hospital), intake.bill("C", **hospital)])
    intake.deliver()
    sender.results(intake.reversal("R", original_setl_id="A"))
    intake.deliver()
    assert intake.settlement("A").status == "reversed"
    assert [progress(intake, r) for r in (twin, third)] == ["open", "held"]
    assert intake.residuals() == ["40000.00"]


def test_settling_again_after_a_reversal_is_no_twin(sender, intake):
    hospital = {"hospital_code": "H44010000001", "medins_setl_id": "M-77"}
    sender.results(intake.bill("A", **hospital))
    sender.results(intake.reversal("R", original_setl_id="A"))
    intake.deliver()
    (again,) = sender.results(intake.bill("B", **hospital))
    intake.deliver()
    assert progress(intake, again) == "open"


def test_the_sender_sees_no_link_in_its_answers(sender, intake):
    (result,) = sender.results(intake.bill("A"))
    intake.deliver()
    seen = sender.get(f"/{result['record']}").content.decode()
    for word in ("person", "need", "identity", "settlement_id"):
        assert word not in seen
