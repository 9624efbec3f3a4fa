"""Settings → Notifications: which notices an account gets, and in which time zone (C4, C9; contract.md)."""

import pytest

from accounts.models import Account, NoticeChoice
from accounts.notifications.services import save_notices
from deployments.services import add_deployment
from licenses.services import issue_licenses, sell_licenses
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notice_kinds import all_kinds
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import give, quantities
from tests.views import RUBBISH, errors_of, notes_of, press, rows_of
from transfers.services import transfer_licenses

NOTIFICATIONS = "/settings/notifications/"
OWN, ISSUED = "deployment_added", "licenses_issued"
ALWAYS, BOX = "Always sent", ""


def save(visitor, **typed):
    return press(visitor, NOTIFICATIONS, {"time_zone": "UTC"} | typed)


def save_unticked(visitor, name):
    """Press Save with a box that is empty: no visitor sends it."""
    page = visitor.get(NOTIFICATIONS)
    ticked = {"time_zone": "UTC", ISSUED: "on"}
    del ticked[name]
    assert page.status_code == 200
    return visitor.post(NOTIFICATIONS, ticked)


def kinds_told(account):
    return [notice.kind.rpartition("/")[2] for notice in Notice.objects.filter(account=account.username).order_by("pk")]


def names_of(response):
    """What the page says of each kind, by its name as far as its first words."""
    return {row[0]: row[1] for row in rows_of(response) if len(row) > 1}


def test_what_the_rules_promise_has_words_in_place_of_a_box(harborcu, signed_in):
    """C4, C9, A5: who can lose something always hears of it."""
    shown = names_of(signed_in(harborcu).get(NOTIFICATIONS))

    boxes = {kind.name for kind in all_kinds() if kind.is_optional}
    assert boxes == {"Licenses issued to you", "Your own new deployments"}
    assert {name: words for name, words in shown.items() if words == BOX and not name.startswith(tuple(boxes))} == {}
    assert sum(words == ALWAYS for words in shown.values()) == len(all_kinds()) - len(boxes) - 1  # an enduser recalls nothing


def test_a_reseller_is_not_shown_what_only_endusers_get(northgate, signed_in):
    shown = names_of(signed_in(northgate).get(NOTIFICATIONS))

    assert [name for name in shown if name.startswith(("Licenses sold to you", "A deployment made for you", "A sale recalled"))] == []
    assert [name for name in shown if name.startswith("Your own recalls")] != []


def test_an_enduser_is_not_shown_what_only_resellers_get(harborcu, signed_in):
    shown = names_of(signed_in(harborcu).get(NOTIFICATIONS))

    assert [name for name in shown if name.startswith("Your own recalls")] == []


def test_notices_of_ones_own_deployments_come_once_they_are_asked_for(harborcu, user, signed_in):
    """C5: nothing is sold, so none is promised."""
    give(harborcu, ASR=9)

    def deploy(name):
        add_deployment(
            account=harborcu, added_by=user(harborcu), owner=harborcu, name=name, host_name="ivr", quantities=quantities(ASR=1), key=fresh_key()
        )

    deploy("before")
    visitor = signed_in(harborcu)
    response = save(visitor, **{OWN: "on"})
    deploy("IVR after")

    assert notes_of(visitor.get(response.url)) == ["Settings saved."]
    notice = Notice.objects.get(kind="deployments/emails/deployment_added")
    assert (notice.email.subject, notice.address) == ('Deployment "IVR after" added', "harborcu@example.com")
    assert "It uses 1 license of your account harborcu, which counts as Deployed" in " ".join(notice.email.message.split())


def test_notices_of_issued_licenses_end_where_they_are_not_wanted(harborcu, publisher, staff, signed_in):
    def issue():
        issue_licenses(publisher=publisher, issued_by=staff, account=harborcu, quantities=quantities(ASR=1), key=fresh_key())

    issue()
    save_unticked(signed_in(harborcu), ISSUED)
    issue()

    assert kinds_told(harborcu) == ["licenses_issued"]


def test_nothing_that_is_sent_switches_off_what_is_promised(northgate, west, harborcu, user):
    """C4, C9: a form made by hand, and rows that somebody wrote, change nothing of it."""
    save_notices(account=harborcu, changed_by=user(harborcu), wanted={kind.letter: False for kind in all_kinds()}, time_zone="UTC")
    for kind in all_kinds():
        NoticeChoice.objects.get_or_create(account=harborcu, letter=kind.letter, defaults={"is_wanted": False})
    give(northgate, ASR=9)
    LinkFactory(holder=west, target=harborcu)

    sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=3), key=fresh_key())
    transfer_licenses(receiver=west, transferred_by=user(west), giver=harborcu, quantities=quantities(ASR=1), key=fresh_key())

    assert kinds_told(harborcu) == ["licenses_sold", "licenses_transferred_out"]


def test_a_choice_stays_as_it_was_said_last(harborcu, signed_in):
    visitor = signed_in(harborcu)
    save(visitor, **{OWN: "on"})
    save_unticked(visitor, ISSUED)

    choices = {choice.letter.rpartition("/")[2]: choice.is_wanted for choice in NoticeChoice.objects.all()}
    assert choices == {OWN: False, ISSUED: False}


def test_the_accounts_zone_is_saved_and_needed(harborcu, signed_in):
    visitor = signed_in(harborcu)

    save(visitor, time_zone="tokyo")
    assert errors_of(save(visitor, time_zone="")) == {"time_zone": ["Enter a time zone"]}

    assert Account.objects.get(username="harborcu").time_zone == "Asia/Tokyo"


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_breaks_nothing(harborcu, signed_in, text):
    """rules.md §4."""
    assert save(signed_in(harborcu), time_zone=text).status_code == 200
    assert Account.objects.get(username="harborcu").time_zone == "UTC"
