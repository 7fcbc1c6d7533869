"""The log's side of witnessing: what a witness is asked, and keeping what it answered (witness.py is its side)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime

from . import keys, note, record, store, tree, verify
from .models import Checkpoint, Cosignature


class WitnessError(ValueError):
    """What was asked for or handed in cannot be used; the message says why."""


@dataclass(frozen=True)
class Added:
    """witness: its name; size: leaves that it vouches for; new: False when it stood there already."""

    witness: str
    size: int
    at: datetime
    new: bool


def request(old: int) -> str:
    """The body of C2SP tlog-witness add-checkpoint: from the `old` leaves that the witness saw (0: none yet) to
    the newest checkpoint. Raises WitnessError."""
    last = Checkpoint.objects.order_by("-size").first()
    if last is None:
        raise WitnessError("there is no checkpoint yet")
    if not 0 <= old <= last.size:
        raise WitnessError(f"the log has {last.size} leaves, not {old}")
    proof = tree.consistency_proof(old, last.size, store.read_hashes) if old else []
    lines = [f"old {old}", *(base64.b64encode(one).decode() for one in proof)]
    return "\n".join(lines) + f"\n\n{last.note}"


def add(cosigned: str, key: str) -> Added:
    """Keep a witness's cosignature. cosigned: one of our checkpoints with the line; key: the witness's public key.

    Runs as jieli_engine, inside a scope. Raises WitnessError.
    """
    try:
        witness = verify.parse_key(key, verify.WITNESS_KEY)
        signed = note.open_checkpoint(cosigned, keys.verifier())
        time = verify.cosigned_at(cosigned, witness)
    except (note.NoteError, verify.Malformed) as error:
        raise WitnessError(str(error)) from None
    if time is None:
        raise WitnessError(f"{witness.name} did not sign it")
    checkpoint = Checkpoint.objects.filter(size=signed.size).first()
    if checkpoint is None or bytes(checkpoint.root) != signed.root:
        raise WitnessError("it is not a checkpoint of this log as it stands now")
    mine = f"— {witness.name} "
    line = next(
        line
        for line in cosigned.split("\n")
        if line.startswith(mine) and verify.cosigned_at(f"{signed.text()}\n{line}\n", witness) == time
    )
    at = datetime.fromtimestamp(time, UTC)
    _row, new = Cosignature.objects.get_or_create(
        checkpoint=checkpoint, witness=witness.name, defaults={"line": line, "at": at}
    )
    if new:
        record("audit.cosigned", f"checkpoint:{checkpoint.size}", payload={"witness": witness.name})
    return Added(witness.name, checkpoint.size, at, new)
