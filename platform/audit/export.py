"""The export: one tar that audit.verify checks without Jieli. Streamed in chunks; needs no snapshot, because
everything in it is append-only (a payload erased meanwhile is simply absent)."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from dataclasses import dataclass
from typing import IO, Any

from django.db import connection

from . import keys
from .models import Checkpoint

FORMAT = "jieli-audit-export/1"
CHUNK = 5_000

README = """\
接力审计日志导出 / Jieli audit log export (format {format})

怎么检查 / how to check:
    python verify.py export.tar --key KEY [--checkpoint kept.txt] [--witness WITNESSKEY]
公钥 KEY 请向日志的主人另行索取，不要只用本文件里的 key.txt。
Get KEY from the log's owner by another way; do not rely on the key.txt in here.

manifest.json       format, origin, size (leaves), exported checkpoints
key.txt             the log's verifier key (C2SP signed-note)
checkpoints.jsonl   {{"size", "note"}}: signed checkpoints (C2SP tlog-checkpoint), oldest first, with the
                    cosignatures of witnesses (C2SP tlog-cosignature)
entries/N.jsonl     one line a leaf, in order: {{"leaf", "hash", "id", "time", "actor", "action", "subject",
                    "payload"}}; time in UTC microseconds since 1970; payload and hash base64
payloads/N.jsonl    {{"id", "salt", "payload"}} of the entries of entries/N.jsonl; erased ones are absent

leaf  = RFC 8785 JSON of {{"v": 1, id, time, actor, action, subject, payload}}
hash  = SHA-256(0x00 || leaf); the tree is that of RFC 9162 section 2.1
payload (in a leaf) = base64 SHA-256(salt || RFC 8785 JSON of the payload)
"""

_ENTRIES = """
SELECT l.leaf_index, l.leaf_hash, e.id, (extract(epoch FROM e.at) * 1000000)::bigint,
       e.actor, e.action, e.subject, e.commitment, c.salt, c.payload::text
FROM audit_leaf l JOIN audit_entry e ON e.id = l.entry_id LEFT JOIN audit_entry_payload c ON c.entry_id = e.id
WHERE l.leaf_index >= %s AND l.leaf_index < %s ORDER BY l.leaf_index
"""


@dataclass(frozen=True)
class Exported:
    """size: leaves written; checkpoints: how many; last_checkpoint: the newest note ('' for an empty log)."""

    size: int
    checkpoints: int
    last_checkpoint: str


def export(out: IO[bytes]) -> Exported:
    """Write the log up to its newest checkpoint as a tar to `out` (which need not be seekable)."""
    last = Checkpoint.objects.order_by("-size").first()
    size = last.size if last else 0
    signed = [
        (one.size, one.note + "".join(f"{witness.line}\n" for witness in one.cosignatures.all()))
        for one in Checkpoint.objects.filter(size__lte=size).order_by("size").prefetch_related("cosignatures")
    ]
    with tarfile.open(fileobj=out, mode="w|") as archive:
        manifest = {
            "format": FORMAT,
            "origin": keys.verifier().name,
            "size": size,
            "checkpoints": len(signed),
        }
        _add(archive, "README.txt", README.format(format=FORMAT).encode())
        _add(archive, "manifest.json", json.dumps(manifest, indent=1).encode() + b"\n")
        _add(archive, "key.txt", f"{keys.verifier()}\n".encode())
        _add(archive, "checkpoints.jsonl", _jsonl({"size": n, "note": text} for n, text in signed))
        for start in range(0, size, CHUNK):
            _add_chunk(archive, start, min(start + CHUNK, size))
    return Exported(size, len(signed), last.note if last else "")


def _add_chunk(archive: tarfile.TarFile, start: int, end: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, [start, end])
        rows = cursor.fetchall()
    entries, payloads = [], []
    for index, hashed, number, time, actor, action, subject, commitment, salt, payload in rows:
        entries.append(
            {
                "leaf": index,
                "hash": _base64(hashed),
                "id": number,
                "time": time,
                "actor": actor,
                "action": action,
                "subject": subject,
                "payload": _base64(commitment),
            }
        )
        if payload is not None:
            payloads.append({"id": number, "salt": _base64(salt), "payload": json.loads(payload)})
    _add(archive, f"entries/{start:012d}.jsonl", _jsonl(entries))
    _add(archive, f"payloads/{start:012d}.jsonl", _jsonl(payloads))


def _base64(value: Any) -> str:
    return base64.b64encode(bytes(value)).decode()


def _jsonl(rows: Any) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = 0o644
    archive.addfile(member, io.BytesIO(data))
