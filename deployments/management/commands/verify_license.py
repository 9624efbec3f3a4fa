from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from joserfc.jwk import OKPKey

from deployments import license_files
from deployments.license_files import LARGEST, LicenseFile
from licensing_portal.foundation import signing_keys
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.templatetags.portal import licenses


class Command(BaseCommand):
    help = "Verifies a license file with the public key alone, and says what it grants. Exit status 0 if it is genuine, else 1."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--key", type=Path, metavar="PEM", help="believe the public keys in this file, as /license-signing-key.pem publishes them, and no other"
        )

    def handle(self, *, file: Path, key: Path | None, **options: Any) -> None:
        try:
            content = license_files.read(_beginning_of(file), _keys_in(key) if key else None)
        except Refusal as refusal:
            raise CommandError(f"{file}: {refusal}", returncode=1) from None
        for line in what_it_grants(content):
            self.stdout.write(line)


def _beginning_of(file: Path) -> bytes:
    """As much of a file as a license file has, and one byte more, by which one that is too large is known."""
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST + 1)
    except OSError as problem:
        raise CommandError(f"{file}: {problem.strerror}", returncode=1) from None


def _keys_in(file: Path) -> Sequence[OKPKey]:
    try:
        keys = signing_keys.public_keys(_beginning_of(file).decode(errors="replace"), name=str(file))
    except ImproperlyConfigured as problem:
        raise CommandError(str(problem), returncode=1) from None
    if not keys:
        raise CommandError(f"{file}: There is no public key in it.", returncode=1)
    return keys


def what_it_grants(content: LicenseFile) -> list[str]:
    """A fact a line, its name before it, so that no name is read as part of a sentence."""
    facts = {
        "Publisher": content.publisher,
        "Deployment": content.deployment,
        "Number": content.deployment_number,
        "Owned by": f"{content.company} ({content.owner})",
        "Host": content.host_name,
        "Server file": f"SHA-256 {content.server_file_sha256}",
        "Issued": f"{content.issued_at:%Y-%m-%d %H:%M:%S} UTC",
        "Serial": str(content.serial),
        "Grants": licenses(content.total),
    }
    return [
        "Genuine: the publisher signed this license file, and nothing in it was changed.",
        *(f"{name:<12}{fact}" for name, fact in facts.items()),
        *(f"{quantity:>12,} × {name} ({code})" for code, name, quantity in content.products),
    ]
