"""ASVS 12, how the portal talks to its mail server: over TLS it believes no certificate that nobody vouches for."""

import json
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.mail import get_connection

from tests.foundation.test_settings import PRODUCTION, start
from tests.mail import free_port


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 and its key, in one file, which nobody but itself vouches for."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def server(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    running = Controller(Sink(), hostname="127.0.0.1", port=free_port(), tls_context=context)
    running.start()
    yield running
    running.stop()


def to(server):
    return get_connection("django.core.mail.backends.smtp.EmailBackend", host="localhost", port=server.port, use_tls=True, username="", password="")


def test_a_mail_server_that_nobody_vouches_for_is_told_nothing(server):
    """12.3.2."""
    with pytest.raises(ssl.SSLCertVerificationError):
        to(server).open()


def test_one_that_is_vouched_for_is_spoken_to_over_tls(server, certificate, monkeypatch):
    """The counterpart: only the voucher was missing."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with to(server) as connection:
        assert connection.connection.sock.version() in {"TLSv1.2", "TLSv1.3"}


ASKS = "import json, licensing_portal.settings as s; print(json.dumps([getattr(s, 'EMAIL_USE_TLS', False), getattr(s, 'EMAIL_USE_SSL', False)]))"


@pytest.mark.parametrize(("address", "how"), [("smtp+tls://m.example.com:587", [True, False]), ("smtp+ssl://m.example.com:465", [False, True])])
def test_the_environment_says_whether_it_is_tls(address, how):
    assert json.loads(start(ASKS, **PRODUCTION | {"EMAIL_URL": address}).stdout) == how
