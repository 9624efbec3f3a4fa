"""Receipts: what each of the two sides sees of an entry (A9), what became of its notice, and Send again (C4)."""

from datetime import UTC, datetime

import pytest
import time_machine
from post_office.models import STATUS, Email

from accounts.models import Account
from licenses.services import sell_licenses
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import Binding, fresh_key
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities
from tests.mail import message_id
from tests.views import ALREADY_USED, OUT_OF_DATE, controls_of, form_of, heading_of, links_of, notes_of, page_of, press, rows_of, text_of
from transfers.services import transfer_licenses


@pytest.fixture
def sale(northgate, harborcu, user):
    """northgate, with 10 ASR and 4 TTS, sold harborcu 3 ASR and 4 TTS; harborcu had 1 ASR before."""
    give(northgate, ASR=10, TTS=4)
    give(harborcu, ASR=1)
    return sell_licenses(
        seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=3, TTS=4), reference="PO 20931", key=fresh_key()
    )


def test_the_number_is_the_heading(sale, northgate, signed_in):
    """contract.md: the number in the h1."""
    assert heading_of(signed_in(northgate).get(sale.get_absolute_url())) == f"Sale {sale.number}"


def test_the_seller_sees_its_own_numbers(sale, northgate, signed_in):
    response = signed_in(northgate).get(sale.get_absolute_url())

    assert rows_of(response) == [["The AsrASR", "3", "10 to 7"], ["The TtsTTS", "4", "4 to 0"]]
    assert "Sold to harborcu" in text_of(response)
    assert "Reference PO 20931" in text_of(response)
    assert links_of(response)["Harbor Credit Union"] == "/endusers/harborcu/"


def test_the_owner_sees_its_own_numbers_and_none_of_the_sellers(sale, harborcu, signed_in):
    """A9: an enduser sees of its reseller the name and the person who acted, not what it holds."""
    response = signed_in(harborcu).get(sale.get_absolute_url())

    assert rows_of(response) == [["The AsrASR", "3", "1 to 4"], ["The TtsTTS", "4", "0 to 4"]]
    assert "Bought from northgate" in text_of(response)
    assert "/endusers/harborcu/" not in links_of(response).values()


def facts_of(response):
    """The terms of the receipt, with what stands beside each."""
    terms = [part.text for part in page_of(response).first("dl").all("dt", "dd")]
    return dict(zip(terms[::2], terms[1::2], strict=True))


def test_a_sale_names_seller_owner_and_person(sale, northgate, harborcu, signed_in):
    """A9: an enduser sees its reseller's name, username and the person who acted."""
    facts = {
        "Sold by": "Northgate Voice Systems northgate",
        "Owner": "Harbor Credit Union harborcu",
        "By": "northgate",
    }

    assert [facts_of(signed_in(account).get(sale.get_absolute_url())) for account in (northgate, harborcu)] == [facts, facts]


def test_on_paper_it_says_when_and_by_whom_it_was_printed_and_where_to_check_it(sale, harborcu, signed_in):
    with time_machine.travel(datetime(2026, 11, 24, 14, 32, tzinfo=UTC), tick=False):
        response = signed_in(harborcu).get(sale.get_absolute_url())

    (line,) = [line for line in page_of(response).all("p") if "print-only" in line.classes]
    assert line.text == (
        "Account Harbor Credit Union (harborcu). Printed 24 Nov 2026, 2:32 pm UTC by harborcu from License Portal. "
        f"Check this receipt at http://testserver{sale.get_absolute_url()}"
    )


@pytest.mark.parametrize(("role", "shown"), [("administrator", 1), ("manager", 1), ("viewer", 0)])
def test_whoever_may_sell_goes_on_selling_from_there(sale, northgate, signed_in, role, shown):
    assert controls_of(signed_in(northgate, role).get(sale.get_absolute_url())).count(("link", "Sell more licenses")) == shown


@pytest.mark.parametrize("stranger", ["stmarys", "tideway", "west", "metrotransit"])
def test_to_anybody_else_it_does_not_exist(sale, signed_in, request, stranger):
    """A9."""
    assert signed_in(request.getfixturevalue(stranger)).get(sale.get_absolute_url()).status_code == 404


def test_over_a_link_it_is_seen_while_acting_and_not_otherwise(sale, northgate, west, signed_in):
    """A7, A9."""
    LinkFactory(holder=west, target=northgate)
    browser = signed_in(west)

    assert browser.get(sale.get_absolute_url()).status_code == 404
    browser.post("/switch/northgate/")
    assert rows_of(browser.get(sale.get_absolute_url())) == [["The AsrASR", "3", "10 to 7"], ["The TtsTTS", "4", "4 to 0"]]


def test_a_deployments_receipt_is_its_owners_alone(northgate, harborcu, signed_in):
    """A9: the reseller who made it has the receipt of the sale."""
    give(northgate, ASR=10)
    made = deploy(northgate, owner=harborcu, name="IVR", ASR=4)
    entry = made.entries.get().entry

    assert signed_in(northgate).get(entry.get_absolute_url()).status_code == 404
    response = signed_in(harborcu).get(entry.get_absolute_url())
    assert (heading_of(response), rows_of(response)) == (f"Deployment {entry.number}", [["The AsrASR", "4", "4 to 0"]])


def test_each_side_of_a_transfer_sees_its_own_numbers_and_its_own_notice(northgate, west, user, signed_in):
    """A9: a link shows northgate what west holds; it shows west nothing of northgate."""
    give(west, ASR=10)
    give(northgate, ASR=5)
    LinkFactory(holder=northgate, target=west)
    entry = transfer_licenses(receiver=northgate, transferred_by=user(northgate), giver=west, quantities=quantities(ASR=3), key=fresh_key())

    receiving, giving = (signed_in(account).get(entry.get_absolute_url()) for account in (northgate, west))

    assert (rows_of(receiving), rows_of(giving)) == ([["The AsrASR", "3", "5 to 8"]], [["The AsrASR", "3", "10 to 7"]])
    assert "northgate@example.com" not in giving.content.decode()
    assert "northgate-west@example.com" not in receiving.content.decode()


