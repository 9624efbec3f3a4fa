from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """Make the writers of the letters with one-time links known to the mail worker."""
        from accounts import notices  # noqa: F401, PLC0415 - models must be loaded first
