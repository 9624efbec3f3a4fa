"""Accounts, users and links in the admin: what staff may do there, and what nobody may."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from accounts.models import Account, Invitation, Link, User
from accounts.services import accept_invitation
from licensing_portal.foundation.models import Notice
from tests.factories.accounts import LinkFactory, UserFactory
from tests.factories.licenses import give
from tests.views import errors_of, form_of, kept_in, links_of, page_of

# ── Accounts ──

NEW_RESELLER = "/admin/accounts/account/add/"
BRIGHTLINE = {"username": "Brightline", "company": "Brightline Voice", "email": "office@brightline.example.com"}


def test_staff_open_a_reseller_whose_first_user_is_invited(desk):
    """A1: nobody signs up; resellers are opened by staff."""
    response = desk.post(NEW_RESELLER, form_of(desk, NEW_RESELLER) | BRIGHTLINE)

    opened = Account.objects.get(username="brightline")
    assert (response.status_code, opened.kind, opened.company, opened.reseller) == (302, "reseller", "Brightline Voice", None)
    first = opened.users.get()
    assert (first.username, first.role, first.has_usable_password()) == ("brightline", "administrator", False)
    assert [(notice.kind, notice.address) for notice in Notice.objects.all()] == [("accounts/emails/invitation", "office@brightline.example.com")]


@pytest.mark.parametrize("username", ["northgate", "NorthGate", "jo", "publisher", "x", "with space", "\0", ""])
def test_a_username_that_is_taken_or_malformed_is_refused(desk, northgate, username):
    """rules.md §1: one namespace with the users' names, case ignored."""
    UserFactory(account=northgate, username="jo", role="viewer")
    before = Account.objects.count()

    response = desk.post(NEW_RESELLER, form_of(desk, NEW_RESELLER) | {"username": username, "company": "C", "email": "c@example.com"})

    assert (response.status_code, list(errors_of(response))) == (200, ["username"])
    assert Account.objects.count() == before


def test_a_reseller_is_opened_once_however_often_its_form_is_sent(desk):
    """B5."""
    form = form_of(desk, NEW_RESELLER) | BRIGHTLINE

    answers = [desk.post(NEW_RESELLER, form).url for _ in range(2)]

    opened = Account.objects.get(username="brightline")
    assert (answers, Notice.objects.count()) == ([f"/admin/accounts/account/{opened.pk}/change/"] * 2, 1)


def test_staff_change_name_and_address_but_neither_username_kind_nor_reseller(desk, harborcu, tideway):
    form = {
        "username": "other",
        "company": "Harbor Union",
        "email": "new@example.com",
        "kind": "reseller",
        "reseller": tideway.pk,
        "closed_at_0": "",
        "closed_at_1": "",
    }

    response = desk.post(f"/admin/accounts/account/{harborcu.pk}/change/", form)

    harborcu.refresh_from_db()
    assert response.status_code == 302
    assert (harborcu.username, harborcu.company, harborcu.email, harborcu.kind, harborcu.reseller.username) == (
        "harborcu", "Harbor Union", "new@example.com", "enduser", "northgate",
    )  # fmt: skip


def test_staff_close_an_account(desk, harborcu, signed_in):
    browser = signed_in(harborcu)
    form = form_of(desk, f"/admin/accounts/account/{harborcu.pk}/change/") | {"closed_at_0": "2026-01-01", "closed_at_1": "12:00:00"}

    desk.post(f"/admin/accounts/account/{harborcu.pk}/change/", form)

    harborcu.refresh_from_db()
    assert harborcu.closed_at is not None
    Account.objects.filter(pk=harborcu.pk).update(closed_at=None)
    assert browser.get("/").url == "/sign-in/?next=/"  # its session is over, also for when it is opened again


