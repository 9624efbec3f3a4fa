"""Names that try everything at once, wherever names are shown: literally, in a direction of their own, and never as a formula or a second line.

A name of companies, deployments, references, notes and products begins like a formula, has markup, a template, two formats and
letters that are written from right to left: set into a sentence of ours they would turn its end round. So each stands in a
`bdi`, or alone in a block of its own. Overrides and isolates of direction are refused when they are typed.
"""

import csv
import io
import json
import logging
import re

import pytest
from django.core import mail
from django.test import Client
from post_office.models import Email

from accounts.services import create_enduser
from deployments.models import Deployment
from deployments.services import add_deployment
from licenses.models import Product
from licenses.services import sell_licenses
from licensing_portal.foundation.logs import JsonFormatter
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import give, quantities
from tests.security.test_crawl import walk
from tests.views import Reader, errors_of, form_of, page_of

MARK = "שלום"


def hostile(what):
    return f"=1+1<b>&lt;{{{{7*7}}}}%s{{0.real}} {MARK} {what}"


COMPANIES = [hostile("reseller"), hostile("enduser"), hostile("office")]
NAMES = [*COMPANIES, hostile("deployment"), hostile("reference"), hostile("notes"), hostile("product")]

ALONE = {"title", "option", "textarea", "script"}  # what stands in these is no part of a sentence, or not shown
BLOCKS = {"page", "html", "body", "main", "section", "div", "p", "li", "ul", "td", "th", "tr", "table", "dd", "dt", "dl", "h1", "h2", "h3", "caption"}


OPEN, CLOSE = "\u2068", "\u2069"  # what isolates in plain text
# In pages of Django's own a name stands at the end of a block, or its code in brackets after it, where it turns nothing round.
DJANGOS_OWN = re.compile(rf"^(?:(?:Home|[A-Z]-\d{{4}}-\d+ on) .*|Qty, =.*|=.*){MARK} \w+(?: \(ASR\))?$")


def strange(page):
    """Where a name of ours is not shown letter by letter, or not apart from what stands beside it."""
    return [problem for problem in map(problem_of, texts_of(page)) if problem]


def texts_of(element):
    """Each text within that has a name in it, with the element around it."""
    for child in element.children:
        if not isinstance(child, str):
            yield from texts_of(child)
        elif MARK in child:
            yield child.strip(), element


def problem_of(found):
    text, element = found
    if not any(name in text for name in NAMES):
        return f"not literally: {text}"
    around = list(chain_of(element))
    is_apart = any(part.tag in {"bdi", *ALONE} for part in around)
    block = next(part for part in around if part.tag in BLOCKS)
    is_apart = is_apart or (f"{OPEN}{text.partition(OPEN)[2].partition(CLOSE)[0]}{CLOSE}" in text)
    return "" if is_apart or block.text in NAMES or DJANGOS_OWN.search(block.text) else f"in {element.tag} of {block.tag}: {block.text}"


def chain_of(element):
    while element:
        yield element
        element = element.parent


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p><bdi>NAME</bdi> sold</p>", 0),
        ("<p>NAME</p>", 0),
        ("<td><a>NAME</a></td>", 0),
        ("<select><option>NAME (x)</option></select>", 0),
        ("<p>NAME sold</p>", 1),
        ("<p><b>NAME</b> sold</p>", 1),
        ("<p>&amp;lt;b&amp;gt;" + MARK + "</p>", 1),
    ],
)
def test_the_reader_sees_a_name_in_a_sentence(html, found):
    """The check itself."""
    name = NAMES[0].replace("&", "&amp;").replace("<", "&lt;")

    assert len(strange(Reader(html.replace("NAME", name)).root)) == found


# ── The world ──


@pytest.fixture
def world(settings, northgate, west, user, staff):
    """northgate, its enduser pinecrest and its western office; everything that can have a name has one that tries everything."""
    settings.REQUEST_LIMITS = {}
    for account, company in ((northgate, COMPANIES[0]), (west, COMPANIES[2])):
        account.company = company
        account.save()
    pinecrest = create_enduser(
        reseller=northgate, created_by=user(northgate), username="pinecrest", company=COMPANIES[1], email="p@example.com", key=fresh_key()
    )
    give(northgate, ASR=20)
    give(west, ASR=20)
    Product.objects.update(name=hostile("product"))
    first = pinecrest.users.get()
    first.set_password("correct horse battery")
    first.save()
    for link in ((northgate, west), (west, northgate), (pinecrest, west)):
        LinkFactory(holder=link[0], target=link[1])
    moves = {"quantities": quantities(ASR=1), "key": fresh_key()}
    sell_licenses(seller=northgate, sold_by=user(northgate), owner=pinecrest, reference=hostile("reference"), **moves)
    for owner in (pinecrest, northgate):
        named = {"name": hostile("deployment"), "host_name": "ivr.example.com", "notes": hostile("notes")}
        add_deployment(account=northgate, added_by=user(northgate), owner=owner, **named, **(moves | {"key": fresh_key()}))
    return {"northgate": user(northgate), "northgate-west": user(west), "pinecrest": first, "staff": staff}