# ── The notice ──


def test_a_notice_is_shown_queued_then_sent(sale, northgate, signed_in):
    """C4."""
    browser = signed_in(northgate)
    assert "Notice queued for harborcu@example.com." in text_of(browser.get(sale.get_absolute_url()))

    deliver_due()

    assert "Notice sent to harborcu@example.com, " in text_of(browser.get(sale.get_absolute_url()))


def test_a_notice_that_failed_says_why(sale, northgate, signed_in):
    """C4: the mail server's own words."""
    notice = Notice.objects.get(event=sale.number)
    Email.objects.filter(pk=notice.email_id).update(status=STATUS.failed)
    Notice.objects.filter(pk=notice.pk).update(last_error="550 No such mailbox")

    assert "Notice failed, to harborcu@example.com. 550 No such mailbox" in text_of(signed_in(northgate).get(sale.get_absolute_url()))


def test_send_again_queues_one_mail_to_the_address_of_today(sale, northgate, harborcu, signed_in):
    """C4; a new Message-ID refers to the first (contract.md)."""
    deliver_due()
    Account.objects.filter(pk=harborcu.pk).update(email="new@harborcu.example.com")
    browser = signed_in(northgate)
    receipt = sale.get_absolute_url()

    response = browser.post(f"{receipt}send-again/", form_of(browser, receipt))

    assert (response.status_code, response.url) == (302, receipt)
    first, again = Notice.objects.filter(event=sale.number).order_by("pk")
    assert ([first.address, first.fate], [again.address, again.fate]) == (["harborcu@example.com", "sent"], ["new@harborcu.example.com", "queued"])
    assert again.email.headers["In-Reply-To"] == message_id(first) != message_id(again)


def test_send_again_pressed_twice_sends_one_mail(sale, northgate, signed_in):
    """B5."""
    browser = signed_in(northgate)
    form = form_of(browser, sale.get_absolute_url())

    for _ in range(2):
        browser.post(f"{sale.get_absolute_url()}send-again/", form)

    assert Notice.objects.filter(event=sale.number).count() == 2


def test_send_again_without_a_good_key_sends_nothing_and_says_so(sale, northgate, signed_in):
    browser = signed_in(northgate)

    response = browser.post(f"{sale.get_absolute_url()}send-again/", {"key": "rubbish"}, follow=True)

    assert notes_of(response) == [OUT_OF_DATE]
    assert Notice.objects.filter(event=sale.number).count() == 1


def test_a_key_that_sent_one_receipt_again_does_not_send_another(sale, northgate, harborcu, user, signed_in):
    """B5: the same key with other content is refused, in words."""
    other = sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=1), key=fresh_key())
    browser = signed_in(northgate)
    form = form_of(browser, sale.get_absolute_url())
    browser.post(f"{sale.get_absolute_url()}send-again/", form)

    response = browser.post(f"{other.get_absolute_url()}send-again/", form, follow=True)

    assert notes_of(response) == [ALREADY_USED]
    assert Notice.objects.filter(event=other.number).count() == 1


def test_the_owner_cannot_send_it_again(sale, harborcu, user, signed_in):
    """C4: the seller can. The page offers the owner no button, and a form made by hand sends nothing."""
    browser = signed_in(harborcu)
    assert ("button", "Send again") not in controls_of(browser.get(sale.get_absolute_url()))
    key = Binding(user(harborcu).pk, "harborcu", "send_notice_again").new_key()

    response = browser.post(f"{sale.get_absolute_url()}send-again/", {"key": key}, follow=True)

    assert notes_of(response) == ["There is no notice to send again."]
    assert Notice.objects.filter(event=sale.number).count() == 1


def test_a_viewer_cannot_send_it_again(sale, northgate, signed_in):
    browser = signed_in(northgate, "viewer")

    assert ("button", "Send again") not in controls_of(browser.get(sale.get_absolute_url()))
    assert browser.post(f"{sale.get_absolute_url()}send-again/").status_code == 403


@pytest.mark.parametrize("stranger", ["tideway", "stmarys"])
def test_a_stranger_cannot_send_it_again(sale, signed_in, request, stranger):
    assert signed_in(request.getfixturevalue(stranger)).post(f"{sale.get_absolute_url()}send-again/").status_code == 404


def test_send_again_names_exactly_one_control(sale, northgate, signed_in):
    assert controls_of(signed_in(northgate).get(sale.get_absolute_url())).count(("button", "Send again")) == 1


def test_the_page_says_once_that_the_sale_is_complete(northgate, harborcu, signed_in):
    give(northgate, ASR=10)
    browser = signed_in(northgate)
    response = press(browser, "/sell/", {"owner": "harborcu", "qty-ASR": "1"})

    assert [notes_of(browser.get(response.url)) for _ in range(2)] == [["Sale complete 1 license now belongs to Harbor Credit Union."], []]


@pytest.mark.parametrize("number", ["S-2020-000001", "S", "x" * 1000, "%00", "S-2020-%00", "%F0%9F%98%80", "a%0Ab", "%27"])
@pytest.mark.parametrize("act", ["", "send-again/"])
def test_an_address_that_names_no_entry_answers_404(northgate, signed_in, number, act):
    """rules.md §4: no input gives a 500."""
    browser = signed_in(northgate)

    assert (browser.post if act else browser.get)(f"/receipts/{number}/{act}").status_code == 404
