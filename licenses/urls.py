from django.urls import path

from licenses import views
from licensing_portal.foundation import converters  # noqa: F401 - the kinds of path parts below

app_name = "licenses"

urlpatterns = [
    path("sell/", views.sell_licenses, name="sell_licenses"),
    path("receipts/<number:number>/", views.receipt, name="receipt"),
    path("receipts/<number:number>/recall/", views.recall_sale, name="recall_sale"),
    path("receipts/<number:number>/send-again/", views.send_notice_again, name="send_notice_again"),
    path("history/", views.history, name="history"),
    path("history.csv", views.history_csv, name="history_csv"),
    path("licenses.csv", views.licenses_csv, name="licenses_csv"),
]
