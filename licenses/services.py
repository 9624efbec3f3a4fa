"""The flows that move licenses between accounts: issue, sell, recall, reverse, adjust; and those about them. Each is one transaction (rules.md §3)."""

from django.utils import timezone
from django.utils.translation import gettext

from accounts import permissions, security_log
from accounts.models import Account, SecurityEvent, User
from accounts.notices import account_closed
from accounts.services import NotYourEnduser, lock_account, lock_open_account, lock_own_enduser
from accounts.sessions import end_all_of
from licenses import ledger, notices
from licenses.counting import remains_of
from licenses.history import HistoryFilterForm
from licenses.ledger import InsufficientLicenses, Quantities, shortage
from licenses.models import JournalEntry, Product, ProofRequest
from licenses.recalls import MoreThanCanBeRecalled, can_be_recalled, recallable, refusal_to_recall
from licenses.selectors import holdings_of
from licenses.whereabouts import whereabouts
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


class NotClosed(Refusal):
    """The enduser is closed already, or has licenses."""


class CannotBeReversed(Refusal):
    """Only an issue, sale, transfer, recall or adjustment is reversed; a deployment is retired (C11)."""


class MoreThanRemains(Refusal):
    """More was to be reversed than remains of the entry; says how many, for every product of which there is less."""


class NothingToExport(Refusal):
    """No line passes the filters, or more do than the format holds."""


class NothingToSendAgain(Refusal):
    """No notice of this entry is there to send again, or the account that asks did not act in it."""


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
    # Both locks are shared: who sells at the same moment, be it the same person to the same enduser, waits at the books alone.
    permissions.require(permissions.may_sell, sold_by, seller, shared=True)
    owner = lock_own_enduser(seller, owner, shared=True)
    books = ledger.open_books(owners=[seller, owner], products=quantities)
    return books.post(Kind.SALE, quantities, giver=seller, receiver=owner, posted_by=sold_by, acting_as=seller, reference=reference)


@flow
def recall_sale(*, sale: JournalEntry, seller: Account, recalled_by: User, quantities: Quantities, reason: str, key: str) -> JournalEntry:
    """Take back licenses of a sale that its owner still has available, within the recall window, and tell both (C10).

    It can be done again until all that was sold came back, and can't itself be recalled.

    Raises NotAllowed, NotYourSale, TooLateToRecall, DeploymentNotRetired, NothingToRecall, MoreThanCanBeRecalled, NothingEntered,
    FormAlreadyUsed.
    """
    claim = submissions.claim(key, JournalEntry, sale.number, seller.username, content_of(quantities), reason)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_sell, recalled_by, seller)
    # The same locks as for a sale. Under them the owner can neither deploy nor give away, nor can a second recall take, what we count.
    lock_account(sale.receiver)
    sale = JournalEntry.objects.select_related("giver", "receiver").get(pk=sale.pk)
    books = ledger.open_books(owners=[sale.giver, sale.receiver], products=quantities)
    _check_that_it_can_be_recalled(sale, seller, quantities)
    recall = books.post(
        Kind.RECALL, quantities, giver=sale.receiver, receiver=seller, posted_by=recalled_by, acting_as=seller, note=reason, reverses=sale
    )
    notices.sale_recalled(recall)
    notices.recall_made(recall)
    return claim.settle(recall)


def _check_that_it_can_be_recalled(sale: JournalEntry, seller: Account, quantities: Quantities) -> None:
    possible = recallable(sale)
    if refusal := refusal_to_recall(sale, seller, possible):
        raise refusal
    short = [
        Problem(can_be_recalled(possible.get(product, 0)), field=field_name(product.code))
        for product, quantity in sorted(quantities.items(), key=lambda item: item[0].code)
        if quantity > possible.get(product, 0)
    ]
    if short:
        raise MoreThanCanBeRecalled.of(short)


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
    lock_open_account(account, field="account")
    wanted = [product.pk for product, quantity in quantities.items() if quantity]
    retired = [
        Problem(gettext("%(name)s is retired and is no longer issued") % {"name": product.name}, field=field_name(product.code))
        for product in Product.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
        if product.retired_at
    ]
    if retired:
        raise ProductRetired.of(retired)


@flow
def adjust_licenses(
    *, publisher: Account, adjusted_by: User, account: Account, is_up: bool, quantities: Quantities, reason: str, ticket: str, key: str
) -> JournalEntry:
    """Put an account's available right, up from the publisher or down to it, and tell it by e-mail (C11). Staff alone may.

    Raises NotAllowed, AccountClosed, NothingEntered, InsufficientLicenses, FormAlreadyUsed.
    """
    claim = submissions.claim(key, JournalEntry, account.username, is_up, content_of(quantities), reason, ticket)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_adjust, adjusted_by, publisher)
    if is_up:
        lock_open_account(account, field="account")
    giver, receiver = (publisher, account) if is_up else (account, publisher)
    books = ledger.open_books(owners=[publisher, account], products=quantities)
    _check_that_none_falls_below_zero(giver, quantities)
    entry = books.post(
        Kind.ADJUSTMENT, quantities, giver=giver, receiver=receiver, posted_by=adjusted_by, acting_as=publisher, reference=ticket, note=reason
    )
    notices.licenses_adjusted(entry)
    security_log.record(SecurityEvent.Kind.STAFF_ACTED, user=adjusted_by, other=account, about=f"Licenses adjusted: {entry}")
    return claim.settle(entry)


