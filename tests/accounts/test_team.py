"""The users of an account, the flows: invite, change a role, deactivate, activate (rules.md §1, A6, A7).

northgate's administrator is northgate; jo is a second one, vic a viewer.
"""

import pytest

from accounts import selectors
from accounts.models import Account, Invitation, SecurityEvent, User
from accounts.services import EmailTaken, InvitationNotGood, UsernameTaken, accept_invitation
from accounts.team.locking import LastAdministrator
from accounts.team.services import activate_user, change_role, deactivate_user, invite_user, invite_user_again
from licensing_portal.foundation.errors import NotAllowed, Problem
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.factories.accounts import LinkFactory, UserFactory

CHOSEN = "a few words in a row"


@pytest.fixture
def jo(northgate):
    return UserFactory(account=northgate, username="jo")


@pytest.fixture
def vic(northgate):
    return UserFactory(account=northgate, username="vic", role="viewer")


@pytest.fixture
def invite(northgate, user):
    def act(**changes):
        call = {
            "account": northgate,
            "invited_by": user(northgate),
            "username": "max",
            "email": "max@example.com",
            "role": "manager",
            "key": fresh_key(),
        }
        return invite_user(**call | changes)

    return act


@pytest.fixture
def change(northgate, user):
    def act(person, role, **changes):
        call = {"account": northgate, "user": person, "role": role, "changed_by": user(northgate), "key": fresh_key()}
        return change_role(**call | changes)

    return act


@pytest.fixture
def deactivate(northgate, user):
    def act(person, **changes):
        return deactivate_user(**{"account": northgate, "user": person, "deactivated_by": user(northgate), "key": fresh_key()} | changes)

    return act


@pytest.fixture
def activate(northgate, user):
    def act(person, **changes):
        return activate_user(**{"account": northgate, "user": person, "activated_by": user(northgate), "key": fresh_key()} | changes)

    return act


def people():
    """Who there is: account, role, and whether one can sign in."""
    return {person.username: (person.account.username, person.role, person.is_active) for person in User.objects.select_related("account")}


def everything():
    """People, invitations, mails and claimed keys, to see that nothing was changed."""
    return [people(), Invitation.objects.count(), Notice.objects.count(), Submission.objects.count()]


def told():
    return [(notice.kind.removeprefix("accounts/emails/"), notice.account, notice.address) for notice in Notice.objects.order_by("pk")]


def states(account):
    return {person.username: (person.state, person.address) for person in selectors.team_of(account)}


# ── Inviting ──


def test_whoever_is_invited_is_a_user_without_a_password_and_gets_the_invitation(invite, northgate):
    """rules.md §1, A1."""
    max_ = invite()

    assert (people()["max"], max_.has_usable_password(), max_.email) == (("northgate", "manager", True), False, None)
    assert told() == [("invitation", "max", "max@example.com")]
    assert states(northgate)["max"] == ("invited", "max@example.com")


def test_accepting_proves_the_address(invite, northgate):
    """A1."""
    max_ = invite()
    accept_invitation(invitation=max_.invitations.get(), password=CHOSEN)

    assert User.objects.get(username="max").email == "max@example.com"
    assert states(northgate)["max"] == ("active", "max@example.com")


@pytest.mark.parametrize("taken", ["northgate", "tideway", "vic"])
def test_a_name_that_an_account_or_a_user_has_is_refused(invite, tideway, vic, taken):
    """rules.md §1: one namespace."""
    Account.objects.filter(username="tideway").update(company="Another name")
    User.objects.filter(username="tideway").update(username="renamed")
    before = everything()

    with pytest.raises(UsernameTaken) as refusal:
        invite(username=taken)

    assert refusal.value.problems == [Problem(f"{taken} is taken. Choose another username.", field="username")]
    assert everything() == before


@pytest.mark.parametrize("email", ["vic@people.example.com", "VIC@people.example.com"])
def test_an_address_that_another_user_has_is_refused(invite, vic, email):
    """rules.md §1: "a user's e-mail is unique"."""
    before = everything()

    with pytest.raises(EmailTaken) as refusal:
        invite(email=email)

    assert refusal.value.problems == [Problem(f"{email} belongs to another user. Each user needs an address of their own.", field="email")]
    assert everything() == before


def test_an_address_at_which_another_of_the_team_was_invited_is_refused(invite):
    invite()
    before = everything()

    with pytest.raises(EmailTaken):
        invite(username="maxine")

    assert everything() == before


def test_whoever_was_invited_under_a_wrong_name_is_invited_anew_once_that_one_is_deactivated(invite, deactivate):
    deactivate(invite(username="mxa"))

    invite()

    assert people()["max"] == ("northgate", "manager", True)


