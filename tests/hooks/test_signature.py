from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from scirehooks.errors import HookSignatureError
from scirehooks.hooks import Payload, Runtime
from tests.hooks.support import DefHook

Function = Callable[..., Any]


def given(runtime: Runtime, hook: Any, function: Function, *args: Any, **payload: Any) -> Any:
    """Return what FUNCTION, which returns what it got, was called with."""
    runtime.add_hook(hook, function)
    result = hook.until_success(*args, **payload)
    runtime.remove_hook(hook, function)
    return result


def client_and_event(client: Any, event: Any, actor: Any = "root") -> None:
    """Be a payload."""


def keyword_only(client: Any, *, event: Any) -> None:
    """Be a payload with a keyword."""


def anything(*args: Any, **payload: Any) -> None:
    """Be a payload of anything."""


def free_names(client: Any, **payload: Any) -> None:
    """Be a payload of one parameter and any names."""


def free_values(client: Any, *args: Any) -> None:
    """Be a payload of one parameter and any values."""


def positional_only(a: Any, b: Any, /) -> Any:
    """Return what it got; its parameters have no names for callers."""
    return ("p", a, b)


@pytest.mark.parametrize(
    ("payload", "function", "expected"),
    [
        (client_and_event, lambda: "()", "()"),
        (client_and_event, lambda event: event, 2),
        (client_and_event, lambda event, client: (event, client), (2, 1)),
        (client_and_event, lambda client, actor: (client, actor), (1, "root")),
        (client_and_event, lambda event, other="x", client=None: (event, other, client), (2, "x", 1)),
        (client_and_event, lambda *args: args, (1, 2, "root")),
        (client_and_event, lambda event, *args: (event, args), (2, (1, "root"))),
        (client_and_event, lambda **kw: kw, {"client": 1, "event": 2, "actor": "root"}),
        (client_and_event, lambda event, **kw: (event, kw), (2, {"client": 1, "actor": "root"})),
        (client_and_event, lambda *args, event: (args, event), ((1, "root"), 2)),
        (client_and_event, lambda *, event, **kw: (event, kw), (2, {"client": 1, "actor": "root"})),
        (client_and_event, lambda client, /, event: (client, event), (1, 2)),
        (client_and_event, lambda *, other="x": other, "x"),
        (client_and_event, functools.partial(lambda prefix, client: (prefix, client), ">"), (">", 1)),
        (client_and_event, functools.partial(lambda client, event: (client, event), event=9), (1, 2)),
    ],
)
def test_function_gets_what_it_names(
    runtime: Runtime, defhook: DefHook, payload: Function, function: Function, expected: object
) -> None:
    """A function names what it wants, in any order; `*args` takes the payload by position, `**kw` by name."""
    assert given(runtime, defhook(payload), function, 1, 2) == expected


@pytest.mark.parametrize(
    ("payload", "function", "args", "payload_names", "expected"),
    [
        (keyword_only, lambda event, client: (event, client), (1,), {"event": 2}, (2, 1)),
        (anything, lambda *args, **kw: (args, kw), (1, 2), {"x": 3}, ((1, 2), {"x": 3})),
        (anything, lambda a, b: (a, b), (1, 2), {}, (1, 2)),
        (anything, lambda a, *rest: (a, rest), (1, 2), {}, (1, (2,))),
        (anything, lambda a, *rest, x: (a, rest, x), (1, 2), {"x": 3}, (1, (2,), 3)),
        (anything, positional_only, (1, 2), {}, ("p", 1, 2)),
        (free_names, lambda x, client: (x, client), (1,), {"x": 2}, (2, 1)),
        (free_names, lambda client, x="none": (client, x), (1,), {}, (1, "none")),
        (free_names, lambda x=None, **kw: (x, kw), (1,), {"x": 2, "y": 3}, (2, {"client": 1, "y": 3})),
        (free_names, lambda x="none", /: x, (1,), {"x": 2}, "none"),
        (free_values, lambda client, x: (client, x), (1, 2), {}, (1, 2)),
        (free_values, lambda *args: args, (1, 2, 3), {}, (1, 2, 3)),
        (free_values, lambda x, client: (x, client), (1, 2), {}, (2, 1)),
    ],
)
def test_function_in_a_hook_of_anything_gets_what_there_is(
    runtime: Runtime,
    defhook: DefHook,
    payload: Function,
    function: Function,
    args: tuple[Any, ...],
    payload_names: dict[str, Any],
    expected: object,
) -> None:
    """A payload with `*args` or `**payload` passes on what it was fired with, by the same rules."""
    assert given(runtime, defhook(payload), function, *args, **payload_names) == expected


