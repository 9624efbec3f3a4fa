"""What the lists of pictures are written with: a row, who appears in it, and what is typed."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tests.screenshots.camera import Picture
from tests.screenshots.portal import Portal
from tests.screenshots.steps import Step

REFUSED = "There is a problem"

HEADER = "Username,Company,Email"
FILE = f"""{HEADER}
meridiancu,Meridian Credit Union,ivr@meridiancu.example.com
bluepeak,Bluepeak Insurance,it@bluepeak
,City of Elmford,311@elmford.example.com
harborcu,Harbor Credit Union,harborcu@example.com
stmarys,St. Mary's Clinics,stmarys@example.com
oakridge-east,Oakridge Insurance Group East,east@oakridge.example.com
"""
OLD_FILE = "User name,Company,e-mail\nmeridiancu,Meridian Credit Union,ivr@meridiancu.example.com\n"

FULL, LITE, TTS = (f"Qty, {name}" for name in ("Speech Engine (ASR) Full", "Speech Engine (ASR) Lite", "Text-to-Speech Server"))
SALE = {"Owner": "harborcu", FULL: "12", TTS: "12", "Your reference": "PO-4711"}
DEPLOYMENT = {"Name": "NVS-LAB-2", "Host name": "nvs-lab-2.northgate.example.com", FULL: "4", LITE: "20"}
OAKRIDGE = {"Username": "oakridge", "Company": "Oakridge Insurance Group", "Email": "oakridge@example.com"}
CHOSEN = {"Password": "a few words in a row"}
SAM_RIVERA = {"Name": "Sam Rivera", "Time zone": "Los Angeles"}
SAM_AT_STMARYS, BOOKS = "sam@stmarys.example.com", "books@stmarys.example.com"
SAM = {"Username": "sam", "Email": "sam@northgate.example.com"}
WRONG = "a wrong password"
DEMO = "licensing-demo"


def picture(name: str, who: str, address: Any, *steps: Step, **how: Any) -> Picture:
    return Picture(name, who, address, steps, **how)


def password_link(username: str) -> Callable[[Portal], str]:
    return lambda portal: portal.link_in_letter(f"{username}@example.com", "/password/reset/key/")


def invitation(portal: Portal) -> str:
    return portal.link_in_letter("oakridge@example.com", "/invitation/")


def invitation_of_sam(portal: Portal) -> str:
    return portal.link_in_letter("sam@northgate.example.com", "/invitation/")


def link_to(address: str, path: str) -> Callable[[Portal], str]:
    return lambda portal: portal.link_in_letter(address, path)


def letter(subject: str) -> Callable[[Portal], str]:
    return lambda portal: portal.letter_to_look_at(subject)


def license_file(deployment: str, serial: int) -> Callable[[Portal], str]:
    """The page that verifies license files, with the text of one behind the #."""
    return lambda portal: f"/verify/#{quote(portal.license_file(deployment, serial))}"


def with_many_products(address: str) -> Callable[[Portal], str]:
    """The address, once northgate has 120 products more."""

    def opened(portal: Portal) -> str:
        portal.give_many_products("northgate")
        return address

    return opened
