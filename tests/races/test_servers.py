"""Server files and license files while others press (C6 to C8): either the file or the licenses, and one serial for each change."""

import threading

import pytest
from django.db.models import QuerySet

from accounts.models import User
from deployments import server_files, services
from deployments.models import Deployment, LicenseFileDownload, ServerFile
from deployments.services import add_licenses, download_license_file, replace_server, retire_deployment, upload_server_file
from licensing_portal.foundation.submissions import fresh_key
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import UserFactory
from tests.factories.deployments import deploy, upload, upload_of
from tests.factories.licenses import give, quantities
from tests.races.crowd import PATIENCE, all_at_once, kinds
from tests.races.holding import without_constraint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def waiting(northgate):
    """IVR of northgate with 3 ASR, which waits for its server file; northgate has 10 ASR besides."""
    give(northgate, ASR=13)
    return deploy(northgate, name="IVR", ASR=3)


@pytest.fixture
def active(waiting):
    return upload(waiting)


@pytest.fixture
def acts(northgate):
    """What northgate's people can press, each act another person's: whoever acts is locked, and one person would wait for oneself."""
    people = iter([UserFactory(account=northgate, username=f"person-{number}") for number in range(8)])
    amounts = quantities(ASR=1)

    class Acts:
        def upload(self, deployment, text="ivr-01"):
            person = next(people)
            return lambda: upload_server_file(
                deployment=deployment, account=northgate, uploaded_by=person, server_file=upload_of(text), key=fresh_key()
            )

        def replace(self, deployment, text):
            person = next(people)
            return lambda: replace_server(
                deployment=deployment, account=northgate, replaced_by=person, server_file=upload_of(text), reason="It died today", key=fresh_key()
            )

        def download(self, deployment):
            person = next(people)
            return lambda: download_license_file(deployment=deployment, account=northgate, downloaded_by=person, key=fresh_key())

        def retire(self, deployment):
            person = next(people)
            return lambda: retire_deployment(deployment=deployment, account=northgate, retired_by=person, reason="Taken down", key=fresh_key())

        def add(self, deployment):
            person = next(people)
            return lambda: add_licenses(deployment=deployment, account=northgate, added_by=person, quantities=amounts, key=fresh_key())

    return Acts()


@pytest.fixture
def without_the_lock(monkeypatch):
    """Nobody locks the deployment or oneself, and two have looked at it before either of them writes. The books keep their lock."""

    def install(*doors):
        gate = threading.Barrier(2)
        lock = QuerySet.select_for_update
        monkeypatch.setattr(
            QuerySet, "select_for_update", lambda self, **options: self if self.model in {Deployment, User} else lock(self, **options)
        )
        for module, name in doors:
            monkeypatch.setattr(module, name, _behind(gate, getattr(module, name)))

    return install


def _behind(gate, act):
    def wait_and_act(*args, **options):
        gate.wait(PATIENCE)
        return act(*args, **options)

    return wait_and_act


def state_of(deployment):
    deployment.refresh_from_db()
    return deployment.state, deployment.serial


# ── Retire against download: either the file or the licenses (C7) ──


def test_without_the_lock_the_owner_has_both_the_file_and_the_licenses(active, acts, without_the_lock):
    """The control."""
    without_the_lock((services, "_license_file_of"), (services, "_return_all"))

    outcomes = all_at_once([acts.download(active), acts.retire(active)])

    assert kinds(outcomes) == {"JournalEntry": 1, "LicenseFileDownload": 1}
    assert (state_of(active)[0], LicenseFileDownload.objects.count(), balances()) == ("retired", 1, {("northgate", "ASR"): (13, 0, 0)})


def test_of_a_retirement_and_downloads_at_once_the_owner_gets_one_or_the_other(active, acts):
    """C7."""
    outcomes = all_at_once([*(acts.download(active) for _ in range(5)), acts.retire(active)])

    given = LicenseFileDownload.objects.count()
    if state_of(active)[0] == "retired":
        assert (kinds(outcomes), given) == ({"DeploymentRetired": 5, "JournalEntry": 1}, 0)
        assert balances() == {("northgate", "ASR"): (13, 0, 0)}
    else:
        assert (kinds(outcomes), given) == ({"LicenseFileDownload": 5, "LicenseFileDownloaded": 1}, 5)
        assert balances() == {("northgate", "ASR"): (10, 3, 0)}
    assert_the_books_are_proven()


