"""The Qty rows as a crispy layout object, so that `{% crispy form %}` draws all three flows alike."""

from dataclasses import dataclass
from typing import Any

from crispy_forms.layout import LayoutObject
from crispy_forms.utils import TEMPLATE_PACK
from django import forms
from django.forms.boundfield import BoundField
from django.template.context import Context
from django.template.loader import render_to_string

from licensing_portal.foundation.quantities import PREFIX, parse_quantity


@dataclass(frozen=True)
class QuantityRow:
    """One product that can be moved: its field, its names, and how many are where."""

    field: BoundField
    code: str
    name: str
    available: int = 0
    deployed: int = 0
    there: int = 0  # how many are already where these would go: available to the receiver, or on the deployment
    heading: str = ""  # what stands over this row, where the rows have parts

    @property
    def quantity(self) -> int:
        """What was typed, where it is a quantity; else 0."""
        try:
            return parse_quantity(str(self.field.value() or ""))
        except forms.ValidationError:
            return 0

    @property
    def is_unchanged(self) -> bool:
        """Nothing is asked of this product, so its numbers stay."""
        return self.quantity == 0

    @property
    def after(self) -> int:
        return self.available - self.quantity

    @property
    def there_after(self) -> int:
        return self.there + self.quantity


class QuantityTable(LayoutObject):
    """Draws `form.quantity_rows()` with a template of its own: every row a label, a field, and numbers before and after."""

    def __init__(self, template: str) -> None:
        self.template = template
        self.fields: list[Any] = []

    def render(self, form: Any, context: Context, template_pack: str = TEMPLATE_PACK, **options: Any) -> str:
        for name in form.fields:
            if name.startswith(PREFIX):
                form.rendered_fields.add(name)
        return render_to_string(self.template, context.flatten() | {"form": form, "rows": form.quantity_rows()})
