"""What all tests of pages may use."""

from tests.test_view_matrix import address, browser_of  # noqa: F401 - the fixtures of its world
