from tests.pages.world import world  # noqa: F401 - the fixture
from tests.test_view_matrix import address, browser_of  # noqa: F401 - the fixtures of its world
