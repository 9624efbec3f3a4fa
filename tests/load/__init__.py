"""The portal under as many people as are asked for, who come whether or not it keeps up: `make load`, and L and M of `make bench`."""

import tests.bench  # noqa: F401 - it sets Django up, with no database yet
