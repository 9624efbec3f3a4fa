"""What the frame around every page needs: who one is, as whom one acts, and which menu items lead somewhere."""

from typing import Any

from accounts import permissions, selectors
from accounts.requests import PortalRequest

THEMES = {"light", "dark"}


def shell(request: PortalRequest) -> dict[str, Any]:
    theme = request.COOKIES.get("theme", "")
    context: dict[str, Any] = {"theme": theme if theme in THEMES else "auto"}
    if not (hasattr(request, "acting") and request.user.is_authenticated):
        return context
    user, acting = request.user, request.acting
    return context | {
        "acting": acting,
        "is_acting": permissions.is_acting(user, acting),
        "may_sell": permissions.may_sell(user, acting),
        "may_move_licenses": permissions.may_move_licenses(user, acting),
        "may_secure_sign_in": permissions.may_secure_sign_in(user, acting),
        "may_administer": permissions.may_administer(user, acting),
        "may_see_endusers": permissions.may_see_endusers(user, acting),
        "may_create_endusers": permissions.may_create_endusers(user, acting),
        "has_links": selectors.usable_links(user, acting).exists(),
    }
