"""A backup restores into an empty database, and the log in it verifies; a damaged one is refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import factories as make
from audit import record, sequencer
from devstack.testing import TestDatabases
from scope import actor_scope, engine_scope

ROOT = Path(__file__).resolve().parents[2]


def manage(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def filled(real_db):
    charity = make.organisation("charity")
    need = make.need("177000.00")
    fund = make.fund(charity).pk
    make.consent(charity, fund, make.application(), need_id=need)
    with actor_scope(make.staff(charity, "case_worker")):
        record("case.viewed", "case:1", payload={"fields": ["name"]})
    with engine_scope():
        sequencer.run()
    return real_db, need


@pytest.mark.services
def test_what_was_saved_comes_back_and_verifies(filled, test_databases: TestDatabases, tmp_path):
    real, need = filled
    out = tmp_path / "jieli.tar"
    done = manage(real.environment("backup"), "backup", str(out))
    assert done.returncode == 0, done.stderr
    assert out.stat().st_mode & 0o777 == 0o600
    assert "exists already" in manage(real.environment("backup"), "backup", str(out)).stderr

    empty = test_databases.empty("restored")
    try:
        environment = test_databases.child_environment(empty, "owner")
        done = manage(environment, "restore", str(out))
        assert done.returncode == 0, done.stderr + done.stdout
        assert "没有被改过" in done.stdout or "intact" in done.stdout.lower()
        with test_databases.cluster.connect(empty) as admin:
            row = admin.execute("SELECT residual FROM need_account WHERE id = %s", [need]).fetchone()
            assert str(row[0]) == "177000.00"
            forced = admin.execute(
                "SELECT count(*) FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
            ).fetchone()
            before = real.superuser()
            assert (
                forced
                == before.execute(
                    "SELECT count(*) FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
                ).fetchone()
            )
            assert forced[0] > 10
            before.close()
        again = manage(environment, "restore", str(out))
        assert again.returncode != 0
        assert "not empty" in again.stderr
    finally:
        test_databases.drop(empty)


@pytest.mark.services
def test_a_damaged_archive_is_refused(filled, test_databases: TestDatabases, tmp_path):
    real, _ = filled
    out = tmp_path / "jieli.tar"
    assert manage(real.environment("backup"), "backup", str(out)).returncode == 0
    data = bytearray(out.read_bytes())
    data[len(data) // 2] ^= 1
    bad = tmp_path / "bad.tar"
    bad.write_bytes(data)
    empty = test_databases.empty("damaged")
    try:
        done = manage(test_databases.child_environment(empty, "owner"), "restore", str(bad))
        assert done.returncode != 0
        assert "damaged" in done.stderr or "no archive" in done.stderr
    finally:
        test_databases.drop(empty)