def test_where_strangers_were_invited_is_not_told(invite, tideway, user):
    """A9: an address is another user's once that user has proven it, and not before."""
    invite(account=tideway, invited_by=user(tideway), username="other")

    invite()

    assert people()["max"] == ("northgate", "manager", True)


def test_the_same_form_again_gives_the_first_user(invite):
    """B5."""
    key = fresh_key()

    assert invite(key=key) == invite(key=key) == User.objects.get(username="max")
    assert len(told()) == 1


def test_the_same_key_with_another_role_is_refused(invite):
    """B5."""
    key = fresh_key()
    invite(key=key)
    before = everything()

    with pytest.raises(FormAlreadyUsed):
        invite(key=key, role="administrator")

    assert everything() == before


def test_the_invitation_goes_out_again_to_the_same_address(invite, northgate, user):
    """A1."""
    max_ = invite()

    invite_user_again(account=northgate, user=max_, invited_by=user(northgate), key=fresh_key())

    assert told() == [("invitation", "max", "max@example.com")] * 2


@pytest.mark.parametrize("why", ["accepted", "deactivated"])
def test_whoever_has_a_password_or_is_deactivated_is_not_invited_again(invite, deactivate, northgate, user, why):
    max_ = invite()
    if why == "accepted":
        accept_invitation(invitation=max_.invitations.get(), password=CHOSEN)
    else:
        deactivate(max_)
    before = everything()

    with pytest.raises(InvitationNotGood):
        invite_user_again(account=northgate, user=max_, invited_by=user(northgate), key=fresh_key())

    assert everything() == before


def test_whoever_staff_made_without_an_invitation_is_invited_at_their_own_address(northgate, user):
    person = UserFactory(account=northgate, username="max")
    person.set_unusable_password()
    person.save()

    invite_user_again(account=northgate, user=person, invited_by=user(northgate), key=fresh_key())

    assert told() == [("invitation", "max", "max@people.example.com")]


# ── Roles ──


@pytest.mark.parametrize("role", ["administrator", "manager"])
def test_a_role_is_changed_and_the_person_is_told(change, vic, role):
    """rules.md §1."""
    change(vic, role)

    assert people()["vic"] == ("northgate", role, True)
    assert told() == [("role_changed", "vic", "vic@people.example.com")]
    assert Notice.objects.get().email.subject == f"Your role in northgate is now {role}"


@pytest.mark.parametrize("part", ["message", "html_message"])
def test_the_letter_says_who_did_it_what_the_role_may_and_what_ended(change, jo, part):
    change(jo, "viewer")

    words = getattr(Notice.objects.get().email, part)
    said = [
        " ".join(text.split()) in " ".join(words.split()) for text in ("A viewer may look at everything and change nothing.", "You were signed out")
    ]
    assert (said, "northgate" in words) == ([True, True], True)


def test_the_role_that_one_has_is_no_change(change, vic):
    change(vic, "viewer")

    assert (people()["vic"], told()) == (("northgate", "viewer", True), [])


def test_one_demotes_oneself_while_another_administrator_stays(change, jo, northgate, user):
    change(user(northgate), "viewer")

    assert people()["northgate"] == ("northgate", "viewer", True)
    assert told() == [("role_changed", "northgate", "northgate@people.example.com")]


@pytest.fixture(params=["alone", "beside one who never chose a password", "beside a deactivated one", "beside a manager"])
def last_administrator(request, northgate, user):
    """northgate's administrator, and whoever does not stand in for one."""
    role = "manager" if "manager" in request.param else "administrator"
    if request.param != "alone":
        other = UserFactory(account=northgate, username="other", role=role, is_active="deactivated" not in request.param)
        if "never" in request.param:
            other.set_unusable_password()
            other.save()
    return user(northgate)


def test_the_last_administrator_who_can_sign_in_is_not_demoted(change, last_administrator):
    before = everything()

    with pytest.raises(LastAdministrator) as refusal:
        change(last_administrator, "manager")

    message = "northgate is the last administrator who can sign in. Make another user an administrator first."
    assert refusal.value.problems == [Problem(message, field="role")]
    assert everything() == before


def test_the_last_administrator_who_can_sign_in_is_not_deactivated(deactivate, last_administrator):
    before = everything()

    with pytest.raises(LastAdministrator):
        deactivate(last_administrator)

    assert everything() == before


def test_an_administrator_of_another_account_does_not_count(change, northgate, west, user):
    LinkFactory(holder=west, target=northgate)

    with pytest.raises(LastAdministrator):
        change(user(northgate), "manager")


# ── Deactivated, and back ──


def test_whoever_is_deactivated_is_told(deactivate, vic):
    deactivate(vic)

    assert people()["vic"] == ("northgate", "viewer", False)
    assert told() == [("user_deactivated", "vic", "vic@people.example.com")]
    assert Notice.objects.get().email.subject == "Your user vic was deactivated"


