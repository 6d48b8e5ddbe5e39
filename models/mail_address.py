"""Reading an e-mail address, as mail servers everywhere take it: RFC 5321, without its curiosities.

No quoted or non-ASCII names before the @, no IP addresses behind it; a domain in another script is carried as IDNA does.
"""

import re

LONGEST = 254
"""Octets: what fits the path of RFC 5321, 4.5.3.1.3 without its brackets."""
_LONGEST_LOCAL = 64

_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TOP = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]+")
_AROUND = re.compile(r"^(?:mailto:)?[<\s]*|[>\s]*$", re.IGNORECASE)


def parse_address(text: str) -> str | None:
    """The address in lower case and ASCII; None where this is none."""
    local, at, domain = _AROUND.sub("", text).lower().rpartition("@")
    if not at or len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        return None
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    *labels, top = domain.split(".")
    if not labels or not all(map(_LABEL.fullmatch, labels)) or not _TOP.fullmatch(top):
        return None
    address = f"{local}@{domain}"
    return address if len(address) <= LONGEST else None
