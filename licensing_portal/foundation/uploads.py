"""Files that people upload: to the disk and not into memory, and what is larger than anything that the portal takes to nowhere."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import TemporaryFileUploadHandler

UPLOADS_KEPT = timedelta(days=1)  # of what is looked at and then, perhaps, taken
MOST_BYTES = 5 * 1024 * 1024  # of one file
MOST_BYTES_OF_A_REQUEST = 20 * MOST_BYTES  # beyond it nobody reads on


class LimitedUpload(TemporaryFileUploadHandler):
    """Keep the beginning of a file that is too large, and say its whole size: the form then refuses it, and keeps the page."""

    def handle_raw_input(self, input_data: Any, META: dict[str, str], content_length: int, *args: Any, **options: Any) -> None:  # noqa: N803 - Django's name
        """Raises RequestDataTooBig."""
        if content_length > MOST_BYTES_OF_A_REQUEST:
            raise RequestDataTooBig

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) <= MOST_BYTES:
            super().receive_data_chunk(raw_data, start)
