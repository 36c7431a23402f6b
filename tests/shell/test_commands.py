import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from scirehooks.hooks import Owner, Runtime, command, on, option
from scirehooks.shell import Batch, Renderer, Session
from scirehooks.shell.running.evaluation import Evaluations
from scirehooks.values import Values
from tests.shell.consoles import Far

Say = Callable[[str], str]


def test_hooks_json_is_the_same_after_a_module_came_and_went(session: Session) -> None:
    """The list has nothing in it that a clock or a counter changes."""

    def as_json() -> str:
        return json.dumps(session.values.to_json(session.evaluate("hooks").value))

    class Marked:
        @on("order-paid-hook", depth=3)
        def told(self, order: int) -> None: ...

        @command
        def tell(self) -> None: ...

    before = as_json()
    owner = Owner("module", "marked")
    session.runtime.define(Marked(), owner)
    assert as_json() != before
    session.runtime.withdraw(owner)
    assert as_json() == before


def test_describe_hook_shows_the_order_first(say: Say) -> None:
    """Number, function, depth, owner and place come before everything else."""
    say("def first(order): pass")
    say("def second(order): pass")
    say("add-hook order-paid-hook second")
    say("add-hook order-paid-hook first --depth -5")
    say("add-hook order-paid-hook later --depth 5")
    said = say("describe-hook order-paid-hook").splitlines()
    assert said[0] == "order-paid-hook"
    assert [line.split() for line in said[1:5]] == [
        ["function", "depth", "state", "owner", "where", "number"],
        ["1", "first", "-5", "shell", "shell:1", "#2"],
        ["2", "second", "0", "shell", "shell:2", "#1"],
        ["3", "later", "5", "undefined", "shell", "shell:5", "#3"],
    ]
    assert "payload   order (whole number), note (text)" in said
    assert said[-1] == "Fires after ORDER has been paid."


def test_add_hook_of_an_undefined_name_says_so(say: Say) -> None:
    """It may be defined later, but perhaps it is a typo."""
    say("def audit(order): pass")
    said = say("add-hook order-paid-hook audti")
    assert said == (
        "audti is in order-paid-hook (#1, depth 0), but nothing of that name is defined: "
        "every firing ends in an error until it is. Did you mean audit?\n"
    )
    assert say("add-hook pre-order-hook nosuchfn") == (
        "nosuchfn is in pre-order-hook (#2, depth 0), but nothing of that name is defined: "
        "every firing is refused until it is.\n"
    )
    assert say("add_hook('order-paid-hook', 'audti')").endswith("is not defined yet; did you mean audit?\n")


@pytest.mark.parametrize(
    ("word", "guess"),
    [
        ("3", "A function has a name such as no_tests."),
        ("if", "A function has a name such as no_tests."),
        ("'a b'", "A function has a name such as no_tests."),
        ("shop.audit", "A function has a name such as no_tests."),
        ("no-tests", "Did you mean no_tests?"),
    ],
)
def test_add_hook_of_what_can_be_no_name_is_refused(say: Say, runtime: Runtime, word: str, guess: str) -> None:
    """Nothing can be defined under it later, and a guard that is never defined refuses everything."""
    say("def no_tests(order): pass")
    said = say(f"add-hook pre-order-hook {word}")
    shown = word.strip("'")
    assert said == f"add-hook: {shown!r} cannot be the name of a function. {guess}\n"
    assert runtime.hooks["pre-order-hook"].entries() == ()


def test_add_hook_of_a_label_or_number_takes_the_function_behind_it(say: Say, runtime: Runtime) -> None:
    """It is what lists and other commands call a function that has no name here."""

    def told(order: int) -> None: ...

    runtime.add_hook("order-paid-hook", told, label="shop.told")
    for word in ("shop.told", "#1"):
        say(f"add-hook pre-order-hook {word}")
        (entry,) = runtime.hooks["pre-order-hook"].entries()
        assert entry.function is told
        runtime.remove_hook("pre-order-hook", told)


