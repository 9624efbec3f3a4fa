"""Server files: what may be one, whose it is already, how it comes to a deployment, and how often it may be replaced (C6, C8).

The bytes are opaque: nothing here or anywhere reads a meaning into them. Two files are the same if their SHA-256 is.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, User
from deployments.models import LARGEST_SERVER_FILE, Deployment, ServerFile
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.text import header_text

FIELD = "server_file"
LONGEST_NAME = 100  # characters
EMPTY = _("This file is empty. Choose the license server’s info.bts.")
TOO_LARGE = format_lazy(_("This file has more than {size} KiB. Choose the license server’s info.bts."), size=LARGEST_SERVER_FILE // 1024)


class NotAServerFile(Refusal):
    """It has no bytes, or too many."""


class ServerFileInUse(Refusal):
    """Another active deployment has this server file; names it to whoever may know (A9)."""


class ServerFileUnchanged(Refusal):
    """The deployment has this very server file already."""


@dataclass(frozen=True)
class Upload:
    """A file as somebody sent it: what it is called, which is hearsay, and its bytes."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def shown_name(self) -> str:
        """The name in a form that breaks no page, no line and no sentence: of a path the last part, and never a long one."""
        last = header_text(self.name.replace("\\", "/").rpartition("/")[2])
        return last[:LONGEST_NAME].strip(". ") or "info.bts"


def attach(upload: Upload, deployment: Deployment, *, uploaded_by: User, uploaded_as: Account, reason: str = "") -> ServerFile:
    """Make this the file in use of a locked deployment that has none in use, which is active from then on, with a new serial.

    Raises NotAServerFile, ServerFileInUse, ServerFileUnchanged.
    """
    check_size(upload)
    if refusal := _refusal_if_in_use(upload, deployment, uploaded_as):
        raise refusal
    try:
        with transaction.atomic():
            server_file = ServerFile.objects.create(
                deployment=deployment, sha256=upload.sha256, content=upload.content, size=len(upload.content), name=upload.shown_name,
                reason=reason, uploaded_by=uploaded_by, uploaded_as=uploaded_as,
            )  # fmt: skip
    except IntegrityError:
        # Two who upload one file at once both find it free; the constraint lets one of them have it, and here is the other.
        if refusal := _refusal_if_in_use(upload, deployment, uploaded_as):
            raise refusal from None
        raise
    deployment.state, deployment.serial, deployment.changed_at = Deployment.State.ACTIVE, deployment.serial + 1, server_file.uploaded_at
    deployment.save(update_fields=["state", "serial", "changed_at"])
    return server_file


def detach(deployment: Deployment) -> None:
    """End the use of the deployment's server file, if it has one; another deployment may have that from then on."""
    deployment.server_files.in_use().update(ended_at=timezone.now())


def check_size(upload: Upload) -> None:
    """Refuse what is empty or too large.

    Raises NotAServerFile.
    """
    if not upload.content:
        raise NotAServerFile(EMPTY, field=FIELD)
    if len(upload.content) > LARGEST_SERVER_FILE:
        raise NotAServerFile(TOO_LARGE, field=FIELD)


def check_that_it_is_another(upload: Upload, deployment: Deployment) -> None:
    """Refuse the file that the deployment has in use.

    Raises ServerFileUnchanged.
    """
    if deployment.server_files.in_use().filter(sha256=upload.sha256).exists():
        said = gettext("This is the server file that %(deployment)s has already. Choose that of the new server.")
        raise ServerFileUnchanged(said % {"deployment": deployment}, field=FIELD)


def _refusal_if_in_use(upload: Upload, deployment: Deployment, account: Account) -> Refusal | None:
    """Say that an active deployment has the file. Its reseller, who may see the deployment, does not learn what its owner uploaded (A9)."""
    found = ServerFile.objects.in_use().defer("content").select_related("deployment").filter(sha256=upload.sha256).first()
    if found is None:
        return None
    said = gettext("This server file is in use on another deployment. Choose that of this license server.")
    if account.pk in {found.deployment.owner_id, found.uploaded_as_id}:
        named = gettext("This server file is in use on the deployment %(deployment)s. Choose that of this license server.")
        said = named % {"deployment": found.deployment}
    return ServerFileInUse(said, field=FIELD)


def this_year() -> int:
    """The year in which replacements are counted, of UTC as in the numbers of entries."""
    return timezone.now().astimezone(UTC).year


def replacements_allowed(deployment: Deployment) -> int:
    """How many replacements the deployment may have this year: those that need nobody's help, and what staff gave beyond them (C8)."""
    more: int = deployment.replacement_allowances.filter(year=this_year()).count()
    without_help: int = settings.SERVER_REPLACEMENTS_PER_YEAR
    return without_help + more


def replacements_made(deployment: Deployment) -> int:
    """How many it had this year: each ended the use of the file before."""
    new_year = datetime(this_year(), 1, 1, tzinfo=UTC)
    made: int = deployment.server_files.filter(ended_at__gte=new_year).count()
    return made
