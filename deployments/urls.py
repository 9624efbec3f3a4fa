from django.urls import path

from deployments import views

app_name = "deployments"

urlpatterns = [
    path("add/", views.add_deployment, name="add_deployment"),
    path("<int:pk>/", views.deployment, name="deployment"),
    path("<int:pk>/add-licenses/", views.add_licenses, name="add_licenses"),
    path("<int:pk>/upload-server-file/", views.upload_server_file, name="upload_server_file"),
    path("<int:pk>/license-file/", views.download_license_file, name="download_license_file"),
    path("<int:pk>/replace-server/", views.replace_server, name="replace_server"),
    path("<int:pk>/retire/", views.retire_deployment, name="retire_deployment"),
]
