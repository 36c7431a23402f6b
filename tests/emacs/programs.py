"""Random programs about hooks and advice, as data that Emacs and our interpreter both read.

A program is `{"hooks": {name: calling rule}, "errors": error rule, "payload": "any" | "xy", "steps": [action…]}`, an
action one of:

    ["add", hook, function, depth, scope]                 ["remove", hook, function, scope]
    ["run", rule, [hook…], [argument…], scope, wrap]      ["show", hook]
    ["define", function, takes, tag, [action…], give]     ["undefine", function]
    ["advise", function, how, advice, name, depth]        ["unadvise", function, advice or its name]
    ["raise", number]     ["try", action]     ["original"] (in advice around: call it)

A function notes its name, tag and arguments, does its actions and gives a value: a number, None, "arg" (its first
argument), "last" (the value of its last action) or "cons" (its tag in front of the list that is its argument).
Names with f are held by name, those with o as objects; w, x are advice: around, filter-args. Scopes are A and B.

Where we differ from Emacs on purpose (DIFFERENCES), programs keep clear of it; that is said here and nowhere else.
"""

from random import Random
from typing import Any, Literal, TypedDict

__all__ = ["DIFFERENCES", "Action", "Program", "Takes", "random_program"]

DIFFERENCES = {
    "depths": "belong to a hook's value; in Emacs 28 to its name, so that adding a function in one buffer moves it in "
    "another. Here a hook with local values gives each function one depth for good; other hooks know any depth.",
    "local values": "always hold the global marker. Here they are changed by add and remove only, never set.",
    "truth": "is Python's. Here no function returns 0, an empty text or an empty list, which are true in Emacs.",
    "checks": "when adding and calling. Here hooks are declared, functions take what they get, depths are numbers, "
    "and advice that filters arguments returns a list.",
    "unloading": "is exact. Here nothing is unloaded.",
    "scopes": "nest, buffers do not. The interpreter enters each scope from none.",
}

Action = list[Any]
CallingRule = Literal["all", "until_success", "until_failure"]
ErrorRule = Literal["raise", "isolate"]
Takes = bool | list[int]  # True: all arguments; else those of these numbers, in this order


class Program(TypedDict):
    """A program; see above."""

    hooks: dict[str, CallingRule]
    errors: ErrorRule
    payload: Literal["any", "xy"]
    steps: list[Action]


RULES: list[CallingRule] = ["all", "until_success", "until_failure"]
NAMED = ["f1", "f2", "f3", "f4"]
OBJECTS = ["o1", "o2"]
ON_RESULT = ["after-until", "after-while", "before-until", "before-while", "filter-return"]
TAKES: dict[str, list[Takes]] = {"f": [True, [], [0], [1], [0, 1], [1, 0]], "o": [[1]]}
DEPTHS = [-100, -10, -10, -0.5, 0, 0, 0, 0, 0.5, 10, 10, 90, 100, 1000]


def random_program(seed: int) -> Program:
    """Return the program number SEED."""
    return _Writer(Random(seed)).program()


