"""The license file: what a license server may run, in words that anybody reads and nobody can change unseen (C6, C8).

One line of JSON, signed by the publisher; docs/license_files.md describes it for whoever reads it elsewhere:

    {"license":{"company":…,"deployment":…,…,"version":1},"signature":"…"}

It has one form only, the canonical one of RFC 8785, kept to text and whole numbers. So its signature is over the very bytes that
stand in it, and a file that says the same in any other way (spaces, a member twice) is refused like one that says something else.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext
from joserfc.jwk import OKPKey

from licensing_portal.foundation import signatures
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.signatures import SignatureDoesNotFit, UnknownKey

FORMAT = "license-file"
VERSION = 1
LATEST_TO_COME = 1000  # a number from here on is no version, and not worth quoting
LARGEST = 64 * 1024  # bytes; some seven hundred products

TEXTS = {
    "company": "company",
    "deployment": "deployment",
    "host_name": "host_name",
    "number": "deployment_number",
    "owner": "owner",
    "publisher": "publisher",
    "server_file_sha256": "server_file_sha256",
}
MEMBERS = {*TEXTS, "format", "issued_at", "products", "serial", "version"}


class LicensedProduct(NamedTuple):
    """How many licenses of a product the license server may run at once."""

    code: str
    name: str
    quantity: int


@dataclass(frozen=True)
class LicenseFile:
    """What a license file says. A later one of the same deployment has a higher serial, and takes its place."""

    publisher: str  # its company name
    deployment_number: str
    deployment: str  # its name
    owner: str  # the account's username
    company: str  # the account's company name
    host_name: str
    server_file_sha256: str  # 64 hexadecimal digits, small letters
    products: tuple[LicensedProduct | tuple[str, str, int], ...]
    issued_at: datetime  # aware; written in UTC, to the second
    serial: int  # from 1

    @property
    def total(self) -> int:
        """How many licenses of all products together."""
        return sum(quantity for _, _, quantity in self.products)


class NotALicenseFile(Refusal):
    """It is no license file, or none that the portal could have made."""

    def __init__(self) -> None:
        super().__init__(gettext("This isn’t a license file of this portal."))


class LicenseFileTooLarge(Refusal):
    """No license file is larger than LARGEST bytes; none is made, and none is read."""

    def __init__(self) -> None:
        super().__init__(gettext("A license file has at most %(size)s KiB.") % {"size": LARGEST // 1024})


class UnknownVersion(Refusal):
    """It is a license file of a version that did not exist when this was written."""

    def __init__(self, version: int) -> None:
        said = gettext("This license file has version %(version)s, and version %(known)s is the only one known here.")
        super().__init__(said % {"version": version, "known": VERSION})


def signed(content: LicenseFile) -> str:
    """Return the text of the file, one line with its end, signed with the current key. The same content makes the same file.

    Raises LicenseFileTooLarge.
    """
    text = _text(content, signatures.sign(_canonical(_members(content))))
    if len(text.encode()) > LARGEST:
        raise LicenseFileTooLarge
    return text


def read(text: str | bytes, keys: Sequence[OKPKey] | None = None) -> LicenseFile:
    """Return what a file says that the publisher signed; needs nothing but public keys, those that are known unless others are given.

    Raises LicenseFileTooLarge, NotALicenseFile, UnknownVersion, SignatureDoesNotFit, UnknownKey: never anything else, whatever it reads.
    """
    if len(text) > LARGEST:
        raise LicenseFileTooLarge
    try:
        text = text if isinstance(text, str) else text.decode()
        content, signature = _parts(json.loads(text))
        as_written = _text(content, signature)
    except (ValueError, RecursionError):
        raise NotALicenseFile from None
    if text != as_written:
        raise SignatureDoesNotFit
    signatures.verify(_canonical(_members(content)), signature, keys)
    return content


def is_trusted(text: str) -> bool:
    """Whether the key that signed a file of ours is still one of the publisher's: one that has leaked is withdrawn."""
    try:
        read(text)
    except UnknownKey:
        return False
    return True


def _text(content: LicenseFile, signature: str) -> str:
    return _canonical({"license": _members(content), "signature": signature}).decode() + "\n"


def _canonical(value: dict[str, Any]) -> bytes:
    """The one form of RFC 8785, for texts, whole numbers, lists and objects whose names are ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _members(content: LicenseFile) -> dict[str, Any]:
    return {
        **{member: getattr(content, field) for member, field in TEXTS.items()},
        "format": FORMAT,
        "issued_at": content.issued_at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z",
        "products": [{"code": code, "name": name, "quantity": quantity} for code, name, quantity in content.products],
        "serial": content.serial,
        "version": VERSION,
    }


def _parts(file: Any) -> tuple[LicenseFile, str]:
    """Say what was parsed in the words of version 1, and the signature beside it. Raises NotALicenseFile, UnknownVersion, ValueError."""
    if not isinstance(file, dict) or file.keys() != {"license", "signature"} or type(file["signature"]) is not str:
        raise NotALicenseFile
    members = file["license"]
    if not isinstance(members, dict) or members.get("format") != FORMAT:
        raise NotALicenseFile
    version = members.get("version")
    if type(version) is int and VERSION < version < LATEST_TO_COME:
        raise UnknownVersion(version)
    if version != VERSION or members.keys() != MEMBERS or {type(members[member]) for member in TEXTS} != {str} or type(members["serial"]) is not int:
        raise NotALicenseFile
    content = LicenseFile(
        **{field: members[member] for member, field in TEXTS.items()},
        products=_products(members["products"]),
        issued_at=_moment(members["issued_at"]),
        serial=members["serial"],
    )
    return content, file["signature"]


def _products(rows: Any) -> tuple[LicensedProduct, ...]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.keys() == {"code", "name", "quantity"} for row in rows):
        raise NotALicenseFile
    products = tuple(LicensedProduct(**row) for row in rows)
    if any([type(part) for part in product] != [str, str, int] for product in products):
        raise NotALicenseFile
    return products


def _moment(text: Any) -> datetime:
    if type(text) is not str:
        raise NotALicenseFile
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
