"""Staff save a page of the admin while somebody changes something else of what it shows: both stand afterwards."""

import pytest
from django.utils import timezone

from accounts.notifications.services import save_notices
from accounts.security.services import change_password
from licenses.models import Product
from tests.factories.licenses import ProductFactory
from tests.races.test_changed_rights import while_it_is_open
from tests.views import form_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

NEW = "a password of many new words"


def saved(desk, thing, **changes):
    """Return what presses Save on the page of something in the admin, as it was opened before."""
    address = f"/admin/{thing._meta.app_label}/{thing._meta.model_name}/{thing.pk}/change/"
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


def test_a_product_that_is_retired_while_another_of_the_staff_saves_its_name_stays_retired(desk):
    """rules.md §2: what is retired is issued no more."""
    product = ProductFactory(code="ASR", name="Speech Engine")

    while_it_is_open(
        change=lambda: Product.objects.filter(pk=product.pk).update(retired_at=timezone.now()),
        act=saved(desk, product, name="Speech Engine (ASR)"),
    )

    product.refresh_from_db()
    assert (product.retired_at is not None, product.name) == (True, "Speech Engine (ASR)")
