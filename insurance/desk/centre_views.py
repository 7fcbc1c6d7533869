"""The operator's administrator says for which issuing centres each sender may push."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Organisation
from matching.linkage.values import areas
from scope import permission

from . import centres


class CentresForm(forms.Form):
    codes = forms.CharField(
        label=gettext_lazy("可以代表哪些经办机构推送"),
        help_text=gettext_lazy(
            "每行一个代码（结算单里的 clr_optins），比如 430100。空着：可以推送本机构所在市的。"
        ),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_codes(self) -> str:
        try:
            return "\n".join(centres.read(self.cleaned_data["codes"]))
        except centres.Refused as refused:
            raise forms.ValidationError(str(refused)) from refused


@permission(staff=["administrator"], org=["operator"])
@never_cache
@require_GET
def senders(request: Any) -> HttpResponse:
    rows = [
        {
            "organisation": row,
            "place": areas.name_of(row.area),
            "centres": centres.described(row.centres),
        }
        for row in Organisation.objects.filter(kind__in=centres.SENDING).order_by("-is_active", "kind", "id")
    ]
    return render(request, "desk/senders.html", {"rows": rows})


@permission(staff=["administrator"], org=["operator"])
@never_cache
@require_http_methods(["GET", "POST"])
def sender(request: Any, organisation_id: int) -> HttpResponse:
    found = Organisation.objects.filter(pk=organisation_id, kind__in=centres.SENDING).first()
    if found is None:
        raise Http404
    form = CentresForm(request.POST or None, initial={"codes": "\n".join(found.centres)})
    if request.method == "POST" and form.is_valid():
        centres.change(request.actor, found.pk, form.cleaned_data["codes"])
        messages.success(request, _("存好了，从下一次推送起算数。"))
        return redirect("desk:sender", found.pk)
    context = {
        "sender": found,
        "form": form,
        "place": areas.name_of(found.area),
        "centres": centres.described(found.centres),
    }
    return render(request, "desk/sender.html", context, status=400 if form.errors else 200)
