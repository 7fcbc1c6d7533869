from __future__ import annotations

import copy
import datetime as dt
import json
from decimal import Decimal

import pytest

from insurance.formats import (
    Accepted,
    Quarantined,
    Refused,
    content_hash,
    read,
    residual_cash,
    residual_in_scope,
    residual_out_of_scope,
    residual_person,
)


def codes_of(said):
    return {item.code for item in said}


def reversal_of(outpatient):
    """The answer 2208 as it comes: every amount negative, two of them null."""
    info = outpatient["output"]["setlinfo"]
    info.update(setl_id="S1002", medfee_sumamt=-25.1, acct_pay=-25.1, psn_part_amt=None, hosp_part_amt=None)
    info.update(inscp_scp_amt=-24.87, preselfpay_amt=-0.23, act_pay_dedc=-24.87, acct_mulaid_pay=None)
    return outpatient


# the five that the relay is built on ---------------------------------------------------------------------------


def test_it_opens_4_52_of_an_outpatient_settlement_paid_from_the_account(send, outpatient):
    result = send(outpatient)
    assert isinstance(result, Accepted)
    settlement = result.settlement
    assert settlement.identity == ("131199", "S1001", "settlement")
    assert residual_person(settlement) == Decimal("4.52")
    assert residual_cash(settlement) == Decimal("0.00")
    assert residual_in_scope(settlement) == Decimal("4.29")
    assert settlement.settled_at == dt.datetime.fromisoformat("2024-03-02T10:15:30+08:00")
    assert {"invalid_id_number", "masked_name"} <= codes_of(result.warnings)
    assert settlement.person.cert_no_valid is False


def test_it_opens_366_07_of_a_row_of_the_insurers_own_table(send, row):
    result = send(row)
    assert isinstance(result, Accepted)
    settlement = result.settlement
    assert settlement.dialect == "setl_d"
    assert settlement.issuing_centre == "430199"
    assert settlement.insured_area == "430105"
    assert residual_person(settlement) == residual_cash(settlement) == Decimal("366.07")
    assert settlement.pays["basic"] == Decimal("210.00")
    assert settlement.unknown == {}


def test_it_refuses_a_pre_settlement_by_name(send, outpatient):
    outpatient["output"]["setlinfo"].update(setl_id=None, setl_time=None, clr_optins=None)
    result = send(outpatient)
    assert isinstance(result, Refused)
    assert result.code == "pre_settlement"
    assert "预结算不是结算" in result.message


def test_it_takes_a_reversal_that_does_not_name_its_original(send, outpatient):
    result = send(reversal_of(outpatient))
    assert isinstance(result, Accepted)
    assert result.settlement.kind == "reversal"
    assert result.needs_original
    assert result.settlement.person_paid == Decimal("-25.10")
    assert set(result.settlement.derived) == {"person_paid", "hospital_borne"}
    assert "needs_original" in codes_of(result.warnings)


def test_it_quarantines_a_query_answer_in_which_nobody_pays_the_bill(send, query):
    result = send(query)
    assert isinstance(result, Quarantined)
    (reason,) = result.reasons
    assert reason.code == "identity_I1"
    assert reason.details == {"left": "3300.00", "right": "0.00", "difference": "3300.00"}
    assert "3300.00" in reason.message
    assert result.settlement.own_expense == Decimal("3300.00")


# envelopes and names -------------------------------------------------------------------------------------------


def test_it_finds_the_original_of_a_reversal_in_the_request_beside_the_answer(send, outpatient):
    answer = reversal_of(outpatient)
    request = {
        "infno": "2208",
        "msgid": "H1",
        "insuplc_admdvs": "131102",
        "input": {"data": {"setl_id": "S1001"}},
    }
    for record in ({"request": request, "response": answer}, {**request, **answer}):
        result = send(record)
        assert isinstance(result, Accepted)
        assert result.settlement.original_setl_id == "S1001"
        assert result.settlement.setl_id == "S1002"
        assert result.settlement.msgid == "H1"
        assert result.settlement.insured_area == "131102"
        assert not result.needs_original


def test_it_finds_the_original_of_an_undone_transaction_by_its_message(send, outpatient):
    record = {
        "infno": "2601",
        "input": {"data": {"omsgid": "H0", "oinfno": "2207"}},
        **reversal_of(outpatient),
    }
    result = send(record)
    assert isinstance(result, Accepted)
    assert result.settlement.original_msgid == "H0"
    assert not result.needs_original


def test_a_query_does_not_lend_its_message_number_to_the_settlement(send, query):
    result = send({"infno": "5261", "msgid": "Q1", **query})
    assert result.settlement.msgid == ""


