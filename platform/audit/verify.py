"""Check an exported audit log, with nothing of Jieli: one file, Python's standard library and `cryptography`.

    python verify.py export.tar --key log.example+1a2b3c4d+AQ… [--checkpoint kept.txt]…
    python -m audit.verify export.tar --key log.pub --witness watch.pub

The key must come from somewhere else than the export; a checkpoint kept earlier, or one that a witness cosigned
(--witness: the witness's key, from the witness), shows a history that was signed anew. Exit status: 0 nothing was changed, 1 something was changed (each place is
named), 2 the check could not be done. This file shares no code with the program that wrote the log.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import re
import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "jieli-audit-export/1"
MAX_PROBLEMS = 50
MAX_MEMBER = 512 * 1024 * 1024
ENTRY_FIELDS = {"leaf", "hash", "id", "time", "actor", "action", "subject", "payload"}


LOG_KEY, WITNESS_KEY = 1, 4  # signature types of C2SP signed-note and tlog-cosignature


class CannotCheck(Exception):
    """The check could not be done at all (exit status 2)."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


class Malformed(ValueError):
    """A note, key or line that cannot be read."""


@dataclass(frozen=True)
class Problem:
    zh: str
    en: str


@dataclass
class Report:
    leaves: int = 0
    checkpoints: int = 0
    erased: int = 0
    last_size: int = 0
    last_root: str = ""
    #: witness → (leaves that it saw, when: POSIX seconds), the furthest of each
    witnessed: dict[str, tuple[int, int]] = field(default_factory=dict)
    first_time: int | None = None
    last_time: int | None = None
    problems: list[Problem] = field(default_factory=list)
    more: int = 0

    @property
    def holds(self) -> bool:
        return not self.problems

    def add(self, zh: str, en: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(zh, en))
        else:
            self.more += 1


# --- canonical JSON (RFC 8785), for strings, whole numbers, booleans, null, arrays and objects -----


def canonical(value: Any) -> bytes:
    return _canonical(value).encode()


def _canonical(value: Any) -> str:
    if isinstance(value, dict):
        items = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_canonical(key)}:{_canonical(item)}" for key, item in items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_canonical(item) for item in value) + "]"
    if isinstance(value, float):
        raise Malformed("a fraction cannot be part of an entry")
    return json.dumps(value, ensure_ascii=False)


def unbase64(value: Any) -> bytes:
    """Strictly: one text for each byte string, or a changed character could go unnoticed."""
    if not isinstance(value, str):
        raise Malformed("not base64")
    try:
        data = base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        raise Malformed("not base64") from None
    if base64.b64encode(data).decode() != value:
        raise Malformed("not base64")
    return data


# --- keys, notes, checkpoints (C2SP signed-note and tlog-checkpoint) -------------------------------


@dataclass(frozen=True)
class Key:
    name: str
    key_id: bytes
    public: Ed25519PublicKey


def parse_key(text: str, kind: int = LOG_KEY) -> Key:
    """kind: LOG_KEY or WITNESS_KEY. Raises Malformed."""
    try:
        name, key_id, encoded = text.strip().split("+", 2)
        blob = unbase64(encoded)
    except ValueError:
        raise Malformed("a key reads name+8 hex digits+base64") from None
    if len(blob) != 33 or blob[0] != kind or sha256(name.encode() + b"\n" + blob).hexdigest()[:8] != key_id:
        raise Malformed("the key is damaged, or not an Ed25519 key")
    return Key(name, bytes.fromhex(key_id), Ed25519PublicKey.from_public_bytes(blob[1:]))


