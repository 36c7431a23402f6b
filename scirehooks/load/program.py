"""Programs in hooks: any executable is a function.

The payload goes to its standard input as JSON. In a hook that is asked, silence and status 0 are no objection, one
JSON object amends, and *anything* else refuses, so a guard that is missing or broken never lets something pass.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from scirehooks.errors import LoadError, ProgramError, ValueFormatError, Veto
from scirehooks.hooks import Hook, Place
from scirehooks.load.secure import check_code
from scirehooks.process import Completed, run
from scirehooks.values import MISSING, Json, Values, parse_json

__all__ = ["Program"]

_ASKED: Final = 5.0  # seconds: somebody is waiting for the answer
_TOLD: Final = 30.0
_LONGEST_REASON: Final = 500


class Program:
    """A program in a hook.

    Args:
        argv: the program and its arguments; no shell sees them. If it has a slash in it, it is a file, seen from CWD,
            and must be safe to run; otherwise it is looked up in PATH.
        hook: the hook that it is in, whose calling rule says what its answer means.
        values: how the payload is written.
        timeout: seconds after which it is ended; by default 5 where it is asked, 30 elsewhere.
        cwd: the directory that it runs in.
        place: where it was named.
    """

    leaves_the_process = True  # a dry run starts it only if its entry says so

    def __init__(
        self,
        argv: Sequence[str],
        *,
        hook: Hook,
        values: Values,
        timeout: float | None = None,
        cwd: Path | None = None,
        place: Place | None = None,
    ) -> None:
        program, *arguments = argv
        # The file that is checked is the one that is run, wherever this process happens to be.
        self.argv = (str(Path(cwd or "").absolute() / program) if "/" in program else program, *arguments)
        self.hook = hook
        self.timeout = timeout if timeout is not None else _ASKED if hook.mode == "ask" else _TOLD
        self.place = place
        self._values = values
        self._cwd = cwd

    def __repr__(self) -> str:
        return f"<Program {' '.join(self.argv)}>"

    def __call__(self, **payload: Any) -> Mapping[str, Any] | None:
        """Run the program with PAYLOAD.

        Raises:
            Veto: in a hook that is asked: it said no, or could not say anything.
            ProgramError: elsewhere: it could not be started, failed, or took too long.
        """
        try:
            answer = self._run(payload)
            return self._amendment(answer) if self.hook.mode == "ask" else None
        except (ProgramError, ValueFormatError) as error:
            if self.hook.mode == "ask":
                raise Veto(str(error)) from error
            raise

    def missing(self) -> str:
        """Return why it cannot be started as things are now; nothing if it can."""
        program = self.argv[0]
        if "/" not in program:
            return "" if shutil.which(program) else f"{program}: there is no such program on the PATH."
        try:
            check_code(Path(program))
        except LoadError as error:
            return str(error)
        except OSError as error:
            return f"{program}: {(error.strerror or str(error)).lower().replace(' or directory', '')}."
        return "" if os.access(program, os.X_OK) else f"{program}: it is not executable. Type: chmod +x {program}"

    def _run(self, payload: Mapping[str, Any]) -> bytes:
        event = payload.get("event")
        try:
            if "/" in self.argv[0]:
                check_code(Path(self.argv[0]))
            done = run(
                self.argv,
                stdin=json.dumps(self._described(payload, event)).encode(),
                env={
                    **os.environ,
                    "SCIRE_HOOK": self.hook.name,
                    "SCIRE_EVENT_ID": str(getattr(event, "id", "")),
                    "SCIRE_DRY_RUN": "1" if getattr(event, "dry_run", False) else "0",
                },
                cwd=self._cwd,
                timeout=self.timeout,
            )
        except LoadError as error:
            raise ProgramError(str(error)) from None
        except OSError as error:
            raise ProgramError(f"{self.argv[0]} cannot be run: {self._why_not(error)}.") from error
        self._check(done)
        return done.stdout

    def _described(self, payload: Mapping[str, Any], event: Any) -> Json:
        declared = {parameter.name: parameter.annotation for parameter in self.hook.payload.parameters}
        return {
            "hook": self.hook.name,
            "event": None if event is None else self._values.to_json(event, declared.get("event")),
            "payload": {
                name: self._values.to_json(value, declared.get(name))
                for name, value in payload.items()
                # What the application provides (itself, a transaction) is no data.
                if name != "event" and self._values.provided(declared.get(name)) is MISSING
            },
        }

    def _why_not(self, error: OSError) -> str:
        if isinstance(error, FileNotFoundError) and "/" in self.argv[0] and Path(self.argv[0]).exists():
            return "the interpreter in its first line is missing"  # the kernel's own words blame the script
        return (error.strerror or str(error)).lower()

    def _check(self, done: Completed) -> None:
        if done.status == 0 and not done.timed_out:
            return
        said = _last_line(done.stderr)
        if done.timed_out:
            took = self._values.to_json(timedelta(seconds=self.timeout))
            raise ProgramError(f"{self.argv[0]} did not end within {took}" + (f": {said}" if said else "."))
        if said:
            raise ProgramError(said)
        how = f"status {done.status}" if done.signal is None else f"signal {done.signal}"
        raise ProgramError(f"{self.argv[0]} ended with {how} and said nothing.")

    def _amendment(self, answer: bytes) -> Mapping[str, Any] | None:
        if not answer.strip():
            return None
        field = f"answer of {self.argv[0]}"
        data = parse_json(answer, field=field)
        if not isinstance(data, dict):
            raise ValueFormatError(field, "nothing or one JSON object", _last_line(answer))
        declared = {parameter.name: parameter.annotation for parameter in self.hook.payload.parameters}
        return {
            # A field of something in the payload (`address`) is read by whoever amends it; he knows its type.
            key: self._values.from_json(declared[key], value, field=key) if key in declared else value
            for key, value in data.items()
        }


def _last_line(output: bytes) -> str:
    """Return the last line of OUTPUT that says something, without what could upset a terminal."""
    lines = output.decode(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in last)[:_LONGEST_REASON]
