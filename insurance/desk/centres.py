"""For which issuing centres (clr_optins) an organisation may push: said by the operator's administrator alone.

With an empty list a sender may push for its own area's centres (intake.evaluation.Centres), so the area is shown
beside it. A centre is an area code of GB/T 2260, or one of the provincial additions beyond it (430199, "the city
itself"; 4301 71–79, zones): the city, or the province for its own level, has to exist.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Organisation, Role
from audit import record
from insurance.formats.codes import is_known_area
from matching.linkage.values import areas
from scope import Actor

SENDING = ("statutory_insurer", "hospital")
MOST = 200
OWN_LEVEL = ("00", "99")


class Refused(ValueError):
    """The list cannot be kept; the text names what is wrong in it."""


@dataclass(frozen=True)
class Centre:
    """place: the full name of the deepest area that is known; '' for a code that is kept and no longer known."""

    code: str
    place: str


def described(codes: list[str]) -> list[Centre]:
    return [Centre(code, areas.name_of(code[:6])) for code in codes]


def is_centre(code: str) -> bool:
    """Whether such a centre can exist: six to twelve digits in a city or province that exists."""
    if not re.fullmatch(r"[0-9]{6,12}", code):
        return False
    province = areas.name_of(f"{code[:2]}0000")
    if not is_known_area(code[:6]) or not province:
        return False
    if code[2:4] in OWN_LEVEL:
        return True
    if province.endswith("市"):  # under central rule: districts (01) and counties (02), no cities between
        return code[2:4] in {"01", "02"}
    # the city has a name of its own; else a county directly under the province
    return {areas.name_of(f"{code[:4]}00"), areas.name_of(code[:6])} != {province}


def read(text: str) -> list[str]:
    """The codes of a typed list (one a line, or with commas), each once, in order. Raises Refused."""
    words = re.split(r"[\s,，、;；]+", unicodedata.normalize("NFKC", text).strip())
    codes = list(dict.fromkeys(word for word in words if word))
    wrong = [code[:20] for code in codes if not is_centre(code)]
    if wrong:
        raise Refused(
            _(
                "这些不是经办机构的代码：%(codes)s。请填 6 位到 12 位数字，前 6 位是行政区划代码，比如 430100。"
            )
            % {"codes": _("、").join(wrong[:5])}
        )
    if len(codes) > MOST:
        raise Refused(_("一个机构最多 %(most)d 个经办机构。") % {"most": MOST})
    return codes


@transaction.atomic
def change(actor: Actor, organisation_id: int, text: str) -> Organisation:
    """Keep the list, for what is pushed from now on. Raises Refused, Organisation.DoesNotExist."""
    if actor.kind != "staff" or not actor.has(Role.ADMINISTRATOR):
        raise PermissionError("the operator's administrator does this")
    codes = read(text)
    organisation = Organisation.objects.select_for_update().get(pk=organisation_id, kind__in=SENDING)
    before = organisation.centres
    if before == codes:
        return organisation
    organisation.centres = codes
    organisation.save(update_fields=["centres"])
    record(
        "organisation.centres_changed",
        f"organisation:{organisation.pk}",
        payload={"before": before, "after": codes},
    )
    return organisation