def open_checkpoint(note: str, key: Key) -> tuple[int, bytes]:
    """(size, root) of a checkpoint that the key signed; raises Malformed with the reason."""
    text, separator, signatures = note.rpartition("\n\n")
    if not separator:
        raise Malformed("it carries no signature")
    text += "\n"
    for line in signatures.split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "—" or parts[1] != key.name:
            continue
        try:
            blob = unbase64(parts[2])
        except Malformed:
            continue
        if blob[:4] != key.key_id:
            continue
        try:
            key.public.verify(blob[4:], text.encode())
        except InvalidSignature:
            raise Malformed("its signature does not hold") from None
        break
    else:
        raise Malformed("it is not signed with the given key")
    lines = text.split("\n")
    if len(lines) < 4 or lines[0] != key.name or not re.fullmatch(r"0|[1-9][0-9]{0,17}", lines[1]):
        raise Malformed("it is not a checkpoint of this log")
    try:
        root = unbase64(lines[2])
    except Malformed:
        raise Malformed("its root cannot be read") from None
    return int(lines[1]), root


def cosigned_at(note: str, witness: Key) -> int | None:
    """When the witness cosigned the note (POSIX seconds), None if it did not; Malformed if its line does not hold.

    C2SP tlog-cosignature, Ed25519: the blob is key id, 8-byte time, signature over a header, the time, the text.
    """
    text, separator, signatures = note.rpartition("\n\n")
    if not separator:
        return None
    found = None
    for line in signatures.split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "—" or parts[1] != witness.name:
            continue
        blob = unbase64(parts[2])
        if blob[:4] != witness.key_id:
            continue
        time = int.from_bytes(blob[4:12], "big")
        try:
            witness.public.verify(blob[12:], cosigned_message(time, text + "\n"))
        except InvalidSignature:
            raise Malformed(f"the cosignature of {witness.name} does not hold") from None
        found = max(found or 0, time)
    return found


