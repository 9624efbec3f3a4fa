"""What Django's admin trips over of itself (rules.md §4: no input gives a 500)."""

import pytest

from tests.factories.licenses import ProductFactory

AUTOCOMPLETE = "/admin/autocomplete/?app_label=accounts&model_name=user&field_name=account&term="


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("page", ["change", "delete", "history"])
def test_a_field_without_a_name_is_no_key_of_a_page(desk, method, page):
    product = ProductFactory(code="ASR")

    assert getattr(desk, method)(f"/admin/licenses/product/{product.pk}/{page}/?_to_field=").status_code == 400


def test_a_field_without_a_name_is_none_in_a_form_either(desk):
    product = ProductFactory(code="ASR")

    assert desk.post(f"/admin/licenses/product/{product.pk}/change/", {"_to_field": "", "name": "New"}).status_code == 400


@pytest.mark.parametrize(("term", "status"), [("north", 200), ("a%00b", 400), ("%ED%A0%80", 200)])
def test_a_search_while_one_types_takes_any_text_but_nul(desk, northgate, term, status):
    assert desk.get(AUTOCOMPLETE + term).status_code == status


@pytest.mark.parametrize(("address", "action"), [("/admin/licenses/product/", "retire"), ("/admin/auth/group/", "delete_selected")])
@pytest.mark.parametrize("chosen", ["zzz", "", "1" * 19, "²"])
def test_a_row_that_no_list_has_is_not_chosen(desk, address, action, chosen):
    """Django's lists take what is chosen as the primary keys that they have written (rules.md §4)."""
    product = ProductFactory(code="ASR")

    assert desk.post(address, {"action": action, "_selected_action": [str(product.pk), chosen]}).status_code == 400
    product.refresh_from_db()
    assert product.retired_at is None
