"""A mail server that notes when it was handed which letter, and keeps none."""

import email
import time
from datetime import UTC, datetime

from licensing_portal.foundation.models import Notice
from tests.mail import MailServer

PATIENCE = 60  # seconds, after which a notice that has not come is late for good


class NotingServer(MailServer):
    def __init__(self) -> None:
        super().__init__()
        self.came_at: dict[str, float] = {}  # by Message-ID, the first time

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.came_at.setdefault(email.message_from_bytes(envelope.content)["Message-ID"], time.time())
        return "250 OK"


def seconds_of_notices(server: NotingServer, since: float) -> list[float]:
    """How long after they were queued, a little before their commit, the notices of a run were handed over; infinitely long if not at all."""
    deadline = time.monotonic() + PATIENCE
    while (taken := _seconds(server, since)) and max(taken) == float("inf") and time.monotonic() < deadline:
        time.sleep(1)
    return taken


def _seconds(server: NotingServer, since: float) -> list[float]:
    queued = Notice.objects.filter(queued_at__gte=datetime.fromtimestamp(since, UTC)).values_list("email__headers", "queued_at")
    return [server.came_at.get(headers["Message-ID"], float("inf")) - at.timestamp() for headers, at in queued]
