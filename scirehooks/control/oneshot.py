"""A batch at a running system, from a process that starts as fast as Python does.

It imports `_socket`, `_json`, `_signal`, `os` and `sys`, since each of `socket`, `json`, `re` or `typing` would cost
more than all the rest; so it has a reader and a writer of JSON of its own, ten lines each, on the C parts of the
standard one. Everything that is hard is the server's: this end copies text to descriptors and answers two questions.
"""

import _json
import _signal  # type: ignore[import-not-found]  # `signal` would import `enum`
import _socket
import os
import sys

__all__ = [
    *("DRAIN", "SOCKET", "completed", "converse", "credentials", "default_state", "has_colors"),
    *("is_dumb", "is_trusted", "main", "no_socket", "open_descriptors", "reached"),
]

TYPE_CHECKING = False  # checkers take it for true
if TYPE_CHECKING:
    import socket
    from types import FrameType
    from typing import Any

SOCKET = "control.sock"  # in the state directory
DRAIN = 60.0  # seconds that a line of a batch waits for what it set going

_LOST = 4
_INTERRUPTED = 130
_ALIVE = 5.0  # seconds between two signs of life, for when a pager or a program keeps us from reading
_AT_ONCE = 1 << 16
_SIGINT, _SIGPIPE, _SIGALRM, _SIGXFSZ = 2, 13, 14, 25


# -- JSON


