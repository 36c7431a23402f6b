"""Public names that come when they are asked for (PEP 562), so that who wants one of them pays for that one."""

TYPE_CHECKING = False  # checkers take it for true; `typing` alone would cost more than all the rest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["late"]


def late(package: "dict[str, Any]", homes: "Mapping[str, str]") -> None:
    """Let PACKAGE, the globals of one, have the names in HOMES, which says of each in which module it is defined.

    No module in it may be called as one of them: Python would put that in the name's place. Checkers see nothing of
    this; they are told of the names by imports under `if TYPE_CHECKING`.

    Example:
        >>> package = {"__name__": "shop"}
        >>> late(package, {"sqrt": "math"})
        >>> package["__getattr__"]("sqrt")(9), "sqrt" in package
        (3.0, True)
    """

    def __getattr__(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}", name=name)
        # `importlib` would be one more thing to import first.
        value = package[name] = getattr(__import__(homes[name], fromlist=[name]), name)
        return value

    package["__getattr__"] = __getattr__
    package["__dir__"] = lambda: sorted({*package, *homes})
