"""One lock for every door that takes a password (A8): how often one may try, by which count, and what a locked door answers.

The doors are the sign-in and the link form. Switching takes no password, and the admin has no sign-in of its own.
"""

import pytest
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.test import Client, RequestFactory

from accounts.models import Link, User
from licensing_portal.foundation.addresses import address_of, network_of
from tests.factories.accounts import PASSWORD, LinkFactory
from tests.hashers import CountingPasswordHasher
from tests.views import errors_of, form_of, heading_of, press, text_of

SIGN_IN, LINKS = "/sign-in/", "/linked-accounts/"
WRONG = "wrong horse battery"
LOCKED = {"": ["Too many tries. Wait five minutes, or reset your password."]}
HERE, ELSEWHERE = "203.0.113.7", "198.51.100.9"


def sign_in(username, password=WRONG, at=HERE, **headers):
    return press(Client(REMOTE_ADDR=at, headers=headers), SIGN_IN, {"login": username, "password": password})


def try_five_times(username="northgate", at=HERE):
    return [sign_in(username, at=at).status_code for _ in range(5)]


# ── Name and address together ──


def test_after_five_wrong_passwords_the_name_is_locked_and_the_answer_is_429(northgate):
    """Repeated failures lock, the right password included; contract.md: too many tries 429."""
    answers = try_five_times()

    response = sign_in("northgate", PASSWORD)

    assert answers == [200] * 5
    assert (response.status_code, response["Retry-After"], errors_of(response)) == (429, "300", LOCKED)


def test_the_rightful_owner_comes_in_from_another_address(northgate):
    """Whoever knows a name could else keep its owner out for as long as they like."""
    try_five_times()

    assert sign_in("northgate", PASSWORD, at=ELSEWHERE).status_code == 302


def test_a_name_that_does_not_exist_is_locked_alike(northgate):
    """Else the lock would tell who exists."""
    try_five_times("nobody")

    assert sign_in("nobody").status_code == 429


def test_another_name_is_not_locked(northgate, tideway):
    try_five_times("tideway")

    assert sign_in("northgate", PASSWORD).status_code == 302


@pytest.mark.usefixtures("northgate")
def test_the_names_case_makes_no_other_lock():
    """Five tries, not five for each way of writing the name."""
    for username in ("northgate", "NORTHGATE", "Northgate", " northgate", "nOrthgate"):
        sign_in(username)

    assert sign_in("northGATE", PASSWORD).status_code == 429


def test_another_host_name_makes_no_other_lock(northgate, settings):
    settings.ALLOWED_HOSTS = ["testserver", "www.testserver"]
    try_five_times()

    assert sign_in("northgate", PASSWORD, host="www.testserver").status_code == 429


def test_a_good_sign_in_in_between_does_not_reset_the_count(northgate):
    for _ in range(4):
        sign_in("northgate")
    sign_in("northgate", PASSWORD)
    sign_in("northgate")

    assert sign_in("northgate", PASSWORD).status_code == 429


def test_the_lock_opens_by_itself(northgate, time_machine):
    time_machine.move_to("2030-01-01T12:00:00Z", tick=False)
    try_five_times()
    time_machine.move_to("2030-01-01T12:04:59Z", tick=False)
    before = sign_in("northgate", PASSWORD).status_code
    time_machine.move_to("2030-01-01T12:05:01Z", tick=False)

    assert (before, sign_in("northgate", PASSWORD).status_code) == (429, 302)


def test_the_numbers_are_settings(settings):
    """docs/security.md names them."""
    assert (settings.TRIES_PER_NAME_AND_ADDRESS, settings.TRIES_PER_ADDRESS, settings.TRIES_WITHIN) == (5, 20, 300)
    assert settings.ACCOUNT_RATE_LIMITS["login_failed"] == "20/300s/ip,5/300s/key"


# ── An address, whatever the names ──


def try_many_names(at=HERE):
    return [sign_in(f"name-{number}", at=at).status_code for number in range(20)]


