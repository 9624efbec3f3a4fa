"""Replace server, the flow: another license server for the same deployment, so many times a year (C8); and staff, who allow more."""

from datetime import UTC, datetime

import pytest
import time_machine

from accounts.models import SecurityEvent
from deployments.models import Deployment, ReplacementAllowance, ServerFile
from deployments.rights import DeploymentRetired, NoReplacementLeft, NoServerFile, NotYourDeployment
from deployments.server_files import NotAServerFile, ServerFileInUse, ServerFileUnchanged, Upload
from deployments.services import allow_replacement, replace_server, retire_deployment
from licensing_portal.foundation.errors import NotAllowed, Problem
from licensing_portal.foundation.models import Submission
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.books import balances
from tests.factories.accounts import LinkFactory, UserFactory
from tests.factories.deployments import deploy, download, upload, upload_of
from tests.factories.licenses import give


@pytest.fixture
def deployment(northgate, harborcu):
    """HCU-IVR-01, which northgate made for harborcu, active with its first server file."""
    give(northgate, ASR=10)
    return upload(deploy(northgate, owner=harborcu, name="HCU-IVR-01", ASR=3))


@pytest.fixture
def swap(deployment, harborcu, user):
    """Replace its server as harborcu; what a test is about is said in the call."""

    def act(text="ivr-02", **changes):
        call = {
            "deployment": deployment, "account": harborcu, "replaced_by": user(harborcu),
            "server_file": upload_of(text), "reason": "The server died", "key": fresh_key(),
        }  # fmt: skip
        return replace_server(**call | changes)

    return act


@pytest.fixture
def allow(deployment, publisher, staff):
    def act(**changes):
        call = {"deployment": deployment, "publisher": publisher, "allowed_by": staff, "reason": "Flooded data center", "key": fresh_key()}
        return allow_replacement(**call | changes)

    return act


def everything():
    files = list(ServerFile.objects.order_by("pk").values_list("sha256", "ended_at"))
    states = list(Deployment.objects.order_by("pk").values_list("state", "serial", "changed_at"))
    return files, states, ReplacementAllowance.objects.count(), Submission.objects.count(), balances()


def test_the_old_file_is_superseded_and_the_serial_rises(swap, deployment):
    """C8."""
    new = swap()

    old, now = ServerFile.objects.order_by("pk")
    assert (now, now.ended_at, now.reason) == (new, None, "The server died")
    assert old.ended_at is not None
    deployment.refresh_from_db()
    assert (deployment.state, deployment.serial, deployment.changed_at) == ("active", 2, new.uploaded_at)


def test_licenses_stay_where_they_are(swap):
    """C8: the same deployment."""
    before = balances()

    swap()

    assert balances() == before


def test_after_a_download_it_can_be_replaced_all_the_same(swap, deployment):
    """C8: that is what it is for."""
    first = download(deployment)
    swap()

    second = download(deployment)
    assert (first.serial, second.serial, second.server_file) == (1, 2, ServerFile.objects.latest("pk"))


def test_twice_a_year_needs_nobodys_help_and_then_the_form_says_whom_to_ask(swap, publisher):
    """C8."""
    swap("ivr-02")
    swap("ivr-03")
    before = everything()

    with pytest.raises(NoReplacementLeft) as refused:
        swap("ivr-04")

    year = datetime.now(UTC).year
    said = f"The server of HCU-IVR-01 was replaced twice in {year}. Ask {publisher.company} to allow one more."
    assert (refused.value.problems, everything()) == ([Problem(said)], before)


def test_the_number_is_a_setting(swap, settings, publisher):
    """C8."""
    settings.SERVER_REPLACEMENTS_PER_YEAR = 0

    with pytest.raises(NoReplacementLeft, match=f"^The server of HCU-IVR-01 can’t be replaced without the publisher’s help. Ask {publisher.company}"):
        swap()


def test_the_count_begins_anew_with_the_year_of_utc(northgate, harborcu, user):
    """C8: as the numbers of entries do."""
    give(northgate, ASR=1)
    with time_machine.travel(datetime(2026, 12, 31, 12, tzinfo=UTC), tick=True):
        made = upload(deploy(northgate, owner=harborcu, name="IVR", ASR=1))

        def swap(text):
            return replace_server(
                deployment=made, account=harborcu, replaced_by=user(harborcu), server_file=upload_of(text), reason="The server died", key=fresh_key()
            )

        swap("b")
        swap("c")
    with time_machine.travel(datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC), tick=False), pytest.raises(NoReplacementLeft):
        swap("d")
    with time_machine.travel(datetime(2027, 1, 1, tzinfo=UTC), tick=False):
        assert swap("d").ended_at is None


def test_another_deployment_has_a_count_of_its_own(swap, northgate, harborcu):
    """C8: "per deployment"."""
    second = upload(deploy(northgate, owner=harborcu, name="IVR-2", ASR=1), "other")
    swap("ivr-02")
    swap("ivr-03")

    assert swap("other-02", deployment=second).deployment == second


