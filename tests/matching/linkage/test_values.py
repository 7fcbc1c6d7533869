"""Values as strangers' spreadsheets write them."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.linkage.compare.numbers import clean_birth, clean_id, clean_sex
from matching.linkage.model import Model
from matching.linkage.tables import habits
from matching.linkage.tables.pipeline import link_tables
from matching.linkage.values import normalise as n


@pytest.mark.parametrize(
    "raw",
    ["1987-03-05", "1987/3/5", "1987.3.5", "1987 03 05", "19870305", 19870305, "19870305.0", "5.3.87", "05.03.1987", "5/3/1987",
     "05031987", "5031987", "870305", "87.03.05", "87-03-05", "1987年3月5日", "87年3月5日", "一九八七年三月五日", "１９８７年０３月０５日",
     "民国76年3月5日", "农历1987年三月初五", "5-Mar-1987", "Mar 5, 1987", "5th March 1987", "5 mars 1987", "31841", 31841, "31841.0",
     "1987-03-05T00:00:00", "1987/3/5 0:00", "19870305000000", "1987-3-5生", date(1987, 3, 5)],
)  # fmt: skip
def test_one_day_however_it_is_written(raw):
    assert clean_birth(raw) == "19870305"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("1987", "19870000"), ("1987年", "19870000"), ("87年", "19870000"), (1987.0, "19870000"), ("1987-03", "19870300"),
     ("198703", "19870300"), ("03/1987", "19870300"), ("八七年三月", "19870300"), ("March 1987", "19870300"),
     ("3/25/1987", "19870325"), ("1987-25-03", "19870325"), ("19871305", "19871305"), ("1987-02-30", "19870230"),
     ("1900-01-01", ""), ("0000-00-00", ""), ("9999-12-31", ""), ("--", ""), ("99999", ""), ("", ""), (None, "")],
)  # fmt: skip
def test_parts_of_dates_slips_and_what_stands_for_unknown(raw, expected):
    assert clean_birth(raw) == expected


@pytest.mark.parametrize(
    "raw", ["男", "M", "m.", "1", 1.0, "Male", "先生", "hombre", "Männlich", "♂", "1-男", "Mr"]
)
def test_words_and_codes_for_men(raw):
    assert clean_sex(raw) == "M"


@pytest.mark.parametrize("raw", ["女", "F", "2", "female", "女士", "mujer", "W", "♀", "Frau", "2 女"])
def test_words_and_codes_for_women(raw):
    assert clean_sex(raw) == "F"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("1.10101198703050E+17", "110101198703050***"), (1.1010119870305e17, "110101198703050***"), ("1.10101E+17", ""),
     ("110101198703050000", "110101198703050***"), ("110101198703050012.0", "110101198703050012"),
     ("'110101 19870305 0012", "110101198703050012"), ("1.10101870305001E+14", "110101198703050017"),
     ("E12345678", "E12345678"), ("无", ""), (None, "")],
)  # fmt: skip
def test_numbers_that_a_spreadsheet_rounded_hide_what_was_lost(raw, expected):
    assert clean_id(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("13800138000/13900139000", "13800138000"), ("0731-88881234转801", "073188881234"), ("手机13800138000（妈妈）", "13800138000"),
     ("+86 10 6234 5678", "01062345678"), ("86 0731 88881234", "073188881234"), ("1.38001E+10", None),
     ("1.3800138000E+10", "13800138000"), ("13800138000.0", "13800138000"), ("+44 (0)20 7946 0958", "02079460958"),
     ("0044 20 7946 0958", "02079460958"), ("+1 (212) 555-0100", "2125550100"), ("1-212-555-0100", "2125550100"),
     ("212-555-0100 x23", "2125550100"), ("310/246-1501", "3102461501"), ("+852 9123 4567", "91234567")],
)  # fmt: skip
def test_phone_numbers_of_all_countries(raw, expected):
    assert n.phone(raw) == expected


@pytest.mark.parametrize(
    "raw", ["Dr. John Smith", "SMITH, John", "Mr John Smith", "Prof. Dr. med. John Smith"]
)
def test_forms_of_address_are_no_part_of_a_name(raw):
    assert sorted(n.name(raw).split()) == ["john", "smith"]


def test_a_name_that_begins_like_a_title_stays():
    assert n.name("Drew Hall") == "drew hall"
    assert n.name("Srinivas Rao") == "srinivas rao"
    assert n.name("Dr") == "dr"


@given(st.one_of(st.none(), st.text(max_size=60), st.integers(), st.floats()))
def test_no_value_raises(raw):
    for function in (clean_birth, clean_sex, clean_id):
        function(raw)


@given(
    st.dates(date(1931, 1, 1), date(2024, 12, 31)),
    st.sampled_from(["%d/%m/%Y", "%Y%m%d", "%d.%m.%Y", "%Y-%m-%d", "%b %d, %Y"]),
)
def test_every_day_comes_back_from_every_style(day, style):
    wanted = f"{day:%Y%m%d}"
    assert clean_birth(day.strftime(style)) == wanted


def rewritten(kind, *columns):
    return [list(part) for part in habits.plain(list(columns), kind)]


def test_each_table_has_its_own_order_of_day_and_month():
    american, european = rewritten("birth_date", ["3/25/1987", "4/5/1990"], ["25/3/1987", "5/4/1990"])
    assert [clean_birth(v) for v in american] == ["19870325", "19900405"]
    assert [clean_birth(v) for v in european] == ["19870325", "19900405"]


def test_hombre_and_mujer_in_one_table_male_and_female_in_the_other():
    spanish, english = rewritten("sex", ["H", "M", None], ["M", "F", None])
    assert [clean_sex(v) if v else v for v in spanish] == ["M", "F", None]
    assert english == ["M", "F", None]


def test_zeros_come_back_where_one_table_lost_them():
    kept, lost = rewritten("postcode", ["02139", "94110", None] * 9, ["2139", "94110-1234", ""] * 9)
    assert kept[:2] == lost[:2] == ["02139", "94110"]


def test_a_table_of_rounded_numbers_never_calls_two_people_by_their_zeros():
    (rounded,) = rewritten("id_number", ["110101198703050000", "430102199001011000", "440305197712126000"])
    assert all(clean_id(v).endswith("***") for v in rounded)


def test_tables_of_two_offices_meet():
    people = [(f"{s}{g}", 1950 + k % 40, 1 + k % 12, 1 + k % 28, k) for k, (s, g) in enumerate(
        (s, g) for s in "王李张刘陈杨黄赵吴周" for g in ("伟明", "芳", "海涛", "静怡", "建国", "玉兰"))]  # fmt: skip
    fields = {"name": "name", "born": "birth_date", "sex": "sex", "number": "id_number", "phone": "phone"}
    a = {"id": [], **{f: [] for f in fields}}
    b = {"id": [], **{f: [] for f in fields}}
    for name, y, m, d, k in people:
        body = f"110101{y}{m:02d}{d:02d}{k:03d}"
        number, phone = (
            f"{body}{'10X98765432'[sum(int(c) * 2 ** (17 - i) for i, c in enumerate(body)) % 11]}",
            f"138{k:08d}",
        )
        for table, row in (
            (a, (f"a{k}", name, f"{y}-{m:02d}-{d:02d}", "男女"[k % 2], number, phone)),
            (b, (f"b{k}", name, (date(y, m, d) - date(1899, 12, 30)).days, 1 + k % 2, number[:15] + "000", f"+86 {phone[:3]} {phone[3:]}")),
        ):  # fmt: skip
            for column, value in zip(table, row, strict=True):
                table[column].append(value)
    result = link_tables(a, b, fields, "id")
    assert [x[1:] for x in result.pairs["left"]] == [x[1:] for x in result.pairs["right"]]
    assert len(result.pairs["left"]) == len(people)


def test_a_birth_date_in_three_columns_is_one():
    rows = {"d": ["5", "12", None], "name": ["a", "b", "c"], "y": ["1987", "1990", "2001"], "m": [3, 11, 1]}
    fields = {"d": "birth_date", "name": "name", "y": "birth_date", "m": "birth_date"}
    rows |= {"d": ["5", "30", None]}
    joined, left = habits.birth_parts(rows, fields)
    assert left == {"name": "name", "y": "birth_date"}
    assert [clean_birth(v) for v in joined["y"]] == ["19870305", "19901130", "20010100"]


def test_two_whole_birth_dates_stay_two():
    rows = {"one": ["1987-03-05"], "two": ["1990-01-02"]}
    fields = {"one": "birth_date", "two": "birth_date"}
    assert habits.birth_parts(rows, fields) == (rows, fields)


def test_ages_written_years_apart_are_of_one_year():
    names = [f"{chr(0x4E00 + k)}{chr(0x5E00 + k)}" for k in range(60)]
    ages = [20 + k for k in range(60)]
    a = {"name": names, "age": ages}
    b = {"name": names, "age": [str(age + 4) for age in ages]}
    fields = {"name": "name", "age": "age"}
    assert list(habits.same_year(a, b, fields)["age"]) == [str(age) for age in ages]
    assert habits.same_year(a, a, fields) is a
    assert habits.same_year(a, b, fields | {"born": "birth_date"}) is b


def test_words_may_change_places_or_be_left_out():
    model = Model.for_fields({"what": "text"})
    table = model.prepare(
        {
            "what": [
                "Hotel Bel-Air",
                "Bel-Air Hotel",
                "Lulu",
                "Lulu Restaurant-Bis-Cafe",
                "Grill, The",
                "1994.0",
                "1994",
            ]
        }
    )
    said = [
        model.comparisons[0].levels[table.levels(np.array([i]), np.array([j]))[0, 0]]
        for i, j in ((0, 1), (2, 3), (3, 4), (5, 6))
    ]
    assert said == ["close", "similar", "else", "exact"]


def test_slips_in_the_parts_of_a_birth_date_do_not_take_it_apart():
    years = [str(1930 + k % 70) for k in range(100)]
    months, days = [str(1 + k % 12) for k in range(100)], [str(1 + k % 28) for k in range(100)]
    years[3:6], months[7], days[9] = ["193", "19936", "9136"], "112", "93"
    rows, fields = {"y": years, "m": months, "d": days}, dict.fromkeys("ymd", "birth_date")
    joined, left = habits.birth_parts(rows, fields)
    assert left == {"y": "birth_date"}
    assert [joined["y"][k] for k in (0, 3, 4, 5, 7, 9)] == [
        "19300101", "01930404", "19930505", "91360606", "19371208", "19391093",
    ]  # fmt: skip
