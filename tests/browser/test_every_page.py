"""Every page that a customer can meet, error states included: axe finds nothing (WCAG 2.2 AA), and nothing sticks out.

Each page is loaded once and judged in both themes, on a desk and on a phone, and measured down to 320 px (400 % zoom).
"""

import re

import pytest
from django.core import mail
from playwright.sync_api import expect

from accounts.models import Account
from accounts.services import create_enduser
from deployments.models import Deployment
from licenses.models import JournalEntry, Product
from licensing_portal import pages
from licensing_portal.foundation.notices import deliver_due
from licensing_portal.foundation.submissions import fresh_key
from tests.authenticator import code
from tests.browser.addresses import OF_A_RESELLER, OF_A_RESELLER_IN_LISTS, OF_A_VIEWER, OF_AN_ENDUSER, OF_WHOEVER_HAS_NOTHING, SETTINGS
from tests.browser.elements import button
from tests.browser.judging import faults_of, field, refused
from tests.factories.accounts import PASSWORD
from tests.factories.licenses import give
from tests.files import csv_of
from tests.jobs import do_jobs

# ── Pages that one opens ──


@pytest.mark.parametrize(
    "opened",
    [
        {"northgate": OF_A_RESELLER},
        {"northgate": OF_A_RESELLER_IN_LISTS},
        {"northgate": SETTINGS, "pinecrest": ["/settings/team/", "/settings/notifications/"]},
        {"pinecrest": OF_WHOEVER_HAS_NOTHING, "harborcu": ["/"], "harborcu-tw": ["/linked-accounts/"]},  # the last can be used by another
        {"harborcu": OF_AN_ENDUSER},
        {"northgate-viewer": OF_A_VIEWER},
    ],
    ids=["reseller", "reseller in lists", "settings", "endusers", "an enduser", "a viewer"],
)
def test_pages(visitor, opened):
    found = []
    for who, addresses in opened.items():
        page = visitor(who)
        for address in addresses:
            assert page.goto(address).status == 200
            found += faults_of(page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("who", "kinds"), [("northgate", {"issue", "sale", "transfer", "deployment", "recall"}), ("harborcu", {"sale"}), ("stmarys", {"recall"})]
)
def test_receipts_and_deployments_of_either_side(visitor, who, kinds):
    account = Account.objects.get(username=who)
    entries = JournalEntry.objects.filter(lines__account=account, kind__in=kinds)
    receipts = {entry.kind: entry.get_absolute_url() for entry in entries}
    deployments = [deployment.get_absolute_url() for deployment in Deployment.objects.filter(made_by=account)]
    page = visitor(who)

    found = []
    recalls = {f"{sale.get_absolute_url()}recall/" for sale in entries.filter(kind="sale", giver=account)}
    for address in [*receipts.values(), *deployments, *recalls]:
        assert page.goto(address).status == 200
        found += faults_of(page)
    assert receipts.keys() == kinds
    assert not found, "\n".join(found)


def test_adding_to_a_deployment_and_retiring_it(visitor):
    """As its owner and as the reseller who made it: the pages, the refused forms, and what is left when it is retired."""
    owner, reseller = visitor("northgate"), visitor("tideway")
    own = Deployment.objects.get(name="NVS-LAB").get_absolute_url()
    made = Deployment.objects.get(name="MTI-OUTBOUND-1").get_absolute_url()
    found = []
    for page, address in ((owner, own), (owner, f"{own}add-licenses/"), (owner, f"{own}retire/"), (reseller, f"{made}retire/")):
        assert page.goto(address).status == 200
        found += faults_of(page)

    owner.goto(f"{own}add-licenses/")
    field(owner, "Qty, Text-to-Speech Server").fill("45")
    found += refused(owner, "Add Licenses")
    owner.goto(f"{own}retire/")
    found += refused(owner, "Retire deployment")

    field(owner, "Reason").fill("The server was taken down, and its place was given to another one.")
    button(owner, "Retire deployment").click()
    expect(owner.get_by_role("heading", name="NVS-LAB", exact=True)).to_be_visible()
    found += faults_of(owner)
    for address in (f"{own}add-licenses/", f"{own}retire/", JournalEntry.objects.get(kind="retirement").get_absolute_url()):
        owner.goto(address)
        found += faults_of(owner)
    assert not found, "\n".join(found)


