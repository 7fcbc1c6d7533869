"""The stand-alone verifier against exports that somebody changed. No Django, no database."""

import ast
import base64
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import leaf, note, tree, verify

SIGNER = note.Signer.from_seed("jieli.example/log", b"\x07" * 32)
THIEF = note.Signer.from_seed("jieli.example/log", b"\x08" * 32)
KEY = str(SIGNER.verifier)


def b64(data):
    return base64.b64encode(data).decode()


class Log:
    """An export in memory: change it, then write it."""

    def __init__(self, count=12, sizes=(4, 9, 12), signer=SIGNER):
        self.entries, self.payloads = [], []
        for index in range(count):
            payload = {"n": index, "amount": "366.07", "字段": ["姓名"]}
            salt = bytes([index]) * 32
            entry = {
                "leaf": index,
                "id": 100 + index,
                "time": 1772352000123456 + index,
                "actor": "staff:12@3",
                "action": "award.approved",
                "subject": f"award:{index}",
                "payload": b64(leaf.commitment(salt, leaf.canonical_payload(payload))),
            }
            entry["hash"] = b64(self.hash(entry))
            self.entries.append(entry)
            self.payloads.append({"id": entry["id"], "salt": b64(salt), "payload": payload})
        self.checkpoints = [self.sign(size, signer) for size in sizes]

    @staticmethod
    def hash(entry):
        return tree.leaf_hash(
            leaf.leaf_bytes(
                entry_id=entry["id"],
                time=entry["time"],
                actor=entry["actor"],
                action=entry["action"],
                subject=entry["subject"],
                payload_commitment=base64.b64decode(entry["payload"]),
            )
        )

    def sign(self, size, signer=SIGNER):
        root = tree.root_of([base64.b64decode(entry["hash"]) for entry in self.entries[:size]])
        return {"size": size, "note": note.sign_checkpoint(signer, size, root)}

    def write(self, folder, chunk=5):
        path = folder / "export.tar"
        lines = lambda rows: "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()  # noqa: E731
        members = {"manifest.json": json.dumps({"format": verify.FORMAT}).encode()}
        members["checkpoints.jsonl"] = lines(self.checkpoints)
        for start in range(0, len(self.entries), chunk):
            part = self.entries[start : start + chunk]
            ids = {entry.get("id") for entry in part}
            members[f"entries/{start:012d}.jsonl"] = lines(part)
            members[f"payloads/{start:012d}.jsonl"] = lines(row for row in self.payloads if row["id"] in ids)
        with tarfile.open(path, "w") as archive:
            for name, data in members.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        return path


def check(log, folder, kept=None, key=KEY):
    return verify.check(log.write(folder), key, kept)


def said(report):
    assert len(verify.verdict(report)) >= 3
    return "\n".join(problem.zh + problem.en for problem in report.problems)


def test_an_untouched_log_holds(tmp_path):
    report = check(Log(), tmp_path, {"kept.txt": Log().checkpoints[1]["note"]})
    assert report.holds
    assert (report.leaves, report.checkpoints, report.erased, report.last_size) == (12, 3, 0, 12)
    assert verify.verdict(report)[0].startswith("记录没有被改过：12 条记录")


def test_an_erased_payload_is_counted_and_the_log_holds(tmp_path):
    log = Log()
    del log.payloads[3]
    report = check(log, tmp_path)
    assert (report.holds, report.erased) == (True, 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [("actor", "staff:1@1"), ("action", "award.refused"), ("subject", "award:99"), ("time", 1), ("id", 999)],
)
def test_a_changed_entry_is_named(tmp_path, field, value):
    log = Log()
    log.entries[6][field] = value
    text = said(check(log, tmp_path))
    assert "第 6 条记录" in text
    assert "leaf 6" in text


def test_a_changed_entry_with_its_hash_made_to_fit_is_narrowed_down_by_the_checkpoints(tmp_path):
    log = Log()
    log.entries[6]["subject"] = "award:99"
    log.entries[6]["hash"] = b64(log.hash(log.entries[6]))
    report = check(log, tmp_path)
    assert "第 4 条到第 8 条之间有改动" in said(report)
    assert "between leaf 4 and leaf 8" in said(report)


def test_a_changed_payload_is_named(tmp_path):
    log = Log()
    log.payloads[7]["payload"]["amount"] = "3660.70"
    report = check(log, tmp_path)
    assert [problem.zh for problem in report.problems] == ["第 7 条记录（编号 107）的附加内容被改过。"]


def test_a_payload_of_nobody_is_named(tmp_path):
    log = Log()
    log.payloads.append(log.payloads[0])
    assert "编号 100" in said(check(log, tmp_path))


def test_a_dropped_leaf_is_named(tmp_path):
    log = Log()
    del log.entries[5]
    assert "第 5 条记录不见了" in said(check(log, tmp_path))


def test_a_dropped_leaf_hidden_by_new_numbers_is_found(tmp_path):
    log = Log()
    del log.entries[5]
    for index, entry in enumerate(log.entries):
        entry["leaf"] = index
    text = said(check(log, tmp_path))
    assert "第 4 条到第 8 条之间有改动" in text
    assert "末尾缺了记录" in text


@pytest.mark.parametrize("renumber", [False, True])
def test_two_swapped_leaves_are_found(tmp_path, renumber):
    log = Log()
    log.entries[1], log.entries[2] = log.entries[2], log.entries[1]
    if renumber:
        log.entries[1]["leaf"], log.entries[2]["leaf"] = 1, 2
    text = said(check(log, tmp_path))
    assert ("第 0 条到第 3 条之间有改动" if renumber else "换了位置") in text


