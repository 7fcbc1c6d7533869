"""A production process refuses to start, naming every thing that is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def check(tmp_path: Path, **env: str) -> str:
    clean = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("JIELI_", "DJANGO_", "DATABASE_", "CELERY_"))
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "check", "--tag", "security"],
        env={**clean, "JIELI_ENV": "production", "JIELI_VAR": str(tmp_path), **env},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return f"{done.returncode} {done.stdout}{done.stderr}"


def test_each_missing_thing_is_named(tmp_path):
    said = check(tmp_path, DJANGO_DEBUG="1", JIELI_DEMO="1")
    assert not said.startswith("0 ")
    for name in (
        "DJANGO_SECRET_KEY",
        "JIELI_KEYS_FILE",
        "DJANGO_DEBUG",
        "JIELI_DEMO",
        "JIELI_ALLOWED_HOSTS",
        "JIELI_DB_APP_PASSWORD",
        "JIELI_SMS_BACKEND",
    ):
        assert name in said, name


def test_demo_keys_are_recognised_though_they_come_from_a_file(tmp_path):
    import base64

    from config.env import demo_bytes

    keys = {"vault": {"1": base64.b64encode(b"v" * 32).decode()}, "vault_current": 1}
    for name in ("index", "blocking", "scope"):
        keys[name] = base64.b64encode(name.ljust(32).encode()).decode()
    keys["audit_seed"] = base64.b64encode(demo_bytes("audit")).decode()
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(keys))
    assert "JIELI_KEYS_FILE" in check(tmp_path, JIELI_KEYS_FILE=str(path))


def test_a_complete_environment_passes(tmp_path):
    path = tmp_path / "keys.json"
    subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "make_keys", str(path)],
        env={**os.environ, "JIELI_VAR": str(tmp_path)},
        check=True,
        capture_output=True,
    )
    said = check(
        tmp_path,
        JIELI_KEYS_FILE=str(path),
        DJANGO_SECRET_KEY="r4nd0m-and-long-enough-for-a-test-of-the-checks-only-5f3a9c",
        JIELI_ALLOWED_HOSTS="jieli.example",
        JIELI_DB_APP_PASSWORD="secret",
        JIELI_SMS_BACKEND="somewhere.Gateway",
        DATABASE_URL="postgresql://db.example/jieli",
    )
    assert said.startswith("0 "), said


def test_a_role_too_powerful_is_named(db):
    from django.db import connection

    from scope.power import too_much_power

    assert too_much_power() == [] or all("jieli_test" in item for item in too_much_power())
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'jieli_app'")
        assert cursor.fetchone() == (False, False)


def test_the_owner_is_refused(real_db):

    done = subprocess.run(
        [sys.executable, "-c", "import config.wsgi"],
        env={**os.environ, **real_db.environment("owner"), "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "too powerful" in done.stderr
