"""An authenticator app, as RFC 6238 has it, written without the library that the portal checks codes with."""

import base64
import hmac
import struct
import time

KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of those whom the factories give a second factor
HALF_MINUTE = 30


def code(later=0, key=KEY):
    """What the app shows now, or so many half minutes later."""
    step = struct.pack(">Q", int(time.time()) // HALF_MINUTE + later)
    digest = hmac.digest(base64.b32decode(key), step, "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
