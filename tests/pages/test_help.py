"""How licenses move here: one page of help, led to from wherever people stop and think; it says only what is true."""

from datetime import timedelta

import pytest

from tests.factories.accounts import LinkFactory
from tests.factories.licenses import give
from tests.views import controls_of, heading_of, headings_of, links_of, page_of, text_of

HELP = "/help/"
NAME = "How licenses move here"


def test_it_tells_of_every_move_and_number(northgate, signed_in):
    response = signed_in(northgate).get(HELP)

    assert heading_of(response) == NAME
    assert headings_of(response) == [
        NAME,
        "In one picture",
        "Issue",
        "Sale",
        "Deployment",
        "License files",
        "Links and transfers",
        "The four numbers",
    ]
    assert [term.text for term in page_of(response).all("dt")] == ["Purchased", "Sold", "Deployed", "Available"]
    assert "A deployment for an enduser is a sale." in text_of(response)


def test_the_picture_has_words_that_say_the_same(northgate, signed_in):
    """WCAG 1.1.1."""
    (picture,) = [svg for svg in page_of(signed_in(northgate).get(HELP)).first("main").all("svg") if svg["role"] == "img"]
    words = {part["id"]: part.text for part in picture.all("title", "desc")}

    assert words[picture["aria-labelledby"]] == "The ways of a license"
    described = words[picture["aria-describedby"]].lower()
    drawn = [text.text.lower() for text in picture.all("text")]
    assert drawn == ["publisher", "issue", "reseller", "sale", "enduser", "deployment", "license server", "linked", "account", "transfer"]
    told_by_their_verbs = {"issue": "issues", "sale": "sells", "deployment": "deploys"}
    assert [word for word in drawn if told_by_their_verbs.get(word, word) not in described] == []


def test_purchased_counts_what_the_rules_say(northgate, signed_in):
    """rules.md §2: adjustments among it."""
    told = page_of(signed_in(northgate).get(HELP)).first("dd").text

    assert told == (
        "What came in by issue, sale, transfer or adjustment, less what left again otherwise than by sale. "
        "It is always sold, deployed and available together."
    )


def test_the_days_in_which_a_reseller_can_recall_and_retire_are_those_of_the_setting(northgate, signed_in, settings):
    """C7, C10."""
    settings.RECALL_WINDOW = timedelta(days=12)

    told = text_of(signed_in(northgate).get(HELP))
    assert "A sale can be recalled for 12 days" in told
    assert "the reseller who made it for an enduser, for 12 days, until" in told


PLACES = {
    "/sell/": ("What a sale does", "sale"),
    "/deployments/add/": ("When a deployment is a sale", "deployment"),
    "/transfer/": ("How transfers work", "links"),
    "/linked-accounts/": ("What a link allows", "links"),
}


@pytest.mark.parametrize("place", PLACES)
def test_the_forms_lead_to_what_is_said_of_them(northgate, west, harborcu, signed_in, place):
    give(northgate, ASR=1)
    LinkFactory(holder=northgate, target=west)
    browser = signed_in(northgate)
    name, part = PLACES[place]

    assert links_of(browser.get(place))[name] == f"{HELP}#{part}"
    assert [heading["id"] for heading in page_of(browser.get(HELP)).all("h2") if heading["id"] == part] == [part]


@pytest.mark.parametrize("address", ["/", "/sell/", "/transfer/", "/linked-accounts/", "/history/", HELP])
def test_every_page_has_one_link_of_its_name(northgate, signed_in, address):
    """contract.md: a label is the accessible name of one control alone."""
    response = signed_in(northgate).get(address)

    assert [control for control in controls_of(response) if control[1] == NAME] == [("link", NAME)]
    assert [link["href"] for link in page_of(response).first("footer").all("a")] == ["/settings/profile/", HELP]


def test_that_a_deployment_for_an_enduser_is_a_sale_is_said_where_one_is_made(northgate, harborcu, signed_in):
    """C5."""
    give(northgate, ASR=1)
    browser = signed_in(northgate)

    assert "With an enduser as Owner the deployment is a sale" in text_of(browser.get("/deployments/add/"))
    assert "That is a sale too: the licenses leave your account." in text_of(browser.get("/?whose=endusers"))
    assert "is a sale" not in text_of(signed_in(harborcu).get("/deployments/add/"))
