"""Lists sorted by what their reader chooses, in the page's address: endusers, the summary of My Licenses, and deployments."""

import pytest

from deployments.services import add_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import EnduserFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities, sell
from tests.views import links_of, page_of, rows_of

ENDUSERS = "/endusers/"
MY_LICENSES = "/"


@pytest.fixture
def clinics(northgate):
    """By company: Lake, northern (in small letters), South."""
    for username, company in [("clinic-a", "South Clinic"), ("clinic-b", "Lake Clinic"), ("clinic-c", "northern Clinic")]:
        EnduserFactory(username=username, company=company, reseller=northgate)


@pytest.fixture
def deployments(northgate, harborcu, stmarys, user):
    """Two of northgate's own, the first changed last, and two for endusers, the first changed last by its owner."""
    give(northgate, ASR=9)
    zebra, _ = deploy(northgate, name="Zebra", ASR=1), deploy(northgate, name="alpha", ASR=1)
    theirs, _ = deploy(northgate, name="Theirs", owner=stmarys, ASR=1), deploy(northgate, name="Another", owner=harborcu, ASR=1)
    give(stmarys, ASR=1)
    for made in (zebra, theirs):
        add_licenses(deployment=made, added_by=user(made.owner), account=made.owner, quantities=quantities(ASR=1), key=fresh_key())


def first_column(response, *, table=0):
    tables = list(page_of(response).first("main").all("table"))
    return [next(row.all("th")).all("a") and next(next(row.all("th")).all("a")).text for row in tables[table].first("tbody").all("tr")]


def sorted_by(response):
    """The headings that say how their list is sorted."""
    return {heading.first("a").text: heading["aria-sort"] for heading in page_of(response).all("th") if heading["aria-sort"]}


def heading_link(response, name):
    return next(
        link["href"] for heading in page_of(response).all("th") for link in heading.all("a") if link["class"] == "sorts" and link.text == name
    )


@pytest.mark.parametrize(
    ("sort", "found", "told"),
    [
        ("", ["clinic-a", "clinic-b", "clinic-c"], {"Enduser": "ascending"}),
        ("-username", ["clinic-c", "clinic-b", "clinic-a"], {"Enduser": "descending"}),
        ("company", ["clinic-b", "clinic-c", "clinic-a"], {"Company": "ascending"}),
        ("-company", ["clinic-a", "clinic-c", "clinic-b"], {"Company": "descending"}),
    ],
)
def test_endusers_are_sorted_by_username_or_company(clinics, northgate, signed_in, sort, found, told):
    response = signed_in(northgate).get(ENDUSERS, {"sort": sort})

    assert ([row[0] for row in rows_of(response)], sorted_by(response)) == (found, told)


@pytest.mark.parametrize("sort", ["password", "-pk", "?", "company__x", "--company", "\0", "x" * 20_000, "email"])
def test_an_order_that_does_not_exist_is_none(clinics, northgate, signed_in, sort):
    response = signed_in(northgate).get(ENDUSERS, {"sort": sort})

    assert ([row[0] for row in rows_of(response)], sorted_by(response)) == (["clinic-a", "clinic-b", "clinic-c"], {"Enduser": "ascending"})


def test_a_heading_sorts_by_its_column_and_then_the_other_way_round(clinics, northgate, signed_in):
    browser = signed_in(northgate)

    once = browser.get(ENDUSERS + heading_link(browser.get(ENDUSERS), "Company"))
    twice = browser.get(ENDUSERS + heading_link(once, "Company"))

    assert [[row[0] for row in rows_of(page)] for page in (once, twice)] == [
        ["clinic-b", "clinic-c", "clinic-a"],
        ["clinic-a", "clinic-c", "clinic-b"],
    ]


def test_the_order_stays_with_the_filters_and_without_them(clinics, northgate, signed_in):
    response = signed_in(northgate).get(ENDUSERS, {"q": "north", "sort": "-company"})
    links = links_of(response)

    assert heading_link(response, "Enduser") == "?q=north&sort=username"
    assert (links["Remove filter Search: north"], links["Clear filters"]) == ("?sort=-company", "?sort=-company")
    (choice,) = [select for select in page_of(response).all("select") if select["aria-label"] == "Sort by"]
    assert (choice["name"], [option["value"] for option in choice.all("option") if option["selected"]]) == ("sort", ["-company"])


def test_the_order_stays_from_page_to_page(northgate, signed_in):
    for number in range(60):
        EnduserFactory(username=f"clinic-{number:02}", reseller=northgate)
    browser = signed_in(northgate)

    first = browser.get(ENDUSERS, {"sort": "-username"})
    second = browser.get(ENDUSERS + links_of(first)["Next"])

    assert [row[0] for row in rows_of(first) + rows_of(second)] == [f"clinic-{number:02}" for number in reversed(range(60))]


