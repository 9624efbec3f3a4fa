"""Files that people upload. How much one request may bring is decided by what it announces, before a byte of it is read.

Django bounds the fields of a form and not its files, and whoever sends one fills the disk before a view is asked.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponseBase

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

UPLOADS_KEPT = timedelta(days=1)  # of what is looked at and then, perhaps, taken
MOST_BYTES = 5 * 1024 * 1024  # of one file
ROOM_FOR_THE_FORM = 192 * 1024  # bytes: its other fields, and a file that is a little too large and gets a sentence at its field


def takes_a_file_of(size: int, room: int = ROOM_FOR_THE_FORM) -> Callable[[View], View]:
    """Let requests to this view bring a file of so many bytes, with `room` for the rest, and answer 413 to larger ones.

    The view still has to refuse a file that is larger than `size` and small enough to come in.
    """

    def mark(view: View) -> View:
        view.most_bytes = size + room  # type: ignore[attr-defined]
        return view

    return mark


class BodyLimitMiddleware:
    """Refuse a request that announces more than its view takes; without a word of the view's, more than a form's fields may have.

    It must stand before whatever reads forms, the check against forgery among them. What comes without a length is not read at all.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponseBase], *arguments: Any) -> None:
        if _announced(request) > getattr(view, "most_bytes", settings.DATA_UPLOAD_MAX_MEMORY_SIZE):
            raise RequestDataTooBig


def _announced(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0  # Django takes it for nothing as well, and reads nothing


class LimitedUpload(TemporaryFileUploadHandler):
    """To the disk and not into memory. Of a file that is too large the beginning is kept, and its whole size: the form refuses it, and keeps the page."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) <= MOST_BYTES:
            super().receive_data_chunk(raw_data, start)
