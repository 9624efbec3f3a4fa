"""Links in letters whose address carries a token: it is taken out of the address before any page is shown."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe


def opens(page: str, *, keeping: str) -> Callable[..., HttpResponseBase]:
    """Make the view that such a link leads to: it keeps the token in the session, under this key, and goes on to the page.

    So the token stands in no history and no referrer. Nobody need be signed in; the page asks for that where it must be.
    """

    @require_safe
    @login_not_required
    def open_link(request: HttpRequest, token: str) -> HttpResponseBase:
        request.session[keeping] = token
        return redirect(page)

    return open_link
