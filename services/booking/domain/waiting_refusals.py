"""Every no of the waiting list."""

from shared.kernel.refusal import Invalid, Refusal
from shared.kernel.text import Text


class NotOffered(Refusal):
    code = "not-offered"
    message = Text(ja="まだ空きをご案内していません。", en="Nothing has been offered to you yet; you still wait.")


class OfferOver(Refusal):
    """Member `status` tells what became of it."""

    code = "offer-over"
    status = 410
    message = Text(ja="このご案内は終了しています。", en="This offer is over.")


class OfferAccepted(Refusal):
    code = "offer-accepted"
    message = Text(
        ja="すでに予約になっています。取り消す場合は予約を取り消してください。",
        en="It has become a booking; cancel that instead.",
    )


class AlreadyWaiting(Refusal):
    code = "already-waiting"
    message = Text(ja="すでに同じ時間の空きを待っています。", en="You are waiting for exactly that already.")


class WaitingForTooMuch(Refusal):
    """Member `limit`: entries of one person at one site."""

    code = "waiting-for-too-much"
    message = Text(ja="空き待ちは一拠点につき5件までです。", en="Nobody waits for more than five things at one site.")


class NoSuchKind(Invalid):
    code = "no-such-kind"
    message = Text(ja="この拠点にその種類の設備はありません。", en="This site has nothing of that kind.")
