"""How large a document and an entry of its log may be."""

from collections.abc import Mapping
from typing import Any

from shared.kernel.refusal import Refusal
from shared.kernel.text import Text
from shared.kit.mongo import encoded

LARGEST_DATA = 240 * 1024
"""Of an entry's data, as JSON: the message made of it has an envelope and headers, and `EVENTS` takes 256 KB."""
LARGEST_ENTRY = 480 * 1024
"""Of an entry as it is stored, with how it was before: where a series of the most claims is moved, half of that."""
LARGEST_DOCUMENT = 1024 * 1024
"""Far below MongoDB's own limit, at which a document could not be changed by anything any more."""


class TooLarge(Refusal):
    """A log entry or a document over the limits here; its `id` is a member. Refused before it is written."""

    code = "record-too-large"
    message = Text(
        ja="記録の上限を超えるため、書き込めませんでした。",
        en="What would have to be kept of this is larger than allowed; nothing was written.",
    )


def check_size(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Raises TooLarge for a change to what may not be written."""
    size = len(encoded(after).raw)
    if size > LARGEST_DOCUMENT:
        raise TooLarge(id=after["_id"])
    fresh = after["log"][len(before["log"]) :] if size > LARGEST_ENTRY else ()
    if any(len(encoded(entry).raw) > LARGEST_ENTRY for entry in fresh):
        raise TooLarge(id=after["_id"])
