"""Deployments are never made by hand either: `deploy` adds them by the flow, so that the books always prove."""

from deployments.services import add_deployment
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import UserFactory
from tests.factories.licenses import quantities


def deploy(account, *, owner=None, name="LAB", host_name="lab", **by_code):
    """Put licenses of an account on a deployment, for itself or for an enduser: deploy(northgate, owner=harborcu, name="IVR", ASR=4)."""
    return add_deployment(
        account=account,
        added_by=UserFactory(account=account),
        owner=owner or account,
        name=name,
        host_name=host_name,
        quantities=quantities(**by_code),
        key=fresh_key(),
    )
