"""The security log (A8): what is written in it, by whom it is read, and that nobody changes it."""

import re
from contextlib import suppress

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core import mail
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import security_log, services
from accounts.backends import PortalBackend
from accounts.links import services as links
from accounts.links.services import CannotLink
from accounts.middleware import ActingAccountMiddleware
from accounts.models import Account, SecurityEvent, User
from deployments.services import add_deployment
from licenses.models import Product
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from licensing_portal.foundation.tracing import TraceMiddleware
from tests.factories.accounts import PASSWORD, LinkFactory, UserFactory
from tests.factories.licenses import give, quantities
from tests.roles import the_owner, walls_down
from tests.views import form_of, press

HERE = "203.0.113.7"
WRONG = "wrong horse battery"
Kind = SecurityEvent.Kind


def told(*kinds):
    """Each event as one line, the oldest first: what, who of which account, which other account, about what."""
    events = SecurityEvent.objects.order_by("pk").select_related("user", "account", "other")
    return [
        " ".join(str(part) for part in (event.kind, event.user, event.account, event.other, event.about) if part)
        for event in events
        if not kinds or event.kind in kinds
    ]


def sign_in(username, password=PASSWORD):
    browser = Client(REMOTE_ADDR=HERE)
    return browser, press(browser, "/sign-in/", {"login": username, "password": password})


# ── At the sign-in ──


def test_signing_in_and_out_is_written_down(northgate):
    browser, response = sign_in("northgate")
    browser.post("/sign-out/")

    assert told() == ["signed_in northgate northgate", "signed_out northgate northgate"]
    first = SecurityEvent.objects.earliest("pk")
    assert (first.address, first.request_id) == (HERE, response["X-Request-ID"])
    assert abs((timezone.now() - first.at).total_seconds()) < 60


def test_signing_out_of_the_admin_is_written_down_too(desk):
    desk.post("/admin/logout/")

    assert told() == ["signed_out staff publisher"]


def test_a_wrong_password_is_written_down_with_whose_name_was_tried(northgate):
    sign_in("NorthGate", WRONG)

    assert told() == ["sign_in_failed northgate northgate POST /sign-in/"]


def test_a_name_that_nobody_has_is_not_written_down(northgate):
    """It may be a password, typed into the wrong field."""
    sign_in("my secret words", WRONG)

    assert told() == ["sign_in_failed POST /sign-in/"]


def test_a_lock_is_written_down_once_for_all_that_knock_meanwhile(northgate):
    """A8; else a flood would fill the log."""
    for _ in range(8):
        sign_in("northgate", WRONG)

    assert told() == ["sign_in_failed northgate northgate POST /sign-in/"] * 5 + ["locked northgate northgate POST /sign-in/"]


def test_at_the_link_form_both_are_written_down(northgate, west, user):
    """Whose name was tried, in the one account's log, and who tried it, in the other's."""
    browser = Client()
    browser.force_login(user(northgate))

    press(browser, "/linked-accounts/", {"username": "northgate-west", "password": WRONG})

    assert told() == [
        "sign_in_failed northgate-west northgate-west POST /linked-accounts/",
        "sign_in_failed northgate northgate POST /linked-accounts/",
    ]


def test_the_right_password_of_who_is_kept_out_is_written_down(northgate):
    User.objects.filter(username="northgate").update(is_active=False)
    sign_in("northgate")

    assert told() == ["refused northgate northgate Your user northgate is deactivated. Ask an administrator of your account."]


def test_a_session_that_a_closed_account_ends_is_written_down(northgate, signed_in):
    browser = signed_in(northgate)
    Account.objects.filter(pk=northgate.pk).update(closed_at=timezone.now())
    browser.get("/")

    assert told() == ["signed_out northgate northgate The account was closed"]


def test_too_many_requests_are_written_down_once(db):
    for _ in range(35):
        Client().post("/sign-in/", {"login": "", "password": ""})

    assert told() == ["throttled POST /sign-in/"]


