"""Every kind of long job that there is, by its name: what a press may start, and what the worker knows how to do."""

from accounts.importing import job as importing
from licenses import exporting

KINDS = {kind.name: kind for kind in (importing.KIND, exporting.KIND)}
