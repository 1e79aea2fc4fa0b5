"""Whom a network address belongs to."""

import pytest

from shared.kernel.networks import network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:7:1:5054:ff:fe12:3456", "2001:db8:7:1::/64"),
        ("2001:db8:7:1::2", "2001:db8:7:1::/64"),
        ("2001:db8:7:2::2", "2001:db8:7:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("a socket", "a socket"),
    ],
)
def test_a_network_is_what_one_subscriber_has(address: str, network: str) -> None:
    assert network_of(address) == network
