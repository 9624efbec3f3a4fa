"""Sessions that are ended while a request of theirs is under way: none comes back under another key."""

import pytest
from django.test import Client

from accounts import sessions
from accounts.models import Session
from tests.races.test_changed_rights import while_it_is_open

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.mark.parametrize("how", ["one", "all"])
def test_whoever_ends_a_session_that_is_getting_another_key_waits_for_it_and_ends_it(northgate, user, how):
    """Found by its old key alone, it would go on under the new one."""
    person, browser = user(northgate), Client()
    browser.force_login(person)
    browser.get("/history/")
    session, handle = browser.session, Session.objects.get().handle

    while_it_is_open(
        change=session.cycle_key,
        act=lambda: sessions.end(person, handle) if how == "one" else sessions.end_all(person),
    )

    assert Session.objects.count() == 0
