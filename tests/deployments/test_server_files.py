"""Upload server file, the flow: a deployment that waits gets the identity of its license server, and is active from then on (C6)."""

import hashlib

import pytest
from django.db import IntegrityError, transaction

from deployments.models import Deployment, ServerFile
from deployments.rights import DeploymentRetired, NotYourDeployment, ServerFileThere
from deployments.server_files import NotAServerFile, ServerFileInUse, Upload
from deployments.services import add_deployment, add_licenses, retire_deployment, upload_server_file
from licensing_portal.foundation.errors import NotAllowed, Problem
from licensing_portal.foundation.models import Notice, Submission
from licensing_portal.foundation.submissions import FormAlreadyUsed, fresh_key
from tests.books import balances
from tests.factories.accounts import LinkFactory
from tests.factories.deployments import deploy, replace, upload, upload_of
from tests.factories.licenses import give, quantities


@pytest.fixture
def deployment(northgate, harborcu):
    """HCU-IVR-01 with 3 ASR, which northgate made for harborcu; harborcu has 5 ASR besides."""
    give(northgate, ASR=10)
    give(harborcu, ASR=5)
    return deploy(northgate, owner=harborcu, name="HCU-IVR-01", ASR=3)


@pytest.fixture
def send(deployment, harborcu, user):
    """Upload a file as harborcu; what a test is about is said in the call."""

    def act(**changes):
        call = {"deployment": deployment, "account": harborcu, "uploaded_by": user(harborcu), "server_file": upload_of(), "key": fresh_key()}
        return upload_server_file(**call | changes)

    return act


def everything():
    """All that an upload makes or changes."""
    states = list(Deployment.objects.order_by("pk").values_list("state", "serial", "changed_at"))
    return states, [model.objects.count() for model in (ServerFile, Submission, Notice)], balances()


def test_the_deployment_is_active_with_its_first_serial_and_keeps_the_bytes(send, deployment, harborcu, user):
    """C6."""
    content = bytes(range(256))

    sent = send(server_file=Upload("info.bts", content))

    deployment.refresh_from_db()
    assert (deployment.state, deployment.serial, deployment.changed_at) == ("active", 1, sent.uploaded_at)
    kept = ServerFile.objects.get()
    assert (bytes(kept.content), kept.size, kept.sha256) == (content, 256, hashlib.sha256(content).hexdigest())
    assert (kept.name, kept.uploaded_by, kept.uploaded_as, kept.reason, kept.ended_at) == ("info.bts", user(harborcu), harborcu, "", None)


def test_licenses_stay_where_they_are_and_nobody_is_mailed(send):
    """C6: it is about the server, and moves nothing."""
    before = balances(), Notice.objects.count()

    send()

    assert (balances(), Notice.objects.count()) == before


@pytest.mark.parametrize("size", [1, 65536])
def test_one_byte_and_64_kib_are_taken(send, size):
    """C6."""
    assert send(server_file=Upload("info.bts", b"x" * size)).size == size


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "This file is empty. Choose the license server’s info.bts."),
        (65537, "This file has more than 64 KiB. Choose the license server’s info.bts."),
    ],
)
def test_nothing_and_more_than_64_kib_are_refused_by_the_field(send, size, words):
    """C6."""
    before = everything()

    with pytest.raises(NotAServerFile) as refused:
        send(server_file=Upload("info.bts", b"x" * size))

    assert (refused.value.problems, everything()) == ([Problem(words, "server_file")], before)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\dana\\info.bts", "info.bts"),
        ("a\0b\r\nSet-Cookie: c.bts", "a b  Set-Cookie: c.bts"),
        ("\u202estb.ofni", "stb.ofni"),
        ("<script>alert(1)</script>.bts", "script>.bts"),
        ("x" * 10_000, "x" * 100),
        ("...", "info.bts"),
        ("", "info.bts"),
        ("é 日本.bts", "é 日本.bts"),
    ],
)
def test_whatever_it_is_called_it_is_taken_under_a_name_that_breaks_nothing(send, sent, kept):
    """C6: the name is hearsay."""
    assert send(server_file=Upload(sent, b"x")).name == kept


