"""A dataclass of ours is what the standard library makes of the same class."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import typing
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from scirehooks import records

Maker = Callable[..., Any]


def made(maker: Maker) -> dict[str, Any]:
    """Return classes that MAKER makes."""

    @maker(frozen=True, slots=True)
    class Point:
        """A point."""

        count: ClassVar[int] = 0
        x: int
        y: int = 2
        tags: list[str] = dataclasses.field(default_factory=list)
        note: str = dataclasses.field(default="", compare=False, repr=False)

    @maker(slots=True)
    class Mutable:
        """One that changes."""

        x: int
        tags: list[str] = dataclasses.field(default_factory=list)

    @maker(eq=False, slots=True)
    class Same:
        """One that is equal to itself only."""

        x: int

    @maker(frozen=True, kw_only=True)
    class Named:
        """One whose fields are named."""

        x: int
        y: int = 2

    @maker(frozen=True, kw_only=True)
    class Renamed(Named):
        """One that inherits named fields, one with another default."""

        y: int = 3
        z: int = 4

    @maker(frozen=True, slots=True)
    class One:
        """One field."""

        x: object

    @maker(frozen=True, slots=True)
    class Empty:
        """No field."""

    @maker(frozen=True, slots=True)
    class Checked:
        """One that looks at what it is given."""

        x: int

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError(self.x)

    @maker(frozen=True, slots=True)
    class Own:
        """One with methods of its own."""

        x: int

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return True

    @maker(frozen=True, slots=True)
    class Child(Point):
        """One that inherits fields."""

        z: int = 3

    return {each.__name__: each for each in (Point, Mutable, Same, Named, Renamed, One, Empty, Checked, Own, Child)}


OURS, STANDARD = made(records.dataclass), made(dataclasses.dataclass)


def outcome(act: Callable[[dict[str, Any]], Any], classes: dict[str, Any]) -> Any:
    """Return what ACT returns, or the error that it raises."""
    try:
        return act(classes)
    except Exception as error:  # noqa: BLE001 - it is what is compared
        return type(error), str(error)


@pytest.mark.parametrize(
    "act",
    [
        lambda c: repr(c["Point"](1)),
        lambda c: repr(c["Point"](1, tags=["a"], note="hidden")),
        lambda c: repr(c["Empty"]()),
        lambda c: repr(c["Own"](1)),
        lambda c: repr(c["Child"](1, z=4)),
        lambda c: c["Point"](),
        lambda c: c["Point"](1, 2, [], "", 5),
        lambda c: c["Point"](1, x=2),
        lambda c: c["Point"](1, z=2),
        lambda c: c["Named"](1),
        lambda c: c["Named"](),
        lambda c: repr(c["Named"](x=1)),
        lambda c: repr(c["Renamed"](x=1)),
        lambda c: str(inspect.signature(c["Renamed"])),
        lambda c: setattr(c["Renamed"](x=1), "x", 2),
        lambda c: delattr(c["Child"](1), "x"),
        lambda c: hash(c["Renamed"](x=1)) == hash((1, 3, 4)),
        lambda c: copy.copy(c["Renamed"](x=1)) == c["Renamed"](x=1) != c["Named"](x=1),
        lambda c: repr(copy.copy(c["Child"](1))),
        lambda c: c["Checked"](-1),
        lambda c: c["Checked"](1).x,
        lambda c: c["Point"](1) == c["Point"](1),
        lambda c: c["Point"](1, note="a") == c["Point"](1, note="b"),
        lambda c: c["Point"](1) == c["Point"](2),
        lambda c: c["Point"](1) == c["Child"](1),
        lambda c: c["Point"](1) == 1,
        lambda c: c["One"](1) == c["One"](1),
        lambda c: c["Empty"]() == c["Empty"](),
        lambda c: c["Mutable"](1) == c["Mutable"](1),
        lambda c: c["Same"](1) == c["Same"](1),
        lambda c: c["Own"](1) == c["Own"](2),
        lambda c: hash(c["Point"](1, tags=())) == hash(c["Point"](1, tags=(), note="b")),
        lambda c: hash(c["One"](5)) == hash((5,)),
        lambda c: hash(c["Empty"]()) == hash(()),
        lambda c: hash(c["Point"](1)),
        lambda c: hash(c["Mutable"](1)),
        lambda c: hash(c["Own"](1)) == hash((1,)),
        lambda c: len({c["Same"](1), c["Same"](1)}),
        lambda c: setattr(c["Point"](1), "x", 2),
        lambda c: delattr(c["Point"](1), "x"),
        lambda c: setattr(c["Named"](x=1), "other", 2),
        lambda c: setattr(c["Mutable"](1), "other", 2),
        lambda c: setattr(c["Mutable"](1), "x", 2),
        lambda c: repr(dataclasses.replace(c["Point"](1), y=5)),
        lambda c: dataclasses.replace(c["Point"](1), z=5),
        lambda c: dataclasses.asdict(c["Point"](1)),
        lambda c: dataclasses.astuple(c["Child"](1)),
        lambda c: [(f.name, f.type, f.default, f.default_factory) for f in dataclasses.fields(c["Point"])],
        lambda c: [f.name for f in dataclasses.fields(c["Point"](1))],
        lambda c: [dataclasses.is_dataclass(each) for each in c.values()],
        lambda c: repr(copy.copy(c["Point"](1))),
        lambda c: repr(copy.deepcopy(c["Point"](1, tags=["a"]))),
        lambda c: str(inspect.signature(c["Point"])),
        lambda c: str(inspect.signature(c["Named"])),
        lambda c: typing.get_type_hints(c["Point"].__init__),
        lambda c: c["Point"].__init__.__qualname__,
        lambda c: c["Point"].__match_args__,
        lambda c: c["Point"].__slots__,
        lambda c: c["Child"].__slots__,
        lambda c: hasattr(c["Point"](1), "__dict__"),
        lambda c: vars(c["Named"](x=1)),
        lambda c: c["Point"](1).tags is c["Point"](1).tags,
        lambda c: c["Point"].__doc__,
    ],
)
def test_dataclass_does_what_the_standard_one_does(act: Callable[[dict[str, Any]], Any]) -> None:
    """Objects, errors and what can be asked about a class are the same."""
    assert outcome(act, OURS) == outcome(act, STANDARD)


@records.dataclass(frozen=True, slots=True)
class Kept:
    """At the top of a module, so that it can be pickled."""

    x: int
    y: str = ""


def test_dataclass_pickles() -> None:
    """An object with slots that nobody may set comes back whole."""
    assert pickle.loads(pickle.dumps(Kept(1, "a"))) == Kept(1, "a")


def test_dataclass_that_contains_itself_has_a_repr() -> None:
    """A circle is shown as such."""
    here: list[Any] = []
    one = OURS["One"](here)
    here.append(one)
    assert repr(one).endswith("One(x=[...])")


def test_dataclass_init_is_compiled_when_the_first_object_is_made() -> None:
    """What a session never uses costs it nothing; afterwards there is a plain function."""
    cls = made(records.dataclass)["Point"]
    assert not inspect.isfunction(vars(cls)["__init__"])
    cls(1)
    assert inspect.isfunction(vars(cls)["__init__"])


def test_dataclass_a_class_without_it_may_inherit_and_have_attributes_of_its_own() -> None:
    """The fields stay as they are, the rest is the subclass's."""
    free = type("Free", (OURS["Named"],), {})(x=1)
    free.other = 2
    assert copy.copy(free).other == 2
    del free.other
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
        free.x = 2


@pytest.mark.parametrize("maker", [dataclasses.dataclass, records.dataclass])
def test_dataclass_a_standard_one_may_inherit(maker: Any) -> None:
    """A module author need not know which of the two made a class; that a family is frozen, both of them know."""

    @dataclasses.dataclass(frozen=True)
    class Wider(Kept):
        z: int = 3

    @records.dataclass(frozen=True, slots=True)
    class Widest(Wider):
        a: int = 4

    assert repr(Widest(1)).endswith("Widest(x=1, y='', z=3, a=4)")
    assert repr(Wider(1)).endswith("Wider(x=1, y='', z=3)")

    with pytest.raises(TypeError, match="cannot inherit non-frozen dataclass from a frozen one"):

        @maker
        class Loose(Kept):
            z: int = 3
