"""The flow between linked accounts: the receiver pulls (C9)."""

from django.utils.translation import gettext

from accounts import permissions
from accounts.models import Account, Link, User
from accounts.selectors import usable_links
from accounts.services import lock_open_account
from licenses import ledger
from licenses.ledger import Quantities
from licenses.models import JournalEntry
from licenses.services import content_of
from licensing_portal.foundation import submissions
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.flows import flow
from transfers import notices

Kind = JournalEntry.Kind


class NotLinked(Refusal):
    """No link leads from the receiver to this account, or it may not be used: not proven any more, or while acting (A3, A4, A6)."""


@flow
def transfer_licenses(*, receiver: Account, transferred_by: User, giver: Account, quantities: Quantities, key: str) -> JournalEntry:
    """Pull licenses that are available in `giver` into `receiver` over the receiver's link, and tell both (C9).

    Raises NotAllowed, NotLinked, AccountClosed, NothingEntered, InsufficientLicenses, FormAlreadyUsed.
    """
    claim = submissions.claim(key, JournalEntry, receiver.username, giver.username, content_of(quantities))
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_move_licenses, transferred_by, receiver)
    lock_open_account(receiver)
    giver = _lock_link(transferred_by, receiver, giver).target
    books = ledger.open_books(owners=[giver, receiver], products=quantities)
    entry = books.post(Kind.TRANSFER, quantities, giver=giver, receiver=receiver, posted_by=transferred_by, acting_as=receiver)
    notices.licenses_transferred_out(entry)
    notices.licenses_transferred_in(entry)
    return claim.settle(entry)


def _lock_link(user: User, receiver: Account, giver: Account) -> Link:
    """Return the link, locked: whoever removes it waits until the transfer is decided, or we find it gone (A5, B7)."""
    link = usable_links(user, receiver).select_for_update(of=("self",), no_key=True).filter(target=giver).first()
    if link is None:
        raise NotLinked(gettext("You are not linked to %(giver)s") % {"giver": giver}, field="linked_account")
    if not link.is_proven:
        raise NotLinked(
            gettext("The link to %(giver)s needs its username and password again. Open Link User Admin") % {"giver": giver}, field="linked_account"
        )
    return link
