"""The rules as a dictionary would keep them: what any press must come to, worked out without the portal or its database.

Every act either raises No with the name of the refusal, having changed nothing, or changes these dictionaries.
"""

from collections import Counter
from dataclasses import dataclass, field

LARGEST = 1_000_000

# Where a kind takes licenses from, and where it puts them.
TAKEN_FROM = {"retirement": "deployed"}
PUT_INTO = {"deployment": "deployed"}

REVERSIBLE = {"issue", "sale", "transfer", "recall", "adjustment"}


def seller_of(kind, giver, receiver, of=None):
    """Whose `sold` an entry changes, by as much as its available the other way round."""
    first = of["kind"] if kind == "reversal" else kind
    return {("sale", "sale"): giver, ("recall", "recall"): receiver, ("reversal", "sale"): receiver, ("reversal", "recall"): giver}.get((kind, first))


class No(Exception):
    """The refusal that the portal has to give, by its name."""


@dataclass
class Model:
    accounts: dict = field(default_factory=dict)  # username: kind, reseller, closed, password (how often it was changed)
    users: dict = field(default_factory=dict)  # username: account, role
    products: dict = field(default_factory=dict)  # code: whether it is retired
    holdings: dict = field(default_factory=dict)  # (username, code): {available, deployed, sold}
    links: dict = field(default_factory=dict)  # (holder, target): {proof: the target's password when it was made}
    deployments: list = field(default_factory=list)  # {owner, made_by, lines, retired, old}
    entries: list = field(default_factory=list)  # {kind, giver, receiver, remains, of, deployment}, in the order of the journal
    counts: Counter = field(default_factory=Counter)  # entries, notices, accounts that were opened

    # ── What is so ──

    def holding(self, account, code):
        return self.holdings.setdefault((account, code), {"available": 0, "deployed": 0, "sold": 0})

    def kind(self, account):
        return self.accounts[account]["kind"]

    def may_be_sold_to(self, seller, owner):
        return self.accounts[owner]["reseller"] == seller and not self.accounts[owner]["closed"]

    def is_proven(self, holder, target):
        link = self.links.get((holder, target))
        return bool(link) and link["proof"] == self.accounts[target]["password"] and not self.accounts[target]["closed"]

    # ── Rights ──

    def may_move(self, person, account):
        return self.users[person]["role"] != "viewer" and self.kind(account) != "publisher"

    def may_sell(self, person, account):
        return self.kind(account) == "reseller" and self.may_move(person, account)

    def may_administer(self, person, account):
        user = self.users[person]
        return user["role"] == "administrator" and user["account"] == account and self.kind(account) != "publisher"

    def is_staff_at_work(self, person, account):
        return person == "staff" and self.kind(account) == "publisher"

    def require(self, right, person, account):
        own = self.users[person]["account"]
        if self.accounts[account]["closed"] or not (own == account or self.is_proven(own, account)) or not right(person, account):
            raise No("NotAllowed")

    # ── Moving licenses ──

    def move(self, kind, giver, receiver, amounts, of=None):
        """Check and post, as an entry of the journal does; what takes back says of which entry."""
        amounts = {code: quantity for code, quantity in amounts.items() if quantity}
        source = TAKEN_FROM.get(kind, "available")
        if not amounts:
            raise No("NothingEntered")
        if kind != "retirement" and any(not 0 < quantity <= LARGEST for quantity in amounts.values()):
            raise No("ValueError")
        if self.kind(giver) != "publisher" and any(self.holding(giver, code)[source] < quantity for code, quantity in amounts.items()):
            raise No("InsufficientLicenses")
        for code, quantity in amounts.items():
            self.holding(giver, code)[source] -= quantity
            self.holding(receiver, code)[PUT_INTO.get(kind, "available")] += quantity
            if seller := seller_of(kind, giver, receiver, of):
                self.holding(seller, code)["sold"] += quantity if seller == giver else -quantity
            if of:
                of["remains"][code] -= quantity
                if kind == "reversal" and of["kind"] == "recall":
                    of["of"]["remains"][code] += quantity
        self.counts["entries"] += 1
        self.entries.append({"kind": kind, "giver": giver, "receiver": receiver, "remains": dict(amounts), "of": of, "deployment": None})

    def issue(self, person, account, amounts):
        self.require(self.is_staff_at_work, person, "publisher")
        if self.accounts[account]["closed"]:
            raise No("AccountClosed")
        if any(quantity and self.products[code] for code, quantity in amounts.items()):
            raise No("ProductRetired")
        self.move("issue", "publisher", account, amounts)
        self.counts["notices"] += 1

    def sell(self, person, seller, owner, amounts):
        self.require(self.may_sell, person, seller)
        if not self.may_be_sold_to(seller, owner):
            raise No("NotYourEnduser")
        self.move("sale", seller, owner, amounts)
        self.counts["notices"] += 1

    def recallable(self, sale):
        return {code: min(quantity, self.holding(sale["receiver"], code)["available"]) for code, quantity in sale["remains"].items()}

    def recall(self, person, account, sale, amounts, *, is_late):
        self.require(self.may_sell, person, account)
        if sale["kind"] != "sale" or sale["giver"] != account or self.accounts[sale["receiver"]]["reseller"] != account:
            raise No("NotYourSale")
        if is_late:
            raise No("TooLateToRecall")
        if sale["deployment"] and not sale["deployment"]["retired"]:
            raise No("DeploymentNotRetired")
        possible = self.recallable(sale)
        if not any(possible.values()):
            raise No("NothingToRecall")
        if any(quantity > possible.get(code, 0) for code, quantity in amounts.items()):
            raise No("MoreThanCanBeRecalled")
        self.move("recall", sale["receiver"], account, amounts, of=sale)
        self.counts["notices"] += 2

    def refuse_below_zero(self, giver, amounts):
        if self.kind(giver) != "publisher" and any(quantity > self.holding(giver, code)["available"] for code, quantity in amounts.items()):
            raise No("InsufficientLicenses")

    def reverse(self, person, entry, amounts):
        self.require(self.is_staff_at_work, person, "publisher")
        if entry["kind"] not in REVERSIBLE:
            raise No("CannotBeReversed")
        if any(quantity > entry["remains"].get(code, 0) for code, quantity in amounts.items()):
            raise No("MoreThanRemains")
        self.refuse_below_zero(entry["receiver"], amounts)
        self.move("reversal", entry["receiver"], entry["giver"], amounts, of=entry)
        self.counts["notices"] += sum(self.kind(entry[side]) != "publisher" for side in ("giver", "receiver"))

    def adjust(self, person, account, amounts, *, is_up):
        self.require(self.is_staff_at_work, person, "publisher")
        if is_up and self.accounts[account]["closed"]:
            raise No("AccountClosed")
        giver, receiver = ("publisher", account) if is_up else (account, "publisher")
        self.refuse_below_zero(giver, amounts)
        self.move("adjustment", giver, receiver, amounts)
        self.counts["notices"] += 1

    def deploy(self, person, account, owner, amounts):
        self.require(self.may_move, person, account)
        if owner != account:
            self.sell(person, account, owner, amounts)
        sale = self.entries[-1] if owner != account else {}
        self.move("deployment", owner, owner, amounts)
        lines = {code: quantity for code, quantity in amounts.items() if quantity}
        self.deployments.append({"owner": owner, "made_by": account, "lines": lines, "retired": False, "old": False})
        sale["deployment"] = self.deployments[-1]

    def add(self, person, account, deployment, amounts):
        self.require(self.may_move, person, account)
        if deployment["owner"] != account:
            raise No("NotYourDeployment")
        if deployment["retired"]:
            raise No("DeploymentRetired")
        self.move("deployment", account, account, amounts)
        for code, quantity in amounts.items():
            if quantity:
                deployment["lines"][code] = deployment["lines"].get(code, 0) + quantity

    def retire(self, person, account, deployment):
        self.require(lambda *who: self.may_move(*who) or self.is_staff_at_work(*who), person, account)
        owner = deployment["owner"]
        if account not in {owner, deployment["made_by"], "publisher"}:
            raise No("NotYourDeployment")
        if deployment["retired"]:
            raise No("DeploymentRetired")
        if account not in {owner, "publisher"} and deployment["old"]:
            raise No("TooLateToRetire")
        self.move("retirement", owner, owner, deployment["lines"])
        deployment["retired"] = True
        self.counts["notices"] += account != owner

    def transfer(self, person, receiver, giver, amounts):
        self.require(self.may_move, person, receiver)
        own = self.users[person]["account"]
        if not self.is_proven(receiver, giver) or own not in {receiver, giver}:
            raise No("NotLinked")
        self.move("transfer", giver, receiver, amounts)
        self.counts["notices"] += 2

    # ── Accounts and links ──

    def open_enduser(self, person, reseller, username):
        self.require(lambda who, account: self.kind(account) == "reseller" and self.may_administer(who, account), person, reseller)
        if username in self.accounts or username in self.users:
            raise No("UsernameTaken")
        self.accounts[username] = {"kind": "enduser", "reseller": reseller, "closed": False, "password": 0}
        self.users[username] = {"account": username, "role": "administrator"}
        self.counts.update(notices=1)

    def link(self, person, holder, target):
        self.require(self.may_administer, person, holder)
        if holder == target or self.kind(target) == "publisher" or self.accounts[target]["closed"] or self.is_proven(holder, target):
            raise No("CannotLink")
        if (holder, target) in self.links:
            self.links[holder, target]["proof"] = self.accounts[target]["password"]
            return
        self.links[holder, target] = {"proof": self.accounts[target]["password"]}
        self.counts["notices"] += 1

    def unlink(self, person, account, link):
        self.require(self.may_administer, person, account)
        if account not in link:
            raise No("NotAllowed")
        del self.links[link]
        self.counts["notices"] += 2