def cosigned_message(time: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


# --- the tree (RFC 9162 §2.1) ----------------------------------------------------------------------


class Tree:
    """Grows leaf by leaf and tells its root; holds one hash for each 1 in the binary form of its size."""

    def __init__(self) -> None:
        self.size = 0
        self.stack: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        self.stack.append(leaf)
        self.size += 1
        rest = self.size
        while rest % 2 == 0:
            right, left = self.stack.pop(), self.stack.pop()
            self.stack.append(sha256(b"\x01" + left + right).digest())
            rest //= 2

    def root(self) -> bytes:
        if not self.stack:
            return sha256(b"").digest()
        root = self.stack[-1]
        for left in reversed(self.stack[:-1]):
            root = sha256(b"\x01" + left + root).digest()
        return root


# --- the export ------------------------------------------------------------------------------------


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Malformed("a field stands twice")
    return result


def _lines(data: bytes) -> Iterator[dict[str, Any] | None]:
    """Each line's object; None for a line that cannot be read."""
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        try:
            value = json.loads(line, object_pairs_hook=_no_doubles)
        except (ValueError, RecursionError):
            value = None
        yield value if isinstance(value, dict) else None


def leaf_of(entry: dict[str, Any]) -> bytes:
    """The leaf hash of an exported entry, format version 1. Raises Malformed."""
    if set(entry) != ENTRY_FIELDS:
        raise Malformed("its fields are not those of an entry")
    leaf = {name: entry[name] for name in ("id", "time", "actor", "action", "subject", "payload")}
    return sha256(b"\x00" + canonical({**leaf, "v": 1})).digest()


@dataclass
class _Signed:
    """A checkpoint to hold against the tree when it has grown to `size`."""

    size: int
    root: bytes
    kept: str  # the file it was kept in, '' for the export's own


class Checker:
    def __init__(self, key: Key, kept: dict[str, str], witnesses: Sequence[Key] = ()) -> None:
        self.key = key
        self.witnesses = witnesses
        self.report = Report()
        self.tree = Tree()
        self.signed: list[_Signed] = []
        self.good_size = 0
        self.root_broken = False
        self.ids: set[int] = set()
        self.last_checkpoint = 0
        self.commitments: dict[int, tuple[int, bytes]] = {}
        for name, text in kept.items():
            try:
                size, root = open_checkpoint(text, key)
            except Malformed as error:
                raise CannotCheck(
                    f"另存的检查点 {name} 不能用：不是这把公钥签的，或文件已损坏。",
                    f"the kept checkpoint {name} cannot be used: {error}",
                ) from None
            self.signed.append(_Signed(size, root, name))
        self.signed.sort(key=lambda one: one.size)

    def run(self, path: Path) -> Report:
        try:
            with tarfile.open(path, "r|*") as archive:
                self._members(archive)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise CannotCheck(f"导出文件读不了：{error}", f"the export cannot be read: {error}") from None
        self._finish()
        return self.report

    def _members(self, archive: tarfile.TarFile) -> None:
        manifest = False
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is None:
                continue
            if member.size > MAX_MEMBER:
                raise CannotCheck(f"导出文件里的 {member.name} 太大。", f"{member.name} is too large")
            data = stream.read()
            if member.name == "manifest.json":
                manifest = True
                self._manifest(data)
            elif not manifest:
                continue
            elif member.name == "checkpoints.jsonl":
                self._checkpoints(data)
            elif member.name.startswith("entries/"):
                self._entries(data)
            elif member.name.startswith("payloads/"):
                self._payloads(data)
        if not manifest:
            raise CannotCheck("这不是接力的审计导出文件。", "this is not an audit export of Jieli")

    def _manifest(self, data: bytes) -> None:
        try:
            found = json.loads(data)["format"]
        except (ValueError, KeyError, TypeError):
            found = None
        if found != FORMAT:
            raise CannotCheck("导出格式的版本不认识。", f"unknown export format {found!r}")

    def _checkpoints(self, data: bytes) -> None:
        before = -1
        for number, line in enumerate(_lines(data)):
            self.report.checkpoints += 1
            try:
                if line is None or not isinstance(line.get("note"), str):
                    raise Malformed("it cannot be read")
                size, root = open_checkpoint(line["note"], self.key)
            except Malformed as error:
                said = line.get("size") if line else "?"
                self.report.add(
                    f"第 {number} 个检查点（记录数 {said}）不可信：签名不对、不是这把公钥签的，或被改过。",
                    f"checkpoint {number} (size {said}) is not to be trusted: {error}",
                )
                continue
            if size <= before:
                self.report.add(
                    f"第 {number} 个检查点（记录数 {size}）顺序不对。",
                    f"checkpoint {number} (size {size}) is out of order",
                )
                continue
            before = self.last_checkpoint = size
            self._witnesses(line["note"], number, size)
            self.signed.append(_Signed(size, root, ""))
        self.signed.sort(key=lambda one: one.size)
        self._compare()

    def _witnesses(self, note: str, number: int, size: int) -> None:
        for witness in self.witnesses:
            try:
                time = cosigned_at(note, witness)
            except Malformed as error:
                self.report.add(
                    f"第 {number} 个检查点（记录数 {size}）上见证人 {witness.name} 的签名不对。",
                    f"checkpoint {number} (size {size}): {error}",
                )
                continue
            if time is not None:
                self.report.witnessed[witness.name] = (size, time)

    def _entries(self, data: bytes) -> None:
        self._flush_payloads()
        for entry in _lines(data):
            expected = self.tree.size
            try:
                if entry is None:
                    raise Malformed("it cannot be read")
                actual = leaf_of(entry)
                stored = unbase64(entry["hash"])
                commitment = unbase64(entry["payload"])
                if not isinstance(entry["id"], int) or not isinstance(entry["time"], int):
                    raise Malformed("its number or time is not a whole number")
            except (Malformed, TypeError, UnicodeEncodeError, RecursionError) as error:
                self.report.add(f"第 {expected} 条记录读不出来。", f"leaf {expected} cannot be read: {error}")
                self.tree.add(b"\x00" * 32)
                self._compare()
                continue
            index = entry["leaf"]
            if index != expected:
                if isinstance(index, int) and index > expected:
                    zh, en = f"第 {expected} 条记录不见了", f"leaf {expected} is missing"
                else:
                    zh, en = f"第 {expected} 条记录被换了位置", f"leaf {expected} was moved"
                self.report.add(
                    f"{zh}（这里放的是第 {index} 条）。", f"{en} (leaf {index} stands in its place)"
                )
            if actual != stored:
                self.report.add(
                    f"第 {index} 条记录（编号 {entry['id']}）被改过：内容和它的指纹对不上。",
                    f"leaf {index} (entry {entry['id']}) was changed: it does not match its hash",
                )
            if entry["id"] in self.ids:
                self.report.add(
                    f"编号 {entry['id']} 的记录出现了两次（第 {index} 条）。",
                    f"entry {entry['id']} stands twice (leaf {index})",
                )
            self.ids.add(entry["id"])
            self.commitments[entry["id"]] = (expected, commitment)
            self.report.first_time = (
                entry["time"] if self.report.first_time is None else self.report.first_time
            )
            self.report.last_time = entry["time"]
            self.tree.add(actual)
            self._compare()

    def _payloads(self, data: bytes) -> None:
        for line in _lines(data):
            try:
                if line is None or set(line) != {"id", "salt", "payload"}:
                    raise Malformed("a payload line cannot be read")
                salt, content = unbase64(line["salt"]), canonical(line["payload"])
                place = self.commitments.pop(line["id"], None)
            except (Malformed, TypeError, UnicodeEncodeError, RecursionError):
                self.report.add("有一行附加内容读不出来。", "a payload line cannot be read")
                continue
            if place is None:
                self.report.add(
                    f"编号 {line['id']} 的附加内容没有对应的记录，或出现了两次。",
                    f"the payload of entry {line['id']} has no entry, or stands twice",
                )
            elif sha256(salt + content).digest() != place[1]:
                self.report.add(
                    f"第 {place[0]} 条记录（编号 {line['id']}）的附加内容被改过。",
                    f"the payload of leaf {place[0]} (entry {line['id']}) was changed",
                )

    def _flush_payloads(self) -> None:
        self.report.erased += len(self.commitments)
        self.commitments.clear()

    def _compare(self) -> None:
        """Hold every checkpoint of the tree's present size against it."""
        while self.signed and self.signed[0].size <= self.tree.size:
            one = self.signed.pop(0)
            if one.size < self.tree.size:
                self.report.add("检查点没有排在记录之前。", "the checkpoints do not stand before the entries")
                continue
            if one.root == self.tree.root():
                if not self.root_broken:
                    self.good_size = one.size
                if not one.kept:
                    self.report.last_size = one.size
                    self.report.last_root = base64.b64encode(one.root).decode()
                continue
            if one.kept:
                self.report.add(
                    f"前 {one.size} 条记录和另存的检查点 {one.kept} 对不上：历史被改写后重新签过名。",
                    f"the first {one.size} leaves do not match the kept checkpoint {one.kept}: "
                    "history was rewritten and signed anew",
                )
            elif not self.root_broken:
                first, last = self.good_size, one.size - 1
                self.report.add(
                    f"记录数为 {one.size} 的检查点对不上：第 {first} 条到第 {last} 条之间有改动。",
                    f"the checkpoint of size {one.size} does not match: "
                    f"something between leaf {first} and leaf {last} was changed",
                )
            self.root_broken = True

    def _finish(self) -> None:
        self._flush_payloads()
        self._compare()
        size = self.report.leaves = self.tree.size
        for one in self.signed:
            if one.kept:
                self.report.add(
                    f"日志变短了：另存的检查点 {one.kept} 有 {one.size} 条记录，现在只有 {size} 条。",
                    f"the log got shorter: the kept checkpoint {one.kept} has {one.size} leaves, now {size}",
                )
        for witness in self.witnesses:
            if witness.name not in self.report.witnessed:
                self.report.add(
                    f"见证人 {witness.name} 没有签过这里的任何一个检查点。",
                    f"the witness {witness.name} cosigned none of these checkpoints",
                )
        short = [one.size for one in self.signed if not one.kept]
        if short:
            self.report.add(
                f"末尾缺了记录：检查点写明有 {max(short)} 条，导出里只有 {size} 条。",
                f"the tail is cut off: a checkpoint says {max(short)} leaves, the export has {size}",
            )
        elif size > self.last_checkpoint:
            self.report.add(
                f"第 {self.last_checkpoint} 条到第 {size - 1} 条没有任何检查点签名。",
                f"leaves {self.last_checkpoint} to {size - 1} are covered by no signed checkpoint",
            )


def check(path: Path, key: str, kept: dict[str, str] | None = None, witnesses: Sequence[str] = ()) -> Report:
    """Check an export. key: the verifier key's text; kept: file name → checkpoint note kept earlier; witnesses:
    verifier keys of those who must each have cosigned one of the checkpoints.

    Raises CannotCheck when there is nothing that could be checked.
    """
    try:
        parsed = parse_key(key)
        seeing = [parse_key(text, WITNESS_KEY) for text in witnesses]
    except Malformed as error:
        raise CannotCheck("公钥读不了。", f"the key cannot be read: {error}") from None
    return Checker(parsed, kept or {}, seeing).run(path)


def verdict(report: Report) -> list[str]:
    """What to tell: Chinese first, then English."""
    if report.holds:
        return [
            f"记录没有被改过：{report.leaves} 条记录、{report.checkpoints} 个签名检查点全部对得上"
            + (f"，其中 {report.erased} 条的附加内容已依法删除。" if report.erased else "。"),
            f"Nothing was changed: {report.leaves} entries and {report.checkpoints} signed checkpoints hold"
            + (f"; the payloads of {report.erased} were erased." if report.erased else "."),
            *_seen_by(report),
            f"root {report.last_root or '-'} size {report.last_size}",
        ]
    lines = [
        f"记录被改过，发现 {len(report.problems) + report.more} 处：",
        *(f"  {p.zh}" for p in report.problems),
    ]
    lines += [f"Something was changed, {len(report.problems) + report.more} findings:"]
    lines += [f"  {p.en}" for p in report.problems]
    if report.more:
        lines.append(f"  …（另有 {report.more} 处 / {report.more} more）")
    return lines


def _seen_by(report: Report) -> list[str]:
    lines = []
    for name, (size, time) in sorted(report.witnessed.items()):
        at = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M UTC")
        lines.append(f"见证人 {name} 在 {at} 看到了前 {size} 条，此后没有人能改它们。")
        lines.append(f"Witness {name} saw the first {size} entries at {at}; nobody could change them since.")
    return lines


def text_or_file(value: str) -> str:
    path = Path(value)
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else value
    except (OSError, UnicodeDecodeError):
        return value


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="audit.verify", description="检查审计导出 / check an audit export")
    parser.add_argument("export", type=Path, help="导出文件 / the export (tar)")
    parser.add_argument(
        "--key", required=True, help="公钥或公钥文件 / the log's public key, or a file with it"
    )
    parser.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        type=Path,
        help="另存的检查点 / a checkpoint kept earlier",
    )
    parser.add_argument(
        "--witness",
        action="append",
        default=[],
        help="见证人的公钥或公钥文件 / a witness's key, or a file with it",
    )
    options = parser.parse_args(arguments)
    try:
        kept = {}
        for path in options.checkpoint:
            try:
                kept[str(path)] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise CannotCheck(f"{path} 读不了。", f"{path} cannot be read: {error}") from None
        witnesses = [text_or_file(one) for one in options.witness]
        report = check(options.export, text_or_file(options.key), kept, witnesses)
    except CannotCheck as error:
        print(f"没法检查：{error.zh}\nThe check could not be done: {error.en}")
        return 2
    print("\n".join(verdict(report)))
    return 0 if report.holds else 1


if __name__ == "__main__":
    sys.exit(main())
