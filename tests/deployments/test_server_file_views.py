"""Server file, license file and Replace server at the browser (C6 to C8): files of every kind, one press each, and never a 500."""

import hashlib
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import encode_multipart

from deployments.license_files import read
from deployments.models import Deployment, LicenseFileDownload, ServerFile
from licensing_portal.foundation.models import Submission
from tests.books import balances
from tests.factories.deployments import deploy, download, replace, upload
from tests.factories.licenses import give
from tests.views import ALREADY_USED, controls_of, errors_of, form_of, heading_of, headings_of, kept_in, links_of, notes_of, text_of, values_of

ADD = "/deployments/add/"
LAB = {"name": "LAB", "host_name": "lab.example.com", "qty-ASR": "4"}
AGAIN = "Choose the file again: browsers don’t keep it."
MULTIPART = "multipart/form-data; boundary=BoUnDaRyStRiNg"


def info_bts(content=b"ivr-01", name="info.bts"):
    return SimpleUploadedFile(name, content)


@pytest.fixture
def lab(northgate):
    """LAB, which waits for its server file; northgate has 6 ASR besides."""
    give(northgate, ASR=10)
    return deploy(northgate, name="LAB", ASR=4)


@pytest.fixture
def owner(lab, signed_in, northgate):
    return signed_in(northgate)


@pytest.fixture
def page(lab):
    return f"/deployments/{lab.pk}/"


@pytest.fixture
def send(owner, page):
    """Choose a file on the deployment's own page, and press: send(info_bts())."""

    def act(file=None, **more):
        form = form_of(owner, page, to=f"{page}upload-server-file/") | more
        return owner.post(f"{page}upload-server-file/", form | ({"server_file": file} if file else {}))

    return act


@pytest.fixture
def active(lab):
    return upload(lab)


@pytest.fixture
def fetch(owner, page):
    def act(**more):
        return owner.post(f"{page}license-file/", form_of(owner, page, to=f"{page}license-file/") | more)

    return act


@pytest.fixture
def swap(owner, page):
    def act(file=None, reason="The server died", **more):
        address = f"{page}replace-server/"
        return owner.post(address, form_of(owner, address) | {"reason": reason} | ({"server_file": file} if file else {}) | more)

    return act


def everything():
    states = list(Deployment.objects.order_by("pk").values_list("state", "serial"))
    return states, [model.objects.count() for model in (ServerFile, LicenseFileDownload, Submission)], balances()


# ── Upload server file ──


def test_while_it_waits_the_page_says_what_to_do_next(owner, page):
    """C6."""
    response = owner.get(page)

    assert "Next: the server file" in headings_of(response)
    assert [control for control in controls_of(response) if control[1] in {"Server file", "Upload server file", "Download license file"}] == [
        ("field", "Server file"),
        ("button", "Upload server file"),
    ]


def test_one_press_makes_it_active_and_offers_the_license_file(owner, page, send):
    """C6."""
    response = send(info_bts())

    assert (response.status_code, response.url) == (302, page)
    shown = owner.get(page)
    assert notes_of(shown) == ["LAB is active. Its license file is ready to download."]
    assert "License file 1" in headings_of(shown)
    names = [name for _, name in controls_of(shown)]
    assert [name in names for name in ("Download license file", "Replace server", "Upload server file")] == [True, True, False]
    assert hashlib.sha256(b"ivr-01").hexdigest() in text_of(shown)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (None, "Choose the server file"),
        (b"", "This file is empty. Choose the license server’s info.bts."),
        (b"x" * 65537, "This file has more than 64 KiB. Choose the license server’s info.bts."),
    ],
)
def test_what_is_no_server_file_is_refused_by_the_field(owner, send, file, words):
    """B6."""
    before = everything()

    response = send(None if file is None else info_bts(file))

    assert (errors_of(response), heading_of(response)) == ({"server_file": [words]}, "Upload server file")
    assert AGAIN not in text_of(response)
    assert everything() == before


