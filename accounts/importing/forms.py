"""The form of Import endusers. It checks shape; services check rules."""

from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.forms import helper_of
from accounts.importing.files import COLUMNS, EnduserRow, read_endusers
from licensing_portal.foundation.forms import OneUseForm, missing
from licensing_portal.foundation.table_files import MOST_ROWS, Unreadable
from licensing_portal.foundation.templatetags.portal import number
from licensing_portal.foundation.text import header_text
from licensing_portal.foundation.uploads import MOST_BYTES

LONGEST_FILE_NAME = 120  # characters


class UploadEndusersForm(OneUseForm):
    """A file of endusers. After `is_valid()`, `rows` are the rows that it has."""

    file = forms.FileField(
        label=_("File"),
        help_text=format_lazy(
            _("CSV or XLSX, with the columns {columns}. At most {rows} rows and {size} MB."),
            columns=", ".join(COLUMNS.values()),
            rows=lazy(number, str)(MOST_ROWS),
            size=MOST_BYTES // 1024 // 1024,
        ),
        error_messages=missing(_("Choose a file")) | {"empty": _("The file is empty")},
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows: list[EnduserRow] = []
        self.helper = helper_of("key", "file")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if file := cleaned.get("file"):
            cleaned["file_name"] = header_text(file.name)[:LONGEST_FILE_NAME]
            try:
                self.rows = read_endusers(file)
            except Unreadable as refusal:
                refusal.show_on(self)
        return cleaned