def test_a_doubled_entry_is_named_even_when_it_was_signed(tmp_path):
    log = Log(sizes=())
    log.entries[5] = {**log.entries[4], "leaf": 5}
    log.checkpoints = [log.sign(12)]
    assert "出现了两次" in said(check(log, tmp_path))


def test_a_cut_tail_is_found(tmp_path):
    log = Log()
    log.entries = log.entries[:10]
    assert "末尾缺了记录：检查点写明有 12 条，导出里只有 10 条" in said(check(log, tmp_path))


def test_a_cut_tail_with_its_checkpoint_cut_too_is_found_by_a_kept_one(tmp_path):
    log = Log()
    kept = log.checkpoints.pop()["note"]
    log.entries = log.entries[:9]
    assert check(log, tmp_path).holds
    assert "日志变短了" in said(check(log, tmp_path, {"kept.txt": kept}))


def test_leaves_after_the_last_checkpoint_are_not_trusted(tmp_path):
    log = Log(sizes=(4, 9))
    assert "第 9 条到第 11 条没有任何检查点签名" in said(check(log, tmp_path))


def test_a_history_written_and_signed_anew_is_found_by_a_kept_checkpoint(tmp_path):
    kept = Log().checkpoints[1]["note"]
    log = Log(sizes=())
    log.entries[6]["subject"] = "award:99"
    log.entries[6]["hash"] = b64(log.hash(log.entries[6]))
    log.checkpoints = [log.sign(size) for size in (4, 9, 12)]
    assert check(log, tmp_path).holds
    assert "历史被改写后重新签过名" in said(check(log, tmp_path, {"kept.txt": kept}))


def test_a_log_signed_with_another_key_is_refused(tmp_path):
    report = check(Log(signer=THIEF), tmp_path)
    assert "检查点（记录数 4）不可信" in said(report)
    assert "第 0 条到第 11 条没有任何检查点签名" in said(report)


@pytest.mark.parametrize("change", ["\n9\n", "— jieli", "\n\n"])
def test_a_changed_checkpoint_is_named(tmp_path, change):
    log = Log()
    log.checkpoints[1]["note"] = log.checkpoints[1]["note"].replace(change, "\n8\n", 1)
    assert "第 1 个检查点（记录数 9）不可信" in said(check(log, tmp_path))


def test_a_field_that_no_hash_covers_is_refused(tmp_path):
    log = Log()
    log.entries[2]["remark"] = "approved by all"
    assert "leaf 2 cannot be read" in said(check(log, tmp_path))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_single_changed_byte_of_entries_payloads_or_checkpoints_goes_unnoticed(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("bytes")
    path = Log(6, (3, 6)).write(folder)
    raw = bytearray(path.read_bytes())
    with tarfile.open(path) as archive:
        members = [m for m in archive.getmembers() if m.name.startswith(("entries/", "payloads/", "check"))]
    member = data.draw(st.sampled_from(members))
    place = member.offset_data + data.draw(st.integers(0, member.size - 1))
    old = raw[place]
    raw[place] = data.draw(st.integers(33, 126).filter(lambda new: new != old))
    # "size" beside a note is for the reader's eye only, and white space is nothing.
    whole = bytes(raw)
    line = whole[whole.rfind(b"\n", 0, place) + 1 : place + 1]
    if (member.name.startswith("check") and b'"note": "jieli' not in line) or chr(old).isspace():
        return
    path.write_bytes(whole)
    assert not verify.check(path, KEY).holds


@pytest.mark.parametrize("content", [b"", b"not a tar", b"\x00" * 2048])
def test_what_is_no_export_cannot_be_checked(tmp_path, content, capsys):
    path = tmp_path / "export.tar"
    path.write_bytes(content)
    assert verify.main([str(path), "--key", KEY]) == 2
    assert "没法检查" in capsys.readouterr().out


def test_a_cut_file_cannot_pass(tmp_path):
    path = Log().write(tmp_path)
    path.write_bytes(path.read_bytes()[:4000])
    assert verify.main([str(path), "--key", KEY]) in {1, 2}


def test_a_damaged_key_or_kept_checkpoint_cannot_be_used(tmp_path):
    path = Log().write(tmp_path)
    with pytest.raises(verify.CannotCheck):
        verify.check(path, KEY[:-4] + "AAA=")
    with pytest.raises(verify.CannotCheck):
        verify.check(path, KEY, {"kept.txt": Log(signer=THIEF).checkpoints[0]["note"]})


def test_it_runs_alone_as_one_file_and_tells_by_its_exit_status(tmp_path):
    alone = tmp_path / "verify.py"
    alone.write_bytes(Path(verify.__file__).read_bytes())
    key = tmp_path / "log.pub"
    key.write_text(KEY + "\n")
    log = Log()

    def run(*words):
        command = [sys.executable, "-I", str(alone), str(log.write(tmp_path)), *words]
        return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")

    done = run("--key", str(key))
    assert (done.returncode, done.stderr) == (0, "")
    assert "记录没有被改过" in done.stdout
    assert "Nothing was changed" in done.stdout
    log.entries[3]["actor"] = "staff:1@1"
    done = run("--key", str(key))
    assert done.returncode == 1
    assert "第 3 条记录" in done.stdout


def test_it_imports_nothing_but_the_standard_library_and_cryptography():
    module = ast.parse(Path(verify.__file__).read_text(encoding="utf-8"))
    names = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module.split(".")[0])
    assert names - set(sys.stdlib_module_names) == {"cryptography"}


def test_the_module_runs_without_django(tmp_path):
    code = (
        "import sys; sys.modules['django'] = None; sys.modules['psycopg'] = None;"
        f"sys.path.append({str(Path(verify.__file__).parents[1])!r});"
        "from audit.verify import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, str(Log().write(tmp_path)), "--key", KEY]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0
