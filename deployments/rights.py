"""What an account may still do to a deployment: one answer for the page that offers it and, under the lock, for the flow that does it (B7).

The right of the person is decided in `accounts/permissions.py`; here it is about the deployment, its state and its age.
"""

from django.conf import settings
from django.utils import timezone

from accounts.models import Account
from deployments.models import Deployment
from licensing_portal.foundation.errors import Refusal


class NotYourDeployment(Refusal):
    """The account does not own the deployment and, where that would do, did not make it either (C7)."""


class DeploymentRetired(Refusal):
    """The deployment is retired, which is for good (C7)."""


class TooLateToRetire(Refusal):
    """The reseller who made the deployment could retire it, but can't any more (C7)."""


def refusal_to_add_licenses(deployment: Deployment, account: Account) -> Refusal | None:
    """Say why the account can't put more licenses on the deployment; None where it can: its owner, until it is retired (C7)."""
    if deployment.owner_id != account.pk:
        return NotYourDeployment("Licenses can’t be added to this deployment.")
    if deployment.is_retired:
        return DeploymentRetired(f"{deployment} is retired. Licenses can’t be added to it.")
    return None


def refusal_to_retire(deployment: Deployment, account: Account) -> Refusal | None:
    """Say why the account can't retire the deployment; None where it can (C7).

    Its owner can while no license file was downloaded, which as yet is always. The reseller who made it can within the
    recall window, while no server file was uploaded. The publisher always can.
    """
    is_owner = deployment.owner_id == account.pk
    if not (is_owner or deployment.made_by_id == account.pk or account.is_publisher):
        return NotYourDeployment("This deployment can’t be retired.")
    if deployment.is_retired:
        return DeploymentRetired(f"{deployment} is retired already.")
    return None if is_owner or account.is_publisher else _refusal_to_its_reseller(deployment)


def _refusal_to_its_reseller(deployment: Deployment) -> Refusal | None:
    if deployment.state != Deployment.State.WAITING:
        return TooLateToRetire(f"{deployment} is in use: a server file was uploaded. Its owner can retire it.")
    if timezone.now() > deployment.created_at + settings.RECALL_WINDOW:
        days = settings.RECALL_WINDOW.days
        return TooLateToRetire(f"The {days} days in which you could retire {deployment} are over. Its owner can retire it.")
    return None
