import os
from pathlib import Path

import pytest

import scirehooks
from scirehooks.shell.libraries import whose


@pytest.mark.parametrize(
    ("file", "owner"),
    [
        ("<shell:3>", "user"),
        ("<string>", "user"),
        ("/etc/scirehooks/init.d/20-guard.py", "user"),
        (os.__file__, "library"),
        (pytest.__file__, "library"),
        ("<frozen importlib._bootstrap>", "library"),
        (scirehooks.__file__, "ours"),
        ("<scirehooks order-paid-hook>", "ours"),
    ],
)
def test_file_is_ours_or_a_library_s_or_a_user_s(file: str, owner: str) -> None:
    """One rule for what an error shows and for what an interrupt may end."""
    assert whose(file) == owner


def test_what_was_typed_is_a_user_s_wherever_one_sits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is no file's: a shell started in the folder of a library is as good as any."""
    monkeypatch.chdir(Path(os.__file__).parent)
    assert whose("<shell:elsewhere>") == "user"
