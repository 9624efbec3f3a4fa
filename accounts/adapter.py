"""How django-allauth fits this house: nobody signs up, and its mails go through our own door."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import apnumber
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import security_log, selectors, sessions
from accounts.models import User
from accounts.security import services
from accounts.security_log import Kind
from licensing_portal.foundation.addresses import address_of, network_of

PROVED_WITH = "proved_with"  # in the session, between the password and the second factor
TOO_MANY_TRIES = "too_many_login_attempts"  # allauth's code for it


class AccountAdapter(DefaultAccountAdapter):
    """Our answers to allauth's questions."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("Username or password is wrong"),
        TOO_MANY_TRIES: format_lazy(
            _("Too many tries. Wait {minutes} minutes, or reset your password."), minutes=lazy(apnumber, str)(settings.TRIES_WITHIN // 60)
        ),
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        """Whom allauth's own limits count: as ours, no header can say (A8)."""
        return address_of(request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """What wrong passwords are counted by, beside the address: the name and the address together (A8).

        Whoever tries from elsewhere does not keep the owner of a name out, and another host name makes no other count.
        """
        return f"{credentials.get('username', '').lower()} from {network_of(address_of(request))}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            security_log.record_once(Kind.LOCKED, request=request, user=selectors.user_named(credentials["username"]))
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Write down whose name was tried (A8), and at the link form who tried it.

        As many lines for a name that nobody has, or the time that they take would tell.
        """
        named, trying = selectors.user_named(credentials["username"]), security_log.signed_in_user(request)
        for user in dict.fromkeys([named, trying] if trying else [named]):
            security_log.record(Kind.SIGN_IN_FAILED, user=user, about=security_log.place_of(request))

    def pre_login(self, request: HttpRequest, user: User, **facts: Any) -> HttpResponse | None:
        """Remember which password it was, until the second factor has been shown as well."""
        request.session[PROVED_WITH] = user.get_session_auth_hash()
        answer: HttpResponse | None = super().pre_login(request, user, **facts)
        return answer

    def login(self, request: HttpRequest, user: User) -> None:
        """Begin a session under a new key: Django keeps the one of before for a user who signs in again.

        A password that was changed, or a sign-in that was closed, while the second factor was asked for opens nothing (A6).
        """
        now = user.get_session_auth_hash()
        if request.session.pop(PROVED_WITH, now) != now:
            messages.info(request, gettext("Your password was changed meanwhile. Sign in with the new one."))
            raise ImmediateHttpResponse(redirect("account_login"))
        before = request.session.session_key
        super().login(request, user)
        if request.session.session_key == before:
            request.session.cycle_key()
        sessions.begin(request)
        security_log.record(Kind.SIGNED_IN, user=user)

    def logout(self, request: HttpRequest) -> None:
        security_log.record(Kind.SIGNED_OUT, request=request)
        super().logout(request)

    def set_password(self, user: User, password: str) -> None:
        """Write the password alone: allauth would save the user whole, and so activate whoever was deactivated meanwhile (A6)."""
        user.set_password(password)
        with transaction.atomic():
            user.save(update_fields=["password"])
            security_log.record(Kind.PASSWORD_CHANGED, user=user)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """A1: accounts are created by resellers and by staff alone."""
        return False

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **kwargs: Any) -> None:
        """Of what allauth would tell only a password that was chosen over a link is not told by ourselves."""
        if template_prefix == "account/email/password_reset":
            services.finish_password_change(user=user)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("admin:index") if request.user.is_staff else super().get_login_redirect_url(request)

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        services.ask_for_new_password(user=user)

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """A user who was deactivated meanwhile is told at the sign-in, after the right password."""
        return redirect("account_login")

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """allauth's own flash messages ("Successfully signed in as …") say nothing that the page does not show."""
