from django.urls import path

from transfers import views

app_name = "transfers"

urlpatterns = [
    path("transfer/", views.transfer_licenses, name="transfer_licenses"),
]
