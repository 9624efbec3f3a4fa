"""The demo tells one story, and its numbers add up (rules.md §5). It is told through the services, like any other day."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.db import transaction

from accounts.links.services import link_account
from accounts.models import Account, Invitation, User
from accounts.services import accept_invitation, create_enduser, create_reseller
from deployments.models import Deployment
from deployments.server_files import Upload
from deployments.services import add_deployment, add_licenses, download_license_file, replace_server, upload_server_file
from licenses.models import JournalEntry, Product
from licenses.services import issue_licenses, recall_sale, sell_licenses
from licensing_portal.foundation.submissions import fresh_key
from transfers.services import transfer_licenses

PASSWORD = "licensing-demo"  # noqa: S105 - printed at every start of the demo

PRODUCTS = {
    "ASR-FULL": "Speech Engine (ASR) Full",
    "ASR-LITE": "Speech Engine (ASR) Lite",
    "TTS": "Text-to-Speech Server",
    "CPA": "Call Progress Analysis",
    "TUNER": "Speech Tuner",
}
RESELLERS = {
    "northgate": "Northgate Voice Systems",
    "northgate-west": "Northgate Voice Systems West",
    "tideway": "Tideway Contact Solutions",
}
ENDUSERS = {
    "harborcu": ("northgate", "Harbor Credit Union"),
    "harborcu-tw": ("tideway", "Harbor Credit Union"),
    "stmarys": ("northgate", "St. Mary's Health Network"),
    "metrotransit": ("tideway", "Metro Transit Info Line"),
    "pinecrest": ("northgate", "Pinecrest Senior Living"),
}
LINKS = {"northgate": "northgate-west", "harborcu": "harborcu-tw"}


@dataclass
class Story:
    """The cast of the demo and its twelve events, to be told one after the other; and what happens around them and moves no license.

    That is a sale that was a mistake, and the server files of two deployments; all others wait for theirs.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)

    def set_the_scene(self) -> None:
        """Open all accounts and links; nobody has licenses yet."""
        staff = User.objects.create_superuser("admin", "admin@example.com", PASSWORD)
        self.accounts["publisher"] = staff.account
        Account.objects.filter(pk=staff.account_id).update(company="Clearline Speech Software", email="publisher@example.com")
        staff.account.refresh_from_db()
        self.products = {code: Product.objects.create(code=code, name=name) for code, name in PRODUCTS.items()}
        for username, company in RESELLERS.items():
            self._open(create_reseller(created_by=staff, **_names(username, company), key=fresh_key()))
        for username, (reseller, company) in ENDUSERS.items():
            owner = self.accounts[reseller]
            self._open(create_enduser(reseller=owner, created_by=self.user(reseller), **_names(username, company), key=fresh_key()))
        for holder, target in LINKS.items():
            link_account(holder=self.accounts[holder], linked_by=self.user(holder), proved_by=self.user(target), key=fresh_key())

    def events(self) -> list[Callable[[], object]]:
        """The twelve events, in order."""
        return [
            lambda: self._issue("northgate", {"ASR-FULL": 120, "ASR-LITE": 60, "TTS": 120, "CPA": 48, "TUNER": 4}),
            lambda: self._issue("tideway", {"ASR-FULL": 48, "TTS": 48, "CPA": 120, "TUNER": 2}),
            lambda: self._issue("northgate-west", {"ASR-LITE": 24, "TTS": 10}),
            lambda: self._sell("northgate", "harborcu", {"ASR-FULL": 24, "TTS": 24}),
            lambda: self._deploy("harborcu", "harborcu", "HCU-IVR-01", {"ASR-FULL": 24, "TTS": 12}),
            lambda: self._deploy("northgate", "stmarys", "SMH-PROD-A", {"ASR-FULL": 48, "TTS": 48, "CPA": 24}),
            lambda: self._sell("tideway", "harborcu-tw", {"ASR-FULL": 10, "TTS": 10}),
            lambda: self._transfer("harborcu-tw", "harborcu", {"ASR-FULL": 10, "TTS": 6}),
            lambda: self._transfer("northgate-west", "northgate", {"ASR-LITE": 24}),
            lambda: self._deploy("tideway", "metrotransit", "MTI-OUTBOUND-1", {"CPA": 96, "ASR-FULL": 23}),
            lambda: self._deploy("northgate", "northgate", "NVS-LAB", {"ASR-FULL": 4, "ASR-LITE": 4, "TTS": 4, "TUNER": 1}),
            lambda: self._add_licenses("harborcu", "HCU-IVR-01", {"ASR-FULL": 10}),
        ]

    def mistake(self) -> None:
        """Sell once too often and recall all of it, so that there is a recall to look at; no number of the story changes (C10)."""
        sale = self._sell("northgate", "stmarys", {"ASR-FULL": 6, "TTS": 6})
        seller = self.accounts["northgate"]
        recall_sale(
            sale=sale,
            seller=seller,
            recalled_by=self.user("northgate"),
            quantities=self.quantities({"ASR-FULL": 6, "TTS": 6}),
            reason="Ordered twice: the licenses of SMH-PROD-A were meant.",
            key=fresh_key(),
        )

    def servers(self) -> None:
        """Put HCU-IVR-01 to work, and SMH-PROD-A on a second server after its first one died (C6, C8)."""
        hcu, smh = self._deployment("harborcu", "HCU-IVR-01"), self._deployment("stmarys", "SMH-PROD-A")
        for deployment in (hcu, smh):
            person = self.user(deployment.owner.username)
            upload_server_file(
                deployment=deployment, account=deployment.owner, uploaded_by=person, server_file=_info_bts(deployment.host_name), key=fresh_key()
            )
            download_license_file(deployment=deployment, account=deployment.owner, downloaded_by=person, key=fresh_key())
        replace_server(
            deployment=smh,
            account=smh.owner,
            replaced_by=self.user("stmarys"),
            server_file=_info_bts("smh-prod-b.stmarys.example.com"),
            reason="The mainboard of smh-prod-a died.",
            key=fresh_key(),
        )

    def user(self, username: str) -> User:
        """The administrator of an account, who has the account's name."""
        return User.objects.select_related("account").get(username=username)

    def quantities(self, by_code: Mapping[str, int]) -> dict[Product, int]:
        return {self.products[code]: quantity for code, quantity in by_code.items()}

    def _open(self, account: Account) -> None:
        accept_invitation(invitation=Invitation.objects.get(user__account=account), password=PASSWORD)
        self.accounts[account.username] = account

    def _issue(self, account: str, by_code: Mapping[str, int]) -> object:
        return issue_licenses(
            publisher=self.accounts["publisher"],
            issued_by=self.user("admin"),
            account=self.accounts[account],
            quantities=self.quantities(by_code),
            key=fresh_key(),
        )

    def _sell(self, seller: str, owner: str, by_code: Mapping[str, int]) -> JournalEntry:
        return sell_licenses(
            seller=self.accounts[seller],
            sold_by=self.user(seller),
            owner=self.accounts[owner],
            quantities=self.quantities(by_code),
            key=fresh_key(),
        )

    def _deploy(self, account: str, owner: str, name: str, by_code: Mapping[str, int]) -> object:
        return add_deployment(
            account=self.accounts[account],
            added_by=self.user(account),
            owner=self.accounts[owner],
            name=name,
            host_name=f"{name.lower()}.{owner}.example.com",
            quantities=self.quantities(by_code),
            key=fresh_key(),
        )

    def _transfer(self, giver: str, receiver: str, by_code: Mapping[str, int]) -> object:
        return transfer_licenses(
            receiver=self.accounts[receiver],
            transferred_by=self.user(receiver),
            giver=self.accounts[giver],
            quantities=self.quantities(by_code),
            key=fresh_key(),
        )

    def _deployment(self, owner: str, name: str) -> Deployment:
        return Deployment.objects.select_related("owner").get(owner=self.accounts[owner], name=name)

    def _add_licenses(self, owner: str, name: str, by_code: Mapping[str, int]) -> object:
        return add_licenses(
            deployment=self._deployment(owner, name),
            account=self.accounts[owner],
            added_by=self.user(owner),
            quantities=self.quantities(by_code),
            key=fresh_key(),
        )


def _info_bts(host_name: str) -> Upload:
    """A server file as a license server might write it; its bytes mean nothing to the portal."""
    return Upload("info.bts", b"BTS\x01" + hashlib.sha256(host_name.encode()).digest() * 8)


def _names(username: str, company: str) -> dict[str, str]:
    return {"username": username, "company": company, "email": f"{username}@example.com"}


@transaction.atomic
def load() -> bool:
    """Load the demo, whole, unless it is loaded; return whether it was."""
    if Account.objects.exists():
        return False
    story = Story()
    story.set_the_scene()
    for tell in story.events():
        tell()
    story.mistake()
    story.servers()
    return True
