"""The platform's own pages: what it pushed, what became of it, and nothing else."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import Client

import factories as make
from accounts.models import User
from accounts.staff import enrol_totp
from charity.campaigns.models import Campaign, CampaignLink, CampaignPush
from outbox.tasks import drain
from scope import Actor, actor_scope, engine_scope

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_var(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def member(organisation, *roles):
    actor = make.staff(organisation, *(roles or ("intake_clerk",)))
    user = User.objects.get(pk=actor.user_id)
    enrol_totp(user)
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def text(client, path, expect=200):
    answer = client.get(path)
    assert answer.status_code == expect
    return answer.content.decode()


def test_staff_of_a_platform_land_on_their_campaigns(platform):
    client = member(platform.organisation)
    html = text(client, "/desk/campaigns/")
    assert "还没有推送过项目" in html
    home = re.search(r'class="logo" href="([^"]+)"', html)
    assert home
    assert client.get(home[1], follow=True).request["PATH_INFO"] == "/desk/campaigns/"


def test_the_list_shows_amounts_and_a_masked_name(platform):
    platform.one()
    html = text(member(platform.organisation), "/desk/campaigns/")
    for seen in ("P-1", "¥200,000.00", "¥18,600.00", "¥10,000.00", "筹款中", "陈*涵"):
        assert seen in html, seen
    assert "P-1" not in text(member(platform.organisation), "/desk/campaigns/?state=withdrawn")
    assert "P-1" in text(member(platform.organisation), "/desk/campaigns/?external_id=P-1")


def test_a_full_name_and_numbers_are_masked(platform, shop):
    person = {"name": "陈雨涵", "id_number": "430102201703150423", "phone": "13812345521"}
    result = platform.one(beneficiary=person)
    html = text(member(platform.organisation), "/desk/campaigns/") + text(
        member(platform.organisation), f"/desk/campaigns/{result['id']}/"
    )
    for hidden in person.values():
        assert hidden not in html
    assert "陈*涵" in html


def test_a_refused_push_is_listed_with_its_reason_until_it_was_put_right(platform):
    platform.one()
    platform.one(raised="1.005")
    client = member(platform.organisation)
    html = text(client, "/desk/campaigns/?state=refused")
    assert "not_an_amount" in html
    assert "1.005" not in html
    assert "有 1 条没有收下" in html
    assert "最近一次没有收" in text(client, "/desk/campaigns/")
    with engine_scope("test"):
        pk = Campaign.objects.get().pk
    assert "请照原因改好" in text(client, f"/desk/campaigns/{pk}/")
    platform.one(raised="20000.00")
    assert "没有要改的" in text(client, "/desk/campaigns/?state=refused")
    html = text(client, f"/desk/campaigns/{pk}/")
    assert "请照原因改好" not in html
    assert "第 2 版：筹到 ¥20,000.00" in html


def test_what_cannot_be_an_id_is_not_kept(platform):
    platform.push([{"external_id": "陈雨涵\u0007"}, {"external_id": 7}, 9])
    with actor_scope(make.staff(platform.organisation, "intake_clerk")):
        assert set(CampaignPush.objects.values_list("external_id", flat=True)) == {""}


def test_the_same_again_leaves_no_new_line(platform):
    platform.one()
    platform.one()
    with actor_scope(make.staff(platform.organisation, "intake_clerk")):
        assert CampaignPush.objects.count() == 1


def test_another_platform_and_other_houses_see_nothing(platform, shop):
    result = platform.one()
    other = shop.Platform()
    assert "P-1" not in text(member(other.organisation), "/desk/campaigns/")
    text(member(other.organisation), f"/desk/campaigns/{result['id']}/", 404)
    for kind in ("charity", "statutory_insurer", "regulator", "operator"):
        text(member(make.organisation(kind), "case_worker", "auditor"), "/desk/campaigns/", 403)
    with actor_scope(make.staff(other.organisation, "intake_clerk")):
        assert not CampaignPush.objects.exists()


def test_the_pages_are_the_same_whether_a_person_was_found_or_not(platform):
    result = platform.one()
    client = member(platform.organisation)
    drain()

    def page():
        html = text(client, f"/desk/campaigns/{result['id']}/")
        return re.sub(r'(FToken": "|token" value="|nonce[^"]*")[^"]+', r"\1", html)

    before = page()
    with engine_scope("test"):
        CampaignLink.objects.filter(campaign_id=result["id"]).update(person_id=987_654, need_id=None)
    assert before == page()


@pytest.mark.parametrize("lie", ["a member of staff", "another platform", "another's campaign", "a charity"])
def test_sql_of_the_web_role_writes_no_line_that_is_not_its_own_push(platform, shop, lie):
    result = platform.one()
    other = shop.Platform()
    actor = make.client_actor(platform.organisation, "campaigns:write")
    org, campaign = platform.organisation.pk, result["id"]
    if lie == "a member of staff":
        actor = make.staff(platform.organisation, "intake_clerk")
    elif lie == "another platform":
        org = other.organisation.pk
    elif lie == "another's campaign":
        actor, org = make.client_actor(other.organisation, "campaigns:write"), other.organisation.pk
    else:
        house = make.organisation("charity")
        actor, org, campaign = Actor("client", org_id=house.pk, client_id=1), house.pk, None
    with (
        actor_scope(actor),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO campaign_push (platform_id, campaign_id, external_id, state, status, reasons, received_at)"
            " VALUES (%s, %s, 'P-1', 'accepted', 'active', '[]', now())",
            [org, campaign],
        )
