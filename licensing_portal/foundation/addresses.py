"""Where a request comes from: what limits are counted by, and what the security log names."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

IPV6_SUBSCRIBER = 64  # bits: the part that a provider gives a customer, who may choose all the others anew for each try


def address_of(request: HttpRequest) -> str:
    """Return the IP address that a request came from; "" if it has none, as over a socket of this machine.

    X-Forwarded-For is believed only as far as proxies of our own have written it (`TRUSTED_PROXIES`): each adds at its right
    the address that it was called from, and whatever stands left of theirs may be written by anybody.
    """
    written = [part for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part]
    if len(written) >= settings.TRUSTED_PROXIES > 0:
        return _plain(written[-settings.TRUSTED_PROXIES])
    return _plain(request.META.get("REMOTE_ADDR", ""))


def _plain(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip().partition("%")[0]))  # after it comes a zone of ours, or whatever one likes
    except ValueError:
        return ""


def network_of(address: str) -> str:
    """Return what one subscriber cannot change at will: an IPv4 address itself, of an IPv6 address its network."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/{IPV6_SUBSCRIBER}", strict=False))
