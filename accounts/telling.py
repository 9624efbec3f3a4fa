"""Telling an account: at its own address and, where the kind has copies, at each further address that agreed to them.

An account goes without a notice only where the rules promise none (rules.md §3) and it said so in Settings.
"""

from typing import Any

from django.conf import settings
from django.core import signing
from django.db import connection
from django.urls import reverse

from accounts.models import Account, NoticeChoice, NoticeRecipient
from licensing_portal.foundation import notices
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.notice_kinds import NoticeKind

_WAY_OUT_SALT = "accounts.way_out"


def is_wanted(kind: NoticeKind, account: Account) -> bool:
    """Whether the account gets notices of this kind."""
    if not kind.is_optional:
        return True
    choice = NoticeChoice.objects.filter(account=account, letter=kind.letter).first()
    return choice.is_wanted if choice else kind.is_on_by_default


def tell(
    kind: NoticeKind,
    account: Account,
    *,
    event: str,
    context: dict[str, Any],
    sender: str = "",
    reply_to: str = "",
    facts: dict[str, Any] | None = None,
) -> list[Notice]:
    """Queue a notice to an account, once per event and address (C4): to its own first, then to those that get copies.

    With `facts`, its words are written from them when it is delivered.
    """
    if not is_wanted(kind, account):
        return []
    addresses = {account.email: ""} | (_ways_out(account) if kind.has_copies else {})
    return [
        notices.queue(
            kind.letter,
            event=event,
            account=account.username,
            address=address,
            sender=sender,
            reply_to=reply_to,
            context=context,
            zone=account.zone,
            way_out=way_out,
            facts=facts,
        )
        for address, way_out in addresses.items()
    ]


def _ways_out(account: Account) -> dict[str, str]:
    """The further addresses that agreed, each with the page on which it ends its copies; none twice, however it is written."""
    with connection.cursor() as cursor:  # in SQL, as every sale asks and most accounts have none
        cursor.execute("SELECT id, email FROM accounts_noticerecipient WHERE account_id = %s AND confirmed_at IS NOT NULL ORDER BY id", [account.pk])
        agreed = [NoticeRecipient(pk=pk, email=email) for pk, email in cursor.fetchall()]
    return {recipient.email: way_out_of(recipient) for recipient in agreed if recipient.email.lower() != account.email.lower()}


def way_out_of(recipient: NoticeRecipient) -> str:
    """The page on which a further address ends its copies. It is good for nothing else, and for as long as the address gets any."""
    token = signing.dumps(recipient.pk, salt=_WAY_OUT_SALT)
    return f"{settings.PORTAL_URL}{reverse('accounts:open_way_out', args=[token])}"


def recipient_of_way_out(token: str) -> NoticeRecipient | None:
    """Whom a way out is for; None if it was not made here, or its address is gone."""
    try:
        pk = signing.loads(token, salt=_WAY_OUT_SALT)
    except signing.BadSignature:
        return None
    return NoticeRecipient.objects.select_related("account").filter(pk=pk).first()