class _Reading:
    """What the C scanner wants to be told."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: "dict[str, str]" = {}  # noqa: RUF012 - the scanner's, made at each use


_scan = _json.make_scanner(_Reading)  # type: ignore[arg-type]  # it looks at attributes only


def _dump(value: "Any") -> str:
    """Return VALUE, made of what JSON has, as JSON."""
    if isinstance(value, str):
        return _json.encode_basestring(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "{" + ",".join(f"{_dump(key)}:{_dump(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_dump, value)) + "]"
    return repr(value)


# -- the conversation


class _Conversation:
    """One request `batch` and what comes until it is answered."""

    def __init__(self, sock: "socket.socket | _socket.socket", request: "dict[str, Any]", path: str) -> None:
        self._sock = sock
        self._request = request
        self._path = path
        self._begun = b""  # of a message
        self._typed = b""  # of standard input, not asked for yet
        self._lines = 0  # of standard input that were asked for
        self._at_end = False
        self._asked: Any = None  # the number of a question for a line of input
        self._sending = False
        self._later: list[str] = []
        self._interrupts = 0
        self._closed: set[int] = set()
        self._unwritten = ""  # why something could not be written
        self._reason = ""
        self._reading = False
        self._unanswered = 0  # signs of life
        self.status: int | None = None

    def run(self) -> int:
        """Have the batch run and return its exit status."""
        self._call("batch", self._request, number=1)
        while self.status is None:
            if self._asked is not None and self._answer_line():
                continue
            if self._asked is not None and not self._message_is_there():
                self._read_input()
                continue
            self._reading = True
            try:
                data = self._sock.recv(_AT_ONCE)
            except OSError:
                data = b""
            self._reading, self._unanswered = False, 0
            if not data:
                return self._lost()
            *lines, rest = (self._begun + data).split(b"\n") if b"\n" in data else [self._begun + data]
            self._begun = rest
            for line in lines:
                message = _message(line)
                if message is None:
                    _say(f"What answers at {self._path} is no scirehooks control socket.")
                    return _LOST
                self._deal(message)
        if self._unwritten and not self.status:
            _say(self._unwritten)
            return 1
        return self.status

    def _lost(self) -> int:
        if self._interrupts:
            return _INTERRUPTED
        _say(f"{self._reason or 'The connection to the running system has ended.'} The batch may not be finished.")
        return _LOST

    # -- what comes

    def _deal(self, message: "dict[str, Any]") -> None:
        method, params = message.get("method"), message.get("params") or {}
        if method == "output":
            self._write(params)
        elif method == "input":
            self._asked = message["id"]
            if params.get("prompt"):
                self._write({"stream": "stdout", "text": params["prompt"]})
        elif method == "program" and not is_trusted(self._sock):
            self._refuse(message["id"], "The client runs no programs for a server of another user.")
        elif method == "program":
            self._answer(message["id"], {"status": self._run_program(params.get("text", ""))})
        elif method == "closing":
            self._reason = params.get("reason", "")
        elif "error" in message and message.get("id") in (1, None):
            error = message["error"]
            _say(error["message"])
            self.status = (error.get("data") or {}).get("status", 1)
        elif message.get("id") == 1 and "result" in message:
            self.status = message["result"]["status"]

    def _write(self, params: "dict[str, Any]") -> None:
        text = params.get("text")
        if text is None:
            text = "".join(part for _, part in params.get("fragments", ()))
        to_errors = params.get("stream") == "stderr"
        where = 2 if to_errors else 1
        if where in self._closed:
            return
        try:
            _write_all(where, text.encode(errors="backslashreplace"))
        except OSError as error:
            self._closed.add(where)
            if not isinstance(error, BrokenPipeError):
                self._unwritten = f"The output cannot be written: {error.strerror}."
            self._call("closed", {"stream": "stderr" if to_errors else "stdout"})

    def _run_program(self, text: str) -> int:
        """Run TEXT by sh; with JSON its output goes where all goes that is no result."""
        actions = [(os.POSIX_SPAWN_DUP2, 2, 1)] if self._request.get("json") else []
        pid = os.posix_spawn(
            "/bin/sh", ["/bin/sh", "-c", text], os.environ, file_actions=actions, setsigdef=[_SIGPIPE, _SIGXFSZ]
        )  # Python ignores these two, and a program would inherit that
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    # -- standard input

    def _answer_line(self) -> bool:
        """Answer the question for a line, if there is one; whether there was."""
        end = self._typed.find(b"\n") + 1
        if not end and not self._at_end:
            return False
        line, self._typed = (self._typed[:end], self._typed[end:]) if end else (self._typed, b"")
        number, self._asked = self._asked, None
        self._lines += 1
        try:
            self._answer(number, {"text": line.decode()})
        except UnicodeDecodeError as error:
            message = f"stdin:{self._lines}: this is not UTF-8 text (byte {error.start + 1})."
            self._refuse(number, message)
        return True

    def _message_is_there(self) -> bool:
        """Wait until the server says something, or there is input; whether it was the server."""
        import select  # noqa: PLC0415 - only who reads standard input has to wait for two things

        poll = select.poll()
        poll.register(self._sock.fileno(), select.POLLIN)
        poll.register(0, select.POLLIN)
        return any(descriptor != 0 for descriptor, _ in poll.poll())

    def _read_input(self) -> None:
        try:
            data = os.read(0, _AT_ONCE)
        except OSError:
            data = b""  # closed, or of a terminal that has gone
        self._typed += data
        self._at_end = not data

    # -- what is said

    def _call(self, method: str, params: "dict[str, Any]", number: "int | None" = None) -> None:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        if number is not None:
            message["id"] = number
        self._send(_dump(message))

    def _answer(self, number: "Any", result: "dict[str, Any]") -> None:
        self._send(_dump({"jsonrpc": "2.0", "id": number, "result": result}))

    def _refuse(self, number: "Any", why: str) -> None:
        self._send(_dump({"jsonrpc": "2.0", "id": number, "error": {"code": -32000, "message": why}}))

    def _send(self, message: str) -> None:
        """Send MESSAGE; one that a signal's handler sends meanwhile goes behind it, not into it."""
        self._later.append(message)
        while self._later and not self._sending:  # again, as a handler may run where the inner loop has ended already
            self._sending = True
            try:
                while self._later:
                    self._sock.sendall(self._later.pop(0).encode() + b"\n")
            except OSError:
                pass  # it has gone: reading will tell
            finally:
                self._sending = False

    # -- signals

    def interrupted(self, number: int, frame: "FrameType | None") -> None:
        """Interrupt the batch; the second time by force, the third time, or where nobody answers, only this end."""
        self._interrupts += 1
        if self._interrupts > 2 or self._unanswered > 1:
            raise KeyboardInterrupt
        self._call("interrupt", {"force": self._interrupts > 1})

    def alive(self, number: int, frame: "FrameType | None") -> None:
        """Say that somebody is here, though he may not read; and tell him if nobody is at the other end."""
        self._unanswered += self._reading
        if self._unanswered == 2:
            _say("The running system does not answer. It may be stopped, or very busy; Ctrl-C ends the waiting.")
        self._call("alive", {}, number=2)


