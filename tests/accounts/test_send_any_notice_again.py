"""Send again in the admin: staff mail whosever failed notice once more, when what was wrong is put right (C4)."""

import pytest
from django.contrib.auth.models import Permission
from post_office.models import STATUS, Email

from accounts.models import Account, User
from accounts.services import NotSentAgain, create_enduser, send_any_notice_again
from accounts.team.services import change_role
from licenses.services import sell_licenses
from licensing_portal.foundation import notices
from licensing_portal.foundation.errors import NotAllowed
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.factories.accounts import UserFactory
from tests.factories.licenses import give, quantities
from tests.mail import message_id
from tests.races.crowd import all_at_once
from tests.views import OUT_OF_DATE, controls_of, errors_of, form_of, links_of, messages_of, press, rows_of, submit_buttons_of, text_of


@pytest.fixture
def sell(northgate, harborcu, user):
    """Sell 1 ASR from northgate to harborcu; return the notice of it."""
    give(northgate, ASR=100)

    def act():
        sale = sell_licenses(seller=northgate, sold_by=user(northgate), owner=harborcu, quantities=quantities(ASR=1), key=fresh_key())
        return Notice.objects.select_related("email").get(event=sale.number)

    return act


@pytest.fixture
def failed(sell):
    """A notice to harborcu that the server refused for good."""
    return ends(sell(), "failed", "550 5.1.1 No such user")


def ends(notice, fate, reason=""):
    Email.objects.filter(pk=notice.email_id).update(status={"sent": STATUS.sent, "failed": STATUS.failed}[fate])
    Notice.objects.filter(pk=notice.pk).update(last_error=reason)
    return Notice.objects.select_related("email").get(pk=notice.pk)


def page_of_notice(notice):
    return f"/admin/foundation/notice/{notice.pk}/change/"


def sending(notice):
    return f"/admin/foundation/notice/{notice.pk}/send-again/"


def correct_the_address(account):
    Account.objects.filter(pk=account.pk).update(email="mended@example.com")


def everything():
    return Notice.objects.count(), Email.objects.count(), Submission.objects.count()


# ── The list ──


def test_the_list_tells_what_failed_and_why_and_is_filtered_by_fate(desk, sell, failed):
    ends(sell(), "sent")
    ends(Notice.objects.get(account="northgate"), "sent")
    sell()

    shown = {fate: desk.get(f"/admin/foundation/notice/?fate={fate}") for fate in ("failed", "sent", "queued")}

    rows = {fate: [row[-2] for row in rows_of(response)] for fate, response in shown.items()}
    assert rows == {"failed": ["failed: 550 5.1.1 No such user"], "sent": ["sent"] * 2, "queued": ["queued"]}


# ── One press ──


def test_staff_correct_the_address_and_send_the_notice_again(desk, staff, failed, harborcu):
    """contract.md: a new mail that refers to the first, with the same words, at the account's address of today."""
    correct_the_address(harborcu)

    response = press(desk, links_of(desk.get(page_of_notice(failed)))["Send again"])

    again = Notice.objects.latest("pk")
    assert (response.status_code, response.url) == (302, page_of_notice(again))
    assert messages_of(desk.get(page_of_notice(again))) == ["Queued for harborcu at mended@example.com."]
    assert (again.again_of, again.fate, again.address, failed.address) == (failed, "queued", "mended@example.com", "harborcu@example.com")
    assert (again.asked_for_by, failed.asked_for_by) == (staff.username, "")
    assert (again.email.subject, again.email.message) == (failed.email.subject, failed.email.message)
    assert (again.email.headers["In-Reply-To"], message_id(again) != message_id(failed)) == (message_id(failed), True)
    assert Notice.objects.get(pk=failed.pk).fate == "failed"


def test_it_arrives(desk, failed, harborcu, mail_server):
    correct_the_address(harborcu)
    notices.deliver_due()
    mail_server.mails()
    press(desk, sending(failed))

    notices.deliver_due()

    assert [mail["To"] for mail in mail_server.mails()] == ["mended@example.com"]


def test_a_notice_that_was_sent_is_sent_again_too(desk, sell):
    """The receiver says that it never came."""
    sent = ends(sell(), "sent")

    press(desk, sending(sent))

    assert Notice.objects.latest("pk").again_of == sent


def test_a_copy_that_failed_is_sent_again_as_one_more_copy_of_the_first(desk, failed):
    press(desk, sending(failed))
    copy = ends(Notice.objects.latest("pk"), "failed")

    press(desk, sending(copy))

    assert list(Notice.objects.filter(again_of=failed).order_by("pk")) == [copy, Notice.objects.latest("pk")]
    assert Notice.objects.latest("pk") != copy


def test_the_page_shows_why_it_failed_and_where_it_would_go(desk, failed, harborcu):
    correct_the_address(harborcu)

    response = desk.get(sending(failed))

    assert rows_of(response) == [
        ["Account", "harborcu"],
        ["Went to", "harborcu@example.com"],
        ["Fate", "failed: 550 5.1.1 No such user"],
    ]
    assert "The same words go once more to the account’s address of today, mended@example.com." in text_of(response)
    assert links_of(response)["Correct the address of harborcu"] == f"/admin/accounts/account/{harborcu.pk}/change/"
    assert [controls_of(response).count(("button", "Send again")), submit_buttons_of(response).count(["Send again"])] == [1, 1]


