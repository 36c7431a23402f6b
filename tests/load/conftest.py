from __future__ import annotations

import sys
import textwrap
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from scirehooks.errors import ConflictError
from scirehooks.hooks import BUILTIN, Runtime
from scirehooks.load import Loader, LoaderCommands
from scirehooks.values import Values

State = Callable[[], dict[str, object]]
TwiceAtOnce = Callable[[Callable[[str], Any]], Any]
Write = Callable[..., Path]


@pytest.fixture
def runtime() -> Runtime:
    """Return a runtime with a hook that is asked and one that is told."""
    runtime = Runtime("shop")

    @runtime.defhook(mode="ask", on_error="refuse", amend=("price",))
    def pre_order_hook(item: str, price: int = 1) -> None:
        """Asked before ITEM is ordered."""

    @runtime.defhook
    def post_order_hook(item: str, price: int = 1) -> None:
        """Fires after ITEM has been ordered."""

    return runtime


@pytest.fixture
def values() -> Values:
    """Return an empty table."""
    return Values()


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """Return the only directory on the load path."""
    directory = tmp_path / "modules"
    directory.mkdir()
    return directory


@pytest.fixture
def loader(runtime: Runtime, values: Values, modules: Path) -> Loader:
    """Return a loader with its commands in place."""
    loader = Loader(runtime, values, directories=[modules])
    runtime.define(LoaderCommands(loader), BUILTIN)
    return loader


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a file below the test's directory."""

    def write(name: str, text: str, mode: int = 0o644) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
        file.chmod(mode)
        return file

    return write


@pytest.fixture
def twice_at_once(runtime: Runtime, write: Write) -> TwiceAtOnce:
    """Return a function that loads the module m by LOAD, is refused a second time meanwhile, and returns the first."""

    def twice(load: Callable[[str], Any]) -> Any:
        begun, go = threading.Event(), threading.Event()
        runtime.namespace["begun"], runtime.namespace["go"] = begun, go
        write(
            "modules/m.py",
            "def setup(runtime):\n    runtime.namespace['begun'].set()\n    runtime.namespace['go'].wait(10)\n",
        )
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(load, "m")
            assert begun.wait(10)
            with pytest.raises(ConflictError, match="m is being loaded just now"):
                load("m")
            go.set()
            return first.result(10)

    return twice


@pytest.fixture
def state(runtime: Runtime) -> State:
    """Return a function that describes all that files can change, to compare before and after."""
    return lambda: {
        "entries": {name: [entry.label for entry in hook.entries()] for name, hook in runtime.hooks.items()},
        "names": dict(runtime.namespace.items()),
        "commands": sorted(runtime.commands),
        "options": {name: option.value for name, option in runtime.options.items()},
        "modules": sorted(runtime.modules),
    }


@pytest.fixture
def imported() -> Callable[[], set[str]]:
    """Return a function that tells which loaded modules can be imported; the library may load what it likes."""
    return lambda: {name for name in sys.modules if name.startswith("scirehooks_modules.")}
