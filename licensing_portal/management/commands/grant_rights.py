from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from licensing_portal.roles import grant_rights


class Command(BaseCommand):
    help = "Gives the application's database role exactly the rights that it needs. The owner's role runs it, after migrating."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", help="the role that DATABASE_URL signs in with")

    def handle(self, *, role: str, **options: Any) -> None:
        grant_rights(role)
        self.stdout.write(f"{role} may do what the application does, and no more.")