# ── Passwords ──


def mailed_link():
    deliver_due()
    return re.search(r"http://testserver(/password/reset/key/\S+/)", mail.outbox[-1].body)[1]


def test_a_reset_is_written_down_when_it_is_asked_for_and_when_the_password_changes(northgate):
    browser = Client()
    press(browser, "/password/reset/", {"email": "northgate"})
    press(browser, "/password/reset/", {"email": "nobody"})
    press(browser, browser.get(mailed_link()).url, {"password1": "another few words"})

    assert told() == ["reset_asked northgate northgate", "reset_asked", "password_changed northgate northgate", "signed_in northgate northgate"]


def test_the_first_password_is_written_down(northgate, user):
    enduser = services.create_enduser(
        reseller=northgate, created_by=user(northgate), username="oakridge", company="Oakridge", email="office@oakridge.example.com", key=fresh_key()
    )
    invited = enduser.users.get()
    services.accept_invitation(invitation=invited.invitations.get(), password="a few words in a row")

    assert told() == [
        "account_created northgate northgate oakridge",
        "password_changed oakridge oakridge The first one, over an invitation",
    ]


# ── Links and switching ──


def test_a_link_is_written_down_from_its_beginning_to_its_end(northgate, west, user, signed_in):
    """A2, A5, A7."""
    browser = signed_in(northgate)
    press(browser, "/linked-accounts/", {"username": "northgate-west", "password": PASSWORD})
    browser.post("/switch/northgate-west/")
    browser.post("/switch-back/")
    link = northgate.links.get()
    links.remove_link(link=link, removed_by=user(west), acting=west, key=fresh_key())

    assert told() == [
        "linked northgate northgate northgate-west Proved by northgate-west",
        "switched northgate northgate northgate-west",
        "returned northgate northgate northgate-west",
        "unlinked northgate-west northgate-west northgate",
    ]


def test_going_back_without_having_switched_is_nothing(northgate, signed_in):
    signed_in(northgate).post("/switch-back/")

    assert told() == []


def test_acting_that_ends_with_its_link_is_written_down(northgate, west, signed_in):
    link = LinkFactory(holder=northgate, target=west)
    browser = signed_in(northgate)
    browser.post("/switch/northgate-west/")
    User.objects.filter(pk=link.proved_by_id).update(password=make_password("another"))
    browser.get("/")

    assert told() == ["switched northgate northgate northgate-west", "returned northgate northgate northgate-west"]


def test_what_a_flow_rolls_back_is_not_told_of(northgate, west, user):
    """The line is of the flow's own transaction."""
    LinkFactory(holder=northgate, target=west)

    with pytest.raises(CannotLink):
        links.link_account(holder=northgate, linked_by=user(northgate), proved_by=user(west), key=fresh_key())

    assert told() == []


# ── Refusals ──


def test_a_page_that_one_may_not_open_is_written_down(northgate, harborcu, signed_in):
    signed_in(harborcu).get("/sell/")
    signed_in(northgate).get("/admin/accounts/user/")

    assert told() == ["refused harborcu harborcu GET /sell/", "refused northgate northgate GET /admin/accounts/user/"]


def test_a_flood_of_such_pages_is_one_line_for_each_person_and_page(northgate, harborcu, stmarys, signed_in):
    for browser in (signed_in(harborcu), signed_in(stmarys)):
        for _ in range(3):
            browser.get("/sell/")
    signed_in(harborcu).get("/endusers/")

    assert told() == ["refused harborcu harborcu GET /sell/", "refused stmarys stmarys GET /sell/", "refused harborcu harborcu GET /endusers/"]


def test_while_acting_it_is_written_down_for_both(northgate, west, signed_in):
    """A7: the person behind is always kept."""
    LinkFactory(holder=northgate, target=west)
    browser = signed_in(northgate)
    browser.post("/switch/northgate-west/")
    browser.get("/linked-accounts/")

    assert told(Kind.REFUSED) == ["refused northgate northgate northgate-west GET /linked-accounts/"]


