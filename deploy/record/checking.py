"""One service's record against its chains, its anchors, the stream, and heads that were kept elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deploy.record.anchors import Heads, held
from deploy.record.reading import Client, collections_of, documents
from deploy.record.report import Problem, Report
from deploy.record.witness import Witness
from shared.kit.anchoring import COLLECTION
from shared.kit.documents.chain import checked

Log = Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class Check:
    """One run over one service. `expected` grows by what anchors and others hold; `missing` waits for a second look."""

    report: Report
    witness: Witness | None
    expected: Heads = field(default_factory=dict)
    missing: dict[str, Problem] = field(default_factory=dict)
    standing: set[str] = field(default_factory=set)
    """Entries that are on record and that the witness knows."""
    ending: frozenset[str] = frozenset()


def check(client: Client, service: str, witness: Witness | None, known: Any, kept: Heads) -> Check:
    """Everything but what only the stream can settle (`settle`). `kept` are heads of a back-up."""
    run = Check(Report(service), witness)
    found = collections_of(service)
    run.ending = frozenset(name for name, ends in found.items() if ends)
    run.expected = held(run.report, documents(client, service, COLLECTION), known)
    for place, heads in kept.items():
        run.expected.setdefault(place, {}).update(heads)
    for name in found:
        for doc, log in documents(client, service, name):
            _document(run, name, doc, log)
    for (name, doc_id), heads in run.expected.items():
        if name not in run.ending:
            run.report.wrong(Problem(name, doc_id, max(heads), "the document is gone; it stood at this entry"))
    return run


def _document(run: Check, name: str, doc: Mapping[str, Any], log: Log) -> None:
    doc_id, report = str(doc["_id"]), run.report
    if "log" not in doc:
        if name not in run.ending:
            report.wrong(Problem(name, doc_id, None, "it has no log"))
        return
    told = checked(doc_id, log)
    report.documents, report.entries = report.documents + 1, report.entries + told.entries
    report.chained, report.sealed = report.chained + told.chained, report.sealed + told.sealed
    report.unchained, report.erased = report.unchained + told.unchained, report.erased + told.erased
    for seq, says in told.faults:
        report.wrong(Problem(name, doc_id, seq, says))
    by_number = {entry.get("seq"): entry for entry in log}
    for seq, wanted in run.expected.pop((name, doc_id), {}).items():
        entry = by_number.get(seq)
        if entry is None:
            report.wrong(Problem(name, doc_id, seq, "the entry is gone; an anchor holds it"))
        elif _hash(entry) != wanted:
            report.wrong(Problem(name, doc_id, seq, "its hash is not the one that was anchored"))
    if run.witness is not None:
        _compare(run, run.witness, name, doc, log)


def _compare(run: Check, witness: Witness, name: str, doc: Mapping[str, Any], log: Log) -> None:
    """Each sent entry of the stream's time is on it, with the hash it has here."""
    for entry in log:
        entry_id, at = str(entry.get("id")), entry.get("time")
        said = witness.said.get(entry_id)
        if said is not None:
            run.standing.add(entry_id)
            run.report.witnessed += 1
            if said[0] and said[0] != _hash(entry):
                says = "its hash is not the one it was sent with"
                run.report.wrong(Problem(name, str(doc["_id"]), entry.get("seq"), says))
        elif isinstance(at, datetime) and at >= witness.since and entry.get("seq", 0) <= doc.get("sent", 0):
            run.missing[entry_id] = Problem(name, str(doc["_id"]), entry.get("seq"), "it was sent and is not on EVENTS")


def settle(run: Check, later: Witness) -> Report:
    """With what came to the stream meanwhile: what is missing there, and what stands there alone."""
    for entry_id, problem in run.missing.items():
        if entry_id not in later.said:
            run.report.wrong(problem)
        else:
            run.report.witnessed += 1
    assert run.witness is not None
    for problem in _alone(run, run.witness):
        run.report.wrong(problem)
    return run.report


def _alone(run: Check, witness: Witness) -> Iterator[Problem]:
    for entry_id, (_, name) in witness.said.items():
        if name and name not in run.ending and entry_id not in run.standing:
            doc_id, _, seq = entry_id.rpartition("-")
            yield Problem(name, doc_id, int(seq) if seq.isdecimal() else None, "it is on EVENTS and not on record")


def _hash(entry: Mapping[str, Any]) -> str:
    value = entry.get("h")
    return value.hex() if isinstance(value, bytes) else ""
