"""Backup and restore, each one command, each ending in a verification of the audit log.

An archive is a tar of: dump (pg_dump, custom format, made by the read-only role jieli_backup), checkpoint.txt (the
newest signed checkpoint), manifest.json (SHA-256 of the others, time, PostgreSQL's version). Personal values in it are
sealed; the key file is not in it and must be kept apart.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from config.env import database

from . import postgres

FORMAT = 1


class BackupError(Exception):
    """What is wrong and what to do."""


def _environment(settings: dict[str, Any]) -> dict[str, str]:
    env = {
        **os.environ,
        "PGHOST": settings["HOST"],
        "PGPORT": settings["PORT"],
        "PGUSER": settings["USER"],
        "PGPASSWORD": settings["PASSWORD"],
        "PGDATABASE": settings["NAME"],
        "PGOPTIONS": settings["OPTIONS"].get("options", ""),
    }
    return {key: value for key, value in env.items() if value}


def _connect(settings: dict[str, Any]) -> psycopg.Connection:
    return psycopg.connect(
        host=settings["HOST"] or None,
        port=settings["PORT"] or None,
        user=settings["USER"],
        password=settings["PASSWORD"] or None,
        dbname=settings["NAME"],
        connect_timeout=10,
    )


def _run(program: str, arguments: list[str], settings: dict[str, Any]) -> None:
    done = subprocess.run(  # noqa: S603
        [str(postgres.programs() / program), *arguments],
        env=_environment(settings),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BackupError(f"{program} failed: {last}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def backup(out: Path) -> dict[str, Any]:
    """Write an archive to `out` (mode 0600, refused if it exists). Returns the manifest. Raises BackupError."""
    settings = database("backup")
    if out.exists():
        raise BackupError(f"{out} exists already; archives are never overwritten")
    with tempfile.TemporaryDirectory(dir=out.parent) as name:
        folder = Path(name)
        try:
            with _connect(settings) as connection:
                row = connection.execute(
                    "SELECT note FROM audit_checkpoint ORDER BY id DESC LIMIT 1"
                ).fetchone()
                version = connection.execute("SHOW server_version").fetchone()
        except psycopg.Error as error:
            raise BackupError(f"the database does not answer as jieli_backup: {error}") from None
        # The checkpoint is read before the dump: the dump holds at least what it signs.
        (folder / "checkpoint.txt").write_text(row[0] if row else "")
        _run("pg_dump", ["--format=custom", "--no-owner", f"--file={folder / 'dump'}"], settings)
        manifest = {
            "format": FORMAT,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "postgresql": version[0] if version else "",
            "sha256": {part: _sha256(folder / part) for part in ("dump", "checkpoint.txt")},
        }
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=2))
        whole = folder / "archive.tar"
        whole.touch(mode=0o600)
        with tarfile.open(whole, "w") as archive:
            for part in ("manifest.json", "checkpoint.txt", "dump"):
                archive.add(folder / part, part)
        os.link(whole, out)
    return manifest


def restore(archive: Path) -> Path | None:
    """Fill the empty database that DATABASE_URL names, as jieli_owner.

    Returns a file with the archive's checkpoint, to verify against (None if the log was empty). Raises BackupError
    and leaves the database empty when the archive is damaged or the database is not empty.
    """
    settings = database("owner")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
            manifest = json.loads((folder / "manifest.json").read_text())
            sums = manifest["sha256"]
        except (OSError, tarfile.TarError, ValueError, KeyError) as error:
            raise BackupError(f"{archive} is no archive of ours: {error}") from None
        if manifest.get("format") != FORMAT:
            raise BackupError(f"the archive's format {manifest.get('format')} is not known here")
        for part in ("dump", "checkpoint.txt"):
            if _sha256(folder / part) != sums.get(part):
                raise BackupError(f"{part} in the archive is damaged (SHA-256 differs); take another archive")
        try:
            with _connect(settings) as connection:
                tables = connection.execute(
                    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                    " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')"
                ).fetchone()
        except psycopg.Error as error:
            raise BackupError(f"the database does not answer as jieli_owner: {error}") from None
        if tables and tables[0]:
            raise BackupError(
                f"the database {settings['NAME']} is not empty: make a new one (manage.py db_roles) and"
                " name it in DATABASE_URL; nothing was changed"
            )
        _run(
            "pg_restore",
            [
                "--no-owner",
                "--exit-on-error",
                "--single-transaction",
                f"--dbname={settings['NAME']}",
                str(folder / "dump"),
            ],
            settings,
        )
        note = (folder / "checkpoint.txt").read_text()
    if not note:
        return None
    kept = archive.with_name(archive.name + ".checkpoint.txt")
    kept.write_text(note)
    return kept