@pytest.fixture
def browser_as(world):
    def sign_in(username):
        browser = Client()
        browser.force_login(world[username])
        return browser

    return sign_in


# ── Where names are shown ──


@pytest.mark.parametrize("visitor", ["northgate", "northgate-west", "pinecrest", "staff"])
def test_on_every_page(browser_as, visitor):
    browser = browser_as(visitor)
    _, bodies = walk(browser, "/admin/" if visitor == "staff" else "/")

    # Of mails staff read the subject as it was sent: plain text, out of which what nobody sees was taken.
    left_out = (".csv", "/admin/foundation/notice/")
    addresses = [address for address, body in bodies.items() if MARK in body and not any(part in address for part in left_out)]
    found = {address: strange(page_of(browser.get(address))) for address in addresses}
    assert {address: problems for address, problems in found.items() if problems} == {}
    assert len(addresses) > 5


def test_while_acting_and_on_what_is_said_once(browser_as):
    browser = browser_as("northgate")
    retire = Deployment.objects.get(owner__username="northgate").get_absolute_url() + "retire/"
    sale = {"owner": "pinecrest", "qty-ASR": "1", "reference": hostile("reference")}
    deployment = {"owner": "pinecrest", "qty-ASR": "1", "name": hostile("deployment"), "host_name": "h"}
    presses = [
        ("/sell/", sale),
        ("/sell/", sale | {"qty-ASR": "999"}),
        ("/deployments/add/", deployment),
        ("/deployments/add/", deployment | {"owner": ""}),
        ("/deployments/add/", deployment | {"qty-ASR": "999"}),
        ("/transfer/?account=northgate-west", {"linked_account": "northgate-west", "qty-ASR": "1"}),
        (retire, {"reason": hostile("notes")}),
    ]

    answers = [browser.post(address, form_of(browser, address) | typed, follow=True) for address, typed in presses]
    answers.append(browser.post("/switch/northgate-west/", follow=True))

    assert [bool(answer.redirect_chain) for answer in answers] == [True, False, True, True, False, True, True, True]
    assert [strange(page_of(answer)) for answer in answers] == [[]] * len(answers)


def test_in_mails(world):
    deliver_due()

    assert len(mail.outbox) == Email.objects.count() > 4
    for letter in mail.outbox:
        assert letter.subject == " ".join(letter.subject.split())
        assert strange(Reader(letter.alternatives[0].content).root) == []
        plain = " ".join(letter.body.split())
        assert plain.count(MARK) == sum(plain.count(name) for name in NAMES)


@pytest.mark.parametrize("address", ["/licenses.csv", "/history.csv"])
def test_in_files_as_text_and_never_as_a_formula(browser_as, address):
    content = b"".join(browser_as("northgate").get(address).streaming_content).decode()

    cells = [cell for row in csv.reader(io.StringIO(content)) for cell in row if MARK in cell]
    assert (len(cells) > 0, {cell for cell in cells if cell[:1] != "'" or cell[1:] not in NAMES}) == (True, set())


def test_suggested_while_one_types(browser_as):
    owners = browser_as("northgate").get("/suggest-endusers/?q=pine").json()["owners"]

    assert [owner["company"] for owner in owners] == [hostile("enduser")]


def test_in_a_line_of_the_log(capsys):
    record = logging.LogRecord("portal", logging.INFO, __file__, 1, "%s came in", (f"{hostile('enduser')}\nsecond line",), None)

    line = JsonFormatter().format(record)

    assert (line.count("\n"), json.loads(line)["message"]) == (0, f"{hostile('enduser')}\nsecond line came in")


# ── What is refused when it is typed ──


@pytest.mark.parametrize("character", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u0085\n\0")
def test_what_would_turn_our_own_words_round_is_no_name(browser_as, character):
    browser = browser_as("northgate")
    name = f"Clinic {character}of the north"
    sent = [
        ("/create-enduser/", {"username": "clinic", "company": name, "email": "c@example.com"}, "company"),
        ("/deployments/add/", {"owner": "", "qty-ASR": "1", "name": name, "host_name": "h"}, "name"),
        ("/sell/", {"owner": "pinecrest", "qty-ASR": "1", "reference": name}, "reference"),
    ]

    assert [list(errors_of(browser.post(address, form_of(browser, address) | typed))) for address, typed, _ in sent] == [
        [field] for *_, field in sent
    ]