def test_after_twenty_wrong_passwords_for_any_names_the_address_is_locked(northgate):
    answers = try_many_names()

    locked = sign_in("northgate", PASSWORD)

    assert answers == [200] * 20
    assert (locked.status_code, errors_of(locked)) == (429, LOCKED)
    assert sign_in("northgate", PASSWORD, at=ELSEWHERE).status_code == 302


def test_a_neighbour_in_the_same_ipv6_network_is_the_same_address(northgate):
    """A subscriber chooses the lower 64 bits, anew for each try."""
    answers = [sign_in("northgate", at=f"2001:db8:1:1::{number}").status_code for number in range(6)]

    assert answers == [200] * 5 + [429]
    assert sign_in("northgate", PASSWORD, at="2001:db8:1:2::1").status_code == 302


def test_many_other_names_do_not_make_a_count_be_forgotten(northgate):
    """The cache forgets a third of what is in it when there is too much."""
    try_five_times()
    for number in range(400):
        cache.set(f"other-{number}", number, 300)

    assert sign_in("northgate", PASSWORD).status_code == 429


def test_a_flood_is_answered_by_the_portals_own_page(db):
    """allauth counts requests, too; its own bare page is not ours."""
    responses = [Client().post(SIGN_IN, {"login": "", "password": ""}) for _ in range(32)]

    assert (responses[-1].status_code, heading_of(responses[-1]), responses[-1]["Retry-After"]) == (429, "Too many tries", "300")


# ── Every door ──


def test_tries_at_the_link_form_count_with_those_at_the_sign_in(northgate, west, user):
    browser = Client(REMOTE_ADDR=HERE)
    browser.force_login(user(northgate))
    for _ in range(3):
        sign_in("northgate-west")
    for _ in range(2):
        press(browser, LINKS, {"username": "northgate-west", "password": WRONG})

    refused = press(browser, LINKS, {"username": "northgate-west", "password": PASSWORD})

    assert (refused.status_code, refused["Retry-After"], errors_of(refused)) == (429, "300", LOCKED)
    assert sign_in("northgate-west", PASSWORD).status_code == 429
    assert Link.objects.count() == 0


def test_switching_takes_no_password(northgate, west, signed_in):
    """A7: over a link alone; where it has gone stale, the way is the link form, whose lock it is."""
    LinkFactory(holder=northgate, target=west)
    browser = signed_in(northgate)
    User.objects.filter(username="northgate-west").update(password=make_password("another horse battery"))

    response = browser.post("/switch/northgate-west/", {"username": "northgate-west", "password": "another horse battery"})

    assert (response.status_code, response.url) == (302, "/switch/")
    assert "acting" not in text_of(browser.get("/switch/"))


@pytest.mark.parametrize("address", ["/admin/", "/admin/login/", "/admin/accounts/user/"])
def test_the_admin_takes_no_password_at_its_own_door(staff, address):
    """Nor a session: the right name and password that are posted there lead to the portal's sign-in."""
    browser = Client()

    response = browser.post(address, {"username": "staff", "password": PASSWORD, "login": "staff"}, follow=True)

    assert (response.redirect_chain[0][1], response.request["PATH_INFO"]) == (302, SIGN_IN)
    assert "_auth_user_id" not in browser.session


def test_staff_are_locked_out_of_the_admin_by_the_same_count(staff):
    try_five_times("staff")

    assert sign_in("staff", PASSWORD).status_code == 429


def test_the_admin_takes_no_old_password_to_guess_at(desk):
    """Django's page for a new password takes the old one, and counts nothing."""
    for method in (desk.get, desk.post):
        assert method("/admin/password_change/").url == "/settings/security/password/"


# ── What a try costs ──


@pytest.fixture
def hashed(settings, northgate, user):
    """What was hashed since."""
    settings.PASSWORD_HASHERS = ["tests.hashers.CountingPasswordHasher"]
    CountingPasswordHasher.hashed.clear()
    return CountingPasswordHasher.hashed


