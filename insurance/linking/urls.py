from django.urls import path

from . import views

app_name = "linking"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("decided/", views.decided, name="decided"),
    path("<int:review_id>/", views.review, name="review"),
    path("<int:review_id>/decide/", views.decide, name="decide"),
    path("<int:review_id>/undo/", views.undo, name="undo"),
]
