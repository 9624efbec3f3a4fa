"""Files that are uploaded: to the disk, and no further than the largest that the portal takes (rules.md §4)."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpResponse
from django.test import Client, RequestFactory

from licensing_portal.foundation.uploads import MOST_BYTES, MOST_BYTES_OF_A_REQUEST
from tests.files import upload


def post(content):
    return RequestFactory().post("/", {"file": upload(content)})


@pytest.mark.parametrize(("size", "kept"), [(0, 0), (10, 10), (MOST_BYTES, MOST_BYTES)])
def test_a_file_lies_on_the_disk_until_the_request_has_ended(size, kept):
    request = post(b"x" * size)

    file = request.FILES["file"]
    assert (type(file), file.size, len(file.read())) == (TemporaryUploadedFile, size, kept)
    path = Path(file.temporary_file_path())
    assert path.exists()
    request.close()
    assert not path.exists()


def test_of_a_file_that_is_too_large_the_size_is_known_and_the_rest_goes_nowhere():
    request = post(b"x" * (MOST_BYTES + 1_000_000))

    file = request.FILES["file"]
    assert file.size == MOST_BYTES + 1_000_000
    assert Path(file.temporary_file_path()).stat().st_size <= MOST_BYTES
    request.close()


def test_what_says_that_it_is_larger_than_anything_is_not_read(northgate, user):
    browser = Client(raise_request_exception=False)
    browser.force_login(user(northgate))

    answer: HttpResponse = browser.generic(
        "POST", "/import-endusers/", b"x", "multipart/form-data; boundary=b", CONTENT_LENGTH=str(MOST_BYTES_OF_A_REQUEST + 1)
    )

    assert answer.status_code == 413
