"""The surface guard: what an administrator can name has help, and the help is true.

Whoever adds a command, a hook, an option or an operation of the control protocol is told here what is missing. An
example that needs something before it has that in `BEFORE`, and nowhere else.
"""

import _thread
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scirehooks.control import Service
from scirehooks.control.ops import OpTable
from scirehooks.core import Fleet
from scirehooks.hooks import BUILTIN, Hook, Runtime
from scirehooks.load import JournalCommands, Loader, LoaderCommands
from scirehooks.shell import Batch, Drained, Renderer, Session, furnish
from scirehooks.shell.running.streams import Stream
from scirehooks.values import Values

HERE = Path(__file__).parent
_INTERRUPTED = 130
_PATIENCE = 1.0  # seconds for what a line sets going; only a run that is there to be cancelled takes longer
LONGEST = 72  # columns of a first line, which apropos shows beside the name

WEB1 = ["client-add web1 --transport local"]
UPTIME = [*WEB1, "job-create uptime --target web1 -- true"]
ADDED = ["def print(hook, entry, error): pass", "add-hook hook-failure-hook print"]
GUARD = ["def no_tests(client): pass"]
OPTION = ["runtime.defoption('quiet-hours', str, '', doc='When nothing is sent.').value"]

# What is typed before an example, by command.
BEFORE: dict[str, list[str]] = {
    "cancel": [*WEB1, "job-create long --target web1 -- sleep 60", "run long"],
    "client-remove": WEB1,
    "describe-client": WEB1,
    "describe-event": WEB1,
    "describe-function": GUARD,
    "describe-job": UPTIME,
    "describe-option": OPTION,
    "describe-run": [*UPTIME, "run uptime"],
    "disable": ADDED,
    "edit": GUARD,
    "enable": ADDED,
    "events": WEB1,
    "inventory": ["load inventory", *WEB1],
    "job-create": WEB1,
    "move-hook": ADDED,
    "output": [*UPTIME, "run uptime"],
    "redo": [*ADDED, "undo"],
    "release": ADDED,
    "reload": ["load inventory"],
    "replay": WEB1,
    "remove-hook": ADDED,
    "run": UPTIME,
    "save": ADDED,
    "set-option": OPTION,
    "undo": ADDED,
    "unload": ["load inventory"],
}

# What goes on until somebody interrupts it, and what ends the batch: neither has a value.
ENDLESS = {"follow"}
SILENT = {"quit", *ENDLESS}

# The six questions that the declaration of a hook answers, each with what an answer has in it.
QUESTIONS = {
    "when does it fire": r"\A(Fires|Asks|Asked|Sends)\b",
    "called with what": r"[Cc]alled with",
    "what does a result mean": r"Results are|None agrees|returns goes on",
    "what does an error do": r"\b(error|exception|fail)",
    "in which thread": r"\bthread\b",
    "in which scope": r"\bscope\b",
    "since which version": r"Since \d+\.\d+\.",
}


class Nobody:
    """A console at which nobody sits; what it shows is kept."""

    def __init__(self) -> None:
        self.shown = {"stdout": "", "stderr": ""}

    def write(self, stream: Stream, text: str) -> None:
        """Keep TEXT."""
        self.shown[stream] += text

    def read_line(self, prompt: str = "") -> str:
        """Return the end of the input."""
        return ""

    def run_program(self, text: str) -> int:
        """Say that TEXT went well."""
        return 0


class System(NamedTuple):
    """All that ships, in one process, with an empty fleet."""

    runtime: Runtime
    session: Session
    renderer: Renderer
    fleet: Fleet
    ops: OpTable

    def run(self, *lines: str, as_json: bool = False) -> tuple[int, str, str]:
        """Run LINES as a batch; return its status, and what it wrote to standard output and error."""
        console = Nobody()
        batch = Batch(self.session, self.renderer, console, width=0, colors={}, as_json=as_json, follow=self._following)
        status = batch.run(lines, "-c", "-c")
        return status, console.shown["stdout"], console.shown["stderr"]

    @contextmanager
    def _following(self) -> Iterator[Callable[[], Drained]]:
        """Wait after each line for what it has set going, as the program does."""
        with self.fleet.collecting_roots() as roots:
            yield lambda: self._settled(roots)

    def _settled(self, roots: list[str]) -> Drained:
        if roots:
            self.fleet.drain(roots, _PATIENCE)
        return Drained()


