"""The pages behind `type`: each code of each part has one."""

from tests.gateway.conftest import Door
from tools.problem_codes import FILE, catalogue


def test_the_catalogue_holds_every_refusal_there_is() -> None:
    assert FILE.read_text(encoding="utf-8") == catalogue(), "run: python -m tools.problem_codes"


def test_a_code_of_any_service_has_its_page(door: Door) -> None:
    for code in ("slot-taken", "wrong-code", "email-taken", "too-many-streams"):
        page = door.client.get(f"/problems/{code}")
        assert (page.status_code, "lang='ja'" in page.text) == (200, True), code
