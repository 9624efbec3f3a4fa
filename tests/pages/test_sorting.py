"""Lists sorted by what their reader chooses, in the page's address: endusers and deployments."""

import pytest

from deployments.services import add_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import EnduserFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities
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
