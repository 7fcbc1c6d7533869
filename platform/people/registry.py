"""Look-up and creation of people and their descriptions: the engine's work (see decisions on roles).

Descriptions are kept as sources gave them; a person is only what links them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit import record
from vault.index import blind, code_hash

from . import index
from .models import Identity, LinkState, Person, ProofToken, Representation

TOKEN_DAYS = 30
# No 0/O, 1/I/L, U/V: a token is read out on the phone and copied from paper.
TOKEN_ALPHABET = "ABCDEFGHJKMNPQRSTWXYZ23456789"  # noqa: S105


@dataclass(frozen=True)
class Description:
    """A person as one source describes him. `extra` holds what has no column: psn_no, hospital, disease, age."""

    name: str = ""
    id_number: str = ""
    id_valid: bool = False
    cert_type: str = ""
    birth_date: date | None = None
    sex: str = ""  # "1" male, "2" female
    phone: str = ""
    area: str = ""
    address: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def fingerprint(self) -> bytes:
        return blind(
            "people.description", json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, default=str)
        )


def _values(description: Description) -> dict[str, Any]:
    return {
        "fingerprint": description.fingerprint(),
        "name": description.name or None,
        "id_number": description.id_number or None,
        "id_valid": description.id_valid,
        "cert_type": description.cert_type,
        "birth_date": description.birth_date,
        "phone": description.phone or None,
        "address": description.address or None,
        "extra": description.extra or None,
        "sex": description.sex,
        "area": description.area,
        "id_blind": blind("people.id_number", description.id_number)
        if description.id_number and description.id_valid
        else None,
        "name_blind": blind("people.name", description.name) if description.name else None,
        "phone_blind": blind("people.phone", description.phone) if description.phone else None,
    }


def insurer_identity(organisation_id: int, description: Description) -> tuple[Identity, bool]:
    """The sender's description of a person: one row however many bills carry it. (identity, is it new)."""
    values = _values(description)
    found = Identity.objects.filter(
        source="insurer", organisation_id=organisation_id, fingerprint=values["fingerprint"]
    ).first()
    if found:
        return found, False
    try:
        with transaction.atomic():
            return Identity.objects.create(source="insurer", organisation_id=organisation_id, **values), True
    except IntegrityError:  # another worker wrote the same description at this moment
        known = Identity.objects.get(
            source="insurer", organisation_id=organisation_id, fingerprint=values["fingerprint"]
        )
        return known, False


def source_identity(
    source: str, source_id: int, organisation_id: int | None, description: Description
) -> tuple[Identity, bool]:
    """The description that an application or a campaign gives. (identity, did it change or is it new).

    A linked identity keeps its link when the description stays; a changed description waits again.
    """
    values = _values(description)
    identity, created = Identity.objects.get_or_create(
        source=source, source_id=source_id, defaults={**values, "organisation_id": organisation_id}
    )
    if created:
        return identity, True
    if bytes(identity.fingerprint) == values["fingerprint"]:
        return identity, False
    for name, value in values.items():
        setattr(identity, name, value)
    identity.person = None
    identity.state = LinkState.WAITING
    identity.save()
    index.leave(identity)
    return identity, True


def describe_anew(identity: Identity, description: Description) -> bool:
    """The same words of a source were read otherwise: its description changes, whom it belongs to stays. Did it change?"""
    values = _values(description)
    if bytes(identity.fingerprint) == values["fingerprint"]:
        return False
    for name, value in values.items():
        setattr(identity, name, value)
    identity.save(update_fields=list(values))
    return True


def root(person_id: int) -> Person:
    """The person as the registry knows him now, merges followed. Shared-locked: until this transaction ends nobody
    merges him away, so that nothing is attached to a person who is no longer one."""
    wanted: int | None = person_id
    while wanted is not None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT merged_into_id FROM person WHERE id = %s FOR SHARE", [wanted])
            row = cursor.fetchone()
        if row is None:
            raise Person.DoesNotExist(f"no person {wanted}")
        person_id, wanted = wanted, row[0]
    return Person.objects.get(pk=person_id)


