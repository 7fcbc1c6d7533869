"""Reasons and warnings as the sender reads them: the sentence, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from insurance.formats import message
from insurance.formats.messages import SOURCE_LANGUAGE

SOURCE = frozenset({"zh-hans", "zh-cn", "zh", SOURCE_LANGUAGE})

OWN: dict[str, str] = {
    "not_your_centre": _(
        "您的机构不能代表经办机构 %(centre)s 推送。如果应当可以，请联系平台运营方登记这个经办机构。"
    ),
    "unreadable": _("这条记录无法读取。原文已封存，请联系平台运营方。"),
}

ADVICE: dict[str, str] = {
    "identity_I1": _("请核对总费用、基金支付、个人负担和医院负担四项，改好后重新发送这一条。"),
    "identity_I2": _("请核对基金支付总额和各项基金的明细，改好后重新发送这一条。"),
    "identity_I3": _("请核对个人负担、个人账户支付和现金支付，改好后重新发送这一条。"),
    "identity_I3_mutual": _("请核对账户共济支付：它是个人账户支付的一部分，不能比它大。"),
    "identity_I4": _("请核对全自费、超限价、先行自付和政策范围内金额，改好后重新发送这一条。"),
    "too_many_decimals": _("请把金额写到分（两位小数）再发。"),
    "absurd_amount": _("请核对这项金额；如果是冲正，请用冲正交易发送。"),
    "bad_amount": _("请把金额写成数字，例如 366.07。"),
    "missing_amount": _("请补上这项金额。"),
    "mixed_signs": _("冲正的金额应当全部为负数。请核对后重发。"),
    "conflicting_values": _("两个名称说的是同一项内容，请只留一个正确的值。"),
    "bad_date": _("请把日期写成 2024-05-31。"),
    "future_date": _("请核对日期和本机时钟。"),
    "bad_text": _("请去掉看不见的控制字符和不完整的字符再发。"),
    "too_long": _("请缩短这项内容再发。"),
    "wrong_type": _("请按接口说明里的类型填写。"),
    "missing_issuing_centre": _("请补上清算经办机构代码（clr_optins）。"),
    "unknown_kind": _("请填 settlement（结算）或 reversal（冲正）。"),
    "pre_settlement": _("不用处理。正式结算后再推送即可。"),
    "not_a_settlement": _(
        "不用处理。只推送结算（2207、2304）、冲正（2208、2305）或结算查询（5203、5261）的结果。"
    ),
    "no_setlinfo": _("请确认应答里带有 setlinfo 再推送。"),
    "sender_failed": _("这次交易没有成功，没有可以推送的结算。请推送成功的那一次。"),
    "several_settlements": _("请把每条结算放成单独的一条记录。"),
    "duplicate_key": _("请去掉重复的字段再发。"),
    "unknown_dialect": _("请对照接口说明里的示例检查字段名。"),
    "not_your_centre": _("请联系平台运营方，登记您可以代表的经办机构，然后在这里重新评估。"),
}
FALLBACK = _("请对照接口说明改好，再重新发送这一条。")


def sentence(code: str, field: str, params: Mapping[str, Any]) -> str:
    language = get_language() or SOURCE_LANGUAGE
    if code in OWN:
        return gettext(OWN[code]) % dict(params)
    said = {"field": field, **params}
    if "difference" in said:
        said["difference"] = str(said["difference"]).removeprefix("-")  # "相差" has no direction
    return message(code, said, SOURCE_LANGUAGE if language in SOURCE else language)


def explain(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Stored reasons or warnings with `message` added: [{code, field, message, left, right, difference, …}]."""
    out = []
    for entry in entries:
        params = {key: value for key, value in entry.items() if key not in ("code", "field")}
        code, field = entry.get("code", ""), entry.get("field", "")
        out.append({"code": code, "field": field, "message": sentence(code, field, params), **params})
    return out


def advice(code: str) -> str:
    """What the sender can do about it, one sentence."""
    return gettext(ADVICE.get(code, FALLBACK))
