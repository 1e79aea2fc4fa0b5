"""A person's data out, whole, as JSON or as a page nobody's text can break; and the door to be forgotten by."""

from typing import Any

import pytest

from services.gateway.personal_page import page
from shared.contracts.booking import PersonalDataInBooking
from shared.contracts.members import EraseMember, GetErasure, PersonalDataInMembers
from shared.contracts.privacy import ExportView, section
from tests.gateway.conftest import Door, bearer
from tests.gateway.fakes import FakeServices, ok, problem

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9"}
EVIL = "<script>alert('{{7*7}}')</script>\nsecond line"


def sections(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    """One kind of thing, as a service answers it."""
    made = section(
        "bookings",
        ("予約", "Bookings"),
        purpose=("お席のため", "to keep a place"),
        kept=("ずっと", "always"),
        columns={"id": ("番号", "Id"), "purpose": ("目的", "Purpose"), "fields": ("項目", "Fields")},
        rows=rows,
    )
    return [made.model_dump(mode="json")]


@pytest.fixture
def kept(services: FakeServices, door: Door) -> FakeServices:
    """Two pages of bookings, and nothing elsewhere."""
    pages = {
        None: {"sections": sections({"id": "b1", "purpose": EVIL, "fields": ["a", "b"]}), "next": "b1"},
        "b1": {"sections": sections({"id": "b2", "purpose": None}), "next": None},
    }
    services.answers[PersonalDataInBooking.wire] = lambda envelope: ok(pages[envelope["data"].get("after")])
    return services


def test_everything_of_every_service_is_in_one_json(door: Door, kept: FakeServices) -> None:
    answer = door.client.get("/v1/members/m1/export", headers=bearer())
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "no-store"
    export = ExportView.model_validate_json(answer.content)
    assert (export.member, [each.service for each in export.services]) == (
        "m1",
        ["members", "booking", "events", "notify"],
    )
    (bookings,) = export.services[1].sections
    assert [row["id"] for row in bookings.rows] == ["b1", "b2"]


@pytest.mark.parametrize(
    ("language", "words"), [("ja", ["予約", "目的", "お席のため"]), ("en", ["Bookings", "What for"])]
)
def test_a_browser_gets_a_page_in_the_readers_language(
    door: Door, kept: FakeServices, language: str, words: list[str]
) -> None:
    answer = door.client.get("/v1/members/m1/export", headers=bearer() | HTML | {"Accept-Language": language})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["content-language"] == language
    for word in words:
        assert word in answer.text
    assert "<script" not in answer.text
    assert "&lt;script&gt;alert(&#x27;{{7*7}}&#x27;)&lt;/script&gt;<br>second line" in answer.text
    assert "<td>a, b</td>" in answer.text
    assert "<td>–</td>" in answer.text


def test_what_no_service_knows_is_said_on_the_page() -> None:
    services = [{"service": "booking", "sections": sections()}]
    assert "<p>Nothing</p>" in page({"member": "m1", "exported_at": "now", "services": services}, "en")


def test_of_nobody_the_asker_may_see_nothing_is_asked_elsewhere(door: Door, kept: FakeServices) -> None:
    kept.answers[PersonalDataInMembers.wire] = lambda _: problem("not-found", 404)
    assert door.client.get("/v1/members/m2/export", headers=bearer()).status_code == 404
    assert kept.asked(PersonalDataInBooking.wire) == []
    assert door.client.get("/v1/members/m2/export?x=1", headers=bearer()).status_code == 422
    assert door.client.get("/v1/members/..%2F/export", headers=bearer()).status_code == 404


def test_to_be_forgotten_the_session_of_the_token_goes_along_and_nobody_else_names_one(
    door: Door, services: FakeServices
) -> None:
    services.answers[EraseMember.wire] = lambda _: ok({"member": "m1", "version": 1}, status=202)
    answer = door.client.post("/v1/members/m1/erase", json={"reason": "I move away"}, headers=bearer(sid="s7"))
    assert (answer.status_code, answer.headers["etag"]) == (202, '"1"')
    (asked,) = services.asked(EraseMember.wire)
    assert asked["data"] == {"id": "m1", "session": "s7", "reason": "I move away"}
    forged = {"reason": "x", "session": "s8"}
    assert door.client.post("/v1/members/m1/erase", json=forged, headers=bearer()).status_code == 422
    for bad in ({}, {"reason": ""}, {"reason": "x" * 501}):
        assert door.client.post("/v1/members/m1/erase", json=bad, headers=bearer()).status_code == 422


def test_the_certificate_is_for_staff(door: Door, services: FakeServices) -> None:
    assert door.client.get("/v1/members/m1/erasure", headers=bearer()).status_code == 403
    assert door.client.get("/v1/members/m1/erasure", headers=bearer(roles=["operator"])).status_code == 200
    assert services.asked(GetErasure.wire)[0]["data"] == {"id": "m1"}


def test_no_program_takes_data_out_or_erases(door: Door, services: FakeServices) -> None:
    secret = "lk_" + "e" * 40
    maker = {"id": "m1", "organization": "o1", "organizations": ["o1"], "roles": ["member", "operator"]}
    services.add_key(secret, kind="program", scopes=["members:write"], **maker)
    by_key = {"Authorization": f"Bearer {secret}"}
    assert door.client.get("/v1/members/m1", headers=by_key).status_code == 200
    assert door.client.get("/v1/members/m1/export", headers=by_key).status_code == 403
    assert door.client.post("/v1/members/m1/erase", json={"reason": "x"}, headers=by_key).status_code == 403
    assert services.asked(EraseMember.wire) == []
