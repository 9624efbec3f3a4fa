"""A machine that tells stories nobody thought of: legal and illegal acts in any order, each compared with the model.

Each story is told in a transaction of its own that is rolled back; what PostgreSQL checks at a commit is checked after every act.
"""

import re
from contextlib import nullcontext
from copy import deepcopy
from datetime import timedelta

import time_machine
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from accounts.links.services import link_account, remove_link
from accounts.models import Account, Link, User
from accounts.services import create_enduser
from deployments.models import Deployment
from deployments.services import add_deployment, add_licenses, retire_deployment
from licenses.models import Holding, JournalEntry, Product
from licenses.services import adjust_licenses, issue_licenses, recall_sale, reverse_entry, sell_licenses
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.models import Notice
from licensing_portal.foundation.submissions import fresh_key
from tests.books import assert_the_books_are_proven
from tests.factories.accounts import EnduserFactory, PublisherFactory, ResellerFactory, StaffFactory, UserFactory
from tests.factories.licenses import ProductFactory
from tests.stories.forgery import forgeries, honest
from tests.stories.model import REVERSIBLE, Model, No
from transfers.services import transfer_licenses

RESELLERS = {"northgate": ["harborcu", "stmarys"], "tideway": ["metrotransit"]}
CODES = ["ASR", "TTS"]
NEWCOMERS = ["pinecrest", "lakeside", "harborcu"]
ACCEPTED = "accepted"

amounts = st.dictionaries(st.sampled_from(CODES), st.sampled_from([1, 2, 5, 0, 3, 40, 1_000_000, 1_000_001, -1]), max_size=2)


class Disagreement(AssertionError):
    """The portal or its database came to another end than the rules."""

    def __init__(self, act, expected, seen):
        super().__init__(f"{act}: {expected} by the rules, and was {seen}")
        self.act = act


def set_the_scene():
    """Make the cast as rows, and the model that knows it."""
    model = Model(products=dict.fromkeys(CODES, False))
    for code in CODES:
        ProductFactory(code=code)
    StaffFactory(account=PublisherFactory())
    model.accounts["publisher"] = {"kind": "publisher", "reseller": None, "closed": False, "password": 0}
    model.users["staff"] = {"account": "publisher", "role": "administrator"}
    for reseller, endusers in RESELLERS.items():
        holder = ResellerFactory(username=reseller)
        for account in (holder, *(EnduserFactory(username=enduser, reseller=holder) for enduser in endusers)):
            name = account.username
            model.accounts[name] = {"kind": account.kind, "reseller": reseller if account != holder else None, "closed": False, "password": 0}
            for role, username in [("administrator", name), ("viewer", f"{name}-viewer")]:
                UserFactory(account=account, username=username, role=role)
                model.users[username] = {"account": name, "role": role}
    return model


def account(username):
    return Account.objects.get(username=username)


def user(username):
    return User.objects.select_related("account").get(username=username)


def of(by_code):
    return {Product.objects.get(code=code): quantity for code, quantity in by_code.items()}


def check_as_at_a_commit():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def tried(act, *, is_undone=False):
    """Return how an act ended (accepted, the name of the refusal, what the database said) and what it gave."""
    try:
        with transaction.atomic():
            result = act()
            check_as_at_a_commit()
            transaction.set_rollback(is_undone)
    except (Refusal, ValueError) as refusal:
        return type(refusal).__name__, None
    except DatabaseError as problem:
        return words_of(problem), None
    return ACCEPTED, result


def words_of(problem):
    """The name of the constraint, or of the trigger's function, or whatever PostgreSQL said."""
    said = problem.__cause__.diag
    function = re.search(r"PL/pgSQL function (\w+)", said.context or "")
    return said.constraint_name or (function and function[1]) or said.message_primary


