"""How many licenses were issued, sold and deployed by month and product: counted by each proof, and counted on at each look."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deployments.services import retire_deployment
from licenses.figures import counted_up_to, figures_up_to, months_up_to
from licenses.models import JournalLine, LedgerProof, Product
from licenses.proving import prove
from licenses.services import sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give, quantities
from tests.roles import the_owner
from transfers.services import transfer_licenses

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


def at(*moment):
    return time_machine.travel(datetime(*moment, tzinfo=UTC), tick=False)


def sell(seller, owner, by, **by_code):
    return sell_licenses(seller=seller, sold_by=by, owner=owner, quantities=quantities(**by_code), key=fresh_key())


@pytest.fixture
def year(northgate, west, harborcu, user):
    """A year and a month of northgate: too old, the first and the last moment of a month, several in one, and what is not counted."""
    with at(2025, 11, 30, 23, 59, 59):
        give(northgate, ASR=100)
    with at(2025, 12, 1):
        give(northgate, ASR=50, TTS=20)
    with at(2026, 3, 31, 23, 59, 59):
        sell(northgate, harborcu, user(northgate), ASR=3, TTS=1)
    with at(2026, 4, 1):
        sell(northgate, harborcu, user(northgate), ASR=4)
        sell(northgate, harborcu, user(northgate), ASR=5)
        made = deploy(northgate, owner=harborcu, name="IVR", ASR=6)
    with at(2026, 11, 24):
        retire_deployment(deployment=made, account=harborcu, retired_by=user(harborcu), reason="The lab has moved.", key=fresh_key())
        LinkFactory(holder=west, target=northgate)
        transfer_licenses(receiver=west, transferred_by=user(west), giver=northgate, quantities=quantities(ASR=9), key=fresh_key())


def in_words(figures):
    """The figures as lines to compare, with the products' codes."""
    codes = dict(Product.objects.values_list("pk", "code"))
    return sorted(f"{month:%Y-%m} {kind} {codes[product]} {quantity}" for (month, kind, product), quantity in figures.items())


ALL = [
    "2025-12 issue ASR 50",
    "2025-12 issue TTS 20",
    "2026-03 sale ASR 3",
    "2026-03 sale TTS 1",
    "2026-04 deployment ASR 6",
    "2026-04 sale ASR 15",
]


def test_the_months_are_this_one_and_the_eleven_before_it():
    assert months_up_to(datetime(2026, 1, 1, tzinfo=UTC)) == [*(date(2025, month, 1) for month in range(2, 13)), date(2026, 1, 1)]


def test_issues_sales_and_deployments_are_counted_by_month_and_product(year):
    """A deployment for an enduser is a sale as well; what came back is not taken off, and a transfer is none of the three."""
    assert in_words(figures_up_to(NOW)) == ALL


def prove_with_nobody_else_at_it():
    """Make a full proof that settles everything: transactions of the server's other test databases count for PostgreSQL too."""
    made = prove()
    moved = counted_up_to(made.newest_line, NOW, afresh=True)
    with the_owner():
        LedgerProof.objects.filter(pk=made.pk).update(settled_line=F("newest_line"), settled_entry=F("newest_entry"), moved=moved)
    made.refresh_from_db()
    return made


def test_a_proof_keeps_what_there_was_up_to_its_settled_line(year, northgate, harborcu, user):
    with time_machine.travel(NOW, tick=False):
        sell(northgate, harborcu, user(northgate), ASR=2)
        made = prove()

    assert made.moved == counted_up_to(made.settled_line, NOW, afresh=True)
    assert in_words(figures_up_to(NOW)) == sorted([*ALL, "2026-11 sale ASR 2"])


def test_what_came_after_a_proof_is_added_to_what_it_counted(year, northgate, harborcu, user):
    with time_machine.travel(NOW, tick=False):
        prove_with_nobody_else_at_it()
        sell(northgate, harborcu, user(northgate), ASR=2)

    assert in_words(figures_up_to(NOW)) == sorted([*ALL, "2026-11 sale ASR 2"])


def forge(made, quantity):
    """Let a proof say that so many TTS were sold in October, so that one sees who believes it."""
    with the_owner():
        LedgerProof.objects.filter(pk=made.pk).update(moved=[["2026-10", "sale", Product.objects.get(code="TTS").pk, quantity]])


@pytest.mark.postgres
def test_what_a_proof_counted_is_not_read_again(year, northgate, harborcu, user):
    """A million lines cost no more than those of a day: the lines before the mark are not asked for, nor is anything else of the journal."""
    with time_machine.travel(NOW, tick=False):
        made = prove_with_nobody_else_at_it()
        forge(made, 777)
        sell(northgate, harborcu, user(northgate), ASR=2)

        with CaptureQueriesContext(connection) as queries:
            figures = figures_up_to(NOW)

    assert in_words(figures) == ["2026-10 sale TTS 777", "2026-11 sale ASR 2"]
    assert len(queries) == 2
    assert f'"licenses_journalline"."id" > {made.settled_line}' in queries[1]["sql"]


def test_a_proof_counts_on_from_the_one_before_it_and_a_full_one_afresh(year):
    with time_machine.travel(NOW, tick=False):
        forge(prove_with_nobody_else_at_it(), 777)
    newest = JournalLine.objects.latest("pk").pk

    assert [row[3] for row in counted_up_to(newest, NOW, afresh=False)] == [777]
    assert sorted(row[3] for row in counted_up_to(newest, NOW, afresh=True)) == [1, 3, 6, 15, 20, 50]


def test_where_the_settled_line_went_back_it_is_counted_afresh(year):
    """After a restore into another server the numbers of transactions begin anew, and nothing is settled at first."""
    with time_machine.travel(NOW, tick=False):
        forge(prove_with_nobody_else_at_it(), 777)

    assert counted_up_to(0, NOW, afresh=False) == []


def test_of_several_proofs_the_one_that_counted_furthest_is_believed(year):
    with time_machine.travel(NOW, tick=False):
        first, second = prove_with_nobody_else_at_it(), prove_with_nobody_else_at_it()
    forge(first, 777)
    with the_owner():
        LedgerProof.objects.filter(pk=second.pk).update(settled_line=0, moved=[])

    assert in_words(figures_up_to(NOW)) == ["2026-10 sale TTS 777"]


def test_a_proof_of_an_earlier_version_counted_nothing_and_all_is_counted(year):
    with time_machine.travel(NOW, tick=False):
        made = prove_with_nobody_else_at_it()
    with the_owner():
        LedgerProof.objects.filter(pk=made.pk).update(moved=None)

    assert in_words(figures_up_to(NOW)) == ALL


def test_what_a_proof_counted_falls_out_of_the_figures_when_it_is_old(year):
    with time_machine.travel(NOW, tick=False):
        made = prove_with_nobody_else_at_it()
    later = datetime(2027, 3, 1, tzinfo=UTC)

    assert in_words(figures_up_to(later)) == ALL[4:]
    assert [row[0] for row in counted_up_to(made.newest_line, later, afresh=False)] == ["2026-04", "2026-04"]


def test_an_empty_journal_has_no_figures(northgate):
    assert in_words(figures_up_to(timezone.now())) == []
