from django.urls import path

from . import views

app_name = "platform"
urlpatterns = [
    path("", views.index, name="campaigns"),
    path("<int:campaign>/", views.show, name="campaign"),
]