class AnyStory(RuleBasedStateMachine):
    scene = Model()  # replaced by the test, whose transaction holds the rows

    def __init__(self):
        super().__init__()
        self.model = deepcopy(self.scene)
        self.before = {"entries": JournalEntry.objects.count(), "notices": Notice.objects.count()}
        self.sent = []  # every form that was accepted: flow, what was sent, key, result, and whether that is still there
        self.refused_key = None
        self.deployments = []  # primary keys, in the model's order
        self.story = transaction.atomic()
        self.story.__enter__()

    def teardown(self):
        try:
            assert_the_books_are_proven()
        finally:
            transaction.set_rollback(True)
            self.story.__exit__(None, None, None)

    # ── How an act is compared ──

    def press(self, flow, decide, *, lasts=lambda: True, **sent):
        """Send a form, with the key of the last one that was refused, if there is one: a refusal does not use it up."""
        key, self.refused_key = self.refused_key or fresh_key(), None
        try:
            expected = decide() or ACCEPTED
        except No as no:
            expected = str(no)
        seen, result = tried(lambda: flow(**sent, key=key))
        self.compare(flow.__name__, expected, seen)
        if seen == ACCEPTED:
            self.sent.append((flow, sent, key, result, lasts))
        else:
            self.refused_key = key
        return result

    def compare(self, act, expected, seen):
        if expected != seen:
            raise Disagreement(act, expected, seen)

    @invariant()
    def every_number_is_the_models(self):
        numbers = {
            (holding.account.username, holding.product.code): (holding.available, holding.deployed, holding.sold)
            for holding in Holding.objects.select_related("account", "product")
        }
        self.compare("holdings", *({key: held for key, held in side.items() if any(held)} for side in (self.models_numbers(), numbers)))
        lines = [
            {line.product.code: line.quantity for line in Deployment.objects.get(pk=pk).lines.select_related("product")} for pk in self.deployments
        ]
        self.compare("deployments", [deployment["lines"] for deployment in self.model.deployments], lines)
        after = {"entries": JournalEntry.objects.count(), "notices": Notice.objects.count()}
        self.compare("counts", {name: self.before[name] + self.model.counts[name] for name in after}, after)

    def models_numbers(self):
        return {key: tuple(holding.values()) for key, holding in self.model.holdings.items()}

    # ── Who and what, the likely ones often ──

    def one(self, data, all_of_them, likely=()):
        likely = sorted(likely)
        return data.draw(st.sampled_from(likely) | st.sampled_from(sorted(all_of_them)) if likely else st.sampled_from(sorted(all_of_them)))

    def person_for(self, data, name):
        """Mostly the account's own administrator; else its viewer, or anybody."""
        own = "staff" if name == "publisher" else name
        return own if data.draw(st.integers(0, 3)) else self.one(data, self.model.users)

    def pair(self, data, likely):
        names = sorted(self.model.accounts)
        return self.one(data, [(first, second) for first in names for second in names], likely)

    def sales(self):
        names = self.model.accounts
        return [(seller, owner) for seller in names for owner in names if self.model.may_be_sold_to(seller, owner)]

    def a_deployment(self, data):
        index = data.draw(st.integers(0, len(self.deployments) - 1))
        return self.model.deployments[index], Deployment.objects.get(pk=self.deployments[index])

    def an_entry(self, data, likely):
        """Mostly one of a kind that is likely, else any: as the model and as the journal know it, which count alike."""
        numbers = range(len(self.model.entries))
        index = self.one(data, numbers, [number for number in numbers if likely(self.model.entries[number])])
        return self.model.entries[index], JournalEntry.objects.order_by("pk")[self.before["entries"] + index]

    # ── The flows ──

    @initialize()
    def the_first_issue(self):
        for name in RESELLERS:
            self.issued("staff", name, {"ASR": 20, "TTS": 5})

    def issued(self, person, name, numbers):
        self.press(
            issue_licenses,
            lambda: self.model.issue(person, name, numbers),
            publisher=account("publisher"),
            issued_by=user(person),
            account=account(name),
            quantities=of(numbers),
        )

    @rule(data=st.data(), numbers=amounts)
    def issue(self, data, numbers):
        self.issued(self.person_for(data, "publisher"), self.one(data, set(self.model.accounts) - {"publisher"}), numbers)

    @rule(data=st.data(), numbers=amounts)
    def sell(self, data, numbers):
        seller, owner = self.pair(data, self.sales())
        person = self.person_for(data, seller)
        self.press(
            sell_licenses,
            lambda: self.model.sell(person, seller, owner, numbers),
            seller=account(seller),
            sold_by=user(person),
            owner=account(owner),
            quantities=of(numbers),
        )

    @rule(data=st.data(), numbers=amounts)
    def deploy(self, data, numbers):
        name, owner = self.pair(data, [*self.sales(), *((name, name) for name in self.model.accounts)])
        person = self.person_for(data, name)
        deployment = self.press(
            add_deployment,
            lambda: self.model.deploy(person, name, owner, numbers),
            account=account(name),
            added_by=user(person),
            owner=account(owner),
            name="IVR",
            host_name="ivr",
            quantities=of(numbers),
        )
        if deployment:
            self.deployments.append(deployment.pk)

    @precondition(lambda self: self.deployments)
    @rule(data=st.data(), numbers=amounts)
    def add(self, data, numbers):
        known, deployment = self.a_deployment(data)
        name = self.one(data, self.model.accounts, [known["owner"]])
        person = self.person_for(data, name)
        self.press(
            add_licenses,
            lambda: self.model.add(person, name, known, numbers),
            deployment=deployment,
            account=account(name),
            added_by=user(person),
            quantities=of(numbers),
        )

    @precondition(lambda self: self.deployments)
    @rule(data=st.data())
    def retire(self, data):
        known, deployment = self.a_deployment(data)
        name = self.one(data, self.model.accounts, {known["owner"], known["made_by"], "publisher"})
        person = self.person_for(data, name)
        self.press(
            retire_deployment,
            lambda: self.model.retire(person, name, known),
            deployment=deployment,
            account=account(name),
            retired_by=user(person),
            reason="It moved",
        )

    @rule(data=st.data(), numbers=amounts, is_late=st.sampled_from([False, False, False, True]))
    def recall(self, data, numbers, is_late):
        known, sale = self.an_entry(data, lambda entry: entry["kind"] == "sale" and any(self.model.recallable(entry).values()))
        name = self.one(data, self.model.accounts, [known["giver"]])
        person = self.person_for(data, name)
        with time_machine.travel(sale.posted_at + timedelta(days=31)) if is_late else nullcontext():
            self.press(
                recall_sale,
                lambda: self.model.recall(person, name, known, numbers, is_late=is_late),
                sale=sale,
                seller=account(name),
                recalled_by=user(person),
                quantities=of(numbers),
                reason="By mistake",
            )

    @rule(data=st.data(), numbers=amounts)
    def reverse(self, data, numbers):
        known, entry = self.an_entry(data, lambda entry: entry["kind"] in REVERSIBLE and any(entry["remains"].values()))
        person = self.person_for(data, "publisher")
        self.press(
            reverse_entry,
            lambda: self.model.reverse(person, known, numbers),
            entry=entry,
            publisher=account("publisher"),
            reversed_by=user(person),
            quantities=of(numbers),
            reason="By mistake",
            ticket="T-1",
        )

    @rule(data=st.data(), numbers=amounts, is_up=st.booleans())
    def adjust(self, data, numbers, is_up):
        person, name = self.person_for(data, "publisher"), self.one(data, set(self.model.accounts) - {"publisher"})
        self.press(
            adjust_licenses,
            lambda: self.model.adjust(person, name, numbers, is_up=is_up),
            publisher=account("publisher"),
            adjusted_by=user(person),
            account=account(name),
            is_up=is_up,
            quantities=of(numbers),
            reason="Counted again",
            ticket="T-2",
        )

    @rule(data=st.data(), numbers=amounts)
    def transfer(self, data, numbers):
        receiver, giver = self.pair(data, self.model.links)
        person = self.person_for(data, receiver)
        self.press(
            transfer_licenses,
            lambda: self.model.transfer(person, receiver, giver, numbers),
            receiver=account(receiver),
            transferred_by=user(person),
            giver=account(giver),
            quantities=of(numbers),
        )

    @rule(data=st.data())
    def link(self, data):
        holder, target = self.pair(data, [("harborcu", "metrotransit"), ("northgate", "tideway"), ("tideway", "northgate")])
        person = self.person_for(data, holder)
        prover = "staff" if target == "publisher" else target
        link = self.press(
            link_account,
            lambda: self.model.link(person, holder, target),
            lasts=lambda: self.model.links.get((holder, target)) is known,
            holder=account(holder),
            linked_by=user(person),
            proved_by=user(prover),
        )
        known = self.model.links.get((holder, target)) if link else None

    @precondition(lambda self: self.model.links)
    @rule(data=st.data())
    def unlink(self, data):
        ends = self.one(data, self.model.links)
        name = self.one(data, self.model.accounts, ends)
        person = self.person_for(data, name)
        link = Link.objects.select_related("holder", "target").get(holder__username=ends[0], target__username=ends[1])
        self.press(remove_link, lambda: self.model.unlink(person, name, ends), link=link, removed_by=user(person), acting=account(name))

    @rule(data=st.data(), username=st.sampled_from(NEWCOMERS))
    def open_enduser(self, data, username):
        reseller = self.one(data, self.model.accounts, RESELLERS)
        person = self.person_for(data, reseller)
        self.press(
            create_enduser,
            lambda: self.model.open_enduser(person, reseller, username),
            reseller=account(reseller),
            created_by=user(person),
            username=username,
            company=username.title(),
            email=f"{username}@example.com",
        )

    # ── Forms sent again ──

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data):
        """The first result, whatever has happened since; a link that is gone has none."""
        flow, sent, key, first, lasts = data.draw(st.sampled_from(self.sent))
        seen, result = tried(lambda: flow(**sent, key=key))
        self.compare(f"{flow.__name__}, again", (ACCEPTED, first) if lasts() else ("FormAlreadyUsed", None), (seen, result))

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_edited(self, data):
        flow, sent, key, *_ = data.draw(st.sampled_from(self.sent))
        typed = next((name for name in ("reason", "company") if name in sent), None)
        if "quantities" in sent:
            edited = sent | {"quantities": {product: quantity + 1 for product, quantity in sent["quantities"].items()}}
        elif typed:
            edited = sent | {typed: "Another"}
        else:
            return
        self.compare(f"{flow.__name__}, edited", "FormAlreadyUsed", tried(lambda: flow(**edited, key=key))[0])

    # ── What changes beside the flows ──

    @rule(data=st.data())
    def close_or_open(self, data):
        name = self.one(data, set(self.model.accounts) - {"publisher"})
        closed = self.model.accounts[name]["closed"] = not self.model.accounts[name]["closed"]
        Account.objects.filter(username=name).update(closed_at=timezone.now() if closed else None)

    @rule(data=st.data(), reseller=st.sampled_from(sorted(RESELLERS)))
    def move_an_enduser(self, data, reseller):
        name = self.one(data, [name for name in self.model.accounts if self.model.kind(name) == "enduser"])
        self.model.accounts[name]["reseller"] = reseller
        Account.objects.filter(username=name).update(reseller=account(reseller))

    @rule(data=st.data())
    def change_a_password(self, data):
        name = self.one(data, set(self.model.accounts) - {"publisher"}, {target for _, target in self.model.links})
        self.model.accounts[name]["password"] += 1
        administrator = user(name)
        administrator.set_password(f"battery staple {self.model.accounts[name]['password']}")
        administrator.save()

    @rule(code=st.sampled_from(CODES))
    def retire_or_revive_a_product(self, code):
        self.model.products[code] = not self.model.products[code]
        Product.objects.filter(code=code).update(retired_at=timezone.now() if self.model.products[code] else None)

    @precondition(lambda self: self.deployments)
    @rule(data=st.data())
    def a_month_passes(self, data):
        known, deployment = self.a_deployment(data)
        known["old"] = True
        Deployment.objects.filter(pk=deployment.pk).update(created_at=timezone.now() - timedelta(days=31))

    # ── Past the services ──

    def sales_by_hand(self):
        """Sales that the rules allow, and that leave the seller something."""
        return [(*pair, code) for pair in self.sales() for code in CODES if self.model.holding(pair[0], code)["available"] > 1]

    @precondition(lambda self: self.sales_by_hand())
    @rule(data=st.data())
    def write_honestly(self, data):
        """The control: what stops a forgery is not that it was written by hand."""
        seller, owner, code = self.one(data, self.sales_by_hand())
        ways = [("sale", seller, owner), ("deployment", seller, seller), ("issue", "publisher", owner), ("adjustment", seller, "publisher")]
        ways += [("transfer", seller, receiver) for receiver, giver in self.model.links if giver == seller]
        ways += [("retirement", seller, seller)] if self.model.holding(seller, code)["deployed"] else []
        kind, giver, receiver = data.draw(st.sampled_from(ways))
        writing = honest(self.model, kind, giver, receiver, code, 1)
        self.model.move(kind, giver, receiver, {code: 1})
        self.compare(f"{kind} by hand", ACCEPTED, tried(writing)[0])

    @rule(data=st.data())
    def take_back_honestly(self, data):
        """The control of the walls about recalls and reversals."""
        known, entry = self.an_entry(data, lambda entry: entry["kind"] in REVERSIBLE and any(self.model.recallable(entry).values()))
        codes = [code for code, quantity in self.model.recallable(known).items() if quantity > 0]
        if known["kind"] not in REVERSIBLE or not codes:
            return
        kind = data.draw(st.sampled_from(["reversal", "recall"] if known["kind"] == "sale" else ["reversal"]))
        code, giver, receiver = data.draw(st.sampled_from(codes)), known["receiver"], known["giver"]
        writing = honest(self.model, kind, giver, receiver, code, 1, of=known, reverses=entry.pk)
        self.model.move(kind, giver, receiver, {code: 1}, of=known)
        self.compare(f"{kind} by hand", ACCEPTED, tried(writing)[0])

    @precondition(lambda self: self.sales_by_hand())
    @rule(data=st.data())
    def forge(self, data):
        seller, owner, code = self.one(data, self.sales_by_hand())
        for wall, by, act in forgeries(self.model, seller, owner, code, 1):
            self.compare(wall, by or wall, tried(act, is_undone=True)[0])