def test_nothing_is_hashed_once_the_limit_is_reached(hashed, northgate, west, user):
    """Else a flood would cost the portal more than whoever sends it."""
    browser = Client(REMOTE_ADDR=HERE)
    browser.force_login(user(northgate))
    try_five_times()
    try_five_times("northgate-west")
    hashed.clear()

    answers = [sign_in("northgate", PASSWORD), press(browser, LINKS, {"username": "northgate-west", "password": PASSWORD})]

    assert ([answer.status_code for answer in answers], hashed) == ([429, 429], [])


def test_a_wrong_name_costs_as_much_hashing_as_a_wrong_password(hashed, northgate):
    """Else the time would tell who exists: one hash, whoever is named, and one that has no password yet."""
    invited = User(account=northgate, username="invited", role="viewer")
    invited.set_unusable_password()
    invited.save()
    costs = {}

    for username in ("northgate", "nobody", "invited"):
        hashed.clear()
        sign_in(username)
        costs[username] = len(hashed)

    assert costs == {"northgate": 1, "nobody": 1, "invited": 1}


def test_it_costs_as_much_at_the_link_form(hashed, northgate, west, signed_in):
    browser = signed_in(northgate)
    costs = {}

    for username in ("northgate-west", "nobody"):
        form = form_of(browser, LINKS) | {"username": username, "password": WRONG}
        hashed.clear()
        browser.post(LINKS, form)
        costs[username] = len(hashed)

    assert costs == {"northgate-west": 1, "nobody": 1}


# ── Whose address it is ──


def test_a_header_that_anybody_can_write_does_not_reset_the_count(northgate):
    """Without a proxy of our own X-Forwarded-For is the client's own word."""
    for number in range(5):
        sign_in("northgate", **{"X-Forwarded-For": f"10.0.0.{number}"})

    assert sign_in("northgate", PASSWORD, **{"X-Forwarded-For": "10.0.0.99"}).status_code == 429


def test_behind_a_proxy_of_ours_what_stands_left_of_its_word_does_not_either(northgate, settings):
    """The proxy adds the address that called it at the right."""
    settings.TRUSTED_PROXIES = 1
    proxy = "10.1.1.1"
    for number in range(5):
        sign_in("northgate", at=proxy, **{"X-Forwarded-For": f"10.0.0.{number}, {HERE}"})

    answers = [sign_in("northgate", PASSWORD, at=proxy, **{"X-Forwarded-For": there}).status_code for there in (f"10.0.0.99, {HERE}", ELSEWHERE)]

    assert answers == [429, 302]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "", "192.0.2.1"),
        (0, "198.51.100.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "evil, 198.51.100.9", "198.51.100.9"),
        (1, "evil", ""),
        (2, "198.51.100.9", "192.0.2.1"),
        (2, "evil, 198.51.100.9, 10.1.1.1", "198.51.100.9"),
        (1, " 2001:DB8::1 ", "2001:db8::1"),
        (1, "1.2.3.4\n5.6.7.8", ""),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "fe80::1%\0", "fe80::1"),
    ],
)
def test_the_address_is_what_the_outermost_proxy_of_ours_saw(settings, proxies, forwarded, address):
    """Whatever is sent, it is an address or nothing."""
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory(REMOTE_ADDR="192.0.2.1").get("/", HTTP_X_FORWARDED_FOR=forwarded)

    assert address_of(request) == address


def test_a_request_over_a_socket_of_the_machine_has_no_address(northgate):
    """And whoever sends one can sign in all the same."""
    assert address_of(RequestFactory(REMOTE_ADDR="").get("/")) == ""
    assert sign_in("northgate", PASSWORD, at="").status_code == 302


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.1", "192.0.2.1"), ("", ""), ("2001:db8:1:1:2:3:4:5", "2001:db8:1:1::/64"), ("fe80::1", "fe80::/64")],
)
def test_what_a_subscriber_can_change_at_will_is_no_other_address(address, network):
    assert network_of(address) == network
