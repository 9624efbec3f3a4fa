"""Settings → Team (contract.md, "Words on the screen"): who is there, and the page of each."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation, User
from accounts.team.services import invite_user
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import Binding, fresh_key
from tests.factories.accounts import PASSWORD, LinkFactory, UserFactory
from tests.views import (
    ALREADY_USED,
    OUT_OF_DATE,
    RUBBISH,
    controls_of,
    errors_of,
    form_of,
    heading_of,
    headings_of,
    kept_in,
    links_of,
    notes_of,
    page_of,
    press,
    rows_of,
    text_of,
)

TEAM = "/settings/team/"
INVITE = "/settings/invite-user/"
JO = "/settings/team/jo/"
MAX = {"username": "max", "email": "max@example.com", "role": "manager"}


@pytest.fixture
def jo(northgate):
    return UserFactory(account=northgate, username="jo", role="manager")


@pytest.fixture
def invited(northgate, user):
    return invite_user(account=northgate, invited_by=user(northgate), key=fresh_key(), **MAX)


def button_form(browser, page, address):
    """What the form of one button of a page would send."""
    form = next(form for form in page_of(browser.get(page)).all("form") if form["action"] == address)
    return {control["name"]: control["value"] for control in form.all("input") if control["name"]}


def press_button(browser, page, act):
    return browser.post(f"{page}{act}/", button_form(browser, page, f"{page}{act}/"), follow=True)


def roles():
    return {person.username: (person.role, person.is_active) for person in User.objects.filter(account__username="northgate")}


# ── Who is there ──


def test_the_list_says_who_there_is_and_whether_they_can_sign_in(northgate, jo, invited, signed_in):
    User.objects.filter(pk=jo.pk).update(is_active=False)
    UserFactory(account=northgate, username="vic", role="viewer", email=None)

    rows = rows_of(signed_in(northgate).get(TEAM))

    assert [[*row[:3], row[4]] for row in rows] == [
        ["jo", "jo@people.example.com", "Manager", "Deactivated"],
        ["max", "max@example.com", "Manager", "Invited"],
        ["northgate (you)", "northgate@people.example.com", "Administrator", "Active"],
        ["vic", "", "Viewer", "Active"],
    ]
    assert [row[3] == "Never" for row in rows] == [True, True, False, True]


def test_whoever_is_alone_is_shown_the_way_to_invite(northgate, signed_in):
    response = signed_in(northgate).get(TEAM)

    assert "You are the only one." in text_of(response)
    assert links_of(response)["Invite a user"] == INVITE


def test_the_list_has_pages(northgate, signed_in):
    for number in range(51):
        UserFactory(account=northgate, username=f"person-{number:02}")
    browser = signed_in(northgate)

    assert [len(rows_of(browser.get(TEAM + page))) for page in ("", "?page=2", "?page=99")] == [50, 2, 2]


def test_nobody_of_another_account_is_in_it(northgate, tideway, harborcu, signed_in):
    """A9: one's endusers' people neither."""
    assert [row[0] for row in rows_of(signed_in(northgate).get(TEAM))] == ["northgate (you)"]


@pytest.mark.parametrize("name", ["harborcu", "tideway", "nobody"])
def test_a_user_of_another_account_is_not_found(northgate, tideway, harborcu, signed_in, name):
    """A9."""
    browser = signed_in(northgate)

    assert [browser.get(f"{TEAM}{name}/").status_code] == [404]
    assert [browser.post(f"{TEAM}{name}/{act}/").status_code for act in ("invite-again", "deactivate", "activate")] == [404] * 3


def test_the_menu_and_the_tabs_lead_there_where_one_may_go(northgate, signed_in):
    for role, leads_there in (("administrator", True), ("manager", False), ("viewer", False)):
        response = signed_in(northgate, role).get("/settings/security/")
        assert any(link["href"] == TEAM for link in page_of(response).all("a")) is leads_there
    tabs = page_of(signed_in(northgate).get(TEAM)).first("main").first("nav")
    assert [link.text for link in tabs.all("a")] == ["Profile", "Security", "Notifications", "Team", "Log"]


def test_nobody_administers_users_while_acting(northgate, west, signed_in):
    """A7: "no users"."""
    LinkFactory(holder=west, target=northgate)
    browser = signed_in(west)
    browser.post("/switch/northgate/")

    assert [browser.get(page).status_code for page in (TEAM, INVITE, f"{TEAM}northgate/")] == [403] * 3
    assert all(link["href"] != TEAM for link in page_of(browser.get("/")).all("a"))


# ── Inviting ──


def test_an_invited_user_accepts_and_signs_in(northgate, signed_in):
    """A1: from the form to the first page."""
    response = press(signed_in(northgate), INVITE, MAX)

    assert (response.status_code, response.url) == (302, f"{TEAM}max/")
    deliver_due()
    assert mail.outbox[-1].to == ["max@example.com"]
    browser = Client()
    browser.get(re.search(r"http://testserver(/invitation/\S+/)", mail.outbox[-1].body)[1])
    assert "You will sign in as max for Northgate Voice Systems." in text_of(browser.get("/invitation/"))
    assert press(browser, "/invitation/", {"password": "a few words in a row"}).url == "/"
    assert heading_of(browser.get("/")) == "My Licenses"


def test_the_page_of_who_was_invited_says_so(northgate, signed_in):
    browser = signed_in(northgate)
    response = browser.post(INVITE, form_of(browser, INVITE) | MAX, follow=True)

    assert notes_of(response) == ["max is invited. The invitation goes to max@example.com."]
    assert headings_of(response) == ["max", "Sign-in", "What max may do", "End the sign-in"]


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"username": "", "email": ""}, {"username": ["Enter a username"], "email": ["Enter an email address"]}),
        ({"username": "x"}, {"username": ["Use 2 to 30 letters a to z, digits and hyphens"]}),
        ({"username": "Northgate"}, {"username": ["northgate is taken. Choose another username."]}),
        (
            {"username": "tideway", "email": "nowhere"},
            {"username": ["tideway is taken. Choose another username."], "email": ["Enter an email address like name@example.com"]},
        ),
        ({"email": "nowhere"}, {"email": ["Enter an email address like name@example.com"]}),
        (
            {"email": "NORTHGATE@people.example.com"},
            {"email": ["NORTHGATE@people.example.com belongs to another user. Each user needs an address of their own."]},
        ),
        ({"role": "owner"}, {"role": ["Choose one of the three roles"]}),
        ({"role": ""}, {"role": ["Choose a role"]}),
    ],
)
def test_a_refused_invitation_says_why_by_the_field_and_keeps_what_was_typed(northgate, tideway, signed_in, typed, errors):
    """B6."""
    response = press(signed_in(northgate), INVITE, MAX | typed)

    assert errors_of(response) == errors
    kept = {name: value for name, value in (MAX | typed).items() if name != "role"}
    assert kept_in(response, kept) == kept
    assert (User.objects.filter(username="max").exists(), Invitation.objects.count()) == (False, 0)


@pytest.mark.parametrize("field", MAX)
@pytest.mark.parametrize("rubbish", RUBBISH)
def test_rubbish_invites_nobody_and_breaks_nothing(northgate, signed_in, field, rubbish):
    """rules.md §4."""
    response = press(signed_in(northgate), INVITE, MAX | {field: RUBBISH[rubbish]})

    assert (list(errors_of(response)), Invitation.objects.count()) == ([field], 0)


def test_pressed_twice_one_is_invited_once(northgate, signed_in):
    """B5."""
    browser = signed_in(northgate)
    form = form_of(browser, INVITE) | MAX

    assert [browser.post(INVITE, form).url for _ in range(2)] == [f"{TEAM}max/"] * 2
    assert Notice.objects.count() == 1


def test_the_invitation_is_sent_again(northgate, invited, signed_in):
    response = press_button(signed_in(northgate), f"{TEAM}max/", "invite-again")

    assert notes_of(response) == ["A new invitation goes to max@example.com."]
    assert Notice.objects.count() == 2


def test_a_withdrawn_invitation_says_so(northgate, invited, signed_in):
    deliver_due()
    browser = Client()
    browser.get(re.search(r"http://testserver(/invitation/\S+/)", mail.outbox[-1].body)[1])
    press_button(signed_in(northgate), f"{TEAM}max/", "deactivate")

    response = browser.get("/invitation/")

    assert (heading_of(response), [name for kind, name in controls_of(response) if kind == "button"]) == ("This invitation was withdrawn", [])
    assert "Ask Northgate Voice Systems, who sent it." in text_of(response)


def test_the_reseller_of_an_enduser_reads_nothing_of_its_team(northgate, harborcu, user, signed_in):
    """A9: the invitation on the enduser's page is that of its first user."""
    invite_user(account=harborcu, invited_by=user(harborcu), key=fresh_key(), **MAX)
    User.objects.filter(username="harborcu").update(password="!")

    response = signed_in(northgate).get("/endusers/harborcu/")

    assert "Invitation" not in [term.text for term in page_of(response).all("dt")]
    assert "max" not in text_of(response)


