"""What the frame around every page needs: who one is, as whom one acts, and which menu items lead somewhere."""

from typing import Any

from django.http import HttpRequest

from accounts import permissions
from accounts.requests import PortalRequest

THEME = "theme"  # the cookie, which static/portal/portal.js writes as well
THEMES = ["light", "dark"]


def theme_of(request: HttpRequest) -> str:
    """The theme that was chosen in this browser.

    It is the browser's and not the person's: what is right for a screen on a bright desk is wrong for a phone at night, and the
    sign-in, which knows nobody yet, has it too.
    """
    theme = request.COOKIES.get(THEME, "")
    return theme if theme in THEMES else "auto"


def shell(request: PortalRequest) -> dict[str, Any]:
    context: dict[str, Any] = {"theme": theme_of(request)}
    if not (hasattr(request, "acting") and request.user.is_authenticated):
        return context
    user, acting = request.user, request.acting
    return context | {
        "acting": acting,
        "time_zone": str(user.zone),
        "is_acting": permissions.is_acting(user, acting),
        "may_sell": permissions.may_sell(user, acting),
        "may_move_licenses": permissions.may_move_licenses(user, acting),
        "may_secure_sign_in": permissions.may_secure_sign_in(user, acting),
        "may_administer": permissions.may_administer(user, acting),
        "may_see_endusers": permissions.may_see_endusers(user, acting),
        "may_create_endusers": permissions.may_create_endusers(user, acting),
        "has_links": request.has_links,
    }
