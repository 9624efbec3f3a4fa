from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _

from licensing_portal import checks  # noqa: F401 - registers them


class LicensingPortalConfig(AppConfig):
    name = "licensing_portal"
    verbose_name = _("License Portal")

    def ready(self) -> None:
        """Have `manage.py check --deploy` ask our own questions too."""
        from licensing_portal import security_checks  # noqa: F401, PLC0415 - settings must be read first


class PortalAdminConfig(AdminConfig):
    default_site = "licensing_portal.admin_site.PortalAdminSite"
