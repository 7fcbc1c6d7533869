from django.urls import path

from . import audit_views, case_views, fund_views, payment_views, queue_views, rule_views, verify_views

app_name = "portal"
urlpatterns = [
    path("", queue_views.home, name="home"),
    path("queue/", queue_views.show, name="queue"),
    path("queue/search/", queue_views.search, name="search"),
    path("queue/bulk/", queue_views.bulk, name="bulk"),
    path("queue/export.csv", queue_views.export, name="export"),
    path("cases/<int:case_id>/", case_views.show, name="case"),
    path("cases/<int:case_id>/reveal/", case_views.reveal_fields, name="reveal"),
    path("cases/<int:case_id>/remind/", case_views.remind, name="remind"),
    path("cases/<int:case_id>/papers/<int:document_id>/", case_views.document, name="document"),
    path("cases/<int:case_id>/papers/<int:document_id>/<slug:verdict>/", case_views.check, name="check"),
    path("cases/<int:case_id>/step/<slug:name>/", case_views.step, name="step"),
    path("cases/<int:case_id>/verify/", verify_views.index, name="verify"),
    path("cases/<int:case_id>/verify/<slug:fact>/", verify_views.fact, name="verify_fact"),
    path("cases/<int:case_id>/verify/<slug:fact>/withdraw/", verify_views.withdraw, name="verify_withdraw"),
    path("funds/", fund_views.index, name="funds"),
    path("funds/<int:fund_id>/", fund_views.show, name="fund"),
    path("funds/<int:fund_id>/compare/", rule_views.compare, name="compare"),
    path("funds/<int:fund_id>/trials/", rule_views.try_out, name="try_out"),
    path("funds/<int:fund_id>/trials/<int:trial_id>/", rule_views.trial, name="trial"),
    path("funds/<int:fund_id>/<slug:name>/", fund_views.step, name="fund_step"),
    path("payments/", payment_views.payments, name="payments"),
    path("withdrawn/", payment_views.withdrawn, name="withdrawn"),
    path("withdrawn/<int:consent_id>/", payment_views.acknowledge, name="acknowledge"),
    path("audit/", audit_views.show, name="audit"),
    path("audit/witness-request/", audit_views.witness_request, name="witness_request"),
    path("audit/checkpoint/", audit_views.checkpoint, name="checkpoint"),
    path("audit/entries/<int:number>/proof/", audit_views.proof, name="proof"),
]
