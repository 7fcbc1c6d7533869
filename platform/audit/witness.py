"""Be a witness of an audit log: sign what you saw, and never a history that does not continue it.

    python witness.py new-key --name watch.example.org --key watch.key     # prints the public key: publish it
    python witness.py check request.txt --log log.pub --state seen.txt      # does the log only grow?
    python witness.py cosign request.txt --log log.pub --state seen.txt --key watch.key --out cosigned.txt

Needs this file, verify.py beside it, Python and `cryptography`; nothing of Jieli. A request is the body of C2SP
tlog-witness (old size, consistency proof, checkpoint); `manage.py audit_witness request` or the audit page makes it.
The state file is the last checkpoint that was accepted: without it the first request is trusted, from then on a log
that was shortened, rewritten or shown differently to somebody else is refused. cosigned.txt is the checkpoint with a
C2SP tlog-cosignature (Ed25519): give it back to the log's owner.

Exit status: 0 all is well, 1 the history was changed (keep the request: it is the evidence), 2 the request cannot be
read, 3 the request starts at another size than the state's, which is printed.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

try:
    import fcntl
except ImportError:  # not on Windows: there, never run two at once
    fcntl = None  # type: ignore[assignment]
try:
    from . import verify
except ImportError:  # the two files alone, somewhere else
    import verify  # type: ignore[no-redef]

MAX_PROOF = 63


class ChangedError(Exception):
    """The log does not continue what was seen. args: Chinese, English."""


class OtherSizeError(Exception):
    """The request starts elsewhere. args[0]: the size that was seen last."""


@dataclass(frozen=True)
class Request:
    """old: leaves that the proof starts from; proof: 32 bytes each; note: the signed checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    note: str


def read_request(text: str) -> Request:
    """Raises verify.Malformed."""
    head, separator, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    if not separator or not re.fullmatch(r"old (0|[1-9][0-9]{0,17})", first) or len(lines) > MAX_PROOF:
        raise verify.Malformed("it is not a witness's request")
    proof = tuple(verify.unbase64(line) for line in lines)
    if any(len(one) != 32 for one in proof):
        raise verify.Malformed("a hash of the proof has not 32 bytes")
    return Request(int(first[4:]), proof, note)


def judge(request: Request, log: verify.Key, state: str | None) -> int:
    """The request's size when it continues the state (None: nothing was seen yet).

    Raises verify.Malformed, OtherSizeError, ChangedError. C2SP tlog-witness, add-checkpoint.
    """
    size, root = verify.open_checkpoint(request.note, log)
    if request.old > size:
        raise verify.Malformed("the old size is larger than the checkpoint")
    seen_size, seen_root = verify.open_checkpoint(state, log) if state is not None else (0, b"")
    if size < seen_size:
        raise ChangedError(
            f"日志变短了：以前看到 {seen_size} 条，现在只有 {size} 条。",
            f"the log got shorter: {seen_size} leaves were seen, now there are {size}",
        )
    if request.old != seen_size:
        raise OtherSizeError(seen_size)
    if seen_size == 0:
        if request.proof:
            raise verify.Malformed("there is nothing to prove from size 0")
        return size
    if not continues(seen_size, size, request.proof, seen_root, root):
        raise ChangedError(
            f"历史被改写了：现在的日志不是接着以前看到的 {seen_size} 条写下去的。",
            f"history was rewritten: this log does not continue the {seen_size} leaves that were seen",
        )
    return size


