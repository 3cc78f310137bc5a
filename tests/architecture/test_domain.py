"""The shape of every domain function that writes, and of every file."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOTS = ("vaxpass", "accounts", "records", "tests", "scripts")
DOMAIN = settings.BASE_DIR / "records" / "domain"
LONGEST = 400
# Read the patients' counters and keys; these decide in the function that they call first.
CALLS_REQUIRE = {"_add", "_read"}


def functions(source: str) -> list[ast.FunctionDef]:
    """Return the public functions of a module that take ``by``."""
    return [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and "by" in {arg.arg for arg in [*node.args.args, *node.args.kwonlyargs]}
    ]


def is_transactional(function: ast.FunctionDef) -> bool:
    return any(
        ast.unparse(decorator) == "unit.transactional" for decorator in function.decorator_list
    )


def calls(node: ast.AST) -> list[str]:
    return [ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)]


def faults(source: str) -> list[str]:
    """Return what is wrong with the functions of a domain module that write."""
    writers = {function.name for function in functions(source) if is_transactional(function)}
    found = []
    for function in functions(source):
        written = {"unit.create", "unit.update", "unit.remove"} & set(calls(function))
        if written and function.name not in writers:
            found.append(f"{function.name} writes without unit.transactional")
        if function.name not in writers:
            continue
        if function.args.args or function.args.posonlyargs or function.args.vararg:
            found.append(f"{function.name} takes positional arguments")
        if not asks_first(function, writers):
            found.append(f"{function.name} does not ask access.require first")
    return found


def asks_first(function: ast.FunctionDef, writers: set[str]) -> bool:
    """Tell whether nothing is called before ``access.require``, or a function that asks it.

    An early return without a call (nothing to do) may stand before it.
    """
    for statement in function.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        made = calls(statement)
        if made:
            return made[0] == "access.require" or made[0] in writers | CALLS_REQUIRE
    return False


MODULES = sorted(DOMAIN.glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_domain_functions_ask_first_and_are_whole(path):
    assert faults(path.read_text()) == []


GOOD = '''
@unit.transactional
def change_it(*, by, record):
    """Change it."""
    access.require(by, "change_it", record)
    return unit.update(record, [], by=by, event="it.changed")
'''


def test_domain_function_of_the_right_shape_has_no_fault():
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("@unit.transactional\n", "", "change_it writes without unit.transactional"),
        ("*, by", "by", "change_it takes positional arguments"),
        ('access.require(by, "change_it", record)', "pass", "does not ask access.require first"),
        ("access.require(by", "lock(record)\n    access.require(by", "does not ask access.require"),
    ],
)
def test_domain_function_of_another_shape_is_found(old, new, fault):
    assert old in GOOD

    [found] = faults(GOOD.replace(old, new))

    assert fault in found


def files(*suffixes: str) -> list[Path]:
    return [
        path
        for root in (*ROOTS, "templates", "static")
        for path in sorted((settings.BASE_DIR / root).rglob("*"))
        if path.suffix in suffixes
        and not {"migrations", "vendor", "vectors"} & set(path.parts)
        and ".min." not in path.name
    ]


def test_no_file_is_longer_than_a_reader_bears():
    long = {
        str(path.relative_to(settings.BASE_DIR)): lines
        for path in files(".py", ".html", ".js", ".css")
        if (lines := len(path.read_text().splitlines())) > LONGEST
    }

    assert long == {}


def test_nothing_is_left_open():
    marks = re.compile("TO" + r"DO|FIX" + r"ME|XX" + r"X|NotImplemented" + "Error")
    open_ends = [
        f"{path.relative_to(settings.BASE_DIR)}: {line.strip()}"
        for path in files(".py", ".html", ".js")
        for line in path.read_text().splitlines()
        if marks.search(line)
    ]

    assert open_ends == []
