"""Sequencer, proofs, export and verification over a real database with real commits."""

import io
import json
import tarfile
from datetime import timedelta

import psycopg
import pytest
from django.core.management import call_command
from django.utils import timezone

from audit import export, keys, note, record, sequencer, services, tasks, tree, verify
from audit.models import Checkpoint, Entry, EntryPayload, Leaf, Pending, TreeNode
from scope import Actor, actor_scope

STAFF = Actor("staff", org_id=3, user_id=12)


def write(count, subject="case:5"):
    with actor_scope(STAFF):
        return [record("case.viewed", subject, payload={"n": number, "姓": "名"}) for number in range(count)]


def sequence(database, limit=None):
    with database.acting_as("engine"):
        return sequencer.run(limit)


def exported(folder, name="export.tar"):
    path = folder / name
    with path.open("wb") as out:
        export.export(out)
    return path


def checked(path, kept=None):
    return verify.check(path, str(keys.verifier()), kept)


def stored_root():
    return tree.root_of([bytes(one.leaf_hash) for one in Leaf.objects.order_by("leaf_index")])


def test_it_gives_contiguous_places_and_signs_what_the_tree_says(real_db, monkeypatch):
    monkeypatch.setattr(sequencer, "BATCH", 100)
    write(530)
    assert sequence(real_db) == sequencer.Sequenced(530, 530)
    assert list(Leaf.objects.order_by("leaf_index").values_list("leaf_index", flat=True)) == list(range(530))
    assert not Pending.objects.exists()
    assert TreeNode.objects.filter(level=1).count() == 2
    last = Checkpoint.objects.order_by("-size").first()
    signed = note.open_checkpoint(last.note, keys.verifier())
    assert (signed.size, signed.root) == (530, stored_root())
    assert Checkpoint.objects.count() == 6


def test_with_nothing_waiting_it_signs_nothing(real_db):
    assert sequence(real_db) == sequencer.Sequenced(0, 0)
    assert not Checkpoint.objects.exists()


def test_an_entry_that_commits_late_is_not_lost(real_db):
    with real_db.connect("app") as late:
        late.execute("SELECT audit_write('public', 'a.b', 'late:1', decode(repeat('00', 32), 'hex'), '{}')")
        numbers = write(3)
        assert sequence(real_db).leaves == 3
        late.commit()
    assert sequence(real_db).leaves == 1
    placed = Leaf.objects.select_related("entry").get(leaf_index=3).entry
    assert placed.subject == "late:1"
    assert placed.pk < min(numbers)


def test_many_sequencers_and_writers_at_once_lose_and_double_nothing(real_db, monkeypatch):
    monkeypatch.setattr(sequencer, "BATCH", 7)

    def work(number):
        if number % 2:
            for _ in range(15):
                with actor_scope(STAFF):
                    record("case.viewed", f"case:{number}")
        else:
            for _ in range(10):
                sequencer.run()

    engine = [number for number in range(6) if number % 2 == 0]

    def as_role(number):
        if number in engine:
            with real_db.acting_as("engine"):
                return work(number)
        return work(number)

    real_db.threads(6, as_role)
    sequence(real_db)
    assert not Pending.objects.exists()
    assert Entry.objects.count() == Leaf.objects.count() == 45
    assert list(Leaf.objects.order_by("pk").values_list("pk", flat=True)) == list(range(45))
    assert bytes(Checkpoint.objects.order_by("-size").first().root) == stored_root()


def test_while_another_sequencer_holds_the_lock_it_does_nothing(real_db):
    write(2)
    with real_db.connect("engine") as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [sequencer.LOCK])
        assert sequence(real_db).locked
        assert Pending.objects.count() == 2
    assert sequence(real_db).leaves == 2


