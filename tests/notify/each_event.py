"""Each event notify hears about one person's own: what it is about, its topic, how its subject begins."""

from tests.notify import builders as b
from tests.notify import series_builders as s

EACH_EVENT = [
    *b.MORE_EVENTS,
    (b.placed(), "b1", "booking.placed", "予約を受け付けました"),
    (b.placed(status="provisional", expires_at=b.DEADLINE), "b1", "booking.provisional", "仮予約を承りました"),
    (b.submitted(), "b1", "booking.pending", "承認待ちです"),
    (b.confirmed(), "b1", "booking.confirmed", "予約が確定しました"),
    (b.reminded(), "b1", "booking.reminded", "確定期限が近づいています"),
    (b.challenged(), "b1", "booking.challenged", "確定期限が早まりました"),
    (b.moved(), "b1", "booking.moved", "予約が変更されました"),
    (b.reworded(), "b1", "booking.changed", "登録内容が変更されました"),
    (b.expired(), "b1", "booking.expired", "期限切れ"),
    (b.no_show(), "b1", "booking.no_show", "チェックインがなかったため開放しました"),
    (b.cancelled(rejected=True, reason="点検"), "b1", "booking.rejected", "承認されませんでした"),
    (b.cancelled(), "b1", "booking.cancelled", "予約を取り消しました"),
    (s.series_placed(), "r1", "series.placed", "繰り返し予約を受け付けました"),
    (s.series_placed(status="pending"), "r1", "series.pending", "承認待ちです"),
    (s.series_confirmed(), "r1", "series.confirmed", "繰り返し予約が確定しました"),
    (s.series_cancelled(rejected=True), "r1", "series.rejected", "承認されませんでした"),
    (s.series_cancelled(remaining=3), "r1", "series.cancelled", "繰り返し予約を取り消しました"),
    (s.series_changed(), "r1", "series.changed", "繰り返し予約が変更されました"),
    (s.series_expired(), "r1", "series.expired", "期限切れ"),
    (s.series_handed_over(), "r1", "series.received", "繰り返し予約の引き継ぎ"),
    (b.registered(), "r1", "registration.confirmed", "お申し込みを受け付けました"),
    (b.registered(status="waiting", position=3), "r1", "registration.waiting", "キャンセル待ち"),
    (b.promoted(), "r1", "registration.promoted", "お席が確保できました"),
    (b.changed(), "s1", "seminar.changed", "内容が変わりました"),
    (b.called_off(), "s1", "seminar.cancelled", "中止になりました"),
    (b.handed_over(), "b1", "booking.received", "ご予約の引き継ぎ"),
    (b.membership_changed(), "o1", "membership.changed", "会員資格を一時停止しました"),
    (b.renewal_due(), "o1", "membership.renewal_due", "会員期間の終了まであと30日です"),
    (b.reused(), "session-1", "session.reused", "安全のため、サインインを終了しました"),
]
