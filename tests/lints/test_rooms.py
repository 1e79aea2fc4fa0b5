"""A service without one of the rooms is found, however the room is built."""

from pathlib import Path

from tools.lints.rooms import ROOMS, missing_rooms


def a_service(root: Path, *, without: str = "") -> Path:
    service = root / "services" / "booking"
    for room in ("store", "domain"):
        (service / room).mkdir(parents=True)
        (service / room / "__init__.py").touch()
    for room in set(ROOMS) - {"store", "domain"}:
        (service / f"{room}.py").touch()
    for name in ("__init__.py", "README.md"):
        (service / name).touch()
    if without:
        (service / without).unlink()
    return root


def test_a_room_may_be_a_file_or_a_package(tmp_path: Path) -> None:
    assert list(missing_rooms(a_service(tmp_path))) == []


def test_a_missing_room_is_found(tmp_path: Path) -> None:
    found = list(missing_rooms(a_service(tmp_path, without="publish.py")))
    assert [each.path for each in found] == ["services/booking/publish.py"]


def test_a_missing_card_is_found(tmp_path: Path) -> None:
    found = list(missing_rooms(a_service(tmp_path, without="README.md")))
    assert [each.path for each in found] == ["services/booking/README.md"]