def test_the_same_form_again_gets_the_first_result_whatever_the_file_is_called_then(send):
    """B5: the file is its bytes."""
    key = fresh_key()
    first = send(key=key)
    before = everything()

    assert (send(key=key, server_file=upload_of(name="copy.bts")), everything()) == (first, before)


def test_the_same_key_with_another_file_is_refused(send):
    """B5."""
    key = fresh_key()
    send(key=key)
    before = everything()

    with pytest.raises(FormAlreadyUsed):
        send(key=key, server_file=upload_of("another"))

    assert everything() == before


def test_a_second_file_is_not_an_upload_but_a_replacement(send):
    """C8."""
    send()
    before = everything()

    with pytest.raises(ServerFileThere, match=r"HCU-IVR-01 has a server file already. To change it, replace the server."):
        send(server_file=upload_of("another"))

    assert everything() == before


def test_a_retired_deployment_takes_none(send, deployment, harborcu, user):
    """C7."""
    retire_deployment(deployment=deployment, account=harborcu, retired_by=user(harborcu), reason="Taken down", key=fresh_key())

    with pytest.raises(DeploymentRetired, match=r"HCU-IVR-01 is retired. No server file can be uploaded for it."):
        send()


def test_the_reseller_who_made_it_does_not_upload_for_its_owner(send, northgate, user):
    """C6: "Its owner uploads"."""
    before = everything()

    with pytest.raises(NotYourDeployment):
        send(account=northgate, uploaded_by=user(northgate))

    assert everything() == before


def test_a_viewer_uploads_nothing(send, harborcu, user):
    """rules.md §1."""
    with pytest.raises(NotAllowed):
        send(uploaded_by=user(harborcu, "viewer"))


def test_over_a_link_one_uploads_and_is_named_with_the_account(send, harborcu, west, user):
    """A7."""
    LinkFactory(holder=west, target=harborcu)

    sent = send(uploaded_by=user(west))

    assert (sent.uploaded_by, sent.uploaded_as) == (user(west), harborcu)


# ── The same file on two deployments ──


def test_a_file_in_use_is_refused_with_the_name_of_ones_own_deployment(send, harborcu):
    """C6."""
    give(harborcu, ASR=1)
    upload(deploy(harborcu, name="LAB-2", ASR=1))
    before = everything()

    with pytest.raises(ServerFileInUse) as refused:
        send()

    assert refused.value.problems == [
        Problem("This server file is in use on the deployment LAB-2. Choose that of this license server.", "server_file")
    ]
    assert everything() == before


@pytest.mark.parametrize("whose", ["metrotransit", "stmarys", "northgate"])
def test_a_strangers_deployment_is_not_named(send, request, whose):
    """A9: not even that of one's reseller."""
    account = request.getfixturevalue(whose)
    give(account, ASR=1)
    upload(deploy(account, name="SECRET", ASR=1))

    with pytest.raises(ServerFileInUse, match=r"^This server file is in use on another deployment. Choose that of this license server.$"):
        send()


def test_its_reseller_does_not_learn_what_the_owner_uploaded(send, northgate, user):
    """A9: it sees the deployment, and not its server file."""
    send()

    with pytest.raises(ServerFileInUse, match=r"in use on another deployment"):
        add_deployment(
            account=northgate, added_by=user(northgate), owner=northgate, name="LAB", host_name="lab",
            quantities=quantities(ASR=1), server_file=upload_of(), key=fresh_key(),
        )  # fmt: skip


def test_a_reseller_is_told_of_the_file_that_it_uploaded_itself(northgate, harborcu, stmarys, user):
    """A9."""
    give(northgate, ASR=10)
    call = {"account": northgate, "added_by": user(northgate), "host_name": "ivr", "quantities": quantities(ASR=1), "server_file": upload_of()}
    add_deployment(**call, owner=harborcu, name="HCU-IVR-01", key=fresh_key())

    with pytest.raises(ServerFileInUse, match=r"in use on the deployment HCU-IVR-01"):
        add_deployment(**call, owner=stmarys, name="SMH", key=fresh_key())