class _Writer:
    """Makes up one program."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.chance = random.random
        self.pick = random.choice
        self.tags = 0
        self.payload: Literal["any", "xy"] = "any" if self.chance() < 0.7 else "xy"
        self.advice = self.payload == "any" and self.chance() < 0.5
        # DIFFERENCES, depths: None, or the one depth of each function in a hook that has local values.
        self.fixed: dict[str, dict[str, float] | None] = {
            hook: {name: self.depth() for name in NAMED + OBJECTS} if self.chance() < 0.6 else None
            for hook in ("h1", "h2")
        }

    def program(self) -> Program:
        steps = [self.define(name, 0) for name in NAMED + OBJECTS if self.chance() < 0.9]
        if self.advice:
            steps += [self.define(name, 0) for name in ("w1", "w2", "x1", "x2") if self.chance() < 0.9]
        steps += [self.add() for _ in range(self.random.randint(0, 5))]
        steps += [self.step() for _ in range(self.random.randint(4, 14))]
        steps += [["show", hook] for hook in self.fixed]
        return {
            "hooks": {hook: self.pick(RULES) for hook in self.fixed},
            "errors": "isolate" if self.chance() < 0.3 else "raise",
            "payload": self.payload,
            "steps": steps,
        }

    def step(self) -> Action:
        return self.run() if self.chance() < 0.4 else self.change(0)

    def change(self, nesting: int) -> Action:
        """Return one change of anything, for a step (NESTING 0) or for the inside of a function."""
        chance = self.chance()
        if self.advice and chance < 0.35:
            return self.advise() if chance < 0.25 else self.unadvise()
        if chance < 0.6:
            return self.add()
        if chance < 0.8:
            return self.remove()
        if chance < 0.92:
            return self.define(self.pick(NAMED + OBJECTS + ["w1", "x1"] * self.advice), nesting)
        return ["undefine", self.pick(NAMED + ["w1"] * self.advice)]

    # -- hooks

    def depth(self) -> float:
        return self.pick(DEPTHS) if self.chance() < 0.8 else self.random.randint(-120, 120)

    def scope(self, hook: str) -> str | None:
        return self.pick([None, "A", "A", "B"]) if self.fixed[hook] else None

    def add(self) -> Action:
        hook, function = self.pick(list(self.fixed)), self.pick(NAMED + OBJECTS)
        fixed = self.fixed[hook]
        return ["add", hook, function, fixed[function] if fixed else self.depth(), self.scope(hook)]

    def remove(self) -> Action:
        hook = self.pick(list(self.fixed))
        return ["remove", hook, self.pick(NAMED + OBJECTS), self.scope(hook)]

    def run(self) -> Action:
        rule = self.pick([*RULES, *RULES, "wrapped"] + ["hooks"] * (self.payload == "any"))
        hooks = [self.pick(list(self.fixed)) for _ in range(self.random.randint(1, 3) if rule == "hooks" else 1)]
        count = 2 if self.payload == "xy" else self.random.randint(0, 2) * (rule != "hooks")
        wrap = self.pick(["call", "call", "skip", "stop"]) if rule == "wrapped" else None
        return ["run", rule, hooks, [self.number() for _ in range(count)], self.pick([None, "A", "B"]), wrap]

    # -- functions

    def number(self) -> int:
        return self.random.randint(1, 9)

    def define(self, name: str, nesting: int) -> Action:
        self.tags += 1
        takes: Takes = self.pick(TAKES[name[0]]) if self.payload == "xy" and name != "o1" else True
        tag = self.tags  # before those of the functions defined inside
        count = self.pick([0, 0, 0, 1, 1, 2]) if nesting < 2 else 0
        actions = [self.inner(nesting + 1) for _ in range(count)]
        give = self.pick([None, None, None, self.number(), "arg", "last"])
        if name[0] == "w":
            actions += [["original"]] * self.pick([0, 1, 1, 1, 2])
            give = self.pick(["last", "last", "last", None, self.number()])
        if name[0] == "x":
            give = self.pick(["arg", "cons"])
        return ["define", name, takes, tag, actions, give]

    def inner(self, nesting: int) -> Action:
        """Return an action for the inside of a function."""
        chance = self.chance()
        if chance < 0.15:
            return ["raise", self.number()]
        if chance < 0.3:
            return ["show", self.pick(list(self.fixed))]
        if chance < 0.5:
            run = self.run()
            return ["try", run] if self.chance() < 0.5 else run
        return self.change(nesting)

    # -- advice

    def advise(self) -> Action:
        number = self.random.randint(1, len(NAMED))
        how = self.pick(["around", "around", "before", "after", "override", "filter-args", "filter-args", *ON_RESULT])
        if how == "around":
            advice = self.pick(["w1", "w2"])
        elif how == "filter-args":
            advice = self.pick(["x1", "x1", "x2"])
        else:  # a later function, so that nothing advises itself for ever
            advice = self.pick(NAMED[number:] + OBJECTS)
        name = self.pick(["n1", "n2"]) if self.chance() < 0.3 else None
        return ["advise", f"f{number}", how, advice, name, self.depth() if self.chance() < 0.5 else 0]

    def unadvise(self) -> Action:
        return ["unadvise", self.pick(NAMED), self.pick(["w1", "w2", "x1", "n1", "n2", *NAMED, *OBJECTS])]
