"""Where a member of staff may go: a page is offered when its own declaration lets him in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, resolve, reverse
from django.utils.translation import gettext_lazy as _

from scope.permissions import declared_for

from .models import SCOPES_BY_KIND

# name, label, kinds of organisation (empty: any), roles of which one is needed (empty: any)
PAGES: tuple[tuple[str, Any, frozenset[str], frozenset[str]], ...] = tuple(
    (name, label, frozenset(kinds.split()), frozenset(roles.split()))
    for name, label, kinds, roles in (
        ("portal:queue", _("待办"), "charity", ""),
        ("portal:funds", _("基金"), "charity", ""),
        ("portal:payments", _("付款"), "charity", ""),
        ("linking:queue", _("身份核对"), "operator", "linkage_reviewer"),
        ("platform:campaigns", _("我的项目"), "crowdfunding", ""),
        ("desk:pushes", _("推送"), "statutory_insurer hospital", ""),
        ("desk:invitations", _("邀请"), "statutory_insurer", ""),
        ("accounts:health", _("运行状况"), "operator", ""),
        ("portal:audit", _("记录"), "", ""),
        ("linking:precision", _("认定准确率"), "operator regulator", "auditor administrator"),
        ("accounts:members", _("成员"), "", "administrator"),
        ("desk:centres", _("经办机构"), "operator", "administrator"),
        ("accounts:clients", _("接口密钥"), " ".join(SCOPES_BY_KIND), "administrator"),
    )
)


@dataclass(frozen=True)
class Item:
    name: str
    label: str
    url: str
    current: bool = False
    count: int | None = None


def url_of(name: str) -> str | None:
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def items(request: Any) -> list[Item]:
    """The pages that the signed-in member may open, in order; pages that do not exist are left out."""
    if request.organisation is None or request.actor.kind != "staff":
        return []
    kind = request.organisation.kind
    found = []
    for name, label, kinds, roles in PAGES:
        url = url_of(name)
        if url is None or (kinds and kind not in kinds) or (roles and not roles & request.actor.roles):
            continue
        declared = declared_for(resolve(url).func)
        if declared is not None and declared.name == "staff" and declared.allows(request.actor, kind):
            found.append(Item(name, str(label), url, request.path.startswith(url)))
    return found


def home_of(request: Any) -> str:
    """The page that a signed-in person starts on."""
    if request.user.is_authenticated:
        offered = items(request)
        if not offered:
            return reverse("mfa_index")
        return offered[0].url
    return url_of("applications:start") or reverse("patient_sign_in")
