"""Deployments are never made by hand either: `deploy` adds them by the flow, so that the books always prove."""

from deployments.models import Deployment
from deployments.server_files import Upload
from deployments.services import add_deployment, download_license_file, replace_server, upload_server_file
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


def upload_of(text="ivr-01", name="info.bts"):
    """A server file as somebody sends it; another text is another file."""
    return Upload(name, text.encode())


def upload(deployment, text="ivr-01", name="info.bts"):
    """Give a deployment its server file, as its owner; return the deployment as it then is."""
    owner = deployment.owner
    upload_server_file(
        deployment=deployment, account=owner, uploaded_by=UserFactory(account=owner), server_file=upload_of(text, name), key=fresh_key()
    )
    return Deployment.objects.get(pk=deployment.pk)


def download(deployment):
    """Download its license file, as its owner; return the license file."""
    owner = deployment.owner
    return download_license_file(deployment=deployment, account=owner, downloaded_by=UserFactory(account=owner), key=fresh_key()).license_file


def replace(deployment, text, reason="The server died"):
    """Put another server in its place, as its owner; return the new server file."""
    owner = deployment.owner
    person = UserFactory(account=owner)
    return replace_server(deployment=deployment, account=owner, replaced_by=person, server_file=upload_of(text), reason=reason, key=fresh_key())
