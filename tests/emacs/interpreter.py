"""Runs the programs of `programs.py` on the hook runtime, as `oracle.el` runs them in Emacs."""

import contextvars
import re
from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any, Literal

from scirehooks.errors import UndefinedFunctionError
from scirehooks.hooks import GLOBAL, Runtime
from tests.emacs.programs import Action, Program, Takes

__all__ = ["Way", "trace"]

Way = Literal["by the plain loop", "by generated code"]

PAYLOADS = {
    "any": Signature([Parameter("arguments", Parameter.VAR_POSITIONAL)]),
    "xy": Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in "xy"]),
}


class Boom(Exception):
    """What `["raise", number]` raises."""


def trace(program: Program, way: Way) -> list[str]:
    """Return the notes taken while PROGRAM ran, with hooks run the one WAY or the other.

    The plain loop is called by methods of the runtime that take names, generated code by those of the hook itself.
    """
    return _Interpreter(program, way).run()


class _Interpreter:
    """One run of one program."""

    def __init__(self, program: Program, way: Way) -> None:
        self.program = program
        self.by_name = way == "by the plain loop"
        self.runtime = Runtime("oracle", generating=not self.by_name)
        for name, rule in program["hooks"].items():
            signature = PAYLOADS[program["payload"]]
            self.runtime.declare(name, signature, mode=rule, on_error=program["errors"], failure_limit=1_000_000)
        self.runtime.add_hook("hook-failure-hook", lambda error: self.note("!", said_of(error)))
        self.objects: dict[str, Callable[..., Any]] = {}
        self.bodies: dict[str, Callable[..., Any]] = {}
        self.fuel = 30
        self.notes: list[str] = []

    def run(self) -> list[str]:
        for step in self.program["steps"]:
            self.attempt(step, ())
        return self.notes

    def note(self, *words: str) -> None:
        self.notes.append(" ".join(words))

    # -- names and values

    def held(self, name: str) -> Any:
        """Return what a hook is given for NAME: the name, or for one with an o the function itself."""
        if name[0] != "o":
            return name if self.by_name else self.runtime.namespace.get(name, name)
        if name not in self.objects:
            takes = [1] if (self.program["payload"], name) == ("xy", "o2") else True
            function = taking(takes, lambda *args: self.bodies[name](*args) if name in self.bodies else None)
            function.__name__ = function.__qualname__ = name
            self.objects[name] = function
        return self.objects[name]

    def value(self, hook: str, scope: str | None) -> str:
        found = self.runtime.hooks[hook].value(local=scope)
        names = ("t" if one is GLOBAL else one if isinstance(one, str) else one.__name__ for one in found)
        return " ".join(names)

    # -- what programs are made of

    def attempt(self, action: Action, args: tuple[Any, ...]) -> Any:
        try:
            return self.do(action, args)
        except (Boom, UndefinedFunctionError) as error:
            self.note("!", said_of(error))
        return None

    def do(self, action: Action, args: tuple[Any, ...]) -> Any:
        """Do ACTION inside a function called with ARGS; return its value."""
        runtime = self.runtime
        match action:
            case ["add", hook, function, depth, scope]:
                runtime.add_hook(hook, self.held(function), depth, local=scope)
            case ["remove", hook, function, scope]:
                runtime.remove_hook(hook, self.held(function), local=scope)
            case ["run", rule, hooks, values, scope, wrap]:
                value = self.inside(scope, lambda: self.fire(rule, hooks, values, wrap))
                self.note("=>", show(value))
                return value
            case ["define", name, *body]:
                if name[0] == "o":
                    self.bodies[name] = self.body(name, True, *body[1:])  # the object itself takes its pick
                else:
                    runtime.namespace[name] = self.body(name, *body)
            case ["undefine", name]:
                runtime.namespace.pop(name, None)
            case ["advise", function, how, advice, name, depth]:
                runtime.advice_add(function, how, self.held(advice), name=name, depth=depth)
            case ["unadvise", function, advice]:
                runtime.advice_remove(function, self.held(advice))
            case ["show", hook]:
                self.note(hook, "holds", " / ".join(self.value(hook, scope) for scope in (None, "A", "B")))
            case ["raise", number]:
                raise Boom(number)
            case ["try", tried]:
                return self.attempt(tried, args)
            case ["original"]:
                return args[0](*args[1:])
            case _:
                raise ValueError(action)
        return None

    def inside(self, scope: str | None, act: Callable[[], Any]) -> Any:
        """Do ACT in SCOPE, by None where we are. DIFFERENCES, scopes: it is entered from none, as a buffer is."""
        if scope is None:
            return act()

        def enter() -> Any:
            with self.runtime.scope(scope):
                return act()

        return contextvars.Context().run(enter)

    def fire(self, rule: str, hooks: list[str], args: list[Any], wrap: str | None) -> Any:
        runtime, hook = self.runtime, self.runtime.hooks[hooks[0]]
        if rule == "hooks":
            return runtime.run_hooks(*hooks)
        if rule == "wrapped":

            def wrapper(function: Callable[..., Any], *args: Any) -> Any:
                self.note("wrap", function.__name__)
                return function(*args) if wrap == "call" else wrap == "stop"

            return runtime.run_hook_wrapped(hook.name, wrapper, *args) if self.by_name else hook.wrapped(wrapper, *args)
        if self.by_name:
            return getattr(runtime, "run_hook_with_args" + f"_{rule}" * (rule != "all"))(hook.name, *args)
        return (hook.run if rule == hook.mode else getattr(hook, rule))(*args)

    def body(self, name: str, takes: Takes, tag: int, actions: list[Action], give: Any) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            self.note(f"{name}.{tag}", show(args))
            last = None
            if actions:
                self.fuel -= 1
            if self.fuel >= 0:
                for action in actions:
                    last = self.do(action, args)
            if give == "arg":
                return args[0] if args else None
            if give == "cons":
                return [tag, *args[0]]
            return last if give == "last" else give

        made = taking(takes, call)
        made.__name__ = name
        return made


def taking(takes: Takes, call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function with the parameters that TAKES says, which passes them to CALL."""
    match takes:
        case []:
            return lambda: call()
        case [0]:
            return lambda x: call(x)
        case [1]:
            return lambda y: call(y)
        case [0, 1]:
            return lambda x, y: call(x, y)
        case [1, 0]:
            return lambda y, x: call(y, x)
        case _:
            return lambda *args: call(*args)


def said_of(error: BaseException) -> str:
    if isinstance(error, UndefinedFunctionError):
        return re.sub(r".*function '(\w+)'.*", r"void \1", str(error))
    return f"boom {error}" if isinstance(error, Boom) else repr(error)


def show(value: Any) -> str:
    """Return VALUE as Emacs would show it."""
    if isinstance(value, list | tuple) and value:
        return f"({' '.join(map(show, value))})"
    if not value:
        return "nil"
    return "t" if value is True else "fn" if callable(value) else str(value)
