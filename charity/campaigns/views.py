"""A platform's own campaigns, for its staff: what was pushed, what became of it, how to put it right.

Never whether a campaign was linked to a person, nor anything of a person that the platform did not push itself.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from charity.applications.lookups import illness_name
from matching.linkage.values.areas import name_of
from scope import permission
from vault import masking
from web.charts import Part

from . import services
from .models import Campaign, CampaignPush

PLATFORMS = ["crowdfunding"]
PER_PAGE = 50
ZERO = Decimal("0.00")
BADGES = {"active": "info", "ended": "plain", "withdrawn": "wait"}
SEXES = {"1": "男", "2": "女"}


def _refused(org_id: int) -> QuerySet[CampaignPush]:
    """Refused pushes after which nothing of the same id was accepted."""
    later = CampaignPush.objects.filter(
        platform_id=org_id,
        external_id=OuterRef("external_id"),
        state=CampaignPush.State.ACCEPTED,
        pk__gt=OuterRef("pk"),
    ).exclude(external_id="")
    mine = CampaignPush.objects.filter(platform_id=org_id, state=CampaignPush.State.REFUSED)
    return mine.filter(~Exists(later)).order_by("-pk")


def _person(campaign: Campaign) -> dict[str, str]:
    """The beneficiary as the platform pushed him, masked; free text is left out."""
    said: Any = campaign.beneficiary or {}
    age = said.get("age")
    return {
        "name": masking.name(said.get("name")),
        "about": " · ".join(
            part
            for part in (
                SEXES.get(str(said.get("sex") or ""), ""),
                _("%(age)s 岁") % {"age": age} if age not in (None, "") else "",
            )
            if part
        ),
        "area": name_of(str(said.get("area") or "")),
        "hospital": str(said.get("hospital") or ""),
        "disease": illness_name(campaign.disease_code) or campaign.disease_code,
        "id_number": masking.id_number(said.get("id_number")) if said.get("id_number") else "",
        "phone": masking.phone(said.get("phone")) if said.get("phone") else "",
    }


@permission(staff=[], org=PLATFORMS)
@never_cache
@require_GET
def index(request: Any) -> HttpResponse:
    """All campaigns of the platform, or the pushes that were not accepted."""
    mine = services.own(request.actor)
    refused = _refused(request.actor.org_id)
    state = request.GET.get("state", "")
    if state not in {"", "refused", *Campaign.Status.values}:
        state = ""
    wanted = request.GET.get("external_id", "")[:64].replace("\x00", "").strip()
    totals = mine.aggregate(
        every=Count("pk"),
        **{kind: Count("pk", filter=Q(status=kind)) for kind in Campaign.Status.values},
        raised=Sum("raised"),
        paid=Sum("paid_out"),
    )
    waiting = refused.count()
    tabs = [
        {"label": _("全部"), "url": "?", "count": totals["every"], "current": not state},
        *(
            {"label": label, "url": f"?state={kind}", "count": totals[kind], "current": state == kind}
            for kind, label in Campaign.Status.choices
        ),
        {"label": _("没有收下"), "url": "?state=refused", "count": waiting, "current": state == "refused"},
    ]
    rows: QuerySet[Any] = refused if state == "refused" else mine.filter(status=state) if state else mine
    if wanted:
        rows = rows.filter(external_id=wanted)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    campaigns: list[dict[str, Any]] = []
    if state != "refused":
        found = list(page)
        services.seen(request.actor, found)
        last = {
            push.external_id: push
            for push in refused.filter(external_id__in=[row.external_id for row in found]).order_by("pk")
        }
        campaigns = [
            {
                "row": row,
                "name": masking.name((row.beneficiary or {}).get("name")),  # type: ignore[attr-defined]
                "badge": BADGES.get(row.status, "plain"),
                "refused": last.get(row.external_id),
            }
            for row in found
        ]
    return render(
        request,
        "campaigns/index.html",
        {
            "tabs": tabs,
            "state": state,
            "wanted": wanted,
            "page": page,
            "campaigns": campaigns,
            "refused": list(page) if state == "refused" else [],
            "waiting": waiting,
            "total": totals["every"],
            "figures": [
                {"label": _("筹款中"), "value": totals["active"], "sub": _("共 %(n)d 个项目") % {"n": totals["every"]}},
                {"label": _("累计筹到"), "value": f"¥{totals['raised'] or ZERO:,.2f}", "sub": _("按最近一次推送")},
                {
                    "label": _("筹到还没拨付"),
                    "value": f"¥{(totals['raised'] or ZERO) - (totals['paid'] or ZERO):,.2f}",
                    "sub": _("拨付了请再推一次"),
                },
                {"label": _("没有收下"), "value": waiting, "sub": _("改好再推，用同一个编号")},
            ],
        },
    )  # fmt: skip


@permission(staff=[], org=PLATFORMS)
@never_cache
@require_GET
def show(request: Any, campaign: int) -> HttpResponse:
    """One campaign: amounts, the masked beneficiary, every push that said something new."""
    row = services.own(request.actor).filter(pk=campaign).first() if campaign < 2**63 else None
    if row is None:
        raise Http404
    services.seen(request.actor, [row], "campaign.viewed")
    pushes = list(
        CampaignPush.objects.filter(platform_id=request.actor.org_id, external_id=row.external_id).order_by(
            "-pk"
        )[:50]
    )
    held = max(ZERO, row.raised - row.paid_out)
    parts = [
        Part(_("已拨付"), row.paid_out, "crowdfunding", "paid"),
        Part(_("筹到还没拨付"), held, "crowdfunding", "reserved"),
    ]
    return render(
        request,
        "campaigns/show.html",
        {
            "row": row,
            "badge": BADGES.get(row.status, "plain"),
            "person": _person(row),
            "parts": [part for part in parts if part.amount > 0] or parts[:1],
            "gap": row.target - row.raised,
            "pushes": pushes,
            "refused": next((one for one in pushes[:1] if one.state == "refused"), None),
        },
    )
