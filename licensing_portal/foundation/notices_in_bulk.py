"""Letters of a past that was made up: stored as delivered, so that no worker ever sends one. For load_big, and for nobody else.

They are plain: a subject and a paragraph. What a letter of the portal's own looks like, `notices.queue` knows.
"""

import json
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.html import format_html
from post_office.models import STATUS, Email

from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.rows_in_bulk import copy_rows, fresh_keys


@dataclass(frozen=True, slots=True)
class Delivered:
    """One letter to one account about one event, and when it went out."""

    kind: str
    event: str
    account: str
    address: str
    subject: str
    text: str
    at: datetime


class DeliveredNotices:
    """Keeps the keys of both tables at hand between one batch and the next."""

    def __init__(self) -> None:
        self._emails, self._notices = fresh_keys(Email), fresh_keys(Notice)
        self._sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
        self._host = urlsplit(settings.PORTAL_URL).hostname

    def store(self, letters: Collection[Delivered]) -> None:
        """Store mails and notices, in the transaction of what they tell of."""
        keys = [next(self._emails) for _ in letters]
        fields = ("id", "from_email", "to", "cc", "bcc", "subject", "message", "html_message", "status", "created", "last_updated",
            "scheduled_time", "number_of_retries", "headers", "backend_alias")  # fmt: skip
        copy_rows(Email, fields, self._mails(keys, letters))
        copy_rows(
            Notice,
            ("id", "kind", "event", "account", "email", "queued_at", "sent_at", "last_error"),
            [
                (next(self._notices), letter.kind, letter.event, letter.account, key, letter.at, letter.at, "")
                for key, letter in zip(keys, letters, strict=True)
            ],
        )

    def _mails(self, keys: list[int], letters: Collection[Delivered]) -> Iterator[tuple[object, ...]]:
        for key, letter in zip(keys, letters, strict=True):
            headers = {"From": self._sender, "Auto-Submitted": "auto-generated", "Message-ID": self._message_id(letter)}
            html = format_html("<p>{}</p>", letter.text)
            yield (
                key,
                self._sender,
                letter.address,
                "",
                "",
                letter.subject,
                letter.text,
                html,
                STATUS.sent,
                letter.at,
                letter.at,
                letter.at,
                1,
                json.dumps(headers),
                "",
            )

    def _message_id(self, letter: Delivered) -> str:
        name = uuid.uuid5(uuid.NAMESPACE_URL, f"{letter.kind} {letter.event} {letter.account}")
        return f"<{name.hex}@{self._host}>"
