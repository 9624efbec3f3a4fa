from django.urls import path

from deployments import views

app_name = "deployments"

urlpatterns = [
    path("add/", views.add_deployment, name="add_deployment"),
    path("<int:pk>/", views.deployment, name="deployment"),
    path("<int:pk>/add-licenses/", views.add_licenses, name="add_licenses"),
    path("<int:pk>/retire/", views.retire_deployment, name="retire_deployment"),
]
