"""The API's door: every fault has its problem, and no problem quotes what came in."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import include, path, reverse
from django.utils import timezone
from oauth2_provider.models import get_access_token_model
from rest_framework import exceptions, serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts import administration
from accounts.models import ApiClient, Organisation
from audit.models import Entry
from scope import Actor, actor_scope, current_actor, permission
from scope.actor import SYSTEM

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
SECRET = "430102199001011234"


class Body(serializers.Serializer):
    kind = serializers.ChoiceField(choices=["a"])


@permission(client=["settlements:write"], org=["statutory_insurer"])
@api_view(["GET", "POST"])
def push(request):
    if request.method == "POST":
        Body(data=request.data).is_valid(raise_exception=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT app_kind(), app_org(), app_client()")
        row = cursor.fetchone()
    return Response({"actor": current_actor().label, "database": row, "user": request.user.pk})


FAULTS = {
    "parse": lambda: exceptions.ParseError(SECRET),
    "throttled": lambda: exceptions.Throttled(wait=3),
    "missing": lambda: exceptions.NotFound(SECRET),
    "denied": lambda: exceptions.PermissionDenied(SECRET),
    "broken": lambda: RuntimeError(SECRET),
}


@permission(client=["settlements:write"], org=["statutory_insurer"])
@api_view(["GET"])
def faulty(request, fault):
    Organisation.objects.create(kind="charity", code="half", name="半", short_name="半")
    if fault == "big":
        from django.core.exceptions import RequestDataTooBig

        raise RequestDataTooBig(SECRET)
    raise FAULTS[fault]()


urlpatterns = [
    path("api/t/push/", push),
    path("api/t/faulty/<str:fault>/", faulty, name="t_faulty"),
    path("", include("config.urls")),
]


class Sender:
    def __init__(self, make, kind="statutory_insurer", scopes=("settlements:write", "settlements:read")):
        self.organisation = make.organisation(kind)
        self.administrator = make.member(self.organisation, "administrator")
        self.actor = Actor(
            "staff",
            org_id=self.organisation.pk,
            user_id=self.administrator.user_id,
            roles=frozenset({"administrator"}),
        )
        with actor_scope(self.actor):
            new = administration.create_client(self.actor, "结算系统", scopes)
        self.client, self.secret = new.client, new.secret
        self.browser = Client()

    def ask_token(self, scope="", secret=None, **more):
        basic = base64.b64encode(f"{self.client.client_id}:{secret or self.secret}".encode()).decode()
        data = {"grant_type": "client_credentials", **more}
        if scope:
            data["scope"] = scope
        return self.browser.post(reverse("token"), data, headers={"Authorization": f"Basic {basic}"})

    def token(self, scope=""):
        return self.ask_token(scope).json()["access_token"]

    def get(self, url="/api/t/push/", token=None):
        return self.browser.get(url, headers={"Authorization": f"Bearer {token or self.token()}"})


@pytest.fixture
def sender(make):
    return Sender(make)


def problem(answer, status, code):
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"urn:jieli:problem:{code}"
    assert body["status"] == status
    assert body["title"]
    assert SECRET not in answer.content.decode()
    return body


def test_a_token_opens_the_api_for_its_organisation(sender):
    body = sender.get().json()
    assert body["actor"] == f"client:{sender.client.pk}@{sender.organisation.pk}"
    assert body["database"] == ["client", sender.organisation.pk, sender.client.pk]
    assert body["user"] == sender.client.pk
    sender.client.refresh_from_db()
    assert sender.client.last_used_at is not None


def test_an_issued_token_is_in_the_log_without_itself(sender):
    token = sender.token()
    entry = Entry.objects.get(action="token.issued")
    assert entry.actor == f"client:{sender.client.pk}@{sender.organisation.pk}"
    assert entry.content.payload == {"scopes": ["settlements:read", "settlements:write"]}
    assert token not in str(entry.content.payload)


def test_without_a_token_it_says_where_to_get_one(client):
    answer = client.get("/api/t/push/")
    body = problem(answer, 401, "token-missing")
    assert "/o/token/" in body["detail"]
    assert body["instance"] == "/api/t/push/"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer", "Basic x", "Bearer a b", "Bearer 不是令牌", "bearer \t"])
def test_a_header_that_is_no_token_is_a_401(client, header):
    assert client.get("/api/t/push/", HTTP_AUTHORIZATION=header).status_code == 401


def test_a_session_opens_nothing_in_the_api(make, sender):
    browser = make.signed_in(sender.administrator)
    problem(browser.get("/api/t/push/"), 401, "token-missing")


def test_an_expired_token_is_told_so(sender):
    token = sender.token()
    with actor_scope(SYSTEM):
        get_access_token_model().objects.update(expires=timezone.now() - timedelta(seconds=1))
    answer = sender.get(token=token)
    problem(answer, 401, "token-invalid")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_made_up_token_is_told_the_same(sender):
    problem(sender.get(token="made-up"), 401, "token-invalid")


def test_a_token_without_the_scope_is_told_which(sender):
    answer = sender.get(token=sender.token("settlements:read"))
    body = problem(answer, 403, "scope-missing")
    assert body["required_scopes"] == ["settlements:write"]
    assert "settlements:write" in answer.headers["WWW-Authenticate"]
    assert Entry.objects.filter(
        action="access.refused", actor=f"client:{sender.client.pk}@{sender.organisation.pk}"
    )


def test_a_scope_taken_from_the_client_is_gone_from_its_tokens(sender):
    token = sender.token()
    with actor_scope(SYSTEM):
        ApiClient.objects.update(scopes=["settlements:read"])
    problem(sender.get(token=token), 403, "scope-missing")


def test_another_kind_of_organisation_is_refused(make):
    hospital = Sender(make, "hospital")
    problem(hospital.get(), 403, "organisation-kind")


def test_a_suspended_clients_token_is_worth_nothing(sender):
    token = sender.token()
    with actor_scope(SYSTEM):
        ApiClient.objects.update(is_active=False)
    problem(sender.get(token=token), 403, "client-suspended")
    assert sender.ask_token().status_code == 401


def test_a_suspended_organisations_token_is_worth_nothing(sender):
    token = sender.token()
    with actor_scope(SYSTEM):
        Organisation.objects.update(is_active=False)
    problem(sender.get(token=token), 403, "client-suspended")
    assert sender.ask_token().status_code == 401


def test_no_token_for_a_wrong_secret_nor_for_scopes_that_were_not_given(sender):
    assert sender.ask_token(secret="wrong").status_code == 401
    assert sender.ask_token("campaigns:write").json()["error"] == "invalid_scope"
    assert not get_access_token_model().objects.exists()


@pytest.mark.parametrize("grant", ["password", "authorization_code", "refresh_token", "nonsense"])
def test_no_other_grant_gives_a_token(sender, grant):
    answer = sender.ask_token(grant_type=grant, username="a", password="b", code="c", refresh_token="d")
    assert answer.status_code in {400, 401}
    assert not get_access_token_model().objects.exists()


def test_a_new_secret_ends_the_old_one_and_its_tokens(sender):
    token, old = sender.token(), sender.secret
    with actor_scope(sender.actor):
        new = administration.rotate_secret(sender.actor, sender.client.pk)
    problem(sender.get(token=token), 401, "token-invalid")
    assert sender.ask_token(secret=old).status_code == 401
    assert sender.ask_token(secret=new.secret).status_code == 200


def test_a_revoked_token_is_worth_nothing(sender):
    token = sender.token()
    basic = base64.b64encode(f"{sender.client.client_id}:{sender.secret}".encode()).decode()
    sender.browser.post(
        reverse("revoke_token"), {"token": token}, headers={"Authorization": f"Basic {basic}"}
    )
    problem(sender.get(token=token), 401, "token-invalid")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("parse", 400, "malformed"),
        ("denied", 403, "forbidden"),
        ("missing", 404, "not-found"),
        ("big", 413, "too-large"),
        ("throttled", 429, "too-many-requests"),
        ("broken", 500, "server-error"),
    ],
)
def test_each_fault_has_its_problem_and_leaves_nothing_half_written(sender, caplog, fault, status, code):
    token = sender.token()
    sender.browser.raise_request_exception = False
    problem(sender.get(f"/api/t/faulty/{fault}/", token), status, code)
    assert not Organisation.objects.filter(code="half").exists()
    assert SECRET not in caplog.text


def test_a_throttled_client_learns_how_long(sender):
    assert sender.get("/api/t/faulty/throttled/").headers["Retry-After"] == "4"


def test_a_refusal_inside_a_view_is_in_the_log(sender):
    sender.get("/api/t/faulty/denied/")
    assert Entry.objects.filter(action="access.refused", subject="view:t_faulty").count() == 1


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ("{" + SECRET, "application/json", 400, "malformed"),
        (f'{{"kind": "{SECRET}"}}', "application/json", 400, "invalid"),
        (b"\xff\xfe", "application/json", 400, "malformed"),
        (f"<a>{SECRET}</a>", "application/xml", 415, "unsupported-media-type"),
    ],
)
def test_a_body_that_cannot_be_read_is_explained(sender, body, content_type, status, code):
    answer = sender.browser.post(
        "/api/t/push/", body, content_type=content_type, headers={"Authorization": f"Bearer {sender.token()}"}
    )
    found = problem(answer, status, code)
    if code == "invalid":
        assert found["errors"] == {"kind": ["invalid_choice"]}


def test_the_api_description_names_the_token_endpoint_and_the_scope(sender):
    from drf_spectacular.generators import SchemaGenerator

    schema = SchemaGenerator(patterns=[urlpatterns[0]]).get_schema(request=None, public=True)
    flow = schema["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == "/o/token/"
    assert "settlements:write" in flow["scopes"]
    assert schema["paths"]["/api/t/push/"]["get"]["security"] == [{"oauth2": ["settlements:write"]}]


def test_an_unknown_address_of_the_api_is_a_problem_too(client):
    problem(client.get("/api/v9/nothing/"), 404, "not-found")


def test_a_wrong_method_is_a_problem(sender):
    answer = sender.browser.delete("/api/t/push/", headers={"Authorization": f"Bearer {sender.token()}"})
    problem(answer, 405, "method-not-allowed")
