"""The sentences behind the codes of this room: Chinese is the source, other languages come from gettext.

A code never changes once a sender has seen it; its sentence may. Parameters are field names, numbers and
codes, never a person's name, number or date.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, override

SOURCE_LANGUAGE = "zh-Hans"


def gettext_noop(sentence: str) -> str:
    """Mark for extraction only; Django's own asks the settings, and this room reads without them."""
    return sentence


MESSAGES: dict[str, str] = {
    # the request as a whole
    "malformed_json": gettext_noop(
        "内容不是有效的 JSON（第 %(line)s 行第 %(column)s 列附近）。请检查后重发。"
    ),
    "not_utf8": gettext_noop("内容不是 UTF-8 编码。请转换为 UTF-8 后重发。"),
    "empty_body": gettext_noop('没有收到内容。请发送一条记录、一个列表，或 {"records": […]}。'),
    "too_deep": gettext_noop("内容嵌套太深，无法读取。"),
    "too_large": gettext_noop("内容超过 %(limit)s 字节。请分批发送。"),
    "too_many_records": gettext_noop("一次最多 %(limit)s 条，收到 %(count)s 条。请分批发送。"),
    "no_records": gettext_noop("列表是空的，没有可以处理的记录。"),
    "records_not_a_list": gettext_noop("records 应当是一个列表。"),
    # one record, refused by name
    "not_an_object": gettext_noop("这条记录不是 JSON 对象。"),
    "duplicate_key": gettext_noop("字段 %(key)s 在同一条记录里出现了两次，无法判断以哪个为准。"),
    "number_too_long": gettext_noop("记录里有位数过多的数字，无法读取。"),
    "record_too_large": gettext_noop("这条记录超过 %(limit)s 字节，无法处理。"),
    "unknown_dialect": gettext_noop("认不出这条记录的格式。可用格式：settlement、setlinfo、setl_d。"),
    "pre_settlement": gettext_noop("预结算不是结算：没有结算编号（setl_id）。请在正式结算后再推送。"),
    "not_a_settlement": gettext_noop("交易 %(infno)s 不是结算。请推送结算或结算查询的结果。"),
    "no_setlinfo": gettext_noop("应答里没有结算信息（setlinfo）。"),
    "sender_failed": gettext_noop("这是一次失败的交易应答（infcode = %(infcode)s），里面没有结算。"),
    "several_settlements": gettext_noop("setlinfo 里有 %(count)s 条结算。请每条记录只放一条结算。"),
    # one record, quarantined
    "identity_I1": gettext_noop(
        "总费用 %(left)s 不等于基金、个人、医院三方之和 %(right)s，相差 %(difference)s 元。"
    ),
    "identity_I2": gettext_noop(
        "基金支付总额 %(left)s 不等于各项基金之和 %(right)s，相差 %(difference)s 元。"
    ),
    "identity_I3": gettext_noop(
        "个人负担 %(left)s 不等于个人账户与现金之和 %(right)s，相差 %(difference)s 元。"
    ),
    "identity_I3_mutual": gettext_noop(
        "账户共济支付 %(left)s 大于个人账户支付 %(right)s，多出 %(difference)s 元。"
    ),
    "identity_I4": gettext_noop(
        "总费用 %(left)s 不等于全自费、超限价、先行自付、政策范围内四项之和 %(right)s，"
        "相差 %(difference)s 元。"
    ),
    "too_many_decimals": gettext_noop("%(field)s 的小数超过两位。金额以元为单位，最多两位小数。"),
    "absurd_amount": gettext_noop(
        "%(field)s 的金额 %(value)s 不合常理（大于 99,999,999.99，或不是冲正却为负数）。"
    ),
    "bad_amount": gettext_noop("%(field)s 不是金额。请填写数字，例如 366.07。"),
    "missing_amount": gettext_noop("缺少 %(field)s，也无法由其他金额推算。"),
    "mixed_signs": gettext_noop("冲正记录里的金额有正有负（%(field)s），无法判断。"),
    "conflicting_values": gettext_noop("%(field)s 与 %(other)s 是同一项内容，却填了不同的值。"),
    "bad_date": gettext_noop("%(field)s 不是有效的日期。请用 2024-05-31 或 2024-05-31 08:30:00 的写法。"),
    "future_date": gettext_noop("%(field)s 是将来的日期。"),
    "bad_text": gettext_noop("%(field)s 含有无法保存的字符。"),
    "too_long": gettext_noop("%(field)s 超过 %(limit)s 个字符。"),
    "wrong_type": gettext_noop("%(field)s 的类型不对：应当是 %(expected)s。"),
    "missing_issuing_centre": gettext_noop("缺少清算经办机构（clr_optins）和参保地，无法确定是哪里的结算。"),
    "unknown_kind": gettext_noop("kind 应当是 settlement 或 reversal。"),
    # one record, accepted with a word
    "invalid_id_number": gettext_noop("%(field)s 的证件号码校验不通过：不影响收下，但不用这个号码找人。"),
    "masked_name": gettext_noop("%(field)s 是脱敏的姓名：不影响收下，但不会凭它自动找人。"),
    "id_birth_date_differs": gettext_noop("%(field)s 与证件号码里的出生日期不一致。"),
    "id_sex_differs": gettext_noop("%(field)s 与证件号码里的性别不一致。"),
    "unknown_insutype": gettext_noop("%(field)s 的险种代码不在代码表里。"),
    "missing_insutype": gettext_noop("没有险种（insutype）。"),
    "unknown_med_type": gettext_noop("%(field)s 的医疗类别代码不在代码表里。"),
    "unknown_cert_type": gettext_noop("%(field)s 的证件类型代码不在代码表里。"),
    "unknown_sex": gettext_noop("%(field)s 的性别代码不在代码表里。"),
    "unknown_area": gettext_noop("%(field)s 不是六位行政区划代码。"),
    "missing_settled_at": gettext_noop("没有结算时间（setl_time）。"),
    "date_order": gettext_noop("%(field)s 的先后不合：出院早于入院。"),
    "birth_after_settlement": gettext_noop("%(field)s 晚于结算时间。"),
    "differing_values": gettext_noop("%(field)s 与 %(other)s 是同一项内容却不相同，采用了前者。"),
    "derived_hospital_share": gettext_noop("医院负担没有填写，由总费用推算为 %(value)s 元。"),
    "positive_reversal": gettext_noop("这是冲正，金额却不是负数；已按冲正收下。"),
    "needs_original": gettext_noop("冲正已收下，没有写明冲正哪一笔，等待原结算。"),
    "unknown_field": gettext_noop("不认识字段 %(field)s，已原样保留。"),
    "unknown_truncated": gettext_noop("不认识的内容太多，只保留了一部分：%(field)s。"),
}


def message(code: str, params: Mapping[str, Any] | None = None, language: str = SOURCE_LANGUAGE) -> str:
    """The sentence for `code` with `params` filled in; the code itself when it is not known here."""
    sentence = MESSAGES.get(code)
    if sentence is None:
        return code
    if language != SOURCE_LANGUAGE:
        with override(language):
            sentence = gettext(sentence)
    try:
        return sentence % dict(params or {})
    except (KeyError, ValueError, TypeError):
        return sentence
