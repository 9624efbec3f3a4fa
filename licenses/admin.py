"""Products to edit, the books and their proofs to read, and Issue licenses, which goes through the service (C11)."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import permissions
from accounts.admin import StaffActsAreRecorded
from accounts.requests import PortalRequest, binding_of
from accounts.selectors import publisher
from licenses import proving, services
from licenses.corrections import before_and_after, reverse_entry
from licenses.forms import IssueLicensesForm
from licenses.models import Holding, JournalEntry, JournalLine, LedgerProof, Product
from licenses.search import mentions
from licensing_portal.foundation.admin import ChangesAlone, LinesToRead, MomentsAreNamed, NothingIsDeleted, OfALongTable, ToReadOnly
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.forms import OneUseForm

PROOFS_LISTED = 20


@admin.register(Product)
class ProductAdmin(StaffActsAreRecorded, ChangesAlone, MomentsAreNamed, NothingIsDeleted, admin.ModelAdmin):
    """Products are added, described and retired, never deleted."""

    list_display = ["code", "name", "retired_at"]
    list_filter = [("retired_at", admin.EmptyFieldListFilter)]
    search_fields = ["code", "name"]
    ordering = ["code"]
    fields = ["code", "name", "description", "retired_at"]
    actions = ["retire"]

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> list[str]:
        """The code names the product in forms and exports, so it stays."""
        return ["code"] if obj else []

    @admin.action(description=_("Retire: no new issue"), permissions=["change"])
    def retire(self, request: HttpRequest, products: QuerySet[Product]) -> None:
        with transaction.atomic():
            retired = list(products.filter(retired_at=None))
            products.filter(pk__in=[product.pk for product in retired]).update(retired_at=timezone.now())
            for product in retired:
                self.record(request, product, "retired")
        self.message_user(request, gettext("%(number)s retired.") % {"number": len(retired)})


@admin.register(Holding)
class HoldingAdmin(ToReadOnly, OfALongTable):
    """What every account has. Numbers change by Issue licenses and by the flows alone."""

    list_display = ["account", "product", "purchased", "sold", "deployed", "available"]
    list_filter = ["product", "account__kind"]
    list_select_related = ["account", "product"]
    search_fields = ["account__username", "account__company", "product__code", "product__name"]
    ordering = ["account__username", "product__code"]

    def rows_that_mention(self, word: str) -> Q:
        return mentions(word, accounts=["account"], products=["product"])

    @admin.display(description=_("purchased"))
    def purchased(self, holding: Holding) -> int:
        return holding.purchased


class JournalLineInline(LinesToRead):
    model = JournalLine
    fields = ["account", "product", "state", "quantity", "balance"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[JournalLine]:
        return super().get_queryset(request).select_related("account", "product", "entry")


@admin.register(JournalEntry)
class JournalEntryAdmin(ToReadOnly, OfALongTable):
    """The journal, never changed (B2); staff reverse an entry from its page (C11)."""

    list_display = ["number", "kind", "posted_at", "giver", "receiver", "posted_by", "acting_as", "reference"]
    list_filter = ["kind", "posted_at"]
    list_select_related = ["giver", "receiver", "posted_by", "acting_as"]
    search_fields = ["number", "reference", "note", "giver__username", "receiver__username", "posted_by__username"]
    ordering = ["-pk"]
    fields = ["number", "kind", "posted_at", "giver", "receiver", "posted_by", "acting_as", "reference", "note", "reverses"]
    inlines = [JournalLineInline]

    def rows_that_mention(self, word: str) -> Q:
        return mentions(word, words=["number", "reference", "note"], accounts=["giver", "receiver"], users=["posted_by"])

    def get_urls(self) -> list[URLPattern]:
        reverse = path("<int:pk>/reverse/", self.admin_site.admin_view(reverse_entry), name="licenses_journalentry_reverse")
        return [reverse, *super().get_urls()]


def issue_licenses(request: PortalRequest) -> HttpResponseBase:
    """Issue licenses from the publisher to an account, and say what it had before and has after (C11)."""
    source = publisher()
    if not permissions.may_issue(request.user, source):
        raise PermissionDenied
    form = IssueLicensesForm(
        request.POST if request.method == "POST" else None,
        chosen=request.GET.get("account", ""),
        find=request.GET.get("find", ""),
        binding=binding_of(request, "issue_licenses"),
    )
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            entry = services.issue_licenses(
                publisher=source, issued_by=request.user, account=typed["account"], quantities=form.quantities,
                order_number=typed["order_number"], note=typed["note"], key=typed["key"],
            )  # fmt: skip
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            messages.success(request, before_and_after(entry))
            return redirect("admin:licenses_journalentry_change", entry.pk)
    context = admin.site.each_context(request) | {"form": form, "title": gettext("Issue licenses")}
    return render(request, "admin/issue_licenses.html", context)


def ledger_proof(request: PortalRequest) -> HttpResponseBase:
    """Show when the books were proven and what was found, and take the wish to have them proven now (B4)."""
    source = publisher()
    if not permissions.may_see_proofs(request.user, source):
        raise PermissionDenied
    form = OneUseForm(request.POST if request.method == "POST" else None, binding=binding_of(request, "ledger_proof"))
    if request.method == "POST" and form.is_valid():
        try:
            services.ask_for_proof(publisher=source, asked_by=request.user, key=form.cleaned_data["key"])
        except Refusal as refusal:
            refusal.show_on(form)
        else:
            return redirect("ledger_proof")
    may_ask = permissions.may_ask_for_proof(request.user, source)
    context = admin.site.each_context(request) | _proofs() | {"form": form, "may_ask": may_ask, "title": gettext("Ledger proof")}
    return render(request, "admin/ledger_proof.html", context)


def _proofs() -> dict[str, Any]:
    """The last proof of each sort, the list of the last ones, and the request that is not answered yet."""
    proofs = LedgerProof.objects.defer("sold").order_by("-pk")
    newest = list(proofs[:PROOFS_LISTED])
    return {
        "last": newest[0] if newest else None,
        "last_of_each": [
            (gettext("Last full proof"), proofs.filter(is_full=True).first()),
            (gettext("Last incremental proof"), proofs.filter(is_full=False).first()),
        ],
        "newest": newest,
        "asked": proving.unanswered_request(),
    }
