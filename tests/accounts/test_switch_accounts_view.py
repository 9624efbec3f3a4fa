"""Switch Accounts (A7): acting as a linked account, saying so on every page, and when it ends."""

import pytest
from django.utils import timezone

from accounts.middleware import LINK, SEEN_AT
from accounts.models import Account, Link, User
from tests.books import balances
from tests.factories.accounts import LinkFactory, ResellerFactory, UserFactory
from tests.factories.licenses import give
from tests.views import controls_of, form_of, headings_of, notes_of, page_of, submit_buttons_of, text_of

SWITCH = "/switch/"


@pytest.fixture
def link(northgate, west):
    return LinkFactory(holder=northgate, target=west)


@pytest.fixture
def acting(link, northgate, signed_in):
    """northgate's administrator, acting as northgate-west."""
    browser = signed_in(northgate)
    browser.post("/switch/northgate-west/")
    return browser


def acting_bar(response):
    bars = [bar for bar in page_of(response).all("div") if "acting-bar" in bar.classes]
    return [bar.first("b").text for bar in bars]


def acts_as(browser):
    """The account that a page is drawn for: the one in the name of the export."""
    name = browser.get("/licenses.csv")["Content-Disposition"]
    return name.removeprefix('attachment; filename="licenses_').rpartition("_")[0]


# ── Switching and returning ──


def test_a_press_switches_without_signing_in_again(link, northgate, signed_in):
    browser = signed_in(northgate)

    response = browser.post("/switch/northgate-west/")

    assert (response.status_code, response.url) == (302, "/")
    assert acts_as(browser) == "northgate-west"


def test_a_press_returns(acting):
    response = acting.post("/switch-back/")

    assert (response.status_code, response.url) == (302, "/")
    assert (acts_as(acting), acting_bar(acting.get("/"))) == ("northgate", [])


def test_returning_twice_is_no_error(acting):
    """B5: double click."""
    assert [acting.post("/switch-back/").status_code for _ in range(2)] == [302, 302]


PAGES = [
    "/",
    "/sell/",
    "/deployments/add/",
    "/transfer/",
    "/history/",
    "/endusers/",
    "/endusers/westside/",
    "/switch/",
    "/linked-accounts/",
    "/nowhere/",
    "/create-enduser/",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_as_whom_one_acts_and_offers_the_way_back_once(acting, west, path):
    """A7, contract.md; error pages too."""
    give(west, ASR=1)
    response = acting.get(path)

    assert acting_bar(response) == ["northgate-west"]
    assert controls_of(response).count(("button", "Return to northgate")) == 1
    assert {len(buttons) for buttons in submit_buttons_of(response)} == {1}
    assert page_of(response).first("title").text.startswith("Acting as northgate-west: ")


@pytest.mark.parametrize("path", ["/", "/switch/", "/nowhere/"])
def test_whoever_acts_for_their_own_account_is_not_told_that_they_act(link, northgate, signed_in, path):
    assert acting_bar(signed_in(northgate).get(path)) == []


def test_receipts_say_it_too(acting, west):
    entry = give(west, ASR=1)

    assert acting_bar(acting.get(entry.get_absolute_url())) == ["northgate-west"]


# ── Who may switch to whom ──


@pytest.mark.parametrize("role", ["viewer", "manager", "administrator"])
def test_everybody_of_the_account_may_switch(link, northgate, signed_in, role):
    """A7: one's role goes along."""
    browser = signed_in(northgate, role)
    browser.post("/switch/northgate-west/")

    assert acts_as(browser) == "northgate-west"


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("viewer", {"/sell/": 403, "/deployments/add/": 403, "/transfer/": 403, "/linked-accounts/": 403, "/create-enduser/": 403}),
        ("manager", {"/sell/": 200, "/deployments/add/": 200, "/transfer/": 200, "/linked-accounts/": 403, "/create-enduser/": 403}),
        ("administrator", {"/sell/": 200, "/deployments/add/": 200, "/transfer/": 200, "/linked-accounts/": 403, "/create-enduser/": 403}),
    ],
)
def test_acting_one_may_the_lesser_of_manager_and_ones_own_role(link, northgate, signed_in, role, statuses):
    """A7: and never what an administrator may."""
    browser = signed_in(northgate, role)
    browser.post("/switch/northgate-west/")

    assert {page: browser.get(page).status_code for page in statuses} == statuses


