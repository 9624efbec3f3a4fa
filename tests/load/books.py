"""Whether the books say what people were told: each press that was accepted is there once, each that was refused is not, and all is proven."""

from collections import Counter
from collections.abc import Iterable, Iterator

from licenses import proof
from licenses.models import JournalEntry
from licensing_portal.foundation.models import Submission
from tests.load.visits import REFERENCE, Press


def faults(presses: Iterable[Press]) -> list[str]:
    """Say all that is wrong, a sentence each; a press that nobody answered may be there or not."""
    with proof.snapshot():
        return [*proof.faults(), *_of_presses(list(presses))]


def _of_presses(presses: list[Press]) -> Iterator[str]:
    claimed = Submission.objects.filter(key__in=[press.key for press in presses]).prefetch_related("result")
    made = {submission.key: submission.result for submission in claimed}
    for press in presses:
        result = made.get(press.key)
        if press.told != (result.get_absolute_url() if result else "") and press.is_answered:
            yield f"{press.kind}: the person was told {press.told or 'that it was refused'}, and {result or 'nothing'} was made"
    sales = JournalEntry.objects.filter(kind="sale", reference__startswith=f"{REFERENCE} ").values_list("reference", flat=True)
    yield from differences(presses, Counter(sales))


def differences(presses: Iterable[Press], sales: Counter[str]) -> Iterator[str]:
    """Compare the sales that people pressed for, by their references, with those of the books."""
    wanted = Counter(press.reference for press in presses if press.kind == "sale" and press.told)
    unknown = {press.reference for press in presses if not press.is_answered}
    for reference in sorted({*wanted, *sales}):
        if sales[reference] != wanted[reference] and not (reference in unknown and sales[reference] == 1):
            yield f"{reference}: accepted {wanted[reference]} times, and {sales[reference]} times in the books"
