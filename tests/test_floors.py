"""The house keeps its floors: who may import whom, where, and who alone may touch what."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parent.parent / "scirehooks"

FLOORS = {
    "errors": 0,
    "late": 0,
    "records": 0,
    "version": 0,
    "values": 1,
    "process": 1,
    "hooks": 1,
    "load": 2,
    "core": 2,
    "shell": 3,
    "assembly": 4,
    "control": 4,
    "daemon": 5,
    "bridge": 5,
    "terminal": 5,
    "testing": 5,
    "cli": 6,
    "__main__": 7,
    "__init__": 8,
}

# The rooms of the shell, the largest part, from the bottom up: a file or folder in it imports what stands before it.
SHELL = (
    *("libraries", "views", "showing", "line", "running", "session"),
    *("answers", "trying", "completing", "commands", "host", "batch", "furnishing", "__init__"),
)

# Everybody else imports at the top. (file, module) -> why not there; "*" is any module.
LATE = {
    ("__init__.py", "*"): "importing scirehooks brings next to nothing: names come when asked for (PEP 562)",
    ("cli/__init__.py", "*"): "each way in pays only for what it uses",
    ("cli/attached.py", "scirehooks.terminal"): "a batch pays for no terminal",
    ("cli/embedded.py", "scirehooks.terminal"): "a batch pays for no terminal",
    ("control/oneshot.py", "select"): "only who reads standard input has to wait for two things",
    ("errors.py", "difflib"): "only what is misspelt needs it",
    ("load/find.py", "importlib"): "reading the metadata of all installed packages costs more than a whole start",
    ("load/journal_commands.py", "scirehooks.load.save"): "a start saves nothing",
    ("shell/running/interrupt.py", "ctypes"): "what can be interrupted begins after the first prompt",
    ("terminal/lexer.py", "pygments.lexers.python"): "a tenth of a start; an empty line needs none",
}

# A module -> the only places that import it, so that it can be replaced, and so that the rest goes without it.
ONLY_IN = {
    "aiohttp": ("bridge/",),
    "asyncssh": ("core/transport/",),
    "prompt_toolkit": ("terminal/",),
    "pygments": ("terminal/",),
    "sqlite3": ("core/schema.py", "core/store.py"),
    "yaml": ("load/",),
}

SQL = re.compile(
    r"\s*(SELECT\s.+\sFROM|INSERT\s.*INTO|REPLACE\sINTO|UPDATE\s.+\sSET|DELETE\sFROM|CREATE\s|PRAGMA\s)", re.DOTALL
)


class Import(NamedTuple):
    """One module that FILE imports; LATE when not at the top of the file."""

    file: str
    line: int
    module: str
    late: bool

    @property
    def part(self) -> str | None:
        """The part of scirehooks that is imported, "" for the package root, None for a module of others."""
        root, _, rest = self.module.partition(".")
        return rest.partition(".")[0] if root == "scirehooks" else None

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of(file: str) -> str:
    return file.partition("/")[0].removesuffix(".py")


def top_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements that run first in a file; `if` and `try` at the top are still the top."""
    for node in tree.body:
        if isinstance(node, ast.If | ast.Try):
            yield from (child for child in ast.walk(node) if isinstance(child, ast.Import | ast.ImportFrom))
        yield node


def modules(node: ast.Import | ast.ImportFrom, file: str) -> list[str]:
    """Return the absolute names of what NODE in FILE imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    module = node.module or ""
    if node.level:
        package = ["scirehooks", *file.split("/")[:-1]]
        module = ".".join([*package[: len(package) - node.level + 1], *filter(None, [module])])
    if module == "scirehooks" and (names := [alias.name for alias in node.names if alias.name in FLOORS]):
        return [f"scirehooks.{name}" for name in names]
    return [module]


def imports() -> list[Import]:
    found = []
    for path in files():
        file = path.relative_to(PACKAGE).as_posix()
        tree = ast.parse(path.read_text(), file)
        at_top = {id(node) for node in top_level(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                late = id(node) not in at_top
                found += [Import(file, node.lineno, module, late) for module in modules(node, file)]
    return found


IMPORTS = imports()


def test_floors_every_part_of_the_package_has_one() -> None:
    """A new file or folder is given its floor here before it can be used."""
    assert {part_of(path.relative_to(PACKAGE).as_posix()) for path in files()} <= set(FLOORS)


def test_imports_of_ours_come_from_lower_floors_only() -> None:
    """Nothing is imported from a higher floor nor from a sibling, and nothing inside imports the package root."""
    climbing = [
        str(one)
        for one in IMPORTS
        if one.part is not None
        and part_of(one.file) != one.part
        and not (one.part and FLOORS[one.part] < FLOORS[part_of(one.file)])
    ]
    assert climbing == []


def test_imports_in_the_shell_point_down() -> None:
    """Its rooms are in the order in which one reads them."""
    climbing = [
        str(one)
        for one in IMPORTS
        if one.file.startswith("shell/") and one.module.startswith("scirehooks.shell.")
        for room, wanted in [(part_of(one.file.removeprefix("shell/")), one.module.split(".")[2])]
        if room != wanted and SHELL.index(wanted) > SHELL.index(room)
    ]
    assert climbing == []


def test_imports_stand_at_the_top_unless_listed() -> None:
    """A late import has its reason in LATE, and LATE has no entry that nobody needs."""
    late = {(one.file, one.module): str(one) for one in IMPORTS if one.late}
    assert [text for (file, module), text in late.items() if not {(file, module), (file, "*")} & LATE.keys()] == []
    assert [key for key in LATE if key[1] != "*" and key not in late] == []


def test_imports_of_libraries_stay_in_their_place() -> None:
    """The terminal alone knows its libraries, the store alone its database, and so on."""
    elsewhere = [
        str(one)
        for one in IMPORTS
        if (places := ONLY_IN.get(one.module.partition(".")[0])) and not one.file.startswith(places)
    ]
    assert elsewhere == []


def test_hooks_import_the_standard_library_only() -> None:
    """The hook runtime is usable alone: beside the standard library it knows only errors and records."""
    foreign = [
        str(one)
        for one in IMPORTS
        if part_of(one.file) == "hooks"
        and one.part not in {"hooks", "errors", "records"}
        and one.module.partition(".")[0] not in sys.stdlib_module_names
    ]
    assert foreign == []


def test_sql_stands_in_the_store_only() -> None:
    """A second store can be written, because nobody else speaks SQL."""
    speaking = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in files()
        if path.relative_to(PACKAGE).as_posix() not in ONLY_IN["sqlite3"]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    ]
    assert speaking == []


@pytest.mark.parametrize("folder", ["contrib", "init.d"])
def test_shipped_files_import_public_names_only(folder: str) -> None:
    """What we ship beside the package can do nothing that an outsider cannot."""
    inside = [
        f"{path.name}:{node.lineno}"
        for path in (PACKAGE.parent / folder).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in modules(node, path.name)
        if module.startswith("scirehooks.")
    ]
    assert inside == []


def test_import_of_the_root_brings_next_to_nothing() -> None:
    """`import scirehooks` costs two small files: whoever wants a name pays for that name."""
    code = "import json, sys; old = set(sys.modules); import scirehooks; print(json.dumps([*set(sys.modules) - old]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=PACKAGE.parent)
    assert sorted(json.loads(done.stdout)) == ["scirehooks", "scirehooks.late"]