# ── Roles ──


def test_the_form_shows_the_role_of_now_and_changes_it(northgate, jo, signed_in):
    browser = signed_in(northgate)

    form = form_of_role(browser, JO)
    response = browser.post(JO, form | {"role": "viewer"}, follow=True)

    assert form["role"] == "manager"
    assert (response.redirect_chain, notes_of(response)) == ([(JO, 302)], ["The role of jo is viewer now."])
    assert roles()["jo"] == ("viewer", True)


def form_of_role(browser, page):
    form = next(form for form in page_of(browser.get(page)).first("main").all("form") if list(form.all("select")))
    chosen = next(option["value"] for option in form.all("option") if "selected" in option.attributes)
    return {control["name"]: control["value"] for control in form.all("input")} | {"role": chosen}


def test_whoever_demotes_oneself_stays_signed_in_and_administers_nothing(northgate, jo, signed_in):
    User.objects.filter(pk=jo.pk).update(role="administrator")
    browser, elsewhere = signed_in(northgate), signed_in(northgate)
    page = f"{TEAM}northgate/"

    response = browser.post(page, form_of_role(browser, page) | {"role": "viewer"}, follow=True)

    assert (response.redirect_chain, notes_of(response)) == ([("/", 302)], ["The role of northgate is viewer now."])
    assert [browser.get(address).status_code for address in ("/", TEAM)] == [200, 403]
    assert elsewhere.get("/").status_code == 302


