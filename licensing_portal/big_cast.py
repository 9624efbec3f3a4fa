"""Who there is in the big data: accounts, users, products, links, and who sells to whom. The same seed makes the same ones."""

from bisect import bisect
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from random import Random

from django.contrib.auth.hashers import make_password

from accounts.models import Account, Link, User
from licenses.models import Product
from licensing_portal.demo import PASSWORD

LARGEST = "atlas"  # the reseller with half of all endusers
ACCOUNTS_PER_RESELLER = 50
ENDUSERS_PER_LINK = 40
TEAM = 30  # further users of the largest
NEVER_SIGNED_IN = 0.1
HALF = 0.5

COMPANIES = ("Harbor", "Pinecrest", "Summit", "Lakeside", "Granite", "Maple", "Beacon", "Prairie", "Cedar", "Union", "Metro", "Valley")
BRANCHES = ("Credit Union", "Health Network", "Transit", "Insurance", "Utilities", "Senior Living", "Bank", "University", "Airlines", "Telecom")
PRODUCTS = ("Speech Engine", "Text-to-Speech Server", "Call Progress Analysis", "Speech Tuner", "Voice Biometrics", "Dialog Manager")


@dataclass(slots=True)
class Seller:
    """A reseller with its endusers and the products it deals in, by their primary keys."""

    account: int
    user: int
    endusers: list[int] = field(default_factory=list)
    products: list[int] = field(default_factory=list)


@dataclass
class Cast:
    """Everybody, by primary key. The first of the sellers is the largest."""

    publisher: int
    staff: int
    accounts: dict[int, Account]
    user_of: dict[int, int]
    sellers: list[Seller]
    links: list[tuple[int, int]]  # holder, target
    products: list[int]
    weights: list[float]

    def some_seller(self, chance: Random, share_of_largest: float) -> Seller:
        """The largest as often as is said, else one of the others, the larger ones more often."""
        if chance.random() < share_of_largest:
            return self.sellers[0]
        return self.sellers[1 + bisect(self.weights, chance.random() * self.weights[-1])]


def make_cast(chance: Random, *, accounts: int, products: int, since: datetime) -> Cast:
    """Make as many accounts (the publisher not counted) and products, with users and links; nobody has licenses."""
    resellers = max(3, accounts // ACCOUNTS_PER_RESELLER)
    publisher = Account.objects.create(
        username="publisher", company="Clearline Speech Software", email="publisher@example.com", kind=Account.Kind.PUBLISHER, created_at=since
    )
    made = Account.objects.bulk_create([_reseller(chance, number, since) for number in range(resellers)])
    # After the largest come a few with many endusers, and a long row of those with few.
    shares = list(accumulate(1 / (place + 1) ** 1.2 for place in range(resellers - 1)))
    owners = [0 if chance.random() < HALF else 1 + bisect(shares, chance.random() * shares[-1]) for _ in range(accounts - resellers)]
    owners[0] = 0
    endusers = Account.objects.bulk_create([_enduser(chance, number, made[owner], since) for number, owner in enumerate(owners)], batch_size=1000)
    users = _make_users(chance, publisher, [*made, *endusers], since)
    catalogue = Product.objects.bulk_create([_product(number, products) for number in range(products)], batch_size=1000)
    user_of = {user.account_id: user.pk for user in reversed(users)}
    sellers = [Seller(account.pk, user_of[account.pk], products=_assortment(chance, place, catalogue)) for place, account in enumerate(made)]
    for enduser, owner in zip(endusers, owners, strict=True):
        sellers[owner].endusers.append(enduser.pk)
    links = _make_links(chance, made, endusers, {user.account_id: user for user in reversed(users)}, since)
    by_key = {account.pk: account for account in [publisher, *made, *endusers]}
    return Cast(publisher.pk, user_of[publisher.pk], by_key, user_of, sellers, links, [product.pk for product in catalogue], shares)


def _reseller(chance: Random, number: int, since: datetime) -> Account:
    username = LARGEST if number == 0 else f"reseller-{number:04}"
    return Account(username=username, company=_company(chance, number), email=f"{username}@example.com", kind=Account.Kind.RESELLER, created_at=since)


def _enduser(chance: Random, number: int, reseller: Account, since: datetime) -> Account:
    username = f"customer-{number:06}"
    company, email = _company(chance, number), f"{username}@example.com"
    return Account(username=username, company=company, email=email, kind=Account.Kind.ENDUSER, reseller=reseller, created_at=since)


def _company(chance: Random, number: int) -> str:
    return f"{chance.choice(COMPANIES)} {chance.choice(BRANCHES)} {number}"


def _product(number: int, products: int) -> Product:
    digits = len(str(products))
    return Product(code=f"{'ABCDEF'[number % len(PRODUCTS)]}-{number:0{digits}}", name=f"{PRODUCTS[number % len(PRODUCTS)]} {number:0{digits}}")


def _assortment(chance: Random, place: int, catalogue: list[Product]) -> list[int]:
    """The largest deals in everything, the others in a few products each."""
    keys = [product.pk for product in catalogue]
    return keys if place == 0 else chance.sample(keys, min(len(keys), chance.randint(3, 20)))


def _make_users(chance: Random, publisher: Account, customers: list[Account], since: datetime) -> list[User]:
    """One administrator each, who has the account's name; staff; and a team of the largest. One hash does for all of the same password."""
    password = make_password(PASSWORD, salt="the salt of all big data")
    staff = User(
        username="admin", email="admin@people.example.com", account=publisher, role=User.Role.ADMINISTRATOR, is_staff=True, is_superuser=True
    )
    users = [staff, *(_user(account.username, account, User.Role.ADMINISTRATOR) for account in customers)]
    users += [_user(f"{LARGEST}-{number:02}", customers[0], User.Role.MANAGER if number % 2 else User.Role.VIEWER) for number in range(TEAM)]
    for user in users:
        user.password, user.created_at = password, since
        user.last_login = since if chance.random() > NEVER_SIGNED_IN else None
    return User.objects.bulk_create(users, batch_size=1000)


def _user(username: str, account: Account, role: User.Role) -> User:
    return User(username=username, email=f"{username}@people.example.com", account=account, role=role)


def _make_links(
    chance: Random, resellers: list[Account], endusers: list[Account], user_of: dict[int, User], since: datetime
) -> list[tuple[int, int]]:
    """The largest reaches its five next, each of them the one after it, and some endusers another one."""
    pairs = {(resellers[0].pk, target.pk) for target in resellers[1:6]} | {
        (resellers[n].pk, resellers[n + 1].pk) for n in range(1, len(resellers) - 1)
    }
    for _ in range(len(endusers) // ENDUSERS_PER_LINK):
        holder, target = chance.sample(endusers, 2)
        pairs.add((holder.pk, target.pk))
    links = [
        Link(holder_id=holder, target_id=target, linked_by=user_of[holder], proved_by=user_of[target], linked_at=since)
        for holder, target in sorted(pairs)
    ]
    for link in links:
        link.proof = link.proved_by.get_session_auth_hash()
    Link.objects.bulk_create(links, batch_size=1000)
    return [(link.holder_id, link.target_id) for link in links]
