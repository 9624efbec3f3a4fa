from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from licenses import proving
from licensing_portal.foundation.templatetags.portal import count


class Command(BaseCommand):
    help = "Proves the books (B4): every holding equals its lines, every entry balances, nothing is lost. Exit status 0 or 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since-last-proof",
            action="store_true",
            help="prove only what was posted since; all, if the last proof found something or there is none",
        )

    def handle(self, *, since_last_proof: bool, **options: Any) -> None:
        made = proving.prove(since_last=since_last_proof)
        for fault in made.faults:
            self.stderr.write(fault)
        if not made.is_good:
            raise CommandError(f"The books are not proven: {count(made.fault_count, 'fault')}, the first one above.", returncode=1)
        since = "" if made.is_full else " since the last proof"
        self.stdout.write(f"The books are proven{since}: {made.entries} entries, {made.lines} lines, {made.holdings} holdings.")
