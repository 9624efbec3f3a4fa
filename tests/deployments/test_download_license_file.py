"""Download license file, the flow: the signed file of what is on a deployment, who got it, and what that ends (C6, C7)."""

import hashlib

import pytest

from deployments.license_files import LicensedProduct, LicenseFile, LicenseFileTooLarge, read
from deployments.models import Deployment, LicenseFileDownload, SignedLicenseFile
from deployments.rights import DeploymentRetired, LicenseFileDownloaded, NoServerFile, NotYourDeployment
from deployments.services import LicenseFileSuperseded, add_licenses, download_license_file, retire_deployment
from licenses.models import Product
from licensing_portal.foundation import signing_keys
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.models import Submission
from licensing_portal.foundation.submissions import fresh_key
from tests.books import balances
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy, replace, upload
from tests.factories.licenses import give, quantities
from tests.keys import other_key, pem_of


@pytest.fixture
def deployment(northgate, harborcu):
    """HCU-IVR-01 with 3 ASR and 2 TTS, which northgate made for harborcu, active; harborcu has 5 ASR besides."""
    give(northgate, ASR=3, TTS=2)
    give(harborcu, ASR=5)
    return upload(deploy(northgate, owner=harborcu, name="HCU-IVR-01", host_name="ivr-01.example.com", ASR=3, TTS=2))


@pytest.fixture
def fetch(deployment, harborcu, user):
    """Download it as harborcu; what a test is about is said in the call."""

    def act(**changes):
        call = {"deployment": deployment, "account": harborcu, "downloaded_by": user(harborcu), "key": fresh_key()}
        return download_license_file(**call | changes)

    return act


@pytest.fixture
def retire(deployment, harborcu, user):
    def act(account=harborcu, person=None):
        return retire_deployment(deployment=deployment, account=account, retired_by=person or user(account), reason="Taken down", key=fresh_key())

    return act


def everything():
    return [model.objects.count() for model in (SignedLicenseFile, LicenseFileDownload, Submission)], balances()


def test_it_says_what_is_on_the_deployment_and_for_which_server(fetch, deployment, publisher, harborcu):
    """C6."""
    made = fetch().license_file

    assert read(made.text) == LicenseFile(
        publisher=publisher.company,
        deployment_number=deployment.entries.get().entry.number,
        deployment="HCU-IVR-01",
        owner="harborcu",
        company="Harbor Credit Union",
        host_name="ivr-01.example.com",
        server_file_sha256=hashlib.sha256(b"ivr-01").hexdigest(),
        products=tuple(LicensedProduct(code, Product.objects.get(code=code).name, quantity) for code, quantity in [("ASR", 3), ("TTS", 2)]),
        issued_at=made.made_at.replace(microsecond=0),
        serial=1,
    )


def test_a_file_whose_key_was_withdrawn_is_superseded_by_one_that_the_new_key_signs(fetch, deployment, settings):
    """C6: whoever has a key that leaked could write any file, so none that it signed is given again."""
    key = fresh_key()
    before = fetch(key=key)

    settings.LICENSE_SIGNING_KEY = pem_of(other_key())
    with pytest.raises(LicenseFileSuperseded):
        fetch(key=key)
    after = [fetch() for _ in range(2)]

    assert [download.license_file.serial for download in (before, *after)] == [1, 2, 2]
    assert read(after[0].license_file.text).serial == Deployment.objects.get(pk=deployment.pk).serial == 2


def test_a_file_whose_key_was_rotated_is_given_again(fetch, settings):
    before = fetch()

    settings.LICENSE_VERIFYING_KEYS = pem_of(signing_keys.current(), private=False)
    settings.LICENSE_SIGNING_KEY = pem_of(other_key())

    assert fetch().license_file == before.license_file


def test_it_is_kept_who_got_it(fetch, harborcu, west, user):
    """C6, A7."""
    LinkFactory(holder=west, target=harborcu)

    fetch()
    fetch(downloaded_by=user(west))

    rows = [(row.license_file.serial, row.downloaded_by, row.downloaded_as) for row in LicenseFileDownload.objects.order_by("pk")]
    assert rows == [(1, user(harborcu), harborcu), (1, user(west), harborcu)]


def test_the_same_serial_is_the_same_bytes_whatever_is_called_otherwise_meanwhile(fetch, harborcu):
    """C6."""
    first = fetch().license_file
    Product.objects.update(name="Renamed")
    harborcu.company = "Renamed"
    harborcu.save()

    assert (fetch().license_file, SignedLicenseFile.objects.get().text) == (first, first.text)