def test_a_hundred_megabytes_are_refused_before_they_are_read(owner, page):
    """C6: by what the request announces. The body that would follow is never asked for."""
    response = owner.generic("POST", f"{page}upload-server-file/", b"", content_type=MULTIPART, CONTENT_LENGTH=str(100 * 1024 * 1024))

    assert response.status_code == 413
    assert ServerFile.objects.count() == 0


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\0b.bts", "..", "\u202ecod.exe", "<script>alert(1)</script>.bts", "x" * 900, 'a".bts', "a;b.bts", "\x1b[31m.bts"]
)
def test_whatever_the_file_is_called_the_page_stays_whole(owner, page, send, name):
    """C6: it is taken under a harmless name, or its part of the form is none and the field says so."""
    key = form_of(owner, page, to=f"{page}upload-server-file/")["key"]
    parts = encode_multipart("BoUnDaRyStRiNg", {"key": key, "server_file": info_bts(name="NAME")}).replace(b"NAME", name.encode())

    response = owner.generic("POST", f"{page}upload-server-file/", parts, content_type=MULTIPART)

    assert response.status_code in {200, 302}
    shown = owner.get(page).content.decode()
    assert not re.search(r"<script>alert|\x1b|\x00|\u202e|\.\./", shown)


def test_a_name_of_ten_thousand_characters_is_told_off_and_nothing_moves(owner, page):
    """C6."""
    before = everything()
    parts = encode_multipart("BoUnDaRyStRiNg", {"server_file": info_bts(name="NAME")}).replace(b"NAME", b"x" * 10_000)

    response = owner.generic("POST", f"{page}upload-server-file/", parts, content_type=MULTIPART)

    assert (response.status_code, everything()) == (400, before)


def test_what_is_no_form_at_all_moves_nothing(owner, page):
    before = everything()

    answers = [
        owner.generic("POST", f"{page}upload-server-file/", body, content_type=MULTIPART).status_code
        for body in (b"", b"rubbish", b"--BoUnDaRyStRiNg\r\n\r\n", b"\x00" * 1000)
    ]

    assert (set(answers) <= {200, 400}, everything()) == (True, before)


def test_the_same_form_again_leads_to_the_deployment_and_another_file_with_it_is_refused(owner, page, send):
    """B5: a reload sends the same bytes."""
    key = form_of(owner, page, to=f"{page}upload-server-file/")["key"]
    send(info_bts(), key=key)
    before = everything()

    again = owner.post(f"{page}upload-server-file/", {"key": key, "server_file": info_bts()})
    other = owner.post(f"{page}upload-server-file/", {"key": key, "server_file": info_bts(b"another")})

    assert (again.status_code, again.url) == (302, page)
    assert errors_of(other) == {"": [ALREADY_USED]}
    assert everything() == before


def test_a_file_in_use_is_refused_with_the_name_that_one_may_see(send, northgate, tideway):
    """C6, A9."""
    upload(deploy(northgate, name="LAB-2", ASR=1), "mine")
    give(tideway, ASR=1)
    upload(deploy(tideway, name="SECRET", ASR=1), "theirs")

    mine, theirs = send(info_bts(b"mine")), send(info_bts(b"theirs"))

    assert errors_of(mine) == {"server_file": ["This server file is in use on the deployment LAB-2. Choose that of this license server."]}
    assert errors_of(theirs) == {"server_file": ["This server file is in use on another deployment. Choose that of this license server."]}


def test_a_viewer_reads_who_uploads_it_and_is_offered_nothing(lab, page, northgate, signed_in):
    """rules.md §1."""
    shown = signed_in(northgate, "viewer").get(page)

    assert "An administrator or a manager of this account uploads info.bts" in text_of(shown)
    assert [name for _, name in controls_of(shown) if name in {"Server file", "Upload server file"}] == []


def test_the_page_of_its_own_says_why_not_once_there_is_one(owner, active, page):
    """C8."""
    response = owner.get(f"{page}upload-server-file/")

    assert "LAB has a server file already. To change it, replace the server." in text_of(response)
    assert [name for _, name in controls_of(response) if name == "Server file"] == []


# ── With Add New Deployment ──


def test_a_new_deployment_takes_its_server_file_along(owner):
    """C5, C6."""
    response = owner.post(ADD, form_of(owner, ADD) | LAB | {"server_file": info_bts()})

    made = Deployment.objects.latest("pk")
    assert (response.url, made.state) == (f"/deployments/{made.pk}/", "active")
    assert notes_of(owner.get(response.url)) == ["Deployment added. Its license file is ready to download."]


def test_for_an_enduser_the_reseller_is_not_shown_the_file_that_its_owner_has(owner, harborcu, signed_in):
    """C5, A9."""
    response = owner.post(ADD, form_of(owner, ADD) | LAB | {"owner": "harborcu", "server_file": info_bts()})

    words = "Deployment added with its server file. 4 licenses now belong to Harbor Credit Union. The owner gets an email."
    shown = owner.get(response.url)
    assert notes_of(shown) == [words]
    assert hashlib.sha256(b"ivr-01").hexdigest() not in text_of(shown)
    assert hashlib.sha256(b"ivr-01").hexdigest() in text_of(signed_in(harborcu).get(response.url))