def test_add_hook_of_an_undefined_name_guesses_functions_only(say: Say) -> None:
    """A class, a hook or a number is no function that somebody meant to add."""
    say("audit_limit = 3")
    say("class AuditOrder: pass")
    assert say("add-hook order-paid-hook audit_limt").endswith("every firing ends in an error until it is.\n")
    assert say("add-hook order-paid-hook auditorder").endswith("every firing ends in an error until it is.\n")
    assert say("add-hook order-paid-hook prnt").endswith("Did you mean print?\n")


def test_release_says_whether_there_was_a_quarantine(say: Say, runtime: Runtime) -> None:
    """One that was switched off stays so: nothing but `enable` switches it on."""

    @runtime.defhook(on_error="isolate")
    def told_hook(order: int) -> None:
        """Fires after it was told."""

    say("def boom(order): raise ValueError('broken')")
    say("add-hook told-hook boom")
    say("disable told-hook boom")
    said = "boom in told-hook is not in quarantine. It is switched off: enable told-hook boom\n"
    assert say("release told-hook boom") == said
    assert told_hook.entries()[0].state == "disabled"
    say("enable told-hook boom")
    for _ in range(told_hook.failure_limit):
        told_hook.run(1)
    say("disable told-hook boom")
    again = "boom in told-hook is in quarantine again. Type: release told-hook boom\n"
    assert say("enable told-hook boom") == again
    assert say("release told-hook boom") == "boom in told-hook is active again.\n"
    assert told_hook.entries()[0].state == "active"


def test_remove_hook_of_what_is_not_there_names_what_was_meant(say: Say) -> None:
    """Somebody who types a name means a function; code may remove what is not there, as in Emacs."""
    say("def audit(order): pass")
    say("add-hook order-paid-hook audit")
    assert "Did you mean audit?" in say("remove-hook order-paid-hook audti")
    assert say("remove_hook('order-paid-hook', 'audti')") == ""
    assert say("remove-hook order-paid-hook #1  # no longer") == "audit is taken out of order-paid-hook.\n"


def test_remove_hook_of_an_undefined_function_says_that_it_is_taken_out(say: Say) -> None:
    """It is found by its number, as any other."""
    say("add-hook order-paid-hook audti")
    assert say("remove-hook order-paid-hook #1") == "audti is taken out of order-paid-hook.\n"


def test_fire_tells_what_did_not_run_and_what_failed(say: Say, session: Session, runtime: Runtime) -> None:
    """A failure is no success, and counts for nothing: it was only tried."""
    say("def boom(order): raise ValueError('broken')")

    def told_hook(order: int) -> None:
        """Fires after it was told."""

    runtime.defhook(on_error="isolate")(told_hook)
    say("add-hook told-hook boom")
    assert say("fire told-hook order=1").splitlines()[1:] == ["Functions: boom.", "Failed: boom: ValueError: broken"]
    assert session.evaluate("fire told-hook order=1").status == 1
    hook = runtime.hook("told-hook")
    assert hook.entries()[0].health.failures == 0
    for _ in range(hook.failure_limit):
        hook.run(1)
    assert say("fire told-hook order=1").splitlines()[1:] == ["Nothing was called.", "Not run: boom (quarantined)."]
    assert session.evaluate("fire told-hook order=1").status == 0


def test_fire_calls_the_functions_with_converted_fields(say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    """Words become what the hook declares."""
    say("def told(order): print(order + 1)")
    say("add-hook order-paid-hook told")
    assert say("fire order-paid-hook order=41") == "Fired order-paid-hook with order=41.\nFunctions: told.\n"
    assert say("fire('order-paid-hook', order=1.5).payload") == "{'order': 1.5}\n"
    assert capsys.readouterr().out == "42\n2.5\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("fire order-paid-hook", "order-paid-hook: the field order (whole number) is missing."),
        ("fire order-paid-hook ordre=1", "order-paid-hook has no field ordre. Did you mean order?"),
        ("fire order-paid-hook order=x", "order: expected whole number, got 'x'."),
        ("fire order-paid-hook qqq=1", "order-paid-hook has no field qqq. It takes order (whole number), note (text)."),
        ("fire order-payd-hook", "There is no hook 'order-payd-hook'. Did you mean order-paid-hook"),
    ],
)
def test_fire_with_a_wrong_payload_says_what_was_expected(say: Say, line: str, said: str) -> None:
    """One line names the field, its type and what was meant."""
    answer = say(line)
    assert answer.startswith(said)
    assert answer.count("\n") == 1


