"""Create an enduser, the flow: A1, and one namespace for accounts and users (rules.md §1)."""

import pytest

from accounts.forms import NewAccountForm
from accounts.models import Account, Invitation, User
from accounts.services import UsernameTaken, create_enduser, create_reseller
from licensing_portal.foundation.errors import NotAllowed, Problem
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.submissions import Binding, FormAlreadyUsed, fresh_key
from tests.factories.accounts import LinkFactory, UserFactory


@pytest.fixture
def create(northgate, user):
    """Create pinecrest as an enduser of northgate; what a test is about is said in the call."""

    def act(**changes):
        call = {
            "reseller": northgate,
            "created_by": user(northgate),
            "username": "pinecrest",
            "company": "Pinecrest Senior Living",
            "email": "pinecrest@example.com",
            "key": fresh_key(),
        }
        return create_enduser(**call | changes)

    return act


def everything():
    """All that creating an account makes."""
    return [model.objects.count() for model in (Account, User, Invitation, Notice, Submission)]


def test_a_reseller_creates_an_enduser_with_its_first_user_and_an_invitation(create, northgate, user):
    """A1: username, company, e-mail; the first user has the account's username, is its administrator, and has no password yet."""
    enduser = create()

    first_user = User.objects.get(account=enduser)
    assert (enduser.kind, enduser.reseller, enduser.username, enduser.company, enduser.email) == (
        "enduser",
        northgate,
        "pinecrest",
        "Pinecrest Senior Living",
        "pinecrest@example.com",
    )
    assert (first_user.username, first_user.role, first_user.email, first_user.has_usable_password()) == ("pinecrest", "administrator", None, False)
    invitation = Invitation.objects.get(user=first_user)
    assert (invitation.email, invitation.invited_by, invitation.accepted_at) == ("pinecrest@example.com", user(northgate), None)


def test_the_invitation_goes_to_the_new_accounts_address_in_the_resellers_name(create):
    """A1: by e-mail, and an answer reaches the reseller."""
    create()

    notice = Notice.objects.get()
    assert (notice.kind, notice.account, notice.address, notice.fate) == (
        "accounts/emails/invitation",
        "pinecrest",
        "pinecrest@example.com",
        "queued",
    )
    assert notice.email.headers["Reply-To"] == "northgate@example.com"
    assert notice.email.subject == "Northgate Voice Systems invited you to License Portal"


def test_the_same_form_again_gives_the_first_enduser(create):
    """B5."""
    key = fresh_key()
    enduser = create(key=key)
    before = everything()

    assert create(key=key) == enduser
    assert everything() == before


@pytest.mark.parametrize("change", [{"username": "pinecrest2"}, {"company": "Pine Crest"}, {"email": "other@example.com"}])
def test_the_same_key_with_other_content_is_refused_and_leads_to_the_enduser(create, change):
    """B5."""
    key = fresh_key()
    create(key=key)
    before = everything()

    with pytest.raises(FormAlreadyUsed) as refusal:
        create(key=key, **change)

    assert (refusal.value.problems[0].url, everything()) == ("/endusers/pinecrest/", before)


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_a_manager_and_a_viewer_cannot_create_endusers(create, northgate, user, role):
    """rules.md §1: administrators do everything, managers sell, viewers look."""
    person = user(northgate, role)
    before = everything()

    with pytest.raises(NotAllowed):
        create(created_by=person)

    assert everything() == before


def test_an_enduser_cannot_create_accounts(create, harborcu, user):
    """A1."""
    before = everything()

    with pytest.raises(NotAllowed):
        create(reseller=harborcu, created_by=user(harborcu))

    assert everything() == before


def test_another_resellers_administrator_cannot_create_endusers_of_this_one(create, tideway, user):
    """A1, A9."""
    before = everything()

    with pytest.raises(NotAllowed):
        create(created_by=user(tideway))

    assert everything() == before


def test_nobody_creates_endusers_while_acting_over_a_link(create, northgate, west, user):
    """A7: acting, a person never does what an administrator may."""
    LinkFactory(holder=west, target=northgate)
    before = everything()

    with pytest.raises(NotAllowed):
        create(created_by=user(west))

    assert everything() == before


def test_a_user_who_was_deactivated_meanwhile_cannot_create_endusers(create, northgate, user):
    """B7."""
    person = user(northgate)
    User.objects.filter(pk=person.pk).update(is_active=False)
    before = everything()

    with pytest.raises(NotAllowed):
        create(created_by=person)

    assert everything() == before


