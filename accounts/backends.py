"""How a name and a password become a person, and how a session does."""

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import OuterRef

from accounts import sessions
from accounts.models import Link, User
from accounts.selectors import has_links


class PortalBackend(AuthenticationBackend):
    """allauth's backend, but the person comes together with what every page asks for: their account, and whether it has links."""

    def get_user(self, user_id: int) -> User | None:
        try:
            user = User.objects.select_related("account").annotate(has_links=has_links(OuterRef("account"))).get(pk=user_id)
        except User.DoesNotExist:
            return None
        return user if self.user_can_authenticate(user) else None

    def _check_password(self, user: User | None, password: str) -> User | None:
        """Check it. Django hashes a right one anew where the parameters for that have changed; this makes no other password of it."""
        before = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()] if user else []
        checked: User | None = super()._check_password(user, password)
        if user and user.get_session_auth_hash() != before[0]:
            _keep_what_stands_on_it(user, before)
        return checked


def _keep_what_stands_on_it(user: User, before: list[str]) -> None:
    """Let links and sessions that stood on the hash of before stand on that of now (A6)."""
    now = user.get_session_auth_hash()
    Link.objects.filter(proved_by=user, proof__in=before).update(proof=now)
    sessions.keep_all(user, before=before, now=now)
