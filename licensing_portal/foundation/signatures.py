"""A signature over bytes, with the publisher's Ed25519 key: a JSON Web Signature whose content is kept beside it.

    BASE64URL({"alg":"Ed25519","kid":"<key>"}) .. BASE64URL(<64 bytes of RFC 8032>)

That is the compact form of RFC 7515 with its content left out (appendix F), the algorithm as RFC 9864 names it, and the key by its
thumbprint (RFC 7638). Any JWS library verifies it once the content is put back between the two dots.
"""

import json
from collections.abc import Sequence

from django.utils.translation import gettext
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from licensing_portal.foundation import signing_keys
from licensing_portal.foundation.errors import Refusal

ALGORITHM = "Ed25519"  # ours to say, and never the signature's


class SignatureDoesNotFit(Refusal):
    """Content and signature do not belong together, be it by one bit; or this is not how a signature is written."""

    def __init__(self) -> None:
        super().__init__(gettext("The signature doesn’t fit: this was changed after it was signed, or isn’t the publisher’s at all."))


class UnknownKey(Refusal):
    """It is signed with a key that is none of those believed."""

    def __init__(self) -> None:
        super().__init__(gettext("This is signed with a key that isn’t one of the publisher’s."))


def sign(content: bytes) -> str:
    """Sign with the current key. The same content has the same signature, as long as that is the key."""
    key = signing_keys.current()
    return jws.detach_content(jws.serialize_compact(_header(key.thumbprint()), content, key, algorithms=[ALGORITHM]))


def verify(content: bytes, signature: str, keys: Sequence[OKPKey] | None = None) -> None:
    """Make sure that one of these public keys, or of those known, has signed exactly this content.

    There is one way to write a signature: what decodes to the same bytes and is written otherwise is refused.

    Raises SignatureDoesNotFit, UnknownKey.
    """
    kid = _key_named_in(signature)
    key = next((key for key in (signing_keys.known() if keys is None else keys) if key.thumbprint() == kid), None)
    if key is None:
        raise UnknownKey
    try:
        jws.deserialize_compact(signature, key, algorithms=[ALGORITHM], payload=content)
    except JoseError:
        raise SignatureDoesNotFit from None


def _key_named_in(signature: str) -> str:
    """The thumbprint in the header of a signature that is written as `sign` writes it."""
    try:
        header, _, proof = signature.split(".")
        kid = json.loads(urlsafe_b64decode(header.encode()))["kid"]
        as_written = f"{_encoded(json.dumps(_header(kid), separators=(',', ':')).encode())}..{_encoded(urlsafe_b64decode(proof.encode()))}"
    except (ValueError, TypeError, KeyError, RecursionError):
        raise SignatureDoesNotFit from None
    if not isinstance(kid, str) or signature != as_written:
        raise SignatureDoesNotFit
    return kid


def _header(kid: str) -> dict[str, str]:
    return {"alg": ALGORITHM, "kid": kid}


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).decode()