def test_server_files_and_license_files(visitor):
    """As its owner: while it waits, at work, with another server, when no more can be replaced, and the refused forms."""
    waits, works, moved = (Deployment.objects.get(name=name).get_absolute_url() for name in ("MTI-OUTBOUND-1", "HCU-IVR-01", "SMH-PROD-A"))
    found = []
    for who, addresses in {
        "metrotransit": [waits, f"{waits}upload-server-file/", f"{waits}replace-server/"],
        "harborcu": [works, f"{works}upload-server-file/", f"{works}replace-server/", f"{works}retire/"],
        "stmarys": [moved, f"{moved}replace-server/"],
    }.items():
        page = visitor(who)
        for address in addresses:
            assert page.goto(address).status == 200
            found += faults_of(page)

    page = visitor("metrotransit")
    page.goto(waits)
    found += refused(page, "Upload server file")
    page = visitor("harborcu")
    page.goto(f"{works}replace-server/")
    field(page, "Server file").set_input_files({"name": "info.bts", "mimeType": "", "buffer": b"x" * 65537})
    found += refused(page, "Replace server")
    assert not found, "\n".join(found)


def test_pages_while_acting_for_another_account(visitor, complaints):
    page = visitor("northgate")
    page.goto("/switch/")
    button(page, "Switch").click()

    found = []
    for address in ["/", "/sell/", "/switch/", "/linked-accounts/"]:
        page.goto(address)
        expect(page.get_by_role("region", name="Account you are acting as", exact=True)).to_be_visible()
        found += faults_of(page)
    assert complaints.pop().endswith("403 (Forbidden)")
    assert not found, "\n".join(found)


# ── What moves: lists, panels, pages directly after a press ──


def test_the_open_list_of_owners_the_filled_panel_and_the_fresh_receipt(visitor):
    page = visitor("northgate")
    page.goto("/sell/")
    field(page, "Owner").press_sequentially("e")
    expect(page.get_by_role("option")).to_have_count(3)
    field(page, "Owner").press("ArrowDown")
    found = faults_of(page)

    field(page, "Owner").press("Enter")
    field(page, "Qty, Speech Tuner").fill("3")
    button(page, "All 44").first.click()
    found += faults_of(page)

    button(page, "Add").click()
    expect(page.get_by_text("Sale complete")).to_be_visible()
    found += faults_of(page)
    assert not found, "\n".join(found)


def test_the_open_menu_on_a_phone(visitor):
    page = visitor("northgate")
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(reduced_motion="reduce")
    page.goto("/")
    button(page, "Open menu").click()
    expect(page.get_by_role("dialog", name="Menu", exact=True)).to_be_visible()

    found = faults_of(page, widths=[390])
    assert not found, "\n".join(found)


# ── Forms that were refused ──


def test_refused_forms_that_move_licenses(visitor):
    page = visitor("northgate")
    page.goto("/sell/")
    field(page, "Owner").fill("harbour")
    field(page, "Qty, Speech Tuner").fill("4")
    field(page, "Qty, Text-to-Speech Server").fill("1.5")
    found = refused(page, "Add")

    page.goto("/deployments/add/")
    field(page, "Host name").fill("two words")
    field(page, "Owner").fill("harborcu")
    field(page, "Qty, Speech Engine (ASR) Full").fill("45")
    found += refused(page, "Add New Deployment")
    expect(page.get_by_role("complementary", name="This deployment")).to_contain_text("Harbor Credit Union")

    page.goto("/transfer/")
    field(page, "Qty, Text-to-Speech Server").fill("11")
    found += refused(page, "Transfer Licenses")
    assert not found, "\n".join(found)


