from __future__ import annotations

import itertools

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Membership, Organisation, User
from accounts.staff import enrol_totp
from scope import actor_scope
from scope.actor import SYSTEM

_number = itertools.count(1)


def organisation(kind="charity", **fields):
    n = next(_number)
    defaults = {"code": f"org-{n}", "name": f"机构{n}", "short_name": f"机构{n}"}
    return Organisation.objects.create(kind=kind, **{**defaults, **fields})


def member(org, *roles, email=None, totp=True):
    user = User.objects.create_user(
        email=email or f"user{next(_number)}@example.cn",
        password="correct horse battery",
        display_name="王芳",
    )
    if totp:
        enrol_totp(user)
    with actor_scope(SYSTEM):
        return Membership.objects.create(user=user, organisation=org, roles=list(roles))


def signed_in(membership):
    client = Client()
    client.force_login(membership.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


class Make:
    """Organisations, members and their browsers."""

    organisation = staticmethod(organisation)
    member = staticmethod(member)
    signed_in = staticmethod(signed_in)


@pytest.fixture
def make():
    return Make


@pytest.fixture(autouse=True)
def _own_var(settings, tmp_path):
    settings.VAR_DIR = tmp_path
