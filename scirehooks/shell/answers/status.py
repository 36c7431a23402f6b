"""How the whole system fares, on one screen: what `status` answers, and how it looks."""

from __future__ import annotations

from scirehooks.hooks import BUILTIN, Entry, Report, Runtime, StatusPart
from scirehooks.records import dataclass
from scirehooks.shell.showing.render import Renderer
from scirehooks.shell.showing.text import Fragments, cells, clip, neutral, pad
from scirehooks.shell.views import Answer, all_entries, last_error, words_for

__all__ = ["Part", "Status", "report_on_hooks", "status_of", "status_page"]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the system: how it fares in a few words, and what is WRONG with it."""

    name: str
    text: str
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status(Answer):
    """How all parts of the system fare; OK says that nothing is wrong with any."""

    ok: bool
    parts: tuple[Part, ...]

    @property
    def exit_status(self) -> int:
        """1 if something is wrong, so that whatever watches the machines can watch this, too."""
        return 0 if self.ok else 1


def status_of(runtime: Runtime) -> Status:
    """Ask each part of RUNTIME how it fares; one that fails at saying so is wrong."""
    parts = tuple(_asked(name, report) for name, report in runtime.reports.items())
    return Status(not any(part.wrong for part in parts), parts)


def _asked(name: str, report: Report) -> Part:
    try:
        said = report()
    except Exception as error:  # noqa: BLE001 - the function door: a module's report must not hide the others
        return Part(name, "does not say", (f"its report failed: {type(error).__name__}: {error}",))
    return Part(name, said.text, said.wrong)


def report_on_hooks(runtime: Runtime) -> None:
    """Let `status` of RUNTIME tell of its modules, of functions in quarantine, and of threads given up."""
    runtime.defstatus("modules", lambda: _modules(runtime), owner=BUILTIN)
    runtime.defstatus("functions", lambda: _functions(runtime), owner=BUILTIN)


def _modules(runtime: Runtime) -> StatusPart:
    return StatusPart(", ".join(sorted(runtime.modules)) or "none loaded")


def _functions(runtime: Runtime) -> StatusPart:
    entries = list(all_entries(runtime))
    hooks = len({entry.hook for entry in entries})
    states = {state: sum(entry.state == state for entry in entries) for state in ("disabled", "quarantined")}
    counted = [f"{number} {state}" for state, number in states.items() if number]
    text = f"{_count(len(entries), 'function')} in {_count(hooks, 'hook')}"
    wrong = tuple(_quarantined(entry) for entry in entries if entry.state == "quarantined")
    hanging = tuple(
        f"{entry.label} in {entry.hook} was given up after {entry.timeout:g} s, and has not ended yet"
        for entry, thread in list(runtime.forsaken.values())
        if thread.is_alive()
    )
    return StatusPart(", ".join([text, *counted]), (*wrong, *hanging))


def _quarantined(entry: Entry) -> str:
    return f"{entry.label} in {entry.hook} is quarantined ({last_error(entry)}): release {words_for(entry)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def status_page(status: Status, renderer: Renderer, width: int) -> Fragments:
    """Return STATUS: a line for each part, and below it a line for whatever is wrong with it."""
    column = max((cells(part.name) for part in status.parts), default=0)
    result: Fragments = []
    for part in status.parts:
        text = neutral(part.text)
        shown = clip(text, width - column - 2) if width else text
        result += [("key", pad(neutral(part.name), column)), ("", f"  {shown}\n")]
        result += [("error", f"  {neutral(each)}\n") for each in part.wrong]
    return [*result, ("good", "All is well.\n") if status.ok else ("error", "Something is wrong.\n")]