def test_fire_of_an_asked_hook_shows_the_verdict(say: Say, session: Session) -> None:
    """Who refused, where it is written, why, and who was not asked any more; a refusal ends a batch."""
    say("def wary(order): return Veto('not today')")
    say("def late(order): pass")
    say("def raises(order): return {'order': order + 1}")
    say("add-hook pre-order-hook wary")
    say("add-hook pre-order-hook late --depth 5")
    say("add-hook pre-order-hook raises --depth -5")
    said = say("fire pre-order-hook order=1").splitlines()
    assert said[1:] == [
        "Amended: order by raises.",
        "Refused by wary (shell:1, depth 0): not today",
        "Not asked after that: late.",
    ]
    assert session.evaluate("fire pre-order-hook order=1").status == 3
    say("remove-hook pre-order-hook wary")
    assert say("fire pre-order-hook order=1").endswith("Allowed.\n")


def test_fire_uses_the_rehearsal_of_the_hook(say: Say, runtime: Runtime) -> None:
    """A hook that needs something around it brings it, and says that nothing of it stays."""

    def inside_hook(order: int, transaction: str) -> None:
        """Fires inside."""

    runtime.defhook(rehearse=lambda fire: fire({"transaction": "t"}))(inside_hook)
    assert say("fire inside-hook order=1").startswith(
        "Fired inside-hook with order=1, in a transaction that was rolled back."
    )


def test_options_are_listed_and_set_by_their_type(say: Say, runtime: Runtime) -> None:
    """A word is read by the option's type, and option-change-hook fires."""
    limit = option(int, 5, unit="messages", doc="Most messages a minute.", name="limit")
    runtime.define({"LIMIT": limit}, Owner("module", "demo"))
    assert "5 messages" in say("options")
    runtime.define({"PAUSE": option(timedelta, timedelta(minutes=1), name="pause")}, Owner("module", "demo"))
    assert "  1m" in say("options")  # as set-option takes it
    runtime.define({"PORTS": option(list[int], [22, 80], name="ports")}, Owner("module", "demo"))
    runtime.define({"LOUD": option(bool, True, name="loud")}, Owner("module", "demo"))
    assert {line.split()[1] for line in say("options").splitlines()} >= {"22,80", "yes"}
    assert "value    22,80\ndefault  22,80\n" in say("describe-option ports")
    assert say("set-option ports 22,443") == "ports is 22,443.\n"
    assert "whole number" in say("set-option limit x")
    say("set-option limit 7")
    assert limit.value == 7
    say("set_option('limit', 8)")
    assert limit.value == 8


def test_help_finds_commands_hooks_options_functions_and_topics(say: Say, runtime: Runtime, tmp_path: Path) -> None:
    """One command explains everything that has a name."""
    runtime.defoption("limit", int, 5, doc="Most messages a minute.")
    say('def greet(name):\n    "Greet NAME."\n')
    assert say("help hooks").startswith("hooks [WORD]\n\nList the hooks")
    assert say("help order-paid-hook") == say("describe-hook order-paid-hook")
    assert "Most messages a minute." in say("help limit")
    assert say("help greet") == "greet(name)\nshell:1\n\nGreet NAME.\n"
    assert say("help glossary").startswith("Glossary\n")
    assert "commands" in say("help").split()
    assert say("help fier") == "There is no help for 'fier'. Did you mean fire?\n"
    assert say("help(order_paid_hook)") == say("describe-hook order-paid-hook")


def test_help_of_an_unknown_word_names_the_topics_that_tell_of_it(say: Say) -> None:
    """A heading that has it counts most; a word of several topics names some of them."""
    assert say("help quarantine") == "There is no help for 'quarantine'. See help errors.\n"
    assert say("help QUARANTINE") == "There is no help for 'QUARANTINE'. See help errors.\n"
    assert re.fullmatch(r"There is no help for 'traceback'\. See help \w+( or help \w+)*\.\n", say("help traceback"))
    assert say("help hokks") == "There is no help for 'hokks'. Did you mean hooks?\n"
    assert say("help zzyzx") == "There is no help for 'zzyzx'. Try: apropos zzyzx\n"