@pytest.mark.parametrize("model", ["account", "user", "link"])
def test_nothing_is_deleted_not_even_by_a_superuser(desk, northgate, west, model):
    """History outlives people."""
    link = LinkFactory(holder=northgate, target=west)
    pk = {"account": northgate.pk, "user": link.linked_by_id, "link": link.pk}[model]

    assert desk.post(f"/admin/accounts/{model}/{pk}/delete/", {"post": "yes"}).status_code == 403
    desk.post(f"/admin/accounts/{model}/", {"action": "delete_selected", "_selected_action": [pk], "post": "yes"})
    assert (Account.objects.filter(pk=northgate.pk).exists(), User.objects.filter(pk=link.linked_by_id).exists(), Link.objects.count()) == (
        True,
        True,
        1,
    )


# ── Invitations ──


@pytest.fixture
def brightline(desk):
    """A reseller whose first user has not accepted the invitation yet."""
    desk.post(NEW_RESELLER, form_of(desk, NEW_RESELLER) | BRIGHTLINE)
    return Account.objects.get(username="brightline")


def test_staff_send_an_invitation_again_to_the_address_of_today(desk, brightline):
    """A1: the first one may have failed for a wrong address."""
    Account.objects.filter(pk=brightline.pk).update(email="right@brightline.example.com")
    account_page = f"/admin/accounts/account/{brightline.pk}/change/"
    page = links_of(desk.get(account_page))["Send invitation again"]
    form = form_of(desk, page)

    answers = [desk.post(page, form).url for _ in range(2)]

    assert answers == [account_page] * 2
    assert list(Invitation.objects.order_by("pk").values_list("email", flat=True)) == [
        "office@brightline.example.com",
        "right@brightline.example.com",
    ]


def test_who_has_accepted_is_not_invited_again(desk, brightline):
    page = f"/admin/accounts/account/{brightline.pk}/invite-again/"
    form = form_of(desk, page)
    accept_invitation(invitation=Invitation.objects.get(), password="a few words in a row")

    refused = desk.post(page, form)

    assert errors_of(refused) == {"": ["brightline has accepted the invitation already. Nothing was sent."]}
    assert Invitation.objects.count() == 1
    assert "Send invitation again" not in links_of(desk.get(f"/admin/accounts/account/{brightline.pk}/change/"))


def test_nobody_is_invited_to_a_closed_account(desk, brightline):
    page = f"/admin/accounts/account/{brightline.pk}/invite-again/"
    form = form_of(desk, page)
    Account.objects.filter(pk=brightline.pk).update(closed_at=timezone.now())

    assert errors_of(desk.post(page, form)) == {"": ["brightline is closed. Nothing was sent."]}
    assert Invitation.objects.count() == 1


def test_the_publisher_is_not_invited(desk, publisher):
    assert desk.get(f"/admin/accounts/account/{publisher.pk}/invite-again/").status_code == 404


# ── Users ──


def test_staff_add_a_user_who_has_no_password_yet(desk, northgate):
    """Passwords are chosen by their owners alone."""
    form = form_of(desk, "/admin/accounts/user/add/") | {"username": "jo", "email": "jo@example.com", "account": northgate.pk, "role": "manager"}

    response = desk.post("/admin/accounts/user/add/", form)

    jo = User.objects.get(username="jo")
    assert (response.status_code, jo.account.username, jo.role, jo.has_usable_password(), jo.is_staff) == (302, "northgate", "manager", False, False)


@pytest.mark.parametrize("username", ["publisher", "northgate", "JO", "x", "with space"])
def test_a_users_name_is_neither_another_users_nor_an_accounts(desk, northgate, username):
    """rules.md §1: one namespace; the publisher is an account without a user of its name."""
    UserFactory(account=northgate, username="jo", role="viewer")
    before = User.objects.count()

    response = desk.post(
        "/admin/accounts/user/add/", {"username": username, "email": "x@example.com", "account": northgate.pk, "role": "manager", "is_active": "on"}
    )

    assert (response.status_code, User.objects.count()) == (200, before)


