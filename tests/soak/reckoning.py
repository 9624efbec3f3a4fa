"""What must be true in the end, whatever was killed: the journal says what people were told, no more and no less, and all were written to once at least."""

from collections import Counter
from collections.abc import Hashable, Iterable
from email.message import EmailMessage
from functools import cached_property

from deployments.models import Deployment
from licenses import proof
from licenses.models import JournalEntry
from licensing_portal.foundation.models import Notice, Submission
from tests.mail import message_id
from tests.soak.people import Act, Mark, Person
from tests.soak.world import PRODUCTS


def claimed_keys() -> set[str]:
    return set(Submission.objects.values_list("key", flat=True))


def differences(what: str, wanted: Iterable[Hashable], found: Iterable[Hashable]) -> list[str]:
    """Say what is missing in what was found, and what is there too often."""
    missing, too_many = Counter(wanted), Counter(found)
    missing.subtract(too_many)
    return [f"{what}: {thing} {'is missing' if times > 0 else 'is there too often'} ({abs(times)})" for thing, times in missing.items() if times]


class Reckoning:
    def __init__(self, people: list[Person], mails: list[EmailMessage], keys_before: set[str]) -> None:
        self.people, self.mails, self.keys_before = people, mails, keys_before
        self.acts = [act for person in people for act in person.acts]
        self.told = [act for act in self.acts if act.told]
        self.entries = list(
            JournalEntry.objects.select_related("giver", "receiver", "acting_as", "deployment_entry__deployment", "deployment_entry_of_sale")
            .prefetch_related("lines__product")
            .order_by("pk")
        )
        self.notices = list(Notice.objects.select_related("email"))

    @cached_property
    def violations(self) -> list[str]:
        return [
            *(surprise for person in self.people for surprise in person.surprises),
            *(f"{act.mark} was never answered" for act in self.acts if not (act.told or act.is_refused)),
            *differences("entry", [act.mark for act in self.told], [mark_of(entry) for entry in self.entries if has_a_form_of_its_own(entry)]),
            *differences("receipt", [act.told for act in self.told if has_a_receipt(act)], self.receipts()),
            *differences("key", [act.key for act in self.told], claimed_keys() - self.keys_before),
            *differences(
                "deployment that sold", map(str, deployments_for_others()), (str(sold.deployment_entry_of_sale.deployment) for sold in self.sold())
            ),
            *differences("notice", [told for entry in self.entries for told in told_of(entry)], [(n.event, n.account) for n in self.notices]),
            *differences("mail", {message_id(notice) for notice in self.notices}, {mail["Message-ID"] for mail in self.mails}),
            *differences(
                "mail under one id", {mail["Message-ID"] for mail in self.mails}, [id_ for id_, *_ in {words_of(mail) for mail in self.mails}]
            ),
            *proof.faults(),
        ]

    def receipts(self) -> list[str]:
        return [entry.get_absolute_url() for entry in self.entries if entry.kind in {"sale", "transfer", "recall"} and has_a_form_of_its_own(entry)]

    def sold(self) -> list[JournalEntry]:
        """The sales that were made by a deployment."""
        return [entry for entry in self.entries if hasattr(entry, "deployment_entry_of_sale")]

    def figures(self) -> list[str]:
        answers = sum((person.answers for person in self.people), Counter())
        kinds = Counter(act.mark[0] for act in self.told)
        refused = sum(act.is_refused for act in self.acts)
        again = sum(act.presses - 1 for act in self.acts if act.presses)
        slowest = max(self.told, key=lambda act: act.seconds)
        counts = proof.counts()
        return [
            f"acknowledged {len(self.told)}: {_listed(kinds)}; refused {refused}; pressed again {again} times; longest wait {slowest.seconds:.1f} s, for {slowest.presses} presses",
            f"answers: {_listed(answers)}",
            f"books: {counts['entries']} entries, {counts['lines']} lines",
            f"mails: {len(self.notices)} notices, {len(self.mails)} arrived, {len(self.mails) - len(self.notices)} of them again",
            f"violations: {len(self.violations)}",
            *self.violations,
        ]


def _listed(counts: Counter) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


# ── What an entry was made by ──


def has_a_form_of_its_own(entry: JournalEntry) -> bool:
    """Whether people pressed for it: not an issue, and not the sale that a deployment made beside it."""
    return entry.kind != "issue" and not hasattr(entry, "deployment_entry_of_sale")


def has_a_receipt(act: Act) -> bool:
    return act.mark[0] in {"sale", "transfer", "recall"}


def mark_of(entry: JournalEntry) -> Mark:
    """What the act that made it is told by."""
    moved = {line.product.code: line.quantity for line in entry.lines.all() if line.quantity > 0}
    amounts = tuple(moved.get(code, 0) for code in PRODUCTS)
    return {
        "sale": ("sale", entry.giver.username, entry.receiver.username, entry.reference, amounts),
        "deployment": ("deployment", entry.receiver.username, entry.reference, amounts),
        "transfer": ("transfer", entry.giver.username, entry.receiver.username, amounts),
        "retirement": ("retirement", entry.note),
        "recall": ("recall", entry.note),
    }[entry.kind]


def deployments_for_others() -> list[Deployment]:
    """Each of them was sold, once."""
    return [deployment for deployment in Deployment.objects.all() if deployment.owner_id != deployment.made_by_id]


# ── Who is told of it ──


def told_of(entry: JournalEntry) -> list[tuple[str, str]]:
    giver, receiver = (entry.number, entry.giver.username), (entry.number, entry.receiver.username)
    is_of_others = entry.acting_as != entry.receiver
    return {
        "issue": [receiver],
        "sale": [receiver],
        "deployment": [],
        "transfer": [giver, receiver],
        "recall": [giver, receiver],
        "retirement": [receiver] if is_of_others else [],
    }[entry.kind]


def words_of(mail: EmailMessage) -> tuple[str, str, str, str]:
    """What must be the same on every try."""
    return str(mail["Message-ID"]), str(mail["To"]), str(mail["Subject"]), mail.get_body(("plain",)).get_content()
