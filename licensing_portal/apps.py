from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig

from licensing_portal import checks  # noqa: F401 - registers them


class LicensingPortalConfig(AppConfig):
    name = "licensing_portal"
    verbose_name = "License Portal"


class PortalAdminConfig(AdminConfig):
    default_site = "licensing_portal.admin_site.PortalAdminSite"