def test_apropos_searches_the_text_of_the_manual(say: Say) -> None:
    """What has a section of its own is found, though no title speaks of it."""
    found = [line.split()[:2] for line in say("apropos Quarantine").splitlines()]
    assert ["topic", "errors"] in found
    assert ["command", "release"] in found


def test_help_of_a_command_and_topic_sets_them_apart(say: Say) -> None:
    """Where the manual begins is to be seen; a command without a topic ends with itself."""
    shown = say("help hooks")
    assert "\n\n---- The topic hooks of the manual ----\n\nHooks\n" in shown
    assert "----" not in say("help options")


def test_apropos_searches_names_and_first_lines(say: Say) -> None:
    """What one does not know the name of is found by a word of it."""
    found = say("apropos paid")
    assert "order-paid-hook" in found
    assert "pre-order-hook" in found


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("add-hook order-paid-hook audit --depth 10", "audit is in order-paid-hook (#3, depth 10)."),
        (
            "add-hook order-paid-hook audit --local client:7 --times 3",
            "audit is in order-paid-hook for client:7 (#3, depth 0, until 3 more calls).",
        ),
        ("move-hook order-paid-hook told 50", "told in order-paid-hook is at depth 50 now."),
        ("disable order-paid-hook told", "told in order-paid-hook is switched off."),
        ("enable order-paid-hook told", "told in order-paid-hook is switched on."),
        ("release order-paid-hook told", "told in order-paid-hook is not in quarantine. It is active."),
        ("remove-hook order-paid-hook told", "told is taken out of order-paid-hook."),
        ("set-option limit 7", "limit is 7 messages."),
        ("defhook lights-out-hook room level", "lights-out-hook is declared. It passes room, level."),
    ],
)
def test_commands_answer_at_a_prompt_with_a_sentence(say: Say, session: Session, line: str, said: str) -> None:
    """One line says what is so now; to programs the command has no result, and in Python it has what it always had."""
    say("def audit(order): pass")
    say("def told(order): pass")
    say("add-hook order-paid-hook told")
    say("add-hook order-paid-hook told --local host:1")
    session.runtime.defoption("limit", int, 5, unit="messages")
    assert say(line) == f"{said}\n"


def test_what_a_command_says_is_no_json(session: Session, renderer: Renderer) -> None:
    """A batch with --json gets null for a command that only does something."""
    far = Far()
    lines = ["def audit(order): pass", "add-hook order-paid-hook audit --for 2h", "disable order-paid-hook audit"]
    assert Batch(session, renderer, far, width=0, colors={}, as_json=True).run(lines, "-c", "-c") == 0
    assert far.of("stdout") == "null\nnull\n"


def test_add_hook_with_a_lease_goes_by_itself(say: Say, session: Session, runtime: Runtime) -> None:
    """For a time, a number of calls, once, or as long as the session; describe-hook shows until when."""
    for name in "abcd":
        say(f"def {name}(order): pass")
    say("add-hook order-paid-hook a --for 2h")
    say("add-hook order-paid-hook b --times 2")
    say("add-hook order-paid-hook c --once")
    say("add-hook order-paid-hook d --session")
    until = {entry.function: entry.until for entry in session.evaluate("describe-hook order-paid-hook").value.order}
    assert until["a"].expires is not None
    assert [str(until[name]) for name in "bcd"] == ["2 more calls", "1 more call", "end of shell"]
    hook = runtime.hooks["order-paid-hook"]
    hook.run(1)
    assert {entry.label for entry in hook.entries()} == {"a", "b", "d"}
    hook.run(1)
    assert {entry.label for entry in hook.entries()} == {"a", "d"}
    runtime.failures.end_session(session.name)
    assert [entry.label for entry in hook.entries()] == ["a"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("add-hook order-paid-hook told --times 2", "told is in order-paid-hook already (#1), and stays as it is."),
        ("add-hook order-paid-hook later --times 0", "add-hook: a lease lasts for more than no time"),
        ("add-hook order-paid-hook later --for 0s", "add-hook: a lease lasts for more than no time"),
        ("defhook lights room", "defhook: 'lights' is no name for a hook."),
        ("defhook lights-out-hook 7", "defhook: '7' cannot be the name of a field."),
        ("defhook lights-out-hook room room", "defhook lights-out-hook: a field is named twice."),
        ("defhook", "defhook: NAME is missing."),
    ],
)
def test_hook_commands_refuse_what_makes_no_sense(say: Say, line: str, said: str) -> None:
    """The message says what was wrong and what would be right."""
    say("def told(order): pass")
    say("add-hook order-paid-hook told")
    assert say(line).startswith(said)


