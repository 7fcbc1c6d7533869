"""Addresses of sign-in, administration and tokens. Of allauth and oauth2_provider only what is used here."""

from allauth.account import views as account
from django.urls import include, path

from . import admin_views, patient_views, views

staff_patterns = [
    path("switch/", views.switch, name="switch"),
    path("members/", admin_views.members, name="members"),
    path("members/<int:membership_id>/", admin_views.member, name="member"),
    path("clients/", admin_views.clients, name="clients"),
    path("clients/<int:client_id>/", admin_views.client, name="client"),
    path("health/", views.health, name="health"),
    path("invitation/<uidb64>/<token>/", views.SetPassword.as_view(), name="set_password"),
]

urlpatterns = [
    path("home/", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("sign-in/", patient_views.sign_in, name="patient_sign_in"),
    path("sign-in/code/", patient_views.verify, name="patient_verify"),
    path("sign-in/device/", patient_views.device, name="patient_device"),
    path("sign-in/devices/", patient_views.device_list, name="patient_devices"),
    path("sign-out/", patient_views.sign_out, name="patient_sign_out"),
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path("accounts/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("accounts/password/change/", account.password_change, name="account_change_password"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("organisation/", include((staff_patterns, "accounts"))),
    path("o/token/", views.Token.as_view(), name="token"),
    path("o/revoke_token/", views.Revoke.as_view(), name="revoke_token"),
]
