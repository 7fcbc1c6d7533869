"""`manage.py link_files`: a charity's old spreadsheets, no database, no labels."""

import csv
import random

import pytest
from django.core.management import CommandError, call_command

from devstack.synthetic import Population


@pytest.fixture
def sheet(tmp_path):
    rng = random.Random(3)
    path = tmp_path / "old.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["编号", "姓名", "身份证", "生日", "手机"])
        for person in Population(5, 400).people:
            row = [person.name, person.id_number, person.birth_date.isoformat(), person.phone]
            writer.writerow([f"a{person.index}", *row])
            if rng.random() < 0.25:
                typed = list(row)
                typed[1] = typed[1][:10] + ("1" if typed[1][10] != "1" else "2") + typed[1][11:]
                writer.writerow([f"b{person.index}", *typed])
    return path


FIELDS = "name=姓名,id_number=身份证,birth_date=生日,phone=手机"


def test_the_second_entry_of_a_person_is_found(sheet, tmp_path, capsys):
    out, clusters = tmp_path / "pairs.csv", tmp_path / "clusters.csv"
    call_command("link_files", str(sheet), id_col="编号", fields=FIELDS, out=out, clusters=clusters)
    with out.open(encoding="utf-8-sig") as file:
        found = {frozenset((row["left"], row["right"])) for row in csv.DictReader(file)}
    with sheet.open(encoding="utf-8") as file:
        ids = [row["编号"] for row in csv.DictReader(file)]
    wanted = {frozenset((f"a{name[1:]}", name)) for name in ids if name.startswith("b")}
    assert len(wanted) > 50
    assert len(wanted & found) / len(wanted) > 0.98
    assert len(wanted & found) / len(found) > 0.95
    assert clusters.exists()
    assert f"找到 {len(found)} 对" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fields": "nome=姓名"}, "nome"),
        ({"fields": "name=没有这列"}, "没有这列"),
        ({"id_col": "没有"}, "没有"),
        ({"threshold": 2.0}, "概率"),
        ({"fields": ""}, "name=姓名,id_number=身份证,birth_date=生日,phone=手机"),
    ],
)
def test_what_is_wrong_is_said(sheet, tmp_path, change, said):
    options = {"id_col": "编号", "fields": FIELDS, "out": tmp_path / "pairs.csv", **change}
    with pytest.raises(CommandError, match=said):
        call_command("link_files", str(sheet), **options)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(CommandError, match=r"nothing\.csv"):
        call_command(
            "link_files", str(tmp_path / "nothing.csv"), id_col="x", fields="name=y", out=tmp_path / "p.csv"
        )
