"""Sealed values open only under their own purpose and key; indexes match without revealing; masks hide."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault import cipher, index, masking
from vault.fields import SealedDate, SealedJSON, SealedText
from vault.keys import UnknownKeyError


@given(st.binary(max_size=500))
def test_what_was_sealed_opens(value):
    assert cipher.unseal("a.b", cipher.seal("a.b", value)) == value


def test_the_same_value_is_never_sealed_the_same_way_twice():
    assert cipher.seal("a", b"x") != cipher.seal("a", b"x")


def test_a_value_moved_to_another_column_does_not_open():
    with pytest.raises(cipher.SealError):
        cipher.unseal("people.phone", cipher.seal("people.name", b"x"))


@given(st.integers(0, 200), st.integers(1, 255))
def test_one_changed_byte_is_noticed(position, change):
    sealed = bytearray(cipher.seal("a", b"some value of some length"))
    sealed[position % len(sealed)] ^= change
    with pytest.raises((cipher.SealError, UnknownKeyError)):
        cipher.unseal("a", bytes(sealed))


def test_an_old_key_still_opens_after_rotation(settings):
    from dataclasses import replace

    sealed = cipher.seal("a", b"x")
    keys = settings.KEYS
    settings.KEYS = replace(keys, vault={**keys.vault, 2: b"k" * 32}, vault_current=2)
    assert cipher.unseal("a", sealed) == b"x"
    assert cipher.key_version(cipher.seal("a", b"x")) == 2
    settings.KEYS = replace(keys, vault={2: b"k" * 32}, vault_current=2)
    with pytest.raises(UnknownKeyError, match="version 1"):
        cipher.unseal("a", sealed)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (SealedText("t"), "陈雨涵𠮷"),
        (SealedDate("t"), date(2017, 3, 8)),
        (SealedJSON("t"), {"a": ["甲", 1, None]}),
    ],
)
def test_fields_keep_their_type(field, value):
    assert field.from_bytes(field.to_bytes(value)) == value


def test_the_blind_index_ignores_form_but_not_purpose():
    assert index.blind("id", " 43010319900101003x ") == index.blind("id", "４３010319900101003X")
    assert index.blind("id", "1") != index.blind("phone", "1")
    assert len(index.blind("id", "1")) == 16


def test_a_blocking_key_fits_a_bigint():
    keys = {index.blocking_key("name_birth", str(n)) for n in range(1000)}
    assert len(keys) == 1000
    assert all(-(2**63) <= key < 2**63 for key in keys)


def test_an_encrypted_field_cannot_be_searched_by_mistake(db):
    from django.core.exceptions import FieldError

    from people.models import Identity

    with pytest.raises(FieldError, match="blind index"):
        Identity.objects.filter(name="陈雨涵").exists()


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        (masking.name, "陈雨涵", "陈*涵"),
        (masking.name, "王强", "王*"),
        (masking.name, "欧阳娜娜", "欧阳**"),
        (masking.name, "Alice Smith", "A*** S***"),
        (masking.name, "", "—"),
        (masking.name, None, "—"),
        (masking.id_number, "43010319900101003X", "430***********003X"),
        (masking.phone, "13812345521", "138****5521"),
        (masking.phone, "12345", "****45"),
        (masking.account, "6222021234567890187", "6222 **** **** 0187"),
        (masking.address, "湖南省长沙市开福区示例街道 12 号", "湖南省长沙市****"),
    ],
)
def test_masks(mask, value, shown):
    assert mask(value) == shown


@given(st.text(max_size=60))
def test_a_masked_name_never_shows_more_than_two_letters_of_a_chinese_name(value):
    masked = masking.name(value)
    if value.strip() and not value.strip()[0].isascii() and len(value.strip()) > 4:
        assert len(masked.replace("*", "")) <= 2


def test_make_keys_never_overwrites(tmp_path):
    from django.core.management import CommandError, call_command

    path = tmp_path / "keys.json"
    call_command("make_keys", str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CommandError, match="exists"):
        call_command("make_keys", str(path))
