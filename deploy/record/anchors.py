"""The anchors of a service: whether they follow one another, who signed them, and what they hold."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from deploy.record.reading import Found
from deploy.record.report import Problem, Report
from shared.contracts.record import HeadsAnchored
from shared.kit.anchoring import COLLECTION, digest_of
from shared.kit.documents.seal import is_signed

Heads = dict[tuple[str, str], dict[int, str]]
"""(collection, document) → number of an entry → the hash it had."""


def held(report: Report, anchors: Iterable[Found], known: Any) -> Heads:
    """The heads of all anchors, in the order of their numbers; what is wrong with an anchor goes into the report.

    `known` are the public keys somebody vouches for; None where nobody is there to.
    """
    heads: Heads = {}
    previous: str | None = None
    for number, found in enumerate(sorted(anchors, key=lambda each: each.id), start=1):
        said = _said(found.log)
        for fault in _faults(report.service, number, previous, said):
            report.wrong(Problem(COLLECTION, found.id, None, fault))
        if said is None:
            continue
        if known is None or said.key not in known:
            _unvouched(report, found.id, said.key, known)
        previous = said.digest
        report.anchors, report.heads = report.anchors + 1, report.heads + len(said.heads)
        for head in said.heads:
            heads.setdefault((head.collection, head.id), {})[head.seq] = head.hash
    return heads


def _said(log: Sequence[Mapping[str, Any]]) -> HeadsAnchored | None:
    try:
        return HeadsAnchored.model_validate(log[0]["data"])
    except (ValidationError, LookupError, TypeError):
        return None


def _faults(service: str, number: int, previous: str | None, said: HeadsAnchored | None) -> list[str]:
    if said is None:
        return ["it holds no anchor"]
    digest = digest_of(said.service, said.number, said.previous, said.heads)
    faults = []
    if (said.service, said.number) != (service, number):
        faults.append(f"it is anchor {said.number} of {said.service} where anchor {number} should be")
    if said.previous != previous:
        faults.append("it does not follow from the anchor before")
    if said.digest != digest.hex():
        faults.append("its digest is not that of its heads")
    if not is_signed(said.key, digest, said.signature):
        faults.append("its signature is not that of its key")
    return faults


def _unvouched(report: Report, doc_id: str, key: str, known: Any) -> None:
    if key not in report.unvouched:
        report.unvouched.append(key)
    if known is not None:
        report.wrong(Problem(COLLECTION, doc_id, None, f"it is signed by {key}, which is no key of {report.service}"))
