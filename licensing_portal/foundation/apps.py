from django.apps import AppConfig


class FoundationConfig(AppConfig):
    name = "licensing_portal.foundation"
    label = "foundation"
    verbose_name = "Notices"
