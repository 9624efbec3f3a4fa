"""Three resellers, each with a western office that it is linked with both ways, and with three endusers; all have more to move than they can."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.factories.accounts import EnduserFactory, LinkFactory, ResellerFactory, UserFactory
from tests.factories.licenses import give

PRODUCTS = ["ASR", "CPA", "TTS"]
MILLIONS = 5  # of each product, for each reseller and each office


@dataclass(frozen=True)
class Account:
    """What somebody who is signed in knows: whom one may sell to, and whom one may pull from."""

    username: str
    endusers: tuple[str, ...] = ()
    linked: str = ""


@dataclass(frozen=True)
class Reseller:
    username: str

    @property
    def office(self) -> str:
        return f"{self.username}-west"

    @property
    def endusers(self) -> tuple[str, ...]:
        return tuple(f"{self.username}-{n}" for n in range(3))

    @property
    def accounts(self) -> Iterator[Account]:
        yield Account(self.username, endusers=self.endusers, linked=self.office)
        yield Account(self.office, linked=self.username)
        yield Account(self.endusers[0])


RESELLERS = [Reseller("northgate"), Reseller("tideway"), Reseller("eastport")]


def make_world() -> None:
    for reseller in RESELLERS:
        head, office = (UserFactory(account=ResellerFactory(username=username)).account for username in (reseller.username, reseller.office))
        LinkFactory(holder=head, target=office)
        LinkFactory(holder=office, target=head)
        for username in reseller.endusers:
            UserFactory(account=EnduserFactory(username=username, reseller=head))
        for account in (head, office):
            for _ in range(MILLIONS):
                give(account, **dict.fromkeys(PRODUCTS, 1_000_000))