@pytest.mark.parametrize("infno", ["2206", "2303"])
def test_it_refuses_a_pre_settlement_by_its_transaction_number(send, outpatient, infno):
    result = send({"infno": infno, **outpatient})
    assert isinstance(result, Refused)
    assert result.code == "pre_settlement"


def test_it_refuses_what_is_no_settlement(send, outpatient):
    assert send({"infno": "1101", "msgid": "x", "input": {}}).code == "not_a_settlement"
    assert send({"infcode": 0, "output": {"baseinfo": {}}}).code == "no_setlinfo"
    assert send({**outpatient, "infcode": -1}).code == "sender_failed"
    assert send({"hello": "world"}).code == "unknown_dialect"
    assert send([1, 2]).code == "not_an_object"
    assert send({"setlinfo": [{}, {}]}).code == "several_settlements"


def test_it_reads_a_bare_setlinfo_and_one_wrapped_in_a_list(send, outpatient, info):
    hashes = {content_hash(send(record).settlement) for record in (outpatient, info, {"setlinfo": [info]})}
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("name", "drifted"),
    [
        ("medfee_sumamt", "med_fee_sumamt"),
        ("psn_cash_pay", "psnCash_pay"),
        ("psn_cash_pay", "pdn_cash_pay"),
        ("psn_cash_pay", "cash_payamt"),
        ("preselfpay_amt", "prese_ifpay_amt"),
        ("overlmt_selfpay", "overlmt_amt"),
        ("inscp_scp_amt", "inscp_amt"),
        ("psn_part_amt", "psn_pay"),
        ("hosp_part_amt", "ownpay_hosp_part"),
        ("oth_pay", "othfund_pay"),
        ("certno", "cert_no"),
    ],
)
def test_a_drifted_name_means_the_same(send, info, name, drifted):
    before = content_hash(send(info, "setlinfo").settlement)
    info[drifted] = info.pop(name)
    result = send(info, "setlinfo")
    assert isinstance(result, Accepted)
    assert content_hash(result.settlement) == before
    assert result.settlement.unknown == {}


def test_two_names_of_one_amount_that_differ_are_quarantined(send, info):
    info["med_fee_sumamt"] = 5
    result = send(info)
    assert isinstance(result, Quarantined)
    assert "conflicting_values" in codes_of(result.reasons)


def test_it_keeps_and_reports_a_field_that_nobody_knows(send, row):
    row["new_thing"] = {"a": [1, "二", None]}
    result = send(row)
    assert result.settlement.unknown == {"new_thing": {"a": [1, "二", None]}}
    assert [(w.code, w.field) for w in result.warnings if w.code == "unknown_field"] == [
        ("unknown_field", "new_thing")
    ]


def test_it_keeps_a_known_field_without_a_place_and_says_nothing_of_it(send, info):
    result = send(info)
    assert result.settlement.extra["balc"] == "100.0"
    assert "unknown_field" not in codes_of(result.warnings)


def test_it_reads_jielis_own_json(send, canonical):
    result = send(canonical)
    assert isinstance(result, Accepted)
    settlement = result.settlement
    assert settlement.warnings == ()
    assert settlement.pays["catastrophic"] == Decimal("10000.00")
    assert settlement.person.cert_no_valid is True
    assert settlement.person.phone == "13800000000"
    assert settlement.account_paid == Decimal("0.00")
    assert settlement.derived == ("account_paid",)
    assert residual_out_of_scope(settlement) == Decimal("10000.00")
    assert residual_out_of_scope(settlement, first_self_pay_counts=True) == Decimal("15000.00")
    assert [h.meaning for h in settlement.hardship] == ["minimum_living"]


def test_a_local_hardship_code_means_nothing_in_another_province(send, row):
    row["mat_idet_code"] = "236074"
    assert send(row).settlement.hardship[0].meaning == "minimum_living_edge"
    row.update(insu_admdvs="440106", clr_optins="440100")
    assert send(row).settlement.hardship[0].meaning is None


# nulls and identities ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("null", [None, "", " ", "null", "NULL"])
def test_every_kind_of_null_is_derived(send, info, null):
    info["psn_part_amt"] = null
    settlement = send(info).settlement
    assert settlement.person_paid == Decimal("4.52")
    assert settlement.derived == ("person_paid",)


def test_an_absent_hospital_share_does_not_hide_a_broken_identity(send, row):
    row["medfee_sumamt"] = 600
    row["inscp_amt"] = 600
    assert codes_of(send(row).reasons) == {"identity_I1"}


