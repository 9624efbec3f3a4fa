"""A password says nothing of the products: theirs are names that a stranger would try."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from tests.factories.licenses import ProductFactory


@pytest.fixture(autouse=True)
def _products(db):
    ProductFactory(code="ASR-FULL", name="Speech Engine (ASR) Full")
    ProductFactory(code="TTS", name="Text-to-Speech Server")


@pytest.mark.parametrize(
    ("password", "name"),
    [
        ("we run asr-full here", "ASR-FULL"),
        ("TEXT-TO-SPEECH SERVER 7", "Text-to-Speech Server"),
        ("my speech engine (asr) full", "Speech Engine (ASR) Full"),
    ],
)
def test_a_products_name_or_code_in_it_is_refused(password, name):
    with pytest.raises(ValidationError) as refusal:
        validate_password(password)

    assert refusal.value.messages == [f"Choose a password without “{name}” in it"]


@pytest.mark.parametrize("password", ["the tts of my letters", "a speech for the server"])
def test_short_codes_and_single_words_of_names_stand_in_good_passwords(password):
    validate_password(password)
