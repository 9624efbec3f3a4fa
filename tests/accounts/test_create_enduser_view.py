"""Create an enduser, the page (A1)."""

from urllib.parse import urlencode

import pytest

from accounts.models import Account, Invitation, User
from licensing_portal.foundation.models import Notice
from tests.factories.accounts import LinkFactory, UserFactory
from tests.factories.licenses import give
from tests.views import ALREADY_USED, OUT_OF_DATE, controls_of, errors_of, form_of, kept_in, links_of, notes_of, press, submit_buttons_of, values_of

CREATE = "/create-enduser/"
PINECREST = {"username": "pinecrest", "company": "Pinecrest Senior Living", "email": "office@pinecrest.example.com"}


@pytest.fixture
def reseller(northgate, signed_in):
    return signed_in(northgate)


def endusers():
    return list(Account.objects.filter(kind="enduser").values_list("username", "company", "email", "reseller__username"))


CREATED = [("pinecrest", "Pinecrest Senior Living", "office@pinecrest.example.com", "northgate")]


def test_one_press_creates_the_account_invites_its_first_user_and_leads_to_its_page(reseller):
    response = press(reseller, CREATE, PINECREST)

    assert (response.status_code, response.url) == (302, "/endusers/pinecrest/")
    assert endusers() == CREATED
    first = User.objects.get(username="pinecrest")
    assert (first.account.username, first.role, first.has_usable_password(), first.email) == ("pinecrest", "administrator", False, None)
    assert [(notice.kind, notice.account, notice.address) for notice in Notice.objects.all()] == [
        ("accounts/emails/invitation", "pinecrest", "office@pinecrest.example.com")
    ]
    assert notes_of(reseller.get(response.url)) == ["Enduser created. An invitation goes to office@pinecrest.example.com."]


@pytest.mark.parametrize(
    ("came_from", "form"),
    [("licenses:sell_licenses", "/sell/"), ("deployments:add_deployment", "/deployments/add/")],
)
def test_whoever_came_from_a_form_goes_back_to_it_with_the_new_owner_chosen(reseller, northgate, came_from, form):
    give(northgate, ASR=10)
    address = f"{CREATE}?next={came_from}"
    assert links_of(reseller.get(form))["Create an enduser"] == address

    response = press(reseller, address, PINECREST)

    assert response.url == f"{form}?owner=pinecrest"
    assert form_of(reseller, response.url)["owner"] == "pinecrest"
    assert links_of(reseller.get(address))["Cancel"] == form


@pytest.mark.parametrize(
    "came_from", ["https://example.com/", "//example.com", "/sell/", "accounts:link_account", "javascript:alert(1)", "\0", "x" * 5_000]
)
def test_nowhere_else_can_an_address_lead(reseller, came_from):
    """Two forms of our own are known, by name."""
    response = reseller.post(f"{CREATE}?{urlencode({'next': came_from})}", form_of(reseller, CREATE) | PINECREST)

    assert response.url == "/endusers/pinecrest/"
    assert links_of(reseller.get(CREATE, {"next": came_from}))["Cancel"] == "/endusers/"


# ── Who may ──


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_creates_endusers_while_acting(northgate, west, signed_in, method):
    """A7: no users while acting."""
    LinkFactory(holder=west, target=northgate)
    browser = signed_in(west)
    browser.post("/switch/northgate/")

    assert getattr(browser, method)(CREATE, PINECREST).status_code == 403
    assert endusers() == []


# ── Refusals ──

