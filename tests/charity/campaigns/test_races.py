from __future__ import annotations

import factories as make
from charity.campaigns import counting, services
from charity.campaigns.models import Campaign
from outbox import tasks
from people.models import Identity
from scope import actor_scope, engine_scope


def test_one_new_campaign_pushed_at_once_is_kept_once(real_db, shop):
    platform = make.organisation("crowdfunding")
    actors = [make.client_actor(platform, "campaigns:write") for _ in range(8)]

    def work(i):
        with actor_scope(actors[i]):
            result = services.receive(actors[i], 0, shop.campaign())
            return result.state, result.version

    results = real_db.threads(8, work)
    assert sorted(results) == [("accepted", 1)] + [("duplicate", 1)] * 7
    with engine_scope("test"):
        assert Campaign.objects.count() == 1


def test_versions_delivered_by_many_workers_count_once(real_db, shop):
    platform = shop.Platform()
    patient = shop.Patient().link()
    need_id = patient.bill()
    result = platform.one()
    tasks.drain()
    shop.answer("same")
    for raised in ("19000.00", "20000.00", "21000.00"):
        platform.one(raised=raised)

    def work(_):
        with engine_scope("race"):
            counting.received(result["id"])

    real_db.threads(6, work)
    tasks.drain()
    with engine_scope("test"):
        from insurance.ledger import services as ledger

        position = ledger.need_position(need_id)
        assert (str(position.reserved), str(position.paid)) == ("11000.00", "10000.00")
        assert Identity.objects.filter(source="campaign").count() == 1
