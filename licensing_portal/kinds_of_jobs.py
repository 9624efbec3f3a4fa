"""Every kind of long job that there is, by its name: what a press may start, and what the worker knows how to do."""

from accounts.importing.job import KIND as IMPORTING
from licenses.exporting import KIND as EXPORTING

KINDS = {kind.name: kind for kind in (IMPORTING, EXPORTING)}
