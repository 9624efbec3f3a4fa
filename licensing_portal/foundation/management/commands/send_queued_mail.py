from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Stands before post-office's command of this name, which knows no row locks and would send past `foundation.notices`."""

    help = "Refused: the portal's mails are delivered by deliver_mail."

    def handle(self, **options: Any) -> None:
        raise CommandError("Nothing was sent. The portal's mails are delivered by deliver_mail.")
