"""One-use keys: a press is one act (rule B5).

Every form that changes something carries a key, signed together with the person, the account acted for and the form.
The flow claims the key as the first statement of its transaction. The same form sent again gets the first result;
the same key with other content is refused; a flow that is refused rolls its claim back, so the key stays good.
"""

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.db import connection, models, transaction

from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.models import Submission

Result = TypeVar("Result", bound=models.Model)

_SALT = "foundation.submissions"


class FormOfAnotherAccount(Refusal):
    """The form was opened as another account, by another person, or is another form."""


class FormAlreadyUsed(Refusal):
    """The key was claimed with other content: pressing Back, editing and pressing again does not act twice."""


@dataclass(frozen=True)
class Binding:
    """Whom a key is for: the person, the account acted for (its username) and the form."""

    user_id: int
    account: str
    form: str

    def new_key(self) -> str:
        """Make the signed text that the form carries in its hidden field."""
        return signing.dumps([uuid.uuid4().hex, self.user_id, self.account, self.form], salt=_SALT)

    def read_key(self, text: str) -> str:
        """Return the key that `text` carries; refuse one that was made for somebody or something else.

        Raises FormOfAnotherAccount: switching accounts in another tab is the likeliest way to sell from the wrong one.
        """
        try:
            key, user_id, account, form = signing.loads(text, salt=_SALT)
        except (signing.BadSignature, ValueError):
            raise FormOfAnotherAccount("This page was out of date. Nothing was changed. Check it and press again.") from None
        if (user_id, form) != (self.user_id, self.form):
            raise FormOfAnotherAccount("This page was opened by someone else. Nothing was changed. Check it and press again.")
        if account != self.account:
            raise FormOfAnotherAccount(
                f"This page was opened as {account}, and you are now acting as {self.account}. Nothing was changed. Check it and press again."
            )
        return str(key)


@dataclass(frozen=True)
class Claim(Generic[Result]):
    """A key claimed in the transaction that is open, or the result of whoever claimed it first."""

    key: str
    first_result: Result | None = None

    def settle(self, result: Result) -> Result:
        """Remember what the form made, so that sending it again leads there."""
        made = [ContentType.objects.get_for_model(result).pk, result.pk, self.key]
        with connection.cursor() as cursor:
            cursor.execute("UPDATE foundation_submission SET result_type_id = %s, result_id = %s WHERE key = %s", made)
        return result


def claim(key: str, makes: type[Result], *content: object) -> Claim[Result]:
    """Claim `key` for a form with this content. A rival with the same key waits here until we commit or roll back.

    Raises FormAlreadyUsed if the key was claimed before with other content, or what it made is gone.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A key is claimed inside the transaction that does the work.")
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    # The rowcount tells whether the key was ours; asking first and inserting then would let two presses both be first.
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO foundation_submission (key, digest) VALUES (%s, %s) ON CONFLICT DO NOTHING", [key, digest])
        if cursor.rowcount:
            return Claim(key)
    first = Submission.objects.get(pk=key)
    if first.digest != digest or not isinstance(first.result, makes):
        raise FormAlreadyUsed(
            "This form was already used. Nothing more was changed. Open the page again to do more.",
            url=_page_of(first.result),
        )
    return Claim(key, first_result=first.result)


def _page_of(result: models.Model | None) -> str:
    """Return the address of what a form made, where it has a page of its own."""
    page = getattr(result, "get_absolute_url", None)
    return str(page()) if page else ""


def fresh_key() -> str:
    """Make a key for an act that no form was opened for: a script, the demo's loader, a test."""
    return uuid.uuid4().hex
