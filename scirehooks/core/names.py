r"""The words of the fleet: names, addresses, ports, and what may be written for them.

A name becomes a file name, an argument of ssh and a word of the shell, so what it may be is said once, here, by
patterns that end in \Z: `$` would also match before a final newline, and let `web1\n` pass for `web1`.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Literal, NewType

from scirehooks.errors import UsageError
from scirehooks.values import Id

__all__ = [
    "Address",
    "ClientName",
    "JobName",
    "Name",
    "Port",
    "RunId",
    "ScriptName",
    "Target",
    "TransportName",
    "UserName",
    "address",
    "check_address",
    "name",
    "port",
    "user_name",
]

Name = NewType("Name", str)  # of something that is to be made
ClientName = NewType("ClientName", Name)  # of something that is there: completion offers those
ScriptName = NewType("ScriptName", Name)
JobName = NewType("JobName", Name)
RunId = NewType("RunId", Id)
Address = NewType("Address", str)
Port = NewType("Port", int)
UserName = NewType("UserName", str)
Target = NewType("Target", str)  # `client:7`; a group will be `group:3`, so that a job need not know which it has
TransportName = Literal["local", "ssh"]

_NAME = re.compile(r"\A[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?\Z")
_LABEL = re.compile(r"\A[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
_NUMBER = re.compile(r"\A(?:0[xX][0-9a-fA-F]*|[0-9]+)\Z")
_PORT = re.compile(r"\A[1-9][0-9]{0,4}\Z")
_USER = re.compile(r"\A[a-z_][a-z0-9._-]{0,31}\Z")


def name(word: str) -> Name:
    r"""Return WORD as a name, or raise ValueError with the rule.

    Example:
        >>> name("web-1.example")
        'web-1.example'
        >>> name("web1\n")
        Traceback (most recent call last):
        ValueError: A name is 1 to 64 of a-z, 0-9, "." "_" "-", and begins and ends with a letter or digit.
    """
    if not _NAME.match(word):
        raise ValueError('A name is 1 to 64 of a-z, 0-9, "." "_" "-", and begins and ends with a letter or digit.')
    return Name(word)


def address(word: str) -> Address:
    """Return WORD as a host name or an IP address of one machine, or raise ValueError saying what is wrong.

    Source: RFC 1123 2.1 for host names; a last label that is a number makes an IPv4 address (URL standard), since
    the C library reads `022` as 0.0.0.18.

    Example:
        >>> address("2001:db8::7")
        '2001:db8::7'
        >>> address("022")
        Traceback (most recent call last):
        ValueError: It ends in a number, but is no IPv4 address.
    """
    labels = word.removesuffix(".").split(".")
    if ":" in word:
        if "%" in word:
            raise ValueError("An address with a zone means something else on every machine; write it without.")
        return _machine(word)
    if _NUMBER.match(labels[-1]):
        try:
            return _machine(word)
        except ipaddress.AddressValueError:
            raise ValueError("It ends in a number, but is no IPv4 address.") from None
    if len(word) > 253 or not all(_LABEL.match(label) for label in labels):
        raise ValueError("A host name is labels of letters, digits and inner hyphens, between dots.")
    return Address(word)


def check_address(word: str, *, of: str) -> None:
    """Raise UsageError if WORD cannot be the address of the client OF."""
    try:
        address(word)
    except ValueError as error:
        raise UsageError(f"The client {of} cannot be reached at {word!r}: {error}", "Give its --address.") from None


def _machine(word: str) -> Address:
    known = ipaddress.IPv6Address(word) if ":" in word else ipaddress.IPv4Address(word)
    if known.is_multicast or known.is_unspecified or known == ipaddress.IPv4Address("255.255.255.255"):
        raise ValueError("It is not the address of one machine.")
    return Address(str(known))


def port(word: str | int) -> Port:
    """Return WORD as a TCP port; a leading zero is refused, since some read `022` as eighteen.

    Example:
        >>> port("22"), port(65535)
        (22, 65535)
        >>> port("022")
        Traceback (most recent call last):
        ValueError: A port is a number from 1 to 65535, without leading zeros.
    """
    if isinstance(word, bool) or not _PORT.match(str(word)) or int(word) > 65535:
        raise ValueError("A port is a number from 1 to 65535, without leading zeros.")
    return Port(int(word))


def user_name(word: str) -> UserName:
    """Return WORD as the name of a user on a client.

    Example:
        >>> user_name("-oProxyCommand=x")
        Traceback (most recent call last):
        ValueError: A user name is up to 32 of a-z, 0-9, "." "_" "-", and begins with a letter or "_".
    """
    if not _USER.match(word):
        raise ValueError('A user name is up to 32 of a-z, 0-9, "." "_" "-", and begins with a letter or "_".')
    return UserName(word)
