import re
from xml.etree import ElementTree

from matching.linkage.explain import waterfall
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import score


def test_the_chart_has_a_bar_per_field_and_ends_at_the_total():
    found = score(
        PersonRecord(name="张三丰", phone="13800138000", sex="F"),
        PersonRecord(name="張三豐", phone="13800138001", sex="M"),
    )
    svg = waterfall(found, {"name": "姓名"})
    root = ElementTree.fromstring(svg)
    bars = root.findall("{http://www.w3.org/2000/svg}rect")[1:]
    assert len(bars) == len(found.evidence) + 2
    amounts = [float(v) for v in re.findall(r">([+-]\d+\.\d)<", svg)]
    assert abs(sum(amounts[:-1]) - amounts[-1]) < 0.5
    assert "姓名" in svg


def test_the_chart_has_neither_style_nor_script():
    svg = waterfall(score(PersonRecord(name="<script>"), PersonRecord(name="张三")))
    assert "style=" not in svg
    assert "<script" not in svg