def test_a_users_address_is_unique_case_ignored(desk, northgate):
    """rules.md §1."""
    before = User.objects.count()

    response = desk.post(
        "/admin/accounts/user/add/",
        {"username": "jo", "email": "NORTHGATE@people.example.com", "account": northgate.pk, "role": "manager", "is_active": "on"},
    )

    assert (response.status_code, User.objects.count()) == (200, before)


def test_users_without_an_address_do_not_collide(desk, northgate):
    """No address is no address, not an empty one that is taken."""
    for username in ("jo", "kim"):
        desk.post("/admin/accounts/user/add/", {"username": username, "email": "", "account": northgate.pk, "role": "viewer", "is_active": "on"})

    assert sorted(User.objects.filter(username__in=["jo", "kim"]).values_list("username", "email")) == [("jo", None), ("kim", None)]


def test_a_user_stays_in_its_account_under_its_name(desk, northgate, tideway):
    UserFactory(account=northgate, username="jo")
    user = User.objects.get(username="northgate")
    address = f"/admin/accounts/user/{user.pk}/change/"

    desk.post(
        address,
        form_of(desk, address) | {"username": "other", "account": str(tideway.pk), "role": "viewer", "email": "n@example.com", "is_active": "on"},
    )

    user.refresh_from_db()
    assert (user.username, user.account.username, user.role) == ("northgate", "northgate", "viewer")


def test_no_page_shows_or_takes_a_password(desk, northgate):
    user = User.objects.get(username="northgate")
    address = f"/admin/accounts/user/{user.pk}/change/"

    content = desk.get(address).content.decode()

    assert (user.password in content, 'type="password"' in content) == (False, False)
    assert desk.get(f"/admin/accounts/user/{user.pk}/password/", follow=True).request["PATH_INFO"] == "/admin/"  # nothing there


@pytest.fixture
def issuers(db):
    group = Group.objects.create(name="issuers")
    group.permissions.set(Permission.objects.filter(codename="issue_licenses"))
    return group


@pytest.fixture
def clerk(clerks_desk):
    """The desk of staff who may add and change users, and nothing else."""
    return clerks_desk("view_user", "add_user", "change_user")


@pytest.mark.parametrize("username", ["clerk", "staff"])
def test_staff_who_may_change_users_cannot_give_themselves_more(clerk, staff, issuers, username):
    """A right to edit users is not a right to every right: neither one's own, nor another's over a reset link to one's own address."""
    user = User.objects.get(username=username)
    more = {"is_staff": "on", "is_superuser": "on", "groups": issuers.pk}

    response = clerk.post(f"/admin/accounts/user/{user.pk}/change/", {"email": "mine@example.com", "role": "administrator", "is_active": "on"} | more)

    after = User.objects.get(username=username)
    assert response.status_code == 403
    assert (after.email, after.is_superuser, after.groups.count()) == (user.email, user.is_superuser, 0)


def test_a_user_that_a_clerk_adds_is_not_staff_and_in_no_group(clerk, staff, issuers):
    form = {"username": "jo", "email": "jo@example.com", "account": staff.account.pk, "role": "administrator", "is_active": "on"}

    response = clerk.post("/admin/accounts/user/add/", form | {"is_staff": "on", "groups": issuers.pk})

    jo = User.objects.get(username="jo")
    assert (response.status_code, jo.is_staff, jo.groups.count()) == (302, False, 0)


def test_a_clerk_changes_the_users_of_customers(clerk, northgate):
    UserFactory(account=northgate, username="jo")
    address = f"/admin/accounts/user/{User.objects.get(username='northgate').pk}/change/"

    response = clerk.post(address, form_of(clerk, address) | {"role": "viewer"})

    assert (response.status_code, User.objects.get(username="northgate").role) == (302, "viewer")


def test_a_superuser_says_what_staff_may_do_by_groups(desk, clerk, issuers):
    address = f"/admin/accounts/user/{User.objects.get(username='clerk').pk}/change/"

    desk.post(address, form_of(desk, address) | {"groups": issuers.pk})

    assert User.objects.get(username="clerk").has_perm("licenses.issue_licenses")


