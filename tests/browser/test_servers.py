"""The license server of a deployment in the browser: its file goes up, the license file comes down, another server takes its place (C6 to C8)."""

import re

import pytest
from playwright.sync_api import expect

from deployments.license_files import read
from deployments.models import Deployment
from tests.browser.elements import button, choose_by_key, h1
from tests.browser.judging import what_sticks_out_of
from tests.factories.deployments import deploy
from tests.factories.licenses import give

REASON = "The mainboard died."


def info_bts(content):
    return {"name": "info.bts", "mimeType": "application/octet-stream", "buffer": content}


@pytest.fixture
def lab(northgate):
    give(northgate, ASR=10)
    return deploy(northgate, name="NVS-LAB", ASR=4)


@pytest.fixture(params=[True, False], ids=["with scripts", "without"])
def owner(request, lab, new_context, northgate, user, visit_as):
    """northgate's administrator on the page of NVS-LAB, at 320 px, with and without scripts."""
    cookies = visit_as(user(northgate)).context.storage_state()
    page = new_context(java_script_enabled=request.param, storage_state=cookies, viewport={"width": 320, "height": 800}).new_page()
    page.goto(f"/deployments/{lab.pk}/")
    return page


def file_field(page):
    return page.get_by_label("Server file", exact=True)


def downloaded(page):
    with page.expect_download() as download:
        button(page, "Download license file").click()
    return download.value.suggested_filename, read(download.value.path().read_bytes())


def test_a_server_file_goes_up_a_license_file_comes_down_and_another_server_takes_its_place(owner, lab):
    button(owner, "Upload server file").click()
    expect(owner.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    expect(file_field(owner)).to_have_accessible_description(re.compile("Choose the server file"))
    file_field(owner).set_input_files(info_bts(b"first"))
    button(owner, "Upload server file").click()
    expect(owner.get_by_role("status").filter(has_text="NVS-LAB is active. Its license file is ready to download.")).to_be_visible()
    assert what_sticks_out_of(owner) == []

    name, file = downloaded(owner)
    assert (name, file.serial, file.products[0].quantity) == ("NVS-LAB-license-1.lic", 1, 4)

    owner.reload()
    expect(owner.get_by_text(re.compile("1 time, last .* by northgate"))).to_be_visible()
    expect(owner.get_by_role("link", name="Retire deployment", exact=True)).to_have_count(0)

    owner.get_by_role("link", name="Replace server", exact=True).click()
    file_field(owner).set_input_files(info_bts(b"second"))
    owner.get_by_label("Reason", exact=True).fill("short")
    button(owner, "Replace server").click()
    expect(file_field(owner)).to_have_accessible_description(re.compile("Choose the file again: browsers don’t keep it."))
    file_field(owner).set_input_files(info_bts(b"second"))
    owner.get_by_label("Reason", exact=True).fill(REASON)
    button(owner, "Replace server").click()
    expect(h1(owner)).to_have_text("NVS-LAB")
    expect(owner.get_by_text(f"Server replaced by northgate of Northgate Voice Systems: {REASON}", exact=True)).to_be_visible()
    assert what_sticks_out_of(owner) == []

    name, file = downloaded(owner)
    assert (name, file.serial) == ("NVS-LAB-license-2.lic", 2)


def test_it_is_done_with_the_keyboard_alone(lab, northgate, user, visit_as):
    page = visit_as(user(northgate))
    page.goto(f"/deployments/{lab.pk}/")
    file_field(page).focus()
    choose_by_key(page, "Enter", info_bts(b"first"))
    page.keyboard.press("Tab")
    expect(button(page, "Upload server file")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="License file 1", exact=True)).to_be_visible()
    button(page, "Download license file").focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert read(download.value.path().read_bytes()).deployment == "NVS-LAB"
    assert Deployment.objects.get().state == "active"


def test_a_file_that_is_far_too_large_is_told_off_and_nothing_moves(lab, northgate, user, visit_as, complaints):
    """C6: what is sent is refused unread."""
    page = visit_as(user(northgate))
    page.goto(f"/deployments/{lab.pk}/")
    file_field(page).set_input_files(info_bts(b"x" * 400_000))
    button(page, "Upload server file").click()

    expect(h1(page)).to_have_text("That is too much at once")
    assert Deployment.objects.get().state == "waiting"
    complaints.clear()  # that the answer is a 413


def test_with_a_new_deployment_it_goes_up_at_once(lab, northgate, user, visit_as):
    page = visit_as(user(northgate))
    page.goto("/deployments/add/")
    page.get_by_role("textbox", name="Name", exact=True).fill("NVS-LAB-2")
    page.get_by_role("textbox", name="Host name", exact=True).fill("lab-2.example.com")
    page.get_by_role("textbox", name="Qty, The Asr", exact=True).fill("2")
    file_field(page).set_input_files(info_bts(b"second lab"))
    button(page, "Add New Deployment").click()

    expect(h1(page)).to_have_text("NVS-LAB-2")
    expect(page.get_by_role("status").filter(has_text="Deployment added. Its license file is ready to download.")).to_be_visible()