@pytest.mark.parametrize("account", ["tideway", "harborcu", "northgate", "publisher", "staff", "nobody"])
def test_without_a_link_there_is_nobody_to_switch_to(northgate, harborcu, tideway, staff, signed_in, account):
    """A9: an account that one is not linked to is like one that does not exist, one's own enduser too."""
    browser = signed_in(northgate)

    assert browser.post(f"/switch/{account}/").status_code == 404
    assert acts_as(browser) == "northgate"


def test_a_link_is_one_way(link, west, signed_in):
    """A3."""
    browser = signed_in(west)

    assert (browser.post("/switch/northgate/").status_code, acts_as(browser)) == (404, "northgate-west")


def test_links_are_not_followed_on(acting, west, tideway):
    """A4: northgate→northgate-west and northgate-west→tideway."""
    LinkFactory(holder=west, target=tideway)

    assert (acting.post("/switch/tideway/").status_code, acts_as(acting)) == (404, "northgate-west")
    assert "tideway" not in acting.get(SWITCH).content.decode()


def test_one_switches_from_one_linked_account_to_another(acting, northgate, tideway):
    """Over one's own links."""
    LinkFactory(holder=northgate, target=tideway)

    acting.post("/switch/tideway/")

    assert acts_as(acting) == "tideway"


def test_switching_gives_the_session_a_new_key(link, northgate, signed_in):
    """Whoever planted a session key before does not act along."""
    browser = signed_in(northgate)
    before = browser.session.session_key
    browser.post("/switch/northgate-west/")
    while_acting = browser.session.session_key
    browser.post("/switch-back/")

    assert len({before, while_acting, browser.session.session_key}) == 3


# ── When acting ends ──

WORDS = "You are acting for your own account, northgate, again."


def assert_acting_ended(browser):
    response = browser.get("/")
    assert (notes_of(response), acting_bar(response)) == ([WORDS], [])
    assert acts_as(browser) == "northgate"


def test_it_ends_when_the_link_is_removed(acting, link):
    """A5: from then on nothing goes over it."""
    Link.objects.filter(pk=link.pk).delete()

    assert_acting_ended(acting)


@pytest.mark.parametrize("change", ["password", "deactivated", "role", "closed"])
def test_it_ends_when_the_link_is_not_proven_any_more(acting, west, change):
    """A6."""
    prover = User.objects.get(username="northgate-west")
    if change == "password":
        prover.set_password("another horse battery")
        prover.save()
    elif change == "deactivated":
        User.objects.filter(pk=prover.pk).update(is_active=False)
    elif change == "role":
        User.objects.filter(pk=prover.pk).update(role="manager")
    else:
        Account.objects.filter(pk=west.pk).update(closed_at=timezone.now())

    assert_acting_ended(acting)


def test_a_link_of_another_account_in_the_session_is_worth_nothing(acting, west, tideway):
    """A9: whatever stands in the session, the link must be one's own account's."""
    session = acting.session
    session[LINK] = LinkFactory(holder=tideway, target=west).pk
    session.save()

    assert_acting_ended(acting)


def silent_for(browser, minutes):
    session = browser.session
    session[SEEN_AT] -= minutes * 60
    session.save()


def test_it_ends_after_thirty_minutes_of_silence(acting):
    silent_for(acting, minutes=31)

    assert_acting_ended(acting)


def test_it_does_not_end_before(acting):
    silent_for(acting, minutes=29)

    assert acts_as(acting) == "northgate-west"


def test_activity_keeps_it_going(acting):
    for _ in range(3):
        silent_for(acting, minutes=29)
        assert acts_as(acting) == "northgate-west"


def test_it_ends_with_the_session(acting, northgate, user):
    acting.post("/sign-out/")
    acting.force_login(user(northgate))

    assert acts_as(acting) == "northgate"


def test_a_press_after_it_ended_acts_for_nobody_else(acting, link, northgate, west):
    """B7: the form was opened acting as northgate-west; the link has ended; it must not sell from northgate instead."""
    give(northgate, ASR=10)
    give(west, ASR=10)
    form = form_of(acting, "/deployments/add/") | {"name": "LAB", "host_name": "lab", "qty-ASR": "4"}
    Link.objects.filter(pk=link.pk).delete()

    assert acting.post("/deployments/add/", form).status_code == 200
    assert balances() == {("northgate", "ASR"): (10, 0, 0), ("northgate-west", "ASR"): (10, 0, 0)}