def converse(
    sock: "socket.socket | _socket.socket | int", request: "dict[str, Any]", path: str = "the other end"
) -> int:
    """Have the batch REQUEST run by the server at SOCK, a socket or its descriptor; return the exit status.

    Output goes to the descriptors 1 and 2, lines that are asked for come from 0, programs run here. Ctrl-C interrupts
    the batch, a second one by force. PATH is what the server is called when it turns out to be none.
    """
    if isinstance(sock, int):
        sock = _socket.socket(fileno=sock)
    conversation = _Conversation(sock, request, path)
    before = []
    try:
        for number, handler in ((_SIGINT, conversation.interrupted), (_SIGALRM, conversation.alive)):
            before.append((number, _signal.signal(number, handler)))
        _signal.setitimer(_signal.ITIMER_REAL, _ALIVE, _ALIVE)
    except ValueError:
        pass  # not in the main thread, which gets no signals
    try:
        return conversation.run()
    finally:
        if before:
            _signal.setitimer(_signal.ITIMER_REAL, 0)
        for number, handler in before:
            _signal.signal(number, handler)


def _message(line: bytes) -> "dict[str, Any] | None":
    """Return the message in LINE, if it is one of JSON-RPC."""
    try:
        message = _scan(line.decode(), 0)[0]
    except (StopIteration, ValueError, SystemError):  # the last: it has no name for its error without all of `json`
        return None
    return message if isinstance(message, dict) and "jsonrpc" in message else None


def credentials(sock: "socket.socket | _socket.socket") -> "tuple[int, int]":
    """Return the process and the user at the other end of SOCK, as the kernel noted them when it was connected."""
    raw = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)  # struct ucred: pid, uid, gid
    return int.from_bytes(raw[:4], sys.byteorder), int.from_bytes(raw[4:8], sys.byteorder)


def is_trusted(sock: "socket.socket | _socket.socket") -> bool:
    """Whether who is at the other end of SOCK runs as root or as we do: what another user wants must not run here."""
    return credentials(sock)[1] in (0, os.geteuid())


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            os.set_blocking(descriptor, True)  # somebody we share it with had it otherwise


def _say(text: str) -> None:
    try:  # noqa: SIM105 - `contextlib` would be one more thing to import
        _write_all(2, f"scirehooks: {text}\n".encode(errors="backslashreplace"))
    except OSError:
        pass  # nobody is there to be told


# -- the command line


def main(arguments: "list[str]") -> "int | None":
    """Run a batch as ARGUMENTS say at the system that runs already, and return the exit status.

    None says that this takes the whole program: the arguments are not among the few that are understood here, or
    nobody runs. Understood are [--state DIR] [--json] [--drain S] [-c LINE]… and then attach [SOCKET [FILE ARG…]], or
    FILE ARG…, or nothing.
    """
    open_descriptors()
    try:
        given = _parse(arguments)
    except ValueError:
        return None
    if given is None:
        return None
    attach, path, state, request = given
    try:
        sock = reached(path)
    except OSError as error:
        if not attach:
            return None
        where = f"--state {state} " if state else ""
        why = f"{error.strerror or error}. To start one, type: scirehooks {where}daemon"
        _say(no_socket(path) or f"Nobody can be reached at {path}: {why}")
        return _LOST
    try:
        wanted = completed(request)
        return wanted if isinstance(wanted, int) else converse(sock, wanted, path)
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        sock.close()


