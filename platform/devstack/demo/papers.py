"""Small invented papers: pictures that look like a photographed certificate, and a one-page PDF. Labelled as samples."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc",
    "/System/Library/Fonts/PingFang.ttc",
)
# Where no Chinese font is installed the samples speak English.
PLAIN = {
    "id_card": "ID CARD", "household": "HOUSEHOLD REGISTER", "guardian_id": "GUARDIAN ID",
    "diagnosis": "DIAGNOSIS", "front_page": "RECORD FRONT PAGE", "marrow": "MARROW REPORT",
    "match": "HLA MATCH", "echo": "ECHOCARDIOGRAM", "settlement": "SETTLEMENT", "income": "INCOME",
    "hardship": "HARDSHIP", "other": "OTHER",
}  # fmt: skip
TITLES = {
    "id_card": "居民身份证（样张）", "household": "居民户口簿（样张）", "guardian_id": "监护人身份证（样张）",
    "diagnosis": "诊断证明书（样张）", "front_page": "住院病案首页（样张）", "marrow": "骨髓检查报告（样张）",
    "match": "移植配型报告（样张）", "echo": "心脏超声报告（样张）", "settlement": "住院结算单（样张）",
    "income": "家庭收入证明（样张）", "hardship": "困难证明（样张）", "other": "其他材料（样张）",
}  # fmt: skip


@cache
def _font(size: int) -> tuple[Any, bool]:
    for path in FONTS:
        if Path(path).exists():
            return ImageFont.truetype(path, size), True
    return ImageFont.load_default(size), False


@cache
def _sheet(kind: str) -> Image.Image:
    big, chinese = _font(30)
    small, _ = _font(18)
    page = Image.new("RGB", (620, 420), "#fbfaf5")
    draw = ImageDraw.Draw(page)
    draw.rectangle((14, 14, 606, 406), outline="#b9b29c", width=2)
    title = TITLES.get(kind, TITLES["other"]) if chinese else PLAIN.get(kind, "OTHER")
    draw.text((310, 58), title, font=big, fill="#2c2a24", anchor="mm")
    for row in range(6):
        y = 116 + row * 40
        draw.line((60, y + 22, 560, y + 22), fill="#d8d2c0")
        draw.rectangle((60, y, 60 + 90 + (row * 53) % 170, y + 10), fill="#c9c3b2")
    draw.ellipse((430, 280, 550, 400), outline="#b23a2e", width=4)
    draw.text((490, 340), "演示" if chinese else "DEMO", font=small, fill="#b23a2e", anchor="mm")
    return page


def picture(kind: str, serial: int) -> bytes:
    """A PNG sample of a paper; the serial makes each file another one."""
    page = _sheet(kind).copy()
    small, chinese = _font(18)
    words = f"编号 {serial:06d}　演示用，不是真的证件" if chinese else f"No. {serial:06d}, sample"
    ImageDraw.Draw(page).text((60, 380), words, font=small, fill="#7a7464", anchor="lm")
    out = io.BytesIO()
    page.save(out, "PNG", compress_level=3)
    return out.getvalue()


def pdf(serial: int) -> bytes:
    """A valid one-page PDF without anything active."""
    text = f"BT /F1 18 Tf 60 760 Td (Jieli demo document {serial:06d} - not a real paper) Tj ET".encode()
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, start)
    return bytes(out)
