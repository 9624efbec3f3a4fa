"""Files that are uploaded: what announces more than is taken is not read, and what is taken goes to the disk (rules.md §4)."""

from pathlib import Path

import pytest
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.test import Client, RequestFactory

from licensing_portal.foundation.uploads import MOST_BYTES, ROOM_FOR_THE_FORM, BodyLimitMiddleware, takes_a_file_of
from tests.files import upload


def plain(request):
    return None


@takes_a_file_of(1000)
def taking(request):
    return None


def asked(view, announced):
    request = RequestFactory().post("/", CONTENT_LENGTH=announced)
    try:
        return BodyLimitMiddleware(plain).process_view(request, view, (), {})
    except RequestDataTooBig:
        return 413


@pytest.mark.parametrize(
    ("view", "announced", "answer"),
    [
        (plain, str(2_621_440), None),
        (plain, str(2_621_441), 413),
        (taking, str(1000 + ROOM_FOR_THE_FORM), None),
        (taking, str(1001 + ROOM_FOR_THE_FORM), 413),
        (taking, "9" * 4000, 413),
        (taking, "", None),
        (taking, "many", None),
        (taking, "9" * 5000, None),
    ],
)
def test_what_is_announced_decides(view, announced, answer):
    """Django takes a length that is no number for nothing, and reads nothing."""
    assert asked(view, announced) == answer


def test_it_stands_before_whatever_reads_a_form(settings):
    """A file of two hundred megabytes is not on the disk before somebody asks how large it is."""
    limit, forgery = (
        settings.MIDDLEWARE.index(name)
        for name in (f"{BodyLimitMiddleware.__module__}.BodyLimitMiddleware", "django.middleware.csrf.CsrfViewMiddleware")
    )

    assert limit < forgery


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


@pytest.mark.parametrize(("announced", "status"), [(2 * MOST_BYTES, 302), (2 * MOST_BYTES + 1, 413)])
def test_nobody_has_more_than_twice_the_largest_file_read_signed_in_or_not(db, announced, status):
    """Who may not come in is turned away after the form was read: so what anybody at all can have read is bounded."""
    answer = Client(raise_request_exception=False).generic(
        "POST", "/import-endusers/", b"x", "multipart/form-data; boundary=b", CONTENT_LENGTH=str(announced)
    )

    assert answer.status_code == status