@contextmanager
def started(state: Path) -> Iterator[System]:
    runtime, values = Runtime("scirehooks"), Values()
    values.provide(Runtime, runtime)
    renderer = furnish(runtime, values)
    loader = Loader(runtime, values)
    values.provide(Loader, loader)
    runtime.define(LoaderCommands(loader), BUILTIN)
    runtime.define(JournalCommands(loader), BUILTIN)
    fleet = Fleet(runtime, values, state)
    session = Session(runtime, values, actor="tester", console=Nobody())
    try:
        init = state / "init.d"
        init.mkdir()
        loader.load_init([init])
        service = Service(runtime, values, renderer, title="test", status=lambda: "")
        fleet.start()
        runtime.history.begin()
        yield System(runtime, session, renderer, fleet, OpTable(service))
    finally:
        fleet.close()
        session.close()
        runtime.close()


Start = Callable[[], AbstractContextManager[System]]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """What starts a system with a state directory of its own."""
    script = tmp_path / "clean-tmp.sh"
    script.write_text("#!/bin/sh\ntrue\n")
    monkeypatch.setenv("VISUAL", "true")  # an editor in which nothing is typed
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    states = iter(range(1_000))

    def begin() -> AbstractContextManager[System]:
        state = tmp_path / f"state{next(states)}"
        state.mkdir(mode=0o700)
        return started(state)

    return begin


@pytest.fixture
def system(start: Start) -> Iterator[System]:
    """A system with every shipped module loaded."""
    with start() as system:
        for name in sorted(path.stem for path in (HERE.parent / "contrib").glob("*.py")):
            assert system.run(f"load {name}")[0] == 0
        yield system


@contextmanager
def interrupted(wanted: bool) -> Iterator[None]:
    """Press Ctrl-C if WANTED, and again if it came at the wrong moment, until the block is left."""
    over = threading.Event()

    def press() -> None:
        while not over.wait(0.5):
            _thread.interrupt_main()

    keys = threading.Thread(target=press)
    if wanted:
        keys.start()
    try:
        yield
    finally:
        with suppress(KeyboardInterrupt):  # one that came too late
            over.set()
            if wanted:
                keys.join()


def examples(doc: str) -> list[str]:
    return re.findall(r"^ *Example: (.+)$", doc, re.M)


def first_line(doc: str) -> str | None:
    """Return what is wrong with the first line of DOC."""
    line = doc.partition("\n")[0]
    if not line:
        return "has no documentation"
    if len(line) > LONGEST:
        return f"has a first line of {len(line)} characters, more than {LONGEST}: {line}"
    return None if line.endswith(".") and ". " not in line else f"has a first line that is no single sentence: {line}"


def test_whatever_has_a_name_begins_with_one_short_sentence(system: System) -> None:
    """It is what apropos, completion, the overview and `describe` show."""
    runtime = system.runtime
    named: list[Any] = [
        *runtime.commands.values(),
        *runtime.hooks.values(),
        *runtime.options.values(),
        *system.ops.values(),
    ]
    bad = [f"{each.name} {wrong}" for each in named if (wrong := first_line(each.doc))]
    assert not bad, "\n".join(bad)


def test_each_command_has_an_example_that_runs(start: Start, system: System) -> None:
    """An example is what an administrator copies; it works, once what it speaks of is there."""
    wrong = []
    for name, command in system.runtime.commands.items():
        found = examples(command.doc)
        if not found:
            wrong.append(f"{name} has no example")
        for example in found:
            with start() as fresh, interrupted(name in ENDLESS):
                status, _, said = fresh.run(*BEFORE.get(name, []), example)
                if status != (_INTERRUPTED if name in ENDLESS else 0):
                    wrong.append(f"{example!r} ended with status {status}: {said}")
    assert not wrong, "\n".join(wrong)


