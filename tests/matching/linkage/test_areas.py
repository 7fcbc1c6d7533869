"""Areas by code and name, as they are and as they were."""

import pytest

from matching.linkage.records import PersonRecord
from matching.linkage.scoring import score
from matching.linkage.values import areas
from matching.linkage.values import normalise as n


@pytest.mark.parametrize(
    ("former", "today"),
    [
        ("110103", "110101"), ("110104", "110102"), ("310108", "310106"), ("310103", "310101"), ("310119", "310115"),
        ("430122", "430112"), ("130323", "130306"), ("512901", "511300"), ("341400", "340181"), ("371202", "370116"),
        ("510202", "500103"), ("511221", "500154"), ("442100", "460000"), ("442101", "460100"), ("442125", "469021"),
        ("370622", "370614"), ("130571", "130571"), ("132203", "130500"),
        ("崇文区", "110101"), ("北京市宣武区", "110102"), ("重庆市巴县", "500113"), ("四川省万县市", "500101"),
        ("莱芜市", "370116"), ("河北省获鹿县", "130110"),
        ("襄樊市", "420600"), ("湖北省襄樊市襄阳区", "420607"), ("荆沙市", "421000"), ("楚州区", "320803"),
        ("淮安市楚州区", "320803"), ("江苏省淮阴市", "320800"), ("淮阴市清河区", "320812"), ("500105", "500157"),
        ("重庆市江北区", "500157"), ("重庆市江北县", "500157"), ("宁波市江北区", "330205"), ("新疆伊犁", "654000"), ("四川省渡口市", "510400"),
    ],
)  # fmt: skip
def test_former_areas_are_read_as_what_they_are_today(former, today):
    assert n.area(former) == today


def test_every_former_code_leads_to_one_in_use_in_one_step():
    codes, names = areas._former()
    assert len(codes) > 3_300
    assert set(codes.values()) <= set(areas._names())
    assert not set(codes) & set(areas._names())
    assert set(names.values()) <= set(areas._names())


def test_records_of_before_and_after_a_change_of_codes_share_the_county():
    for old, new in (("430122", "430112"), ("130323", "130306"), ("110103", "110101"), ("371202", "370116")):
        assert score(PersonRecord(area=old), PersonRecord(area=new)).levels["area"] == "county"
    assert score(PersonRecord(area="510213"), PersonRecord(area="500107")).levels["area"] == "county"
    assert score(PersonRecord(area="510211"), PersonRecord(area="500107")).levels["area"] == "city"


def test_a_place_still_written_with_a_former_name_keeps_the_rest_of_its_address():
    assert areas.locate("北京市宣武区广安门内大街6号").rest == "广安门内大街6号"
    assert areas.name_of("110103") == "北京市东城区"
