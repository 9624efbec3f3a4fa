"""Ledger proof in the admin (B4): when the books were proven, what was found, and Prove now."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from licenses.models import LedgerProof, ProofRequest
from licenses.services import ask_for_proof
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import StaffFactory
from tests.views import errors_of, form_of, page_of, press, rows_of, submit_buttons_of, text_of

LEDGER = "/admin/ledger/"
MORNING = datetime(2026, 3, 1, 2, 0, 3, tzinfo=UTC)


@pytest.fixture
def desk(staff):
    browser = Client()
    browser.force_login(staff)
    return browser


@pytest.fixture
def clerk(publisher, desk):
    """Staff who may see proofs, and a browser of theirs."""
    user = StaffFactory(username="clerk", is_superuser=False)
    user.user_permissions.add(Permission.objects.get(codename="view_ledgerproof"))
    browser = Client()
    browser.force_login(user)
    return browser


def proof(started_at=MORNING, *, is_full=True, faults=(), fault_count=None, **facts):
    facts = {"entries": 1200, "lines": 4800, "holdings": 60} | facts
    ended_at = started_at + timedelta(milliseconds=1250)
    marks = dict.fromkeys(("newest_entry", "newest_line", "horizon", "settled_entry", "settled_line"), 0)
    return LedgerProof.objects.create(
        started_at=started_at,
        ended_at=ended_at,
        is_full=is_full,
        fault_count=len(faults) if fault_count is None else fault_count,
        first_faults="\n".join(faults),
        sold={},
        **facts,
        **marks,
    )


def buttons(response):
    """What one may press beside Sign out."""
    return [name for names in submit_buttons_of(response) for name in names if name != "Sign out"]


def last_of_each(response):
    return rows_of(response, "Last proofs")


def listed(response):
    return rows_of(response, "All proofs")


# ── Never proven, proven, not proven ──


def test_books_that_were_never_proven_are_told_as_such(desk):
    page = desk.get(LEDGER)

    assert text_of(page).startswith("Ledger proof The books were never proven.")
    assert (last_of_each(page), listed(page), buttons(page)) == ([], [], ["Prove now"])


def test_books_that_are_proven_are_told_with_when_and_how_much(desk):
    proof()
    proof(MORNING + timedelta(days=1), is_full=False, entries=3, lines=12, holdings=4)

    page = desk.get(LEDGER)

    assert "The books are proven. The last proof, on 2 Mar 2026, 2:00 am UTC, found nothing wrong." in text_of(page)
    full = ["Nothing wrong", "1 Mar 2026, 2:00 am UTC", "1,200", "4,800", "60", "1.25 s"]
    new = ["Nothing wrong", "2 Mar 2026, 2:00 am UTC", "3", "12", "4", "1.25 s"]
    assert last_of_each(page) == [["Last full proof", *full], ["Last incremental proof", *new]]
    assert listed(page) == [["Incremental", *new], ["Full", *full]]


def test_before_the_first_incremental_proof_there_is_none_yet(desk):
    proof()

    assert last_of_each(desk.get(LEDGER))[1] == ["Last incremental proof", "Not yet"]


def test_what_is_wrong_stands_there_in_words_the_first_entry_first(desk):
    proof()
    proof(MORNING + timedelta(days=1), faults=["S-2026-000004: has no lines", "northgate: ASR: holds 4 <b>sold</b>; its lines sum to 3"])

    page = desk.get(LEDGER)

    assert "The books are not proven: 2 faults Found on 2 Mar 2026, 2:00 am UTC." in text_of(page)
    told = [item.text for item in page_of(page).first("main").all("li")]
    assert told == ["S-2026-000004: has no lines", "northgate: ASR: holds 4 <b>sold</b>; its lines sum to 3"]
    assert [row[1] for row in [*last_of_each(page), *listed(page)]] == ["2 faults", "Not yet", "2 faults", "Nothing wrong"]
    assert ("And more" in text_of(page), "The books are proven." in text_of(page)) == (False, False)


def test_of_very_many_faults_the_page_says_that_there_are_more(desk):
    proof(faults=["S-2026-000004: has no lines"], fault_count=1500)

    words = text_of(desk.get(LEDGER))

    assert ("The books are not proven: 1,500 faults" in words, "And more: these are the first 1." in words) == (True, True)


def test_the_last_twenty_proofs_are_listed(desk):
    for days in range(25):
        proof(MORNING + timedelta(days=days))

    rows = listed(desk.get(LEDGER))

    assert (len(rows), rows[0][2], rows[-1][2]) == (20, "25 Mar 2026, 2:00 am UTC", "6 Mar 2026, 2:00 am UTC")


def test_the_admin_leads_there(desk):
    links = {link["href"]: link.text for link in page_of(desk.get("/admin/")).first("main").all("a")}

    assert links[LEDGER] == "Ledger proof"


# ── Prove now ──


def test_prove_now_asks_for_a_full_proof_with_one_press(desk, staff):
    response = press(desk, LEDGER)

    assert (response.status_code, response.url) == (302, LEDGER)
    assert [request.asked_by for request in ProofRequest.objects.all()] == [staff]
    page = desk.get(LEDGER)
    assert "A full proof was asked for by staff on " in text_of(page)
    assert buttons(page) == []


def test_once_it_is_made_the_button_is_back(desk):
    press(desk, LEDGER)

    proof(answers=ProofRequest.objects.get())

    page = desk.get(LEDGER)
    assert ("was asked for" in text_of(page), buttons(page)) == (False, ["Prove now"])


def test_a_second_press_of_the_same_form_asks_no_second_time(desk):
    form = form_of(desk, LEDGER)

    assert [desk.post(LEDGER, form).status_code for _ in range(2)] == [302, 302]
    assert ProofRequest.objects.count() == 1


def test_a_form_of_somebody_else_asks_for_nothing(desk, clerk):
    clerk_user = StaffFactory(username="clerk")
    clerk_user.user_permissions.add(Permission.objects.get(codename="add_proofrequest"))
    form = form_of(clerk, LEDGER)

    answer = desk.post(LEDGER, form)

    assert errors_of(answer) == {"": ["This page was opened by someone else. Nothing was changed. Check it and press again."]}
    assert ProofRequest.objects.count() == 0


def test_whoever_may_only_look_has_no_button_and_asks_for_nothing(clerk, publisher, staff):
    proof()
    page = clerk.get(LEDGER)

    assert ("The books are proven." in text_of(page), buttons(page)) == (True, [])
    clerk_user = StaffFactory(username="clerk")
    with pytest.raises(NotAllowed):
        ask_for_proof(publisher=publisher, asked_by=clerk_user, key=fresh_key())
    assert ProofRequest.objects.count() == 0


def test_staff_without_the_permission_see_neither_the_page_nor_a_link_to_it(desk):
    browser = Client()
    browser.force_login(StaffFactory(username="clerk", is_superuser=False))

    assert browser.get(LEDGER).status_code == 403
    assert LEDGER not in [link["href"] for link in page_of(browser.get("/admin/")).all("a")]


def test_nothing_of_it_is_changed_or_deleted_in_the_admin(desk):
    made = proof()

    paths = [
        f"/admin/licenses/{model}/{page}"
        for model in ("ledgerproof", "proofrequest")
        for page in ("", "add/", f"{made.pk}/change/", f"{made.pk}/delete/")
    ]
    assert [desk.get(path).status_code for path in paths] == [404] * 8
