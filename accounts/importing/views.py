"""Endusers as files: import them, and export them as they can be imported again. A view translates; services decide."""

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts import permissions, selectors
from accounts.forms import EnduserFilterForm
from accounts.importing import services
from accounts.importing.files import enduser_rows, problem_rows
from accounts.importing.forms import UploadEndusersForm
from accounts.importing.page import import_page, problem_rows_of
from accounts.limits import limited
from accounts.models import AccountQuerySet
from accounts.permissions import allowed
from accounts.requests import PortalRequest, binding_of, data_of
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.forms import OneUseForm
from licensing_portal.foundation.tables import MOST_ROWS_AT_ONCE, csv_response, xlsx_response
from licensing_portal.foundation.templatetags.portal import number
from licensing_portal.foundation.uploads import MOST_BYTES, takes_a_file_of

EARLIER_IMPORTS = 5


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_create_endusers)
@limited("uploads")
@takes_a_file_of(MOST_BYTES, room=MOST_BYTES)  # up to twice as large is told so at its field
def upload_endusers(request: PortalRequest) -> HttpResponseBase:
    """Upload a file of endusers, to look at what an import would make of it (A1)."""
    files = request.FILES if request.method == "POST" else None
    form = UploadEndusersForm(data_of(request), files=files, binding=binding_of(request, "upload_endusers"))
    if request.method == "POST" and form.is_valid():
        try:
            upload = services.upload_endusers(
                reseller=request.acting, uploaded_by=request.user, rows=form.rows,
                file_name=form.cleaned_data["file_name"], key=form.cleaned_data["key"],
            )  # fmt: skip
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            return redirect(upload)
    earlier = selectors.enduser_imports_of(request.acting).exclude(job=None)[:EARLIER_IMPORTS]
    return render(request, "accounts/upload_endusers.html", {"form": form, "earlier": earlier})


@require_safe
@allowed(permissions.may_create_endusers)
def endusers_template(request: PortalRequest, ending: str) -> HttpResponseBase:
    """A file with the columns of an import, and no rows."""
    name, rows = f"endusers.{ending}", enduser_rows([])
    return csv_response(name, rows) if ending == "csv" else xlsx_response(name, "Endusers", rows)


@require_http_methods(["GET", "POST"])
@allowed(permissions.may_create_endusers)
def check_import(request: PortalRequest, pk: int) -> HttpResponseBase:
    """What an import would make of an uploaded file; its button begins it."""
    upload = get_object_or_404(selectors.enduser_imports_of(request.acting), pk=pk)
    form = OneUseForm(data_of(request), binding=binding_of(request, "import_endusers"))
    if request.method == "POST" and form.is_valid():
        try:
            job = services.import_endusers(upload=upload, reseller=request.acting, imported_by=request.user, key=form.cleaned_data["key"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            return redirect(job)
    shown = import_page(upload, tab=request.GET.get("rows", ""), number=request.GET.get("page", ""))
    return render(request, "accounts/check_import.html", {"form": form, "shown": shown})


@require_safe
@allowed(permissions.may_create_endusers)
@limited("files")
def problem_rows_csv(request: PortalRequest, pk: int) -> HttpResponseBase:
    """The rows that can't be imported, each with the reason; put right, the file can be uploaded as it is."""
    upload = get_object_or_404(selectors.enduser_imports_of(request.acting), pk=pk)
    return csv_response(f"problem-rows-{pk}.csv", problem_rows(problem_rows_of(upload).iterator(chunk_size=2000)))


# ── The endusers that there are, as they can be imported again ──


@require_safe
@allowed(permissions.may_see_endusers)
@limited("files")
def endusers_csv(request: PortalRequest) -> HttpResponseBase:
    """The endusers that pass the filters of the list, as they can be imported again."""
    return csv_response(_file_name(request, "csv"), enduser_rows(_endusers_to_export(request).iterator(chunk_size=2000)))


@require_safe
@allowed(permissions.may_see_endusers)
@limited("files")
def endusers_xlsx(request: PortalRequest) -> HttpResponseBase:
    """The same as XLSX; of more than one waits for, as CSV."""
    endusers = _endusers_to_export(request)
    if endusers.order_by()[: MOST_ROWS_AT_ONCE + 1].count() > MOST_ROWS_AT_ONCE:
        messages.warning(
            request,
            gettext("More than %(number)s endusers match. Export them as CSV, or filter them.") % {"number": number(MOST_ROWS_AT_ONCE)},
        )
        return redirect(f"{reverse('endusers')}?{request.GET.urlencode()}")
    return xlsx_response(_file_name(request, "xlsx"), "Endusers", enduser_rows(endusers))


def _endusers_to_export(request: PortalRequest) -> AccountQuerySet:
    form = EnduserFilterForm(request.GET, reseller=request.acting)
    if not form.is_valid():
        raise Http404
    return form.endusers


def _file_name(request: PortalRequest, ending: str) -> str:
    return f"endusers_{request.acting}_{timezone.now():%Y-%m-%d}.{ending}"
