from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Make the checks known, and the writers of the letters with one-time links to the mail worker."""
        from accounts import checks, notices  # noqa: F401, PLC0415 - models must be loaded first
