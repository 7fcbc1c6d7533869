"""var/demo-signins.txt: who signs in where, with what, and requests that can be pasted into a terminal."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings

from . import cast
from .bills import MOTHER

ROLES = {
    "case_worker": "经办人", "approver": "审批人", "payer": "付款人", "fund_manager": "基金负责人",
    "intake_clerk": "数据经办", "linkage_reviewer": "身份核对员", "auditor": "审计员", "administrator": "管理员",
}  # fmt: skip


def write(*, bill: dict[str, Any], token: str, left: str, asked: str) -> Path:
    """Write the table, readable by its owner alone. bill: the example push; token: a letter's, not used yet;
    asked: what a new device answers for the family of the measuring case."""
    base = settings.JIELI_BASE_URL.rstrip("/")
    if "JIELI_BASE_URL" not in os.environ and os.environ.get("PORT"):
        base = f"http://127.0.0.1:{os.environ['PORT']}"
    names = {house.code: house.short_name for house in cast.HOUSES}
    lines = [
        "Jieli demo sign-ins（演示账号，全部虚构）",
        f"  Staff: {base}/accounts/login/    password (everybody): {cast.PASSWORD}",
        "  The six digits are shown on the code page, or: .venv/bin/python manage.py demo_code EMAIL",
        "",
    ]
    for first, name, places in cast.MEMBERS:
        roles = "; ".join(
            f"{names[code]} " + "/".join(ROLES[role] for role in roles) for code, roles in places.items()
        )
        lines.append(f"  {cast.email_of(first):<38} {name}  {roles}")
    lines += [
        "",
        f"  Patients: {base}/sign-in/    the code is shown on the next page",
        f"  {cast.PATIENT_PHONE}   nobody yet: apply with it",
        f"  {cast.MOTHER_PHONE}   {MOTHER}: the family of the measuring case (docs/walk-through.md)",
        f"                A new device is asked for an ID's last four and the birth date: {asked} (the page shows it too)",
        f"  A letter's token, not used yet: {token or '(none)'}   enter it at {base}/t/ after applying",
        f"  It belongs to: {left or '-'}",
        "",
        "  API clients (OAuth2 client credentials)",
    ]
    for code, _, scopes in cast.CLIENTS:
        lines.append(
            f"  {names[code]:<6} id {cast.client_id_of(code):<22} secret {cast.client_secret_of(code)}  {' '.join(scopes)}"
        )
    who = f"{cast.client_id_of('changsha-yb')}:{cast.client_secret_of('changsha-yb')}"
    example = settings.VAR_DIR / "demo-settlement.json"
    example.write_text(json.dumps([bill], ensure_ascii=False, indent=1) + "\n")
    example.chmod(0o600)
    lines += [
        "",
        "  Push a settlement (the body is in var/demo-settlement.json):",
        f"  TOKEN=$(curl -s -u {who} -d grant_type=client_credentials {base}/o/token/ \\",
        """    | python3 -c 'import json,sys; print(json.load(sys.stdin)["access_token"])')""",
        f'  curl -s -X POST {base}/api/v1/settlements -H "Authorization: Bearer $TOKEN" \\',
        f"    -H 'Content-Type: application/json' --data @{example}",
        "",
    ]
    path = Path(settings.VAR_DIR) / "demo-signins.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text("\n".join(lines))
    return path