@flow
def reverse_entry(
    *, entry: JournalEntry, publisher: Account, reversed_by: User, quantities: Quantities, reason: str, ticket: str, key: str
) -> JournalEntry:
    """Take back an entry, whole or in part, up to what remains of it, and tell both of its sides (C11). Staff alone may.

    Raises NotAllowed, CannotBeReversed, AccountClosed, MoreThanRemains, NothingEntered, InsufficientLicenses, FormAlreadyUsed.
    """
    claim = submissions.claim(key, JournalEntry, entry.number, content_of(quantities), reason, ticket)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_reverse, reversed_by, publisher)
    if not entry.is_reversible:
        raise CannotBeReversed(gettext("%(entry)s can’t be reversed: it is a %(kind)s.") % {"entry": entry, "kind": entry.get_kind_display().lower()})
    giver, receiver = entry.receiver, entry.giver
    if not receiver.is_publisher:
        lock_open_account(receiver)
    # Two reversals of one entry have the same giver: under this lock the second counts what the first took.
    books = ledger.open_books(owners=[giver, receiver], products=quantities)
    _check_that_it_remains(entry, quantities)
    _check_that_none_falls_below_zero(giver, quantities)
    reversal = books.post(
        Kind.REVERSAL, quantities, giver=giver, receiver=receiver, posted_by=reversed_by, acting_as=publisher,
        reference=ticket, note=reason, reverses=entry,
    )  # fmt: skip
    notices.entry_reversed(reversal)
    for account in (giver, receiver):
        if not account.is_publisher:
            about = f"Entry reversed: {entry} by {reversal}"
            security_log.record(SecurityEvent.Kind.STAFF_ACTED, user=reversed_by, other=account, about=about)
    return claim.settle(reversal)


def _check_that_it_remains(entry: JournalEntry, quantities: Quantities) -> None:
    remains = remains_of(entry)
    more = [
        Problem(
            gettext("%(number)s left to reverse of %(entry)s") % {"number": number(remains.get(product.pk, 0)), "entry": entry},
            field=field_name(product.code),
        )
        for product, quantity in sorted(quantities.items(), key=lambda item: item[0].code)
        if quantity > remains.get(product.pk, 0)
    ]
    if more:
        raise MoreThanRemains.of(more)


def _check_that_none_falls_below_zero(giver: Account, quantities: Quantities) -> None:
    """Say to staff how many there are and where the others went, which the books' own refusal keeps to itself (A9)."""
    held = {holding.product_id: holding for holding in giver.holdings.all()}
    short = [
        Problem(" ".join([f"{shortage(held[product.pk], elsewhere=giver)}.", *whereabouts(giver, product)]), field=field_name(product.code))
        for product, quantity in sorted(quantities.items(), key=lambda item: item[0].code)
        if not giver.is_publisher and quantity > held[product.pk].available
    ]
    if short:
        raise InsufficientLicenses.of(short)


@flow
def send_notice_again(*, entry: JournalEntry, account: Account, sent_by: User, key: str) -> Notice:
    """Mail the notice of an entry once more to whom it was for, at the address of today: its receiver, or the enduser of a recall (C4).

    Raises NotAllowed, NothingToSendAgain, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Notice, entry.number)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_move_licenses, sent_by, account)
    side = notices.side_to_tell_again(entry)
    first = notices_of(entry.number).filter(account=side.username, copy_to="").first()
    if first is None or entry.acting_as != account:
        raise NothingToSendAgain(gettext("There is no notice to send again."))
    return claim.settle(send_again(first, address=side.email, asked_for_by=sent_by.username))


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
def close_enduser(*, reseller: Account, enduser: Account, closed_by: User, key: str) -> Account:
    """Close an enduser that has no licenses: nobody signs in to it, buys for it or reaches it over a link any more. It is told by e-mail.

    Whoever has licenses is never shut out from them by its reseller; staff open an account again, in the admin (A1, B7).

    Raises NotAllowed, NotYourEnduser, NotClosed, FormAlreadyUsed.
    """
    claim = submissions.claim(key, Account, enduser.username)
    if claim.first_result:
        return claim.first_result
    permissions.require(permissions.may_create_endusers, closed_by, reseller)
    enduser = lock_account(enduser)  # every way on which licenses come to it waits for this lock
    if enduser.reseller_id != reseller.pk:
        raise NotYourEnduser(gettext("“%(enduser)s” is not one of your endusers") % {"enduser": enduser})
    if enduser.closed_at:
        raise NotClosed(gettext("%(enduser)s is closed already") % {"enduser": enduser})
    if holdings_of(enduser).exclude(available=0, deployed=0).exists():
        raise NotClosed(gettext("%(enduser)s is in use and can’t be closed here. Nothing was changed.") % {"enduser": enduser})
    enduser.closed_at = timezone.now()
    enduser.save(update_fields=["closed_at"])
    end_all_of(enduser)
    security_log.record(SecurityEvent.Kind.ACCOUNT_CLOSED, user=closed_by, other=enduser)
    account_closed(enduser, closed_by=closed_by)
    return claim.settle(enduser)


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
        raise NothingToExport(gettext("No line matches these filters. Nothing was started."))
    if total > MOST_ROWS_OF_A_SHEET:
        raise NothingToExport(
            gettext("%(total)s lines are more than an XLSX file holds. Filter them, or export them as CSV.") % {"total": number(total)}
        )
    arguments = {"query": form.query, "newest": newest}
    job = jobs.start("export_history", account=account.username, started_by=exported_by.username, total=total, arguments=arguments)
    return claim.settle(job)