@pytest.mark.parametrize("taken", ["harborcu", "tideway", "northgate", "publisher"])
def test_the_name_of_any_other_account_is_taken(create, harborcu, tideway, taken):
    """rules.md §1: unique; the words do not tell whose it is (A9)."""
    before = everything()

    with pytest.raises(UsernameTaken) as refusal:
        create(username=taken)

    assert refusal.value.problems == [Problem(f"{taken} is taken. Choose another username.", field="username")]
    assert everything() == before


def test_the_name_of_a_user_is_taken_too(create, tideway):
    """rules.md §1: accounts and users share one namespace."""
    UserFactory(account=tideway, username="pinecrest")
    before = everything()

    with pytest.raises(UsernameTaken):
        create()

    assert everything() == before


def test_a_refused_key_is_still_good(create, tideway):
    """B6: mend the username and press again."""
    key = fresh_key()
    with pytest.raises(UsernameTaken):
        create(username="tideway", key=key)

    assert create(username="tideway-2", key=key).username == "tideway-2"


def test_a_company_that_buys_from_two_resellers_has_two_accounts(create, harborcu, tideway, user):
    """rules.md §1: they may share company and notice address."""
    second = create(reseller=tideway, created_by=user(tideway), username="harborcu-tw", company=harborcu.company, email=harborcu.email)

    assert [(account.company, account.email) for account in (harborcu, second)] == [("Harbor Credit Union", "harborcu@example.com")] * 2


# ── What the form lets through ──


def filled_in(**changes):
    binding = Binding(1, "northgate", "create_enduser")
    typed = {"key": binding.new_key(), "username": "pinecrest", "company": "Pinecrest", "email": "pinecrest@example.com"}
    return NewAccountForm(typed | changes, binding=binding)


@pytest.mark.parametrize("typed", ["pinecrest", " pinecrest ", "PineCrest", "PINECREST"])
def test_capitals_and_spaces_around_make_no_other_name(typed):
    """rules.md §1: "case ignored"."""
    form = filled_in(username=typed)

    assert (form.is_valid(), form.cleaned_data["username"]) == (True, "pinecrest")


@pytest.mark.parametrize(
    "username", ["", "a", "a" * 31, "pine crest", "pine_crest", "pine.crest", "piñecrest", "pine\ncrest", "１２３", "pine\0crest", "../etc", "ﬁne"]
)
def test_an_ill_formed_username_is_refused_at_its_field(username):
    """rules.md §1, B6: in words, and never a 500."""
    form = filled_in(username=username)

    assert list(form.errors) == ["username"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("company", ""),
        ("company", "a" * 121),
        ("company", "two\nlines"),
        ("company", "NUL\0"),
        ("company", "a\u2028b"),
        ("company", "\ud800"),
        ("email", ""),
        ("email", "no address"),
        ("email", "a@b"),
        ("email", "a@example.com\r\nBcc: x@example.com"),
        ("email", "a@example.com,b@example.com"),
        ("email", "NUL\0@example.com"),
        ("email", "a" * 250 + "@example.com"),
    ],
)
@pytest.mark.django_db
def test_what_breaks_mails_and_tables_is_refused_at_its_field(field, value):
    """B6, C4: a company's name stands in mail headers."""
    assert list(filled_in(**{field: value}).errors) == [field]


# ── Staff open resellers ──


def test_staff_open_a_reseller_whose_first_user_is_invited(staff):
    """A1: nobody else can sign up; the same door as for endusers."""
    reseller = create_reseller(created_by=staff, username="harbor-voice", company="Harbor Voice", email="hv@example.com", key=fresh_key())

    assert (reseller.kind, reseller.reseller, [(user.username, user.role) for user in reseller.users.all()]) == (
        "reseller",
        None,
        [("harbor-voice", "administrator")],
    )
    assert [(notice.account, notice.address) for notice in Notice.objects.all()] == [("harbor-voice", "hv@example.com")]


def test_a_customer_cannot_open_a_reseller(northgate, user):
    """A1: "Nobody else can sign up"; B7: the service decides, whoever calls it."""
    before = everything()

    with pytest.raises(NotAllowed):
        create_reseller(created_by=user(northgate), username="mine", company="Mine", email="mine@example.com", key=fresh_key())

    assert everything() == before