def test_the_file_of_a_retired_deployment_can_be_used_again(send, deployment, harborcu, user):
    """C6: "another active deployment"."""
    give(harborcu, ASR=1)
    second = deploy(harborcu, name="LAB-2", ASR=1)
    send()
    retire_deployment(deployment=deployment, account=harborcu, retired_by=user(harborcu), reason="Taken down", key=fresh_key())

    assert upload(second).state == "active"


def test_a_superseded_file_can_be_used_again(send, deployment, harborcu):
    """C8: the old server serves elsewhere."""
    give(harborcu, ASR=1)
    second = deploy(harborcu, name="LAB-2", ASR=1)
    send()
    replace(deployment, "ivr-02")

    assert upload(second).state == "active"


def test_the_database_has_the_last_word(send, deployment, harborcu):
    """C6: whatever the flow believes, a file is in use on one deployment, and a deployment has one."""
    first = send()
    give(harborcu, ASR=1)
    second = deploy(harborcu, name="LAB-2", ASR=1)
    row = {"content": b"x", "size": 1, "name": "x", "uploaded_by": first.uploaded_by, "uploaded_as": harborcu}

    for name, clash in {
        "a_server_file_is_in_use_on_one_deployment": {"deployment": second, "sha256": first.sha256},
        "a_deployment_has_one_server_file_in_use": {"deployment": deployment, "sha256": "0" * 64},
        "a_server_file_has_1_to_65536_bytes": {"deployment": second, "sha256": "0" * 64, "size": 2},
        "a_sha256_is_64_hexadecimal_digits": {"deployment": second, "sha256": "G" * 64},
    }.items():
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            ServerFile.objects.create(**row | clash)
        assert getattr(refused.value.__cause__, "diag", None) is None or refused.value.__cause__.diag.constraint_name == name


def test_without_a_server_file_nothing_is_active_and_with_one_nothing_waits(deployment):
    """C6."""
    for wrong in ({"state": "active"}, {"serial": 1}):
        with pytest.raises(IntegrityError, match="an_active_deployment_and_no_waiting_one_has_a_serial"), transaction.atomic():
            Deployment.objects.filter(pk=deployment.pk).update(**wrong)


# ── When the deployment is added, and when licenses are ──


def test_with_a_server_file_a_new_deployment_is_active_at_once(northgate, user):
    """C5, C6."""
    give(northgate, ASR=1)

    made = add_deployment(
        account=northgate, added_by=user(northgate), owner=northgate, name="LAB", host_name="lab",
        quantities=quantities(ASR=1), server_file=upload_of(), key=fresh_key(),
    )  # fmt: skip

    assert (made.state, made.serial, made.server_files.get().name) == ("active", 1, "info.bts")


def test_a_file_that_is_refused_refuses_the_whole_deployment_and_its_sale(send, northgate, harborcu, user):
    """C2, B6: all or nothing."""
    send()
    before = everything()

    with pytest.raises(ServerFileInUse):
        add_deployment(
            account=northgate, added_by=user(northgate), owner=harborcu, name="IVR-2", host_name="ivr",
            quantities=quantities(ASR=1), server_file=upload_of(), key=fresh_key(),
        )  # fmt: skip

    assert everything() == before


def test_a_new_deployment_with_another_file_under_the_same_key_is_refused(northgate, user):
    """B5."""
    give(northgate, ASR=2)
    call = {"account": northgate, "added_by": user(northgate), "owner": northgate, "name": "LAB", "host_name": "lab", "key": fresh_key()}
    amount = quantities(ASR=1)
    first = add_deployment(**call, quantities=amount, server_file=upload_of())

    assert add_deployment(**call, quantities=amount, server_file=upload_of()) == first
    for other in (upload_of("another"), None):
        with pytest.raises(FormAlreadyUsed):
            add_deployment(**call, quantities=amount, server_file=other)


@pytest.mark.parametrize(("has_file", "serial"), [(True, 2), (False, 0)])
def test_added_licenses_make_a_new_serial_once_there_was_a_file(deployment, harborcu, user, has_file, serial):
    """C7, C6: what was downloaded before says too little."""
    if has_file:
        upload(deployment)

    add_licenses(deployment=deployment, account=harborcu, added_by=user(harborcu), quantities=quantities(ASR=1), key=fresh_key())

    assert Deployment.objects.get(pk=deployment.pk).serial == serial
