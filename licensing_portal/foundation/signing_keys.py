"""The Ed25519 keys that the publisher signs with: the current one, and the public halves of those before.

Production has them from the environment. The demo and development make a key of their own once, and keep it under VAR.
A key's text is a secret, or could be one put in the wrong place: no sentence here quotes it, and none keeps the library's words about it.
"""

import os
import re
import secrets
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from joserfc.jwk import OKPKey

PUBLIC_KEY = re.compile(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)


def private_key(pem: str, *, name: str = "LICENSE_SIGNING_KEY") -> OKPKey:
    """Read the key to sign with. Raises ImproperlyConfigured, without a word of the text, for anything else than an Ed25519 key in PEM."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ImproperlyConfigured(f"{name} is not an Ed25519 private key in PEM without a password; `openssl genpkey -algorithm ed25519` makes one.")
    return OKPKey.import_key(key)


def public_keys(pems: str, *, name: str = "LICENSE_VERIFYING_KEYS") -> list[OKPKey]:
    """Read public keys that stand one after another, none of them in an empty text. Raises ImproperlyConfigured for anything else."""
    if PUBLIC_KEY.sub("", pems).strip():
        raise _not_public_keys(name)
    return [_public_key(pem, name) for pem in PUBLIC_KEY.findall(pems)]


def _public_key(pem: str, name: str) -> OKPKey:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise _not_public_keys(name)
    return OKPKey.import_key(key)


def _not_public_keys(name: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is not Ed25519 public keys in PEM, one after another; `openssl pkey -in key.pem -pubout` writes one.")


def current() -> OKPKey:
    """The key that is signed with now."""
    return private_key(settings.LICENSE_SIGNING_KEY or made_once(settings.LICENSE_SIGNING_KEY_FILE))


def known() -> list[OKPKey]:
    """The public keys that signatures are believed of: the current one first, then those of before, each once."""
    keys = [*public_keys(current().as_pem(private=False).decode()), *public_keys(settings.LICENSE_VERIFYING_KEYS)]
    return list({key.thumbprint(): key for key in keys}.values())


def published() -> str:
    """The known public keys in PEM, the current one first: whoever reads only one reads that."""
    return "".join(key.as_pem(private=False).decode() for key in known())


def made_once(path: Path) -> str:
    """The private key in this file in PEM, made if there is none; all processes that start at once end up with the same one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(OKPKey.generate_key("Ed25519").as_pem(private=True))
            # A link does what a rename would not: of several that come at once the first stays, and it is there whole or not at all.
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink(missing_ok=True)
    return path.read_text()