@pytest.fixture
def holdings(northgate, stmarys):
    """Of northgate. ASR: 9 purchased, all of them available; CPA: 5, of which 4 are sold; TTS: 7, of which 2 are deployed."""
    give(northgate, TTS=7, ASR=9, CPA=5)
    sell(northgate, stmarys, CPA=4)
    deploy(northgate, TTS=2)


@pytest.mark.parametrize(
    ("chosen", "found", "told"),
    [
        ("", ["ASR", "CPA", "TTS"], {"Product": "ascending"}),
        ("-product", ["TTS", "CPA", "ASR"], {"Product": "descending"}),
        ("-purchased", ["ASR", "TTS", "CPA"], {"Purchased": "descending"}),
        ("purchased", ["CPA", "TTS", "ASR"], {"Purchased": "ascending"}),
        ("-sold", ["CPA", "ASR", "TTS"], {"Sold": "descending"}),
        ("-deployed", ["TTS", "ASR", "CPA"], {"Deployed": "descending"}),
        ("available", ["CPA", "TTS", "ASR"], {"Available": "ascending"}),
        ("-reseller", ["ASR", "CPA", "TTS"], {"Product": "ascending"}),
    ],
)
def test_the_summary_is_sorted_by_product_or_by_any_of_its_numbers(holdings, northgate, signed_in, chosen, found, told):
    """C1. Of equal numbers the product decides."""
    response = signed_in(northgate).get(MY_LICENSES, {"summary": chosen})

    assert codes_of(response) == found
    assert {name: way for name, way in sorted_by(response).items() if name != "Changed"} == told


def codes_of(response):
    """The products of the summary, from the top."""
    return [link.text.removeprefix("The ").upper() for row in page_of(response).first("tbody").all("tr") for link in row.first("th").all("a")]


def test_a_click_on_a_number_sorts_by_the_most_first_and_the_next_by_the_least(holdings, northgate, signed_in):
    browser = signed_in(northgate)

    first = heading_link(browser.get(MY_LICENSES), "Available")

    assert (first, heading_link(browser.get(first), "Available")) == ("?summary=-available", "?summary=available")


def test_the_summary_and_the_deployments_keep_each_others_order_and_filters(holdings, northgate, signed_in):
    response = signed_in(northgate).get(MY_LICENSES, {"summary": "-sold", "whose": "endusers", "q": "none"})
    links = links_of(response)

    assert heading_link(response, "Available") == "?whose=endusers&q=none&summary=-available"
    assert links["Clear filters"] == "?summary=-sold&whose=endusers#deployments"
    assert [links[name] for name in ("This account 1", "My endusers 0")] == [
        "?summary=-sold#deployments",
        "?summary=-sold&whose=endusers#deployments",
    ]
    kept = [(field["name"], field["value"]) for field in page_of(response).first("main").all("input") if field["type"] == "hidden"]
    assert kept == [("summary", "-sold"), ("whose", "endusers")]


def test_a_single_product_is_not_to_be_sorted(northgate, signed_in):
    give(northgate, ASR=1)

    assert sorted_by(signed_in(northgate).get(MY_LICENSES)) == {}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["Zebra", "alpha"]),
        ({"sort": "changed"}, ["alpha", "Zebra"]),
        ({"sort": "name"}, ["alpha", "Zebra"]),
        ({"sort": "-name"}, ["Zebra", "alpha"]),
        ({"sort": "owner"}, ["Zebra", "alpha"]),
        ({"whose": "endusers"}, ["Another", "Theirs"]),
        ({"whose": "endusers", "sort": "created"}, ["Theirs", "Another"]),
        ({"whose": "endusers", "sort": "-name"}, ["Theirs", "Another"]),
        ({"whose": "endusers", "sort": "owner"}, ["Another", "Theirs"]),
        ({"whose": "endusers", "sort": "-owner"}, ["Theirs", "Another"]),
    ],
)
def test_deployments_are_sorted_by_what_one_sees_of_them(deployments, northgate, signed_in, query, found):
    assert first_column(signed_in(northgate).get(MY_LICENSES, query), table=1) == found


@pytest.mark.parametrize("sort", ["changed", "-changed"])
def test_no_order_tells_a_reseller_what_the_owner_changed_later(deployments, northgate, signed_in, sort):
    """A9: stmarys added licenses to Theirs after Another was made."""
    response = signed_in(northgate).get(MY_LICENSES, {"whose": "endusers", "sort": sort})

    assert (first_column(response, table=1), sorted_by(response)) == (["Another", "Theirs"], {"Created": "descending"})