@pytest.mark.parametrize(
    ("before", "change", "is_revoked"),
    [
        ("administrator", {"role": "manager"}, True),
        ("viewer", {"is_active": ""}, True),
        ("viewer", {"role": "manager"}, False),
        ("manager", {"role": "administrator"}, False),
        ("administrator", {"email": "other@example.com"}, False),
    ],
)
def test_a_demotion_and_a_deactivation_end_what_stood_on_the_sign_in_and_nothing_else_does(desk, northgate, before, change, is_revoked):
    """A6: as on the team's own page."""
    person = UserFactory(account=northgate, username="jo", role=before)
    address = f"/admin/accounts/user/{person.pk}/change/"

    desk.post(address, {name: value for name, value in (form_of(desk, address) | change).items() if value})

    assert User.objects.get(pk=person.pk).revocations == int(is_revoked)


def change(desk, username, **changes):
    """Change a user in the admin; what is "" is sent as a browser sends a box that is not ticked."""
    address = f"/admin/accounts/user/{User.objects.get(username=username).pk}/change/"
    return desk.post(address, {name: value for name, value in (form_of(desk, address) | changes).items() if value})


def problems(response):
    """What a refused form of Django's own says, by its field."""
    lists = [part for part in page_of(response).all("ul") if "errorlist" in part.classes]
    return {part["id"].removeprefix("id_").removesuffix("_error"): [line.text for line in part.all("li")] for part in lists}


def letters():
    return [(notice.kind.rpartition("/")[2], notice.account, notice.address) for notice in Notice.objects.order_by("pk")]


@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        ({"role": "manager"}, ["role_changed"]),
        ({"is_active": ""}, ["user_deactivated"]),
        ({"role": "manager", "is_active": ""}, ["role_changed", "user_deactivated"]),
        ({"email": "other@example.com"}, []),
        ({}, []),
    ],
)
def test_who_is_changed_is_told_by_the_letters_of_the_team(desk, northgate, changes, sent):
    """rules.md §1: once, whoever does it; and as what the publisher’s people are called is for nobody else to know (A9)."""
    UserFactory(account=northgate, username="jo")

    change(desk, "jo", **changes)

    assert letters() == [(kind, "jo", changes.get("email", "jo@people.example.com")) for kind in sent]
    assert [notice.pk for notice in Notice.objects.all() if "staff" in notice.email.message or "Publisher Inc." not in notice.email.message] == []


def test_who_is_activated_is_told_as_well(desk, northgate):
    UserFactory(account=northgate, username="jo", is_active=False)

    change(desk, "jo", is_active="on")

    assert letters() == [("user_activated", "jo", "jo@people.example.com")]


@pytest.mark.parametrize("changes", [{"role": "viewer"}, {"is_active": ""}, {"role": "manager", "is_active": ""}])
@pytest.mark.parametrize("other", ["nobody", "a deactivated one", "one who never chose a password"])
def test_the_last_administrator_who_can_sign_in_stays(desk, northgate, changes, other):
    """rules.md §1: refused at its field, as on the team’s own page; nothing is changed, and what was typed is kept."""
    if other != "nobody":
        person = UserFactory(account=northgate, username="jo", is_active="deactivated" not in other)
        if "never" in other:
            person.set_unusable_password()
            person.save()

    response = change(desk, "northgate", email="new@example.com", **changes)

    words = "northgate is the last administrator who can sign in. Make another user an administrator first."
    after = User.objects.get(username="northgate")
    assert problems(response) == {"role": [words]}
    assert kept_in(response, {"email": "new@example.com"}) == {"email": "new@example.com"}
    assert (after.role, after.is_active, after.email, letters()) == ("administrator", True, "northgate@people.example.com", [])


