from django.urls import path

from licenses import views
from licensing_portal.foundation import converters  # noqa: F401 - the kinds of path parts below

app_name = "licenses"

urlpatterns = [
    path("endusers/<username:username>/close/", views.close_enduser, name="close_enduser"),
    path("sell/", views.sell_licenses, name="sell_licenses"),
    path("sold/", views.sold, name="sold"),
    path("sold.csv", views.sold_csv, name="sold_csv"),
    path("receipts/<number:number>/", views.receipt, name="receipt"),
    path("receipts/<number:number>/recall/", views.recall_sale, name="recall_sale"),
    path("receipts/<number:number>/send-again/", views.send_notice_again, name="send_notice_again"),
    path("history/", views.history, name="history"),
    path("history.csv", views.history_csv, name="history_csv"),
    path("history.xlsx", views.history_xlsx, name="history_xlsx"),
    path("history/export/", views.export_history, name="export_history"),
    path("licenses.csv", views.licenses_csv, name="licenses_csv"),
]
