from __future__ import annotations

import pytest

from scirehooks.core import Fleet
from scirehooks.core.names import Address, Name, Port, UserName
from scirehooks.errors import ValueFormatError
from scirehooks.values import Json

BAD_NAMES = {
    "empty": "",
    "too long": "a" * 65,
    "an option of ssh": "-oProxyCommand=x",
    "a path upwards": "../x",
    "a path": "a/b",
    "NUL": "a\0b",
    "a newline alone": "\n",
    "a final newline": "a\n",
    "right to left": "web\u202e1",
    "composed": "caf\u00e9",
    "decomposed": "cafe\u0301",
    "capitals": "Web1",
    "a space": "a b",
    "a final dot": "web.",
    "a digit that is none of ours": "web\u0661",
}
BAD_ADDRESSES = {
    "an option": "-x",
    "a command": "host;id",
    "a zone": "fe80::1%eth0",
    "everybody": "255.255.255.255",
    "nobody": "0.0.0.0",
    "many": "224.0.0.1",
    "a number": "022",
    "a hexadecimal number": "0x7f000001",
    "a short address": "127.1",
    "a leading zero": "127.0.0.01",
    "empty": "",
    "a final newline": "host\n",
    "an empty label": "a..b",
    "a long label": "a" * 64,
    "a user": "root@host",
    "brackets": "[::1]",
}


@pytest.mark.parametrize("word", BAD_NAMES.values(), ids=BAD_NAMES)
def test_name_that_could_do_harm_is_refused(fleet: Fleet, word: str) -> None:
    """A name is what a file name, an argument and a word may safely be; the error says the rule."""
    with pytest.raises(ValueFormatError, match=r"expected name, got .* A name is 1 to 64 of"):
        fleet.values.from_word(Name, word, field="name")


@pytest.mark.parametrize("word", ["a", "7", "web-1.example_x", "a" * 64])
def test_name_that_fits_is_taken_as_it_is(fleet: Fleet, word: str) -> None:
    """Names are neither folded nor normalised."""
    assert fleet.values.from_word(Name, word, field="name") == word


@pytest.mark.parametrize("word", BAD_ADDRESSES.values(), ids=BAD_ADDRESSES)
def test_address_that_is_not_of_one_machine_is_refused(fleet: Fleet, word: str) -> None:
    """An address reaches ssh, so nothing but a host name or one machine's address passes."""
    with pytest.raises(ValueFormatError, match=r"address: expected address, got .*\. \S"):
        fleet.values.from_word(Address, word, field="address")


@pytest.mark.parametrize("word", ["web1", "web1.example.org.", "192.0.2.1", "2001:db8::1", "xn--bcher-kva.example"])
def test_address_of_one_machine_is_taken(fleet: Fleet, word: str) -> None:
    """Host names and both kinds of IP address are addresses."""
    assert fleet.values.from_word(Address, word, field="address") == word


@pytest.mark.parametrize("word", ["0", "65536", "022", "-1", "+22", "22\n", "ssh", "", "\u0662\u0662", "99999999999"])
def test_port_out_of_range_or_oddly_written_is_refused(fleet: Fleet, word: str) -> None:
    """A port is a plain decimal number from 1 to 65535."""
    with pytest.raises(ValueFormatError, match="port: expected port"):
        fleet.values.from_word(Port, word, field="port")


@pytest.mark.parametrize("data", [0, 65536, True, 22.5, None, [22]])
def test_port_in_json_is_checked_likewise(fleet: Fleet, data: Json) -> None:
    """What a program answers is held to the same rule as what is typed."""
    with pytest.raises(ValueFormatError):
        fleet.values.from_json(Port, data, field="port")
    assert fleet.values.from_json(Port, 2222, field="port") == 2222


@pytest.mark.parametrize("word", ["-oProxyCommand=x", "root\n", "a b", "", "Root", "a@b"])
def test_user_name_that_could_do_harm_is_refused(fleet: Fleet, word: str) -> None:
    """A user name stands before the address on ssh's command line."""
    with pytest.raises(ValueFormatError):
        fleet.values.from_word(UserName, word, field="user")
