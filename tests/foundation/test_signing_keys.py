"""The keys that the publisher signs with: from the environment, several over the years, and in the demo one that is made once."""

import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.core.exceptions import ImproperlyConfigured
from joserfc.jwk import OKPKey

from licensing_portal.foundation import signing_keys
from tests.keys import RFC_8032_FIRST, key_of, other_key, pem_of

FIRST = key_of(RFC_8032_FIRST)


def private_pem(key, encryption=None):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()).decode()


def public_pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


# ── Reading them ──


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a secret",
        "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n",
        pem_of(FIRST, private=False),
        private_pem(X25519PrivateKey.generate()),
        private_pem(generate_private_key(65537, 2048)),
        private_pem(FIRST.private_key, BestAvailableEncryption(b"a password")),
        "\ud800",
    ],
    ids=["nothing", "a word", "nonsense", "a public key", "X25519", "RSA", "behind a password", "no text"],
)
def test_what_is_no_ed25519_key_is_refused_without_a_word_of_it(text):
    with pytest.raises(ImproperlyConfigured) as refused:
        signing_keys.private_key(text)

    assert str(refused.value) == (
        "LICENSE_SIGNING_KEY is not an Ed25519 private key in PEM without a password; `openssl genpkey -algorithm ed25519` makes one."
    )
    assert (refused.value.__cause__, refused.value.__context__) == (None, None)


def test_public_keys_stand_one_after_another():
    others = [other_key(), other_key()]
    text = "\n".join(pem_of(key, private=False) for key in others)

    assert [key.thumbprint() for key in signing_keys.public_keys(text)] == [key.thumbprint() for key in others]
    assert signing_keys.public_keys(" \n") == []


@pytest.mark.parametrize(
    "text",
    [
        "a word",
        pem_of(FIRST),
        public_pem(X25519PrivateKey.generate()),
        pem_of(FIRST, private=False) + pem_of(FIRST),
        pem_of(FIRST, private=False)[:-10],
    ],
    ids=["a word", "a private key", "X25519", "a private key behind a public one", "half a key"],
)
def test_anything_else_among_public_keys_is_refused_without_a_word_of_it(text):
    with pytest.raises(ImproperlyConfigured) as refused:
        signing_keys.public_keys(text)

    assert str(refused.value) == (
        "LICENSE_VERIFYING_KEYS is not Ed25519 public keys in PEM, one after another; `openssl pkey -in key.pem -pubout` writes one."
    )


# ── Which are known ──


def test_the_current_key_is_the_first_and_each_is_known_once(settings):
    old = other_key()
    settings.LICENSE_SIGNING_KEY = pem_of(FIRST)
    settings.LICENSE_VERIFYING_KEYS = pem_of(old, private=False) + pem_of(FIRST, private=False) + pem_of(old, private=False)

    assert [key.thumbprint() for key in signing_keys.known()] == [FIRST.thumbprint(), old.thumbprint()]
    assert signing_keys.published() == pem_of(FIRST, private=False) + pem_of(old, private=False)


def test_no_private_key_is_among_those_known(settings):
    settings.LICENSE_SIGNING_KEY = pem_of(FIRST)

    assert [key.is_private for key in signing_keys.known()] == [False]
    assert "PRIVATE" not in signing_keys.published()


# ── Made once ──


@pytest.fixture
def made(settings, tmp_path):
    """Where the demo's key is made, in a folder that does not exist yet."""
    settings.LICENSE_SIGNING_KEY, settings.LICENSE_SIGNING_KEY_FILE = "", tmp_path / "var" / "license-signing-key.pem"
    return settings.LICENSE_SIGNING_KEY_FILE


def test_the_demo_makes_a_key_and_keeps_it(made):
    key = signing_keys.current()

    assert signing_keys.current().thumbprint() == key.thumbprint()
    assert [(path.name, stat.S_IMODE(path.stat().st_mode)) for path in made.parent.iterdir()] == [("license-signing-key.pem", 0o600)]
    assert made.read_text() == pem_of(key)


def test_whoever_comes_second_takes_the_key_of_the_first(made, monkeypatch):
    """Web server and worker start at once: while one makes a key, another has made one and signed with it."""
    generate, others = OKPKey.generate_key, []

    def while_another_is_faster(*arguments):
        monkeypatch.setattr(OKPKey, "generate_key", generate)
        others.append(signing_keys.current())
        return generate(*arguments)

    monkeypatch.setattr(OKPKey, "generate_key", while_another_is_faster)

    mine = signing_keys.current()

    assert [other.thumbprint() for other in others] == [mine.thumbprint()]
    assert [path.name for path in made.parent.iterdir()] == ["license-signing-key.pem"]


def test_a_key_of_the_environment_is_used_and_none_is_made(made, settings):
    settings.LICENSE_SIGNING_KEY = pem_of(FIRST)

    assert (signing_keys.current().thumbprint(), made.exists()) == (FIRST.thumbprint(), False)
