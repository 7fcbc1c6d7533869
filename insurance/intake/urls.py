"""/api/v1/: the push API and its document."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from . import api

app_name = "intake"
urlpatterns = [
    path("settlements", api.Settlements.as_view(), name="settlements"),
    path("settlements/<int:record>", api.SettlementRecord.as_view(), name="record"),
    path("settlements/<int:record>/resend", api.Resend.as_view(), name="resend"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", api.docs, name="docs"),
]
