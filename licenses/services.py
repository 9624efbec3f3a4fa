"""The flows that move licenses between accounts: issue and sell. Each is one transaction (rules.md §3)."""

from accounts import permissions, security_log
from accounts.models import Account, SecurityEvent, User
from accounts.services import lock_own_enduser
from licenses import ledger, notices
from licenses.history import HistoryFilterForm
from licenses.ledger import Quantities
from licenses.models import JournalEntry, Product, ProofRequest
from licensing_portal.foundation import jobs, submissions
from licensing_portal.foundation.errors import Problem, Refusal
from licensing_portal.foundation.flows import flow
from licensing_portal.foundation.models import Job, Notice
from licensing_portal.foundation.notices import notices_of, send_again
from licensing_portal.foundation.quantities import field_name
from licensing_portal.foundation.tables import MOST_ROWS_OF_A_SHEET
from licensing_portal.foundation.templatetags.portal import number

Kind = JournalEntry.Kind


class ProductRetired(Refusal):
    """A retired product is no longer issued; what is held stays good."""


class AccountClosed(Refusal):
    """The account was closed, and nothing goes to it any more."""


class NothingToExport(Refusal):
    """No line passes the filters, or more do than the format holds."""


class NothingToSendAgain(Refusal):
    """No notice of this entry is for its receiver, or the account that asks did not act in it."""


def content_of(quantities: Quantities) -> dict[str, int]:
    """What of the quantities makes two forms the same form (B5): the products' codes and the numbers that are not zero."""
    return {product.code: quantity for product, quantity in quantities.items() if quantity}


@flow
def sell_licenses(*, seller: Account, sold_by: User, owner: Account, quantities: Quantities, reference: str = "", key: str) -> JournalEntry:
    """Sell licenses of `seller` to `owner`, one of its own endusers, and tell the owner by e-mail; or change nothing (C2 to C4).

    Raises NotAllowed, NotYourEnduser, NothingEntered, InsufficientLicenses, FormAlreadyUsed.
    """
    claim = submissions.claim(key, JournalEntry, seller.username, owner.username, content_of(quantities), reference)
    if claim.first_result:
        return claim.first_result
    sale = post_sale(seller=seller, sold_by=sold_by, owner=owner, quantities=quantities, reference=reference)
    notices.licenses_sold(sale)
    return claim.settle(sale)


def post_sale(*, seller: Account, sold_by: User, owner: Account, quantities: Quantities, reference: str = "") -> JournalEntry:
    """Decide the right to sell and post the sale, in the transaction of the flow that queues the notice (C2, C3, B7).

    Raises NotAllowed, NotYourEnduser, NothingEntered, InsufficientLicenses.
    """
    permissions.require(permissions.may_sell, sold_by, seller)
    owner = lock_own_enduser(seller, owner)
    books = ledger.open_books(owners=[seller, owner], products=quantities)
    return books.post(Kind.SALE, quantities, giver=seller, receiver=owner, posted_by=sold_by, acting_as=seller, reference=reference)


@flow
def issue_licenses(
    *, publisher: Account, issued_by: User, account: Account, quantities: Quantities, order_number: str = "", note: str = "", key: str
) -> JournalEntry:
    """Issue licenses from the publisher to a reseller or an enduser, and tell it by e-mail (C11). Staff alone may.

    Raises NotAllowed, AccountClosed, ProductRetired, NothingEntered, FormAlreadyUsed.
    """
    claim = submissions.claim(key, JournalEntry, account.username, content_of(quantities), order_number, note)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_issue, issued_by, publisher)
    _check_that_it_can_be_issued(account, quantities)
    books = ledger.open_books(owners=[publisher, account], products=quantities)
    entry = books.post(
        Kind.ISSUE,
        quantities,
        giver=publisher,
        receiver=account,
        posted_by=issued_by,
        acting_as=publisher,
        reference=order_number,
        note=note,
    )
    notices.licenses_issued(entry)
    security_log.record(SecurityEvent.Kind.STAFF_ACTED, user=issued_by, other=account, about=f"Licenses issued: {entry}")
    return claim.settle(entry)


def _check_that_it_can_be_issued(account: Account, quantities: Quantities) -> None:
    """Look again, under locks that whoever closes the account or retires a product has to wait for (B7)."""
    if Account.objects.select_for_update(no_key=True).get(pk=account.pk).closed_at:
        raise AccountClosed(f"{account} is closed and can’t receive licenses", field="account")
    wanted = [product.pk for product, quantity in quantities.items() if quantity]
    retired = [
        Problem(f"{product.name} is retired and is no longer issued", field=field_name(product.code))
        for product in Product.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
        if product.retired_at
    ]
    if retired:
        raise ProductRetired.of(retired)


@flow
def send_notice_again(*, entry: JournalEntry, account: Account, sent_by: User, key: str) -> Notice:
    """Mail the notice of an entry to its receiver once more, at the receiver's address of today (C4).

    Raises NotAllowed, NothingToSendAgain, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Notice, entry.number)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_move_licenses, sent_by, account)
    first = notices_of(entry.number).filter(account=entry.receiver.username).first()
    if first is None or entry.acting_as != account:
        raise NothingToSendAgain("There is no notice to send again.")
    return claim.settle(send_again(first, address=entry.receiver.email, asked_for_by=sent_by.username))


@flow
def ask_for_proof(*, publisher: Account, asked_by: User, key: str) -> ProofRequest:
    """Ask for a full proof of the books, which the worker of the nightly ones then makes (B4). Staff alone may.

    Raises NotAllowed, FormAlreadyUsed.
    """
    claim = submissions.claim(key, ProofRequest, "ledger")
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_ask_for_proof, asked_by, publisher)
    return claim.settle(ProofRequest.objects.create(asked_by=asked_by))


@flow
def export_history(*, form: HistoryFilterForm, exported_by: User, key: str) -> Job:
    """Have an XLSX made of the lines that pass the filters of a page of History, by a job; whoever pressed is told by e-mail (C12).

    Raises NotAllowed, NothingToExport, StillAtWork, FormAlreadyUsed.
    """
    account = form.viewer
    claim = submissions.claim(key, Job, account.username, form.query)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_read_history, exported_by, account)
    newest = form.lines.order_by("-pk").values_list("pk", flat=True).first()
    total = form.lines.count()
    if newest is None:
        raise NothingToExport("No line matches these filters. Nothing was started.")
    if total > MOST_ROWS_OF_A_SHEET:
        raise NothingToExport(f"{number(total)} lines are more than an XLSX file holds. Filter them, or export them as CSV.")
    arguments = {"query": form.query, "newest": newest}
    job = jobs.start("export_history", account=account.username, started_by=exported_by.username, total=total, arguments=arguments)
    return claim.settle(job)
