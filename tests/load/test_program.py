"""Programs in hooks: what they are told, what their answer means, and that a broken guard refuses."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scirehooks.errors import ProgramError, Veto
from scirehooks.hooks import Runtime
from scirehooks.load import Loader, Program
from scirehooks.values import Id, Values

Write = Callable[..., Path]


@dataclass(frozen=True)
class Event:
    id: Id
    dry_run: bool = False


class Shop:
    """Stands for the application, which is provided."""


@pytest.fixture
def make(runtime: Runtime, values: Values, write: Write) -> Callable[..., Program]:
    """Return a function that makes a program of a shell script, in a hook."""

    def make(script: str, hook: str = "pre-order-hook", *, mode: int = 0o755, **keywords: Any) -> Program:
        file = write("guard", f"#!/bin/sh\n{script}\n", mode)
        return Program([str(file), "an arg"], hook=runtime.hooks[hook], values=values, **keywords)

    return make


@pytest.mark.parametrize("name", ["sub/guard", "./sub/guard"])
def test_program_that_is_checked_is_the_one_that_is_run(
    runtime: Runtime, values: Values, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A name with a slash is seen from its directory, wherever the process is."""
    elsewhere = write("elsewhere/sub/guard", "#!/bin/sh\ntouch ran\n", 0o755)
    monkeypatch.chdir(elsewhere.parents[1])
    guard = write("scripts/sub/guard", "#!/bin/sh\ntouch ran\n", 0o777)
    program = Program([name], hook=runtime.hooks["post-order-hook"], values=values, cwd=guard.parents[1])
    assert "others can write" in program.missing()
    with pytest.raises(ProgramError, match="others can write"):
        program(item="tea")
    guard.chmod(0o755)
    assert program.missing() == ""
    program(item="tea")
    assert [each.parent.name for each in tmp_path.rglob("ran")] == ["scripts"]


def test_program_gets_hook_event_and_payload_as_json(
    runtime: Runtime, values: Values, write: Write, tmp_path: Path
) -> None:
    """What the application provides is left out; the rest is written as everywhere."""

    @runtime.defhook
    def order_hook(item: str, paths: tuple[Path, ...], event: Event, shop: Shop) -> None:
        """Fires."""

    values.provide(Shop, Shop())
    file = write("x", '#!/bin/sh\ncat >in; env >env; echo "$1" >arg; pwd >pwd\n', 0o755)
    program = Program([str(file), "a b"], hook=runtime.hooks["order-hook"], values=values, cwd=tmp_path)
    runtime.add_hook("order-hook", program)
    runtime.hooks["order-hook"].run(item="tea", paths=(Path("/a"),), event=Event(Id(7), True), shop=Shop())
    assert json.loads((tmp_path / "in").read_text()) == {
        "hook": "order-hook",
        "event": {"id": "7", "dry_run": True},
        "payload": {"item": "tea", "paths": ["/a"]},
    }
    environment = (tmp_path / "env").read_text().splitlines()
    assert {"SCIRE_HOOK=order-hook", "SCIRE_EVENT_ID=7", "SCIRE_DRY_RUN=1"} <= set(environment)
    assert any(line.startswith("PATH=") for line in environment)
    assert (tmp_path / "arg").read_text() == "a b\n"
    assert (tmp_path / "pwd").read_text() == f"{tmp_path.resolve()}\n"


def test_program_asked_that_is_silent_does_not_object(make: Callable[..., Program], runtime: Runtime) -> None:
    """Status 0 and no output: nothing to say."""
    runtime.add_hook("pre-order-hook", make("cat >/dev/null"))
    assert runtime.hooks["pre-order-hook"].run("tea").allowed


def test_program_asked_amends_by_json(make: Callable[..., Program], runtime: Runtime) -> None:
    """One object on standard output changes what may be amended."""
    runtime.add_hook("pre-order-hook", make("""echo '{"price": 7}'"""))
    assert runtime.hooks["pre-order-hook"].run("tea").payload["price"] == 7


