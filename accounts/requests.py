"""What a view may rely on once somebody is signed in."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, QueryDict

from accounts.models import Account, Link, User
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.forms import OneUseForm
from licensing_portal.foundation.submissions import Binding


class PortalRequest(HttpRequest):
    """A signed-in person (`user`) who acts for an account (`acting`), over a link (`acting_over`) if it is not their own.

    `has_links` says whether there are links that this person may use there (A4, A7), as of when the request came.
    """

    user: User
    acting: Account
    acting_over: Link | None
    has_links: bool


def data_of(request: HttpRequest) -> QueryDict | None:
    """What a form is filled with: what was sent; nothing where its page is only looked at."""
    return request.POST if request.method == "POST" else None


def binding_of(request: PortalRequest, form: str) -> Binding:
    """Whom the one-use key of this form is for."""
    return Binding(request.user.pk, request.acting.username, form)


def one_button(request: PortalRequest, form: str) -> OneUseForm:
    """A form that is one button of many on its page: each has a key of its own, and none an id that another has too."""
    return OneUseForm(binding=binding_of(request, form), auto_id=False)


def press(request: PortalRequest, form: str, act: Callable[..., object]) -> bool:
    """Act on a form that is one button, once, with its `key`; say so above the next page if it is refused. Return whether it acted."""
    button = OneUseForm(request.POST, binding=binding_of(request, form))
    if button.is_valid():
        try:
            act(key=button.cleaned_data["key"])
        except Refusal as refusal:
            refusal.show_on(button)
    for problem in button.non_field_errors():
        messages.warning(request, str(problem))
    return not button.errors
