"""Spreadsheets made to hang, to fill the memory or to read other files; nothing in them is run."""

from __future__ import annotations

import io
import zipfile

import pytest
from openpyxl import Workbook

from matching.linkage.__main__ import _params
from matching.linkage.files.reading import read

SHEET = "xl/worksheets/sheet1.xml"
WANTED = {"编号": "编号", "姓名": "姓名"}


def altered(path, was=b"", now=b"", before=b"", part=SHEET):
    """A small workbook with some bytes of a part changed."""
    book = Workbook()
    for row in (["编号", "姓名"], [1, "张三"], [2, "=1+1"]):
        book.active.append(row)
    plain = io.BytesIO()
    book.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == part:
                assert was in content
                content = before + content.replace(was, now, 1)
            new.writestr(name, content)
    return path


def refused(path):
    with pytest.raises(ValueError, match=r"打不开|太大"):
        read(path, WANTED)


@pytest.mark.parametrize("number", [b"99999999999999", b"1048577"])
def test_rows_that_lie_too_far_below_are_not_counted_one_by_one(tmp_path, number):
    refused(altered(tmp_path / "a.xlsx", b'<row r="3"', b'<row r="' + number + b'"'))


def test_a_part_that_is_one_letter_a_million_times_is_refused_before_it_is_unpacked(tmp_path):
    cell = b'<c r="A3" t="inlineStr"><is><t>' + b"a" * (65 << 20) + b"</t></is></c>"
    refused(altered(tmp_path / "a.xlsx", b'<c r="A3"', cell + b'<c r="C3"'))


def test_no_file_of_this_machine_is_read_through_an_entity(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("geheim")
    declared = f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'.encode()
    refused(altered(tmp_path / "a.xlsx", b"<v>1</v>", b"<v>&e;</v>", before=declared))


def test_links_to_other_workbooks_are_not_followed(tmp_path):
    link = (
        b'</sheets><externalReferences><externalReference r:id="rId99" xmlns:r='
        b'"http://schemas.openxmlformats.org/officeDocument/2006/relationships"/></externalReferences>'
    )
    found = read(altered(tmp_path / "a.xlsx", b"</sheets>", link, part="xl/workbook.xml"), WANTED)
    assert list(found.columns["编号"]) == ["1", "2"]
    assert list(found.columns["姓名"]) == ["张三", None]  # a formula that nobody computed


@pytest.mark.parametrize("odd", ["[" * 100_000, '"touch /tmp/x"', "NaN", "-1", "2", "true", "1e999"])
def test_parameters_from_elsewhere_are_numbers_or_are_refused(tmp_path, odd):
    stored = tmp_path / "p.json"
    stored.write_text(
        '{"format": 2, "version": "1", "accept": 0.9, "review": 0.5, "tf": {}, "m": {"name": [0.9, 0.1]},'
        f' "u": {{"name": [0.1, 0.9]}}, "prior": {odd}}}'
    )
    with pytest.raises(ValueError, match="--save-params"):
        _params(stored)