def test_a_null_hospital_share_is_what_the_identity_leaves_and_is_said(send, row):
    row.update(medfee_sumamt=600, inscp_amt=600, ownpay_hosp_part=None)
    result = send(row)
    assert isinstance(result, Accepted)
    assert result.settlement.hospital_borne == Decimal("23.93")
    assert "derived_hospital_share" in codes_of(result.warnings)


def test_a_null_hospital_share_cannot_be_negative(send, row):
    row.update(medfee_sumamt=500, inscp_amt=500, ownpay_hosp_part=None)
    assert codes_of(send(row).reasons) == {"identity_I1"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"hifp_pay": 1}, "identity_I2"),
        ({"acct_pay": 4, "psn_cash_pay": 0}, "identity_I3"),
        ({"acct_mulaid_pay": 9}, "identity_I3_mutual"),
        ({"fulamt_ownpay_amt": 1}, "identity_I4"),
        ({"inscp_scp_amt": 5, "overlmt_selfpay": None}, "identity_I4"),
        ({"hosp_part_amt": 1}, "identity_I1"),
    ],
)
def test_a_broken_identity_is_named_with_both_sides(send, info, changes, code):
    info.update(changes)
    result = send(info)
    assert isinstance(result, Quarantined)
    assert codes_of(result.reasons) == {code}
    details = result.reasons[0].details
    assert Decimal(details["left"]) - Decimal(details["right"]) == Decimal(details["difference"])


def test_a_difference_of_five_fen_passes_and_six_do_not(send, info):
    info["hosp_part_amt"] = 0.05
    assert isinstance(send(info), Accepted)
    info["hosp_part_amt"] = 0.06
    assert isinstance(send(info), Quarantined)


def test_amounts_that_nothing_gives_are_missing_not_zero(send):
    result = send({"setl_id": "1", "clr_optins": "430199", "medfee_sumamt": 10})
    assert isinstance(result, Quarantined)
    assert codes_of(result.reasons) == {"missing_amount"}
    assert set(result.settlement.unread) == {"fund_paid", "person_paid"}


# absurd and hostile values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("4.521", "too_many_decimals"),
        ("100000000", "absurd_amount"),
        ("1e999", "bad_amount"),
        ("4,52", "bad_amount"),
        ("NaN", "bad_amount"),
        ("٤", "bad_amount"),
        (True, "wrong_type"),
        ([4.52], "wrong_type"),
        ({"a": 1}, "wrong_type"),
        (10**40, "absurd_amount"),
        (-4.52, "absurd_amount"),
    ],
)
def test_an_amount_that_cannot_be_is_quarantined_with_its_field(send, info, value, code):
    info["inscp_scp_amt"] = value
    result = send(info)
    assert isinstance(result, Quarantined)
    assert (code, "inscp_scp_amt") in {(r.code, r.field) for r in result.reasons}


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("1e999", "absurd_amount"),
        ("1e999999999999999999999", "bad_amount"),
        ("1e-30", "too_many_decimals"),
        ("4.520", None),
        ("452e-2", None),
    ],
)
def test_numbers_keep_what_was_written(info, number, code):
    text = json.dumps(info).replace('"medfee_sumamt": 4.52', f'"medfee_sumamt": {number}')
    result = read(text.encode())
    if code is None:
        assert isinstance(result, Accepted)
        assert str(result.settlement.total_fee) == "4.52"
    else:
        assert code in codes_of(result.reasons)


def test_a_negative_settlement_is_a_reversal_unless_it_says_otherwise(send, canonical):
    amounts = (
        "total_fee",
        "fund_paid",
        "person_paid",
        "cash_paid",
        "own_expense",
        "first_self_pay",
        "in_scope",
    )
    for name in amounts:
        canonical[name] = "-" + canonical[name]
    canonical["pays"] = {"basic": "-50000.00", "catastrophic": "-10000.00"}
    result = send(canonical)
    assert isinstance(result, Accepted)
    assert result.settlement.kind == "reversal"
    canonical["kind"] = "settlement"
    assert codes_of(send(canonical).reasons) == {"absurd_amount"}


def test_a_reversal_flag_is_believed(send, row):
    row["refd_setl_flag"] = "1"
    result = send(row)
    assert isinstance(result, Accepted)
    assert result.settlement.kind == "reversal"
    assert "positive_reversal" in codes_of(result.warnings)


def test_a_reversal_with_amounts_of_both_signs_is_quarantined(send, outpatient):
    record = reversal_of(outpatient)
    record["output"]["setlinfo"].update(psn_cash_pay=10, psn_part_amt=-15.1, hosp_part_amt=-10)
    assert "mixed_signs" in codes_of(send(record).reasons)