def test_what_a_flow_refuses_for_want_of_a_right_is_written_down_after_it_rolled_back(northgate, west, tideway, user):
    """B7: decided again under the lock; here over a link that is somebody else's, whatever the page had shown."""
    link = LinkFactory(holder=northgate, target=west)

    def remove_somebody_elses_link(request):
        with suppress(NotAllowed):
            links.remove_link(link=link, removed_by=request.user, acting=request.acting, key=fresh_key())
        return HttpResponse()

    request = RequestFactory(REMOTE_ADDR=HERE).post("/linked-accounts/northgate-west/remove/")
    request.user, request.session = PortalBackend().get_user(user(tideway).pk), {}
    answer = TraceMiddleware(ActingAccountMiddleware(remove_somebody_elses_link))(request)

    assert told() == ["refused tideway tideway POST /linked-accounts/northgate-west/remove/: This link is not yours."]
    assert SecurityEvent.objects.get().request_id == answer["X-Request-ID"]


# ── What staff do ──


def test_what_staff_do_is_written_down_in_the_accounts_log_too(desk, northgate, user):
    give(northgate, ASR=10)
    made = add_deployment(
        account=northgate, added_by=user(northgate), owner=northgate, name="LAB", host_name="lab", quantities=quantities(ASR=1), key=fresh_key()
    )
    before = len(told())

    press(desk, "/admin/issue/", {"account": "northgate", "qty-ASR": "3"})
    press(desk, f"/admin/deployments/deployment/{made.pk}/retire/", {"reason": "Ticket 4711: wrong enduser"})
    deliver_due()
    press(desk, f"/admin/foundation/notice/{Notice.objects.latest('pk').pk}/send-again/")

    done = told()[before:]
    assert [line.partition(":")[0] for line in done] == [
        "staff_acted staff publisher northgate Licenses issued",
        "staff_acted staff publisher northgate Deployment retired",
        "staff_acted staff publisher northgate Notice sent again",
    ]


def test_what_staff_change_is_written_down_by_the_names_of_its_fields(desk, northgate):
    page = f"/admin/accounts/account/{northgate.pk}/change/"
    press(desk, page, {"company": "Northgate Ltd", "email": "new@northgate.example.com"})
    press(desk, page)

    assert told() == [
        "staff_acted staff publisher northgate Account northgate changed: Company, Email",
        "staff_acted staff publisher northgate Account northgate saved, nothing changed",
    ]


def test_a_role_and_a_deactivation_are_kinds_of_their_own(desk, northgate):
    jo = UserFactory(account=northgate, username="jo", role="viewer")
    page = f"/admin/accounts/user/{jo.pk}/change/"
    press(desk, page, {"role": "manager"})
    form = form_of(desk, page)
    del form["is_active"]
    desk.post(page, form)
    press(desk, page, {"is_active": "on"})

    assert told(Kind.ROLE_CHANGED, Kind.USER_DEACTIVATED, Kind.USER_ACTIVATED) == [
        "role_changed staff publisher northgate jo: viewer → manager",
        "user_deactivated staff publisher northgate jo",
        "user_activated staff publisher northgate jo",
    ]


def test_products_and_groups_are_written_down(desk, northgate):
    give(northgate, ASR=1)
    before = len(told())
    press(desk, "/admin/licenses/product/add/", {"code": "TTS", "name": "Speech", "description": ""})
    desk.post("/admin/licenses/product/", {"action": "retire", "_selected_action": list(Product.objects.values_list("pk", flat=True))})
    press(desk, "/admin/auth/group/add/", {"name": "clerks"})
    desk.post(f"/admin/auth/group/{Group.objects.get(name='clerks').pk}/delete/", {"post": "yes"})

    by_staff = "staff_acted staff publisher"
    assert told()[before:] == [
        f"{by_staff} Product Speech (TTS) added",
        f"{by_staff} Product The Asr (ASR) retired",
        f"{by_staff} Product Speech (TTS) retired",
        f"{by_staff} Group clerks added",
        f"{by_staff} Group clerks deleted",
    ]


