"""What a YAML file can say about entries that others made, names of hooks, advice and modules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scirehooks.hooks import Runtime
from scirehooks.load import Loader

State = Callable[[], dict[str, object]]
Write = Callable[..., Path]

BASE = """
def a(item): return "a"
def b(item): return "b"
for function in (a, b):
    add_hook("post-order-hook", function)
add_hook("post-order-hook", lambda item: None)
add_hook("post-order-hook", "c", local="web")
"""


def loaded(loader: Loader, write: Write, text: str) -> tuple[str, str]:
    """Load BASE and then TEXT as YAML; return what became of the latter."""
    write("init.d/10-base.py", BASE)
    script = write("init.d/20-x.yaml", text)
    report = loader.load_init([script.parent]).scripts[-1]
    return report.status, report.error


def entries(runtime: Runtime, local: str | None = None) -> list[tuple[str, float, str]]:
    return [(entry.label, entry.depth, entry.state) for entry in runtime.hooks["post-order-hook"].entries(local)]


def test_yaml_takes_out_moves_and_switches_off_what_others_added(
    loader: Loader, runtime: Runtime, write: Write
) -> None:
    """By name or by label, also for one scope; loaded anew without it, all is as it was."""
    said = """\
        hooks:
          post-order-hook:
            - {function: a, remove: true}
            - {function: c, local: web, state: disabled}
            - {function: "10-base.py:6", depth: 20}
            - {function: b, state: disabled, existing: true}
            - {function: new, state: disabled, depth: 5}
            - {function: d, label: dee}
        """
    assert loaded(loader, write, said) == ("ok", "")
    assert entries(runtime) == [
        ("dee", 0, "active"), ("b", 0, "disabled"), ("new", 5, "disabled"), ("10-base.py:6", 20, "active"),
    ]  # fmt: skip
    assert entries(runtime, "web") == [("c", 0, "disabled")]
    write("init.d/20-x.yaml", "")
    loader.reload("20-x.yaml")
    assert entries(runtime) == [("10-base.py:6", 0, "active"), ("b", 0, "active"), ("a", 0, "active")]
    assert entries(runtime, "web") == [("c", 0, "active")]


def test_yaml_lists_run_in_the_order_written_also_of_what_is_there(
    loader: Loader, runtime: Runtime, write: Write
) -> None:
    """A depth moves an entry that is there, as if it were added anew."""
    said = "hooks: {post-order-hook: [{function: a, depth: 0}, new, {function: b, depth: 0}]}"
    assert loaded(loader, write, said) == ("ok", "")
    assert [label for label, *_ in entries(runtime)] == ["a", "new", "b", "10-base.py:6"]


def test_yaml_takes_an_entry_out_and_adds_it_on_other_terms(loader: Loader, runtime: Runtime, write: Write) -> None:
    """First what goes, wherever it stands in the list."""
    said = "hooks: {post-order-hook: [{function: a, timeout: 5s, depth: 3}, {function: a, remove: true}]}"
    assert loaded(loader, write, said) == ("ok", "")
    entry = runtime.find_entry("post-order-hook", "a")
    assert (entry.timeout, entry.depth, entry.owner.name) == (5, 3, "20-x.yaml")


def test_yaml_gives_hooks_other_names_and_advice(loader: Loader, runtime: Runtime, write: Write) -> None:
    """Outermost first; what another script put around a function can be taken off."""
    write("init.d/15-y.py", "runtime.advice_add('a', 'override', 'gone')\n")
    said = """\
        aliases: {order-done-hook: post-order-hook}
        advice:
          a:
            - {function: gone, remove: true}
            - {function: outer, how: filter-return, label: o}
            - {function: inner, how: filter-return}
            - {function: last, how: filter-return, depth: 9}
        """
    assert loaded(loader, write, said) == ("ok", "")
    for name in ("outer", "inner", "last"):
        runtime.namespace[name] = lambda value, name=name: f"{name}({value})"
    assert runtime.namespace["a"]("tea") == "outer(inner(last(a)))"
    assert runtime.hooks["order-done-hook"] is runtime.hooks["post-order-hook"]
    assert {str(advice.owner) for advice in runtime.namespace.advice.of("a")} == {"20-x.yaml"}
    assert {advice.place.line for advice in runtime.namespace.advice.of("a") if advice.place} == {5, 6, 7}
    write("init.d/20-x.yaml", "")
    loader.reload("20-x.yaml")
    assert "order-done-hook" not in runtime.hooks
    assert [advice.label for advice in runtime.namespace.advice.of("a")] == ["gone"]


def test_yaml_unloads_a_module(loader: Loader, runtime: Runtime, write: Write) -> None:
    """One that is not loaded is no error: it is as it should be."""
    write("modules/m.py", "")
    write("init.d/15-y.yaml", "require: m\n")
    assert loaded(loader, write, "unload: [m, m]") == ("ok", "")
    assert not runtime.modules
    status, error = loaded(loader, write, "unload: [mm]")
    assert (status, error.endswith("There is no module 'mm'. Did you mean m?")) == ("failed", True)
    assert loaded(loader, write, "lenient: true\nunload: [mm]") == ("ok", "")


def test_yaml_lenient_file_passes_over_what_is_gone_and_tells(loader: Loader, runtime: Runtime, write: Write) -> None:
    """What it speaks of and is not there is told in init-status; all the rest counts."""
    said = """\
        lenient: true
        require: [nowhere]
        options: {no-such-option: 1}
        hooks:
          no-such-hook: a
          post-order-hook:
            - {function: x.y, state: disabled}
            - {function: zed, depth: 3, existing: true}
            - {function: zed, remove: true}
            - fine
        """
    status, told = loaded(loader, write, said)
    assert status == "ok"
    for part in (":2:11: There is no module 'nowhere'", ":3:27:", "'no-such-hook'", ":7:7:", ":8:7:", ":9:7:"):
        assert part in told
    assert entries(runtime)[0] == ("fine", 0, "active")


def test_yaml_option_of_a_module_that_comes_later_says_what_to_write(
    loader: Loader, runtime: Runtime, write: Write
) -> None:
    """A site's settings come first in the order of names; requiring the module there is enough."""
    write("modules/my_mod.py", "from scirehooks.hooks import option\nLIMIT = option(int, 1)\n")
    write("init.d/30-y.yaml", "require: my-mod\n")
    loaded(loader, write, "options: {my-mod-limit: 5}\n")
    (failed,) = loader.report.failed
    assert "20-x.yaml:1:25: init script 20-x.yaml is not loaded: There is no option 'my-mod-limit'. " in failed.error
    assert "The module my_mod is not loaded yet." in failed.error
    assert "Write before it: require: [my_mod]" in failed.error
    write("init.d/20-x.yaml", "options: {my-mod-limit: 5}\nrequire: [my_mod]\n")
    loader.unload("my_mod")
    assert not loader.load_init([failed.file.parent]).failed
    assert runtime.options["my-mod-limit"].value == 5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "hooks:\n  post-order-hook: {function: nobody, remove: true}",
            "2:20: There is no function in post-order-hook",
        ),
        (
            "hooks:\n  post-order-hook: {function: x.y, depth: 3}",
            "2:20: There is no function in post-order-hook called",
        ),
        ("hooks:\n  post-order-hook: {function: nobody, existing: true}", "2:20: There is no function in"),
        (
            "hooks:\n  post-order-hook: {function: a, remove: true, depth: 1, when: x}",
            "an entry that is there has no key",
        ),
        ("hooks:\n  post-order-hook: {function: '#3', remove: true}", "2:31: a function is given by its name"),
        ("hooks:\n  post-order-hook: {function: a, state: asleep}", "2:41: state: expected one of"),
        ("hooks:\n  post-order-hook: {function: a, remove: maybe}", "2:42: remove: expected true or false"),
        ("hooks:\n  post-order-hook: {program: a, remove: true}", "2:21: an entry that is there has no key 'program'"),
        ("hooks:\n  post-order-hook: [a, {function: a, depth: 1}]", "2:24: a is listed twice under post-order-hook"),
        (
            "hooks:\n  post-order-hook: [a, b]\n  post_order_hook: [a, c]",
            "20-x.yaml:3:3: 'post_order_hook' is there twice; the first is 'post-order-hook' on line 2.",
        ),
        ("options: {a-limit: 1, a_limit: 2}", "1:23: 'a_limit' is there twice; the first is 'a-limit' on line 1."),
        ("aliases: {a-b: post-order-hook, a_b: post-order-hook}", "1:33: 'a_b' is there twice"),
        ("advice: {a_b: [], a-b: []}", "1:19: 'a-b' is there twice; the first is 'a_b' on line 1."),
        ("aliases: {x: 7}", "1:14: here belongs the name of a hook"),
        ("aliases: {x: nowhere}", "1:14: There is no hook 'nowhere'"),
        ("advice: {a: {how: before}}", "1:13: advice has a `function`, and says `how` or `remove`"),
        ("advice: {a: {function: b, how: beside}}", "1:32: there is no advice 'beside'"),
        ("advice: {a: {function: b, how: before, when: x}}", "advice has no key 'when'"),
        ("lenient: perhaps", "1:10: lenient: expected true or false"),
        ("unload: {a: b}", "1:9: here belongs a name"),
    ],
)
def test_yaml_mistake_in_what_is_said_about_others_is_told(
    loader: Loader, runtime: Runtime, write: Write, text: str, says: str, state: State
) -> None:
    """Strict as ever: with the place, and nothing of the file is left."""
    write("init.d/10-base.py", BASE)
    loader.load_init([write("init.d/20-x.yaml", "").parent])
    before = {key: value for key, value in state().items() if key != "names"}
    status, error = loaded(loader, write, text + "\n")
    assert status == "failed"
    assert says in error.replace("init script 20-x.yaml is not loaded: ", "")
    assert {key: value for key, value in state().items() if key != "names"} == before
