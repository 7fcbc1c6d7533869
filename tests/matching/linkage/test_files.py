import csv

import pytest

from matching.linkage.tables.files import link_files, parse_fields, read_table

HEAD = "编号,姓名,身份证,生日\n"
ROWS = "1,张三丰,11010519491231002X,1949-12-31\n2,張三豐,110105491231002,\n3,李四,,1980-01-01\n\n"


def test_fields_are_read_as_kind_and_column():
    assert parse_fields("given_name=first, surname=last,phone") == {
        "first": "given_name", "last": "surname", "phone": "phone",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "shoe=a", "name=a,surname=a"])
def test_wrong_field_lists_are_refused(text):
    with pytest.raises(ValueError):
        parse_fields(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_the_encodings_that_spreadsheets_write(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + ROWS, encoding=encoding)
    assert read_table(path, ["编号", "生日"]) == {
        "编号": ["1", "2", "3"],
        "生日": ["1949-12-31", None, "1980-01-01"],
    }


def test_a_missing_column_is_named_with_those_there_are(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + ROWS, encoding="utf-8")
    with pytest.raises(ValueError, match="电话.*姓名"):
        read_table(path, ["电话"])


def test_another_kind_of_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected"):
        read_table(tmp_path / "a.xlsx", ["a"])


def test_parquet_is_read(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"id": [1, 2], "name": ["张三", None]}), tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet", ["id", "name"]) == {"id": [1, 2], "name": ["张三", None]}


def test_files_become_pairs_and_clusters(tmp_path):
    path, out, clusters = tmp_path / "a.csv", tmp_path / "pairs.csv", tmp_path / "clusters.csv"
    path.write_text(HEAD + ROWS, encoding="utf-8")
    stages: list[str] = []
    fields = parse_fields("name=姓名,id_number=身份证,birth_date=生日")
    link_files(path, None, fields, "编号", out, clusters, progress=lambda stage, _share: stages.append(stage))
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(r["left"], r["right"], r["姓名"], r["身份证"]) for r in rows] == [("1", "2", "exact", "exact")]
    with clusters.open(encoding="utf-8") as file:
        labels = {r["id"]: r["cluster"] for r in csv.DictReader(file)}
    assert labels["1"] == labels["2"] != labels["3"]
    assert stages[0] == "prepare"
