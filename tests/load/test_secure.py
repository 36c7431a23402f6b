"""Only what nobody else could have written is run."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from scirehooks.errors import LoadError, UnsafeFileError
from scirehooks.load.secure import check_code, read_code


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a safe file in a directory of its own."""
    directory = tmp_path / "init.d"
    directory.mkdir(mode=0o755)
    file = directory / "20-x.py"
    file.write_bytes(b"x = 1\n")
    file.chmod(0o644)
    return file


def test_read_code_safe_file_gives_content(file: Path) -> None:
    """An ordinary file of ours is read; sticky directories above it are no obstacle."""
    assert read_code(file) == b"x = 1\n"
    check_code(file)


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_read_code_writable_file_is_refused_with_chmod(file: Path, mode: int) -> None:
    """The refusal names the path and the command that mends it."""
    file.chmod(mode)
    with pytest.raises(
        UnsafeFileError, match=rf"others can write it \(mode 0{mode:o}\)\. .*chmod go-w {re.escape(str(file))}$"
    ):
        read_code(file)
    file.chmod(0o644)
    assert read_code(file)


@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_read_code_writable_directory_is_refused_with_chmod(file: Path, mode: int) -> None:
    """Who can write a directory can replace what is in it."""
    file.parent.chmod(mode)
    with pytest.raises(UnsafeFileError, match=f"chmod go-w {re.escape(str(file.parent))}$"):
        read_code(file)


def test_read_code_writable_grandparent_is_refused(file: Path) -> None:
    """Every directory up to the root counts."""
    file.parent.parent.chmod(0o777)
    with pytest.raises(UnsafeFileError, match=f"the directory {re.escape(str(file.parent.parent))}"):
        read_code(file)


def test_read_code_sticky_directory_is_accepted_if_the_next_is_ours(file: Path) -> None:
    """In a sticky directory others cannot replace what is ours."""
    file.parent.chmod(0o1777)
    assert read_code(file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_read_code_file_of_another_user_is_refused(file: Path) -> None:
    """The owner of a file can change it at any time, also in a sticky directory."""
    os.chown(file, 12345, -1)
    with pytest.raises(UnsafeFileError, match=r"belongs to user 12345.*chown 0 "):
        read_code(file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_read_code_directory_of_another_user_is_refused(file: Path) -> None:
    """The owner of a directory can replace what is in it."""
    os.chown(file.parent, 12345, -1)
    with pytest.raises(UnsafeFileError, match=r"others can write the directory"):
        read_code(file)


def test_read_code_link_is_followed_and_both_ways_are_checked(file: Path, tmp_path: Path) -> None:
    """A symbolic link is as safe as the directory it is in and the one it leads to."""
    there = tmp_path / "links"
    there.mkdir(mode=0o755)
    link = there / "20-y.py"
    link.symlink_to(Path("..") / "init.d" / file.name)
    assert read_code(link)
    there.chmod(0o777)
    with pytest.raises(UnsafeFileError, match="links"):
        read_code(link)
    there.chmod(0o755)
    file.parent.chmod(0o777)
    with pytest.raises(UnsafeFileError, match=r"init\.d"):
        read_code(link)


def test_read_code_circle_of_links_is_an_error(tmp_path: Path) -> None:
    """The kernel's own limit is met first."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(LoadError, match="cannot be read"):
        read_code(tmp_path / "a")


def test_read_code_fifo_is_refused_without_waiting(tmp_path: Path) -> None:
    """A FIFO would make the start wait for ever."""
    os.mkfifo(tmp_path / "20-x.py", 0o600)
    with pytest.raises(UnsafeFileError, match="not a regular file"):
        read_code(tmp_path / "20-x.py")


@pytest.mark.parametrize("path", ["/", "/dev/zero", "/nowhere/20-x.py", "a\0b"])
def test_read_code_what_is_no_file_is_an_error(path: str) -> None:
    """Whatever it is, the answer is one of our errors."""
    with pytest.raises(LoadError):
        read_code(Path(path))


def test_read_code_trusted_leaves_modes_out(file: Path) -> None:
    """What came with scirehooks is as safe as scirehooks itself."""
    file.chmod(0o666)
    assert read_code(file, trusted=True)
