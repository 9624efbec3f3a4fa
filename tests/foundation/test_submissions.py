"""One-use keys: a press is one act (B5), for the person and the account that opened the form (B7)."""

import pytest
from django.core import signing
from django.db import transaction
from django.db.transaction import TransactionManagementError

from accounts.models import Account
from licenses.models import Product
from licensing_portal.foundation.models import Submission
from licensing_portal.foundation.submissions import Binding, FormAlreadyUsed, FormOfAnotherAccount, claim, fresh_key
from tests.factories.licenses import ProductFactory
from tests.roles import the_owner
from tests.views import OPENED_BY_SOMEONE_ELSE, OUT_OF_DATE

# ── The key in the form: whom it is for ──


def test_a_key_is_read_by_whom_it_was_made_for():
    """B5: the form carries the key signed; what is claimed is the key alone, 32 hexadecimal digits."""
    binding = Binding(7, "northgate", "sell_licenses")

    key = binding.read_key(binding.new_key())

    assert (len(key), set(key) <= set("0123456789abcdef")) == (32, True)


def test_every_opened_form_has_a_key_of_its_own():
    """B5: two tabs are two acts."""
    binding = Binding(7, "northgate", "sell_licenses")

    assert binding.read_key(binding.new_key()) != binding.read_key(binding.new_key())


@pytest.mark.parametrize(
    ("reader", "words"),
    [
        (Binding(8, "northgate", "sell_licenses"), OPENED_BY_SOMEONE_ELSE),
        (Binding(7, "northgate", "transfer_licenses"), OPENED_BY_SOMEONE_ELSE),
        (
            Binding(7, "northgate-west", "sell_licenses"),
            "This page was opened as northgate, and you are now acting as northgate-west. Nothing was changed. Check it and press again.",
        ),
    ],
    ids=["another person", "another form", "another account"],
)
def test_a_key_made_for_somebody_or_something_else_is_refused(reader, words):
    """B7, A7: after switching accounts in another tab, a form that is still open does not sell from the wrong account."""
    key = Binding(7, "northgate", "sell_licenses").new_key()

    with pytest.raises(FormOfAnotherAccount) as refusal:
        reader.read_key(key)

    assert str(refusal.value) == words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "a:b:c",
        fresh_key(),
        signing.dumps(["0" * 32, 7, "northgate", "sell_licenses"], salt="another salt"),
        signing.dumps(["0" * 32], salt="foundation.submissions"),
        "é" * 40,
        "\0",
    ],
    ids=["nothing", "nonsense", "a made-up signature", "a bare key", "another salt", "too short", "not ASCII", "NUL"],
)
def test_a_key_that_we_did_not_sign_is_refused(text):
    """B5: nobody chooses a key, so nobody can use up or repeat another's."""
    with pytest.raises(FormOfAnotherAccount, match=OUT_OF_DATE):
        Binding(7, "northgate", "sell_licenses").read_key(text)


# ── Claiming it ──


@pytest.mark.django_db(transaction=True)
def test_a_key_is_claimed_inside_a_transaction_alone():
    """B5: the claim stands and falls with the act."""
    with pytest.raises(TransactionManagementError):
        claim(fresh_key(), Product, "content")

    assert Submission.objects.count() == 0


def test_the_first_to_claim_a_key_acts(db):
    """B5."""
    key = fresh_key()

    claimed = claim(key, Product, "content")

    assert claimed.first_result is None
    assert claimed.settle(product := ProductFactory()) is product
    assert Submission.objects.get().result == product


def test_the_same_key_with_the_same_content_gives_the_first_result(db):
    """B5: a double click, a reload, back and send."""
    key = fresh_key()
    product = claim(key, Product, "northgate", {"ASR": 3, "TTS": 4}).settle(ProductFactory())

    again = claim(key, Product, "northgate", {"TTS": 4, "ASR": 3})

    assert again.first_result == product
    assert Submission.objects.count() == 1


def test_the_same_key_with_other_content_is_refused_and_leads_to_the_first_result(db, harborcu):
    """B5: back, edit and send does not act twice."""
    key = fresh_key()
    claim(key, Account, "harborcu").settle(harborcu)

    with pytest.raises(FormAlreadyUsed) as refusal:
        claim(key, Account, "harborcu2")

    assert [problem.url for problem in refusal.value.problems] == ["/endusers/harborcu/"]


def test_a_key_whose_result_is_of_another_kind_is_refused(northgate):
    """B5: the key of one flow never gives the result of another, even with the same content."""
    key = fresh_key()
    claim(key, Account, "content").settle(northgate)

    with pytest.raises(FormAlreadyUsed):
        claim(key, Product, "content")


def test_a_key_whose_result_is_gone_is_refused(db):
    """B5: a link that was made and removed again is not made a second time by a reload."""
    key = fresh_key()
    claim(key, Product, "content").settle(product := ProductFactory())
    with the_owner():
        product.delete()

    with pytest.raises(FormAlreadyUsed) as refusal:
        claim(key, Product, "content")

    assert [problem.url for problem in refusal.value.problems] == [""]


def test_a_refused_act_gives_its_key_back(db):
    """B6: a refused form is mended and sent again with the same key."""
    key = fresh_key()
    with pytest.raises(ValueError, match="refused"), transaction.atomic():
        claim(key, Product, "content")
        raise ValueError("refused")

    assert Submission.objects.count() == 0
    assert claim(key, Product, "mended content").first_result is None


def test_what_was_sent_is_kept_as_a_digest_alone(db):
    """B5: names and notes of a form do not pile up in a table that is never pruned."""
    claim(fresh_key(), Product, "northgate", "a confidential note")

    digest = Submission.objects.get().digest

    assert (len(digest), set(digest) <= set("0123456789abcdef")) == (64, True)