def test_defhook_is_one_thing_in_both_languages(say: Say, session: Session, runtime: Runtime) -> None:
    """A line names the fields; in Python it decorates a function, with rules or without."""
    say('defhook lights-out-hook room --mode until_success --doc "Fires when it gets dark."')
    hook = runtime.hooks["lights-out-hook"]
    assert (hook.mode, hook.doc, str(hook.owner)) == ("until_success", "Fires when it gets dark.", "shell")
    session.evaluate('@defhook\ndef one_hook(room):\n    "Fires once."')
    session.evaluate('@defhook(mode="ask", on_error="refuse")\ndef two_hook(room):\n    "Asked twice."')
    assert runtime.hooks["one-hook"].doc == "Fires once."
    assert runtime.hooks["two-hook"].on_error == "refuse"


def test_describe_command_option_and_function(say: Say, session: Session, runtime: Runtime) -> None:
    """Each shows what help shows, and says of what it is not that it is not."""
    runtime.defoption("limit", int, 5, unit="messages", doc="Most messages a minute.")
    say("def greet(name): 'Greet NAME.'")
    for word in ("greet", "limit", "fire"):
        kind = {"greet": "function", "limit": "option", "fire": "command"}[word]
        assert say(f"describe-{kind} {word}") == say(f"help {word}")
    assert session.evaluate("describe-option limit").value.unit == "messages"
    assert say("describe-function len").startswith("len(")
    assert say("describe-function runtime") == "runtime is no function. Look at it in Python: runtime\n"
    assert "Did you mean greet?" in say("describe-function gret")


SEVERAL = "One command on a line. Type them one after the other, or in a shell: scirehooks "


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("hooks; options", SEVERAL + "-c hooks -c options"),
        ("hooks failure ; options", SEVERAL + "-c 'hooks failure' -c options"),
        ("hooks && options", SEVERAL + "-c hooks -c options"),
        ("hooks failure | head", "Output is not piped here. In a shell, type: scirehooks -c 'hooks failure' | head"),
        ("hooks failure > x", "Output is not redirected here. In a shell, type: scirehooks -c 'hooks failure' > x"),
    ],
)  # fmt: skip
def test_line_that_only_sh_understands_says_what_to_type_instead(say: Say, line: str, told: str) -> None:
    """Several commands, a pipe and a redirection are things that people type; quoted, they are words."""
    assert say(line).strip() == told
    assert "one word too many" in say("hooks failure 'a;b'")


def test_add_hook_with_a_depth_that_is_no_number_says_so_once(say: Say) -> None:
    """What Python has to say about it adds nothing."""
    assert "add-hook: depth: expected number, got 'abc'.\n" in say("add-hook order-paid-hook print abc")
    assert "could not convert" not in say("add-hook order-paid-hook print abc")


@pytest.mark.parametrize(("line", "status"), [("exit", 0), ("exit 3", 3), ("exit()", 0), ("quit 3", 3)])
def test_exit_leaves_as_quit_does(session: Session, line: str, status: int) -> None:
    """It is what fingers type, as a word or as Python has it."""
    session_outcome = session.evaluate(line)
    assert (session_outcome.quit, session_outcome.status) == (True, status)


def test_help_finds_a_function_that_is_for_one_scope_only(say: Say, runtime: Runtime) -> None:
    """It is found wherever `where` finds it, by its label and its number; one that is not defined is no function."""

    def guard(order: int) -> None:
        """Guard ORDER."""

    runtime.add_hook("order-paid-hook", "later", label="lg")
    runtime.add_hook("order-paid-hook", guard, local="client:7", label="lg")
    for line in ("help lg", "help #2", "describe-function lg"):
        assert "Guard ORDER." in say(line)