def open_descriptors() -> None:
    """Open on nothing those of 0, 1, 2 that are closed: else what is opened next, as our socket, would get their place.

    What was written would go to it, and a program that we start would do the same with its files.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest that is free: this one


def _parse(arguments: "list[str]") -> "tuple[bool, str, str, dict[str, Any]] | None":
    """Return whether to attach in any case, the socket, --state, and what to run; None if it is more than that.

    Raises:
        ValueError: a number is none.
    """
    words, lines, state, attach, path = iter(arguments), [], "", False, ""
    request: dict[str, Any] = {"json": False, "drain": DRAIN}
    rest: list[str] = []
    for word in words:
        if word == "--json":
            request["json"] = True
        elif word in ("-c", "--state", "--drain"):
            value = next(words, None)
            if value is None:
                return None
            if word == "-c":
                lines.append(value)
            elif word == "--state":
                state = value
            else:
                request["drain"] = float(value)
                if not 0 <= request["drain"] < float("inf"):
                    return None
        elif word == "attach" and not attach:
            attach = True
        elif word.startswith("-") and word != "-":
            return None
        elif attach and not path:
            path = word
        else:
            rest = [word, *words]
    if not attach and rest[:1] and rest[0] in ("daemon", "check"):
        return None
    if lines and rest:
        return None
    if not (lines or rest) and os.isatty(0) and os.isatty(1):
        return None
    if lines:
        request["lines"] = lines
    elif rest and rest[0] != "-":
        request["file"], request["argv"] = rest[0], rest
    else:
        request["stdin"] = True
    return attach, path or os.path.join(state or default_state(), SOCKET), "" if path else state, request


def no_socket(path: str) -> str:
    """Return what to do about PATH if something is there that is no socket; else nothing."""
    try:
        kind = os.stat(path).st_mode & 0o170000  # as `stat.S_IFMT`
    except OSError:
        return ""
    if kind == 0o140000:
        return ""
    hints = {
        0o100000: f" To run a file in the running system, type: scirehooks {path}",
        0o040000: f" To attach to the fleet in a directory, type: scirehooks --state {path} attach",
    }
    return f"{path} is not a socket.{hints.get(kind, '')}"


def default_state() -> str:
    """Return where the fleet is kept: of the machine for root, else of the user."""
    if os.geteuid() == 0:
        return "/var/lib/scirehooks"
    configured = os.environ.get("XDG_STATE_HOME", "")
    # The standard has it that a relative path there is to be ignored.
    base = configured if configured.startswith("/") else os.path.expanduser("~/.local/state")
    return os.path.join(base, "scirehooks")


def reached(path: str, timeout: "float | None" = None) -> "_socket.socket":
    """Return a connection to the socket PATH, made within TIMEOUT seconds, if that is given.

    Raises:
        OSError: nobody listens there, or not in time.
    """
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        if len(os.fsencode(path)) < 108:
            sock.connect(path)
        else:  # more than an address can hold: by way of its directory
            directory = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
            try:
                sock.connect(f"/proc/self/fd/{directory}/{os.path.basename(path)}")
            finally:
                os.close(directory)
        sock.settimeout(None)
    except BaseException:
        sock.close()
        raise
    return sock


def completed(wanted: "dict[str, Any]") -> "dict[str, Any] | int":
    """Return WANTED with all that the server cannot see from where it is, or the exit status if it cannot be read."""
    if "file" in wanted:
        name = wanted["file"]
        try:
            with open(name, "rb") as file:
                wanted["text"] = file.read().decode()
        except OSError as error:
            hint = " To evaluate a line, write -c 'LINE'." if isinstance(error, FileNotFoundError) else ""
            _say(f"{name} cannot be read: {error.strerror}.{hint}")
            return 2
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            byte = error.start - error.object.rfind(b"\n", 0, error.start)
            _say(f"{name}:{line}: this is not UTF-8 text (byte {byte}).")
            return 2
        wanted["name"], wanted["file"] = name, os.path.abspath(name)
    wanted.setdefault("argv", ["-c" if "lines" in wanted else "-"])  # as Python has it
    wanted["colors"] = {"stdout": has_colors(1), "stderr": has_colors(2)}
    wanted["width"] = _width() if os.isatty(1) else 0
    try:
        wanted["cwd"] = os.getcwd()
    except OSError:
        wanted["cwd"] = ""  # it has been removed
    try:
        _dump(wanted).encode()
    except UnicodeEncodeError:
        _say("The arguments, or the name of this directory, are not UTF-8 text.")
        return 2
    return wanted


def has_colors(descriptor: int) -> bool:
    """Whether DESCRIPTOR is a terminal that shows colours, and nobody asked for none (NO_COLOR)."""
    return not is_dumb() and not os.environ.get("NO_COLOR") and os.isatty(descriptor)


def is_dumb() -> bool:
    """Whether the terminal is one that can do nothing but show text, or nobody knows what it can do."""
    return os.environ.get("TERM", "").lower() in ("dumb", "unknown", "")


def _width() -> int:
    try:
        return int(os.environ["COLUMNS"]) or 80
    except (KeyError, ValueError):
        return os.get_terminal_size(1).columns or 80
