"""Who may know whom, beyond what import-linter can say: the domain knows the standard library and the kernel."""

import ast
import sys
from collections.abc import Iterator

from tools.lints.source import Finding, Source

WORLD = frozenset(
    {"asyncio", "logging", "os", "random", "secrets", "socket", "subprocess", "threading", "time", "uuid"}
)
"""Parts of the standard library through which a decision would depend on something that was not handed to it."""
HANDED_IN = frozenset({"random.Random"})
"""Types of theirs that a decision may take as an argument."""


def domain_imports(source: Source) -> Iterator[Finding]:
    """A domain module imports the standard library's pure part, `shared.kernel`, and its own domain."""
    if not source.in_domain:
        return
    own = ".".join(source.parts[:2]) + ".domain"
    for line, name in _imported(source.tree):
        root = name.split(".")[0]
        pure = root in sys.stdlib_module_names and (root not in WORLD or name in HANDED_IN)
        if not pure and not name.startswith(("shared.kernel", own)):
            yield Finding(source.path, line, "domain-imports", f"the domain may not import {name}")


def domain_is_pure(source: Source) -> Iterator[Finding]:
    """No coroutine in a domain, and no dataclass that can be changed."""
    if not source.in_domain:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield Finding(source.path, node.lineno, "domain-is-pure", "a decision waits for nothing")
        if isinstance(node, ast.ClassDef) and any(_thawed(each) for each in node.decorator_list):
            yield Finding(source.path, node.lineno, "domain-is-pure", "values are frozen: @dataclass(frozen=True)")


def kernel_imports(source: Source) -> Iterator[Finding]:
    """The kernel imports the standard library and itself."""
    if not source.under("shared/kernel"):
        return
    for line, name in _imported(source.tree):
        if not name.startswith("shared.kernel") and name.split(".")[0] not in sys.stdlib_module_names:
            yield Finding(source.path, line, "kernel-imports", f"the kernel may not import {name}")


def _imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def _thawed(decorator: ast.expr) -> bool:
    if isinstance(decorator, ast.Name):
        return decorator.id == "dataclass"
    if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "dataclass":
        frozen = next((each.value for each in decorator.keywords if each.arg == "frozen"), None)
        return not (isinstance(frozen, ast.Constant) and frozen.value is True)
    return False


RULES = (domain_imports, domain_is_pure, kernel_imports)
