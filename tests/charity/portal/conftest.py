from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from accounts.staff import enrol_totp


@pytest.fixture(autouse=True)
def _own_var(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture
def browser():
    """A signed-in browser of an actor, with the second factor enrolled."""

    def open_as(actor) -> Client:
        user = User.objects.get(pk=actor.user_id)
        enrol_totp(user)
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        return client

    return open_as
