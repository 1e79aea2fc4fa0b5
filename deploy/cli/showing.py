"""How results are shown: for people as text, for programs as JSON; always stdout, and nothing else there."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from deploy.embedded.mail_sink import mails
from deploy.trouble import NotDone, NotRunning


def as_text(value: Any) -> str:
    """As a person reads it; what there is none of is a dash."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def put_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1))


def facts(value: dict[str, Any], *, as_json: bool) -> None:
    """One thing's facts, a line each."""
    if as_json:
        put_json(value)
        return
    width = max(map(len, value), default=0)
    for name, fact in value.items():
        print(f"{name:<{width}}  {as_text(fact)}")


def table(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Several things, a line each under the names of their facts."""
    if as_json:
        put_json(list(rows))
        return
    if not rows:
        return
    cells = [list(rows[0]), *([as_text(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def mail(data: Path, to: str | None, *, as_json: bool) -> None:
    """The mails of the embedded sink, newest last."""
    folder = data / "mail"
    if not folder.is_dir():
        raise NotRunning(f"{data} holds no mails: it is no data folder of `lounge up`.")
    found = mails(folder, to=to)
    if as_json:
        put_json(found)
        return
    for each in found:
        print(f"To: {each['to']}\nSubject: {each['subject']}\nSent: {each['sent_at']}\n\n{each['text'].rstrip()}\n")


def status(whole: dict[str, Any], *, as_json: bool) -> None:
    """The system as it is now."""
    if as_json:
        put_json(whole)
        return
    dead = whole["dead_letters"] or {"total": "unknown"}
    print(f"{whole['status']}; dead letters: {dead['total']}; oldest unsent: {whole['oldest_unsent_seconds']} s\n")
    names = ("service", "replica", "pid", "ready", "uptime_seconds")
    replicas = [replica for service in whole["services"] for replica in service["replicas"]]
    table([{name: replica[name] for name in names} for replica in replicas], as_json=False)
    print()
    table([{"durable": durable, "lag": lag} for durable, lag in sorted(whole["lag"].items())], as_json=False)


def storage(whole: dict[str, Any], *, as_json: bool) -> None:
    """What is stored, by server and by stream."""
    if as_json:
        put_json(whole)
        return
    table(whole["servers"], as_json=False)
    print()
    table(whole["streams"], as_json=False)


def verified(services: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """What `lounge verify` found: the figures of each service, then each thing that is wrong."""
    problems = [{"service": each["service"], **problem} for each in services for problem in each["problems"]]
    if as_json:
        put_json({"ok": not problems, "services": list(services)})
        return
    lists = ("problems", "unvouched", "untold")
    table([{name: fact for name, fact in each.items() if name not in lists} for each in services], as_json=False)
    for each in services:
        for key in each["unvouched"]:
            print(f"\nNobody here vouches for {key}, which signed anchors of {each['service']}.")
    if problems:
        print()
        table(problems, as_json=False)


def retimed(sites: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """What `lounge retime` did: the figures of each site, then what stayed where it was, and why."""
    if as_json:
        put_json(list(sites))
        return
    table([each | {"stayed": len(each["stayed"])} for each in sites], as_json=False)
    if stayed := [_stayed(each) for site in sites for each in site["stayed"]]:
        print()
        table(stayed, as_json=False)


def _stayed(each: dict[str, Any]) -> dict[str, Any]:
    meant = f"{each['meant']['date']} {each['meant']['start']}–{each['meant']['end']}"
    names = ("kind", "id", "index", "resource", "starts_at", "reason")
    return {**{name: each[name] for name in names}, "meant": meant}


def trace(data: Path, correlation_id: str, *, as_json: bool) -> None:
    """All log lines of one correlation id, in order of time. Raises NotDone if there is none."""
    lines = sorted(_lines_of(data / "logs", correlation_id), key=lambda line: str(line.get("at", "")))
    if not lines:
        raise NotDone(f"No log line under {data / 'logs'} carries {correlation_id}.", code="not-found")
    if as_json:
        put_json(lines)
        return
    known = ("at", "service", "replica", "event", "level", "correlationid")
    for line in lines:
        rest = " ".join(f"{name}={as_text(value)}" for name, value in line.items() if name not in known)
        print(f"{line.get('at')}  {line.get('service')}-{line.get('replica')}  {line.get('event')}  {rest}".rstrip())


def _lines_of(folder: Path, correlation_id: str) -> Iterator[dict[str, Any]]:
    for file in folder.glob("*.jsonl"):
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if correlation_id not in line or not line.startswith("{"):
                    continue
                told = json.loads(line)
                if told.get("correlationid") == correlation_id:
                    yield told
