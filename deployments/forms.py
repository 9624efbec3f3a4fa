"""The forms of deployments: a new one, its server file and another, more licenses, an end. They check shape; services check rules."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout
from django import forms
from django.core.validators import RegexValidator
from django.forms.boundfield import BoundField
from django.utils.functional import cached_property
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from deployments.models import LARGEST_SERVER_FILE, Deployment
from deployments.server_files import EMPTY, FIELD, TOO_LARGE, Upload
from licenses.forms import HoldingForm, OwnerField, named_owner, own_enduser, owners_to_offer, quantities_helper
from licenses.models import Product
from licensing_portal.foundation.forms import ManyLinesField, OneLineField, OneUseForm, ReasonField, missing
from licensing_portal.foundation.layout import QuantityRow, QuantityTable
from licensing_portal.foundation.text import Words

host_name_is_plain = RegexValidator(r"^[^\s/\\]+$", _("Enter a host name like ivr-01.example.com"))
OF_THE_SERVER = _("info.bts of the license server, at most {size} KiB.")
OF_THE_NEW_SERVER = _("info.bts of the new license server, at most {size} KiB.")


class ServerFileField(forms.FileField):
    """A license server's identity file. How large it is, is asked before it is read; what it is called does not matter (C6)."""

    widget = forms.FileInput

    def __init__(self, *, says: Words = OF_THE_SERVER, required: bool = True, help_text: Words = "") -> None:
        says = format_lazy(says, size=LARGEST_SERVER_FILE // 1024)
        super().__init__(
            label=_("Server file"),
            required=required,
            help_text=format_lazy("{says} {more}", says=says, more=help_text) if help_text else says,
            error_messages=missing(_("Choose the server file")) | {"empty": EMPTY, "invalid": _("Choose the server file")},
        )

    def clean(self, data: Any, initial: Any = None) -> Upload | None:
        sent = super().clean(data, initial)
        if not sent:
            return None
        if sent.size > LARGEST_SERVER_FILE:
            raise forms.ValidationError(TOO_LARGE)
        return Upload(sent.name, sent.read())


class AddDeploymentForm(HoldingForm):
    """Add New Deployment (C5). A reseller names the owner; empty or its own username is the account itself."""

    name = OneLineField(label=_("Name"), max_length=120, error_messages=missing(_("Enter a name")))
    host_name = OneLineField(
        label=_("Host name"),
        max_length=253,
        validators=[host_name_is_plain],
        help_text=_("Of the license server."),
        error_messages=missing(_("Enter a host name")),
    )
    owner = OwnerField(required=False)
    server_file = ServerFileField(required=False, help_text=_("Its owner can upload it later, too."))
    notes = ManyLinesField(label=_("Notes"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, data: Any = None, *, account: Account, may_sell: bool, **options: Any) -> None:
        super().__init__(data, giver=account, **options)
        self.account = account
        self.endusers = owners_to_offer(account) if may_sell else []
        if not may_sell:
            del self.fields["owner"]
        self.helper = quantities_helper(
            Div(
                Div(
                    Div("name", css_class="col-md-6"),
                    Div("host_name", css_class="col-md-6"),
                    *([Div(Field("owner", template="components/_owner_field.html"), css_class="col-12")] if may_sell else []),
                    css_class="row g-3 card-body",
                ),
                css_class="card",
            ),
            QuantityTable("components/_quantity_table.html"),
            Div(Div(FIELD, "notes", css_class="card-body stack"), css_class="card"),
        )
        self.fields["host_name"].widget.attrs |= {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}

    @cached_property
    def known_owner(self) -> Account | None:
        return named_owner(self, self.account) if "owner" in self.fields else None

    def clean_owner(self) -> Account:
        username: str = self.cleaned_data["owner"]
        return self.account if username in ("", self.account.username) else own_enduser(self.account, username)

    @property
    def chosen_owner(self) -> Account:
        """The account that will own the deployment."""
        owner: Account = self.cleaned_data.get("owner", self.account)
        return owner


class AddLicensesForm(HoldingForm):
    """Add Licenses (C7): what the owner has available, with how many are on the deployment now."""

    def __init__(self, data: Any = None, *, deployment: Deployment, **options: Any) -> None:
        super().__init__(data, giver=deployment.owner, **options)
        self.on_it = dict(deployment.lines.filter(product__in=self.products.values()).values_list("product", "quantity"))
        self.helper = quantities_helper(QuantityTable("deployments/_quantity_table.html"))

    def row(self, field: BoundField, product: Product) -> QuantityRow:
        holding = self.holding_of(product)
        return QuantityRow(field, product.code, product.name, holding.available, holding.deployed, self.on_it.get(product.pk, 0))


class UploadServerFileForm(OneUseForm):
    """Upload server file (C6), on the deployment's page while it waits, and on one of its own."""

    server_file = ServerFileField()

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.helper = _plain_helper("key", FIELD)


class ReplaceServerForm(OneUseForm):
    """Replace server (C8): the file of the new one, and why."""

    server_file = ServerFileField(says=OF_THE_NEW_SERVER)
    reason = ReasonField(who=_("The publisher"))

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.helper = _plain_helper("key", FIELD, "reason")


class AllowReplacementForm(OneUseForm):
    """One more replacement of a server, in the admin (C8): the reason, which the owner can read."""

    reason = ReasonField(who=_("The owner"))


class RetireDeploymentForm(OneUseForm):
    """Retire deployment (C7), in the portal and in the admin: the reason, which the owner is told."""

    reason = ReasonField(who=_("The owner"))

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.helper = _plain_helper("key", "reason")


def _plain_helper(*fields: str) -> FormHelper:
    """The fields one under the other; the page draws the form's tag and its button."""
    helper = FormHelper()
    helper.form_tag = False
    helper.layout = Layout(Div(*fields, css_class="stack"))
    return helper
