"""Sell Licenses, Sold, receipts, History and the exports. A view translates; services decide."""

from functools import partial

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import permissions
from accounts.limits import limited
from accounts.permissions import allowed
from accounts.requests import PortalRequest, binding_of, press
from accounts.selectors import endusers_of
from licenses import exports, receipts, selectors, services
from licenses.forms import RecallSaleForm, SellLicensesForm
from licenses.history import HistoryFilterForm, history_page
from licenses.recalls import recall_ends_at
from licenses.sold import SoldFilterForm, all_sold, sold_page
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.forms import OneUseForm
from licensing_portal.foundation.tables import csv_response, xlsx_response
from licensing_portal.foundation.templatetags.portal import licenses as in_words


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_sell)
def sell_licenses(request: PortalRequest) -> HttpResponseBase:
    """Sell licenses to an enduser: one press, no confirmation page (C2)."""
    form = SellLicensesForm(
        request.POST if request.method == "POST" else None,
        seller=request.acting,
        binding=binding_of(request, "sell_licenses"),
        initial={"owner": request.GET.get("owner", "")},
        start_at=request.GET.get("product", ""),
    )
    if request.method == "POST" and form.is_valid():
        try:
            sale = services.sell_licenses(
                seller=request.acting, sold_by=request.user, owner=form.cleaned_data["owner"], quantities=form.quantities,
                reference=form.cleaned_data["reference"], key=form.cleaned_data["key"],
            )  # fmt: skip
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            said = ngettext("{licenses} now belongs to <bdi>{company}</bdi>.", "{licenses} now belong to <bdi>{company}</bdi>.", sale.total)
            messages.success(request, format_html(said, licenses=in_words(sale.total), company=sale.receiver.company))
            return redirect(sale)
    return render(request, "licenses/sell_licenses.html", {"form": form})


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_sell)
def recall_sale(request: PortalRequest, number: str) -> HttpResponseBase:
    """Take back what the owner of a sale still has available of it, and show one's own numbers first (C10)."""
    sale = get_object_or_404(selectors.sales_of(request.acting), number=number)
    form = RecallSaleForm(request.POST if request.method == "POST" else None, sale=sale, binding=binding_of(request, "recall_sale"))
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            recall = services.recall_sale(
                sale=sale, seller=request.acting, recalled_by=request.user, quantities=form.quantities, reason=typed["reason"], key=typed["key"]
            )
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, gettext("%(licenses)s came back from %(giver)s.") % {"licenses": in_words(recall.total), "giver": recall.giver})
            return redirect(recall)
    return render(request, "licenses/recall_sale.html", {"form": form, "sale": sale, "refusal": form.refusal, "ends_at": recall_ends_at(sale)})


@require_safe
@allowed(permissions.may_see_endusers)
def sold(request: PortalRequest) -> HttpResponse:
    """What the reseller sold, newest first, in pages that start where the last one ended (C4)."""
    form = _sold_form(request)
    shown = sold_page(form, before=request.GET.get("before", ""), after=request.GET.get("after", ""))
    return render(request, "licenses/sold.html", {"form": form, "shown": shown})


@require_safe
@allowed(permissions.may_see_endusers)
@limited("files")
def sold_csv(request: PortalRequest) -> HttpResponseBase:
    """All sales that pass the filters, oldest first."""
    form = _sold_form(request)
    if not form.is_valid():
        raise Http404
    return csv_response(_file_name("sold", "csv", request), exports.sold_rows(all_sold(form)))


@require_safe
def receipt(request: PortalRequest, number: str) -> HttpResponse:
    """The receipt of an entry, as one of its two sides sees it."""
    entry = get_object_or_404(selectors.entries_visible_to(request.acting), number=number)
    send_again = OneUseForm(binding=binding_of(request, "send_notice_again"))
    context = {"receipt": receipts.receipt_of(entry, request.acting), "send_again": send_again}
    return render(request, "licenses/receipt.html", context)


@require_POST
@allowed(permissions.may_move_licenses)
@limited("letters")
def send_notice_again(request: PortalRequest, number: str) -> HttpResponseBase:
    """Mail the notice of an entry once more (C4)."""
    entry = get_object_or_404(selectors.entries_visible_to(request.acting), number=number)
    press(request, "send_notice_again", partial(services.send_notice_again, entry=entry, account=request.acting, sent_by=request.user))
    return redirect(entry)


@require_POST
@allowed(permissions.may_create_endusers)
def close_enduser(request: PortalRequest, username: str) -> HttpResponseBase:
    """Close an enduser that has no licenses."""
    enduser = get_object_or_404(endusers_of(request.acting), username=username)
    act = partial(services.close_enduser, reseller=request.acting, enduser=enduser, closed_by=request.user)
    if press(request, "close_enduser", act):
        messages.success(request, gettext("%(enduser)s is closed.") % {"enduser": enduser})
    return redirect(enduser)


@require_safe
def history(request: PortalRequest) -> HttpResponse:
    """The account's journal, newest first, in pages that start where the last one ended (C12)."""
    form = _history_form(request)
    shown = history_page(form, before=request.GET.get("before", ""), after=request.GET.get("after", ""))
    return render(request, "licenses/history.html", {"form": form, "shown": shown})


@require_safe
@limited("files")
def history_csv(request: PortalRequest) -> HttpResponseBase:
    """The whole filtered journal, oldest first."""
    form = _history_form(request)
    if not form.is_valid():
        raise Http404
    lines = form.lines.order_by("id")
    return csv_response(_file_name("history", "csv", request), exports.history_rows(lines, request.acting))


@require_safe
@limited("files")
def history_xlsx(request: PortalRequest) -> HttpResponseBase:
    """The same as XLSX; what takes longer than one waits for is made as a job, which one page further is started (C12)."""
    form = _history_form(request)
    if not form.is_valid():
        raise Http404
    if exports.are_too_many(form.lines):
        return redirect(f"{reverse('licenses:export_history')}?{form.query}")
    rows = exports.history_rows(form.lines.order_by("id"), request.acting)
    return xlsx_response(_file_name("history", "xlsx", request), "History", rows)


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_read_history)
def export_history(request: PortalRequest) -> HttpResponseBase:
    """Have an XLSX of the filtered journal made by a job (C12)."""
    filters = _history_form(request)
    if not filters.is_valid():
        raise Http404
    form = OneUseForm(request.POST if request.method == "POST" else None, binding=binding_of(request, "export_history"))
    if request.method == "POST" and form.is_valid():
        try:
            job = services.export_history(form=filters, exported_by=request.user, key=form.cleaned_data["key"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            return redirect(job)
    return render(request, "licenses/export_history.html", {"form": form, "filters": filters})


@require_safe
@limited("files")
def licenses_csv(request: PortalRequest) -> StreamingHttpResponse:
    """The account's summary: a row for every product ever held, by code, no total."""
    return csv_response(_file_name("licenses", "csv", request), exports.summary_rows(selectors.holdings_of(request.acting)))


def _history_form(request: PortalRequest) -> HistoryFilterForm:
    return HistoryFilterForm(request.GET, account=request.acting, products=selectors.products_to_choose_from(request.acting))


def _sold_form(request: PortalRequest) -> SoldFilterForm:
    return SoldFilterForm(request.GET, seller=request.acting, products=selectors.products_to_choose_from(request.acting))


def _file_name(what: str, ending: str, request: PortalRequest) -> str:
    return f"{what}_{request.acting.username}_{timezone.now():%Y-%m-%d}.{ending}"
