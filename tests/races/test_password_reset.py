"""A password that is chosen over a link while something else of its user changes: both stand afterwards."""

import pytest
from django.test import Client

from accounts.team.services import deactivate_user
from licensing_portal.foundation.submissions import fresh_key
from tests.accounts.test_password_reset import CHOSEN, ask, mailed_link
from tests.factories.accounts import UserFactory
from tests.races.test_changed_rights import while_it_is_open
from tests.views import form_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_whoever_is_deactivated_while_choosing_a_password_stays_so(northgate, user):
    """Saved whole, the user would be active again, with the links of before (A6)."""
    jo, browser = UserFactory(account=northgate, username="jo"), Client()
    ask("jo")
    page = browser.get(mailed_link()).url
    form = form_of(browser, page) | {"password1": CHOSEN}

    while_it_is_open(
        change=lambda: deactivate_user(account=northgate, user=jo, deactivated_by=user(northgate), key=fresh_key()),
        act=lambda: browser.post(page, form).status_code,
    )

    jo.refresh_from_db()
    assert (jo.is_active, jo.revocations, jo.check_password(CHOSEN)) == (False, 1, True)
    assert browser.get("/").url == "/sign-in/?next=/"
