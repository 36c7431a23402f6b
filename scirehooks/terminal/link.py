"""The connection of one shell to a running system, which survives the end of that system."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from scirehooks.control.client import Client
from scirehooks.errors import ConnectionLostError, ScireError
from scirehooks.shell import Fragments
from scirehooks.terminal.screen import Screen

__all__ = ["Link"]

Reconnect = Callable[[], socket.socket]

_ASKERS = 4  # candidates, signature, prompt, and one to spare
_PATIENCE = 1.0  # seconds that a prompt waits for news of a server that may have hung
_FIRST_DELAY, _LONGEST_DELAY = 0.1, 2.0


class Link:
    """What the shell knows of the system at the other end of SOCK, and how it asks.

    When the connection ends, RECONNECT is called, again and again in a thread, until it returns another socket; without
    it the shell ends. TROUBLE says in a line why nothing can be asked just now.
    """

    def __init__(self, sock: socket.socket, screen: Screen, reconnect: Reconnect | None = None) -> None:
        self._screen = screen
        self._reconnect = reconnect
        self.banner: Fragments = []
        self.title = ""
        self.trouble = ""
        self.status = ""
        self.answering = False  # somebody waits for what comes of a line, and may be asked for input
        self.unanswered = False  # a line was sent, and the server has not answered it within a second after Ctrl-C
        self._commands: Mapping[str, Any] = {}
        self._generation: Any = None
        self._outdated = True  # there may be other commands by now
        self._client: Client | None = None
        self._session = ""
        self._reason = ""
        self._lock = threading.Lock()  # of `_client`: each is lost once
        self._ended = threading.Event()
        self._try_now = threading.Event()
        self._askers = ThreadPoolExecutor(_ASKERS, thread_name_prefix="terminal")
        self._open(sock)

    def close(self) -> None:
        """Leave the system, which goes on."""
        self._ended.set()
        self._try_now.set()
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            asked = self._askers.submit(client.request, "session/close", session=self._session)
            with contextlib.suppress(ScireError, TimeoutError):
                asked.result(_PATIENCE)
            client.close()
        self._askers.shutdown(cancel_futures=True)  # whoever waited for an answer has got an error by now

    # -- asking

    @property
    def commands(self) -> Mapping[str, Any]:
        """The commands by name. They are asked for at the first key, so that the first prompt waits for none of it."""
        if self._outdated:
            self._outdated = False  # asked once for each prompt: a server that hangs must not stop each key
            with contextlib.suppress(ScireError, TimeoutError):
                asked = self.ask("describe", session=False, generation=self._generation)
                self._describe(asked.result(_PATIENCE))
        return self._commands

    @property
    def connected(self) -> bool:
        """Whether there is a system at the other end."""
        return self._client is not None

    @property
    def over(self) -> bool:
        """Whether there is no connection, and will be none."""
        return self._reconnect is None and not self.connected

    def ask(self, method: str, *, session: bool = True, **params: Any) -> Future[Any]:
        """Ask METHOD, for this SESSION or for none, without waiting; the answer may be a `ScireError`."""
        client = self._client
        if client is None:
            failed: Future[Any] = Future()
            failed.set_exception(ConnectionLostError(self.trouble))
            return failed
        if session:
            params["session"] = self._session
        return self._askers.submit(client.request, method, **params)

    def evaluate(self, text: str) -> Client:
        """Have TEXT evaluated, and return the client, whose `resume` then returns what comes of it.

        Raises:
            ConnectionLostError: there is no connection; TEXT was not sent.
        """
        client = self._client
        if client is None:
            raise ConnectionLostError(self.trouble)
        client.begin("eval", session=self._session, text=text, width=self._screen.columns, value=False)
        return client

    def interrupt(self, *, force: bool) -> None:
        """End what is being evaluated, wherever it is if FORCE says so."""
        with contextlib.suppress(ScireError):
            if self._client is not None:
                self._client.notify("interrupt", session=self._session, force=force)

    def before_prompt(self) -> Fragments:
        """Ask what is to be known at a prompt; return the news of what others have changed.

        Raises:
            ConnectionLostError: there is no connection, and there will be none.
        """
        if self.over:
            raise ConnectionLostError(self.trouble)
        if self.unanswered:
            return []  # it has been waited for
        try:
            answer = self.ask("prompt").result(_PATIENCE)
        except TimeoutError:
            self.status = "the server does not answer"
            return []
        except ScireError:
            return []  # the connection has just been lost, which is said elsewhere
        self.status = answer["status"]
        self._outdated = answer["generation"] != self._generation
        return [(style, text) for style, text in answer["news"]]

    # -- the connection

    def _open(self, sock: socket.socket) -> None:
        """Open a session over SOCK.

        Raises:
            ScireError: the other end did not want one, or went away.
        """
        client = Client(sock, self._unasked, self._lost)
        try:
            opened = client.request(
                "session/open",
                width=self._screen.columns,
                cwd=_directory(),
                interactive=True,
                name=self._session,
            )
        except BaseException:
            client.close()
            raise
        self._session = opened["session"]
        self.title = opened["title"]
        self.banner = [(style, text) for style, text in opened["banner"]]
        self._generation, self._outdated = None, True
        self._reason = ""
        with self._lock:
            self.trouble = ""
            self._client = client
        if client.ended:  # while all this was done
            self._lost(client)

    def _describe(self, described: dict[str, Any]) -> None:
        self._generation = described["generation"]
        if "commands" in described:
            self._commands = {command["name"]: command for command in described["commands"]}

    def _unasked(self, method: str, params: dict[str, Any]) -> None:
        """Show what comes while nothing is evaluated: the output of threads, and that the server ends."""
        if method == "output":
            text = params.get("text")
            self._screen.above(self._screen.styled(params.get("fragments", ())) if text is None else text)
        elif method == "closing":
            self._reason = str(params.get("reason", ""))

    def _lost(self, client: Client) -> None:
        """Say that the connection is lost, and look for another one."""
        reason = self._reason or client.reason
        with self._lock:
            if self._ended.is_set() or self._client is not client:
                return
            self._client = None
            self.trouble = "not connected: trying again"
            if self._reconnect is None:
                self.trouble = f"{reason} The system that this shell belongs to has ended.".lstrip()
        if self.answering:
            self.answering = False
            self._screen.leave(EOFError())  # nobody waits for the input any more
        if self._reconnect is None:
            self._screen.leave(ConnectionLostError(self.trouble))
            return
        lost = "The connection is lost. Trying to connect again; what you type is kept."
        self._say("warning", f"{reason} {lost}".lstrip())
        threading.Thread(target=self._connect_again, args=[self._reconnect], name="reconnecting", daemon=True).start()

    def _connect_again(self, reconnect: Reconnect) -> None:
        delay = _FIRST_DELAY
        while not self._ended.is_set():
            try:
                self._open(reconnect())
            except (OSError, ScireError):
                self._try_now.wait(delay)
                self._try_now.clear()
                delay = min(delay * 1.5, _LONGEST_DELAY)
            else:
                break
        else:
            return
        if self.connected:
            news = self.before_prompt()  # which asks for the toolbar, too
            self._say("good", f"Connected again: scirehooks {self.title}")
            self._screen.above(self._screen.styled(self._screen.broken(news)))

    def _say(self, style: str, text: str) -> None:
        self._screen.above(self._screen.styled(self._screen.broken([(style, text), ("", "\n")])))
        self._screen.redraw()

    # -- what stands in the way

    def ready(self) -> bool:
        """Whether a line can be sent now; if not, say why, above the line that is kept.

        Where there will be no other connection it can: the attempt tells that all has ended.
        """
        if not self.connected and not self.over:
            self._try_now.set()
            self._say("warning", "Not connected: the line is kept. Press Enter again once the connection is back.")
            return False
        if self.unanswered:
            self._say("warning", "The server has not answered the line before: this one is kept.")
            return False
        return True


def _directory() -> str:
    """Return the current directory; nothing if it has been removed."""
    try:
        return os.getcwd()
    except OSError:
        return ""
