"""The table of operations, as clients see it."""

import inspect
from typing import Any

import pytest

from scirehooks.control.ops import OpTable
from scirehooks.control.service import Service
from scirehooks.control.wire import INVALID_PARAMS, UNKNOWN_METHOD
from tests.control.support import Served, Terminal

SPEC = {
    "alive", "batch", "close", "closed", "complete", "describe", "eval", "interrupt", "is-complete", "prompt",
    "session/close", "session/list", "session/open", "signature",
} - {"close"}  # fmt: skip


def test_describe_documents_every_operation(served: Served) -> None:
    """Each has a documentation in whole sentences, typed parameters, and the members of its result."""
    told = served.raw().ask("describe")["result"]
    ops = {each["name"]: each for each in told["ops"]}
    assert set(ops) == SPEC
    for each in ops.values():
        assert each["doc"].split("\n")[0].endswith("."), each["name"]
        assert all(param["type"] and isinstance(param["required"], bool) for param in each["params"].values())
        assert all(each["result"].values())
    assert ops["eval"]["params"]["session"] == {"type": "text", "required": True}
    assert ops["eval"]["params"]["width"] == {"type": "whole number", "required": False}


def test_operations_mention_each_of_their_parameters(served: Served) -> None:
    """A parameter that the documentation does not speak of is one that nobody can use."""
    for each in served.raw().ask("describe")["result"]["ops"]:
        silent = [name for name in each["params"] if name.upper() not in each["doc"]]
        assert not silent, f"{each['name']} does not say what {', '.join(silent)} is"


def test_describe_lists_commands_with_what_they_take(served: Served) -> None:
    """A terminal can ask for each argument of a command without another question."""
    commands = {each["name"]: each for each in served.raw().ask("describe")["result"]["commands"]}
    hooks = commands["add-hook"]
    assert hooks["usage"].startswith("add-hook HOOK FUNCTION [DEPTH]")
    assert hooks["doc"].startswith("Put FUNCTION into HOOK")
    first = hooks["parameters"][0]
    assert first == {
        "name": "hook", "kind": "word", "type": "hook", "required": True, "option": "--hook",
        "shown": "HOOK", "metavar": "HOOK",
    }  # fmt: skip
    assert "[--for FOR]" in {each["shown"] for each in hooks["parameters"]}
    assert {"who", "follow"} <= set(commands)


def test_describe_tells_nothing_but_the_generation_until_commands_change(terminal: Terminal) -> None:
    """A terminal keeps what it was told; a new command changes the generation, and each prompt tells that."""
    generation = terminal.client.request("describe")["generation"]
    assert terminal.client.request("describe", generation=generation) == {"generation": generation}
    assert terminal.ask("prompt")["generation"] == generation
    terminal.say("def greet(name: str) -> str:\n    'Greet NAME.'\n    return name")
    terminal.say("runtime.define_command('greet', greet)")
    assert terminal.ask("prompt")["generation"] > generation
    told = terminal.client.request("describe", generation=generation)
    assert "greet" in {each["name"] for each in told["commands"]}


@pytest.mark.parametrize(
    ("method", "params", "code", "said"),
    [
        ("evall", {}, UNKNOWN_METHOD, "Did you mean eval?"),
        ("zzz", {}, UNKNOWN_METHOD, "listed by describe"),
        ("x" * 10_000, {}, UNKNOWN_METHOD, "…"),
        ("eval", {"session": "shell"}, INVALID_PARAMS, "eval needs text (text)"),
        ("eval", {"session": 3, "text": ""}, INVALID_PARAMS, "session: expected text, got 3"),
        ("eval", {"session": "s", "text": "", "with": 3}, INVALID_PARAMS, "Did you mean width?"),
        ("eval", {"session": "s", "text": "", "width": True}, INVALID_PARAMS, "whole number"),
        ("describe", {"x": 1}, INVALID_PARAMS, "It takes: generation."),
        ("closed", {"stream": "result"}, INVALID_PARAMS, "stdout"),
        ("batch", {}, INVALID_PARAMS, "either lines, or text, or stdin"),
        ("batch", {"lines": ["1"], "stdin": True}, INVALID_PARAMS, "either"),
        ("batch", {"text": "1"}, INVALID_PARAMS, "file and the name"),
        ("batch", {"lines": "1"}, INVALID_PARAMS, "list of text"),
    ],
)
def test_requests_that_do_not_fit_are_told_what_would(
    served: Served, method: str, params: dict[str, Any], code: int, said: str
) -> None:
    """The answer names the nearest operation, or the parameter and what it takes; nothing is begun."""
    error = served.raw().ask(method, **params)["error"]
    assert error["code"] == code
    assert said in error["message"]
    assert served.service.sessions.all() == []


def test_handlers_all_take_keyword_parameters_only() -> None:
    """The table is read off the methods: what is positional there could not be asked for by name."""
    for name, each in OpTable(object.__new__(Service)).items():
        kinds = [parameter.kind for parameter in inspect.signature(each.do).parameters.values()]
        assert kinds[1:] == [inspect.Parameter.KEYWORD_ONLY] * (len(kinds) - 1), name