def test_each_command_gives_one_line_of_json(start: Start, system: System) -> None:
    """Whatever a command does, a program that reads its output gets exactly one value for it."""
    wrong = []
    for name, command in system.runtime.commands.items():
        for example in examples(command.doc)[:1]:
            with start() as fresh, interrupted(name in ENDLESS):
                fresh.run(*BEFORE.get(name, []))
                _, printed, said = fresh.run(example, as_json=True)
            lines = printed.splitlines()
            if name in SILENT and lines == []:
                continue
            try:
                (line,) = lines
                json.loads(line)
            except ValueError:
                wrong.append(f"{example!r} printed {printed!r}; {said}")
    assert not wrong, "\n".join(wrong)


def test_no_example_only_asks_for_help(system: System) -> None:
    """An example shows what a command does."""
    assert [name for name, each in system.runtime.commands.items() if "--help" in " ".join(examples(each.doc))] == []


def test_each_operation_of_the_protocol_says_what_it_takes_and_gives(system: System) -> None:
    """Who writes a client in another language has the table and nothing else."""
    wrong = [
        f"{op.name}: its documentation does not speak of {param.name}"
        for op in system.ops.values()
        for param in op.params.values()
        if param.name.upper() not in op.doc.upper()
    ]
    assert not wrong, "\n".join(wrong)


def test_examples_are_of_the_command_that_they_stand_at(system: System) -> None:
    """An example begins with the command's name."""
    wrong = [
        f"{name}: {example}"
        for name, command in system.runtime.commands.items()
        for example in examples(command.doc)
        if example.split()[0] != name
    ]
    assert not wrong, "\n".join(wrong)


def test_each_hook_answers_the_six_questions(system: System) -> None:
    """Who writes a function for it need not read our code."""
    wrong = [
        f"{hook.name}: {question}?"
        for hook in system.runtime.hooks.values()
        for question, answer in QUESTIONS.items()
        if not re.search(answer, hook.doc)
    ]
    assert not wrong, "\n".join(wrong)


def test_each_hook_shows_how_to_fill_it(system: System) -> None:
    """The example is a line that puts a function into this very hook, whatever the function is called."""
    wrong = [
        f"{hook.name}: {example}"
        for hook in system.runtime.hooks.values()
        for example in examples(hook.doc) or ["no example"]
        if not example.startswith(f"add-hook {hook.name} ") or system.run(example)[0]
    ]
    assert not wrong, "\n".join(wrong)


def test_each_hook_is_named_by_the_manual_or_a_test(system: System) -> None:
    """A hook that nobody mentions is one that nobody knows of, and perhaps one that nobody has tried."""
    pages = [*(HERE.parent / "scirehooks" / "help").glob("*.md"), *HERE.rglob("test_*.py")]
    text = "\n".join(page.read_text() for page in pages if page != Path(__file__)).replace("_", "-")
    shipped = [hook for hook in system.runtime.hooks.values() if _is_ours(hook)]
    assert [hook.name for hook in shipped if not re.search(rf"(?<![\w-]){hook.name}(?![\w-])", text)] == []


def _is_ours(hook: Hook) -> bool:
    return hook.owner.kind in ("builtin", "module")


def test_each_option_has_a_type_a_unit_and_a_purpose(system: System) -> None:
    """A number without a unit is a guess."""
    wrong = []
    for option in system.runtime.options.values():
        if not isinstance(option.type, type) and not hasattr(option.type, "__origin__"):
            wrong.append(f"{option.name} has no type")
        if option.type in (int, float) and not option.unit:
            wrong.append(f"{option.name} is a number without a unit")
        if not option.doc:
            wrong.append(f"{option.name} says not what it is for")
    assert not wrong, "\n".join(wrong)


def test_each_command_can_be_asked_for_help(system: System) -> None:
    """`help NAME` and `NAME --help` show the same page, which begins with the usage."""
    wrong = []
    for name in system.runtime.commands:
        status, page, said = system.run(f"help {name}")
        _, again, _ = system.run(f"{name} --help")
        if status or page != again or not page.startswith(name):
            wrong.append(f"{name}: {said or page}")
    assert not wrong, "\n".join(wrong)