def test_the_last_administrator_is_told_what_to_do_first(northgate, jo, signed_in):
    """B6."""
    browser = signed_in(northgate)
    page = f"{TEAM}northgate/"

    response = browser.post(page, form_of_role(browser, page) | {"role": "viewer"})
    message = "northgate is the last administrator who can sign in. Make another user an administrator first."

    assert errors_of(response) == {"role": [message]}
    assert notes_of(press_button(browser, page, "deactivate")) == [message]
    assert roles()["northgate"] == ("administrator", True)


@pytest.mark.parametrize("role", ["owner", "", "Manager", "\0", "x" * 10_000])
def test_another_role_than_the_three_changes_nothing(northgate, jo, signed_in, role):
    """rules.md §4."""
    browser = signed_in(northgate)

    response = browser.post(JO, form_of_role(browser, JO) | {"role": role})

    assert (list(errors_of(response)), roles()["jo"]) == (["role"], ("manager", True))


def test_a_key_that_changed_one_role_does_not_change_another(northgate, jo, signed_in):
    """B5."""
    UserFactory(account=northgate, username="vic", role="viewer")
    browser = signed_in(northgate)
    form = form_of_role(browser, JO) | {"role": "administrator"}
    browser.post(JO, form)

    assert errors_of(browser.post(f"{TEAM}vic/", form)) == {"": [ALREADY_USED]}
    assert roles()["vic"] == ("viewer", True)


