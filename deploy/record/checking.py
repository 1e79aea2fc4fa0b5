"""One service's record against its chains, its anchors, the stream, and heads that were kept elsewhere."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deploy.record.anchors import Heads, held
from deploy.record.reading import Client, Found, collections_of, documents
from deploy.record.report import Problem, Report
from deploy.record.witness import Witness, words
from shared.kit.anchoring import COLLECTION
from shared.kit.documents.chain import checked

Step = Callable[[], object]


@dataclass(slots=True)
class Check:
    """One run over one service. `expected` are the heads anchors and others hold and no document has shown yet;
    `missing` waits for a second look at the stream.
    """

    report: Report
    witness: Witness
    ending: Mapping[str, bool]
    expected: Heads = field(default_factory=dict)
    missing: dict[str, Problem] = field(default_factory=dict)
    standing: set[str] = field(default_factory=set)
    """Entries that are on record and that the witness knows."""

    def wrong(self, collection: str, doc_id: str, seq: int | None, says: str) -> None:
        self.report.wrong(Problem(collection, doc_id, seq, says))


def check(client: Client, service: str, witness: Witness, kept: Heads, known: Any, step: Step) -> Check:
    """Everything but what only the stream can settle (`settle`). `kept` are heads of a back-up; `step` is called with
    each document.
    """
    run = Check(Report(service), witness, collections_of(service))
    run.expected = held(run.report, documents(client, service, COLLECTION), known)
    for place, heads in kept.items():
        run.expected.setdefault(place, {}).update(heads)
    for name in run.ending:
        for found in documents(client, service, name):
            step()
            _document(run, name, found)
    for (name, doc_id), heads in run.expected.items():
        if not run.ending.get(name):
            run.wrong(name, doc_id, max(heads), "the document is gone; it stood at this entry")
    return run


def _document(run: Check, name: str, found: Found) -> None:
    report = run.report
    report.documents += 1
    for says in found.faults:
        run.wrong(name, found.id, None, says)
    if "log" not in found.doc:
        run.expected.pop((name, found.id), None)
        if not (run.ending[name] or found.faults):
            run.wrong(name, found.id, None, "it has no log")
        return
    told = checked(found.id, found.log)
    report.entries, report.chained = report.entries + told.entries, report.chained + told.chained
    report.sealed, report.unchained = report.sealed + told.sealed, report.unchained + told.unchained
    report.erased += told.erased
    for seq, says in told.faults:
        run.wrong(name, found.id, seq, says)
    by_number = {entry.get("seq"): entry for entry in found.log}
    for seq, wanted in run.expected.pop((name, found.id), {}).items():
        entry = by_number.get(seq)
        if entry is None:
            run.wrong(name, found.id, seq, "the entry is gone; it was anchored")
        elif _hash(entry) != wanted:
            run.wrong(name, found.id, seq, "its hash is not the one that was anchored")
    for entry in found.log:
        _compare(run, name, found, entry)


def _compare(run: Check, name: str, found: Found, entry: Mapping[str, Any]) -> None:
    """A sent entry of the stream's time is on it, with the hash and the words it has here.

    What was erased since may be gone from the stream too, and can be compared with nothing.
    """
    entry_id, at, seq = str(entry.get("id")), entry.get("time"), entry.get("seq", 0)
    said = run.witness.said.get(entry_id)
    if said is not None:
        run.standing.add(entry_id)
        run.report.witnessed += 1
        if any(each.hash and each.hash != _hash(entry) for each in said):
            run.wrong(name, found.id, seq, "its hash is not the one it was sent with")
        if "data" in entry and not all(each.body == _words(run, found.id, entry) for each in said):
            run.wrong(name, found.id, seq, "EVENTS says it in other words")
    elif (
        isinstance(at, datetime)
        and at >= run.witness.since
        and seq <= found.doc.get("sent", 0)
        and "erased" not in entry
    ):
        run.missing[entry_id] = Problem(name, found.id, seq, "it was sent and is not on EVENTS")


def settle(run: Check, later: Witness) -> Report:
    """With what came to the stream meanwhile: what is missing there, and what stands there alone."""
    for entry_id, problem in run.missing.items():
        if entry_id in later.said:
            run.report.witnessed += 1
        else:
            run.report.wrong(problem)
    for problem in _alone(run):
        run.report.wrong(problem)
    return run.report


def _alone(run: Check) -> Iterator[Problem]:
    for entry_id, told in run.witness.said.items():
        names = {each.collection for each in told if run.ending.get(each.collection) is False}
        if names and entry_id not in run.standing:
            doc_id, _, seq = entry_id.rpartition("-")
            yield Problem(min(names), doc_id, int(seq) if seq.isdecimal() else None, "it is on EVENTS, not on record")


def _hash(entry: Mapping[str, Any]) -> str:
    value = entry.get("h")
    return value.hex() if isinstance(value, bytes) else ""


def _words(run: Check, doc_id: str, entry: Mapping[str, Any]) -> bytes:
    try:
        return words(run.report.service, doc_id, entry)
    except (TypeError, LookupError, AttributeError):
        return b""