@pytest.mark.parametrize(
    ("script", "mode", "says"),
    [
        ("echo one >&2; echo 'no tea today' >&2; exit 1", 0o755, "no tea today"),
        ("exit 2", 0o755, "guard ended with status 2 and said nothing."),
        ("kill -9 $$", 0o755, "guard ended with signal 9 and said nothing."),
        ("sleep 600", 0o755, "guard did not end within 300ms"),
        ("echo slow >&2; sleep 600", 0o755, "guard did not end within 300ms: slow"),
        ("exit 0", 0o644, "guard cannot be run: permission denied."),
        ("exit 0", 0o777, "others can write it (mode 0777)."),
        ("echo yes", 0o755, "guard: expected a JSON value"),
        ("echo '[]'", 0o755, "guard: expected nothing or one JSON object, got []."),
        ("echo '{}{}'", 0o755, "guard: expected a JSON value"),
        ("""echo '{"price": 1, "price": 2}'""", 0o755, "expected each key once"),
        ("""echo '{"price": "7"}'""", 0o755, "price: expected whole number, got '7'."),
        (r"printf '\033]52;evil\007' >&2; exit 1", 0o755, "\N{REPLACEMENT CHARACTER}]52;evil"),
    ],
)
def test_program_asked_that_fails_in_any_way_refuses(
    make: Callable[..., Program], runtime: Runtime, script: str, mode: int, says: str
) -> None:
    """A guard fails closed, and the reason is the last line of its standard error."""
    runtime.add_hook("pre-order-hook", make(script, mode=mode, timeout=0.3 if "sleep" in script else 60))
    verdict = runtime.hooks["pre-order-hook"].run("tea")
    assert not verdict.allowed
    # Several spellings of 0.3 s are right; what matters is that the reason says it.
    assert says.replace("300ms", "0.3s") in verdict.reason


def test_program_asked_that_is_missing_or_misses_its_interpreter_refuses(
    runtime: Runtime, values: Values, write: Write, tmp_path: Path
) -> None:
    """What is not there cannot consent; the kernel blames the script for the interpreter, we do not."""
    hook = runtime.hooks["pre-order-hook"]
    with pytest.raises(Veto, match=r"nowhere cannot be run: no such file or directory\."):
        Program([str(tmp_path / "nowhere")], hook=hook, values=values)(item="tea")
    with pytest.raises(Veto, match=r"no-such-program-anywhere cannot be run"):
        Program(["no-such-program-anywhere"], hook=hook, values=values)(item="tea")
    file = write("odd", "#!/nowhere/sh\n", 0o755)
    with pytest.raises(Veto, match=r"odd cannot be run: the interpreter in its first line is missing\."):
        Program([str(file)], hook=hook, values=values)(item="tea")


def test_program_told_that_fails_is_an_error(make: Callable[..., Program]) -> None:
    """Elsewhere the failure is the function's error, and output means nothing."""
    with pytest.raises(ProgramError, match="went wrong"):
        make("echo went wrong >&2; exit 1", "post-order-hook")(item="tea")
    make("echo '[]'", "post-order-hook")(item="tea")


def test_program_time_out_is_shorter_where_somebody_waits(make: Callable[..., Program]) -> None:
    """Five seconds where it is asked, thirty elsewhere, and as said where it is said."""
    assert make("").timeout == 5
    assert make("", "post-order-hook").timeout == 30
    assert make("", timeout=1.5).timeout == 1.5


def test_program_in_yaml_beside_the_file_is_found_and_labelled_by_its_line(
    loader: Loader, runtime: Runtime, write: Write, tmp_path: Path
) -> None:
    """A program has no name of its own; it is called after where it is named."""
    write("init.d/guard", "#!/bin/sh\necho 'not you' >&2; exit 1\n", 0o755)
    file = write(
        "init.d/20-guard.yaml", "hooks:\n  pre-order-hook:\n    - program: ./guard --strict\n      timeout: 2s\n"
    )
    report = loader.load_init([tmp_path / "init.d"])
    assert not report.failed
    (entry,) = runtime.hooks["pre-order-hook"].entries()
    assert entry.label == "20-guard.yaml:3"
    assert isinstance(entry.function, Program)
    assert entry.function.argv == (str(tmp_path / "init.d" / "guard"), "--strict")
    assert entry.function.timeout == 2
    assert str(entry.source) == f"{file}:3"
    verdict = runtime.hooks["pre-order-hook"].run("tea")
    assert (verdict.allowed, verdict.reason) == (False, "not you")


def test_program_takes_any_payload(make: Callable[..., Program]) -> None:
    """Its signature is the one that a payload always fits."""
    (parameter,) = inspect.signature(make("")).parameters.values()
    assert parameter.kind is parameter.VAR_KEYWORD
