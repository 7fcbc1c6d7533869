"""A platform's campaign record, checked field by field: a Pushed, or the reasons for which it is refused by name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from matching.linkage.values import areas

#: No campaign of a designated platform is near this (yuan); a larger number is a slip of the pen.
MAX_AMOUNT = Decimal("50000000.00")
STATUSES = ("active", "ended", "withdrawn")
SEXES = {"1": "1", "2": "2", "M": "1", "F": "2", "male": "1", "female": "2", "男": "1", "女": "2"}
KNOWN = frozenset(
    [
        "external_id",
        "status",
        "target",
        "raised",
        "paid_out",
        "currency",
        "beneficiary",
        "started_at",
        "disease_code",
        "appeal",
    ]
)
APPEAL = frozenset(["title", "story"])
MAX_TITLE, MAX_STORY = 200, 20_000
#: Marks upon one letter; to put a pile of them in order takes its square: minutes for 4 MB.
MARKS = 30
PERSON = frozenset(["name", "age", "sex", "area", "hospital", "disease", "birth_date", "id_number", "phone"])
_TEXT_LIMITS = {"name": 60, "hospital": 120, "disease": 200, "id_number": 18, "phone": 20}
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,2})?\Z")


@dataclass(frozen=True)
class Reason:
    """Why a record is refused: code, the field it concerns and what to do, never the value."""

    code: str
    field: str
    message: str

    def body(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Pushed:
    """A campaign as a platform states it. Amounts in yuan; beneficiary: what is said of the person."""

    external_id: str
    status: str
    target: Decimal
    raised: Decimal
    paid_out: Decimal
    disease_code: str
    started_on: date | None
    beneficiary: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    story: str = ""

    def canonical(self) -> dict[str, Any]:
        """Everything that makes a version, in JSON types."""
        content = asdict(self)
        if (
            not self.title and not self.story
        ):  # what was pushed before there were texts stays the same version
            del content["title"], content["story"]
        return {
            **content,
            "target": str(self.target),
            "raised": str(self.raised),
            "paid_out": str(self.paid_out),
            "started_on": self.started_on.isoformat() if self.started_on else None,
        }


class _Checked:
    def __init__(self, value: dict[str, Any], today: date) -> None:
        self.value = value
        self.today = today
        self.reasons: list[Reason] = []

    def refuse(self, code: str, name: str, message: str) -> None:
        self.reasons.append(Reason(code, name, message))

    def amount(self, name: str) -> Decimal:
        raw = self.value.get(name)
        if raw is None or raw == "":
            self.refuse("missing", name, _('缺这一项。金额写成带两位小数的文字，如 "1200.00"。'))
            return Decimal("0.00")
        number = to_amount(raw)
        if number is None:
            self.refuse("not_an_amount", name, _("要写成不带符号的人民币元，最多两位小数。"))
            return Decimal("0.00")
        if number > MAX_AMOUNT:
            self.refuse("absurd_amount", name, _("金额大得不合常理，请核对是不是多写了零。"))
        return number

    def text(self, source: dict[str, Any], name: str, prefix: str = "") -> str:
        raw = source.get(name)
        if raw is None:
            return ""
        if not isinstance(raw, str):
            self.refuse("wrong_type", prefix + name, _("要写成文字。"))
            return ""
        limit = _TEXT_LIMITS.get(name, 64)
        # Before it is normalised: that takes the square of the marks that are piled upon one letter.
        text = unicodedata.normalize("NFC", raw).replace("\x00", "").strip() if len(raw) <= 4 * limit else raw
        if len(text) > limit:
            self.refuse("too_long", prefix + name, _("太长了。"))
            return ""
        return text

    def words(self, source: dict[str, Any], name: str, limit: int) -> str:
        """A text of several lines; letters that cannot be seen or turn the direction are refused."""
        raw = source.get(name)
        if raw is None:
            return ""
        if not isinstance(raw, str):
            self.refuse("wrong_type", f"appeal.{name}", _("要写成文字。"))
            return ""
        if len(raw) > 2 * limit:
            self.refuse("too_long", f"appeal.{name}", _("太长了。"))
            return ""
        if _piled(raw):
            self.refuse("bad_characters", f"appeal.{name}", _("文字里有看不见的控制字符，请去掉。"))
            return ""
        text = unicodedata.normalize("NFC", re.sub(r"\r\n?", "\n", raw)).replace("\t", " ").strip()
        if len(text) > limit:
            self.refuse("too_long", f"appeal.{name}", _("太长了。"))
        elif any(letter != "\n" and _unseen(letter) for letter in text):
            self.refuse("bad_characters", f"appeal.{name}", _("文字里有看不见的控制字符，请去掉。"))
        return text


def _unseen(letter: str) -> bool:
    """Control characters, lone surrogates and what turns the direction of writing; joiners of emoji are none."""
    return (
        unicodedata.category(letter) in ("Cc", "Cs")
        or "\u202a" <= letter <= "\u202e"
        or "\u2066" <= letter <= "\u2069"
    )


def _piled(text: str) -> bool:
    """Whether more marks are piled upon one letter than any language has (UAX #15, stream-safe text: 30)."""
    run = 0
    for letter in text:
        run = run + 1 if letter > "\u02ff" and unicodedata.combining(letter) else 0
        if run > MARKS:
            return True
    return False


def to_amount(raw: Any) -> Decimal | None:
    """Yuan as Decimal with two places; None unless a plain non-negative number of at most two decimals."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
        return None
    text = raw.strip() if isinstance(raw, str) else format(raw, "f") if isinstance(raw, Decimal) else str(raw)
    if len(text) > 40 or not _AMOUNT.match(text):
        return None
    try:
        return Decimal(text).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None


def read(value: Any, today: date) -> tuple[Pushed | None, list[Reason], list[str]]:
    """(campaign or None, reasons of refusal, names of fields that are not known and were left out)."""
    if not isinstance(value, dict):
        return None, [Reason("not_an_object", "", _("每条记录要是一个 JSON 对象。"))], []
    checked = _Checked(value, today)
    external_id = checked.text(value, "external_id")
    if not external_id and not checked.reasons:
        checked.refuse("missing", "external_id", _("缺项目编号 external_id。"))
    elif any(unicodedata.category(letter)[0] == "C" for letter in external_id):
        checked.refuse("bad_characters", "external_id", _("项目编号里有看不见的字符。"))
    status = value.get("status")
    if status not in STATUSES:
        checked.refuse("unknown_status", "status", _("只能是 active、ended 或 withdrawn。"))
        status = "active"
    if value.get("currency", "CNY") != "CNY":
        checked.refuse("unknown_currency", "currency", _("只收人民币 CNY。"))
    target, raised, paid_out = (checked.amount(name) for name in ("target", "raised", "paid_out"))
    if paid_out > raised:
        checked.refuse("paid_over_raised", "paid_out", _("已拨付不能多于已筹到。"))
    disease_code = checked.text(value, "disease_code").upper()
    if disease_code and not re.fullmatch(r"[A-Z]\d{2}[A-Z0-9.+*]{0,16}", disease_code):
        checked.refuse("unknown_code", "disease_code", _("要写 ICD-10 编码，如 C91.0；不知道就不写。"))
    started_on = _day(checked, value, "started_at", today)
    title, story = _appeal(checked, value.get("appeal"))
    beneficiary = _beneficiary(checked, value.get("beneficiary"), today, told=bool(title or story))
    unknown = sorted(str(name)[:64] for name in value.keys() - KNOWN)
    if isinstance(value.get("beneficiary"), dict):
        unknown += sorted(f"beneficiary.{str(name)[:64]}" for name in value["beneficiary"].keys() - PERSON)
    if isinstance(value.get("appeal"), dict):
        unknown += sorted(f"appeal.{str(name)[:64]}" for name in value["appeal"].keys() - APPEAL)
    if checked.reasons:
        return None, checked.reasons, unknown
    return (
        Pushed(
            external_id, status, target, raised, paid_out, disease_code, started_on, beneficiary, title, story
        ),
        [],
        unknown,
    )


def _day(checked: _Checked, value: dict[str, Any], name: str, today: date) -> date | None:
    raw = value.get(name)
    if raw in (None, ""):
        return None
    try:
        moment = datetime.fromisoformat(raw) if isinstance(raw, str) and len(raw) <= 40 else None
    except ValueError:
        moment = None
    if moment is None or moment.year < 1900:
        checked.refuse("not_a_date", name, _("要写成 2026-03-01 这样的日期。"))
        return None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC) + timedelta(hours=8)
    if moment.date() > today + timedelta(days=1):
        checked.refuse("in_the_future", name, _("日期在将来。"))
    return moment.date()


def _appeal(checked: _Checked, raw: Any) -> tuple[str, str]:
    """(title, story), "" where it is not told."""
    if raw is None:
        return "", ""
    if not isinstance(raw, dict):
        checked.refuse("wrong_type", "appeal", _('要写成 {"title": …, "story": …}。'))
        return "", ""
    return checked.words(raw, "title", MAX_TITLE), checked.words(raw, "story", MAX_STORY)


def _beneficiary(checked: _Checked, raw: Any, today: date, *, told: bool) -> dict[str, Any]:
    """told: an appeal's text comes with it, in which a name may stand."""
    if raw is None and told:
        return {}
    if not isinstance(raw, dict):
        checked.refuse("missing", "beneficiary", _("缺受助人 beneficiary。姓名可以遮掩，如 张*三。"))
        return {}
    found: dict[str, Any] = {
        name: text for name in _TEXT_LIMITS if (text := checked.text(raw, name, "beneficiary."))
    }
    if "name" not in found and not told and not any(r.field == "beneficiary.name" for r in checked.reasons):
        checked.refuse("missing", "beneficiary.name", _("缺受助人姓名。可以遮掩，如 张*三。"))
    age = raw.get("age")
    if age is not None:
        if isinstance(age, str) and age.isascii() and age.isdigit() and len(age) <= 3:
            age = int(age)
        if isinstance(age, bool) or not isinstance(age, int) or not 0 <= age <= 130:
            checked.refuse("absurd_age", "beneficiary.age", _("要写 0 到 130 的整数。"))
        else:
            found["age"] = age
    born = _day(checked, raw, "birth_date", today) if raw.get("birth_date") else None
    if born:
        found["birth_date"] = born.isoformat()
    sex = raw.get("sex")
    if sex not in (None, ""):
        if str(sex) not in SEXES:
            checked.refuse("unknown_sex", "beneficiary.sex", _("只能是 male 或 female，不知道就不写。"))
        else:
            found["sex"] = SEXES[str(sex)]
    area = checked.text(raw, "area", "beneficiary.")
    if area:
        code = area if re.fullmatch(r"\d{6}", area) else areas.code_of(area)
        if code:
            found["area"] = code
        found["area_text"] = area
    return found
