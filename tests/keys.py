"""Keys that tests sign with. None is anybody's: the first is published in RFC 8032."""

from base64 import urlsafe_b64encode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

RFC_8032_FIRST = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"


def key_of(seed: str) -> OKPKey:
    """The key whose 32 secret bytes are these, in hexadecimal."""
    return OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))


def pem_of(key: OKPKey, *, private: bool = True) -> str:
    return key.as_pem(private=private).decode()


def other_key() -> OKPKey:
    """One that nobody had before."""
    return OKPKey.generate_key("Ed25519")


def encoded(content: bytes) -> str:
    """BASE64URL without padding, as RFC 7515 writes it."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()
