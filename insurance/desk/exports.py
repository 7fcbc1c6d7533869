"""Reasons as CSV for a spreadsheet: no cell can become a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from django.utils import timezone
from django.utils.translation import gettext as _

from insurance.intake.models import Record
from insurance.intake.words import advice, explain

LIMIT = 10_000
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_CONTROLS = ("\t", "\r", "\n")


def cell(value: object) -> str:
    """Text that a spreadsheet takes as text."""
    text = "" if value is None else str(value)
    bare = text.lstrip().lstrip("\ufeff\u200b").lstrip()  # blanks of any kind, and marks that have no width
    return "'" + text if bare.startswith(_FORMULA) or text.startswith(_CONTROLS) else text


def reasons_csv(records: Iterable[Record]) -> bytes:
    """One line for each reason (or one for a record without any), UTF-8 with a mark for spreadsheets."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            _("记录号"),
            _("批次"),
            _("位置"),
            _("结算编号"),
            _("结果"),
            _("进度"),
            _("收到时间"),
            _("原因代码"),
            _("字段"),
            _("原因"),
            _("怎么办"),
        ]
    )
    for record in records:
        head = [
            record.pk,
            record.batch_id,
            record.position + 1,
            record.setl_id,
            record.get_state_display(),
            record.get_progress_display(),
            timezone.localtime(record.created_at).strftime("%Y-%m-%d %H:%M:%S"),
        ]
        said = [
            [reason["code"], reason["field"], reason["message"], advice(reason["code"])]
            for reason in explain(record.reasons)
        ]
        for tail in said or [["", "", "", ""]]:
            writer.writerow([cell(value) for value in (*head, *tail)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()
