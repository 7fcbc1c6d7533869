"""Addresses of the family's pages."""

from django.urls import path

from . import access_views, check_views, consent_views, paper_views, status_views, views

app_name = "applications"
urlpatterns = [
    path("", views.start, name="start"),
    path("help/", views.help_page, name="help"),
    path("my/", views.mine, name="mine"),
    path("apply/", views.new, name="new"),
    path("t/", status_views.token, name="token"),
    path("a/<int:pk>/", status_views.show, name="status"),
    path("a/<int:pk>/step/<slug:name>/", views.step, name="step"),
    path("a/<int:pk>/documents/", paper_views.documents, name="documents"),
    path("a/<int:pk>/documents/<int:document_id>/", paper_views.document, name="document"),
    path(
        "a/<int:pk>/documents/<int:document_id>/remove/", paper_views.remove_document, name="remove_document"
    ),
    path("a/<int:pk>/funds/", consent_views.funds, name="funds"),
    path("a/<int:pk>/consent/<int:fund_id>/", consent_views.consent, name="consent"),
    path("a/<int:pk>/check/", check_views.check, name="check"),
    path("a/<int:pk>/delete/", views.delete, name="delete"),
    path("a/<int:pk>/papers/", status_views.more, name="more"),
    path("a/<int:pk>/papers/<int:request_id>/", status_views.answer, name="answer"),
    path("a/<int:pk>/consents/", consent_views.consent_list, name="consents"),
    path(
        "a/<int:pk>/consents/<int:consent_id>/withdraw/",
        consent_views.withdraw_consent,
        name="withdraw_consent",
    ),
    path("a/<int:pk>/access.csv", access_views.access_file, name="access_file"),
    path("a/<int:pk>/access/", access_views.access_log, name="access_log"),
    path("a/<int:pk>/review/<int:case_id>/", status_views.review, name="review"),
    path("a/<int:pk>/withdraw/", status_views.withdraw, name="withdraw"),
    path("a/<int:pk>/data/", status_views.download, name="download"),
]
