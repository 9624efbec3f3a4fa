"""The demo's story (rules.md §5), told event by event; all balances are compared after each."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deployments.models import Deployment
from licenses.models import Holding, JournalEntry, JournalLine
from licenses.proving import prove_what_is_due
from licensing_portal import demo
from licensing_portal.foundation.models import Notice
from tests.books import assert_the_books_are_proven

pytestmark = pytest.mark.django_db

# After each event, the (available, deployed, sold) of what it changed.
STORY = [
    {
        ("northgate", "ASR-FULL"): (120, 0, 0),
        ("northgate", "ASR-LITE"): (60, 0, 0),
        ("northgate", "TTS"): (120, 0, 0),
        ("northgate", "CPA"): (48, 0, 0),
        ("northgate", "TUNER"): (4, 0, 0),
    },
    {
        ("tideway", "ASR-FULL"): (48, 0, 0),
        ("tideway", "TTS"): (48, 0, 0),
        ("tideway", "CPA"): (120, 0, 0),
        ("tideway", "TUNER"): (2, 0, 0),
    },
    {("northgate-west", "ASR-LITE"): (24, 0, 0), ("northgate-west", "TTS"): (10, 0, 0)},
    {
        ("northgate", "ASR-FULL"): (96, 0, 24),
        ("northgate", "TTS"): (96, 0, 24),
        ("harborcu", "ASR-FULL"): (24, 0, 0),
        ("harborcu", "TTS"): (24, 0, 0),
    },
    {("harborcu", "ASR-FULL"): (0, 24, 0), ("harborcu", "TTS"): (12, 12, 0)},
    {
        ("northgate", "ASR-FULL"): (48, 0, 72),
        ("northgate", "TTS"): (48, 0, 72),
        ("northgate", "CPA"): (24, 0, 24),
        ("stmarys", "ASR-FULL"): (0, 48, 0),
        ("stmarys", "TTS"): (0, 48, 0),
        ("stmarys", "CPA"): (0, 24, 0),
    },
    {
        ("tideway", "ASR-FULL"): (38, 0, 10),
        ("tideway", "TTS"): (38, 0, 10),
        ("harborcu-tw", "ASR-FULL"): (10, 0, 0),
        ("harborcu-tw", "TTS"): (10, 0, 0),
    },
    {
        ("harborcu", "ASR-FULL"): (10, 24, 0),
        ("harborcu", "TTS"): (18, 12, 0),
        ("harborcu-tw", "ASR-FULL"): (0, 0, 0),
        ("harborcu-tw", "TTS"): (4, 0, 0),
    },
    {("northgate", "ASR-LITE"): (84, 0, 0), ("northgate-west", "ASR-LITE"): (0, 0, 0)},
    {
        ("tideway", "CPA"): (24, 0, 96),
        ("tideway", "ASR-FULL"): (15, 0, 33),
        ("metrotransit", "CPA"): (0, 96, 0),
        ("metrotransit", "ASR-FULL"): (0, 23, 0),
    },
    {
        ("northgate", "ASR-FULL"): (44, 4, 72),
        ("northgate", "ASR-LITE"): (80, 4, 0),
        ("northgate", "TTS"): (44, 4, 72),
        ("northgate", "TUNER"): (3, 1, 0),
    },
    {("harborcu", "ASR-FULL"): (0, 34, 0)},
]

# The table of rules.md §5: available, deployed.
THE_END = {
    "northgate": {"ASR-FULL": (44, 4), "ASR-LITE": (80, 4), "TTS": (44, 4), "CPA": (24, 0), "TUNER": (3, 1)},
    "northgate-west": {"TTS": (10, 0)},
    "tideway": {"ASR-FULL": (15, 0), "TTS": (38, 0), "CPA": (24, 0), "TUNER": (2, 0)},
    "harborcu": {"ASR-FULL": (0, 34), "TTS": (18, 12)},
    "harborcu-tw": {"TTS": (4, 0)},
    "stmarys": {"ASR-FULL": (0, 48), "TTS": (0, 48), "CPA": (0, 24)},
    "metrotransit": {"ASR-FULL": (0, 23), "CPA": (0, 96)},
}


def test_the_story_adds_up_after_each_of_its_twelve_events():
    story = demo.Story()
    story.set_the_scene()
    told = {}

    for number, (tell, changes) in enumerate(zip(story.events(), STORY, strict=True), start=1):
        tell()
        told |= changes
        assert all_balances() == told, f"after event {number}"
        assert_the_books_are_proven()


def test_the_demo_ends_as_the_rules_say():
    assert demo.load() is True

    ends = {}
    for (account, code), (available, deployed, _) in all_balances().items():
        if available or deployed:
            ends.setdefault(account, {})[code] = (available, deployed)
    assert ends == THE_END


def test_after_the_story_a_sale_that_was_a_mistake_is_recalled_in_full_and_leaves_every_number_as_it_was():
    """C10: so that the demo has a recall to show."""
    demo.load()

    sale, recall = JournalEntry.objects.order_by("pk")[JournalEntry.objects.count() - 2 :]
    assert (sale.kind, recall.kind, recall.reverses) == ("sale", "recall", sale)
    assert (sale.giver.username, sale.receiver.username, sale.total, recall.total) == ("northgate", "stmarys", 12, 12)
    assert all_balances() == {key: numbers for changes in STORY for key, numbers in changes.items()}
    assert_the_books_are_proven()


def test_one_deployment_is_at_work_one_has_another_server_and_the_others_wait():
    """C6, C8: so that the demo has both to show, and no number of the story changes."""
    demo.load()

    states = {
        deployment.name: (
            deployment.state,
            deployment.serial,
            deployment.server_files.count(),
            [file.serial for file in deployment.license_files.all()],
        )
        for deployment in Deployment.objects.all()
    }
    assert states == {
        "HCU-IVR-01": ("active", 1, 1, [1]),
        "SMH-PROD-A": ("active", 2, 2, [1]),
        "MTI-OUTBOUND-1": ("waiting", 0, 0, []),
        "NVS-LAB": ("waiting", 0, 0, []),
    }


def test_a_second_start_keeps_the_data():
    demo.load()
    before, notices = all_balances(), Notice.objects.count()

    assert demo.load() is False

    assert (all_balances(), Notice.objects.count()) == (before, notices)


@pytest.mark.django_db(transaction=True)
def test_its_books_are_proven_on_the_first_start_and_in_the_next_night():
    """B4: on SQLite as on PostgreSQL, all of them and then what is new."""
    demo.load()
    now = timezone.now()

    made = [prove_what_is_due(now), prove_what_is_due(now), prove_what_is_due(now + timedelta(days=1))]

    assert made[1] is None
    assert [(proof.is_full, proof.fault_count) for proof in (made[0], made[2])] == [(True, 0), (False, 0)]
    assert (made[0].entries, made[0].lines) == (JournalEntry.objects.count(), JournalLine.objects.count())


def test_every_event_that_concerns_somebody_else_told_them():
    """C4, C5, C9, C10: one notice per sale, sold deployment and issue, two per transfer and recall, none for one's own deployment."""
    demo.load()

    told = Notice.objects.filter(event__regex=r"^[A-Z]-").order_by("pk").values_list("event", "account")

    assert [(event[0], account) for event, account in told] == [
        ("P", "northgate"),
        ("P", "tideway"),
        ("P", "northgate-west"),
        ("S", "harborcu"),
        ("S", "stmarys"),
        ("S", "harborcu-tw"),
        ("T", "harborcu-tw"),
        ("T", "harborcu"),
        ("T", "northgate-west"),
        ("T", "northgate"),
        ("S", "metrotransit"),
        ("S", "stmarys"),
        ("R", "stmarys"),
        ("R", "northgate"),
    ]


def all_balances():
    """All holdings, those that are empty now included, the publisher's apart."""
    return {
        (holding.account.username, holding.product.code): (holding.available, holding.deployed, holding.sold)
        for holding in Holding.objects.exclude(account__kind="publisher").select_related("account", "product")
    }
