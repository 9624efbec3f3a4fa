"""Admin pieces for every app, and the notices to read."""

from typing import Any

import post_office.admin  # noqa: F401 - registers the pages that are taken away below
from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import Field, Model, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.text import smart_split, unescape_string_literal
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from post_office.models import STATUS, Attachment, Email, EmailTemplate, Log

from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notices import kind_in_words

# post-office's own pages would let staff change and resend mails past our one door, and show links meant for one person.
for model in (Attachment, Email, EmailTemplate, Log):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class NothingIsDeleted:
    """History stands on it: accounts are closed, users deactivated and products retired."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ToReadOnly(NothingIsDeleted):
    """A reading room: to search and filter, for nobody to change, not even for a superuser by address."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class OfALongTable(admin.ModelAdmin):
    """A list of which nobody reads all: what was found is counted, and nothing beside it.

    Each word that is searched for is a condition that finds its rows by an index, where Django's own would compare all of them
    with all of what they point to. `search_fields` say that there is a search, and what of.
    """

    show_full_result_count = False

    def rows_that_mention(self, word: str) -> Q:
        raise NotImplementedError

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Words in quotation marks are one, as in Django's own."""
        for word in smart_split(search_term):
            is_quoted = word[0] in "\"'" and word[0] == word[-1]
            queryset = queryset.filter(self.rows_that_mention(unescape_string_literal(word) if is_quoted else word))
        return queryset, False


class LinesToRead(ToReadOnly, admin.TabularInline):
    """Rows that belong to a page's object, as a table that scrolls by itself; Django's own is a form, with columns that have no head."""

    template = "admin/_lines.html"
    extra = 0


class MomentsAreNamed(admin.ModelAdmin):
    """Of a moment's two fields each says what it is for: Django's label stands before both, and names neither."""

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(field.widget, AdminSplitDateTime):
            for widget, part in zip(field.widget.widgets, (gettext("date"), gettext("time")), strict=True):
                widget.attrs["aria-label"] = f"{field.label}, {part}"
        return field


class ChangesAlone(admin.ModelAdmin):
    """Of what is saved only what staff changed is written: whatever its owner changed meanwhile, a password for one, stays (B7)."""

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        if change:
            columns = {field.name for field in obj._meta.concrete_fields}  # noqa: SLF001 - Django documents _meta
            obj.save(update_fields=columns & set(form.changed_data))
        else:
            super().save_model(request, obj, form, change)


class FateFilter(admin.SimpleListFilter):
    title = _("fate")
    parameter_name = "fate"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("queued", gettext("Queued")), ("sent", gettext("Sent")), ("failed", gettext("Failed"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        statuses = {"queued": [STATUS.queued, STATUS.requeued], "sent": [STATUS.sent], "failed": [STATUS.failed]}
        chosen = statuses.get(self.value() or "")
        return queryset.filter(email__status__in=chosen) if chosen else queryset


class KindFilter(admin.SimpleListFilter):
    """The kinds of which there are notices, in words instead of their templates' paths."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = Notice.objects.order_by("kind").values_list("kind", flat=True).distinct()
        return [(kind, kind_in_words(kind)) for kind in kinds]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Notice)
class NoticeAdmin(ToReadOnly, admin.ModelAdmin):
    """Every mail and its fate. Bodies are not shown: some carried a link that is one person's alone."""

    list_display = ["queued_at", "what", "account", "subject", "address", "fate_and_reason", "sent_at"]
    list_filter = [FateFilter, KindFilter, "queued_at"]
    show_full_result_count = False
    list_select_related = ["email"]
    search_fields = ["event", "account", "email__subject", "email__to"]
    ordering = ["-pk"]
    fields = ["event", "account", "kind", "subject", "address", "fate", "queued_at", "sent_at", "last_error", "again_of", "asked_for_by"]

    @admin.display(description=_("what"), ordering="kind")
    def what(self, notice: Notice) -> str:
        return kind_in_words(notice.kind)

    @admin.display(description=_("subject"), ordering="email__subject")
    def subject(self, notice: Notice) -> str:
        return str(notice.email.subject)

    @admin.display(description=_("fate"), ordering="email__status")
    def fate_and_reason(self, notice: Notice) -> str:
        """Why a notice is not sent yet, or not at all, stands with its fate."""
        return f"{notice.fate_in_words}: {notice.last_error}" if notice.last_error else notice.fate_in_words

    @admin.display(description=_("address"))
    def address(self, notice: Notice) -> str:
        return notice.address

    @admin.display(description=_("fate"))
    def fate(self, notice: Notice) -> str:
        return notice.fate_in_words
