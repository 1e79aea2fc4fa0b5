"""What the gateway itself refuses, before any service is asked. One class per code of the problem catalogue."""

from shared.kernel.refusal import Forbidden, Invalid, NotFound, Refusal
from shared.kernel.text import Text


class MalformedBody(Refusal):
    """A body was expected and there is none."""

    code = "malformed-body"
    status = 400
    message = Text(ja="本文がありません。", en="A body is expected here, and there is none.")


class MalformedJson(Refusal):
    """Not JSON (RFC 8259) in UTF-8; `offset` counts characters from the start where that is known."""

    code = "malformed-json"
    status = 400
    message = Text(ja="正しい JSON (UTF-8) ではありません。", en="The body is not well-formed JSON in UTF-8.")


class TooDeep(Refusal):
    code = "too-deep"
    status = 400
    message = Text(ja="JSON の入れ子が深すぎます (最大16)。", en="The JSON is nested more than 16 levels deep.")


class DuplicateKey(Refusal):
    code = "duplicate-key"
    status = 400
    message = Text(ja="同じキーが二度あります。", en="An object holds the same key twice.")


class MalformedRequest(Refusal):
    """Not HTTP/1.1 as RFC 9112 wants it; the connection is closed."""

    code = "malformed-request"
    status = 400
    message = Text(ja="HTTP リクエストの形式が不正です。", en="This is not a well-formed HTTP request.")


class OriginNotAllowed(Forbidden):
    """A page of another site made the browser ask; `LOUNGE_ALLOWED_ORIGINS` names those that may."""

    code = "origin-not-allowed"
    message = Text(
        ja="このオリジンからの要求は受け付けません。", en="Requests from pages of that origin are not accepted."
    )


class InvalidText(Invalid):
    code = "invalid-text"
    message = Text(
        ja="文字列に使えない文字 (NUL、単独サロゲート) があります。",
        en="A text holds what is no character (NUL or a lone surrogate).",
    )


class OutOfRange(Invalid):
    code = "out-of-range"
    message = Text(ja="値が範囲外です。", en="A value is out of range.")


class InvalidKey(Invalid):
    code = "invalid-key"
    message = Text(ja="使えないキー名です。", en="A key has a name that is not allowed.")


class TooManyKeys(Invalid):
    code = "too-many-keys"
    message = Text(ja="キーが多すぎます (最大200)。", en="An object holds more than 200 keys.")


class TooLong(Invalid):
    code = "too-long"
    message = Text(ja="長すぎます。", en="A value is too long.")


class UnknownField(Invalid):
    code = "unknown-field"
    message = Text(ja="不明な項目があります。", en="There is a field that does not belong here.")


class UnknownParameter(Invalid):
    code = "unknown-parameter"
    message = Text(ja="不明なクエリパラメータがあります。", en="There is a query parameter that does not belong here.")


class InvalidCursor(Invalid):
    code = "invalid-cursor"
    message = Text(
        ja="カーソルが不正です。最初から取得してください。",
        en="This cursor was not made by us; start from the first page.",
    )


class UnsupportedMediaType(Refusal):
    code = "unsupported-media-type"
    status = 415
    message = Text(
        ja="この Content-Type または Content-Encoding は受け付けません。",
        en="This content type or content encoding is not accepted here.",
    )


class BodyTooLarge(Refusal):
    code = "body-too-large"
    status = 413
    message = Text(ja="本文が大きすぎます。", en="The body is larger than what is accepted here.")


class BodyTimeout(Refusal):
    """Headers or body did not arrive within the read deadline."""

    code = "request-timeout"
    status = 408
    message = Text(ja="受信が時間内に終わりませんでした。", en="The request did not arrive in time.")


class UriTooLong(Refusal):
    code = "uri-too-long"
    status = 414
    message = Text(ja="URL が長すぎます。", en="The URL is longer than 2 KB.")


class HeadersTooLarge(Refusal):
    code = "headers-too-large"
    status = 431
    message = Text(ja="ヘッダーが大きすぎます。", en="The headers are larger than 16 KB, or more than 100.")


class NoSuchPath(NotFound):
    code = "not-found"
    message = Text(ja="この URL はありません。", en="There is nothing at this URL.")


class MethodNotAllowed(Refusal):
    code = "method-not-allowed"
    status = 405
    message = Text(ja="このメソッドは使えません。", en="This method is not offered here.")


class Unauthenticated(Refusal):
    """One answer for every reason, so that nothing can be learned from it."""

    code = "unauthenticated"
    status = 401
    message = Text(ja="サインインが必要です。", en="Sign in, or send a valid key.")


class NotForThisPrincipal(Forbidden):
    code = "forbidden"
    message = Text(ja="この操作の権限がありません。", en="Who you are does not allow this call.")


class KeyForOneOrganization(Forbidden):
    """A key acts for the organization its maker acted for when they made it."""

    code = "key-for-one-organization"
    message = Text(
        ja="このキーは、作成時の所属組織のためだけに使えます。",
        en="This key acts for the organization it was made for, and for no other.",
    )


class TooManyRequests(Refusal):
    code = "too-many-requests"
    status = 429
    message = Text(ja="リクエストが多すぎます。", en="Too many requests; slow down.")


class TooManyStreams(Refusal):
    code = "too-many-streams"
    status = 429
    message = Text(ja="同時ストリームが多すぎます (最大5)。", en="You have five streams open already.")


class KeyRequired(Refusal):
    code = "idempotency-key-required"
    status = 400
    message = Text(ja="Idempotency-Key が必要です。", en="This call needs an Idempotency-Key header.")


class KeyMalformed(Refusal):
    code = "idempotency-key-malformed"
    status = 400
    message = Text(
        ja="Idempotency-Key は表示可能な ASCII 1〜255 文字です。",
        en="An Idempotency-Key is 1 to 255 visible ASCII characters.",
    )


class IfMatchRequired(Refusal):
    code = "if-match-required"
    status = 428
    message = Text(ja="If-Match が必要です。", en="This call needs an If-Match header with the version you saw.")


class IfMatchMalformed(Refusal):
    code = "if-match-malformed"
    status = 400
    message = Text(
        ja='If-Match は "<version>" の形式です。', en='If-Match is a version in quotes, as in the ETag: "3".'
    )


class SheetTooLong(Invalid):
    """`most` is how many rows there may be."""

    code = "sheet-too-long"
    message = Text(
        ja="件数が多すぎるため一覧を出力できません。所属や氏名で絞り込んでください。",
        en="There are too many rows for one sheet; narrow it by organization or name.",
    )


class OverCapacity(Refusal):
    code = "over-capacity"
    status = 503
    message = Text(ja="混雑しています。後でお試しください。", en="Too many at once; try again in a moment.")


class InternalError(Refusal):
    """Not a refusal of anything: what is shown when we were wrong. The log has the rest under the request id."""

    code = "internal-error"
    status = 500
    message = Text(ja="内部エラーです。", en="Something went wrong on our side.")