@pytest.mark.parametrize(
    "value", ["2024-02-30", "yesterday", "2024-13-01", 17, True, ["2024-01-01"], "0001-01-01"]
)
def test_a_date_that_is_none_is_quarantined(send, info, value):
    info["setl_time"] = value
    result = send(info)
    assert isinstance(result, Quarantined)
    assert result.reasons[0].field == "setl_time"
    assert result.reasons[0].code in ("bad_date", "wrong_type")


@pytest.mark.parametrize(
    "value",
    ["2024-03-02 10:15:30", "20240302101530", "2024/3/2 10:15:30", "2024-03-02T02:15:30Z", 1709345730000],
)
def test_every_way_to_write_a_time_means_the_same_moment(send, info, value):
    info["setl_time"] = value
    assert send(info).settlement.settled_at == dt.datetime.fromisoformat("2024-03-02T10:15:30+08:00")


@pytest.mark.parametrize("field", ["setl_time", "brdy", "begndate"])
def test_a_future_date_is_quarantined(send, info, field):
    info[field] = "2024-06-03"
    assert ("future_date", field) in {(r.code, r.field) for r in send(info).reasons}


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", "a\x1bb"])
def test_a_text_that_cannot_be_stored_is_quarantined(info, value):
    info["setl_id"] = value
    result = read(json.dumps(info).encode())
    assert isinstance(result, Quarantined)
    assert codes_of(result.reasons) == {"bad_text"}


def test_a_number_serves_as_an_id_but_true_does_not(send, info):
    info["setl_id"] = 400000001
    assert send(info).settlement.setl_id == "400000001"
    info["setl_id"] = True
    assert codes_of(send(info).reasons) == {"wrong_type"}


def test_a_settlement_of_nowhere_is_quarantined(send, info):
    del info["clr_optins"]
    assert codes_of(send(info).reasons) == {"missing_issuing_centre"}
    info["insuplc_admdvs"] = "131102"
    assert send(info).settlement.issuing_centre == "131102"


def test_unknown_codes_are_a_word_and_no_obstacle(send, info):
    info.update(insutype="777", med_type="x", gend="7", psn_cert_type="zz", clr_optins="991199")
    result = send(info)
    assert isinstance(result, Accepted)
    assert {
        "unknown_insutype", "unknown_med_type", "unknown_sex", "unknown_cert_type", "unknown_area"
    } <= codes_of(result.warnings)  # fmt: skip


def test_a_valid_number_that_disagrees_with_birth_date_and_sex_is_said(send, canonical):
    canonical["person"].update(birth_date="1950-01-01", sex="1")
    assert codes_of(send(canonical).warnings) == {"id_birth_date_differs", "id_sex_differs"}


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("11010519491231002x", True),
        ("110105491231002", True),
        ("110105194912310020", False),
        ("110***002X", False),
    ],
)
def test_a_resident_number_is_checked_and_kept_as_sent(send, canonical, number, valid):
    canonical["person"]["cert_no"] = number
    result = send(canonical)
    assert result.settlement.person.cert_no == number.upper()
    assert result.settlement.person.cert_no_valid is valid
    assert ("invalid_id_number" in codes_of(result.warnings)) is not valid


def test_other_documents_cannot_be_checked(send, canonical):
    canonical["person"].update(cert_type="990201", cert_no="B123456789")
    assert send(canonical).settlement.person.cert_no_valid is None


def test_no_message_carries_what_is_personal(send, row):
    row.update(psn_name="赵钱*", certno="430000193301010009", brdy="not-a-date", tel=["13912345678"])
    result = send(row)
    said = " ".join(item.message + str(item.params) for item in (*result.reasons, *result.warnings))
    for secret in ("赵钱", "430000193301010009", "not-a-date", "13912345678"):
        assert secret not in said


# the hash ------------------------------------------------------------------------------------------------------


def test_the_same_bill_has_the_same_hash_however_it_is_written(send, row):
    before = content_hash(send(row).settlement)
    assert len(before) == 32
    again = dict(reversed(row.items()))
    again["medfee_sumamt"] = "576.070"
    again["setl_time"] = "20240105080949"
    assert content_hash(send(again).settlement) == before


@pytest.mark.parametrize("change", [{"dise_name": "别的"}, {"psn_name": "别人"}, {"extra_thing": 1}])
def test_other_content_has_another_hash(send, row, change):
    before = content_hash(send(row).settlement)
    assert content_hash(send({**copy.deepcopy(row), **change}).settlement) != before


def test_a_moved_fen_has_another_hash(send, row):
    before = content_hash(send(row).settlement)
    row.update(psn_pay=366.06, cash_payamt=366.06, fund_pay_sumamt=210.01, hifp_pay=210.01)
    assert content_hash(send(row).settlement) != before
