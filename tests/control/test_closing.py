import pytest

from scirehooks.control.closing import Closing


class Steps:
    """Steps that fail as they are told to, each time they are done."""

    def __init__(self) -> None:
        self.done: list[tuple[str, float]] = []

    def step(self, name: str, *errors: BaseException | None) -> "Step":
        """Return the step NAME, which raises the next of ERRORS at each call; None and their end are success."""
        return Step(self, name, [*errors])


class Step:
    """One step."""

    def __init__(self, steps: Steps, name: str, errors: list[BaseException | None]) -> None:
        self._steps, self._name, self._errors = steps, name, errors

    def __call__(self, patience: float, reason: str) -> None:
        """Note that it is done."""
        self._steps.done.append((self._name, patience))
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error


def test_steps_are_done_once_in_their_order() -> None:
    """Closing twice is closing once."""
    steps = Steps()
    closing = Closing(steps.step("a"), steps.step("b"))
    closing(5, "")
    closing(5, "")
    assert steps.done == [("a", 5), ("b", 5)]


def test_step_that_fails_keeps_no_other_from_its_time() -> None:
    """A file that cannot be removed is no reason to cut off what is under way; the first error is told at the end."""
    steps = Steps()
    closing = Closing(steps.step("a", OSError("first")), steps.step("b", OSError("second")), steps.step("c"))
    with pytest.raises(OSError, match="first"):
        closing(5, "")
    assert steps.done == [("a", 5), ("b", 5), ("c", 5)]


def test_interrupt_ends_the_patience_and_the_step_is_done_again() -> None:
    """Nothing is left half done."""
    steps = Steps()
    closing = Closing(steps.step("a"), steps.step("b", KeyboardInterrupt()), steps.step("c"))
    with pytest.raises(KeyboardInterrupt):
        closing(5, "")
    assert steps.done == [("a", 5), ("b", 5), ("b", 0), ("c", 0)]


def test_who_goes_on_interrupting_holds_up_nothing() -> None:
    """The second interrupt of a step is the end of that step."""
    steps = Steps()
    closing = Closing(steps.step("a", KeyboardInterrupt(), SystemExit()), steps.step("b", KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        closing(5, "")
    assert steps.done == [("a", 5), ("a", 0), ("b", 0)]


def test_interrupt_behind_an_error_is_not_lost() -> None:
    """Whoever pressed Ctrl-C learns that it has counted, whatever else was wrong."""
    steps = Steps()
    closing = Closing(steps.step("a", OSError("full")), steps.step("b", KeyboardInterrupt()), steps.step("c"))
    with pytest.raises(KeyboardInterrupt):
        closing(5, "")
    assert steps.done == [("a", 5), ("b", 5), ("b", 0), ("c", 0)]