def test_a_form_that_is_wrong_elsewhere_changes_nothing_and_tells_nobody(desk, northgate, tideway):
    """B6."""
    UserFactory(account=northgate, username="jo")

    response = change(desk, "jo", email="tideway@people.example.com", is_active="")

    assert (len(problems(response)), User.objects.get(username="jo").is_active, letters()) == (1, True, [])


def test_a_role_that_there_is_not_is_refused_with_an_activity_that_there_is(desk, northgate):
    UserFactory(account=northgate, username="jo")

    response = change(desk, "jo", role="owner", is_active="")

    assert (response.status_code, list(problems(response)), User.objects.get(username="jo").is_active) == (200, ["role"], True)


def test_staff_are_changed_though_nobody_administers_the_publisher(desk, publisher):
    """Its superusers do."""
    UserFactory(account=publisher, username="clerk", is_staff=True)
    UserFactory(account=publisher, username="other", role="viewer")

    assert [change(desk, "clerk", is_active="").status_code, change(desk, "staff", role="viewer").status_code] == [302, 302]
    assert [kind for kind, *_ in letters()] == ["user_deactivated", "role_changed"]


def test_a_customer_is_not_made_staff(desk, northgate):
    """rules.md §1: staff are the publisher's people."""
    user = User.objects.get(username="northgate")
    address = f"/admin/accounts/user/{user.pk}/change/"

    desk.post(address, {"email": "n@example.com", "role": "administrator", "is_active": "on", "is_staff": "on"})

    user.refresh_from_db()
    assert user.is_staff is False


# ── Links ──


def test_links_are_made_and_ended_by_the_accounts_alone(desk, northgate, west):
    """A2: nothing else creates a link."""
    link = LinkFactory(holder=northgate, target=west)

    assert desk.get("/admin/accounts/link/add/").status_code == 403
    assert desk.post(f"/admin/accounts/link/{link.pk}/change/", {"holder": west.pk}).status_code == 403
    assert desk.get(f"/admin/accounts/link/{link.pk}/change/").status_code == 200
    assert link.proof not in desk.get(f"/admin/accounts/link/{link.pk}/change/").content.decode()


# ── Lists ──


@pytest.mark.parametrize("model", ["account", "user", "link"])
@pytest.mark.parametrize("query", ["", "?q=north", "?q=%00", "?p=99999999", "?o=1.2.3", "?closed_at__isempty=x", "?role=rubbish", "?e=1"])
def test_lists_open_and_rubbish_breaks_nothing(desk, northgate, west, model, query):
    LinkFactory(holder=northgate, target=west)

    assert desk.get(f"/admin/accounts/{model}/{query}").status_code in {200, 302}


def test_post_offices_and_allauths_own_pages_are_gone(desk):
    """They would let staff change mails past our one door."""
    addresses = ["post_office/email/", "post_office/emailtemplate/", "post_office/log/", "post_office/attachment/", "account/emailaddress/"]

    assert [desk.get(f"/admin/{address}").status_code for address in addresses] == [404] * 5


def test_notices_are_read_without_their_bodies(desk, northgate):
    """Some carried a link that is one person's alone."""
    give(northgate, ASR=1)
    notice = Notice.objects.get()

    response = desk.get(f"/admin/foundation/notice/{notice.pk}/change/")

    assert (response.status_code, notice.email.message.splitlines()[0] in response.content.decode()) == (200, False)
    assert desk.get("/admin/foundation/notice/?fate=queued").status_code == 200
    assert desk.get("/admin/foundation/notice/?fate=rubbish").status_code == 200
    assert desk.get("/admin/foundation/notice/add/").status_code == 403
    assert desk.post(f"/admin/foundation/notice/{notice.pk}/change/", {"event": "x"}).status_code == 403


def test_staff_without_rights_see_nothing(clerks_desk):
    browser = clerks_desk()

    assert browser.get("/admin/").status_code == 200
    assert [browser.get(f"/admin/accounts/{model}/").status_code for model in ("account", "user", "link")] == [403, 403, 403]
