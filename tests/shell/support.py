"""What tests of several files of this directory use."""

from pathlib import Path

__all__ = ["write"]


def write(file: Path, text: str) -> Path:
    """Write TEXT to FILE, so that it may be loaded whatever the umask; return it."""
    file.write_text(text)
    file.chmod(0o644)
    return file