@pytest.mark.parametrize(
    ("payload", "function", "name"),
    [
        (client_and_event, lambda client, color: None, "color"),
        (client_and_event, lambda *, color: None, "color"),
        (client_and_event, lambda other="x", /, client=None, *args: None, "other"),
        (client_and_event, lambda other=1, client=2, /: None, "client"),
        (client_and_event, lambda other=1, *args: None, "other"),
        (free_names, positional_only, "a"),
        (free_values, lambda x, client, /: None, "client"),
    ],
)
def test_function_that_does_not_fit_is_refused_when_added(
    runtime: Runtime, defhook: DefHook, payload: Function, function: Function, name: str
) -> None:
    """What a function wants and the payload has not is told at once: both signatures, and the parameter."""
    hook = defhook(payload)
    with pytest.raises(HookSignatureError) as caught:
        runtime.add_hook(hook, function)
    message = str(caught.value)
    assert str(hook.payload) in message
    assert f"'{name}'" in message
    assert "test_signature.py" in message
    assert len(hook) == 0
    assert isinstance(caught.value, TypeError)


def test_condition_that_does_not_fit_is_refused_when_added(runtime: Runtime, defhook: DefHook) -> None:
    """A `when` names what the payload has, like a function."""
    with pytest.raises(HookSignatureError, match="'color'"):
        runtime.add_hook(defhook(client_and_event), lambda: None, when=lambda color: True)


def test_function_without_a_readable_signature_gets_the_payload_by_position(runtime: Runtime, defhook: DefHook) -> None:
    """A builtin that cannot say what it takes is called with everything."""
    hook = defhook(lambda a, b: None)
    with pytest.raises(ValueError, match="no signature"):
        inspect.signature(max)
    assert given(runtime, hook, max, 3, 4) == 4


def test_builtin_that_does_not_fit_is_refused_without_a_place(runtime: Runtime, defhook: DefHook) -> None:
    """A function that is not written in Python has no place to show."""
    with pytest.raises(HookSignatureError, match=r"^len\(obj\) cannot be called with the payload \(client\)"):
        runtime.add_hook(defhook(lambda client: None), len)


class Nameless:
    def __call__(self, color: str) -> None:
        """Do nothing."""

    def __repr__(self) -> str:
        return "<nameless>"


def test_callable_object_that_does_not_fit_is_shown_as_it_is(runtime: Runtime, defhook: DefHook) -> None:
    """An object without a name is shown by its repr."""
    with pytest.raises(HookSignatureError, match=r"^<nameless>\(color\) cannot"):
        runtime.add_hook(defhook(), Nameless())


def test_shapes_are_shared_and_found_by_code() -> None:
    """Functions of one shape share it; closures of one code are matched once, unless their defaults differ."""
    payload = Payload(inspect.signature(client_and_event))

    def make(default: Any) -> Function:
        def function(client: Any, other: Any = default) -> None:
            """Do nothing."""

        return function

    first = payload.shape(make(None))
    assert payload.shape(make(None)) is first
    assert payload.shape(make(2)) is first
    assert payload.shape(lambda client: None) is first
    assert payload.shape(lambda event: None) is not first


def test_shapes_kept_for_functions_are_bounded() -> None:
    """However many functions come and go, no more than a thousand are remembered."""
    payload = Payload(inspect.signature(client_and_event))
    for number in range(1_200):
        payload.shape(eval(f"lambda client, x{number}=0: None"))
    assert len(payload._by_code) <= 1_001


def test_wrapper_is_asked_for_the_signature_it_shows(runtime: Runtime, defhook: DefHook) -> None:
    """A decorator that passes everything on counts as the function inside."""

    def inner(event: Any) -> Any:
        return event

    @functools.wraps(inner)
    def wrapper(*args: Any, **kw: Any) -> Any:
        return inner(*args, **kw)

    assert given(runtime, defhook(client_and_event), wrapper, 1, 2) == 2


def test_payload_is_bound_as_python_binds(defhook: DefHook) -> None:
    """Fired with what was not declared, a hook complains as a function called wrongly, under its own name."""
    hook = defhook(client_and_event)
    for fire in (hook.run, hook.until_success):
        with pytest.raises(TypeError, match=r"test_hook\(\) missing 1 required positional argument: 'event'"):
            fire(1)
        with pytest.raises(TypeError, match="unexpected keyword argument 'color'"):
            fire(1, 2, color="red")


def test_payload_may_have_default_values_of_any_kind(runtime: Runtime, defhook: DefHook) -> None:
    """A default is passed as the very object, whatever its repr."""
    default = object()
    hook = defhook(lambda a=default, *, b=default: None)
    assert given(runtime, hook, lambda b, a: (b, a)) == (default, default)


def test_payload_that_could_hold_a_name_twice_is_refused(runtime: Runtime) -> None:
    """A function that takes all by name could not be given both."""

    def twice_hook(client: str, /, **more: str) -> None:
        """Fires."""

    with pytest.raises(HookSignatureError, match=r"'client' could be in the payload .* twice"):
        runtime.defhook(twice_hook)


def test_payload_shown_has_no_annotations() -> None:
    """Messages show a payload as one would write it in short."""
    assert str(Payload(inspect.signature(client_and_event))) == "(client, event, actor='root')"
