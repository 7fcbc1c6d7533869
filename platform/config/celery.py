from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from celery import Celery

app = Celery("jieli")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