# ── What is never in it ──


def test_no_password_no_token_and_no_session_key_is_in_it(northgate, west):
    browser = Client()
    press(browser, "/sign-in/", {"login": PASSWORD, "password": PASSWORD})
    sign_in("northgate", WRONG)
    press(browser, "/password/reset/", {"email": "northgate"})
    link = mailed_link()
    browser.get(link, follow=True)
    browser.get("/invitation/some-token/")
    signed_in, _ = sign_in("northgate")
    press(signed_in, "/linked-accounts/", {"username": "northgate-west", "password": PASSWORD})

    columns = SecurityEvent.objects.values_list("kind", "about", "address", "request_id")
    everything = " ".join(" ".join(row) for row in columns)
    secrets = [PASSWORD, WRONG, link.rstrip("/").rpartition("/")[2], "some-token", signed_in.session.session_key]
    assert [secret for secret in secrets if secret in everything] == []


@pytest.mark.parametrize("text", ["one\nline", "one\r\nline", "one\0line", "one\u2028line", "one\x1b[31mline", "one\ud800line"], ids=ascii)
def test_no_text_begins_a_line_of_its_own(northgate, user, text):
    event = security_log.record(Kind.STAFF_ACTED, user=user(northgate), about=text)

    event.refresh_from_db()
    assert event.about in {"one line", "one  line", "one [31mline"}


def test_a_long_text_is_cut(northgate, user):
    assert len(security_log.record(Kind.STAFF_ACTED, user=user(northgate), about="x" * 5000).about) == 200


# ── Never changed ──


@pytest.fixture
def event(northgate, user):
    return security_log.record(Kind.SIGNED_IN, user=user(northgate))


def execute(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.postgres
@pytest.mark.parametrize("statement", ["UPDATE {} SET about = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_application_has_no_right_to_change_it(event, statement):
    """Without the trigger, for a privilege is a wall of its own."""
    with walls_down("security_events_are_never_changed"), pytest.raises(ProgrammingError, match="permission denied"):
        execute(statement.format("accounts_securityevent"))


@pytest.mark.postgres
@pytest.mark.parametrize("statement", ["UPDATE {} SET about = 'x'", "DELETE FROM {}"])
def test_the_owner_does_not_change_it_by_a_slip(event, statement):
    with the_owner(), pytest.raises(DatabaseError, match="the security log is never changed"):
        execute(statement.format("accounts_securityevent"))


def test_not_even_a_superuser_changes_it_in_the_admin(desk, event):
    """By address too."""
    page = "/admin/accounts/securityevent/"
    answers = {
        "list": desk.get(page).status_code,
        "searched": desk.get(page, {"q": "northgate", "kind__exact": "signed_in"}).status_code,
        "page": desk.get(f"{page}{event.pk}/change/").status_code,
        "add": desk.get(f"{page}add/").status_code,
        "add, pressed": desk.post(f"{page}add/", {"kind": "signed_in"}).status_code,
        "change, pressed": desk.post(f"{page}{event.pk}/change/", {"about": "x"}).status_code,
        "delete": desk.get(f"{page}{event.pk}/delete/").status_code,
        "delete, pressed": desk.post(f"{page}{event.pk}/delete/", {"post": "yes"}).status_code,
    }
    desk.post(page, {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"})

    assert answers == {
        "list": 200, "searched": 200, "page": 200, "add": 403, "add, pressed": 403, "change, pressed": 403, "delete": 403, "delete, pressed": 403,
    }  # fmt: skip
    event.refresh_from_db()
    assert event.about == ""