def test_each_change_of_server_and_licenses_makes_a_new_one(fetch, deployment, harborcu, user):
    """C6, C8."""
    fetch()
    add_licenses(deployment=deployment, account=harborcu, added_by=user(harborcu), quantities=quantities(ASR=2), key=fresh_key())
    added = read(fetch().license_file.text)
    replace(deployment, "ivr-02")
    replaced = read(fetch().license_file.text)

    assert [(file.serial, file.products[0].quantity) for file in (added, replaced)] == [(2, 5), (3, 5)]
    assert replaced.server_file_sha256 == hashlib.sha256(b"ivr-02").hexdigest()


def test_a_change_that_nobody_downloaded_leaves_a_gap_in_the_serials(fetch, deployment):
    """C6: the serial says what is newer, and counts nothing else."""
    replace(deployment, "ivr-02")
    replace(deployment, "ivr-03")

    assert fetch().license_file.serial == 3


def test_the_same_form_again_gives_the_same_file_and_counts_once(fetch):
    """B5."""
    key = fresh_key()
    first = fetch(key=key)
    before = everything()

    assert (fetch(key=key), everything()) == (first, before)


def test_a_page_that_stays_open_never_gives_a_file_that_is_superseded(fetch, deployment):
    """C8: its key is used, and a newer file is there."""
    key = fresh_key()
    fetch(key=key)
    replace(deployment, "ivr-02")
    before = everything()

    with pytest.raises(LicenseFileSuperseded, match=r"^There is a newer license file of HCU-IVR-01 now. Press again to download that.$"):
        fetch(key=key)

    assert everything() == before


def test_a_deployment_that_waits_has_none(fetch, northgate, harborcu):
    """C6."""
    give(northgate, ASR=1)

    with pytest.raises(NoServerFile, match=r"^IVR-2 waits for its server file. Upload that first.$"):
        fetch(deployment=deploy(northgate, owner=harborcu, name="IVR-2", ASR=1))


@pytest.mark.parametrize("whose", ["northgate", "stmarys", "tideway"])
def test_nobody_but_its_owner_gets_it(fetch, request, user, whose):
    """A9: not the reseller who made it either."""
    account = request.getfixturevalue(whose)

    with pytest.raises(NotYourDeployment):
        fetch(account=account, downloaded_by=user(account))


def test_a_viewer_does_not_get_it(fetch, harborcu, user):
    """rules.md §1, C7: it would end the owner's right to retire."""
    before = everything()

    with pytest.raises(NotAllowed):
        fetch(downloaded_by=user(harborcu, "viewer"))

    assert everything() == before


def test_a_file_that_would_be_too_large_is_refused_and_nothing_is_kept(fetch, deployment, monkeypatch):
    """C6: license servers read no more than 64 KiB."""
    monkeypatch.setattr("deployments.license_files.LARGEST", 100)
    before = everything()

    with pytest.raises(LicenseFileTooLarge):
        fetch()

    assert everything() == before


# ── Either the file or the licenses (C7) ──


def test_until_it_is_downloaded_its_owner_can_retire_the_deployment(fetch, retire):
    """C7: that there is a server file is no hindrance."""
    retire()

    assert balances()["harborcu", "ASR"] == (8, 0, 0)
    with pytest.raises(DeploymentRetired, match=r"^HCU-IVR-01 is retired. There is no license file of it any more.$"):
        fetch()


def test_once_it_was_downloaded_its_owner_cannot(fetch, retire):
    """C7."""
    fetch()
    before = everything()

    with pytest.raises(LicenseFileDownloaded) as refused:
        retire()

    said = "A license file of HCU-IVR-01 was downloaded, so its licenses may be in use. Only the publisher can retire it."
    assert (str(refused.value), everything()) == (said, before)


def test_a_newer_file_does_not_bring_the_right_back(fetch, retire, deployment):
    """C7: the one of before may still run somewhere."""
    fetch()
    replace(deployment, "ivr-02")

    with pytest.raises(LicenseFileDownloaded):
        retire()


def test_staff_can_retire_it_all_the_same(fetch, retire, publisher, staff):
    """C7."""
    fetch()
    retire(publisher, staff)

    assert (Deployment.objects.get().state, balances()["harborcu", "ASR"]) == ("retired", (8, 0, 0))
    with pytest.raises(DeploymentRetired):
        fetch()


def test_the_page_of_before_a_retirement_gives_nothing_any_more(fetch, retire, publisher, staff):
    """C7, B5: not even what it gave already."""
    key = fresh_key()
    fetch(key=key)
    retire(publisher, staff)

    with pytest.raises(DeploymentRetired):
        fetch(key=key)
