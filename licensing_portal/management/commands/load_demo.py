from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from licensing_portal import demo


class Command(BaseCommand):
    help = "Loads the demo's story once; a database that has accounts keeps what it has."

    def handle(self, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo's passwords are known to everyone: it is loaded with DEMO=1 alone.")
        self.stdout.write("The demo is loaded." if demo.load() else "The database has accounts already; they are kept.")
