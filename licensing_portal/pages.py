"""Pages that gather from several apps. They only read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from accounts import permissions
from accounts import selectors as account_selectors
from accounts.forms import EnduserFilterForm
from accounts.models import Account, User
from accounts.notices import INVITATION
from accounts.permissions import allowed
from accounts.requests import PortalRequest, binding_of
from deployments import selectors as deployment_selectors
from deployments.listing import DeploymentFilterForm, deployment_list, given_rows
from licenses import selectors as license_selectors
from licenses.models import JournalEntry
from licenses.presentation import amounts_in_short, icon, sentence
from licensing_portal.foundation.forms import FilterForm, OneUseForm
from licensing_portal.foundation.jobs import FILES_KEPT
from licensing_portal.foundation.models import Job
from licensing_portal.foundation.notices import notices_of_account
from licensing_portal.foundation.tables import XLSX_TYPE, as_a_download
from licensing_portal.kinds_of_jobs import KINDS
from licensing_portal.summary import SummaryForm, summary_of

RECENT = 6
FOUND = 8  # of each kind
ENDUSERS_PER_PAGE = 50
SHOWN_OF_AN_ENDUSER = 25  # sales, and deployments: the newest


@dataclass(frozen=True)
class EnduserRow:
    """One enduser of the list, with how many licenses its reseller sold it, and when last."""

    account: Account
    sold: int
    last_sold_at: datetime | None


@dataclass(frozen=True)
class RecentRow:
    """One line of Recent activity: what happened, as the account sees it, and how much of what."""

    entry: JournalEntry
    icon: str
    sentence: str
    amounts: str


@require_safe
def my_licenses(request: PortalRequest) -> HttpResponseBase:
    """My Licenses: what is left, where the rest is, and what happened last (C1). Staff have their desk in the admin."""
    account = request.acting
    if account.is_publisher:
        return redirect("admin:index")
    summary = summary_of(account, SummaryForm(request.GET))
    filters = DeploymentFilterForm(request.GET, account=account, products=summary.products, keeping=summary.form.chosen)
    recent = license_selectors.recent_entries_of(account, RECENT)
    context = {
        "summary": summary,
        "totals": summary.totals,
        "has_sold": account.is_reseller or summary.totals["sold"] > 0,
        "deployments": deployment_list(filters, number=request.GET.get("page", "")),
        "recent": _recent_rows(recent, account),
    }
    return render(request, "my_licenses.html", context)


def _recent_rows(entries: Iterable[JournalEntry], account: Account) -> list[RecentRow]:
    return [RecentRow(entry, icon(entry), sentence(entry, account), amounts_in_short(entry)) for entry in entries]


@require_safe
def search(request: PortalRequest) -> HttpResponseBase:
    """Find entries, deployments and endusers that one may see (A9); the whole number of an entry leads to its receipt."""
    form = FilterForm(request.GET)
    if not form.text:
        return render(request, "search.html", {"form": form})
    exact = license_selectors.entries_visible_to(request.acting).filter(number=form.text.upper()).first()
    if exact:
        return redirect(exact)
    return render(request, "search.html", {"form": form, "text": form.text} | _found(request.acting, request.user, form.text))


def _found(account: Account, user: User, text: str) -> dict[str, Any]:
    endusers = account_selectors.endusers_matching(account, text) if permissions.may_see_endusers(user, account) else Account.objects.none()
    found = {
        "entries": _recent_rows(license_selectors.entries_mentioning(account, text)[:FOUND], account),
        "deployments": list(deployment_selectors.deployments_mentioning(account, text)[:FOUND]),
        "endusers": list(endusers[:FOUND]),
    }
    return found | {"has_found": any(found.values())}


@require_safe
def help_page(request: PortalRequest) -> HttpResponse:
    """How licenses move here, in words and in one picture: what is true of the portal as it is."""
    return render(request, "help.html", {"recall_days": settings.RECALL_WINDOW.days, "replacements": settings.SERVER_REPLACEMENTS_PER_YEAR})


@require_safe
@allowed(permissions.may_see_endusers)
def endusers(request: PortalRequest) -> HttpResponse:
    """The accounts one may sell to: whether they have signed in, and what was sold to them (A9)."""
    form = EnduserFilterForm(request.GET, reseller=request.acting)
    page = Paginator(form.endusers, ENDUSERS_PER_PAGE).get_page(request.GET.get("page"))
    sold = license_selectors.sold_to_each(page, seller=request.acting)
    rows = [EnduserRow(enduser, *sold.get(enduser.pk, (0, None))) for enduser in page]
    return render(request, "endusers.html", {"form": form, "page": page, "rows": rows})


@require_safe
@allowed(permissions.may_see_endusers)
def enduser(request: PortalRequest, username: str) -> HttpResponse:
    """One enduser: its name and address, and what was sold to it (A9)."""
    found = get_object_or_404(account_selectors.endusers_of(request.acting), username=username)
    return render(request, "enduser.html", _enduser_context(request, found))


def _enduser_context(request: PortalRequest, found: Account) -> dict[str, Any]:
    sold = list(license_selectors.sold_to(found, seller=request.acting))
    sales = list(license_selectors.sales_to(found, seller=request.acting)[: SHOWN_OF_AN_ENDUSER + 1])
    return {
        "enduser": found,
        "sold": sold,
        "sold_total": sum(quantity for _, _, quantity in sold),
        "sales": sales[:SHOWN_OF_AN_ENDUSER],
        "has_more_sales": len(sales) > SHOWN_OF_AN_ENDUSER,
        "deployment_rows": given_rows(deployment_selectors.deployments_made_for(found, reseller=request.acting)[:SHOWN_OF_AN_ENDUSER]),
        "is_invited": found.is_invited,
        "invitation_notice": notices_of_account(found.username, kind=INVITATION).last(),
        "invite_again": OneUseForm(binding=binding_of(request, "invite_again")),
        "close_enduser": OneUseForm(binding=binding_of(request, "close_enduser")),
    }


@require_safe
def job(request: PortalRequest, pk: int) -> HttpResponse:
    """How far a long job is, and what came of it: for everybody who acts for the account that it is for (A7, A9)."""
    found = get_object_or_404(Job, pk=pk, account=request.acting.username)
    context = {"job": found, "kind": KINDS[found.kind], "has_file": found.parts.exists(), "days_kept": FILES_KEPT.days}
    return render(request, "job.html", context)


@require_safe
def job_file(request: PortalRequest, pk: int) -> HttpResponseBase:
    """The file that a job has made, for as long as it is kept."""
    found = get_object_or_404(Job, pk=pk, account=request.acting.username)
    if not found.parts.exists():
        raise Http404
    content = found.parts.order_by("number").values_list("content", flat=True)
    return StreamingHttpResponse(map(bytes, content.iterator(chunk_size=1)), content_type=XLSX_TYPE, headers=as_a_download(found.file_name))
