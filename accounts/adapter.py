"""How django-allauth fits this house: nobody signs up, and its mails go through our own door."""

import uuid
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts import notices, selectors
from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Our answers to allauth's questions."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "Username or password is wrong",
        "too_many_login_attempts": "Too many tries. Wait five minutes, or reset your password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """A1: accounts are created by resellers and by staff alone."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("admin:index") if request.user.is_staff else super().get_login_redirect_url(request)

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Queue our own letter to the proven address; what was typed may be a username."""
        address = selectors.proven_address_of(user)
        if address:
            notices.password_reset(user, address=address, request_id=uuid.uuid4().hex)

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """A user who was deactivated meanwhile is told at the sign-in, after the right password."""
        return redirect("account_login")

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """allauth's own flash messages ("Successfully signed in as …") say nothing that the page does not show."""
