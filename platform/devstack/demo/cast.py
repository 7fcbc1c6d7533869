"""Who takes part in the demonstration: organisations, members, API clients. All invented.

One password for everybody and codes that anybody can compute: this is a stage, not a lock. `load_demo` refuses to
run in production.
"""

from __future__ import annotations

import base64
import hashlib
import time
from dataclasses import dataclass

from allauth.mfa import app_settings as mfa
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.hashers import make_password

from accounts.models import ApiClient, Membership, Organisation, User
from accounts.staff import enrol_totp
from audit import record
from scope import Actor

PASSWORD = "jieli-demo-2026"  # noqa: S105  the point of a demonstration
PATIENT_PHONE = "16900001234"
#: The family of the measuring case.
MOTHER_PHONE = "16900002019"


@dataclass(frozen=True)
class House:
    code: str
    kind: str
    name: str
    short_name: str
    area: str = ""
    phone: str = ""
    centres: tuple[str, ...] = ()


HOUSES: tuple[House, ...] = (
    House("jieli", "operator", "接力平台运营中心", "接力平台", "430100", "0731-0000-1000"),
    House(
        "changsha-yb", "statutory_insurer", "长沙市医疗保障事务中心", "长沙医保", "430100", "0731-0000-1230", ("430199",)
    ),
    House(
        "qinhuangdao-yb", "statutory_insurer", "秦皇岛市医疗保险服务中心", "秦皇岛医保", "130300", "0335-0000-1230", ("130399",)
    ),
    House("chenxi", "charity", "晨曦慈善基金会", "晨曦", "430100", "0731-0000-2001"),
    House("tongzhou", "charity", "同舟慈善会", "同舟", "430100", "0731-0000-2002"),
    House("kangning", "charity", "康宁公益基金会", "康宁", "130300", "0335-0000-2003"),
    House("anxin", "crowdfunding", "安心筹", "安心筹", "110000", "010-0000-3001"),
    House("xiangjiang", "hospital", "湘江大学附属第一医院", "湘江附一", "430102", "0731-0000-4001"),
    House("hn-ybj", "regulator", "省医疗保障局", "省医保局", "430000", "0731-0000-5001"),
)  # fmt: skip

# e-mail's first part, display name, {organisation: roles}
MEMBERS: tuple[tuple[str, str, dict[str, tuple[str, ...]]], ...] = (
    ("chenxi.worker", "李敏", {"chenxi": ("case_worker",)}),
    ("chenxi.worker2", "邓洁", {"chenxi": ("case_worker",)}),
    ("chenxi.approver", "周建平", {"chenxi": ("approver",)}),
    ("chenxi.payer", "何婷", {"chenxi": ("payer",)}),
    ("chenxi.manager", "罗文", {"chenxi": ("fund_manager", "auditor")}),
    ("chenxi.admin", "彭涛", {"chenxi": ("administrator",)}),
    ("tongzhou.worker", "刘畅", {"tongzhou": ("case_worker",)}),
    ("tongzhou.approver", "谢芳", {"tongzhou": ("approver",)}),
    ("tongzhou.payer", "曹磊", {"tongzhou": ("payer",)}),
    ("tongzhou.manager", "曾静", {"tongzhou": ("fund_manager",)}),
    ("tongzhou.admin", "黄勇", {"tongzhou": ("administrator",)}),
    ("kangning.worker", "张楠", {"kangning": ("case_worker",)}),
    ("kangning.approver", "赵丽", {"kangning": ("approver",)}),
    ("kangning.payer", "王鹏", {"kangning": ("payer",)}),
    ("kangning.manager", "孙悦", {"kangning": ("fund_manager",)}),
    ("kangning.admin", "马超", {"kangning": ("administrator",)}),
    ("two.houses", "冯岩", {"tongzhou": ("case_worker",), "kangning": ("approver",)}),
    ("changsha.clerk", "肖燕", {"changsha-yb": ("intake_clerk",)}),
    ("changsha.admin", "欧阳林", {"changsha-yb": ("administrator",)}),
    ("qinhuangdao.clerk", "高源", {"qinhuangdao-yb": ("intake_clerk",)}),
    ("anxin.clerk", "林晓", {"anxin": ("intake_clerk", "administrator")}),
    ("hospital.clerk", "蒋玲", {"xiangjiang": ("intake_clerk",)}),
    ("reviewer", "陶然", {"jieli": ("linkage_reviewer",)}),
    ("second.reviewer", "温岚", {"jieli": ("linkage_reviewer",)}),
    ("operator.admin", "石磊", {"jieli": ("administrator",)}),
    ("operator.auditor", "易明", {"jieli": ("auditor",)}),
    ("regulator", "邹正", {"hn-ybj": ("auditor",)}),
)

CLIENTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("changsha-yb", "医保核心系统", ("settlements:write", "settlements:read", "invitations:read")),
    ("qinhuangdao-yb", "医保核心系统", ("settlements:write", "settlements:read", "invitations:read")),
    ("xiangjiang", "医院信息系统", ("settlements:write", "settlements:read")),
    ("anxin", "求助项目推送", ("campaigns:write", "campaigns:read")),
)


def email_of(first: str) -> str:
    return f"{first}@demo.jieli.example"


def is_member(email: str) -> bool:
    """Whether the address belongs to somebody of this stage."""
    return email in {email_of(first) for first, _, _ in MEMBERS}


def totp_secret(email: str) -> str:
    """The demonstration's TOTP secret of an e-mail address (base32, 20 bytes)."""
    digest = hashlib.sha256(f"jieli-demo-totp:{email.lower()}".encode()).digest()
    return base64.b32encode(digest[:20]).decode()


def totp_now(email: str) -> str:
    """The six digits that an authenticator with the demonstration's secret shows at this moment."""
    return format_hotp_value(hotp_value(totp_secret(email), int(time.time()) // mfa.TOTP_PERIOD))


def client_id_of(code: str) -> str:
    return f"demo-{code}"


def client_secret_of(code: str) -> str:
    return "demo-" + hashlib.sha256(f"jieli-demo-client:{code}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Cast:
    """The organisations by code, the members by the first part of their e-mail."""

    houses: dict[str, Organisation]
    members: dict[str, User]

    def staff(self, first: str, code: str | None = None) -> Actor:
        """A member at work; `code` chooses the organisation of somebody who belongs to two."""
        places = next(places for name, _, places in MEMBERS if name == first)
        code = code or next(iter(places))
        return Actor(
            "staff",
            org_id=self.houses[code].pk,
            user_id=self.members[first].pk,
            roles=frozenset(places[code]),
        )

    def client(self, code: str) -> Actor:
        row = ApiClient.objects.get(client_id=client_id_of(code))
        return Actor("client", org_id=self.houses[code].pk, client_id=row.pk, roles=frozenset(row.scopes))


def engage() -> Cast:
    """Make (or find) organisations, members with their second factor, API clients. In the caller's transaction."""
    houses = {}
    for house in HOUSES:
        houses[house.code], made = Organisation.objects.get_or_create(
            code=house.code,
            defaults={
                "kind": house.kind,
                "name": house.name,
                "short_name": house.short_name,
                "area": house.area,
                "phone": house.phone,
                "centres": list(house.centres),
            },
        )
        if made:
            row = houses[house.code]
            record("organisation.bootstrapped", f"organisation:{row.pk}", payload={"kind": row.kind})
    members = {}
    password = make_password(PASSWORD)
    for first, name, places in MEMBERS:
        email = email_of(first)
        user, made = User.objects.get_or_create(
            email=email, defaults={"display_name": name, "password": password}
        )
        members[first] = user
        if made:
            enrol_totp(user, totp_secret(email))
        for code, roles in places.items():
            membership, made = Membership.objects.get_or_create(
                user=user, organisation=houses[code], defaults={"roles": list(roles)}
            )
            if made:
                record(
                    "member.invited",
                    f"membership:{membership.pk}",
                    payload={"user": user.pk, "roles": list(roles), "new": True},
                )
    for code, name, scopes in CLIENTS:
        if not ApiClient.objects.filter(client_id=client_id_of(code)).exists():
            client = ApiClient.objects.create(
                organisation=houses[code],
                name=name,
                client_id=client_id_of(code),
                client_secret=client_secret_of(code),
                client_type="confidential",
                authorization_grant_type="client-credentials",
                scopes=list(scopes),
            )
            record("client.created", f"api_client:{client.pk}", payload={"scopes": sorted(scopes)})
    return Cast(houses, members)