def test_many_first_downloads_at_once_make_one_file(active, acts):
    """C6: the same serial, the same bytes."""
    outcomes = all_at_once([acts.download(active) for _ in range(6)])

    assert kinds(outcomes) == {"LicenseFileDownload": 6}
    assert len({download.license_file_id for download in outcomes}) == 1


# ── Two changes at once ──


def test_without_the_lock_two_changes_get_one_serial(active, acts, without_the_lock):
    """The control: a file downloaded after the first of them would say something else than one after both, under one number."""
    without_the_lock((server_files, "detach"), (services, "_deploy"))

    all_at_once([acts.replace(active, "ivr-02"), acts.add(active)])

    assert state_of(active) == ("active", 2)


def test_a_replacement_and_added_licenses_at_once_get_a_serial_each(active, acts):
    """C6, C8."""
    outcomes = all_at_once([acts.replace(active, "ivr-02"), *(acts.add(active) for _ in range(4))])

    assert kinds(outcomes) == {"JournalEntry": 4, "ServerFile": 1}
    assert state_of(active) == ("active", 6)
    assert_the_books_are_proven()


# ── The last replacement of the year (C8) ──


def test_without_the_lock_two_take_the_last_replacement(active, acts, settings, without_the_lock, northgate):
    """The control: only that a deployment has one server file in use stops the second, and with a crash."""
    settings.SERVER_REPLACEMENTS_PER_YEAR = 1
    without_the_lock((server_files, "detach"))

    outcomes = all_at_once([acts.replace(active, "ivr-02"), acts.replace(active, "ivr-03")])

    assert kinds(outcomes) == {"IntegrityError": 1, "ServerFile": 1}


def test_of_many_replacements_at_the_limit_one_happens_and_the_others_are_told(active, acts, settings):
    """C8."""
    settings.SERVER_REPLACEMENTS_PER_YEAR = 1

    outcomes = all_at_once([acts.replace(active, f"ivr-0{number}") for number in range(2, 8)])

    assert kinds(outcomes) == {"NoReplacementLeft": 5, "ServerFile": 1}
    assert (ServerFile.objects.count(), state_of(active)) == (2, ("active", 2))


# ── One file, two deployments (C6) ──


@pytest.fixture
def both_find_it_free(monkeypatch):
    """Two have asked whether the file is in use before either of them uploads it."""
    gate, asked_before, asked = threading.Barrier(2), threading.Event(), server_files._refusal_if_in_use

    def ask_and_wait(*args):
        answer = asked(*args)
        if not asked_before.is_set():
            gate.wait(PATIENCE)
            asked_before.set()  # who asks again was refused by the constraint
        return answer

    monkeypatch.setattr(server_files, "_refusal_if_in_use", ask_and_wait)


def test_two_who_find_one_file_free_are_told_apart_by_the_database_and_kindly(waiting, acts, northgate, both_find_it_free):
    """C6: it is the constraint that decides."""
    second = deploy(northgate, name="IVR-2", ASR=1)

    outcomes = all_at_once([acts.upload(waiting), acts.upload(second)])

    assert kinds(outcomes) == {"ServerFile": 1, "ServerFileInUse": 1}
    assert sorted(state_of(deployment) for deployment in (waiting, second)) == [("active", 1), ("waiting", 0)]


def test_without_the_constraint_both_would_have_it(waiting, acts, northgate, both_find_it_free):
    """The control: what the flow finds out by itself is not enough."""
    second = deploy(northgate, name="IVR-2", ASR=1)
    with without_constraint(ServerFile, "a_server_file_is_in_use_on_one_deployment"):
        outcomes = all_at_once([acts.upload(waiting), acts.upload(second)])

        assert kinds(outcomes) == {"ServerFile": 2}
        assert ServerFile.objects.in_use().filter(sha256=upload_of().sha256).count() == 2
        retire_deployment(
            deployment=second, account=northgate, retired_by=User.objects.get(username="northgate"), reason="Taken down", key=fresh_key()
        )


def test_of_many_uploads_of_one_file_at_once_one_deployment_has_it(waiting, acts, northgate):
    """C6."""
    others = [deploy(northgate, name=f"IVR-{number}", ASR=1) for number in range(2, 6)]

    outcomes = all_at_once([acts.upload(deployment) for deployment in (waiting, *others)])

    assert kinds(outcomes) == {"ServerFile": 1, "ServerFileInUse": 4}
    assert ServerFile.objects.count() == 1
