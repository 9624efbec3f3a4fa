from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import translation
from joserfc.jwk import OKPKey

from deployments import license_files, selectors
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
            "--key",
            type=Path,
            metavar="PEM",
            help="believe the public keys in this file, as /license-signing-key.pem publishes them, and no other; and ask no database",
        )

    @translation.override("en")  # what commands print is no page of the portal: other programs read it
    def handle(self, *, file: Path, key: Path | None, **options: Any) -> None:
        try:
            content = license_files.read(_beginning_of(file), _keys_in(key) if key else None)
        except Refusal as refusal:
            raise CommandError(f"{file}: {refusal}", returncode=1) from None
        self.stdout.write("\n".join(what_it_grants(content)))
        if not key:
            self.stdout.write(whether_it_is_the_newest(content))


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


def whether_it_is_the_newest(content: LicenseFile) -> str:
    """What the database adds, where one answers: the signature needs none."""
    try:
        is_out_of_date = selectors.is_out_of_date(content.deployment_number, content.serial)
    except DatabaseError:
        is_out_of_date = None
    if is_out_of_date is None:
        return "Whether it is the newest is not known here."
    if is_out_of_date:
        return "Out of date: a newer license file was made for this deployment, or the deployment was retired."
    return "It is the newest of this deployment."


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
