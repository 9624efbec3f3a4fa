from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """Make the checks known, and the writers of the letters with one-time links to the mail worker."""
        from accounts import checks, notices  # noqa: F401, PLC0415 - models must be loaded first
