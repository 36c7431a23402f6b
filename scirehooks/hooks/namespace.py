"""The namespace: where names live, and who defined them.

It is a mapping in front of one exact `dict`. Files and prompt lines run by `exec(code, namespace.globals, view)`: what
they set at top level goes through the view, which knows the owner; what functions read is the plain dict, so looking
a name up costs what it costs anywhere in Python.
"""

from __future__ import annotations

import builtins
import sys
import time
import weakref
from collections.abc import Callable, Iterator, MutableMapping
from itertools import count
from types import FrameType, ModuleType
from typing import Any

from scirehooks.errors import NotAFunctionError
from scirehooks.hooks.advice import Advice, AdviceCells, advised, how_spelt
from scirehooks.hooks.binding import Bindings
from scirehooks.hooks.journal import ABSENT, Cells, Journal, Key, Layer
from scirehooks.hooks.owner import Origin, Owner, Owners, Place
from scirehooks.hooks.still import replaced_now

__all__ = ["Namespace", "View"]


class NameCells(Cells):
    """The names: a cell for each, a layer for each owner that defined it."""

    kind = "name"
    personal = True

    def __init__(self, show: Callable[[str], None]) -> None:
        super().__init__()
        self._show = show

    def belongs(self, layer: Layer, owner: Owner) -> bool:
        """Tell whether OWNER made LAYER; its value is the user's own, and is not asked whose it is."""
        return layer.owner == owner

    def changed(self, key: Key, before: Any, after: Any) -> None:
        """Show the topmost definition."""
        self._show(key)


