"""What is said above the next page goes there in a cookie: kept in the session, it would cost each press a second commit, and the next page one more.

A page is kept by no browser, and so nothing that was said on one may be read in a cookie: it is encrypted, for one session alone.
"""

import base64
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.core import signing
from django.http import HttpRequest
from django.utils.crypto import salted_hmac


class Seal:
    """What Django's storage would only sign: read by the portal alone, and in no other session, be it of the same person."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    def sign_object(self, messages: Any, *, serializer: type[Any], compress: bool) -> str:
        if not self.request.session.session_key:
            self.request.session.create()  # who was signed out is told so in a session of its own
        return self._cipher.encrypt(serializer().dumps(messages)).decode().rstrip("=")  # "=" would be quoted

    def unsign_object(self, text: str, *, serializer: type[Any]) -> Any:
        """Raises BadSignature."""
        try:
            return serializer().loads(self._cipher.decrypt((text + "=" * (-len(text) % 4)).encode(errors="replace")))
        except InvalidToken:
            raise signing.BadSignature from None

    @property
    def _cipher(self) -> Fernet:
        """The session's of now: whoever has just signed in or out, or switched, has another key than before."""
        key = salted_hmac("foundation.sealed_messages", self.request.session.session_key or "", algorithm="sha256")
        return Fernet(base64.urlsafe_b64encode(key.digest()))


class SealedCookie(CookieStorage):
    """Messages in a cookie that goes with the browser's windows."""

    def __init__(self, request: HttpRequest, *arguments: Any, **options: Any) -> None:
        super().__init__(request, *arguments, **options)
        self.cookie_name = "__Host-messages" if settings.SESSION_COOKIE_SECURE else "messages"
        self.signer = Seal(request)


class SealedMessages(FallbackStorage):
    """What is too long for a cookie stays in the session."""

    storage_classes = (SealedCookie, SessionStorage)
