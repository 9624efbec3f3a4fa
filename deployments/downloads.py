"""A license file on its way to a browser, which is to save it, and never to show or guess what it is."""

import re
from urllib.parse import quote

from django.http import HttpResponse

from deployments.models import Deployment, SignedLicenseFile

LONGEST_NAME = 60  # characters, of the deployment's name in that of the file


def license_file_response(license_file: SignedLicenseFile) -> HttpResponse:
    """Answer with the very bytes that were signed, as a file to save."""
    name = file_name(license_file.deployment, license_file.serial)
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    # Browsers take the second name, whatever letters it has; what knows only the first has plain ones there (RFC 6266).
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return HttpResponse(license_file.text.encode(), content_type="application/json", headers={"Content-Disposition": disposition})


def file_name(deployment: Deployment, serial: int) -> str:
    """Name the file after its deployment and serial, without a character that a file system or a header minds."""
    name = re.sub(r"[^\w.-]+", "-", deployment.name)[:LONGEST_NAME].strip(".-") or "deployment"
    return f"{name}-license-{serial}.lic"
