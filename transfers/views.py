"""Transfer Licenses. A view translates; the service decides."""

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts import permissions
from accounts.permissions import allowed
from accounts.requests import PortalRequest, binding_of, data_of
from accounts.selectors import usable_links
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.templatetags.portal import licenses as in_words
from transfers import services
from transfers.forms import TransferLicensesForm


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_move_licenses)
def transfer_licenses(request: PortalRequest) -> HttpResponseBase:
    """Pull licenses from a linked account into the one acted for (C9)."""
    links = list(usable_links(request.user, request.acting))
    first = links[0].target.username if links else ""
    form = TransferLicensesForm(
        data_of(request),
        links=links,
        chosen=request.POST.get("linked_account", request.GET.get("account", first)),
        receiver=request.acting,
        binding=binding_of(request, "transfer_licenses"),
    )
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            transfer = services.transfer_licenses(
                receiver=request.acting, transferred_by=request.user, giver=typed["linked_account"],
                quantities=form.quantities, key=typed["key"],
            )  # fmt: skip
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            said = gettext("%(licenses)s moved from %(giver)s to %(receiver)s.")
            messages.success(request, said % {"licenses": in_words(transfer.total), "giver": transfer.giver, "receiver": transfer.receiver})
            return redirect(transfer)
    return render(request, "transfers/transfer_licenses.html", {"form": form})
