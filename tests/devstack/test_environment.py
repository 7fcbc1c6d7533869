"""A developer's secrets and the login of the demo's loader."""

from __future__ import annotations

import stat

import pytest

from config import env
from devstack import environment


def test_secrets_are_made_once_and_are_private(tmp_path):
    first = environment.secrets_of(tmp_path)
    assert environment.secrets_of(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "devstack.env").stat().st_mode) == 0o600
    assert len(set(first.values())) == len(first)


def test_writing_keeps_the_file_private(tmp_path):
    path = tmp_path / "devstack.env"
    path.write_text("OLD=1\n")
    path.chmod(0o644)
    environment.write(path, {"A": "x=y"})
    assert environment.read(path) == {"A": "x=y"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("command", "role"),
    [("migrate", "owner"), ("db_roles", "owner"), ("audit_sequence", "engine"), ("shell", "app")],
)
def test_each_command_has_the_least_role(command, role):
    assert environment.role_of(command) == role


def test_the_demo_s_login_acts_as_the_application(monkeypatch):
    login = environment.demo_login(
        {"DATABASE_URL": "postgresql://127.0.0.1:5999/jieli", "JIELI_DB_DEMO_PASSWORD": "p/w"}
    )
    monkeypatch.setenv("DATABASE_URL_APP", login["DATABASE_URL_APP"])
    database = env.database(login["JIELI_ROLE"])
    assert (database["USER"], database["PASSWORD"], database["HOST"]) == ("jieli_demo", "p/w", "127.0.0.1")
    assert database["OPTIONS"] == {"options": "-c role=jieli_app"}