def test_a_refused_form_keeps_what_was_typed_and_asks_for_the_file_again(owner):
    """B6: a browser does not fill in a file."""
    before = everything()

    response = owner.post(ADD, form_of(owner, ADD) | LAB | {"qty-ASR": "7", "server_file": info_bts()})

    assert errors_of(response) == {"qty-ASR": ["6 available, 4 deployed"]}
    assert kept_in(response, LAB) == LAB | {"qty-ASR": "7"}
    assert AGAIN in text_of(response)
    assert everything() == before


def test_nobody_is_asked_again_for_a_file_that_was_not_chosen(owner):
    response = owner.post(ADD, form_of(owner, ADD) | LAB | {"qty-ASR": "7"})

    assert AGAIN not in text_of(response)


def test_a_file_that_is_refused_keeps_what_was_typed(owner):
    """B6."""
    response = owner.post(ADD, form_of(owner, ADD) | LAB | {"server_file": info_bts(b"x" * 65537)})

    assert errors_of(response) == {"server_file": ["This file has more than 64 KiB. Choose the license server’s info.bts."]}
    assert kept_in(response, LAB) == LAB


# ── Download license file ──


def test_the_file_comes_as_one_to_save_under_a_plain_name(active, fetch):
    """C6."""
    response = fetch()

    content = read(response.content)
    assert (content.deployment, content.owner, content.serial) == ("LAB", "northgate", 1)
    assert response.headers["Content-Disposition"] == "attachment; filename=\"LAB-license-1.lic\"; filename*=UTF-8''LAB-license-1.lic"
    assert (response.headers["Content-Type"], response.headers["X-Content-Type-Options"]) == ("application/json", "nosniff")
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("name", "plain", "whole"),
    [
        ("Köln 1", "K-ln-1-license-1.lic", "K%C3%B6ln-1-license-1.lic"),
        ('"; filename="x.exe', "filename-x.exe-license-1.lic", "filename-x.exe-license-1.lic"),
        ("../../etc", "etc-license-1.lic", "etc-license-1.lic"),
        ("東京", "--license-1.lic", "%E6%9D%B1%E4%BA%AC-license-1.lic"),
        ("???", "deployment-license-1.lic", "deployment-license-1.lic"),
    ],
)
def test_no_name_of_a_deployment_breaks_the_header(active, fetch, name, plain, whole):
    Deployment.objects.update(name=name)

    header = fetch().headers["Content-Disposition"]

    assert header == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}"


def test_looking_at_the_address_gives_nothing_and_ends_nothing(active, owner, page):
    """C7: what reads a page ahead presses nothing."""
    assert [owner.get(f"{page}license-file/").status_code, owner.head(f"{page}license-file/").status_code] == [405, 405]
    assert LicenseFileDownload.objects.count() == 0
    assert "Retire deployment" in links_of(owner.get(page))


def test_the_page_tells_how_often_and_by_whom_and_no_longer_offers_to_retire(active, owner, page, fetch):
    """C6, C7."""
    before = text_of(owner.get(page))
    given = [fetch() for _ in range(2)]

    shown = owner.get(page)
    assert "Downloaded Not yet" in before
    assert re.search(r"Downloaded 2 times, last .* by northgate", text_of(shown))
    assert hashlib.sha256(given[0].content).hexdigest() in text_of(shown)
    assert given[0].content == given[1].content
    assert "Retire deployment" not in links_of(shown)


def test_pressed_twice_on_one_page_it_is_counted_once(active, owner, page):
    """B5."""
    form = form_of(owner, page, to=f"{page}license-file/")

    first, second = (owner.post(f"{page}license-file/", form) for _ in range(2))

    assert (first.content == second.content, LicenseFileDownload.objects.count()) == (True, 1)


def test_a_page_from_before_a_replacement_says_that_there_is_a_newer_one(active, owner, page):
    """C8."""
    form = form_of(owner, page, to=f"{page}license-file/")
    owner.post(f"{page}license-file/", form)
    replace(active, "ivr-02")

    response = owner.post(f"{page}license-file/", form)

    assert (response.status_code, response.url) == (302, page)
    shown = owner.get(page)
    assert notes_of(shown) == ["There is a newer license file of LAB now. Press again to download that."]
    assert "The license file before it no longer says what is on this deployment." in text_of(shown)


def test_while_it_waits_a_press_that_somebody_made_up_says_why_not(owner, page):
    """B6, C6."""
    form = form_of(owner, page)

    owner.post(f"{page}license-file/", {"key": form["key"]})

    assert len(notes_of(owner.get(page))) == 1
    assert LicenseFileDownload.objects.count() == 0


