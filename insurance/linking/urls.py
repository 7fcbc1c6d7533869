from django.urls import path

from . import views

app_name = "linking"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("second/", views.seconds, name="seconds"),
    path("samples/", views.samples, name="samples"),
    path("decided/", views.decided, name="decided"),
    path("find/", views.find, name="find"),
    path("find/<int:lookup_id>/", views.found, name="found"),
    path("bills/", views.bills, name="bills"),
    path("bills/<int:question_id>/", views.bill, name="bill"),
    path("bills/<int:question_id>/decide/", views.bill_decide, name="bill_decide"),
    path("bills/<int:question_id>/again/", views.bill_again, name="bill_again"),
    path("precision/", views.precision, name="precision"),
    path("precision.csv", views.precision_csv, name="precision_csv"),
    path("<int:review_id>/", views.review, name="review"),
    path("<int:review_id>/decide/", views.decide, name="decide"),
    path("<int:review_id>/second/", views.second, name="second"),
    path("<int:review_id>/take-back/", views.take_back, name="take_back"),
    path("<int:review_id>/look-again/", views.look_again, name="look_again"),
    path("<int:review_id>/undo/", views.undo, name="undo"),
]
