"""close_enduser: a reseller closes an enduser that has no licenses, and nobody else does (A1)."""

import pytest
from django.test import Client

from accounts.models import Account, SecurityEvent
from accounts.services import InvitationNotGood, NotYourEnduser, accept_invitation, create_enduser
from licenses.services import NotClosed, close_enduser, sell_licenses
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import PASSWORD, LinkFactory, UserFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities
from tests.views import page_of, text_of
from transfers.services import transfer_licenses


@pytest.fixture
def close(northgate, harborcu, user):
    def call(**changes):
        return close_enduser(**{"reseller": northgate, "enduser": harborcu, "closed_by": user(northgate), "key": fresh_key()} | changes)

    return call


def is_open(account):
    account.refresh_from_db()
    return account.closed_at is None


def test_an_enduser_without_licenses_is_closed_and_told(close, northgate, harborcu, mail_server):
    northgate.email = "sales@northgate.example.com"
    northgate.save()
    close()
    deliver_due()

    (letter,) = mail_server.mails()
    assert not is_open(harborcu)
    assert (letter["To"], letter["Subject"], letter["Reply-To"]) == (
        "harborcu@example.com",
        "Northgate Voice Systems closed your account harborcu",
        "sales@northgate.example.com",
    )


def test_nobody_signs_in_to_it_any_more_and_nothing_is_sold_to_it(close, northgate, harborcu, user):
    give(northgate, ASR=1)
    close()

    browser = Client()
    browser.post("/sign-in/", {"login": "harborcu", "password": PASSWORD})
    assert browser.get("/").status_code == 302
    with pytest.raises(NotYourEnduser, match="harborcu is closed and can’t receive licenses"):
        sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=1), key=fresh_key())


def test_sessions_that_were_open_do_not_come_back_when_staff_open_it_again(close, harborcu, signed_in):
    browser = signed_in(harborcu)
    browser.get("/")
    close()
    Account.objects.filter(pk=harborcu.pk).update(closed_at=None)

    assert browser.get("/").status_code == 302


def test_it_stands_in_the_security_log_of_both(close, northgate, harborcu):
    close()

    event = SecurityEvent.objects.get(kind="account_closed")
    assert (event.account, event.user.username, event.other) == (northgate, "northgate", harborcu)


@pytest.mark.parametrize("has", ["available", "deployed"])
def test_whoever_has_licenses_is_not_shut_out_from_them(close, harborcu, has):
    give(harborcu, ASR=2)
    if has == "deployed":
        deploy(harborcu, ASR=2)

    with pytest.raises(NotClosed, match=r"harborcu is in use and can’t be closed here\. Nothing was changed\."):
        close()
    assert is_open(harborcu)


def test_whose_licenses_have_all_left_is_closed(close, northgate, harborcu, user):
    """A holding of nothing is none: harborcu passed everything on over a link."""
    other = create_enduser(
        reseller=northgate, created_by=user(northgate), username="harborcu-2", company="Harbor", email="two@example.com", key=fresh_key()
    )
    LinkFactory(holder=other, target=harborcu)
    give(harborcu, ASR=2)
    manager = UserFactory(account=other, username="jo")
    transfer_licenses(receiver=other, transferred_by=manager, giver=harborcu, quantities=quantities(ASR=2), key=fresh_key())

    close()

    assert not is_open(harborcu)


def test_an_invitation_that_is_open_is_worth_nothing_then(close, northgate, user):
    facts = {"username": "oakridge", "company": "Oakridge", "email": "o@example.com"}
    oakridge = create_enduser(reseller=northgate, created_by=user(northgate), key=fresh_key(), **facts)
    invitation = oakridge.users.get().invitations.get()
    close(enduser=oakridge)

    with pytest.raises(InvitationNotGood):
        accept_invitation(invitation=invitation, password="a long and good one")


def test_anothers_enduser_is_not_closed(close, metrotransit):
    with pytest.raises(NotYourEnduser, match="“metrotransit” is not one of your endusers"):
        close(enduser=metrotransit)
    assert is_open(metrotransit)


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_only_administrators_close_it(close, northgate, harborcu, user, role):
    with pytest.raises(NotAllowed):
        close(closed_by=user(northgate, role))
    assert is_open(harborcu)


def test_one_form_closes_once_and_another_says_that_it_is_closed(close, harborcu):
    key = fresh_key()
    close(key=key)
    closed_at = type(harborcu).objects.get(pk=harborcu.pk).closed_at

    assert close(key=key).closed_at == closed_at
    with pytest.raises(NotClosed, match="harborcu is closed already"):
        close()
    assert Notice.objects.filter(account="harborcu").count() == 1


# ── The page ──


def close_button(browser, enduser="harborcu"):
    page = page_of(browser.get(f"/endusers/{enduser}/"))
    return next((form for form in page.all("form") if form["action"] == f"/endusers/{enduser}/close/"), None)


def press_close(browser, enduser="harborcu"):
    form = close_button(browser, enduser)
    key = next(field["value"] for field in form.all("input") if field["name"] == "key")
    return browser.post(f"/endusers/{enduser}/close/", {"key": key}, follow=True)


def test_the_button_closes_it_says_so_and_is_gone(northgate, harborcu, signed_in):
    browser = signed_in(northgate)
    response = press_close(browser)

    assert "harborcu is closed." in text_of(response)
    assert (is_open(harborcu), close_button(browser)) == (False, None)


def test_a_refusal_stands_above_the_page(northgate, harborcu, signed_in):
    give(harborcu, ASR=1)
    response = press_close(signed_in(northgate))

    assert "harborcu is in use and can’t be closed here. Nothing was changed." in text_of(response)
    assert is_open(harborcu)


def test_who_may_not_close_has_no_button(northgate, harborcu, signed_in):
    assert close_button(signed_in(northgate, "manager")) is None