#: What a link is made of.
_LINK = ("person", "state", "method", "weight", "params", "prior_weight", "score")


def assign(
    identity: Identity,
    person: Person,
    method: str,
    weight: float | None = None,
    *,
    params: str = "",
    prior_weight: float | None = None,
    score: dict[str, Any] | None = None,
) -> None:
    """Link an identity to a person (to whom he was merged into, if he was), with its audit entry.

    params, prior_weight, score: by which table, prior, levels and rarity the weight came about, so that it can be
    found again; no values.
    """
    person = root(person.pk)
    identity.person = person
    identity.state = LinkState.LINKED
    identity.method = method
    identity.weight, identity.params, identity.prior_weight, identity.score = (
        weight,
        params,
        prior_weight,
        score,
    )
    identity.save(update_fields=_LINK)
    record(
        "person.linked",
        f"person:{person.pk}",
        payload={"identity": identity.pk, "method": method, "source": identity.source},
    )


def release(identity: Identity, state: str = LinkState.WAITING) -> None:
    """Take an identity away from its person; who calls this writes the audit entry of why."""
    identity.person = None
    identity.state = state
    identity.method = ""
    identity.weight, identity.params, identity.prior_weight, identity.score = None, "", None, None
    identity.save(update_fields=_LINK)


def represent(account_id: int, person_id: int, capacity: str, method: str) -> Representation:
    """That the account proved to speak for the person."""
    row, created = Representation.objects.get_or_create(
        account_id=account_id,
        person_id=person_id,
        revoked_at=None,
        defaults={"capacity": capacity, "method": method},
    )
    if created:
        record(
            "person.represented",
            f"person:{person_id}",
            payload={"account": account_id, "capacity": capacity, "method": method},
        )
    return row


def revoke_proofs(person_id: int, organisation_id: int) -> list[int]:
    """Tokens that this organisation sent for the person are void, and so is what was proven with them.

    For an undone link: its family got them for the wrong person. Returns the accounts that lost the right to
    speak for him.
    """
    now = timezone.now()
    tokens = ProofToken.objects.filter(person_id=person_id, organisation_id=organisation_id)
    voided = tokens.filter(used_at=None, expires_at__gt=now).update(expires_at=now)
    used = list(tokens.filter(used_by__isnull=False).values_list("used_by_id", flat=True))
    accounts = list(
        Representation.objects.filter(
            person_id=person_id, account_id__in=used, method="token", revoked_at=None
        ).values_list("account_id", flat=True)
    )
    Representation.objects.filter(
        person_id=person_id, account_id__in=accounts, method="token", revoked_at=None
    ).update(revoked_at=now)
    if voided or accounts:
        record(
            "person.proofs_revoked",
            f"person:{person_id}",
            payload={"organisation": organisation_id, "tokens": voided, "accounts": accounts},
        )
    return accounts


def normalise_token(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter in TOKEN_ALPHABET)


def hash_token(text: str) -> bytes:
    return code_hash("people.proof", normalise_token(text))


def redeem_token(text: str) -> int | None:
    """Use a token up for the patient who is signed in: its id, or None (wrong, used, expired; not a patient).

    The database does it in one step and shows the web nothing else of the token.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT redeem_token(%s)", [hash_token(text)])
        return cursor.fetchone()[0]


def issue_token(person_id: int, organisation_id: int) -> str:
    """A new single-use token, to be sent through the insurer's own channel; shown once, kept hashed.

    16 letters of 29 (77 bits) in groups of four.
    """
    import secrets

    token = "".join(secrets.choice(TOKEN_ALPHABET) for _ in range(16))
    row = ProofToken.objects.create(
        person_id=person_id,
        organisation_id=organisation_id,
        token_hash=hash_token(token),
        expires_at=timezone.now() + timedelta(days=TOKEN_DAYS),
    )
    record("token.issued", f"person:{person_id}", payload={"token": row.pk, "organisation": organisation_id})
    return "-".join(token[i : i + 4] for i in range(0, 16, 4))
