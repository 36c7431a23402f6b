from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scirehooks.hooks import Runtime
from scirehooks.shell import Completer, Host, Renderer, Session, furnish
from scirehooks.values import Values


@pytest.fixture
def completer(session: Session) -> Completer:
    """Completion in a session with two functions in a hook."""
    for line in (
        'def audit(order):\n    "Write ORDER down."\n',
        "add-hook order-paid-hook audit",
        "add-hook order-paid-hook later --depth 5",
    ):
        session.evaluate(line)
    return Completer(session)


def words(completer: Completer, text: str) -> list[str]:
    """Return the whole lines that completion offers for TEXT."""
    found = completer.complete(text)
    return [text[: found.start] + each.word for each in found.candidates]


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("describe-h", ["describe-hook"]),
        (":describe-h", [":describe-hook"]),
        ("describe-hook order", ["describe-hook order-paid-hook"]),
        ("describe-hook 'order", ["describe-hook order-paid-hook"]),
        ("remove-hook order-paid-hook ", ["remove-hook order-paid-hook audit", "remove-hook order-paid-hook later"]),
        ("remove-hook order-paid-hook a", ["remove-hook order-paid-hook audit"]),
        ("add-hook order-paid-hook au", ["add-hook order-paid-hook audit"]),
        ("add-hook order-paid-hook x --dep", ["add-hook order-paid-hook x --depth"]),
        ("fire order-paid-hook ", ["fire order-paid-hook order=", "fire order-paid-hook note="]),
        ("fire order-paid-hook no", ["fire order-paid-hook note="]),
        ("add_h", ["add_hook"]),
        ("x = aud", ["x = audit"]),
        ("add_hook('order", ["add_hook('order-paid-hook"]),
        ("runtime.hook", ["runtime.hook", "runtime.hooks"]),
        ("!describe-h", []),
        ("order_paid_hook.until_f", ["order_paid_hook.until_failure"]),
    ],
)
def test_complete_offers_what_fits(completer: Completer, text: str, offered: list[str]) -> None:
    """Commands, hooks, functions in the hook, options, fields and Python names, each where it belongs."""
    assert words(completer, text) == offered


def test_complete_shows_a_line_about_each(completer: Completer) -> None:
    """The doc is the first line of the documentation, or where an entry comes from."""
    docs = {each.word: each.doc for each in completer.complete("remove-hook order-paid-hook ").candidates}
    assert docs == {"audit": "depth 0, shell:2", "later": "depth 5, shell:3"}
    assert completer.complete("add-hook order-paid-hook au").candidates[0].doc == "Write ORDER down."


def test_complete_offers_a_command_once(completer: Completer) -> None:
    """At the start of a line the command stands for its Python name, too."""
    assert words(completer, "describe").count("describe-hook") == 1
    assert "describe_hook" not in words(completer, "describe")
    assert "describe_hook" in words(completer, "describe_")


class Meta(type):
    """A class of classes that counts what is asked of it."""

    calls = 0

    def __getattribute__(cls, name: str) -> Any:
        type.__setattr__(Meta, "calls", Meta.calls + 1)
        return super().__getattribute__(name)

    def __instancecheck__(cls, instance: object) -> bool:
        type.__setattr__(Meta, "calls", Meta.calls + 1)
        return False


class Trap(metaclass=Meta):
    """An object that counts what is asked of it."""

    def __init__(self) -> None:
        self.__dict__["reason"] = "x"

    @property
    def reboot(self) -> int:
        """Restart something."""
        Trap.touched()
        return 1

    def __getattr__(self, name: str) -> int:
        Trap.touched()
        return 1

    def __getattribute__(self, name: str) -> Any:
        Trap.touched()
        return super().__getattribute__(name)

    def __dir__(self) -> list[str]:
        Trap.touched()
        return []

    def __repr__(self) -> str:
        Trap.touched()
        return ""

    def __call__(self) -> None:
        """Count, as everything here does."""
        Trap.touched()

    def __bool__(self) -> bool:
        Trap.touched()
        return True

    @property  # type: ignore[misc]  # as a proxy object does it
    def __class__(self) -> Any:
        Trap.touched()
        return int

    @staticmethod
    def touched() -> None:
        """Count one call."""
        type.__setattr__(Meta, "calls", Meta.calls + 1)


def test_complete_runs_nothing_of_the_users(completer: Completer, runtime: Runtime) -> None:
    """Properties, `__getattr__`, `__dir__`, `__repr__`, `__class__` and a metaclass are never called."""
    runtime.namespace["trap"] = Trap()
    runtime.namespace["Trap"] = Trap
    runtime.namespace["holder"] = type("Holder", (), {"trap": runtime.namespace["trap"]})()
    type.__setattr__(Meta, "calls", 0)
    for text in (
        "tra",
        "trap.",
        "trap.re",
        "trap.reboot.",
        "Trap.",
        "Trap.re",
        "holder.trap.re",
        "add-hook x tr",
        "x = [tr",
    ):
        for end in range(len(text) + 1):
            completer.complete(text[:end])
    host = Host(completer._session, Renderer(completer._session.values), title="", status=lambda: "")
    for text in (
        "trap(",
        "trap.reboot(",
        "Trap(",
        "Trap.reboot(",
        "holder.trap.reboot(",
        "holder.trap(1, ",
        "Trap.touched(",
    ):
        for end in range(len(text) + 1):
            host.signature(text[:end])
    assert "trap.reboot" in words(completer, "trap.re")
    assert "Trap.reboot" in words(completer, "Trap.re")
    assert Meta.calls == 0


@given(st.text(st.sampled_from("adescrib-hookfr =.:!'\"\\([{,\n_x"), max_size=24))
def test_complete_of_any_prefix_never_fails(text: str) -> None:
    """Whatever is typed, completion has an answer, even if it is none."""
    for prefix in ("", "describe-hook ", "fire hook-failure-hook ", "runtime."):
        found = COMPLETER.complete(prefix + text)
        assert 0 <= found.start <= len(prefix + text)


def _completer() -> Completer:
    runtime, values = Runtime("test"), Values()
    furnish(runtime, values)
    return Completer(Session(runtime, values))


COMPLETER = _completer()