class Namespace(MutableMapping[str, Any]):
    """The names of a runtime. A name is a stack of definitions by owner: unloading one shows the one below.

    REFRESH is called under the journal's lock with a name whose meaning has changed, CHECK afterwards without it.
    """

    def __init__(
        self,
        name: str,
        journal: Journal,
        owners: Owners,
        *,
        refresh: Callable[[str], None],
        check: Callable[[str], None],
    ) -> None:
        self.globals: dict[str, Any] = {"__name__": _enter(name, self), "__builtins__": builtins}
        self._hidden = set(self.globals)
        self.bindings = Bindings(self.globals)
        self._shown: dict[str, Any] = {}  # what we put into the dict; anything else there went past the view
        self._journal = journal
        self._owners = owners
        self._refresh = refresh
        self._check = check
        self._cells = NameCells(self._show)
        self.advice = AdviceCells(self._show)
        self._ranks = count(1)  # of advice: the newest has the greatest
        journal.register(self._cells)
        journal.register(self.advice)

    def _show(self, name: str) -> None:
        """Put what NAME means now into the dict, and anew what it advises: a coroutine function makes that one, too."""
        self._put(name)
        for target in self.advice.advised_by(name) if self.advice.stacks else ():
            self._put(target)

    def _put(self, name: str) -> None:
        """Put what NAME means now into the dict: its topmost definition, in its advice."""
        value = self._cells.value(name)
        if value is ABSENT:
            self.globals.pop(name, None)
            self._shown.pop(name, None)
        else:
            advice = self.advice.of(name) if self.advice.stacks and callable(value) else []
            self.globals[name] = self._shown[name] = advised(value, advice, self.globals) if advice else value
        self.bindings.follow(name)
        self._refresh(name)

    def define(self, name: str, value: Any, origin: Origin, *, declared: bool = False) -> None:
        """Let NAME be VALUE in the name of ORIGIN's owner; advice on it stays (Emacs: defalias).

        DECLARED says that it stands for a hook or a command, with which undo takes it back.
        """
        if not isinstance(name, str):
            raise TypeError(f"A name is a string, not {name!r}.")
        with self._journal.lock:
            if self._shown.get(name, ABSENT) is value and self.globals.get(name) is value:
                stack = self._cells.stack(name)
                if stack[-1].value is not value or (stack[-1].owner == origin.owner and not replaced_now()):
                    return  # nothing new: its advised form written back, or the same again
            self._journal.set(self._cells, name, value, "define", origin, keep=declared)
        self._check(name)

    def renew(self, name: str, value: Any, owner: Owner, frame: FrameType) -> bool:
        """Let the variable NAME be VALUE, if that is all there is to it: OWNER's code in FRAME sets it again.

        A loop at the prompt does nothing else, so this makes no layer and no record; functions, which hooks and advice
        may call, are always defined. Returns whether it is done.
        """
        if callable(value):
            return False
        with self._journal.lock:
            stack = self._cells.stacks.get(name)
            if not stack:
                return False
            layer = stack[-1]
            old, place = layer.value, layer.place
            if place is None or callable(old) or self.globals.get(name, self) is not old:
                return False
            if frame.f_code.co_filename != place.file:
                frame = frame.f_back or frame  # the shell has a mapping of its own in front of the view
                if frame.f_code.co_filename != place.file:
                    return False  # another line at the prompt, say: whoever defined it is no longer right
            if (layer.owner is not owner and layer.owner != owner) or not self._journal.renews(layer):
                return False
            layer.value = self.globals[name] = self._shown[name] = value
            if frame.f_lineno != place.line:
                layer.place = Place(place.file, frame.f_lineno)
            layer.time = time.time()
        return True

    def undefine(self, name: str, origin: Origin) -> None:
        """Let NAME be nothing; advice on it goes (Emacs: fmakunbound)."""
        with self._journal.lock:
            if name not in self.globals:
                raise KeyError(name)
            for advice in self.advice.of(name):
                self._journal.set(self.advice, advice.key, ABSENT, "undefine", origin)
            if not self._cells.stack(name):
                del self.globals[name]  # set past the view, never recorded
                self.bindings.follow(name)
                self._refresh(name)
                return
            self._journal.set(self._cells, name, ABSENT, "undefine", origin)

    def held(self, function: Any) -> Any:
        """Return FUNCTION's own name if the namespace knows it by that, so that it binds late; else FUNCTION.

        A function that has been advised is known by its name as before, also to who kept it as it was.
        """
        name = getattr(function, "__name__", None)
        if not isinstance(name, str):
            return function
        known = self.globals.get(name)
        if known is None or known is function:
            return function if known is None else name
        return name if self.advice.of(name) and self._cells.value(name) is function else function

    def advice_add(
        self, target: str, how: str, function: Callable[..., Any] | str, *, name: str | None = None, depth: float = 0
    ) -> None:
        """Wrap FUNCTION around whatever TARGET is defined as, in the way HOW (Emacs: advice-add).

        HOW is one of around, before, after, override, before-while, before-until, after-while, after-until,
        filter-args, filter-return. The newest is outermost, or the one of least DEPTH. Advice is known by its NAME, or
        by its function; adding it again moves it.

        FUNCTION may be a coroutine function, whatever TARGET is: then TARGET is one as long as the advice is on it. A
        hook runs it as it runs any, and who calls it from Python awaits it.

        Journal: one record, and one for each advice that it takes the place of.
        """
        origin = self._owners.origin()
        spelt = how_spelt(how)
        if not callable(function) and not isinstance(function, str):
            raise NotAFunctionError(f"advice-add {target}: {function!r} is neither a function nor the name of one.")
        held = self.held(function)
        made = Advice(target, spelt, held, name, depth, next(self._ranks), origin.owner, origin.place)
        with self._journal.transaction("advice-add"):
            for other in self.advice.of(target) if name is None else ():
                if other.held == held and other.key != made.key:  # with a name, and known by its function all the same
                    self._journal.set(self.advice, other.key, ABSENT, "advice-add", origin)
            self._journal.set(self.advice, made.key, made, "advice-add", origin)

    def advice_remove(self, target: str, function: Callable[..., Any] | str) -> None:
        """Take FUNCTION, or the advice of that name, off TARGET; nothing happens if it is not there.

        Journal: one record for each advice taken off.
        """
        origin = self._owners.origin()
        held = self.held(function)
        with self._journal.transaction("advice-remove"):
            for advice in self.advice.of(target):
                named = advice.name is not None and advice.name == function
                if named or advice.held == held or advice.held is function:
                    self._journal.set(self.advice, advice.key, ABSENT, "advice-remove", origin)

    def definition(self, name: str) -> Layer | None:
        """Return who defined NAME as it is now, where and when; None for a name set past the view."""
        stack = self._cells.stack(name)
        return stack[-1] if stack and self._shown.get(name, ABSENT) is self.globals.get(name, ABSENT) else None

    def sweep(self, origin: Origin) -> None:
        """Record what code set in the dict past the view: `global x` in a function, `globals()["x"] = …`."""
        for name, value in list(self.globals.items()):
            if self._shown.get(name, ABSENT) is not value and name not in self._hidden:
                self._journal.set(self._cells, name, value, "define", origin)
                self._check(name)
        for name, _ in list(self._cells.items()):
            if name not in self.globals:
                self._journal.set(self._cells, name, ABSENT, "undefine", origin)

    def view(self, owner: Owner) -> View:
        """Return the mapping to run OWNER's top-level code with, as the locals of `exec`."""
        return View(self, self._owners, owner)

    def __getitem__(self, name: str) -> Any:
        return self.globals[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.define(name, value, self._owners.origin())

    def __delitem__(self, name: str) -> None:
        self.undefine(name, self._owners.origin())

    def __iter__(self) -> Iterator[str]:
        return iter([name for name in self.globals if name not in self._hidden])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in self.globals

    def __repr__(self) -> str:
        return f"<Namespace {self.globals['__name__']}: {len(self)} names>"


class View(MutableMapping[str, Any]):
    """The namespace as OWNER's top-level code writes to it."""

    def __init__(self, namespace: Namespace, owners: Owners, owner: Owner) -> None:
        self._namespace = namespace
        self._owners = owners
        self._owner = owner

    def _origin(self) -> Origin:
        found = self._owners.origin()
        return found if found.owner == self._owner else Origin(self._owner, found.place, found.actor)

    def __getitem__(self, name: str) -> Any:
        return self._namespace.globals[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if not self._namespace.renew(name, value, self._owner, sys._getframe(1)):
            self._namespace.define(name, value, self._origin())

    def __delitem__(self, name: str) -> None:
        self._namespace.undefine(name, self._origin())

    def __iter__(self) -> Iterator[str]:
        return iter(self._namespace)

    def __len__(self) -> int:
        return len(self._namespace)


class _Window(ModuleType):
    """What `sys.modules` holds for a namespace: whoever looks there for the module of a class finds its names."""

    def __init__(self, name: str, namespace: Namespace) -> None:
        super().__init__(name, "The namespace of a runtime.")
        self._namespace = weakref.ref(namespace)

    def __getattribute__(self, name: str) -> Any:
        if name == "__dict__":
            namespace = super().__getattribute__("_namespace")()
            return namespace.globals if namespace is not None else {}
        return super().__getattribute__(name)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(f"The namespace {self.__name__} has no name {name!r}.") from None


def _enter(name: str, namespace: Namespace) -> str:
    """Put NAMESPACE into `sys.modules` for as long as it lives; return the name it has there.

    Dataclasses, pickle and `get_type_hints` look there for the module of a class.
    """
    free = f"scirehooks_namespace_{name}"
    while free in sys.modules:
        free += "_"
    sys.modules[free] = _Window(free, namespace)
    weakref.finalize(namespace, sys.modules.pop, free, None)
    return free