REFUSALS = {
    "all blank": (
        {"username": "", "company": " ", "email": ""},
        {"username": ["Enter a username"], "company": ["Enter a company"], "email": ["Enter an email address"]},
    ),
    "a name with a space": (PINECREST | {"username": "pine crest"}, {"username": ["Use 2 to 30 letters a to z, digits and hyphens"]}),
    "a name of thirty-one letters": (
        PINECREST | {"username": "p" * 31},
        {"username": ["Use 2 to 30 letters a to z, digits and hyphens", "Ensure this value has at most 30 characters (it has 31)."]},
    ),
    "a name of one letter": (PINECREST | {"username": "p"}, {"username": ["Use 2 to 30 letters a to z, digits and hyphens"]}),
    "a name with an umlaut": (PINECREST | {"username": "pinecräst"}, {"username": ["Use 2 to 30 letters a to z, digits and hyphens"]}),
    "a name in letters that look alike": (PINECREST | {"username": "рinecrest"}, {"username": ["Use 2 to 30 letters a to z, digits and hyphens"]}),
    "a name with an underscore": (PINECREST | {"username": "pine_crest"}, {"username": ["Use 2 to 30 letters a to z, digits and hyphens"]}),
    "an account's name": (PINECREST | {"username": "northgate"}, {"username": ["northgate is taken. Choose another username."]}),
    "an account's name in capitals": (PINECREST | {"username": "NORTHGATE"}, {"username": ["northgate is taken. Choose another username."]}),
    "a user's name": (PINECREST | {"username": "northgate-jo"}, {"username": ["northgate-jo is taken. Choose another username."]}),
    "the publisher's name": (PINECREST | {"username": "publisher"}, {"username": ["publisher is taken. Choose another username."]}),
    "a company on two lines": (PINECREST | {"company": "Pine\ncrest"}, {"company": ["Use plain text on one line"]}),
    "a company that turns the text round": (PINECREST | {"company": "Pine\u202ecrest"}, {"company": ["Use plain text on one line"]}),
    "a name that is taken and no address": (
        PINECREST | {"username": "northgate", "email": "office"},
        {"username": ["northgate is taken. Choose another username."], "email": ["Enter an email address like name@example.com"]},
    ),
    "no address": (PINECREST | {"email": "office"}, {"email": ["Enter an email address like name@example.com"]}),
    "two addresses": (PINECREST | {"email": "a@example.com,b@example.com"}, {"email": ["Enter an email address like name@example.com"]}),
    "a header in the address": (
        PINECREST | {"email": "a@example.com\nBcc: b@example.com"},
        {"email": ["Enter an email address like name@example.com"]},
    ),
}


@pytest.mark.parametrize(("typed", "errors"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_says_at_the_field_what_is_wrong_keeps_what_was_typed_and_creates_nothing(reseller, northgate, typed, errors):
    """B6; and the key is still good."""
    UserFactory(account=northgate, username="northgate-jo", role="manager")

    response = press(reseller, CREATE, typed)

    assert (response.status_code, errors_of(response)) == (200, errors)
    assert kept_in(response, typed) == typed
    assert (endusers(), Notice.objects.count()) == ([], 0)

    reseller.post(CREATE, values_of(response) | PINECREST)
    assert endusers() == CREATED


# ── One-use keys (B5) ──


def test_the_same_form_sent_twice_creates_one_account(reseller):
    form = form_of(reseller, CREATE) | PINECREST

    first, second = reseller.post(CREATE, form), reseller.post(CREATE, form)

    assert (first.status_code, second.status_code, second.url) == (302, 302, first.url)
    assert (endusers(), Invitation.objects.count(), Notice.objects.count()) == (CREATED, 1, 1)


def test_back_edit_and_press_is_refused_and_leads_to_the_first_account(reseller):
    form = form_of(reseller, CREATE) | PINECREST
    first = reseller.post(CREATE, form)

    response = reseller.post(CREATE, form | {"username": "pinecrest-2"})

    assert errors_of(response) == {"": [ALREADY_USED]}
    assert links_of(response)[ALREADY_USED] == first.url
    assert endusers() == CREATED


@pytest.mark.parametrize("key", ["", "rubbish"])
def test_a_form_without_a_good_key_is_refused_and_gets_one(reseller, key):
    response = press(reseller, CREATE, PINECREST | {"key": key})

    assert errors_of(response) == {"": [OUT_OF_DATE]}
    reseller.post(CREATE, values_of(response))
    assert endusers() == CREATED


# ── The page ──


def test_every_label_of_the_page_names_exactly_one_control(reseller):
    """contract.md: Words on the screen."""
    response = reseller.get(CREATE)

    names = [("field", "Username"), ("field", "Company"), ("field", "Email"), ("button", "Create enduser")]
    assert {name: controls_of(response).count(name) for name in names} == dict.fromkeys(names, 1)
    assert submit_buttons_of(response) == [["Search the portal"], ["Sign out"], ["Create enduser"]]


@pytest.mark.parametrize("name", ["username", "company", "email", "key"])
@pytest.mark.parametrize("text", ["\0", "a\0b", "x" * 100_000, "a\u2028b", "\x1b[31m"], ids=lambda text: ascii(text[:9]))
def test_rubbish_in_a_field_is_refused(reseller, name, text):
    """rules.md §4: no input gives a 500."""
    response = press(reseller, CREATE, PINECREST | {name: text})

    assert (response.status_code, list(errors_of(response)), endusers()) == (200, [name if name != "key" else ""], [])


def test_markup_in_a_company_is_shown_as_text(reseller):
    response = press(reseller, CREATE, PINECREST | {"company": "<script>alert(1)</script>"})

    assert b"<script>alert" not in reseller.get(response.url).content
