"""What a license file says, where no deployment is needed to say it."""

from datetime import UTC, datetime

from deployments.license_files import LicensedProduct, LicenseFile

CONTENT = LicenseFile(
    publisher="Voice Publisher",
    deployment_number="D-2026-000001",
    deployment="HCU-IVR-01",
    owner="harborcu",
    company="Harbor Credit Union",
    host_name="ivr-01.harborcu.example.com",
    server_file_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    products=(LicensedProduct("ASR-FULL", "Speech Engine (ASR) Full", 24), LicensedProduct("TTS", "Text-to-Speech Server", 12)),
    issued_at=datetime(2026, 11, 24, 20, 0, 5, tzinfo=UTC),
    serial=3,
)
