import re

import pytest
import qrcode
from qrcode.constants import ERROR_CORRECT_M

from web import qr


def modules(svg):
    return {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", svg)}


def test_the_code_is_the_librarys_with_four_white_modules_around():
    svg = qr.svg("https://jieli.example/t/", "网址")
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data("https://jieli.example/t/")
    code.make(fit=True)
    rows = code.get_matrix()
    assert modules(svg) == {
        (x + 4, y + 4) for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    }
    assert f'viewBox="0 0 {len(rows) + 8} {len(rows) + 8}"' in svg


def test_the_label_is_escaped_and_nothing_inline_needs_a_policy():
    svg = qr.svg("https://jieli.example/t/", '"><script>')
    assert "<script>" not in svg
    assert "style=" not in svg


def test_an_empty_text_is_refused():
    with pytest.raises(ValueError, match="needs a text"):
        qr.svg("", "网址")
