"""Second factors as rows, without setting them up: an authenticator app whose key all tests know (tests/authenticator.py)."""

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from accounts.security import factors
from tests.authenticator import KEY


def give_factor(user):
    """An authenticator app and recovery codes, unless the user has a second factor already."""
    if not factors.has_factor(user):
        app = TOTP.activate(user, KEY).instance
        app.data["last_step"] = 0
        app.save()
        RecoveryCodes.activate(user)
    return user


def give_passkey(user, name):
    """A passkey, as a browser would have made it, but for its signature."""
    key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    made = AttestedCredentialData.create(Aaguid.NONE, name.encode(), key)
    said = AuthenticatorData.create(bytes(32), AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT, 0, made)
    credential = {
        "id": websafe_encode(name.encode()),
        "rawId": websafe_encode(name.encode()),
        "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            "clientDataJSON": websafe_encode(CollectedClientData.create(CollectedClientData.TYPE.CREATE, b"challenge", "http://testserver")),
            "attestationObject": websafe_encode(AttestationObject.create("none", said, {})),
        },
    }
    return user.authenticator_set.create(type="webauthn", data={"name": name, "credential": credential})
