"""All addresses. Views are named by string: config imports no room."""

from django.urls import include, path

urlpatterns = [
    path("", include("charity.applications.urls")),
    path("", include("accounts.urls")),
    path("api/v1/", include("insurance.intake.urls")),
    path("api/v1/", include("charity.campaigns.urls")),
    path("desk/campaigns/", include("charity.campaigns.page_urls")),
    path("desk/", include("insurance.desk.urls")),
    path("identity/", include("insurance.linking.urls")),
    path("staff/", include("charity.portal.urls")),
    path("", include("web.urls")),
]

handler400 = "web.views.bad_request"
handler403 = "web.views.permission_denied"
handler404 = "web.views.page_not_found"
handler500 = "web.views.server_error"
