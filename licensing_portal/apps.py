from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class LicensingPortalConfig(AppConfig):
    name = "licensing_portal"
    verbose_name = "License Portal"


class PortalAdminConfig(AdminConfig):
    default_site = "licensing_portal.admin_site.PortalAdminSite"
