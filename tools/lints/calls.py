"""What may be called where: publishing, subscribing, logging, and nothing at import."""

import ast
import re
from collections.abc import Iterator

from tools.lints.source import Finding, Source, dotted

EXPLICIT = {"event": ("stream", "durable", "model", "ack_policy"), "copy": ("durable",)}
"""What a consumer of a stream writes out where it is declared; the libraries' defaults lose messages."""
LOG_EVENT = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")
LOG_LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
TOUCHES_THE_WORLD = frozenset(
    {"connect", "getenv", "mkdir", "now", "open", "read_bytes", "read_text", "request", "run", "sleep", "write_text"}
)
AT_IMPORT = (ast.For, ast.While, ast.With, ast.Try, ast.TryStar, ast.AsyncFor, ast.AsyncWith, ast.Delete)


def publish_in_kit(source: Source) -> Iterator[Finding]:
    """`.publish(` is called in `shared/kit` and nowhere else: events leave through the log and the relay."""
    if source.under("shared/kit", "tests", "tools"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "publish":
            yield Finding(source.path, node.lineno, "publish-in-kit", "write it to the log; the relay publishes")


def subscribers_translate(source: Source) -> Iterator[Finding]:
    """A subscriber hands over to its handler: no branch, no rescue."""
    if not source.is_room("subscribers"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.If | ast.IfExp | ast.Match | ast.Try | ast.TryStar):
            yield Finding(source.path, node.lineno, "subscribers-translate", "decide in handlers.py or the domain")


def subscribers_explicit(source: Source) -> Iterator[Finding]:
    """Ack policy, durable and stream stand at each consumer of a stream."""
    if not source.is_room("subscribers"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in EXPLICIT:
            missing = [name for name in EXPLICIT[node.func.attr] if name not in {each.arg for each in node.keywords}]
            if missing:
                yield Finding(source.path, node.lineno, "subscribers-explicit", f"write out {', '.join(missing)}")


def log_events(source: Source) -> Iterator[Finding]:
    """A log event is a dotted constant; what varies stands in fields."""
    if not source.under("services", "shared"):
        return
    for node in ast.walk(source.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOG_LEVELS):
            continue
        if dotted(node.func.value).split(".")[-1] not in ("log", "_log", "logger"):
            continue
        first = node.args[0] if node.args else None
        if not (isinstance(first, ast.Constant) and isinstance(first.value, str) and LOG_EVENT.match(first.value)):
            yield Finding(source.path, node.lineno, "log-events", "a dotted constant, like booking.placed, and fields")


def nothing_at_import(source: Source) -> Iterator[Finding]:
    """Importing a module defines names; it opens, reads, connects and starts nothing."""
    if source.path.endswith("__main__.py") or not source.under("services", "shared", "deploy"):
        return
    for node in source.tree.body:
        bare_call = isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
        if bare_call or isinstance(node, AT_IMPORT) or (_assigns(node) and _touches(node)):
            yield Finding(source.path, node.lineno, "nothing-at-import", "do it in app.build, or where it is used")


def _assigns(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)


def _touches(node: ast.AST) -> bool:
    return any(
        (isinstance(each, ast.Call) and _name(each.func) in TOUCHES_THE_WORLD)
        or (isinstance(each, ast.Attribute) and dotted(each) == "os.environ")
        for each in ast.walk(node)
    )


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else dotted(function)


RULES = (publish_in_kit, subscribers_translate, subscribers_explicit, log_events, nothing_at_import)
