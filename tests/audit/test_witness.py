"""A witness signs what continues what it saw, and nothing else; an export shows whom it was shown to."""

import base64
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import export, keys, note, record, sequencer, services, tree, verify, witness, witnessing
from audit.models import Cosignature, Entry
from scope import Actor, actor_scope

SIGNER = note.Signer.from_seed("jieli.example/log", b"\x07" * 32)
LOG = verify.parse_key(str(SIGNER.verifier))
WATCH = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)
NAME = "watch.example.org/w1"
WATCH_KEY = witness.public_key(NAME, WATCH)

# The example of the C2SP tlog-cosignature document: its key is unknown, its form is not.
EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+"
    "mbIUBkBIfZ+qnA==\n"
)


def leaves(count, start=0):
    return [tree.leaf_hash(bytes([n % 256, n // 256])) for n in range(start, start + count)]


def reader(hashes):
    """A tree.Reader over leaves in memory."""

    def read(level, start, end):
        width = 256**level
        return [tree.root_of(hashes[n * width : (n + 1) * width]) for n in range(start, end)]

    return read


def checkpoint(hashes, signer=SIGNER):
    return note.sign_checkpoint(signer, len(hashes), tree.root_of(hashes))


def request(old, hashes, signer=SIGNER):
    proof = tree.consistency_proof(old, len(hashes), reader(hashes)) if old else []
    lines = [f"old {old}", *(base64.b64encode(one).decode() for one in proof)]
    return "\n".join(lines) + "\n\n" + checkpoint(hashes, signer)


def judged(text, state=None):
    return witness.judge(witness.read_request(text), LOG, state)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 700), st.integers(0, 300))
def test_a_log_that_only_grew_is_accepted_from_any_size_to_any_other(old, more):
    grown = leaves(old + more)
    assert judged(request(old, grown), checkpoint(grown[:old])) == old + more


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(0, 200), st.data())
def test_a_log_with_one_old_leaf_changed_is_refused_whatever_it_proves(old, more, data):
    seen = leaves(old)
    changed = leaves(old + more)
    changed[data.draw(st.integers(0, old - 1))] = tree.leaf_hash(b"another")
    with pytest.raises(witness.ChangedError, match="改写"):
        judged(request(old, changed), checkpoint(seen))


def test_a_shorter_log_and_another_view_of_the_same_size_are_refused():
    seen = checkpoint(leaves(20))
    with pytest.raises(witness.ChangedError, match="变短"):
        judged(request(10, leaves(15)), seen)
    with pytest.raises(witness.ChangedError, match="改写"):
        judged(request(20, leaves(20, start=1)), seen)
    with pytest.raises(witness.ChangedError, match="变短"):
        judged(request(0, leaves(5)), seen)


def test_a_request_from_elsewhere_is_told_where_to_start():
    with pytest.raises(witness.OtherSizeError) as told:
        judged(request(0, leaves(30)), checkpoint(leaves(20)))
    assert told.value.args == (20,)


def test_the_first_request_is_taken_as_it_is():
    assert judged(request(0, leaves(30))) == 30


@pytest.mark.parametrize(
    "text",
    [
        "",
        "old 0\n",
        "old 00\n\n" + checkpoint(leaves(3)),
        "old -1\n\n" + checkpoint(leaves(3)),
        "old 4\n\n" + checkpoint(leaves(3)),
        "old 1\nAAAA\n\n" + checkpoint(leaves(3)),
        "old 1\n" + "\n".join([base64.b64encode(b"x" * 32).decode()] * 64) + "\n\n" + checkpoint(leaves(3)),
        "old 0\n" + base64.b64encode(b"x" * 32).decode() + "\n\n" + checkpoint(leaves(3)),
        "old 0\n\n" + checkpoint(leaves(3), note.Signer.from_seed("jieli.example/log", b"\x08" * 32)),
        "old 0\n\n" + checkpoint(leaves(3), note.Signer.from_seed("other.example/log", b"\x07" * 32)),
    ],
)
def test_what_is_no_request_of_this_log_is_refused(text):
    with pytest.raises(verify.Malformed):
        judged(text)


def test_a_cosignature_has_the_form_of_the_standard_and_holds():
    signed = witness.cosign(checkpoint(leaves(9)), NAME, WATCH, 1679315147)
    key = verify.parse_key(WATCH_KEY, verify.WITNESS_KEY)
    assert verify.cosigned_at(signed, key) == 1679315147
    assert note.open_checkpoint(signed, SIGNER.verifier).size == 9, "the log's own signature still stands"
    example = EXAMPLE.split(" ")[-1].strip()
    mine = signed.split(" ")[-1].strip()
    assert len(base64.b64decode(mine)) == len(base64.b64decode(example)) == 4 + 8 + 64
    assert int.from_bytes(base64.b64decode(example)[4:12], "big") == 1679315147


def test_a_cosignature_is_worth_nothing_on_another_text_or_at_another_time():
    key = verify.parse_key(WATCH_KEY, verify.WITNESS_KEY)
    signed = witness.cosign(checkpoint(leaves(9)), NAME, WATCH, 1679315147)
    line = signed.rstrip("\n").split("\n")[-1]
    with pytest.raises(verify.Malformed):
        verify.cosigned_at(checkpoint(leaves(10)) + line + "\n", key)
    blob = bytearray(base64.b64decode(line.split(" ")[-1]))
    blob[11] ^= 1
    with pytest.raises(verify.Malformed):
        verify.cosigned_at(
            checkpoint(leaves(9)) + f"— {NAME} {base64.b64encode(bytes(blob)).decode()}\n", key
        )
    assert verify.cosigned_at(checkpoint(leaves(9)), key) is None
    with pytest.raises(verify.Malformed):
        verify.parse_key(WATCH_KEY)  # a witness's key is no log's key
    with pytest.raises(verify.Malformed):
        verify.parse_key(str(SIGNER.verifier), verify.WITNESS_KEY)


def test_two_files_and_python_are_enough_to_be_a_witness(tmp_path):
    here = Path(witness.__file__).parent
    for name in ("witness.py", "verify.py"):
        shutil.copy(here / name, tmp_path)
    (tmp_path / "log.pub").write_text(str(SIGNER.verifier))

    def run(*words):
        return subprocess.run(
            [sys.executable, "-I", "-c", "import sys; sys.path.insert(0, '.'); import witness;"
             " sys.exit(witness.main(sys.argv[1:]))", *words],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    made = run("new-key", "--name", NAME, "--key", "watch.key")
    assert made.returncode == 0
    assert (tmp_path / "watch.key").stat().st_mode & 0o077 == 0
    assert run("new-key", "--name", NAME, "--key", "watch.key").returncode == 2, "never overwritten"
    common = ("--log", "log.pub", "--state", "seen.txt", "--key", "watch.key", "--out", "cosigned.txt")
    (tmp_path / "request.txt").write_text(request(0, leaves(10)))
    assert run("cosign", "request.txt", *common).returncode == 0
    key = verify.parse_key(made.stdout.strip(), verify.WITNESS_KEY)
    assert verify.cosigned_at((tmp_path / "cosigned.txt").read_text(), key)
    again = run("cosign", "request.txt", *common)
    assert (again.returncode, again.stdout.strip().split("\n")[-1]) == (3, "10")
    (tmp_path / "request.txt").write_text(request(10, leaves(25)))
    assert run("check", "request.txt", "--log", "log.pub", "--state", "seen.txt").returncode == 0
    before = (tmp_path / "seen.txt").read_text()
    (tmp_path / "request.txt").write_text(request(25, leaves(40, start=3)))
    refused = run("cosign", "request.txt", *common)
    assert refused.returncode == 1
    assert "历史被改写" in refused.stdout
    assert (tmp_path / "seen.txt").read_text() == before
    (tmp_path / "request.txt").write_text("nonsense")
    assert run("cosign", "request.txt", *common).returncode == 2


# --- with the log ------------------------------------------------------------------------------------------


def write(count):
    for n in range(count):
        with actor_scope(Actor("staff", org_id=3, user_id=12)):
            record("award.approved", f"award:{n}")


def sequence(real_db):
    with real_db.acting_as("engine"):
        return sequencer.run()


def witnessed(real_db, tmp_path, old=0, signer=WATCH):
    """The newest checkpoint cosigned and handed back."""
    text = witness.read_request(witnessing.request(old)).note
    path = tmp_path / "cosigned.txt"
    path.write_text(witness.cosign(text, NAME, signer, 1679315147))
    with real_db.acting_as("engine"):
        call_command("audit_witness", "add", str(path), "--key", witness.public_key(NAME, signer))
    return path.read_text()


def exported(tmp_path):
    path = tmp_path / "log.tar"
    with path.open("wb") as out:
        export.export(out)
    return path


def test_the_log_proves_its_growth_to_the_witness_and_the_export_shows_the_signature(
    real_db, tmp_path, capsys
):
    write(5)
    sequence(real_db)
    seen = witnessed(real_db, tmp_path)
    write(7)
    sequence(real_db)
    mine = verify.parse_key(str(keys.verifier()))
    body = witnessing.request(5)
    size = int(witness.read_request(body).note.split("\n")[1])
    assert witness.judge(witness.read_request(body), mine, seen) == size > 12
    path = exported(tmp_path)
    words = [str(path), "--key", str(keys.verifier())]
    assert verify.main([*words, "--witness", WATCH_KEY]) == 0
    assert f"见证人 {NAME} 在 2023-03-20 12:25 UTC 看到了前 5 条" in capsys.readouterr().out
    assert verify.main(words) == 0, "who asks for no witness passes the lines over"
    ((name, saw, _at),) = services.status().witnesses
    assert (name, saw) == (NAME, 5)
    assert Entry.objects.filter(action="audit.cosigned", subject="checkpoint:5").count() == 1


def test_a_witness_that_never_signed_or_another_key_of_its_name_is_found_missing(real_db, tmp_path, capsys):
    write(3)
    sequence(real_db)
    witnessed(real_db, tmp_path)
    stranger = witness.public_key(NAME, Ed25519PrivateKey.from_private_bytes(b"\x0a" * 32))
    words = [str(exported(tmp_path)), "--key", str(keys.verifier())]
    assert verify.main([*words, "--witness", stranger]) == 1
    assert "没有签过" in capsys.readouterr().out


def test_a_history_signed_anew_cannot_bring_its_witness_along(real_db, tmp_path, capsys):
    write(6)
    sequence(real_db)
    witnessed(real_db, tmp_path)
    with real_db.superuser() as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute(
            "UPDATE audit_entry SET subject = 'award:99' WHERE id = (SELECT min(id) FROM audit_entry)"
        )
        lines = owner.execute("SELECT witness, line, at FROM audit_cosignature").fetchall()
        owner.execute("DELETE FROM audit_cosignature")
        owner.execute("DELETE FROM audit_checkpoint")
        owner.execute("DELETE FROM audit_leaf")
        owner.execute("INSERT INTO audit_pending SELECT id FROM audit_entry ORDER BY id LIMIT 6")
    sequence(real_db)
    words = [str(exported(tmp_path)), "--key", str(keys.verifier())]
    assert verify.main(words) == 0, "the owner's own key hides it"
    assert verify.main([*words, "--witness", WATCH_KEY]) == 1
    with real_db.superuser() as owner:
        owner.execute("SET session_replication_role = replica")
        for row in lines:
            owner.execute(
                "INSERT INTO audit_cosignature (checkpoint_id, witness, line, at)"
                " SELECT id, %s, %s, %s FROM audit_checkpoint ORDER BY size DESC LIMIT 1", row
            )  # fmt: skip
    words[0] = str(exported(tmp_path))
    capsys.readouterr()
    assert verify.main([*words, "--witness", WATCH_KEY]) == 1
    assert "签名不对" in capsys.readouterr().out


def test_what_is_no_cosignature_of_our_checkpoint_is_not_kept(real_db, tmp_path):
    write(3)
    sequence(real_db)
    good = witness.cosign(witness.read_request(witnessing.request(0)).note, NAME, WATCH, 1)
    other = witness.cosign(checkpoint(leaves(3)), NAME, WATCH, 1)
    key = Ed25519PrivateKey.from_private_bytes(b"\x0a" * 32)
    unsigned = witness.read_request(witnessing.request(0)).note
    for text, public in (
        (other, WATCH_KEY), (unsigned, WATCH_KEY), (good, witness.public_key(NAME, key)),
        (good.replace("— " + NAME, "— x"), WATCH_KEY), (good, "nonsense"), ("", WATCH_KEY),
    ):  # fmt: skip
        path = tmp_path / "given.txt"
        path.write_text(text)
        with real_db.acting_as("engine"), pytest.raises(CommandError):
            call_command("audit_witness", "add", str(path), "--key", public)
    assert not Cosignature.objects.exists()
    with pytest.raises(witnessing.WitnessError):
        witnessing.request(4)
    for role in ("app", "engine"):
        with real_db.connect(role) as attacker, pytest.raises(Exception, match="permission denied|refused"):
            attacker.execute("UPDATE audit_cosignature SET witness = 'x'")
        with real_db.connect(role) as attacker, pytest.raises(Exception, match="permission denied|refused"):
            attacker.execute("DELETE FROM audit_cosignature")
    with real_db.connect("app") as attacker, pytest.raises(Exception, match="permission denied"):
        attacker.execute("INSERT INTO audit_cosignature (witness) VALUES ('x')")


def test_the_same_cosignature_again_changes_nothing(real_db, tmp_path):
    write(3)
    sequence(real_db)
    for _ in range(2):
        witnessed(real_db, tmp_path)
    assert Cosignature.objects.count() == 1