def test_no_switch_over_a_link_that_asks_for_credentials_again(link, northgate, west, signed_in):
    """A6: said in words."""
    User.objects.filter(username="northgate-west").update(role="viewer")
    browser = signed_in(northgate)

    response = browser.post("/switch/northgate-west/", follow=True)

    assert response.redirect_chain == [(SWITCH, 302)]
    assert notes_of(response) == ["The link to northgate-west needs its username and password again. Link the account once more."]
    assert "Link it again: its sign-in has changed." in text_of(response)
    assert acts_as(browser) == "northgate"


# ── The page ──


def test_the_page_lists_ones_own_account_and_the_linked_ones(acting, northgate, tideway):
    LinkFactory(holder=northgate, target=tideway)

    assert headings_of(acting.get(SWITCH)) == [
        "Switch Accounts",
        "Your accounts",
        "northgate Northgate Voice Systems",
        "northgate-west Northgate-West Inc. Acting as",
        "tideway Tideway Inc.",
    ]
    acting.post("/switch-back/")
    assert headings_of(acting.get(SWITCH))[2] == "northgate Northgate Voice Systems You are here"


def test_each_account_says_what_it_has_available(acting, northgate, west):
    """A3: a link shows holdings; A6: as long as its proof holds."""
    give(northgate, ASR=5, TTS=1_000)
    give(west, ASR=1)
    words = text_of(acting.get(SWITCH))
    assert ("1,005 licenses available" in words, "1 license available" in words) == (True, True)

    acting.post("/switch-back/")
    User.objects.filter(username="northgate-west").update(role="viewer")

    words = text_of(acting.get(SWITCH))
    assert ("1,005 licenses available" in words, "1 license available" in words) == (True, False)


def test_the_page_offers_the_way_back_too(acting):
    response = acting.get(SWITCH)

    assert controls_of(response).count(("button", "Return here")) == 1
    acting.post("/switch-back/")
    assert controls_of(acting.get(SWITCH)).count(("button", "Return here")) == 0


def linked_to(northgate, number):
    for n in range(number):
        LinkFactory(holder=northgate, target=UserFactory(account=ResellerFactory(username=f"clinic-{n}", company=f"Clinic {'ABCDEFGH'[n]}")).account)


@pytest.mark.parametrize(("number", "count"), [(6, 0), (7, 1)])
def test_from_eight_accounts_up_there_is_a_search(northgate, signed_in, number, count):
    linked_to(northgate, number)

    assert controls_of(signed_in(northgate).get(SWITCH)).count(("field", "Find an account")) == count


@pytest.mark.parametrize(
    ("text", "found"),
    [("clinic-3", ["clinic-3 Clinic D"]), ("CLINIC b", ["clinic-1 Clinic B"]), ("northgate", []), ("\0", []), ("x" * 5_000, []), ("<b>", [])],
)
def test_linked_accounts_are_found_by_username_and_company(northgate, signed_in, text, found):
    """One's own account is always there; rules.md §4: no input gives a 500."""
    linked_to(northgate, 7)

    response = signed_in(northgate).get(SWITCH, {"q": text})

    assert headings_of(response)[2] == "northgate Northgate Voice Systems You are here"
    assert headings_of(response)[3:] == (found or ["No linked account matches"])


def test_there_is_one_switch_per_account_that_one_is_not_in(acting, northgate, tideway):
    """contract.md: per account Switch."""
    LinkFactory(holder=northgate, target=tideway)

    assert controls_of(acting.get(SWITCH)).count(("button", "Switch")) == 1
    acting.post("/switch-back/")
    assert controls_of(acting.get(SWITCH)).count(("button", "Switch")) == 2


@pytest.mark.parametrize("method", ["get", "head", "options"])
@pytest.mark.parametrize("path", ["/switch/northgate-west/", "/switch-back/"])
def test_looking_never_switches(link, acting, method, path):
    """contract.md: GET and HEAD never act."""
    if path == "/switch/northgate-west/":
        acting.post("/switch-back/")
    before = acts_as(acting)

    assert getattr(acting, method)(path).status_code == 405
    assert acts_as(acting) == before


@pytest.mark.parametrize("name", ["%00", "x" * 500, "%F0%9F%98%80", "-", "northgate-west%0A"])
def test_an_address_that_names_no_account_answers_404(acting, name):
    """rules.md §4: no input gives a 500."""
    assert acting.post(f"/switch/{name}/").status_code == 404