def test_a_letter_to_a_user_goes_to_the_users_address_of_today(desk, northgate, user):
    """Who is told of a role of their own is no account."""
    jo = UserFactory(account=northgate, username="jo")
    change_role(account=northgate, user=jo, role="viewer", changed_by=user(northgate), key=fresh_key())
    notice = ends(Notice.objects.get(account="jo"), "failed")
    User.objects.filter(pk=jo.pk).update(email="mended@example.com")

    assert "The same words go once more to the user’s address of today, mended@example.com." in text_of(desk.get(sending(notice)))
    press(desk, sending(notice))

    assert [notice.address for notice in Notice.objects.filter(account="jo").order_by("pk")] == ["jo@people.example.com", "mended@example.com"]


# ── Exactly once ──


def test_the_same_form_again_sends_one_mail(desk, failed):
    """B5: a double click, and one much later, when the first was sent."""
    form = form_of(desk, sending(failed))
    first = desk.post(sending(failed), form).url
    before = everything()
    ends(Notice.objects.latest("pk"), "sent")

    assert desk.post(sending(failed), form).url == first
    assert everything() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_twelve_presses_of_one_form_at_once_send_one_mail(failed, staff):
    """B5."""
    key = fresh_key()

    outcomes = all_at_once([lambda: send_any_notice_again(notice=failed, sent_by=staff, key=key)] * 12)

    assert outcomes == [Notice.objects.get(again_of=failed)] * 12


def test_the_key_of_one_notice_does_not_send_another(failed, sell, staff):
    """B5."""
    key, other = fresh_key(), ends(sell(), "failed")
    send_any_notice_again(notice=failed, sent_by=staff, key=key)
    before = everything()

    with pytest.raises(FormAlreadyUsed):
        send_any_notice_again(notice=other, sent_by=staff, key=key)

    assert everything() == before


def test_a_form_without_its_key_sends_nothing(desk, failed):
    """B5."""
    before = everything()

    assert errors_of(desk.post(sending(failed))) == {"": [OUT_OF_DATE]}
    assert everything() == before


# ── What is not sent again ──


def test_a_notice_that_is_still_queued_goes_out_by_itself(desk, sell, staff):
    queued = sell()
    before = everything()

    assert "Send again" not in links_of(desk.get(page_of_notice(queued)))
    assert "This notice is still queued and goes out by itself." in text_of(desk.get(sending(queued)))
    with pytest.raises(NotSentAgain):
        send_any_notice_again(notice=queued, sent_by=staff, key=fresh_key())
    assert everything() == before


def test_a_letter_with_a_one_time_link_goes_to_no_other_address(desk, northgate, user, staff):
    """A1: accepting an invitation proves the address that it was sent to, and a reset is one person's."""
    create_enduser(reseller=northgate, created_by=user(northgate), username="pinecrest", company="Pinecrest", email="p@example.com", key=fresh_key())
    invitation = ends(Notice.objects.get(account="pinecrest"), "failed")
    before = everything()

    assert "Send again" not in links_of(desk.get(page_of_notice(invitation)))
    assert "It is asked for anew, not sent again." in text_of(desk.get(sending(invitation)))
    with pytest.raises(NotSentAgain):
        send_any_notice_again(notice=invitation, sent_by=staff, key=fresh_key())
    assert everything() == before


# ── Who may ──


@pytest.mark.parametrize(
    ("permissions", "status"),
    [(["view_notice"], 403), (["view_notice", "change_notice"], 403), (["view_notice", "send_notice_again"], 200)],
)
def test_staff_need_the_permission(failed, clerks_desk, permissions, status):
    """And only who has it is offered the way."""
    browser = clerks_desk(*permissions)

    offered = "Send again" in links_of(browser.get(page_of_notice(failed)))

    assert (offered, browser.get(sending(failed)).status_code, browser.post(sending(failed)).status_code) == (status == 200, status, status)


@pytest.mark.parametrize("who", ["harborcu", "northgate"])
def test_no_customer_may_not_even_with_the_permission(failed, request, user, who):
    """B7: the flow decides again."""
    person = user(request.getfixturevalue(who))
    person.user_permissions.set(Permission.objects.filter(codename="send_notice_again"))
    before = everything()

    with pytest.raises(NotAllowed):
        send_any_notice_again(notice=failed, sent_by=person, key=fresh_key())
    assert everything() == before


def test_a_right_that_was_taken_away_meanwhile_counts_when_the_form_is_sent(desk, failed, staff):
    """B7."""
    form = form_of(desk, sending(failed))
    staff.is_superuser = False
    staff.save()
    before = everything()

    assert (desk.post(sending(failed), form).status_code, everything()) == (403, before)


@pytest.mark.parametrize("number", ["0", "999999", str(2**70), "x", "%00"])
def test_sending_what_is_not_there_breaks_nothing(desk, number):
    assert desk.get(f"/admin/foundation/notice/{number}/send-again/").status_code in {302, 404}
