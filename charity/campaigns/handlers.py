"""What wakes the counting of campaigns."""

from __future__ import annotations

from outbox import on

from . import counting

on("campaign.received")(counting.received)
on("linking.linked")(counting.person_found)
on("linking.unlinked")(counting.person_lost)
on("need.changed")(counting.need_changed)
