import pytest

from audit import note

# The example key and note of the C2SP signed-note ecosystem (golang.org/x/mod/sumdb/note).
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
GO_SIGNATURE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n"
)
SIGNER = note.Signer.from_seed("jieli.example/log", b"\x07" * 32)


def test_it_reads_the_note_of_another_implementation():
    verifier = note.Verifier.parse(GO_KEY)
    assert str(verifier) == GO_KEY
    assert note.open_note(f"{GO_TEXT}\n{GO_SIGNATURE}", verifier) == GO_TEXT


def test_a_changed_text_is_refused():
    with pytest.raises(note.NoteError, match="does not hold"):
        note.open_note(f"{GO_TEXT.replace('answer', 'Answer')}\n{GO_SIGNATURE}", note.Verifier.parse(GO_KEY))


def test_a_checkpoint_comes_back_as_it_was_signed():
    signed = note.sign_checkpoint(SIGNER, 12, b"\x01" * 32)
    assert note.open_checkpoint(signed, SIGNER.verifier) == note.SignedTree(
        "jieli.example/log", 12, b"\x01" * 32
    )


def test_signatures_of_others_are_passed_over():
    signed = note.sign_checkpoint(SIGNER, 12, b"\x01" * 32) + GO_SIGNATURE
    assert note.open_checkpoint(signed, SIGNER.verifier).size == 12


def test_another_key_of_the_same_name_is_refused():
    signed = note.sign_checkpoint(SIGNER, 12, b"\x01" * 32)
    other = note.Signer.from_seed("jieli.example/log", b"\x08" * 32)
    with pytest.raises(note.NoteError, match="no signature by"):
        note.open_checkpoint(signed, other.verifier)


def test_a_checkpoint_of_another_log_is_refused():
    signed = SIGNER.sign(note.SignedTree("other.example/log", 12, b"\x01" * 32).text())
    with pytest.raises(note.NoteError, match="another log"):
        note.open_checkpoint(signed, SIGNER.verifier)


@pytest.mark.parametrize(
    "text",
    [
        "jieli.example/log\n012\nAQEB\n",
        "jieli.example/log\n-1\nAQEB\n",
        "jieli.example/log\n1\nAQEB\n",
        "jieli.example/log\n1\n",
        "jieli.example/log\n1\n%%%%\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text):
    with pytest.raises(note.NoteError):
        note.parse_checkpoint(text)


@pytest.mark.parametrize(
    "text", ["", "a+b", "name+00000000+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "x y+0+AQ=="]
)
def test_a_malformed_verifier_key_is_refused(text):
    with pytest.raises(note.NoteError):
        note.Verifier.parse(text)
