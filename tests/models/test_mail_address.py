"""Reading e-mail addresses: what mail servers everywhere take, in one form, and nothing else."""

import re
from email.headerregistry import Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.mail_address import LONGEST, parse_address


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("huda@example.org", "huda@example.org"),
        (" Huda.K+tasks@Mail.Example.ORG \n", "huda.k+tasks@mail.example.org"),
        ("<huda@example.org>", "huda@example.org"),
        ("mailto:huda@example.org", "huda@example.org"),
        ("huda@مثال.example", "huda@xn--mgbh0fb.example"),
        ("huda@bücher.de", "huda@xn--bcher-kva.de"),
        ("o'neill_%@example.co", "o'neill_%@example.co"),
    ],
)
def test_addresses(typed: str, address: str) -> None:
    assert parse_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        "", "huda", "huda@", "@example.org", "huda@example", "huda@@example.org", "a@b@example.org", "hu da@example.org",
        ".huda@example.org", "huda.@example.org", "hu..da@example.org", "huda@.org", "huda@example..org", "huda@-x.org",
        "huda@x-.org", "huda@127.0.0.1", "huda@[127.0.0.1]", '"hu da"@example.org', "هدى@example.org",
        "huda@example.org, x@y.org",        "huda@example.org\r\nBcc: all@example.org", "huda@example.org\x00",
        "a" * 65 + "@example.org",
        "a@" + "b" * 64 + ".org", "a@" + "b." * 130 + "org", "huda@example.org>x",
    ],
)  # fmt: skip
def test_what_is_none(typed: str) -> None:
    assert parse_address(typed) is None


@given(st.text(max_size=80) | st.from_regex(r"[^@\n]{0,70}@[^@]{0,80}\.[a-z]{1,5}"))
def test_whatever_is_typed_becomes_a_plain_address_or_none(typed: str) -> None:
    address = parse_address(typed)
    if address is None:
        return
    assert re.fullmatch(r"[!-?A-~]+@[a-z0-9.-]+", address)
    assert len(address) <= LONGEST
    assert parse_address(address) == address
    local, _, domain = address.rpartition("@")
    assert Address(username=local, domain=domain).addr_spec == address
