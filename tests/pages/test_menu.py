"""The menu: on every page behind the sign-in, the item that it belongs under is current."""

import pytest

from deployments.services import add_deployment
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import give, quantities, sell
from tests.views import page_of

PAGES = {
    "/": ("View Licenses", "page"),
    "/sell/": ("View Licenses", "true"),
    "/deployments/add/": ("View Licenses", "true"),
    "deployment/": ("View Licenses", "true"),
    "deployment/add-licenses/": ("View Licenses", "true"),
    "deployment/upload-server-file/": ("View Licenses", "true"),
    "deployment/replace-server/": ("View Licenses", "true"),
    "deployment/retire/": ("View Licenses", "true"),
    "/transfer/": ("Transfer Licenses", "page"),
    "/endusers/": ("Endusers", "page"),
    "/endusers/harborcu/": ("Endusers", "true"),
    "/create-enduser/": ("Endusers", "true"),
    "/sold/": ("Sold", "page"),
    "/endusers/harborcu/address/": ("Endusers", "true"),
    "/import-endusers/": ("Endusers", "true"),
    "/history/": ("History", "page"),
    "receipt": ("History", "true"),
    "/history/export/": ("History", "true"),
    "sale/recall/": ("History", "true"),
    "/linked-accounts/": ("Link User Admin", "page"),
    "/switch/": ("Switch Accounts", "page"),
    "/settings/profile/": ("Settings", "page"),
    "/settings/profile/email/": ("Settings", "true"),
    "/settings/notifications/": ("Settings", "true"),
    "/settings/notifications/addresses/add/": ("Settings", "true"),
    "/settings/security/": ("Settings", "true"),
    "/settings/security/password/": ("Settings", "true"),
    "/settings/security/authenticator/": ("Settings", "true"),
    "/settings/security/passkeys/add/": ("Settings", "true"),
    "/settings/security/recovery-codes/new/": ("Settings", "true"),
    "/settings/team/": ("Settings", "true"),
    "/settings/team/northgate/": ("Settings", "true"),
    "/settings/invite-user/": ("Settings", "true"),
    "/settings/log/": ("Settings", "true"),
}


@pytest.fixture
def address(northgate, west, harborcu, user):
    """Return a function that makes an address of what PAGES names."""
    give(northgate, ASR=10)
    LinkFactory(holder=northgate, target=west)
    made = add_deployment(
        account=northgate, added_by=user(northgate), owner=northgate, name="LAB", host_name="lab", quantities=quantities(ASR=4), key=fresh_key()
    )
    places = {
        "receipt": made.entries.get().entry.get_absolute_url(),
        "deployment/": made.get_absolute_url(),
        "sale/": sell(northgate, harborcu, ASR=1).get_absolute_url(),
    }
    return lambda name: next((name.replace(word, place) for word, place in places.items() if name.startswith(word)), name)


@pytest.mark.parametrize("name", PAGES)
def test_the_item_that_a_page_belongs_under_is_current(address, signed_in, northgate, name):
    """WCAG 2.4.8: where one is."""
    response = signed_in(northgate).get(address(name))

    menu = next(nav for nav in page_of(response).all("nav") if nav["aria-label"] == "Main menu")
    assert [(link.text, link["aria-current"]) for link in menu.all("a") if link["aria-current"]] == [PAGES[name]]
