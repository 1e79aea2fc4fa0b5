"""The inbox as the gateway asks for it, and the mail that carries a sign-in code."""

from datetime import timedelta
from functools import partial
from typing import Any

import orjson
import pytest

from shared.contracts.message import Principal
from shared.contracts.notify import ListNotices, NoticeCreated, ReadNotice, SendSignInCode
from shared.kit.mongo import Mongo
from tests.notify import builders as b
from tests.notify.conftest import House, Houses
from tests.support.costs import counted
from tests.support.waiting import until

HANAKO = Principal(kind="member", id="hanako", organization="o1")
JOHN = Principal(kind="member", id="john", organization="o2")
MEMBERS = Principal(kind="system", id="members")
ADDRESS = "hanako@special.example"


async def told(house: House, *names: str) -> None:
    """A notice for each, a minute apart, the last one newest."""
    for count, name in enumerate(names, start=1):
        await house.event(b.placed(id=name), f"e-{name}", about=name)
        await until(partial(_stored, house, count))
        house.wall.forward(timedelta(minutes=1))
    await house.quiet()


def _stored(house: House, notices: int) -> bool:
    return house.stored("notices") == notices


async def listed(house: House, by: Principal = HANAKO, **query: Any) -> tuple[list[str], str | None]:
    """Links of the notices of a page, and its cursor."""
    answer = await house.ask(ListNotices(**query), by)
    assert answer.problem is None, answer.problem
    return [item["link"].rsplit("/", 1)[1] for item in answer.data["items"]], answer.data["next"]


async def test_own_notices_come_newest_first_page_by_page(house: House) -> None:
    await told(house, "b1", "b2", "b3")
    assert await listed(house) == (["b3", "b2", "b1"], None)
    first, cursor = await listed(house, limit=2)
    assert first == ["b3", "b2"]
    assert await listed(house, limit=2, after=cursor) == (["b1"], None)


async def test_notices_of_one_instant_are_all_listed_once(house: House) -> None:
    for n in range(5):
        await house.event(b.placed(id=f"b{n}"), f"e{n}", about=f"b{n}")
    await until(lambda: house.stored("notices") == 5)
    await house.quiet()
    found: list[str] = []
    cursor: str | None = None
    for _ in range(5):
        page, cursor = await listed(house, limit=1, after=cursor)
        found += page
    assert cursor is None
    assert sorted(found) == ["b0", "b1", "b2", "b3", "b4"]


async def test_nobody_sees_anothers_notices(house: House) -> None:
    await told(house, "b1")
    (notice,) = house.rows("notices")
    assert await listed(house, JOHN) == ([], None)
    answer = await house.ask(ReadNotice(id=notice["_id"]), JOHN)
    assert answer.problem is not None
    assert (answer.problem.status, answer.problem.code) == (404, "not-found")
    assert await listed(house, JOHN, since=notice["_id"]) == ([], None)


async def test_a_notice_read_is_read_once_and_no_longer_unread(house: House) -> None:
    await told(house, "b1", "b2")
    notice = next(n for n in house.rows("notices") if n["link"].endswith("b1"))
    answer = await house.ask(ReadNotice(id=notice["_id"]), HANAKO)
    assert answer.status == 200
    assert answer.data["read_at"] is not None
    house.wall.forward(timedelta(minutes=5))
    again = await house.ask(ReadNotice(id=notice["_id"]), HANAKO)
    assert again.data == answer.data
    assert await listed(house, unread=True) == (["b2"], None)
    assert await listed(house, unread=False) == (["b1"], None)
    (stored,) = house.rows("notices", _id=notice["_id"])
    assert stored["version"] == 2
    assert [entry["type"] for entry in stored["log"]] == ["notify.notice_created.v1", "notify.notice_read.v1"]


async def test_since_a_notice_one_has_the_later_ones_come_oldest_first(house: House) -> None:
    await told(house, "b1", "b2", "b3", "b4")
    known = next(n for n in house.rows("notices") if n["link"].endswith("b2"))["_id"]
    assert await listed(house, since=known) == (["b3", "b4"], None)
    first, cursor = await listed(house, since=known, limit=1)
    assert (first, await listed(house, since=known, limit=1, after=cursor)) == (["b3"], (["b4"], None))
    assert await listed(house, since="no-such-notice") == ([], None)


@pytest.mark.parametrize("cursor", ["x", "1.", ".id", "99999999999999999999.id", "-1.id", "１.id"])
async def test_a_cursor_of_nobodys_making_is_refused(house: House, cursor: str) -> None:
    answer = await house.ask(ListNotices(after=cursor), HANAKO)
    assert answer.problem is not None
    assert (answer.problem.status, answer.problem.code) == (422, "cursor-unknown")


@pytest.mark.parametrize("order", [-1, 1])
@pytest.mark.parametrize("unread", [None, True])
async def test_a_page_costs_what_it_shows(mongo: Mongo, order: int, unread: bool | None) -> None:
    rows = [
        {
            "_id": f"n{n:03d}",
            "site": "nyc",
            "member": "hanako",
            "read_at": None,
            "created_at": b.NOON + timedelta(hours=n),
        }
        for n in range(200)
    ]
    await mongo.collection("notices").insert_many(rows)
    query: dict[str, Any] = {"member": "hanako"} | ({} if unread is None else {"read_at": None})
    query |= {"created_at": {"$gte": b.NOON}}
    plan = (
        await mongo.collection("notices").find(query).sort([("created_at", order), ("_id", order)]).limit(10).explain()
    )
    winning = str(plan["queryPlanner"]["winningPlan"])
    assert "COLLSCAN" not in winning
    assert "'SORT'" not in winning
    assert plan["executionStats"]["totalKeysExamined"] <= 20


