"""What an account may still do to a deployment: one answer for the page that offers it and, under the lock, for the flow that does it (B7).

The right of the person is decided in `accounts/permissions.py`; here it is about the deployment, its state and its age.
"""

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from accounts.models import Account
from accounts.selectors import publisher
from deployments.models import Deployment, LicenseFileDownload
from deployments.server_files import replacements_allowed, replacements_made, this_year
from licensing_portal.foundation.errors import Refusal


class NotYourDeployment(Refusal):
    """The account does not own the deployment and, where that would do, did not make it either (C7)."""


class DeploymentRetired(Refusal):
    """The deployment is retired, which is for good (C7)."""


class TooLateToRetire(Refusal):
    """The reseller who made the deployment could retire it, but can't any more (C7)."""


class LicenseFileDownloaded(Refusal):
    """Its owner could retire the deployment, but was given a license file of it (C7)."""


class ServerFileThere(Refusal):
    """The deployment has its server file; another one takes its place only by Replace server (C8)."""


class NoServerFile(Refusal):
    """The deployment waits for its server file, without which there is nothing to replace and no license file (C6)."""


class NoReplacementLeft(Refusal):
    """The replacements of this year that need nobody's help are used up, and staff gave none beyond them (C8)."""


def refusal_to_add_licenses(deployment: Deployment, account: Account) -> Refusal | None:
    """Say why the account can't put more licenses on the deployment; None where it can: its owner, until it is retired (C7)."""
    if deployment.owner_id != account.pk:
        return NotYourDeployment(gettext("Licenses can’t be added to this deployment."))
    if deployment.is_retired:
        return DeploymentRetired(gettext("%(deployment)s is retired. Licenses can’t be added to it.") % {"deployment": deployment})
    return None


def refusal_to_upload(deployment: Deployment, account: Account) -> Refusal | None:
    """Say why the account can't upload the deployment's server file; None where it can: its owner, while the deployment waits for one (C6)."""
    if deployment.owner_id != account.pk:
        return NotYourDeployment(gettext("A server file can’t be uploaded for this deployment."))
    if deployment.is_retired:
        return DeploymentRetired(gettext("%(deployment)s is retired. No server file can be uploaded for it.") % {"deployment": deployment})
    if deployment.is_waiting:
        return None
    return ServerFileThere(gettext("%(deployment)s has a server file already. To change it, replace the server.") % {"deployment": deployment})


def refusal_to_replace_server(deployment: Deployment, account: Account) -> Refusal | None:
    """Say why the account can't replace the deployment's server; None where it can: its owner, so many times a year (C8)."""
    if deployment.owner_id != account.pk:
        return NotYourDeployment(gettext("The server of this deployment can’t be replaced."))
    if refusal := refusal_to_allow_replacement(deployment):
        return refusal
    made = replacements_made(deployment)
    if made < replacements_allowed(deployment):
        return None
    facts = {"deployment": deployment, "number": made, "year": this_year(), "publisher": publisher().company}
    return NoReplacementLeft(_how_often(made) % facts)


def _how_often(made: int) -> str:
    if not made:
        return gettext("The server of %(deployment)s can’t be replaced without the publisher’s help. Ask %(publisher)s to allow one more.")
    if made == 2:  # noqa: PLR2004 - English has a word for it
        return gettext("The server of %(deployment)s was replaced twice in %(year)s. Ask %(publisher)s to allow one more.")
    return ngettext(
        "The server of %(deployment)s was replaced once in %(year)s. Ask %(publisher)s to allow one more.",
        "The server of %(deployment)s was replaced %(number)s times in %(year)s. Ask %(publisher)s to allow one more.",
        made,
    )


def refusal_to_allow_replacement(deployment: Deployment) -> Refusal | None:
    """Say why nobody can replace the server, and staff can't allow it once more; None where there is one (C8)."""
    if deployment.is_retired:
        return DeploymentRetired(gettext("%(deployment)s is retired. Its server can’t be replaced.") % {"deployment": deployment})
    return _refusal_while_it_waits(deployment)


def _refusal_while_it_waits(deployment: Deployment) -> Refusal | None:
    if not deployment.is_waiting:
        return None
    return NoServerFile(gettext("%(deployment)s waits for its server file. Upload that first.") % {"deployment": deployment})


def refusal_to_download(deployment: Deployment, account: Account) -> Refusal | None:
    """Say why the account can't have the deployment's license file; None where it can: its owner, while the deployment is active (C6)."""
    if deployment.owner_id != account.pk:
        return NotYourDeployment(gettext("The license file of this deployment can’t be downloaded."))
    if deployment.is_retired:
        return DeploymentRetired(gettext("%(deployment)s is retired. There is no license file of it any more.") % {"deployment": deployment})
    return _refusal_while_it_waits(deployment)


def was_downloaded(deployment: Deployment) -> bool:
    """Whether anybody was given a license file of it, be it one that is superseded by now: it may still run somewhere."""
    return deployment.serial > 0 and LicenseFileDownload.objects.filter(license_file__deployment=deployment).exists()


def refusal_to_retire(deployment: Deployment, account: Account) -> Refusal | None:
    """Say why the account can't retire the deployment; None where it can (C7).

    Its owner can while no license file was downloaded. The reseller who made it can within the recall window, while no
    server file was uploaded. The publisher always can.
    """
    is_owner = deployment.owner_id == account.pk
    if not (is_owner or deployment.made_by_id == account.pk or account.is_publisher):
        return NotYourDeployment(gettext("This deployment can’t be retired."))
    if deployment.is_retired:
        return DeploymentRetired(gettext("%(deployment)s is retired already.") % {"deployment": deployment})
    if account.is_publisher:
        return None
    return _refusal_to_its_owner(deployment) if is_owner else _refusal_to_its_reseller(deployment)


def _refusal_to_its_owner(deployment: Deployment) -> Refusal | None:
    if not was_downloaded(deployment):
        return None
    said = gettext("A license file of %(deployment)s was downloaded, so its licenses may be in use. Only the publisher can retire it.")
    return LicenseFileDownloaded(said % {"deployment": deployment})


def _refusal_to_its_reseller(deployment: Deployment) -> Refusal | None:
    if deployment.state != Deployment.State.WAITING:
        return TooLateToRetire(gettext("%(deployment)s is in use: a server file was uploaded. Ask its owner.") % {"deployment": deployment})
    if timezone.now() > deployment.created_at + settings.RECALL_WINDOW:
        days = settings.RECALL_WINDOW.days
        said = gettext("The %(days)s days in which you could retire %(deployment)s are over. Ask its owner.")
        return TooLateToRetire(said % {"days": days, "deployment": deployment})
    return None
