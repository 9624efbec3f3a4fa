"""The kinds of notices that an account gets: each is told of by the app whose letter it is, and Settings shows them all."""

from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from licensing_portal.foundation.text import Words


class Group(TextChoices):
    """Where Settings shows a kind, in this order."""

    LICENSES = "licenses", _("Licenses")
    DEPLOYMENTS = "deployments", _("Deployments")
    LINKS = "links", _("Linked accounts")
    SIGN_IN = "sign-in", _("Sign-in")


@dataclass(frozen=True)
class NoticeKind:
    """A kind of notice, in the words of Settings. Which an account may go without is decided by the rules (C4, C9)."""

    letter: str  # the template that it is written with, or the name of several that are one kind to people
    group: Group
    called: Words
    explained: Words
    is_optional: bool = False
    is_on_by_default: bool = True
    has_copies: bool = False  # whether further addresses of the account get it; never one about links or sign-ins
    only_of: str = ""  # the one kind of accounts that ever gets it, if there is one (Account.Kind)

    @property
    def name(self) -> str:
        return str(self.called)

    @property
    def says(self) -> str:
        return str(self.explained)


_kinds: dict[str, NoticeKind] = {}


def register(kind: NoticeKind) -> NoticeKind:
    """Make a kind known."""
    _kinds[kind.letter] = kind
    return kind


def all_kinds() -> list[NoticeKind]:
    """All kinds, group by group, each by its name."""
    groups = list(Group)
    return sorted(_kinds.values(), key=lambda kind: (groups.index(kind.group), kind.name))
