"""Each record of a request to one judged row, before anything is written. No database."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field
from typing import Any

import msgspec

from accounts.models import Organisation
from insurance.formats import Accepted, RawRecord, Refused, content_hash, read

logger = logging.getLogger(__name__)
CENTRE_LENGTH = 12
MSGID_LENGTH = 40


@dataclass(slots=True)
class Judged:
    """What a record is, as it will be stored. `canonical` and `raw` are bytes for the vault."""

    position: int
    state: str  # accepted | refused | quarantined
    raw: bytes
    dialect: str = ""
    kind: str = ""
    centre: str = ""
    setl_id: str = ""
    msgid: str = ""
    original_ref: str = ""
    content_hash: bytes = b""
    reasons: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)
    unknown_fields: list[str] = field(default_factory=list)
    canonical: bytes | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """Two records of one sender with the same key are the same push."""
        if self.state == "accepted":
            return ("accepted", self.centre, self.setl_id, self.kind, self.content_hash)
        return ("held", self.content_hash)


class Centres:
    """For which issuing centres an organisation may push: its list, or (with none) its own area's first
    four digits."""

    def __init__(self, organisation: Organisation) -> None:
        self.listed = frozenset(organisation.centres or ())
        self.prefix = organisation.area[:4] if len(organisation.area) >= 4 else ""

    def allow(self, centre: str) -> bool:
        if len(centre) > CENTRE_LENGTH:
            return False
        if self.listed:
            return centre in self.listed
        return bool(self.prefix) and centre.startswith(self.prefix)


def judge(position: int, record: RawRecord, dialect: str | None, centres: Centres) -> Judged:
    """Read one record. Whatever happens inside, the others of the batch are not touched."""
    try:
        return _judge(position, record, dialect, centres)
    except Exception as error:  # a fault of ours must not cost the sender the batch
        logger.error("a pushed record could not be read: %s", type(error).__name__)
        return _refused(position, record.raw, Refused("unreadable"))


def _refused(position: int, raw: bytes, said: Refused) -> Judged:
    return Judged(
        position,
        "refused",
        raw,
        content_hash=hashlib.sha256(b"refused\n" + said.code.encode() + b"\n" + raw).digest(),
        reasons=[_entry(said)],
    )


def _entry(said: Any) -> dict[str, str]:
    entry = {"code": said.code, "field": said.field, **said.params}
    msgspec.json.encode(entry)  # lone surrogates raise here, not in the database
    return {key: value.replace("\x00", "") for key, value in entry.items()}


def _judge(position: int, record: RawRecord, dialect: str | None, centres: Centres) -> Judged:
    if record.fault is not None:
        return _refused(position, record.raw, record.fault)
    result = read(record.value, dialect)
    if isinstance(result, Refused):
        return _refused(position, record.raw, result)
    settlement = result.settlement
    row = Judged(
        position,
        "accepted" if isinstance(result, Accepted) else "quarantined",
        record.raw,
        dialect=settlement.dialect,
        kind=settlement.kind,
        centre=settlement.issuing_centre[:CENTRE_LENGTH],
        setl_id=settlement.setl_id,
        msgid=settlement.msgid if len(settlement.msgid) <= MSGID_LENGTH else "",
        original_ref=settlement.original_setl_id or settlement.original_msgid,
        content_hash=content_hash(settlement),
        warnings=[_entry(said) for said in result.warnings if said.code != "unknown_field"],
        unknown_fields=[name.replace("\x00", "") for name in settlement.unknown],
        canonical=msgspec.json.encode(settlement),
    )
    msgspec.json.encode(row.unknown_fields)
    if settlement.issuing_centre and not centres.allow(settlement.issuing_centre):
        row.state = "refused"
        row.reasons = [{"code": "not_your_centre", "field": "issuing_centre", "centre": row.centre}]
    elif not isinstance(result, Accepted):
        row.reasons = [_entry(said) for said in result.reasons]
    if row.state != "accepted":
        # what could not be read is not in the canonical form: the same means the same bytes, judged the same
        codes = ",".join(sorted(reason["code"] for reason in row.reasons))
        row.content_hash = hashlib.sha256(f"{row.state}\n{codes}\n".encode() + record.raw).digest()
    return row
