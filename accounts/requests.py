"""What a view may rely on once somebody is signed in."""

from django.http import HttpRequest

from accounts.models import Account, Link, User
from licensing_portal.foundation.submissions import Binding


class PortalRequest(HttpRequest):
    """A signed-in person (`user`) who acts for an account (`acting`), over a link (`acting_over`) if it is not their own."""

    user: User
    acting: Account
    acting_over: Link | None


def binding_of(request: PortalRequest, form: str) -> Binding:
    """Whom the one-use key of this form is for."""
    return Binding(request.user.pk, request.acting.username, form)
