"""What an organisation's administrator does: members and their roles, API clients and their keys.

Every function takes the acting administrator first, works only in his organisation, in the caller's
transaction, and writes its audit entry. Raises Refused with a sentence for the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from oauth2_provider.generators import generate_client_secret
from oauth2_provider.models import get_access_token_model

from audit import record
from scope import Actor

from . import sessions
from .models import ROLES_BY_KIND, SCOPES_BY_KIND, ApiClient, Membership, Organisation, Role, User


class Refused(ValueError):
    """The change is not possible; the text says why and what to do."""


@dataclass(frozen=True)
class Invitation:
    """link: path where the new member sets a password, once, within three days; empty for somebody who
    already has an account (nobody may open another organisation's person by inviting him)."""

    membership: Membership
    link: str


@dataclass(frozen=True)
class NewSecret:
    """The client's secret in clear: shown now and never again."""

    client: ApiClient
    secret: str


def _org_id(actor: Actor) -> int:
    if actor.kind != "staff" or actor.org_id is None:
        raise PermissionError("a member of an organisation does this")
    return actor.org_id


def _organisation(actor: Actor) -> Organisation:
    """The actor's organisation, locked: two administrators cannot remove each other at once."""
    if actor.kind != "staff" or not actor.has(Role.ADMINISTRATOR):
        raise PermissionError("an administrator of the organisation does this")
    return Organisation.objects.select_for_update().get(pk=_org_id(actor), is_active=True)


def _roles(organisation: Organisation, roles: Iterable[str]) -> list[str]:
    wanted = list(dict.fromkeys(roles))
    if not wanted:
        raise Refused(_("请至少选一个角色。"))
    allowed = ROLES_BY_KIND.get(organisation.kind, ())
    if any(role not in allowed for role in wanted):
        raise Refused(_("本机构没有这个角色。"))
    return [role for role in allowed if role in wanted]


def _member(actor: Actor, membership_id: int) -> Membership:
    """Raises Membership.DoesNotExist for another organisation's id."""
    return Membership.objects.select_related("user").get(pk=membership_id, organisation_id=_org_id(actor))


def _keep_an_administrator(actor: Actor, but: Membership) -> None:
    others = Membership.objects.filter(
        organisation_id=_org_id(actor),
        is_active=True,
        user__is_active=True,
        roles__contains=[Role.ADMINISTRATOR.value],
    ).exclude(pk=but.pk)
    if not others.exists():
        raise Refused(_("这是本机构最后一位管理员。请先让另一位同事当管理员。"))


def _own_session(actor: Actor, membership: Membership) -> str | None:
    """The mark of the session that stays: the administrator's own, when he changes himself."""
    return actor.session if membership.user_id == actor.user_id else None


def password_link(user: User) -> str:
    """Path of the page where the user sets a password; dies once used, or after PASSWORD_RESET_TIMEOUT."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    return reverse("accounts:set_password", kwargs={"uidb64": uid, "token": token})


@transaction.atomic
def invite(actor: Actor, email: str, display_name: str, roles: Iterable[str]) -> Invitation:
    """Add a member; a person unknown so far gets an account without a password and a link to set one."""
    organisation = _organisation(actor)
    chosen = _roles(organisation, roles)
    email = email.strip().lower()
    user = User.objects.filter(email=email).first()
    link = ""
    if user is None:
        user = User.objects.create_user(email=email, display_name=display_name.strip())
        link = password_link(user)
    elif Membership.objects.filter(user=user, organisation=organisation).exists():
        raise Refused(_("这个人已经是本机构的成员。请在名单里改他的角色或重新启用。"))
    membership = Membership.objects.create(user=user, organisation=organisation, roles=chosen)
    record(
        "member.invited",
        f"membership:{membership.pk}",
        payload={"user": user.pk, "roles": chosen, "new": bool(link)},
    )
    return Invitation(membership, link)


@transaction.atomic
def change_roles(actor: Actor, membership_id: int, roles: Iterable[str]) -> Membership:
    organisation = _organisation(actor)
    membership = _member(actor, membership_id)
    chosen = _roles(organisation, roles)
    if Role.ADMINISTRATOR not in chosen and Role.ADMINISTRATOR in membership.roles:
        _keep_an_administrator(actor, membership)
    before, membership.roles = membership.roles, chosen
    membership.save(update_fields=["roles"])
    ended = sessions.end_of_user(membership.user_id, but=_own_session(actor, membership))
    record(
        "member.roles_changed",
        f"membership:{membership.pk}",
        payload={"before": before, "after": chosen, "sessions_ended": ended},
    )
    return membership


@transaction.atomic
def set_member_active(actor: Actor, membership_id: int, active: bool) -> Membership:
    """Works at the member's next click: every request reads the membership anew."""
    _organisation(actor)
    membership = _member(actor, membership_id)
    if not active:
        _keep_an_administrator(actor, membership)
    membership.is_active = active
    membership.save(update_fields=["is_active"])
    ended = sessions.end_of_user(membership.user_id, but=_own_session(actor, membership))
    action = "member.activated" if active else "member.deactivated"
    record(
        action,
        f"membership:{membership.pk}",
        payload={"user": membership.user_id, "sessions_ended": ended},
    )
    return membership


@transaction.atomic
def reset_sign_in(actor: Actor, membership_id: int) -> str:
    """A new password link for a member who lost password or phone; his second factor is enrolled anew.

    Refused for somebody who also belongs to another organisation: its data would be open to whoever
    holds the link.
    """
    _organisation(actor)
    membership = _member(actor, membership_id)
    user = membership.user
    if membership.user_id == actor.user_id:
        raise Refused(_("请别的管理员来重设您自己的登录。"))
    if Membership.objects.filter(user=user).exclude(organisation_id=_org_id(actor)).exists():
        raise Refused(_("这个人还属于别的机构，请平台运营方来重设。"))
    user.set_unusable_password()
    user.save(update_fields=["password"])
    Authenticator.objects.filter(user_id=user.pk).delete()
    ended = sessions.end_of_user(user.pk)
    record(
        "member.sign_in_reset",
        f"membership:{membership.pk}",
        payload={"user": user.pk, "sessions_ended": ended},
    )
    return password_link(user)


def scopes_for(organisation: Organisation) -> tuple[str, ...]:
    return SCOPES_BY_KIND.get(organisation.kind, ())


def _scopes(organisation: Organisation, scopes: Iterable[str]) -> list[str]:
    allowed, wanted = scopes_for(organisation), set(scopes)
    if not wanted or not wanted <= set(allowed):
        raise Refused(_("请选本机构可以用的权限，至少一个。"))
    return [scope for scope in allowed if scope in wanted]


@transaction.atomic
def create_client(actor: Actor, name: str, scopes: Iterable[str]) -> NewSecret:
    organisation = _organisation(actor)
    chosen = _scopes(organisation, scopes)
    secret = generate_client_secret()
    client = ApiClient.objects.create(
        organisation=organisation,
        name=name.strip(),
        scopes=chosen,
        client_type=ApiClient.CLIENT_CONFIDENTIAL,
        authorization_grant_type=ApiClient.GRANT_CLIENT_CREDENTIALS,
        client_secret=secret,
    )
    record("client.created", f"api_client:{client.pk}", payload={"scopes": client.scopes})
    return NewSecret(client, secret)


def _client(actor: Actor, client_id: int) -> ApiClient:
    return ApiClient.objects.select_for_update().get(pk=client_id, organisation_id=_org_id(actor))


def _revoke_tokens(client: ApiClient) -> int:
    return get_access_token_model().objects.filter(application=client).delete()[0]


@transaction.atomic
def change_scopes(actor: Actor, client_id: int, scopes: Iterable[str]) -> ApiClient:
    """What is taken away is gone from the tokens that are out; what is added needs a new token."""
    chosen = _scopes(_organisation(actor), scopes)
    client = _client(actor, client_id)
    before, client.scopes = client.scopes, chosen
    client.save(update_fields=["scopes", "updated"])
    record("client.scopes_changed", f"api_client:{client.pk}", payload={"before": before, "after": chosen})
    return client


@transaction.atomic
def rotate_secret(actor: Actor, client_id: int) -> NewSecret:
    """A new secret; the old one and every token made with it end now."""
    _organisation(actor)
    client = _client(actor, client_id)
    secret = generate_client_secret()
    client.client_secret = secret
    client.save(update_fields=["client_secret", "updated"])
    record(
        "client.secret_rotated", f"api_client:{client.pk}", payload={"tokens_revoked": _revoke_tokens(client)}
    )
    return NewSecret(client, secret)


@transaction.atomic
def set_client_active(actor: Actor, client_id: int, active: bool) -> ApiClient:
    _organisation(actor)
    client = _client(actor, client_id)
    client.is_active = active
    client.save(update_fields=["is_active", "updated"])
    if not active:
        _revoke_tokens(client)
    record("client.activated" if active else "client.deactivated", f"api_client:{client.pk}")
    return client
