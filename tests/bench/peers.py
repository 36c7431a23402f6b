"""What is compared: a hand-written loop, our hooks in their several states, and other people's libraries."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from scirehooks.hooks import Runtime

__all__ = ["LOOP", "OURS", "PEERS", "Firing", "Maker", "functions"]


class Firing(NamedTuple):
    """One statement to be timed, with the names that it uses."""

    statement: str
    names: dict[str, Any]


Maker = Callable[[int], Firing]


def functions(count: int, parameters: str = "a, b") -> list[Callable[..., Any]]:
    """Return COUNT functions that do nothing, each with code of its own, as in life."""
    made: dict[str, Any] = {}
    for number in range(count):
        exec(f"def function_{number}({parameters}): return None", made)
    return [made[f"function_{number}"] for number in range(count)]


def loop(count: int) -> Firing:
    return Firing("for f in fns: f(1, 2)", {"fns": functions(count)})


LOOP: Maker = loop


# -- ours


def ours(*, named: bool = False, traced: bool = False, generating: bool = True, **rules: Any) -> Maker:
    """Return a maker of a declared hook with two parameters, fired by `hook.run(1, 2)`."""

    def make(count: int) -> Firing:
        runtime = Runtime("bench", generating=generating)

        def bench_hook(a: int, b: int) -> None:
            """Fires for the benchmark."""

        hook = runtime.defhook(**rules)(bench_hook)
        for function in functions(count):
            if named:
                runtime.namespace[function.__name__] = function
            runtime.add_hook(hook, function)
        if traced:
            runtime.trace(hook)
            hook.run(1, 2)
            runtime.untrace(hook)
        return Firing("hook.run(1, 2)", {"hook": hook})

    return make


OURS: dict[str, Maker] = {
    "hook.run, raise": ours(),
    "hook.run, raise, by name": ours(named=True),
    "hook.run, raise, traced before": ours(traced=True),
    "hook.run, isolate": ours(on_error="isolate"),
    "hook.run, until_success": ours(mode="until_success"),
    "hook.run, plain loop": ours(generating=False),
}


# -- others; those that are not installed raise ImportError


def pluggy(count: int) -> Firing:
    module = import_module("pluggy")
    spec, implementation = module.HookspecMarker("bench"), module.HookimplMarker("bench")
    manager = module.PluginManager("bench")

    def bench_hook(a: int, b: int) -> None: ...

    manager.add_hookspecs(type("Spec", (), {"bench_hook": staticmethod(spec(bench_hook))}))
    for function in functions(count):
        manager.register(type("Plugin", (), {"bench_hook": staticmethod(implementation(function))})())
    return Firing("hook(a=1, b=2)", {"hook": manager.hook.bench_hook})


def blinker(count: int) -> Firing:
    signal, receivers = import_module("blinker").Signal(), functions(count, "sender, a, b")
    for function in receivers:
        signal.connect(function)
    return Firing("signal.send(None, a=1, b=2)", {"signal": signal, "receivers": receivers})


def psygnal(statement: str) -> Maker:
    def make(count: int) -> Firing:
        signal, receivers = import_module("psygnal").SignalInstance((object, object)), functions(count)
        for function in receivers:
            signal.connect(function)
        return Firing(statement, {"signal": signal, "receivers": receivers})

    return make


def pyee(count: int) -> Firing:
    emitter = import_module("pyee").EventEmitter()
    for function in functions(count):
        emitter.on("event", function)
    return Firing("emitter.emit('event', 1, 2)", {"emitter": emitter})


def django(count: int) -> Firing:
    signal, receivers = import_module("django.dispatch").Signal(), functions(count, "sender, a, b, **rest")
    for function in receivers:
        signal.connect(function)
    return Firing("signal.send(None, a=1, b=2)", {"signal": signal, "receivers": receivers})


def pydispatcher(count: int) -> Firing:
    dispatcher, receivers, signal = import_module("pydispatch.dispatcher"), functions(count), object()
    for function in receivers:
        dispatcher.connect(function, signal=signal)
    return Firing("send(signal=signal, a=1, b=2)", {"send": dispatcher.send, "signal": signal, "receivers": receivers})


def xonsh(count: int) -> Firing:
    events = import_module("xonsh.events").EventManager()
    events.doc("on_bench", "on_bench(a, b)")
    for function in functions(count):
        events.on_bench(function)
    return Firing("event.fire(a=1, b=2)", {"event": events.on_bench})


def zope_event(count: int) -> Firing:
    notify = import_module("zope.event").notify  # reads a list that is the module's; ours has a list of its own
    notify = type(notify)(notify.__code__, {"subscribers": functions(count, "event")})
    return Firing("notify(event)", {"notify": notify, "event": (1, 2)})


PEERS: dict[str, Maker] = {
    "pluggy": pluggy,
    "blinker send": blinker,
    "psygnal emit": psygnal("signal.emit(1, 2)"),
    "psygnal emit_fast": psygnal("signal.emit_fast(1, 2)"),
    "pyee emit": pyee,
    "Django send": django,
    "PyDispatcher send": pydispatcher,
    "xonsh fire": xonsh,
    "zope.event notify": zope_event,
}
