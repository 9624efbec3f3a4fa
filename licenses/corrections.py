"""Adjust licenses and Reverse in the admin: how staff put right what went wrong, each through its flow (C11)."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext

from accounts import permissions
from accounts.requests import PortalRequest, binding_of
from accounts.selectors import publisher
from licenses import services
from licenses.forms import UP, AdjustLicensesForm, ReverseEntryForm
from licenses.models import JournalEntry
from licensing_portal.foundation.errors import Refusal


def adjust_licenses(request: PortalRequest) -> HttpResponseBase:
    """Put an account's available right, up or down, against the publisher (C11)."""
    desk = publisher()
    if not permissions.may_adjust(request.user, desk):
        raise PermissionDenied
    data = request.POST if request.method == "POST" else None
    form = AdjustLicensesForm(
        data, chosen=request.GET.get("account", ""), find=request.GET.get("find", ""), binding=binding_of(request, "adjust_licenses")
    )
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            entry = services.adjust_licenses(
                publisher=desk, adjusted_by=request.user, account=typed["account"], is_up=typed["change"] == UP,
                quantities=form.quantities, reason=typed["reason"], ticket=typed["ticket"], key=typed["key"],
            )  # fmt: skip
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, before_and_after(entry))
            return redirect("admin:licenses_journalentry_change", entry.pk)
    context = admin.site.each_context(request) | {"form": form, "title": gettext("Adjust licenses")}
    return render(request, "admin/adjust_licenses.html", context)


def reverse_entry(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Take back whosever entry, whole or in part, up to what remains of it (C11)."""
    desk = publisher()
    if not permissions.may_reverse(request.user, desk):
        raise PermissionDenied
    entry = get_object_or_404(JournalEntry.objects.filter(kind__in=JournalEntry.REVERSIBLE).select_related("giver", "receiver"), pk=pk)
    form = ReverseEntryForm(request.POST if request.method == "POST" else None, entry=entry, binding=binding_of(request, "reverse_entry"))
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            reversal = services.reverse_entry(
                entry=entry, publisher=desk, reversed_by=request.user, quantities=form.quantities,
                reason=typed["reason"], ticket=typed["ticket"], key=typed["key"],
            )  # fmt: skip
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, before_and_after(reversal))
            return redirect("admin:licenses_journalentry_change", reversal.pk)
    context = admin.site.each_context(request) | {"form": form, "entry": entry, "title": gettext("Reverse %(entry)s") % {"entry": entry}}
    return render(request, "admin/reverse_entry.html", context)


def before_and_after(entry: JournalEntry) -> str:
    """Say what the customers on either side of an entry had before and have after it."""
    lines = entry.lines.exclude(account__kind="publisher").select_related("account", "product").order_by("account__username", "product__code")
    changes: dict[str, list[str]] = {}
    for line in lines:
        changes.setdefault(line.account.username, []).append(f"{line.product.code} {line.balance - line.quantity:,} → {line.balance:,}")
    told = [
        gettext("%(account)s now has %(numbers)s available") % {"account": account, "numbers": ", ".join(each)} for account, each in changes.items()
    ]
    return f"{entry}: {'; '.join(told)}."
