"""Signatures: the algorithm is RFC 8032's, the form RFC 7515's, and nothing but the exact content with the exact signature passes."""

import hmac
import json
from base64 import urlsafe_b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import OKPKey

from licensing_portal.foundation import signatures
from licensing_portal.foundation.signatures import SignatureDoesNotFit, UnknownKey
from tests.keys import RFC_8032_FIRST, encoded, key_of, other_key, pem_of

# RFC 8032, 7.1: secret key, public key, message, signature.
VECTORS = {
    "TEST 1": (
        RFC_8032_FIRST,
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "TEST 2": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "TEST 3": (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "TEST SHA(abc)": (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}

CONTENT = b'{"quantity":24}'
L = 2**252 + 27742317777372353535851937790883648493  # RFC 8032, 5.1: the order of the base point


@pytest.fixture
def key(settings):
    """The current key: the first of RFC 8032."""
    key = key_of(RFC_8032_FIRST)
    settings.LICENSE_SIGNING_KEY = pem_of(key)
    return key


# ── The standards ──


@pytest.mark.parametrize(("secret", "public", "message", "signature"), VECTORS.values(), ids=VECTORS)
def test_the_algorithm_is_that_of_rfc_8032(secret, public, message, signature):
    algorithm, key = jws.JWSRegistry.algorithms[signatures.ALGORITHM], key_of(secret)

    assert encoded(bytes.fromhex(public)) == key.as_dict()["x"]
    assert algorithm.sign(bytes.fromhex(message), key).hex() == signature
    assert algorithm.verify(bytes.fromhex(message), bytes.fromhex(signature), OKPKey.import_key(key.public_key))


def test_a_signature_is_a_jws_whose_content_is_left_out(key):
    """RFC 7515, 7.1 and appendix F, made here by hand out of what the standards say; the thumbprint is that of RFC 8037, A.3."""
    header = '{"alg":"Ed25519","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}'
    signed = f"{encoded(header.encode())}.{encoded(CONTENT)}"
    proof = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(RFC_8032_FIRST)).sign(signed.encode())

    assert signatures.sign(CONTENT) == f"{encoded(header.encode())}..{encoded(proof)}"


# ── What passes, and what does not ──


def test_what_was_signed_passes_and_nothing_else_does(key):
    signature = signatures.sign(CONTENT)

    signatures.verify(CONTENT, signature)
    for content in (b"", CONTENT + b" ", CONTENT.replace(b"24", b"25")):
        with pytest.raises(SignatureDoesNotFit):
            signatures.verify(content, signature)


def test_the_key_alone_decides_and_not_what_is_known_beside_it(key):
    signature = signatures.sign(CONTENT)

    signatures.verify(CONTENT, signature, [other_key(), OKPKey.import_key(key.public_key)])
    for keys in ([], [other_key()]):
        with pytest.raises(UnknownKey, match=r"^This is signed with a key that isn’t one of the publisher’s\.$"):
            signatures.verify(CONTENT, signature, keys)


def test_a_stranger_who_names_our_key_does_not_pass(key):
    header = {"alg": "Ed25519", "kid": key.thumbprint()}
    forged = jws.detach_content(jws.serialize_compact(header, CONTENT, other_key(), algorithms=["Ed25519"]))

    with pytest.raises(SignatureDoesNotFit):
        signatures.verify(CONTENT, forged)


PROOFS = {
    "none": lambda key, signed: b"",
    "HS256": lambda key, signed: hmac.digest(pem_of(key, private=False).encode(), signed, "sha256"),
    "EdDSA": lambda key, signed: key.private_key.sign(signed),
    "ed25519": lambda key, signed: key.private_key.sign(signed),
}


@pytest.mark.parametrize("algorithm", PROOFS)
def test_a_signature_does_not_choose_its_algorithm(key, algorithm):
    """RFC 8725, 2.1: with `none` nothing is signed, and with HS256 our public key would be the secret that everybody knows."""
    header = encoded(json.dumps({"alg": algorithm, "kid": key.thumbprint()}, separators=(",", ":")).encode())
    proof = PROOFS[algorithm](key, f"{header}.{encoded(CONTENT)}".encode())

    with pytest.raises(SignatureDoesNotFit):
        signatures.verify(CONTENT, f"{header}..{encoded(proof)}")


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "K", "alg": "Ed25519"},
        {"alg": "Ed25519", "kid": "K", "typ": "JWT"},
        {"alg": "Ed25519", "kid": "K", "crit": ["b64"], "b64": False},
        {"alg": "Ed25519", "kid": "K", "jwk": {}},
        {"alg": "Ed25519"},
        {"alg": "Ed25519", "kid": 1},
        {"alg": "Ed25519", "kid": None},
        ["alg", "kid"],
        "kid",
        1,
        None,
    ],
)
def test_another_header_is_none(key, header):
    """Whatever it holds, and were it signed."""
    text = json.dumps(header, separators=(",", ":")).replace('"K"', f'"{key.thumbprint()}"')
    signed = f"{encoded(text.encode())}.{encoded(CONTENT)}"
    proof = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(RFC_8032_FIRST)).sign(signed.encode())

    with pytest.raises(SignatureDoesNotFit):
        signatures.verify(CONTENT, f"{encoded(text.encode())}..{encoded(proof)}")


def test_there_is_one_way_to_write_a_signature(key):
    """BASE64URL leaves four bits of the last letter unused, and Ed25519 would pass with L added to the second half, were it not forbidden."""
    signature = signatures.sign(CONTENT)
    header, _, proof = signature.split(".")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    same_bytes = [proof[:-1] + letters[letters.index(proof[-1]) + unused] for unused in range(1, 16)]
    raw = urlsafe_b64decode(proof + "==")
    with_l = raw[:32] + (int.from_bytes(raw[32:], "little") + L).to_bytes(32, "little")
    others = [
        *(f"{header}..{other}" for other in same_bytes),
        f"{header}..{encoded(with_l)}",
        f"{header}.{encoded(CONTENT)}.{proof}",
        f"{header}=..{proof}",
        f"{header}..{proof}==",
        f"{header}..{proof} ",
        f"{header}..{proof}\n",
        f"{header}..\n{proof}",
        f"{signature}.",
        signature.replace("..", "."),
    ]

    for other in others:
        with pytest.raises(SignatureDoesNotFit):
            signatures.verify(CONTENT, other)


@pytest.mark.parametrize("rubbish", ["", ".", "..", "...", "a..b", "é..é", "\0..\0", "\ud800..x", f"{'W' * 60_000}..", f"{encoded(b'[' * 9000)}.."])
def test_rubbish_is_refused_and_breaks_nothing(key, rubbish):
    with pytest.raises(SignatureDoesNotFit):
        signatures.verify(CONTENT, rubbish)


# ── Another key ──


def test_after_a_new_key_what_the_old_one_signed_passes_as_long_as_it_is_listed(key, settings):
    old, new = signatures.sign(CONTENT), other_key()
    settings.LICENSE_SIGNING_KEY = pem_of(new)
    with pytest.raises(UnknownKey):
        signatures.verify(CONTENT, old)

    settings.LICENSE_VERIFYING_KEYS = pem_of(key, private=False)

    signatures.verify(CONTENT, old)
    signatures.verify(CONTENT, signatures.sign(CONTENT))
    assert signatures.sign(CONTENT) != old
