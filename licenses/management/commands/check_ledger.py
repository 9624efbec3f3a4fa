from typing import Any

from django.core.management.base import BaseCommand, CommandError

from licenses import proof


class Command(BaseCommand):
    help = "Proves the books (B4): every holding equals its lines, every entry balances, nothing is lost. Exit status 0 or 1."

    def handle(self, **options: Any) -> None:
        with proof.snapshot():
            faults = list(proof.faults())
            counts = proof.counts()
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(f"The books are not proven: {len(faults)} faults, the first one above.", returncode=1)
        self.stdout.write(f"The books are proven: {counts['entries']} entries, {counts['lines']} lines, {counts['holdings']} holdings.")