# ── Deactivated, and back ──


def test_whoever_is_deactivated_is_out_at_once_and_does_not_come_in(northgate, jo, signed_in):
    """A6, and the sign-in says whom to ask."""
    theirs = Client()
    theirs.force_login(jo)
    assert theirs.get("/").status_code == 200

    response = press_button(signed_in(northgate), JO, "deactivate")

    assert notes_of(response) == ["jo is deactivated and signed out."]
    assert theirs.get("/").status_code == 302
    answer = press(Client(), "/sign-in/", {"login": "jo", "password": PASSWORD})
    assert errors_of(answer) == {"": ["Your user jo is deactivated. Ask an administrator of your account."]}


def test_a_session_from_before_does_not_come_back_with_the_user(northgate, jo, signed_in):
    """A6: a lost laptop stays signed out."""
    theirs, browser = Client(), signed_in(northgate)
    theirs.force_login(jo)
    saved = theirs.cookies["sessionid"].value
    press_button(browser, JO, "deactivate")

    response = press_button(browser, JO, "activate")
    theirs.cookies["sessionid"] = saved

    assert notes_of(response) == ["jo can sign in again."]
    assert theirs.get("/").status_code == 302
    assert press(Client(), "/sign-in/", {"login": "jo", "password": PASSWORD}).url == "/"


def test_a_session_that_acts_for_another_account_ends_as_well(northgate, west, jo, signed_in):
    """A7."""
    LinkFactory(holder=northgate, target=west)
    theirs = Client()
    theirs.force_login(jo)
    theirs.post("/switch/northgate-west/")

    press_button(signed_in(northgate), JO, "deactivate")

    assert theirs.get("/").status_code == 302


def test_whoever_deactivates_oneself_is_signed_out(northgate, jo, signed_in):
    User.objects.filter(pk=jo.pk).update(role="administrator")

    response = press_button(signed_in(northgate), f"{TEAM}northgate/", "deactivate")

    assert (heading_of(response), roles()["northgate"]) == ("Sign in", ("administrator", False))


def test_without_a_good_key_nothing_happens_and_the_page_says_so(northgate, jo, signed_in):
    """B5."""
    browser = signed_in(northgate)

    answers = [browser.post(f"{JO}{act}/", {"key": "rubbish"}, follow=True) for act in ("deactivate", "activate", "invite-again")]

    assert [notes_of(answer) for answer in answers] == [[OUT_OF_DATE]] * 3
    assert (roles()["jo"], Notice.objects.count()) == (("manager", True), 0)


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_administrators_alone_administer(northgate, jo, user, signed_in, role):
    """rules.md §1: "administrator (everything)"."""
    person = user(northgate, role)
    browser = signed_in(northgate, role)
    keys = {form: Binding(person.pk, "northgate", form).new_key() for form in ("deactivate_user", "change_role")}

    assert browser.post(f"{JO}deactivate/", {"key": keys["deactivate_user"]}).status_code == 403
    assert browser.post(JO, {"key": keys["change_role"], "role": "viewer"}).status_code == 403
    assert roles()["jo"] == ("manager", True)


def test_the_buttons_are_those_that_the_state_allows(northgate, jo, invited, signed_in):
    browser = signed_in(northgate)

    def buttons(name):
        main = page_of(browser.get(f"{TEAM}{name}/")).first("main")
        return [button.text for button in main.all("button")]

    assert (buttons("jo"), buttons("max")) == (["Change role", "Deactivate"], ["Send invitation again", "Change role", "Deactivate"])
    User.objects.filter(pk=jo.pk).update(is_active=False, last_login=timezone.now())
    assert buttons("jo") == ["Activate", "Change role"]
