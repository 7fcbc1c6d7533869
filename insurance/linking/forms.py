from __future__ import annotations

from django import forms
from django.utils.translation import gettext as gettext_now
from django.utils.translation import gettext_lazy as _

from .models import LookUp


class FindForm(forms.Form):
    """A link by a number of a bill or of a person of the registry; or two persons who are one."""

    kind = forms.ChoiceField(
        label=_("按什么找"),
        widget=forms.RadioSelect,
        choices=[
            (LookUp.Kind.BILL, _("结算单号：看这张结算单认定给了谁")),
            (LookUp.Kind.PERSON, _("人员编号：看这个人名下的自动认定")),
            (LookUp.Kind.TWO, _("两个人员编号：提出“这两个是同一人”")),
        ],
        initial=LookUp.Kind.BILL,
    )
    first = forms.CharField(label=_("编号"), max_length=64)
    second = forms.CharField(
        label=_("另一个人员编号"), max_length=64, required=False, help_text=_("只有提出合并时要填。")
    )

    def clean(self) -> dict[str, object]:
        given = super().clean() or {}
        if given.get("kind") == LookUp.Kind.TWO and given.get("first") in {given.get("second"), None}:
            self.add_error("second", gettext_now("两个编号不能相同。"))
        elif given.get("kind") == LookUp.Kind.TWO and not given.get("second"):
            self.add_error("second", gettext_now("请填另一个人的编号。"))
        return given
