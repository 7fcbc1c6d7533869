"""Model fields that hold their value encrypted at rest (bytea) and clear in Python.

They cannot be filtered or ordered by: search by a blind index beside them (vault.index.blind).
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.core.exceptions import FieldError
from django.db import models

from .cipher import seal, unseal


class SealedField(models.BinaryField):
    """Base: `purpose` is the associated data, e.g. 'people.name'."""

    description = "encrypted value"
    empty_strings_allowed = False
    # What the type checker sees on an instance: each subclass returns a type of its own.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def __init__(self, purpose: str, *args: Any, **kwargs: Any) -> None:
        self.purpose = purpose
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        return name, path, [self.purpose, *args], kwargs

    def to_bytes(self, value: Any) -> bytes:
        raise NotImplementedError

    def from_bytes(self, value: bytes) -> Any:
        raise NotImplementedError

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None:
            return None
        return connection.Database.Binary(seal(self.purpose, self.to_bytes(value)))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else self.from_bytes(unseal(self.purpose, bytes(value)))

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: Any) -> str:
        raise FieldError("sealed fields are not serialised")

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: search by its blind index, not by {lookup_name}")
        return super().get_lookup(lookup_name)


class SealedText(SealedField):
    def to_bytes(self, value: Any) -> bytes:
        return str(value).encode()

    def from_bytes(self, value: bytes) -> str:
        return value.decode()


class SealedDate(SealedField):
    def to_bytes(self, value: date) -> bytes:
        return value.isoformat().encode()

    def from_bytes(self, value: bytes) -> date:
        return date.fromisoformat(value.decode())


class SealedJSON(SealedField):
    def to_bytes(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode()

    def from_bytes(self, value: bytes) -> Any:
        return json.loads(value)


class SealedBytes(SealedField):
    def to_bytes(self, value: bytes) -> bytes:
        return bytes(value)

    def from_bytes(self, value: bytes) -> bytes:
        return value
