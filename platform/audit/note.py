"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint), with Ed25519 (signature type 0x01).

Pure: keys come in as arguments. A verifier key reads `name+8 hex digits+base64(0x01 || 32 bytes)`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"


class NoteError(ValueError):
    """The note is not well-formed, or no signature of the expected key holds."""


def _decode(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise NoteError(f"{what} is not base64") from None


def _check_name(name: str) -> None:
    if not name or "+" in name or any(character.isspace() for character in name):
        raise NoteError(f"a key name holds neither spaces nor '+', got {name!r}")


@dataclass(frozen=True)
class Verifier:
    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.public_key).decode()}"

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Raises NoteError when it is no Ed25519 verifier key or its key id does not belong to it."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise NoteError("a verifier key reads name+id+base64")
        _check_name(parts[0])
        key = _decode(parts[2], "the verifier key")
        if key[:1] != ED25519 or len(key) != 33:
            raise NoteError("not an Ed25519 verifier key")
        verifier = cls(parts[0], key[1:])
        if verifier.key_id.hex() != parts[1]:
            raise NoteError("the key id does not belong to this key")
        return verifier

    def holds(self, text: str, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signer:
    name: str
    private_key: Ed25519PrivateKey

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> Signer:
        _check_name(name)
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, self.private_key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The whole note: text (must end in a newline), an empty line, the signature line."""
        if not text.endswith("\n"):
            raise NoteError("a note's text ends in a newline")
        signature = base64.b64encode(self.verifier.key_id + self.private_key.sign(text.encode())).decode()
        return f"{text}\n— {self.name} {signature}\n"


def open_note(note: str, verifier: Verifier) -> str:
    """The signed text; NoteError if our signature is missing or bad. Those of other keys are passed over."""
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise NoteError("the note has no signatures")
    text += "\n"
    found = False
    for line in signatures[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "—":
            raise NoteError("a signature line is not well-formed")
        blob = _decode(parts[2], "a signature")
        if parts[1] != verifier.name or blob[:4] != verifier.key_id:
            continue
        if not verifier.holds(text, blob[4:]):
            raise NoteError("the signature does not hold")
        found = True
    if not found:
        raise NoteError(f"no signature by {verifier.name} with key id {verifier.key_id.hex()}")
    return text


@dataclass(frozen=True)
class SignedTree:
    """What a checkpoint says: the log's name, its number of leaves and the 32-byte root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def parse_checkpoint(text: str) -> SignedTree:
    """From a note's text; extension lines are passed over. Raises NoteError."""
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0]:
        raise NoteError("a checkpoint has origin, size and root")
    size = lines[1]
    if not size.isascii() or not size.isdigit() or (size[0] == "0" and size != "0"):
        raise NoteError("a checkpoint's size is a decimal number")
    root = _decode(lines[2], "the root")
    if len(root) != 32:
        raise NoteError("a root has 32 bytes")
    return SignedTree(lines[0], int(size), root)


def sign_checkpoint(signer: Signer, size: int, root: bytes) -> str:
    return signer.sign(SignedTree(signer.name, size, root).text())


def open_checkpoint(note: str, verifier: Verifier) -> SignedTree:
    """Raises NoteError unless signed by the verifier's key, for the log of the verifier's name."""
    tree = parse_checkpoint(open_note(note, verifier))
    if tree.origin != verifier.name:
        raise NoteError(f"the checkpoint is of another log, {tree.origin}")
    return tree
