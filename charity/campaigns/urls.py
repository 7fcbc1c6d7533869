from django.urls import path

from . import api

app_name = "campaigns"
urlpatterns = [
    path("campaigns", api.Campaigns.as_view(), name="campaigns"),
    path("campaigns/<int:campaign>", api.CampaignDetail.as_view(), name="campaign"),
]