async def test_the_announced_notice_is_the_one_listed(house: House) -> None:
    await told(house, "b1")
    messages = [m for m in await house.post.all("EVENTS") if m.subject and "notice_created" in m.subject]
    event = orjson.loads(messages[0].data or b"")
    created = NoticeCreated.model_validate(event["data"], strict=False)
    assert created.member == "hanako"
    assert event["correlationid"] == "corr-1"
    assert event["causationid"] == house.id("e-b1")
    answer = await house.ask(ListNotices(), HANAKO)
    assert answer.data["items"] == [created.notice.model_dump(mode="json")]


def code_mail(house: House, code: str | None = "01234567", **more: Any) -> SendSignInCode:
    expires_at = house.wall.at + timedelta(minutes=10)
    fields: dict[str, Any] = {"email": ADDRESS, "code": code, "language": "ja", "expires_at": expires_at}
    return SendSignInCode(**(fields | more))


class TestSignInCodes:
    """Mailed at once, forgotten after."""

    async def test_a_code_is_mailed_and_then_forgotten(self, house: House) -> None:
        answer = await house.ask(code_mail(house), MEMBERS)
        assert (answer.status, answer.data) == (202, None)
        await until(lambda: house.stored("mails", status="sent") == 1)
        (mail,) = house.ledger.to(ADDRESS)
        text = mail.get_body(("plain",))
        assert text is not None
        assert "01234567" in text.get_content()
        assert "10分間" in text.get_content()
        assert "01234567" not in str(mail["Subject"])
        assert mail["X-Correlation-Id"] == "corr-ask"
        assert "01234567" not in str(house.rows("mails"))
        assert ADDRESS not in str(house.rows("mails"))

    async def test_the_decoy_is_stored_alike_and_never_sent(self, house: House) -> None:
        answer = await house.ask(code_mail(house, None, email="nobody@x.example"), MEMBERS)
        assert (answer.status, answer.data) == (202, None)
        await until(lambda: house.stored("mails", status="dropped") == 1)
        assert house.ledger.taken == []
        assert "nobody@" not in str(house.rows("mails"))

    async def test_the_decoy_is_answered_for_one_write_of_the_same_kind_and_by_the_same_reply(
        self, houses: Houses
    ) -> None:
        """What the sender makes of it comes after the answer."""
        with counted() as costs:
            async with houses() as house:
                costs.watch(house.service)
                for code, email, correlation in (("01234567", ADDRESS, "code"), (None, "nobody@x.example", "decoy")):
                    await house.ask(code_mail(house, code, email=email), MEMBERS, correlationid=correlation)
                await until(lambda: house.stored("mails", status={"$in": ["sent", "dropped"]}) == 2)
            first = {each: costs.commands[each][0] for each in ("code", "decoy")}
            assert {command for command, *_ in first.values()} == {"insert"}
            assert repr(first["code"]).replace("'code': 'str'", "'code': 'NoneType'") == repr(first["decoy"])
            replies = [[payload for _, payload in costs.messages(each)] for each in ("code", "decoy")]
            assert replies[0] == replies[1]
            assert len(replies[0]) == 1

    async def test_an_expired_code_is_not_mailed_but_forgotten(self, house: House) -> None:
        house.ledger.expect(ADDRESS, "451 later", "451 later", "451 later")
        await house.ask(code_mail(house), MEMBERS)
        await until(lambda: bool(house.rows("mails", attempts={"$ne": []})))
        house.wall.forward(timedelta(minutes=11))
        await until(lambda: house.stored("mails", status="expired") == 1, seconds=15)
        assert house.ledger.taken == []
        assert "01234567" not in str(house.rows("mails"))

    async def test_a_code_is_tried_again_within_seconds(self, house: House) -> None:
        house.ledger.expect(ADDRESS, "451 later")
        await house.ask(code_mail(house), MEMBERS)
        await until(lambda: house.stored("mails", status="sent") == 1, seconds=20)

    async def test_the_same_key_mails_once(self, house: House) -> None:
        for _ in range(3):
            await house.ask(code_mail(house), MEMBERS, key="k1")
        await house.quiet()
        assert len(house.ledger.taken) == 1

    async def test_only_a_service_may_ask_for_it(self, house: House) -> None:
        answer = await house.ask(code_mail(house), HANAKO)
        assert answer.problem is not None
        assert answer.problem.status == 403
        assert house.stored("mails") == 0

    async def test_after_the_deadline_nothing_is_written(self, house: House) -> None:
        answer = await house.ask(code_mail(house), MEMBERS, deadline=house.wall.at - timedelta(seconds=1))
        assert answer.problem is not None
        assert answer.problem.status == 504
        assert house.stored("mails") == 0

    async def test_an_address_that_is_none_is_given_up(self, house: House) -> None:
        await house.ask(code_mail(house, email="a@x.example\r\nBcc: b@y.example"), MEMBERS)
        await until(lambda: house.stored("mails", status="failed") == 1)
        assert house.ledger.taken == []
