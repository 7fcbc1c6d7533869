from django.urls import path

from . import centre_views, views

app_name = "desk"
urlpatterns = [
    path("pushes/", views.pushes, name="pushes"),
    path("pushes/export.csv", views.export, name="export"),
    path("pushes/<int:record>/", views.push, name="push"),
    path("pushes/<int:record>/resend/", views.resend, name="resend"),
    path("invitations/", views.invitations, name="invitations"),
    path("invitations/<int:invitation>/", views.letter, name="letter"),
    path("invitations/<int:invitation>/printed/", views.letter_printed, name="letter_printed"),
    path("centres/", centre_views.senders, name="centres"),
    path("centres/<int:organisation_id>/", centre_views.sender, name="sender"),
]