def test_a_failure_that_refuses_is_told_once(say: Say, session: Session) -> None:
    """It is the reason already; what others failed by is told the same way wherever a verdict is shown."""
    say("def boom(order): raise ValueError('no paper')")
    say("add-hook pre-order-hook boom")
    for line in ("runtime.hooks['pre-order-hook'].run(1)", "fire pre-order-hook order=1"):
        assert say(line).count("no paper") == 1
    verdict: Any = session.values.to_json(session.evaluate("runtime.hooks['pre-order-hook'].run(1)").value)
    assert (verdict["allowed"], verdict["failed"]) == (False, [])


def test_name_that_is_no_function_is_said_to_be_none(say: Say) -> None:
    """It is defined, so nobody looks for where it is not; it is told when it is set, too."""
    said = say("add-hook order-paid-hook greet\ngreet = 5\nadd-hook pre-order-hook greet\nexplain pre-order-hook")
    assert "\norder-paid-hook holds greet, which is defined, but is no function.\n" in said
    assert "but greet is no function: every firing is refused until it is.\n" in said
    assert "greet does not run: greet is defined, but is no function, which is an error when it is fired.\n" in said
    assert "greet (#2, depth 0) is defined, but is no function\n" in say("pre_order_hook.entries()[0]")


def test_function_that_fits_its_hook_no_more_is_told_to_who_typed_it(say: Say, session: Session) -> None:
    """Below the line that did it, once, whether the function was defined anew or the hook; others are not told."""
    say("def greet(order): pass\nadd-hook order-paid-hook greet")
    told = say("def greet(client, z): pass")
    assert told.startswith("order-paid-hook holds greet, and: greet(client, z) (shell:3) cannot be called")
    assert say("6 * 7") == "42\n"
    assert say("def greet(order): pass") == ""
    assert "\nlights-hook holds greet, and: greet(order) " in say(
        "defhook lights-hook order\nadd-hook lights-hook greet\ndefhook lights-hook room"
    )
    with session.runtime.owners.acting(Owner("session", "shell-2"), actor="other"):
        session.runtime.namespace["greet"] = lambda wrong: None
    assert say("6 * 7") == "42\n"


def test_typed_misfit_is_no_warning_of_the_log(
    runtime: Runtime, values: Values, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    """Who typed it is told at the prompt; in an embedded shell the log would say it there a second time."""
    caplog.set_level("INFO")
    evaluations = Evaluations(runtime)
    session.evaluate("def greet(order): pass\n")
    session.evaluate("add-hook order-paid-hook greet")
    over: SimpleQueue[object] = SimpleQueue()
    line = "def greet(client, z): pass\n"
    evaluations.start(session, line, lambda: session.evaluate(line), lambda _, result: over.put(result))
    over.get(timeout=20)
    session.evaluate("def greet(client, z, more): pass\n")
    evaluations.close()
    assert [record.levelname for record in caplog.records if "holds greet" in record.message] == ["INFO", "WARNING"]


def test_add_hook_in_python_says_which_argument_is_wrong(say: Say) -> None:
    """A misspelt name is guessed, as that of an option is; a text is no time."""
    say("def greet(order): pass")
    said = say("add_hook('order-paid-hook', greet, dept=3)")
    assert re.search(r"got an unexpected keyword argument 'dept'\. Did you mean '?depth'?\?\n$", said)
    assert "mean" not in say("add_hook('order-paid-hook', greet, xyzzy=3)")
    assert "mean" not in say("(lambda one: one)(on=3)")
    assert say("add_hook('order-paid-hook', greet, timeout='2s')") == (
        "timeout: expected a number of seconds or a timedelta, got '2s'.\n"
    )


def test_help_shows_no_parameter_that_the_session_fills_in(say: Say, runtime: Runtime) -> None:
    """Nobody can type it."""

    class Looking:
        @command
        def look(self, session: Session, *, log: bool = False) -> None:
            """Look."""

    runtime.define(Looking(), Owner("module", "looking"))
    assert say("look --help").startswith("look [--log]\n")
    assert "SESSION" not in say("help look")
