"""A list as a sheet: CSV that a spreadsheet opens as it is meant, in Japanese too (row U13 of the input table)."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence

from starlette.responses import StreamingResponse
from starlette.types import Send

from services.gateway.problems import weighed
from shared.kernel.refusal import Refusal
from shared.kit.log import get_logger

log = get_logger()
MEDIA = "text/csv"
BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel reads UTF-8 as the code page of the machine."""
_BEGINS_A_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def is_wanted(accept: bytes, media: str = MEDIA) -> bool:
    """Whether `Accept` names that form of the answer, and wants JSON no more than that."""
    weights = weighed(accept)
    weight = weights.get(media, 0.0)
    return weight > 0 and weight >= weights.get("application/json", 0.0)


def lines(rows: Iterable[Sequence[str]]) -> bytes:
    """RFC 4180. A value a spreadsheet would take for a formula is prefixed with an apostrophe, as OWASP advises."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([_harmless(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _harmless(value: str) -> str:
    return f"'{value}" if value.startswith(_BEGINS_A_FORMULA) else value


class SheetResponse(StreamingResponse):
    """Streams a sheet. Where a part of it cannot be had, the connection is cut: no half is taken for the whole."""

    def __init__(self, parts: AsyncIterator[bytes], name: str) -> None:
        headers = {
            "content-type": f"{MEDIA}; charset=utf-8; header=present",
            "content-disposition": f'attachment; filename="{name}.csv"',
            "cache-control": "no-store",
            "vary": "Accept, Accept-Language",
        }
        super().__init__(parts, headers=headers)

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async for part in self.body_iterator:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        except Refusal as refusal:
            log.warning("sheet.cut", refusal=refusal.code)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})