def continues(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """RFC 9162 §2.1.4.2, 0 < old ≤ new: the first tree is a prefix of the second."""
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first, second = _node(sibling, first), _node(sibling, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = _node(second, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


# --- keys and cosignatures (C2SP signed-note, tlog-cosignature) ------------------------------------


def public_key(name: str, private: Ed25519PrivateKey) -> str:
    blob = bytes([verify.WITNESS_KEY]) + private.public_key().public_bytes_raw()
    key_id = sha256(name.encode() + b"\n" + blob).hexdigest()[:8]
    return f"{name}+{key_id}+{base64.b64encode(blob).decode()}"


def cosign(note: str, name: str, private: Ed25519PrivateKey, now: int) -> str:
    """The note with one more signature line. now: POSIX seconds."""
    text = note.rpartition("\n\n")[0] + "\n"
    key_id = verify.parse_key(public_key(name, private), verify.WITNESS_KEY).key_id
    blob = key_id + now.to_bytes(8, "big") + private.sign(verify.cosigned_message(now, text))
    return f"{note.rstrip(chr(10))}\n— {name} {base64.b64encode(blob).decode()}\n"


def new_key(name: str) -> tuple[str, str]:
    """(private, public) as text."""
    if not re.fullmatch(r"[!-*,-~]{1,100}", name):
        raise verify.Malformed("a witness's name has neither spaces nor '+'")
    private = Ed25519PrivateKey.generate()
    secret = base64.b64encode(private.private_bytes_raw()).decode()
    return f"PRIVATE+KEY+{name}+{secret}\n", public_key(name, private)


def read_key(text: str) -> tuple[str, Ed25519PrivateKey]:
    match = re.fullmatch(r"PRIVATE\+KEY\+([^+\s]+)\+(\S+)", text.strip())
    if match is None:
        raise verify.Malformed("it is not a witness's private key")
    return match[1], Ed25519PrivateKey.from_private_bytes(verify.unbase64(match[2]))


# --- the command -----------------------------------------------------------------------------------


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    """All or nothing, on the disk when it returns."""
    part = path.with_name(path.name + ".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    os.replace(part, path)


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """One at a time for each state: of two histories that are shown at once, the second meets what the first left."""
    with state.with_name(state.name + ".lock").open("a") as held:
        if fcntl is not None:
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _judge(options: argparse.Namespace) -> int:
    request = read_request(options.request.read_text(encoding="utf-8"))
    log = verify.parse_key(verify.text_or_file(options.log))
    state = options.state.read_text(encoding="utf-8") if options.state.exists() else None
    size = judge(request, log, state)
    answer = request.note
    if options.do == "cosign":
        name, private = read_key(options.key.read_text(encoding="utf-8"))
        answer = cosign(request.note, name, private, int(time.time()))
    # Before the answer leaves: two answers never rest on one state.
    _write(options.state, request.note)
    if options.do == "cosign":
        _write(options.out, answer)
    seen = (
        f"以前看到的 {request.old} 条都在，现在有 {size} 条" if state else f"第一次看到这份日志，有 {size} 条"
    )
    print(f"记录只增不改：{seen}。\nThe log only grew: from {request.old} to {size} leaves.")
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="audit.witness", description="做审计日志的见证人 / witness an audit log"
    )
    commands = parser.add_subparsers(dest="do", required=True)
    made = commands.add_parser("new-key", help="造一把见证人的钥匙 / make a witness's key")
    made.add_argument("--name", required=True, help="见证人的名字，比如域名 / e.g. a domain name")
    made.add_argument("--key", required=True, type=Path, help="私钥存到哪里 / where to keep the private key")
    for name, words in (("check", "核对 / check"), ("cosign", "核对并签名 / check and cosign")):
        command = commands.add_parser(name, help=words)
        command.add_argument("request", type=Path)
        command.add_argument(
            "--log", required=True, help="日志的公钥或文件 / the log's key, or a file with it"
        )
        command.add_argument(
            "--state", required=True, type=Path, help="上次看到的检查点 / what was seen last"
        )
        if name == "cosign":
            command.add_argument("--key", required=True, type=Path)
            command.add_argument("--out", required=True, type=Path)
    options = parser.parse_args(arguments)
    try:
        if options.do == "new-key":
            if options.key.exists():
                raise verify.Malformed(f"{options.key} exists already")
            private, public = new_key(options.name)
            _write(options.key, private, 0o600)
            print(public)
            return 0
        with _alone(options.state):
            return _judge(options)
    except ChangedError as error:
        print(f"不签：{error.args[0]}\nRefused: {error.args[1]}.")
        return 1
    except OtherSizeError as error:
        print(f"请从第 {error.args[0]} 条起证明。\nThe proof has to start at:\n{error.args[0]}")
        return 3
    except (verify.Malformed, OSError, UnicodeDecodeError) as error:
        print(f"没法核对。\nThe check could not be done: {error}")
        return 2


if __name__ == "__main__":
    sys.exit(main())