def test_refused_forms_about_accounts(visitor):
    page = visitor("northgate")
    page.goto("/create-enduser/")
    field(page, "Username").fill("harborcu")
    field(page, "Company").fill("Harbor")
    field(page, "Email").fill("nowhere")
    found = refused(page, "Create enduser")

    page.goto("/linked-accounts/")
    field(page, "Username").fill("tideway")
    field(page, "Password").fill("a wrong password")
    found += refused(page, "Link Account")

    page.goto("/history/?from=2026-02-02&to=2026-01-01")
    expect(page.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    found += faults_of(page)
    assert not found, "\n".join(found)


def test_a_user_who_is_refused_invited_deactivated_and_activated(visitor):
    page = visitor("northgate")
    page.goto("/settings/team/northgate/")
    field(page, "Role").select_option("Viewer")
    found = refused(page, "Change role")
    page.goto("/settings/invite-user/")
    found += refused(page, "Invite")

    field(page, "Username").fill("a" + "0123456789" * 2 + "-12345678")
    field(page, "Email").fill(f"{'m' * 60}@{'example' * 8}.com")
    button(page, "Invite").click()
    expect(page.get_by_role("button", name="Send invitation again", exact=True)).to_be_visible()
    found += faults_of(page)
    button(page, "Deactivate").click()
    expect(page.get_by_role("button", name="Activate", exact=True)).to_be_visible()
    found += faults_of(page)
    page.goto("/settings/team/")
    found += faults_of(page)
    assert not found, "\n".join(found)


# ── Files and long jobs ──


def test_importing_endusers_and_the_pages_of_long_jobs(visitor):
    page, long = visitor("northgate"), "W" * 110
    page.goto("/import-endusers/")
    found = faults_of(page)
    found += refused(page, "Check import")

    rows = [["harborcu", long, f"{'m' * 60}@{'example' * 8}.com"], ["a" * 31, "", "nowhere"], ["clinic", long, "it@clinic.example.com"]]
    page.get_by_label("File", exact=True).set_input_files({"name": f"{long}.csv", "mimeType": "text/csv", "buffer": csv_of(*rows).encode()})
    button(page, "Check import").click()
    expect(page.get_by_role("heading", name="Check import", exact=True)).to_be_visible()
    for tab in ("problems", "new", "unchanged"):
        page.goto(f"{page.url.partition('?')[0]}?rows={tab}")
        found += faults_of(page)
    button(page, "Import 1 enduser").click()
    expect(page.get_by_role("heading", name="At work", exact=True)).to_be_visible()
    found += faults_of(page)
    do_jobs()
    expect(page.get_by_role("heading", name="Finished", exact=True)).to_be_visible()
    found += faults_of(page)

    for address in ["/import-endusers/", "/endusers/?import=1", "/history/export/?kind=sale"]:
        page.goto(address)
        found += faults_of(page)
    button(page, "Make XLSX file").click()
    do_jobs()
    expect(page.get_by_role("link", name="Download", exact=True)).to_be_visible()
    found += faults_of(page)
    assert not found, "\n".join(found)


# ── Signed out ──


def test_setting_up_a_second_factor_and_signing_in_with_it(northgate, user, page, visit_as):
    here = visit_as(user(northgate))
    here.goto("/settings/security/authenticator/")
    found = refused(here, "Set up")
    key = here.get_by_role("main").locator("b").first.text_content().replace(" ", "")
    field(here, "Code").fill(code(key=key))
    field(here, "Password").fill(PASSWORD)
    button(here, "Set up").click()
    expect(here.get_by_role("heading", name="Save your recovery codes", exact=True)).to_be_visible()
    found += faults_of(here)
    found += refused(here, "Continue")
    field(here, "I have saved them").check()
    button(here, "Continue").click()
    expect(here.get_by_role("heading", name="Security", exact=True, level=1)).to_be_visible()
    found += faults_of(here)
    here.goto("/settings/security/turn-off/")
    found += faults_of(here)
    found += refused(here, "Turn off")

    page.goto("/")
    field(page, "Username").fill("northgate")
    field(page, "Password").fill(PASSWORD)
    button(page, "Sign in").click()
    expect(page.get_by_role("heading", name="Second factor", exact=True)).to_be_visible()
    found += faults_of(page)
    found += refused(page, "Sign in")

    here.goto("/settings/security/")
    expect(here.get_by_role("heading", name="Security", exact=True, level=1)).to_be_visible()
    button(here, "Require a second factor").click()
    expect(here.get_by_text("Required", exact=True)).to_be_visible()
    found += faults_of(here)
    assert not found, "\n".join(found)


def test_signing_in_and_asking_for_a_new_password(northgate, page):
    page.goto("/")
    found = faults_of(page)
    field(page, "Username").fill("northgate")
    field(page, "Password").fill("a wrong password")
    found += refused(page, "Sign in")

    page.goto("/password/reset/")
    found += faults_of(page)
    found += refused(page, "Send the link")
    field(page, "Username or email").fill("northgate")
    button(page, "Send the link").click()
    expect(page.get_by_role("heading", name="Check your email", exact=True)).to_be_visible()
    found += faults_of(page)

    deliver_due()
    page.goto(link_in_the_last_mail())
    found += faults_of(page)
    found += refused(page, "Choose password")
    page.goto("/password/reset/key/1-bad/")
    expect(page.get_by_role("heading", name="This link has expired", exact=True)).to_be_visible()
    found += faults_of(page)
    page.goto("/password/reset/key/done/")
    found += faults_of(page)
    assert not found, "\n".join(found)


def test_an_invitation_open_expired_renewed_and_used(northgate, user, page, settings):
    facts = {"username": "pinecrest", "company": "Pinecrest Senior Living", "email": "pinecrest@example.com"}
    create_enduser(reseller=northgate, created_by=user(northgate), key=fresh_key(), **facts)
    deliver_due()
    invitation = link_in_the_last_mail()
    page.goto(invitation)
    found = faults_of(page)
    found += refused(page, "Choose password")
    field(page, "Password").fill(PASSWORD)
    button(page, "Choose password").click()
    expect(page.get_by_role("heading", name="My Licenses", exact=True)).to_be_visible()
    button(page, "Sign out").click()
    page.goto(invitation)
    expect(page.get_by_role("heading", name="This link was used already", exact=True)).to_be_visible()
    found += faults_of(page)

    create_enduser(reseller=northgate, created_by=user(northgate), key=fresh_key(), **facts | {"username": "oakridge"})
    deliver_due()
    settings.INVITATION_TIMEOUT = -1
    page.goto(link_in_the_last_mail())
    expect(page.get_by_role("heading", name="This link has expired", exact=True)).to_be_visible()
    found += faults_of(page)
    button(page, "Send a new link").click()
    expect(page.get_by_role("heading", name="A new link is on its way", exact=True)).to_be_visible()
    found += faults_of(page)
    assert not found, "\n".join(found)


def link_in_the_last_mail():
    return re.search(r"https?://\S+/(invitation|password)/\S+", mail.outbox[-1].body)[0]


# ── Pages that say no ──


def test_pages_that_say_no(northgate, user, page, visit_as, settings, monkeypatch, complaints):
    """Signed in and signed out; each status is a complaint of Chromium's, which is expected here and looked at."""
    signed_in = visit_as(user(northgate))
    found = []
    for visitor in (page, signed_in):
        visitor.goto("/invitation/")
        found += faults_of(visitor)
    signed_in.goto("/admin/")
    found += faults_of(signed_in)

    settings.ACCOUNT_RATE_LIMITS = {"reset_password": "1/h/ip"}
    for _ in range(2):
        page.goto("/password/reset/")
        field(page, "Username or email").fill("northgate")
        button(page, "Send the link").click()
    expect(page.get_by_role("heading", name="Too many tries", exact=True)).to_be_visible()
    found += faults_of(page)

    page.goto("/")
    page.context.clear_cookies()
    button(page, "Sign in").click()
    expect(page.get_by_role("heading", name="This page was open too long", exact=True)).to_be_visible()
    found += faults_of(page)

    page.goto("/")
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 0
    button(page, "Sign in").click()
    expect(page.get_by_role("heading", name="This request made no sense", exact=True)).to_be_visible()
    found += faults_of(page)

    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
    page.goto("/")
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1
    button(page, "Sign in").click()
    expect(page.get_by_role("heading", name="That is too much at once", exact=True)).to_be_visible()
    found += faults_of(page)

    monkeypatch.setattr(pages.license_selectors, "summary_of", lambda account: 1 / 0)
    signed_in.goto("/")
    expect(signed_in.get_by_role("heading", name="Something went wrong", exact=True)).to_be_visible()
    found += faults_of(signed_in)

    assert [complaint.partition("a status of ")[2][:3] for complaint in complaints] == ["404", "404", "403", "429", "403", "400", "413", "500"]
    complaints.clear()
    assert not found, "\n".join(found)


# ── The longest of everything ──


def test_the_longest_names_and_numbers_stay_inside(northgate, user, visit_as):
    """Words of one piece: a page that breaks only at spaces would be as wide as they are."""
    long_name, long_word = "a" + "0123456789" * 2 + "-12345678", "W" * 120
    Account.objects.filter(pk=northgate.pk).update(company=long_word)
    facts = {"username": long_name, "company": long_word, "email": f"{'m' * 60}@{'example' * 8}.com"}
    owner = create_enduser(reseller=northgate, created_by=user(northgate), key=fresh_key(), **facts)
    give(northgate, **{"A" * 30: 1_000_000, "B" * 30: 1_000_000})
    Product.objects.update(name="P" * 60)
    page = visit_as(user(northgate))

    page.goto("/sell/")
    field(page, "Owner").fill("")
    field(page, "Owner").press_sequentially("a")
    page.get_by_role("option").click()
    page.get_by_role("textbox", name=re.compile("^Qty, ")).first.fill("9999999")
    page.get_by_role("textbox", name="Your reference", exact=True).fill("R" * 60)
    found = faults_of(page, judged_by_axe=[])
    button(page, "Add").click()
    expect(page.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    found += faults_of(page, judged_by_axe=[])
    page.get_by_role("textbox", name=re.compile("^Qty, ")).first.fill("900000")
    button(page, "Add").click()
    expect(page.get_by_text("Sale complete")).to_be_visible()
    found += faults_of(page, judged_by_axe=[])

    page.goto("/deployments/add/")
    field(page, "Name").fill("N" * 120)
    field(page, "Host name").fill("h" * 253)
    field(page, "Owner").fill(owner.username)
    field(page, "Notes").fill("n" * 200)
    page.get_by_role("textbox", name=re.compile("^Qty, ")).first.fill("90000")
    found += faults_of(page, judged_by_axe=[])
    button(page, "Add New Deployment").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("N" * 120)
    found += faults_of(page, judged_by_axe=[])

    for address in ["/", "/endusers/", owner.get_absolute_url(), "/history/"]:
        page.goto(address)
        found += faults_of(page, judged_by_axe=[])
    assert not found, "\n".join(found)