@pytest.mark.parametrize("step", ["append_leaves", "append_nodes"])
def test_a_crash_between_steps_leaves_everything_as_it_was(real_db, monkeypatch, step):
    write(3)
    with monkeypatch.context() as patch:
        patch.setattr(sequencer.store, step, lambda rows: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sequence(real_db)
    assert Pending.objects.count() == 3
    assert not Leaf.objects.exists()
    assert sequence(real_db) == sequencer.Sequenced(3, 3)


def test_the_workers_task_sequences_and_does_nothing_while_another_is_at_work(real_db):
    write(4)
    with real_db.acting_as("engine"):
        with real_db.connect("engine") as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", [sequencer.LOCK])
            assert tasks.sequence() == 0
        assert tasks.sequence() == 4


def test_an_entry_shows_its_proof(real_db):
    write(300)
    sequence(real_db)
    with pytest.raises(services.NotInLog):
        services.entry_with_proof(300)
    for index in (0, 255, 256, 299):
        found = services.entry_with_proof(index)
        assert found.holds
        assert found.payload == {"n": index, "姓": "名"}
        assert found.size == 300


def test_status_and_trail_tell_what_waits(real_db):
    write(2)
    sequence(real_db)
    write(1, "case:6")
    state = services.status()
    assert (state.entries, state.today, state.waiting, state.size) == (3, 3, 1, 2)
    assert state.checkpoint_age.total_seconds() >= 0
    assert 0 <= state.waiting_for.total_seconds() < state.checkpoint_age.total_seconds() + 1
    assert [one.leaf_index for one in services.trail("case:6")] == [None]
    assert [one.leaf_index for one in services.trail("case:5")] == [1, 0]


def test_after_a_quiet_night_a_fresh_entry_is_not_late(real_db, monkeypatch):
    write(1)
    sequence(real_db)
    assert services.status().waiting_for.total_seconds() == 0
    write(1)
    later = timezone.now() + timedelta(minutes=6)
    monkeypatch.setattr(services.timezone, "now", lambda: later)
    assert services.status().waiting_for >= timedelta(minutes=5)


def test_an_untouched_export_holds(real_db, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "CHUNK", 100)
    monkeypatch.setattr(sequencer, "BATCH", 64)
    write(250)
    sequence(real_db)
    write(3)  # not yet in the tree: not exported
    report = checked(exported(tmp_path))
    assert report.problems == []
    assert (report.leaves, report.checkpoints, report.erased) == (250, 4, 0)


def test_an_erased_payload_leaves_a_log_that_still_holds(real_db, tmp_path):
    numbers = write(5)
    sequence(real_db)
    with real_db.connect("owner") as owner:
        assert owner.execute("SELECT audit_erase(%s)", [numbers[1:3]]).fetchone() == (2,)
    assert EntryPayload.objects.count() == 3
    report = checked(exported(tmp_path))
    assert (report.holds, report.erased) == (True, 2)
    assert services.entry_with_proof(1).holds
    assert services.entry_with_proof(1).payload is None


def test_who_else_an_entry_named_is_erased_with_its_payload_and_cannot_be_put_back(real_db, tmp_path):
    with actor_scope(STAFF):
        kept, gone = (record("queue.viewed", "organisation:3", also=["case:5", "case:6"]) for _ in range(2))
    sequence(real_db)
    with real_db.connect("owner") as owner:
        assert owner.execute("SELECT audit_erase(%s)", [[gone]]).fetchone() == (1,)
    assert [one.entry_id for one in services.trail("case:6")] == [kept]
    for role in ("app", "engine"):
        for sql in (
            f"INSERT INTO audit_entry_payload VALUES ({gone}, sha256(''), '{{\"subjects\":[\"case:9\"]}}')",
            f"INSERT INTO audit_subject (entry_id, subject) VALUES ({gone}, 'case:9')",
        ):
            with real_db.connect(role) as attacker, pytest.raises(psycopg.Error, match="permission denied"):
                attacker.execute(sql)
    assert services.entry_with_proof(1).payload is None
    assert checked(exported(tmp_path)).holds


def test_an_index_that_was_changed_is_found_and_made_anew_from_the_payloads(real_db, capsys):
    with actor_scope(STAFF):
        number = record("queue.viewed", "organisation:3", also=["case:5", "case:6"])
    sequence(real_db)
    with real_db.superuser() as attacker:
        attacker.execute("SET session_replication_role = replica")
        attacker.execute("UPDATE audit_subject SET subject = 'case:7' WHERE subject = 'case:6'")
    assert services.index_drift() == [(number, "case:6", "missing"), (number, "case:7", "extra")]
    with pytest.raises(SystemExit):
        call_command("audit_verify")
    assert "case:6" in capsys.readouterr().out
    with real_db.connect("owner") as owner:
        assert owner.execute("SELECT audit_reindex()").fetchone() == (2,)
    assert services.index_drift() == []
    call_command("audit_verify")


def test_the_owner_who_switches_the_triggers_off_is_found_out(real_db, tmp_path):
    write(5)
    sequence(real_db)
    with real_db.superuser() as attacker:
        attacker.execute("SET session_replication_role = replica")
        attacker.execute(
            "UPDATE audit_entry SET subject = 'case:999' WHERE id = (SELECT min(id) FROM audit_entry)"
        )
        attacker.execute(
            "UPDATE audit_entry_payload SET payload = '{}' WHERE entry_id = (SELECT max(id) FROM audit_entry)"
        )
    said = "\n".join(verify.verdict(checked(exported(tmp_path))))
    assert "第 0 条记录" in said
    assert "第 4 条记录" in said


def test_a_history_signed_anew_is_found_by_a_kept_checkpoint(real_db, tmp_path):
    write(5)
    sequence(real_db)
    kept = Checkpoint.objects.get(size=5).note
    with real_db.superuser() as attacker:
        attacker.execute("SET session_replication_role = replica")
        attacker.execute("DELETE FROM audit_checkpoint")
        attacker.execute("DELETE FROM audit_leaf")
        attacker.execute("INSERT INTO audit_pending SELECT id FROM audit_entry ORDER BY id LIMIT 3")
    sequence(real_db)
    path = exported(tmp_path)
    assert checked(path).holds
    report = checked(path, {"kept.txt": kept})
    assert any("变短" in problem.zh for problem in report.problems)


def test_the_commands_export_and_check(real_db, tmp_path, capsys):
    write(3)
    with real_db.acting_as("engine"):
        call_command("audit_sequence")
    out, kept = tmp_path / "log.tar", tmp_path / "kept.txt"
    call_command("audit_export", out=str(out), checkpoint_out=str(kept))
    assert Entry.objects.filter(action="audit.exported").count() == 1
    assert verify.main([str(out), "--key", str(keys.verifier()), "--checkpoint", str(kept)]) == 0
    call_command("audit_verify")
    assert "记录没有被改过" in capsys.readouterr().out


def test_only_the_sequencers_role_can_sequence(real_db):
    write(1)
    with pytest.raises(Exception, match="permission denied"):
        sequencer.run()
    assert Pending.objects.count() == 1


def test_the_export_says_how_to_check_it(real_db):
    out = io.BytesIO()
    export.export(out)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as archive:
        names = archive.getnames()
        manifest = json.loads(archive.extractfile("manifest.json").read())
        assert archive.extractfile("key.txt").read().decode().strip() == str(keys.verifier())
    assert names[:4] == ["README.txt", "manifest.json", "key.txt", "checkpoints.jsonl"]
    assert manifest["size"] == 0
