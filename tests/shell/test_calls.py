import functools
from collections.abc import Callable
from typing import Any

import pytest

from scirehooks.hooks import Runtime
from scirehooks.shell import Host
from scirehooks.shell.completing.calls import Signature, signature_of_call


def pay(
    order: int, /, note: str = "none", *more: int, quickly: bool = False, by: object = object(), **rest: int
) -> None:
    """Pay ORDER.

    At once.
    """


@functools.wraps(pay)
def wrapped(*arguments: Any) -> None:
    """Stand before `pay`."""


class Shop:
    """Sells things."""

    def __init__(self, name: str, size: tuple[int, ...] = ()) -> None:
        """Open it."""

    def sell(self, thing: str, *, price: int) -> None:
        """Sell THING."""

    @classmethod
    def of(cls, owner: str) -> None:
        """Make the one of OWNER."""

    @staticmethod
    def tax(amount: int) -> None:
        """Tell the tax."""

    def alone(self, /) -> None:
        """Take nothing."""


NAMES = {
    "pay": pay,
    "wrapped": wrapped,
    "Shop": Shop,
    "shop": Shop("x"),
    "partial": functools.partial(pay, 1),
    "sell": Shop("x").sell,
}
PAY = "order, /, note='none', *more, quickly=False, by=…, **rest"


@pytest.mark.parametrize(
    ("text", "usage", "doc"),
    [
        ("pay(", f"pay({PAY})", "Pay ORDER."),
        ("x = [pay(1, ", f"pay({PAY})", "Pay ORDER."),
        ("wrapped(", f"wrapped({PAY})", "Pay ORDER."),
        ("pay(shop.sell('(', ", "shop.sell(thing, *, price)", "Sell THING."),
        ("pay(shop.sell('('), ", f"pay({PAY})", "Pay ORDER."),
        ("pay([1, {2: (", f"pay({PAY})", "Pay ORDER."),
        ("sell(", "sell(thing, *, price)", "Sell THING."),
        ("Shop.sell(", "Shop.sell(self, thing, *, price)", "Sell THING."),
        ("Shop(", "Shop(name, size=())", "Sells things."),
        ("Shop.of(", "Shop.of(owner)", "Make the one of OWNER."),
        ("shop.of(", "shop.of(owner)", "Make the one of OWNER."),
        ("shop.tax(", "shop.tax(amount)", "Tell the tax."),
        ("shop.alone(", "shop.alone()", "Take nothing."),
        ("len(", "len(obj, /)", "Return the number of items in a container."),
        ("str.join(", "str.join(iterable, /)", "Concatenate any number of strings."),
        ("list(", "list(iterable=(), /)", "Built-in mutable sequence."),
        ("print('''(", "", ""),
        ("partial(", "", ""),
        ("nothing(", "", ""),
        ("nothing.at.all(", "", ""),
        ("pay(1)", "", ""),
        ("pay", "", ""),
        ("x.y().pay(", "", ""),
        ("def pay(", "", ""),
        ("# pay(", "", ""),
        ("", "", ""),
    ],
)
def test_signature_of_call_tells_what_is_wanted_there(text: str, usage: str, doc: str) -> None:
    """The innermost open call counts; strings and comments do not."""
    found = signature_of_call(text, NAMES)
    if text == "print('''(":
        assert found.usage.startswith("print(")
        return
    assert found == Signature(usage, doc)


def test_signature_of_a_hook_is_its_payload(host: Host) -> None:
    """A hook can be called, too."""
    assert host.signature("order_paid_hook(") == ("order_paid_hook(order, note)", "Fires after ORDER has been paid.")


def test_signature_of_a_command_line_is_its_usage(host: Host, say: Callable[[str], str], runtime: Runtime) -> None:
    """With the first line of its documentation; a line of Python has none of that."""
    found = host.signature("set-option x")
    assert found.usage.startswith("set-option ")
    assert found.doc == runtime.commands["set-option"].summary
    assert host.signature("x = 3") == ("", "")
    say("def f(a, b=2):\n    'Add.'\n")
    assert host.signature("f(1, ") == ("f(a, b=2)", "Add.")
