"""How much one request may bring: what announces more is answered before it is read."""

import pytest
from django.core.exceptions import RequestDataTooBig
from django.test import RequestFactory

from licensing_portal.foundation.uploads import ROOM_FOR_THE_FORM, BodyLimitMiddleware, takes_a_file_of


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
