"""Staff save a page of the admin while its user or account changes something itself: both stand afterwards."""

import pytest

from accounts.notifications.services import save_notices
from accounts.security.services import change_password
from tests.races.test_changed_rights import while_it_is_open
from tests.views import form_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

NEW = "a password of many new words"


def saved(desk, thing, **changes):
    """Return what presses Save on the page of a user or an account, as it was opened before."""
    address = f"/admin/accounts/{thing._meta.model_name}/{thing.pk}/change/"
    form = {name: value for name, value in (form_of(desk, address) | changes).items() if value}
    return lambda: desk.post(address, form).status_code


def test_a_password_that_is_changed_while_staff_save_an_address_stays_changed(desk, northgate, user):
    """Saved whole, the user would have the old password back, which may be a stolen one (A6)."""
    person = user(northgate)

    while_it_is_open(
        change=lambda: change_password(user=person, acting=northgate, password=NEW),
        act=saved(desk, person, email="new@example.com"),
    )

    person.refresh_from_db()
    assert (person.check_password(NEW), person.email) == (True, "new@example.com")


def test_a_time_zone_that_an_account_chooses_while_staff_save_its_company_stays_chosen(desk, northgate, user):
    person = user(northgate)

    while_it_is_open(
        change=lambda: save_notices(account=northgate, changed_by=person, wanted={}, time_zone="Europe/Berlin"),
        act=saved(desk, northgate, company="Northgate Speech"),
    )

    northgate.refresh_from_db()
    assert (northgate.time_zone, northgate.company) == ("Europe/Berlin", "Northgate Speech")
