"""Ending step by step, so that an interrupt, or a step that fails, keeps no other step from being done."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Closing"]


class Closing:
    """How something ends: STEPS, each of which is given the seconds that it may wait, and the reason.

    Example:
        >>> closing = Closing(lambda patience, reason: print(f"at most {patience:g} s: {reason}"))
        >>> closing(5, "The system ends.")
        at most 5 s: The system ends.
        >>> closing(5, "Once more.")
    """

    def __init__(self, *steps: Callable[[float, str], object]) -> None:
        self._steps = [*steps]

    def __call__(self, patience: float, reason: str) -> None:
        """Do what is left to do of it.

        What fails or interrupts meanwhile is raised once all is done. An interrupt ends the PATIENCE, and the step that
        it hit is done again; but who goes on interrupting is in a hurry, and no step is done a third time.
        """
        failed: Exception | None = None
        interrupt: BaseException | None = None
        while self._steps:
            try:
                self._steps[0](patience, reason)
            except Exception as error:  # noqa: BLE001 - of whatever kind, it is raised below
                failed = failed or error
            except BaseException as wish:  # noqa: BLE001 - likewise
                first, interrupt, patience = interrupt is None, interrupt or wish, 0.0
                if first:
                    continue
            del self._steps[0]
        if interrupt or failed:
            raise interrupt or failed  # type: ignore[misc]  # one of them is an exception
