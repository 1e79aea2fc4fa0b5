"""Row H28: a forwarding header is believed only of proxies of ours, from the end that they wrote."""

from ipaddress import ip_network

import pytest

from services.gateway.proxies import Proxies


def client(peer: str | None, *sent: str, networks: tuple[str, ...] = ("10.0.0.0/8", "fd00::/8")) -> str:
    headers = [(b"host", b"lounge.example"), *((b"x-forwarded-for", each.encode()) for each in sent)]
    scope = {"client": (peer, 5_000) if peer is not None else None, "headers": headers}
    return Proxies(map(ip_network, networks)).client(scope)


@pytest.mark.parametrize(
    ("peer", "sent", "found"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("198.51.100.1, 203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("198.51.100.1, 203.0.113.7, 10.0.0.9",), "203.0.113.7"),
        ("10.0.0.1", ("198.51.100.1", "203.0.113.7 , 10.0.0.9"), "203.0.113.7"),
        ("10.0.0.1", ("10.0.0.8, 10.0.0.9",), "10.0.0.8"),
        ("10.0.0.1", ("198.51.100.1, unknown, 10.0.0.9",), "10.0.0.9"),
        ("10.0.0.1", ("",), "10.0.0.1"),
        ("::ffff:10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("fd00::5", ("2001:db8::7",), "2001:db8::7"),
        (None, ("203.0.113.7",), ""),
    ],
)
def test_the_client_is_the_last_on_the_way_who_is_none_of_ours(
    peer: str | None, sent: tuple[str, ...], found: str
) -> None:
    assert client(peer, *sent) == found


def test_without_proxies_of_ours_no_header_is_believed() -> None:
    assert client("10.0.0.1", "203.0.113.7", networks=()) == "10.0.0.1"


def test_a_long_list_is_read_from_its_end_and_not_to_its_beginning() -> None:
    assert client("10.0.0.1", ", ".join(["203.0.113.7", *["10.0.0.2"] * 400])) == "10.0.0.2"