def test_the_very_same_file_is_no_other_server(swap):
    """C8."""
    before = everything()

    with pytest.raises(ServerFileUnchanged) as refused:
        swap("ivr-01")

    said = "This is the server file that HCU-IVR-01 has already. Choose that of the new server."
    assert (refused.value.problems, everything()) == ([Problem(said, "server_file")], before)


def test_one_can_go_back_to_the_first_server(swap):
    """C8: it is repaired."""
    swap("ivr-02")

    assert swap("ivr-01").ended_at is None


def test_the_file_of_another_active_deployment_is_refused_and_the_old_one_stays(swap, northgate, harborcu, deployment):
    """C6, B6."""
    upload(deploy(northgate, owner=harborcu, name="IVR-2", ASR=1), "other")
    before = everything()

    with pytest.raises(ServerFileInUse, match=r"in use on the deployment IVR-2"):
        swap("other")

    assert everything() == before


@pytest.mark.parametrize("content", [b"", b"x" * 65537])
def test_what_is_no_server_file_is_refused_and_the_old_one_stays(swap, content):
    """C6, B6."""
    before = everything()

    with pytest.raises(NotAServerFile):
        swap(server_file=Upload("info.bts", content))

    assert everything() == before


def test_a_deployment_that_waits_has_nothing_to_replace(swap, northgate, harborcu):
    """C8."""
    with pytest.raises(NoServerFile, match=r"^IVR-2 waits for its server file. Upload that first.$"):
        swap(deployment=deploy(northgate, owner=harborcu, name="IVR-2", ASR=1))


def test_nobody_allows_more_where_there_is_nothing_to_replace(allow, northgate, harborcu):
    """C8."""
    with pytest.raises(NoServerFile):
        allow(deployment=deploy(northgate, owner=harborcu, name="IVR-2", ASR=1))


def test_a_retired_deployment_keeps_no_server(swap, allow, deployment, harborcu, user):
    """C7: neither is it replaced, nor does anybody allow it."""
    retire_deployment(deployment=deployment, account=harborcu, retired_by=user(harborcu), reason="Taken down", key=fresh_key())

    for act in (swap, allow):
        with pytest.raises(DeploymentRetired, match=r"^HCU-IVR-01 is retired. Its server can’t be replaced.$"):
            act()


def test_the_reseller_who_made_it_replaces_nothing(swap, northgate, user):
    """A9, C8."""
    with pytest.raises(NotYourDeployment):
        swap(account=northgate, replaced_by=user(northgate))


def test_a_viewer_replaces_nothing(swap, harborcu, user):
    """rules.md §1."""
    with pytest.raises(NotAllowed):
        swap(replaced_by=user(harborcu, "viewer"))


def test_over_a_link_one_replaces_it_too(swap, harborcu, west, user):
    """A7."""
    LinkFactory(holder=west, target=harborcu)

    assert swap(replaced_by=user(west)).uploaded_by == user(west)


def test_the_same_form_again_replaces_once(swap):
    """B5."""
    key = fresh_key()
    first = swap(key=key)
    before = everything()

    assert (swap(key=key), everything()) == (first, before)
    for changes in ({"text": "ivr-03"}, {"reason": "For another reason"}):
        with pytest.raises(FormAlreadyUsed):
            swap(key=key, **changes)
    assert everything() == before


# ── Staff allow more ──


def test_staff_allow_one_more_in_this_year_and_it_stands_in_the_log(swap, allow, deployment, staff, harborcu):
    """C8."""
    swap("ivr-02")
    swap("ivr-03")

    allowance = allow()

    assert (allowance.deployment, allowance.year, allowance.allowed_by) == (deployment, datetime.now(UTC).year, staff)
    event = SecurityEvent.objects.latest("pk")
    said = f"One more replacement in {allowance.year} allowed: HCU-IVR-01"
    assert (event.kind, event.user, event.other, event.about) == ("staff_acted", staff, harborcu, said)
    swap("ivr-04")
    with pytest.raises(NoReplacementLeft, match=r"was replaced 3 times"):
        swap("ivr-05")


def test_the_same_press_allows_once(allow):
    """B5."""
    key = fresh_key()

    assert allow(key=key) == allow(key=key)
    assert ReplacementAllowance.objects.count() == 1


def test_nobody_else_allows_more(allow, northgate, harborcu, publisher, user):
    """C8: nor staff without the right for it."""
    clerk = UserFactory(account=publisher, username="clerk", is_staff=True)

    for person, account in [(user(harborcu), harborcu), (user(northgate), northgate), (clerk, publisher)]:
        with pytest.raises(NotAllowed):
            allow(allowed_by=person, publisher=account)
    assert ReplacementAllowance.objects.count() == 0
