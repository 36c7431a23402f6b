"""Raise an exception in another thread, at its next step in a user's code and nowhere else.

`PyThreadState_SetAsyncExc` raises wherever the thread happens to be: now and then between a library's taking a lock and
its noting that it has it, and the next thread that logs waits for ever. Looking at the thread first does not help with
one that logs all the time: whenever somebody else may look, it is inside the library. And while it waits to be raised
in a thread that sleeps, Python 3.11 lets every traced thread of the process spin. So the thread is made to tell each
of its steps, and raises the exception by itself when a step is in a user's file. Nothing of this costs anything before
an interrupt is ordered. Python 3.12 has `sys.monitoring` for it; in 3.11 only the C function behind `sys.settrace` can
be told which thread to trace.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import cache
from types import CodeType, FrameType
from typing import Any

__all__ = ["Order", "Target", "walk"]

_CALL, _LINE, _OPCODE = 0, 2, 7  # what a trace function in C is told
_TOOLS = (4, 3)  # numbers of sys.monitoring that no known tool takes


def walk(frame: FrameType | None) -> list[FrameType]:
    """Return FRAME and those that called it, the innermost first."""
    frames = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames


class Order:
    """To raise EXCEPTION in code of files that ALLOWED says yes to, where WANTED does, until it is `done`.

    Both are asked in the thread that is to raise it, in the context of that code.
    """

    def __init__(
        self, exception: type[BaseException], wanted: Callable[[], bool], allowed: Callable[[str], bool]
    ) -> None:
        self.exception = exception
        self.done = False
        self.wanted = wanted
        self._allowed = allowed

    def holds_in(self, frame: FrameType) -> bool:
        """Whether the exception is to be raised in FRAME."""
        return self.allows(frame) and self.wanted()

    def allows(self, frame: FrameType) -> bool:
        """Whether FRAME is in a user's code; what `exec` made of a string is whose who called it is."""
        while frame.f_code.co_filename == "<string>" and frame.f_back is not None:
            frame = frame.f_back
        return self._allowed(frame.f_code.co_filename)


class Target:
    """The thread that makes it, as others may interrupt it."""

    def __init__(self) -> None:
        self.ident = threading.get_ident()
        self.over = False  # the thread has ended, and what the interpreter knew of it is gone; or it does other things
        self.tracer = sys.gettrace()  # of a debugger, or what measures coverage
        self.state = _api().PyThreadState_Get()
        self.given: object = None
        _here.ends[id(self)] = _End(self)

    @property
    def frame(self) -> FrameType | None:
        """Where the thread is."""
        return None if self.over else sys._current_frames().get(self.ident)

    def obey(self, order: Order) -> None:
        """Let the thread carry ORDER out, once, at its next step in a user's code."""
        _watch(self, order)

    def settle(self) -> None:
        """Called by the thread itself: forget an order that has not come about, and take no other."""
        _unwatch(self)
        _here.ends.pop(id(self), None)


class _End:
    """Kept in the thread's own storage: Python takes it away when the thread ends, in that thread."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def __del__(self) -> None:
        self._target.over = True


class _Here(threading.local):
    """What the thread keeps: an end for each who may interrupt it. Several systems may be served by one loop."""

    def __init__(self) -> None:
        self.ends: dict[int, _End] = {}


_here = _Here()


@cache
def _api() -> Any:
    import ctypes  # noqa: PLC0415 - the first prompt does not wait for it

    api = ctypes.PyDLL(None)  # of our own: `ctypes.pythonapi` is everybody's, and so are its argument types
    api.PyThreadState_Get.restype = ctypes.c_void_p
    return api


if sys.version_info >= (3, 12):
    # Orders by thread; a code object may be run by others at the same time.
    _orders: dict[int, tuple[Order, set[CodeType]]] = {}

    @cache
    def _tool() -> int:
        monitoring = sys.monitoring
        tool = next(number for number in _TOOLS if monitoring.get_tool(number) is None)
        monitoring.use_tool_id(tool, "scirehooks interrupts")
        monitoring.register_callback(tool, monitoring.events.INSTRUCTION, _instruction)
        return tool

    def _instruction(code: CodeType, offset: int) -> None:
        order, _ = _orders.get(threading.get_ident(), (None, None))
        if order is not None and not order.done and order.holds_in(sys._getframe(1)):
            _let_run(threading.get_ident())
            raise order.exception

    def _let_run(ident: int) -> None:
        """Forget the order to a thread, and let the code where it was looked for run at full speed again."""
        _, codes = _orders.pop(ident, (None, set[CodeType]()))
        for code in codes.difference(*(others for _, others in list(_orders.values()))):
            sys.monitoring.set_local_events(_tool(), code, 0)

    def _watch(target: Target, order: Order) -> None:
        codes = {frame.f_code for frame in walk(target.frame) if order.allows(frame)}
        _orders[target.ident] = (order, codes)
        for code in codes:
            sys.monitoring.set_local_events(_tool(), code, sys.monitoring.events.INSTRUCTION)

    def _unwatch(target: Target) -> None:
        _let_run(target.ident)

else:

    @cache
    def _traced() -> tuple[Any, Any]:
        """Return the C function that sets a thread's tracing, and one that it may be set to."""
        import ctypes  # noqa: PLC0415 - see above

        signature = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.py_object, ctypes.c_int, ctypes.c_void_p)
        step = signature(_step)
        trace = _api()._PyEval_SetTrace
        trace.argtypes = [ctypes.c_void_p, signature, ctypes.py_object]
        return trace, step

    def _step(given: tuple[Target, Order], frame: FrameType, event: int, _: int | None) -> int:
        """See each step of a thread under an order; what is raised here would be lost: Python's own tracing does it."""
        target, order = given
        if order.done:
            sys.settrace(target.tracer)
        elif event in (_CALL, _LINE, _OPCODE) and order.holds_in(frame):

            def throw(frame: FrameType, event: str, argument: Any) -> None:
                if order.holds_in(frame):
                    frame.f_trace_opcodes = False
                    raise order.exception

            frame.f_trace = throw
            frame.f_trace_opcodes = True
            sys.settrace(throw)
        return 0

    def _watch(target: Target, order: Order) -> None:
        trace, step = _traced()
        # Kept: the interpreter calls the function once more with what it has, when that function has set another.
        given = target.given = (target, order)
        for frame in walk(target.frame):
            if order.allows(frame):
                frame.f_trace_opcodes = True  # `while True: pass` is one instruction, and never comes to another line
        # The thread cannot end between these two: nothing here lets another one run.
        if not target.over:
            trace(target.state, step, given)

    def _unwatch(target: Target) -> None:
        if sys.gettrace() is not target.tracer:
            sys.settrace(target.tracer)
