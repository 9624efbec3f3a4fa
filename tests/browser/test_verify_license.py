"""Verifying a license file, in a browser: with and without scripts, by the keyboard alone, and with the longest of everything."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from deployments import license_files
from deployments.license_files import LicensedProduct
from deployments.models import Deployment
from tests.browser.elements import button, h1
from tests.browser.judging import faults_of, field, refused
from tests.factories.deployments import deploy
from tests.factories.license_files import CONTENT
from tests.factories.licenses import give

LONG = replace(
    CONTENT,
    publisher="P" * 120,
    deployment="N" * 120,
    company="W" * 120,
    owner="a" * 30,
    host_name="h" * 253,
    products=(LicensedProduct("A" * 30, "P" * 120, 1_000_000), LicensedProduct("B" * 30, "Q" * 120, 1_000_000)),
    serial=2_000_000_000,
)


@pytest.fixture
def ivr(northgate):
    """A deployment whose license file of now has the serial 3."""
    give(northgate, ASR=10)
    made = deploy(northgate, name="HCU-IVR-01", ASR=4)
    Deployment.objects.filter(pk=made.pk).update(state="active", serial=3)
    return made


@pytest.fixture
def license_file(ivr, tmp_path):
    """Return a function that writes a license file of the deployment."""

    def write(**facts):
        path = tmp_path / "license.json"
        path.write_text(license_files.signed(replace(CONTENT, deployment_number=ivr.number) if not facts else replace(CONTENT, **facts)))
        return path

    return write


@pytest.mark.parametrize("scripts", ["page", "page_without_scripts"])
def test_a_file_is_verified_with_and_without_scripts(license_file, request, scripts):
    page = request.getfixturevalue(scripts)
    page.goto("/sign-in/")
    page.get_by_role("link", name="Verify a license file", exact=True).click()
    field(page, "License file").set_input_files(license_file())
    button(page, "Verify").click()

    expect(h1(page)).to_have_text("This license file is genuine")
    expect(page.get_by_role("row", name="Speech Engine (ASR) Full")).to_contain_text("24")
    expect(page.get_by_text("The newest of this deployment", exact=True)).to_be_visible()


def test_its_text_is_verified_by_the_keyboard_alone(license_file, page):
    page.goto("/verify/")
    field(page, "License file").focus()
    page.keyboard.press("Tab")
    expect(field(page, "Or its text")).to_be_focused()
    page.keyboard.insert_text(license_file().read_text())
    page.keyboard.press("Tab")
    expect(button(page, "Verify")).to_be_focused()
    page.keyboard.press("Enter")

    expect(h1(page)).to_have_text("This license file is genuine")


def test_every_state_of_the_page_is_good_to_see(license_file, ivr, page):
    page.goto("/verify/")
    found = faults_of(page)
    found += refused(page, "Verify")
    field(page, "Or its text").fill(license_file().read_text().replace("24", "25"))
    found += refused(page, "Verify")
    for facts, heading in (({}, "genuine"), ({"serial": 2, "deployment_number": ivr.number}, "out of date")):
        field(page, "License file").set_input_files(license_file(**facts))
        button(page, "Verify").click()
        expect(h1(page)).to_have_text(f"This license file is {heading}")
        found += faults_of(page)
    assert not found, "\n".join(found)


def test_the_longest_of_everything_stays_inside(license_file, page):
    path = license_file()
    path.write_text(license_files.signed(LONG))
    page.goto("/verify/")
    field(page, "License file").set_input_files(path)
    button(page, "Verify").click()

    expect(h1(page)).to_have_text("This license file is genuine")
    assert faults_of(page, judged_by_axe=[]) == []
