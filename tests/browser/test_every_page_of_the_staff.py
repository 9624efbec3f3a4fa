"""Every page that staff can meet in the admin, error states included: judged as the customers' pages are (test_every_page.py)."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.utils import timezone
from playwright.sync_api import expect
from post_office.models import STATUS

from accounts.models import Account, User
from deployments.models import Deployment
from deployments.services import allow_replacement
from licenses.models import JournalEntry, LedgerProof
from licensing_portal.foundation.admin import ToReadOnly
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.submissions import fresh_key
from tests.browser.elements import button
from tests.browser.judging import faults_of, field, refused

APPS = sorted({model._meta.app_label for model in admin.site._registry})


@pytest.fixture
def page(visitor):
    """The desk of the demo's staff, in a demo that has something of every sort."""
    Group.objects.create(name="clerks").permissions.set(Permission.objects.filter(codename__startswith="view_"))
    desk, somebody = Account.objects.get(username="publisher"), User.objects.get(username="admin")
    works = Deployment.objects.get(name="HCU-IVR-01")
    allow_replacement(deployment=works, publisher=desk, allowed_by=somebody, reason="Flooded data center", key=fresh_key())
    return visitor("admin")


def address_of(thing, ending="change"):
    return f"/admin/{thing._meta.app_label}/{thing._meta.model_name}/{thing.pk}/{ending}/"


def faults_at(page, *addresses):
    found = []
    for address in addresses:
        assert page.goto(address).status == 200
        found += faults_of(page)
    return found


# ── Pages that one opens ──


@pytest.mark.parametrize("app", APPS)
def test_the_lists_and_the_pages_of_what_is_in_them(page, app):
    found = faults_at(page, f"/admin/{app}/")
    for model, desk in admin.site._registry.items():
        if model._meta.app_label == app:
            listed, newest = f"/admin/{app}/{model._meta.model_name}/", model._default_manager.latest("pk")
            found += faults_at(page, listed, f"{listed}?q=zebra", address_of(newest), address_of(newest, "history"))
            found += [] if isinstance(desk, ToReadOnly) else faults_at(page, f"{listed}add/")
    assert not found, "\n".join(found)


def test_the_first_page_and_the_pages_of_the_flows(page):
    sale = JournalEntry.objects.filter(kind="sale", receiver__username="harborcu").first()
    recalled = JournalEntry.objects.filter(kind="sale", receiver__username="stmarys").latest("pk")
    works = Deployment.objects.get(name="HCU-IVR-01")
    sent = Notice.objects.filter(email__subject__contains="sale").latest("pk")

    found = faults_at(page, "/admin/issue/", "/admin/issue/?find=north", "/admin/issue/?find=nobody", "/admin/adjust/?account=northgate")
    found += faults_at(page, address_of(sale, "reverse"), address_of(recalled, "reverse"))
    found += faults_at(page, address_of(works, "retire"), address_of(works, "allow-replacement"))
    found += faults_at(page, address_of(Account.objects.get(username="pinecrest"), "invite-again"))
    found += faults_at(page, address_of(User.objects.get(username="tideway"), "take-away-second-factor"))
    found += faults_at(page, address_of(sent, "send-again"), address_of(Group.objects.get(), "delete"), "/admin/")
    page.get_by_text("The numbers, month by month", exact=True).click()
    found += faults_of(page)
    assert not found, "\n".join(found)


def test_what_needs_a_hand(page):
    """Books that were proven, and are not proven any more; a notice that failed."""
    failed = Notice.objects.filter(email__subject__contains="sale").latest("pk")
    failed.email.status = STATUS.failed
    failed.email.save()
    found = faults_at(page, address_of(failed), address_of(failed, "send-again"), "/admin/ledger/")
    button(page, "Prove now").click()
    expect(page.get_by_text("A full proof was asked for")).to_be_visible()
    found += faults_of(page)

    marks = dict.fromkeys(("newest_entry", "newest_line", "horizon", "settled_entry", "settled_line"), 0)
    moments = {"started_at": timezone.now(), "ended_at": timezone.now()}
    counts = {"entries": 1200, "lines": 4800, "holdings": 60, "fault_count": 2}
    LedgerProof.objects.create(is_full=True, first_faults=f"{'W' * 120}\nS-2026-000001", sold={}, **marks, **moments, **counts)
    found += faults_at(page, "/admin/ledger/", "/admin/")
    expect(page.locator(".needs-a-hand")).to_have_count(2)
    assert not found, "\n".join(found)


# ── Forms that were refused ──


def test_refused_forms(page):
    sale = JournalEntry.objects.filter(kind="sale", receiver__username="harborcu").first()
    works = Deployment.objects.get(name="HCU-IVR-01")
    found = []
    for address, name in {
        "/admin/issue/": "Issue licenses",
        "/admin/adjust/?account=northgate": "Adjust licenses",
        "/admin/accounts/account/add/": "Create reseller",
        address_of(sale, "reverse"): "Reverse",
        address_of(works, "retire"): "Retire deployment",
        address_of(works, "allow-replacement"): "Allow one more replacement",
    }.items():
        page.goto(address)
        found += refused(page, name)

    page.goto("/admin/issue/")
    field(page, "Qty, Speech Engine (ASR) Full").fill("many")
    found += refused(page, "Issue licenses")
    page.goto("/admin/accounts/user/add/")
    button(page, "Save").click()
    expect(page.get_by_role("combobox", name=re.compile("^Account"))).to_be_visible()  # drawn by a script
    expect(page.get_by_text("correct the errors below")).to_be_visible()
    found += faults_of(page)
    assert not found, "\n".join(found)


# ── Pages directly after a press, and when there is nothing left to press ──


def test_what_was_done_and_cannot_be_done_again(page):
    works = Deployment.objects.get(name="HCU-IVR-01")
    page.goto(address_of(works, "retire"))
    field(page, "Reason").fill("The company has closed, and nobody uses this server any more.")
    button(page, "Retire deployment").click()
    expect(page.get_by_text("is retired, and")).to_be_visible()
    found = faults_of(page)

    queued = Notice.objects.latest("pk")
    found += faults_at(page, address_of(works, "retire"), address_of(works, "allow-replacement"), address_of(queued, "send-again"))
    expect(page.get_by_role("button", name="Send again", exact=True)).to_have_count(0)
    assert not found, "\n".join(found)
