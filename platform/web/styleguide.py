"""Made-up figures for the style guide; no person behind any of them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

from django import forms
from django.core.paginator import Paginator

from . import charts
from .formats import SHANGHAI
from .forms import Choice, DayInput, IdNumberInput, MoneyField, MoneyInput, RadioCards

LIMITS = [
    charts.Limit("还没着落的余额", D("27361.81")),
    charts.Limit("规则档位（第六条）", D("30000")),
    charts.Limit("基金可用", D("1284300")),
]


class DecisionForm(forms.Form):
    verdict = forms.ChoiceField(
        label="决定",
        initial="approve",
        widget=RadioCards,
        choices=[
            ("approve", "批准，补齐 1 项后才付款"),
            ("back", "退回经办，先补材料"),
            ("refuse", "不予资助"),
        ],
    )
    amount = MoneyField(
        label="资助金额（元）",
        initial=D("27361.81"),
        max_value=D("27361.81"),
        widget=MoneyInput(limit=D("27361.81")),
    )
    reason = forms.CharField(label="理由（患者会看到）", widget=forms.Textarea(attrs={"rows": 3}))
    clear = forms.BooleanField(label="我与患者、医院、收款方没有利益关系")


class WhoForm(forms.Form):
    who = forms.ChoiceField(
        label="选一个。您是替别人申请，也从这里开始。",
        initial="child",
        widget=RadioCards,
        choices=[
            ("self", "我自己"),
            ("child", Choice("我的孩子", "还没满 18 岁")),
            ("parent", Choice("我的父亲、母亲", "或爱人、成年子女")),
            ("other", Choice("别的人", "我是监护人，或受村居委会委托")),
        ],
    )


class NumberForm(forms.Form):
    number = forms.CharField(label="身份证号（18 位）", widget=IdNumberInput)
    born = forms.DateField(label="出生日期", widget=DayInput)
    income = MoneyField(label="全家一年收入", required=False, help_text="大概就行，不用精确。")
    true = forms.BooleanField(label="上面写的都是真的", help_text="不确定的，我已经写明")

    def clean_number(self) -> str:
        raise forms.ValidationError("第 18 位对不上，请照着身份证或户口本再看一遍。")


def context() -> dict[str, Any]:
    rows = [
        (
            "吴*山",
            "男 · 67岁 · 尿毒症",
            "惠民大病救助",
            "004612",
            "20000",
            "48210.40",
            8,
            0,
            0,
            12,
            "alert",
            "疑似重复筹款",
        ),
        (
            "王*",
            "男 · 6岁 · 先天性心脏病",
            "童心手术资助",
            "004655",
            "30000",
            "31870",
            7,
            0,
            1,
            11,
            "unknown",
            "缺 1 项材料",
        ),
        (
            "陈*涵",
            "女 · 9岁 · 急性淋巴细胞白血病",
            "晨曦儿童大病",
            "004871",
            "27361.81",
            "27361.81",
            6,
            0,
            1,
            6,
            "info",
            "受余额限制",
        ),
        (
            "欧阳**",
            "男 · 44岁 · 脑出血",
            "惠民大病救助",
            "004917",
            "50000",
            "92640.75",
            6,
            1,
            1,
            5,
            "alert",
            "关联关系待申报",
        ),
        (
            "刘*",
            "女 · 31岁 · 系统性红斑狼疮",
            "惠民大病救助",
            "004933",
            "9000",
            "9125.60",
            8,
            0,
            0,
            4,
            "",
            "",
        ),
    ]
    names = (
        "name",
        "about",
        "fund",
        "number",
        "amount",
        "open",
        "ok",
        "bad",
        "unknown",
        "day",
        "kind",
        "flag",
    )
    queue = [dict(zip(names, row, strict=True)) for row in rows]
    wrong = NumberForm({"number": "430", "born": "2017-08-03", "income": "46000"})
    return {
        "nav": [
            {"label": "待办", "url": "#", "count": 38, "current": True},
            {"label": "案件", "url": "#"},
            {"label": "身份核对", "url": "#", "count": 14},
            {"label": "基金", "url": "#"},
            {"label": "付款", "url": "#", "count": 5},
            {"label": "披露", "url": "#"},
            {"label": "记录", "url": "#"},
        ],
        "who": {
            "name": "周*敏",
            "role": "审批人",
            "organisation": "晨曦慈善基金会",
            "organisations": [
                {"id": 1, "name": "晨曦慈善基金会", "current": True},
                {"id": 2, "name": "同舟公益", "current": False},
            ],
            "switch_url": "#",
            "sign_out_url": "#",
        },
        "tabs_demo": [
            {"label": "待我审批", "url": "#", "count": 38, "current": True},
            {"label": "已超期", "url": "#", "count": 2, "late": True},
            {"label": "等家属补材料", "url": "#", "count": 21},
            {"label": "等身份核对", "url": "#", "count": 14},
            {"label": "本机构全部", "url": "#", "count": 204},
        ],
        "queue": queue,
        "page": Paginator(range(380), 10).page(6),
        "figures_demo": [
            {"label": "还没着落", "value": "¥27,361.81", "sub": "个人负担 ¥130,621.81 的 21%", "open": True},
            {"label": "别人已付或已答应", "value": "¥103,260.00", "sub": "商保 1、慈善 2、求助 1"},
            {"label": "个人负担 ÷ 家庭支付能力", "value": "78%", "sub": "≥ 40% 属灾难性支出（WHO）"},
            {"label": "本基金规则", "value": "6 项符合 · 1 项待核实", "sub": "没有不符合项"},
        ],
        "waterfall_demo": [
            charts.WaterfallRow("医疗总费用", D("412860.35"), "total"),
            charts.WaterfallRow("基本医保", D("198420.10"), "paid", "basic", "居民医保 · 已结算"),
            charts.WaterfallRow("大病保险", D("62318.44"), "paid", "major", "已结算"),
            charts.WaterfallRow("医疗救助", D("21500"), "paid", "assistance", "低保边缘 · 已结算"),
            charts.WaterfallRow("个人负担（法定各层之后）", None, "total"),
            charts.WaterfallRow("商业保险", D("38240"), "paid", "commercial", "惠民保 · 已赔付"),
            charts.WaterfallRow("其他慈善", D("30000"), "paid", "charity", "同舟基金 · 已付"),
            charts.WaterfallRow("其他慈善", D("10000"), "reserved", "charity", "康宁基金 · 预留至 12-06"),
            charts.WaterfallRow("个人求助", D("18600"), "paid", "crowdfunding", "安心筹 · 已提现"),
            charts.WaterfallRow("个人求助", D("6420"), "reserved", "crowdfunding", "安心筹 · 已筹未提"),
            charts.WaterfallRow("还没着落", None, "open"),
        ],
        "criteria_demo": [
            {
                "verdict": "met",
                "label": "申请当日 0–18 岁",
                "clause": "第四条",
                "value": "9 岁（出生 2017年3月）",
            },
            {
                "verdict": "unknown",
                "label": "诊断证明盖医院公章或医务处章",
                "clause": "第九条",
                "value": "现有：科室章（10月14日上传）",
                "missing": "缺：盖医院公章的诊断证明。家属 11月18日已收到短信，未回。",
                "action_url": "#",
                "action": "再催一次",
            },
            {
                "verdict": "failed",
                "label": "未获本基金资助",
                "clause": "第八条",
                "value": "2025 年已资助 1 次",
            },
            {
                "verdict": "met",
                "label": "个人负担高于 ¥30,000.00",
                "clause": "第六条",
                "value": "¥130,621.81，按本次住院",
            },
        ],
        "limits": LIMITS,
        "decision": DecisionForm(),
        "reveal": {
            "url": "#",
            "fields": [
                {"name": "name", "label": "姓名", "checked": True},
                {"name": "phone", "label": "监护人手机号", "checked": True},
            ],
            "reasons": [
                {"value": "call", "label": "打电话联系家属"},
                {"value": "paper", "label": "核对纸质材料"},
            ],
            "left": 17,
        },
        "timeline_demo": [
            {
                "at": dt.datetime(2026, 11, 20, 16, 4, tzinfo=SHANGHAI),
                "who": "李*",
                "text": "（经办）建议资助 ¥27,361.81，提交审批",
            },
            {"at": dt.datetime(2026, 11, 18, 9, 30, tzinfo=SHANGHAI), "text": "短信请家属补诊断证明"},
            {
                "at": dt.datetime(2026, 11, 16, 10, 47, tzinfo=SHANGHAI),
                "text": "家属提交申请，同意本基金查看",
            },
        ],
        "evidence": [
            ("姓名", "陈*涵", "陈*函", "同音不同字", 5.8),
            ("证件号", "430***********042X", "430***********042X", "错 1 位，校验不过", 9.1),
            ("手机", "138****5521", "159****7730", "不同", -1.9),
            ("医院", "示例市儿童医院", "未提供", "不计", None),
        ],
        "budget": charts.budget_bar(
            D("2846300"),
            D("612400"),
            D("257000"),
            D("1284300"),
            ["94 人", "21 人", "13 人", "约用到 2027年2月12日"],
        ),
        "weeks": [
            charts.Week(label, a, b)
            for label, a, b in [
                ("09-28", 31, 18),
                ("10-05", 14, 11),
                ("10-12", 35, 22),
                ("10-19", 22, 19),
                ("10-26", 41, 24),
                ("11-02", 38, 27),
                ("11-09", 29, 26),
                ("11-16", 33, 21),
            ]
        ],
        "merkle": charts.merkle_path(
            "1,284,877", [f"n5EWH0NDPkmm3m22gNefYBWfLkrJFyYhoShGQoFYR{i:02}=" for i in range(14)], True
        ),
        "parts": [
            charts.Part("医保三项", D("282238.54"), "basic"),
            charts.Part("惠民保", D("38240"), "commercial"),
            charts.Part("慈善", D("30000"), "charity"),
            charts.Part("慈善（已留）", D("10000"), "charity", "reserved"),
            charts.Part("众筹", D("25020"), "crowdfunding"),
            charts.Part("还没着落", D("27361.81"), "open", "open"),
        ],
        "tasks_demo": [
            {"state": "done", "label": "收到申请", "lines": ["11月16日"]},
            {"state": "done", "label": "核对身份和费用", "lines": ["11月17日，医保的账单已对上"]},
            {
                "state": "now",
                "label": "基金审核",
                "lines": ["晨曦基金：正在审批，等您的证明", "同舟基金：已资助 ¥30,000.00"],
            },
            {"state": "next", "label": "告诉您结果", "lines": ["补上证明后，大约 5 个工作日内发短信"]},
            {"state": "next", "label": "钱付到医院账户", "lines": ["不经过个人，不收手续费"]},
        ],
        "answers": [
            {"label": "病人", "value": "陈*涵，女，9 岁", "url": "#"},
            {"label": "身份证号", "value": "430***********042X", "url": "#", "masked": True},
            {"label": "医院", "value": "示例市儿童医院\n2026年6月18日至10月11日", "url": "#"},
        ],
        "consent": [
            {"label": "谁来看", "value": "晨曦慈善基金会，只有办这件事的人"},
            {"label": "用来做什么", "value": "判断能不能资助这次住院、资助多少"},
            {"label": "看到什么时候", "value": "2027年11月21日为止，您可以提前收回"},
        ],
        "who_form": WhoForm(),
        "form": wrong,
        "back_url": "#",
        "step": 2,
        "steps": 8,
        "step_title": "病人是谁",
    }