def test_whoever_is_activated_is_told_and_has_the_role_of_before(deactivate, activate, vic):
    deactivate(vic)

    activate(vic)

    assert people()["vic"] == ("northgate", "viewer", True)
    assert told()[1:] == [("user_activated", "vic", "vic@people.example.com")]


def test_what_is_so_already_stays_so_and_nobody_is_told(deactivate, activate, vic):
    activate(vic)
    deactivate(vic)
    deactivate(vic)

    assert (people()["vic"][2], [kind for kind, *_ in told()]) == (False, ["user_deactivated"])


def test_whoever_is_only_invited_is_not_told_of_a_password_of_before(invite, deactivate, activate, northgate):
    max_ = invite()
    deactivate(max_)
    activate(max_)

    assert [kind for kind, *_ in told()] == ["invitation", "user_deactivated"]
    assert states(northgate)["max"] == ("invited", "max@example.com")


def test_sent_again_a_form_does_not_deactivate_again_whoever_was_activated_since(deactivate, activate, vic):
    """B5: a reload is not a new decision."""
    key = fresh_key()
    deactivate(vic, key=key)
    activate(vic)

    deactivate(vic, key=key)

    assert people()["vic"] == ("northgate", "viewer", True)


# ── What stood on the sign-in (A6) ──


@pytest.mark.parametrize("what", ["demoted", "deactivated"])
def test_a_link_that_stood_on_the_sign_in_asks_again_and_does_not_come_back_with_it(change, deactivate, activate, jo, northgate, tideway, what):
    """A6."""
    link = LinkFactory(holder=tideway, target=northgate, proved_by=jo)
    other = LinkFactory(holder=UserFactory(username="eastgate").account, target=northgate)
    if what == "demoted":
        change(jo, "manager")
    else:
        deactivate(jo)
    after = is_proven(link)

    activate(jo)
    change(jo, "administrator")

    assert (after, is_proven(link), is_proven(other)) == (False, False, True)


def is_proven(link):
    return type(link).objects.get(pk=link.pk).is_proven


def test_a_link_stays_while_its_user_stays_an_administrator(change, jo, vic, northgate, tideway):
    """A6: it is the user "whose credentials made the link"."""
    link = LinkFactory(holder=tideway, target=northgate, proved_by=jo)

    change(vic, "administrator")
    change(vic, "manager")

    assert is_proven(link) is True


# ── Whose team it is (A7, A9) ──


ACTS = {
    "change_role": lambda account, person, by: change_role(account=account, user=person, role="manager", changed_by=by, key=fresh_key()),
    "deactivate_user": lambda account, person, by: deactivate_user(account=account, user=person, deactivated_by=by, key=fresh_key()),
    "activate_user": lambda account, person, by: activate_user(account=account, user=person, activated_by=by, key=fresh_key()),
    "invite_user_again": lambda account, person, by: invite_user_again(account=account, user=person, invited_by=by, key=fresh_key()),
}


@pytest.mark.parametrize("act", ACTS)
def test_users_of_another_account_are_not_ones_own(vic, tideway, user, act):
    """A9: not even by naming one in a form of one's own."""
    before = everything()

    with pytest.raises(NotAllowed, match="vic is not a user of tideway"):
        ACTS[act](tideway, vic, user(tideway))

    assert everything() == before


@pytest.mark.parametrize("act", ACTS)
def test_nobody_administers_users_over_a_link(vic, northgate, west, user, act):
    """A7: "no users"."""
    LinkFactory(holder=west, target=northgate)
    before = everything()

    with pytest.raises(NotAllowed):
        ACTS[act](northgate, vic, user(west))

    assert everything() == before


def test_a_reseller_does_not_administer_the_users_of_its_endusers(northgate, harborcu, user):
    """A9."""
    before = everything()

    with pytest.raises(NotAllowed):
        ACTS["deactivate_user"](harborcu, user(harborcu), user(northgate))

    assert everything() == before


# ── The security log ──


def test_each_act_is_written_down_with_who_did_it_to_whom(invite, change, deactivate, activate, vic, northgate):
    """A8."""
    invite()
    change(vic, role="manager")
    deactivate(vic)
    activate(vic)

    events = SecurityEvent.objects.order_by("pk").values_list("kind", "user__username", "account__username", "about")
    assert list(events) == [
        ("user_invited", "northgate", "northgate", "max, manager"),
        ("role_changed", "northgate", "northgate", "vic: viewer → manager"),
        ("user_deactivated", "northgate", "northgate", "vic"),
        ("user_activated", "northgate", "northgate", "vic"),
    ]