def test_the_reseller_who_made_it_sees_neither_file_nor_state(northgate, harborcu, signed_in):
    """A9."""
    give(northgate, ASR=1)
    made = upload(deploy(northgate, owner=harborcu, name="HCU", ASR=1), "of harborcu")
    download(made)

    shown = signed_in(northgate).get(made.get_absolute_url())

    assert [
        part for part in ("License file", "info.bts", "Active", "ownload", "Replace", made.server_files.get().sha256) if part in text_of(shown)
    ] == []


# ── Replace server ──


def test_one_press_replaces_the_server_and_offers_the_new_file(active, owner, page, swap):
    """C8."""
    response = swap(info_bts(b"ivr-02"))

    assert (response.status_code, response.url) == (302, page)
    shown = owner.get(page)
    assert notes_of(shown) == ["The server of LAB is replaced. Download its new license file."]
    assert "License file 2" in headings_of(shown)
    assert "Server replaced by northgate of Northgate Voice Systems: The server died" in text_of(shown)


@pytest.mark.parametrize(("reason", "words"), [("", "Enter a reason"), ("short", "Enter a reason of at least 10 characters")])
def test_without_a_reason_it_is_refused_and_the_file_asked_for_again(active, swap, reason, words):
    """C8, B6."""
    before = everything()

    response = swap(info_bts(b"ivr-02"), reason=reason)

    assert (errors_of(response), AGAIN in text_of(response), everything()) == ({"reason": [words]}, True, before)


def test_the_same_file_is_refused_and_the_reason_kept(active, swap):
    """C8, B6."""
    response = swap(info_bts(b"ivr-01"))

    assert errors_of(response) == {"server_file": ["This is the server file that LAB has already. Choose that of the new server."]}
    assert values_of(response)["reason"] == "The server died"


def test_beyond_the_number_the_page_says_whom_to_ask(active, owner, page, swap, publisher):
    """C8: in place of the form; and of a form that was open, above it."""
    open_form = form_of(owner, f"{page}replace-server/")
    replace(active, "ivr-02")
    replace(active, "ivr-03")

    refused = owner.post(f"{page}replace-server/", open_form | {"reason": "The server died", "server_file": info_bts(b"ivr-04")})
    shown = owner.get(f"{page}replace-server/")

    said = f"was replaced twice in {active.created_at.year}. Ask {publisher.company} to allow one more."
    assert errors_of(refused)[""][0].endswith(said)
    assert said in text_of(shown)
    assert [name for _, name in controls_of(shown) if name == "Reason"] == []


def test_it_says_how_many_are_left(active, owner, page):
    """C8."""
    replace(active, "ivr-02")

    assert re.search(r"Left in \d{4} 1 replacement\b", text_of(owner.get(f"{page}replace-server/")))


# ── What happened ──


def test_the_whole_life_is_told_with_its_numbers(active, owner, page, staff):
    """C6 to C8: newest first."""
    download(active)
    replace(active, "ivr-02")
    active.replacement_allowances.create(year=2026, reason="Flooded data center", allowed_by=staff)

    words = text_of(owner.get(page)).partition("What happened")[2]

    told = [
        "One more replacement in 2026 allowed by the publisher: Flooded data center",
        "Server replaced by northgate of Northgate Voice Systems: The server died",
        "License file 1 downloaded by northgate of Northgate Voice Systems",
        "Server file uploaded by northgate of Northgate Voice Systems",
        "4\u00a0ASR deployed".replace("\u00a0", " "),
        "Created by northgate",
    ]
    places = [words.find(part) for part in told]
    assert (places == sorted(places), -1 in places) == (True, False)


def test_a_long_story_is_told_a_page_at_a_time_and_nothing_twice(active, owner, page):
    for _ in range(60):
        download(active)

    address, seen = page, []
    while address:
        shown = owner.get(address)
        feed = text_of(shown).partition("What happened")[2]
        seen.append(feed.count("downloaded by") + feed.count("uploaded by") + feed.count(" deployed") + feed.count("Created by"))
        older = links_of(shown).get("Older", "")
        address = f"{page}{older.partition('#')[0]}" if older else ""

    assert seen == [25, 25, 13]


@pytest.mark.parametrize("before", ["x", "2026-99-99T00:00:00.000000Z", "0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z", "%00"])
def test_no_moment_in_the_address_breaks_the_page(active, owner, page, before):
    assert owner.get(f"{page}?before={before}").status_code == 200
