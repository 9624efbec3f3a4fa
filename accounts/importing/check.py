"""What would become of the rows of an uploaded file: judged by the rules of Create an enduser, before anything is made (A1).

It is told so that people can mend their file; what is made is decided row by row when it is imported (B7).
"""

from collections.abc import Iterable, Iterator

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from accounts.forms import NewAccountForm
from accounts.importing.files import COLUMNS, EnduserRow
from accounts.models import Account, EnduserImportRow, User

State = EnduserImportRow.State


def check(rows: Iterable[EnduserRow], *, reseller: Account) -> list[EnduserImportRow]:
    """Judge each row: new, unchanged (an enduser of the reseller's with the very same data), or a problem with its reasons."""
    cleaned = [(row, *_clean(row)) for row in rows]
    known = dict(_known({cells["username"] for _, cells, problems in cleaned if "username" not in problems}, reseller))
    seen: dict[str, int] = {}
    return [_judged(row, cells, problems, known, seen) for row, cells, problems in cleaned]


def _clean(row: EnduserRow) -> tuple[dict[str, str], dict[str, str]]:
    """The cells as the form of Create an enduser would take them, and what it would say of those that it would not."""
    cells, problems = {name: getattr(row, name) for name in COLUMNS}, dict(row.problems)
    for name in COLUMNS.keys() - row.problems.keys():
        try:
            cells[name] = NewAccountForm.base_fields[name].clean(cells[name])
        except ValidationError as problem:
            problems[name] = " ".join(problem.messages)
    return cells, problems


def _known(usernames: set[str], reseller: Account) -> Iterator[tuple[str, Account | None]]:
    """Which of the names are taken, each with the reseller's own enduser of that name; of others nothing is told (A9)."""
    for username in User.objects.filter(username__in=usernames).values_list("username", flat=True):
        yield username, None
    for account in Account.objects.filter(username__in=usernames):
        yield account.username, account if account.reseller_id == reseller.pk else None


def _judged(
    row: EnduserRow, cells: dict[str, str], problems: dict[str, str], known: dict[str, Account | None], seen: dict[str, int]
) -> EnduserImportRow:
    username, state = cells["username"], State.NEW
    if "username" not in problems:
        first = seen.setdefault(username, row.number)
        own = known.get(username)
        if first != row.number:
            problems["username"] = gettext("%(username)s stands in row %(first)s already. Keep one of the two.") % {
                "username": username,
                "first": first,
            }
        elif own and not problems and not _differing(own, cells):
            state = State.UNCHANGED
        elif own:
            problems["username"] = _is_your_enduser(username, _differing(own, cells))
        elif username in known:
            problems["username"] = gettext("%(username)s is taken. Choose another username.") % {"username": username}
    return EnduserImportRow(number=row.number, state=State.PROBLEM if problems else state, problems=problems, **cells)


def _differing(own: Account, cells: dict[str, str]) -> list[str]:
    differs = {"company": own.company != cells["company"], "email": own.email.lower() != cells["email"].lower()}
    return [name for name, is_another in differs.items() if is_another]


def _is_your_enduser(username: str, differing: list[str]) -> str:
    return {
        (): gettext("%(username)s is your enduser already."),
        ("company",): gettext("%(username)s is your enduser already, with another company. An import changes nobody."),
        ("email",): gettext("%(username)s is your enduser already, with another email. An import changes nobody."),
        ("company", "email"): gettext("%(username)s is your enduser already, with another company and another email. An import changes nobody."),
    }[tuple(differing)] % {"username": username}
