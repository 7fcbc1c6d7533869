"""The real settings without the rooms: the supervisor's tests are about processes, not pages."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.settings import *  # noqa: F403
from scope import permission

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "devstack",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE: list[str] = []
TEMPLATES: list[dict[str, object]] = []
AUTH_USER_MODEL = "auth.User"
ROOT_URLCONF = __name__
CELERY_BEAT_SCHEDULE: dict[str, object] = {}
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@permission("public")
def who_am_i(request: HttpRequest) -> HttpResponse:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        return HttpResponse(cursor.fetchone()[0])


urlpatterns = [path("", who_am_i)]
