"""What a provider says of itself: believed of itself alone, and leading nowhere that is not public."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from services.members.domain.identity_provider import SignInRefused, UnsafeIssuer
from services.members.openid import Client, OpenId, ProviderAway, Returned, Secrets
from services.members.openid.identity_token import keys_of
from shared.kit.outbound import Outbound
from tests.members.provided import REDIRECT_URI
from tests.support.certificates import Certificates
from tests.support.openid_provider import Provider

NOON = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
SECRETS = Secrets("s" * 64, "n" * 64, "v" * 64)
DISCOVERY = "/.well-known/openid-configuration"


class Elapsed:
    """Monotonic seconds, set by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def provider(signed: Certificates) -> Iterator[Provider]:
    made = Provider(signed, lambda: NOON)
    made.start()
    yield made
    made.stop()


@asynccontextmanager
async def asking(provider: Provider, signed: Certificates, elapsed: Elapsed) -> AsyncIterator[OpenId]:
    outbound = Outbound(allow=[provider.place], ca_file=signed.authority)
    try:
        yield OpenId(outbound, elapsed)
    finally:
        await outbound.close()


def client(provider: Provider) -> Client:
    return Client(provider.issuer, "lounge", None, REDIRECT_URI)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "https://169.254.169.254/token"},
        {"token_endpoint": "http://localhost/token"},
        {"jwks_uri": "https://10.0.0.1/keys"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://localhost/authorize"},
        {"authorization_endpoint": None},
        {"id_token_signing_alg_values_supported": "RS256"},
        {"id_token_signing_alg_values_supported": ["none"]},
        {"subject_types_supported": None},
    ],
    ids=str,
)
async def test_metadata_that_cannot_be_is_as_if_the_provider_were_away(
    metadata: dict[str, Any], provider: Provider, signed: Certificates
) -> None:
    provider.metadata = metadata
    async with asking(provider, signed, Elapsed()) as openid:
        with pytest.raises(ProviderAway):
            await openid.authorization_url(client(provider), SECRETS)


async def test_who_was_away_is_asked_again_after_five_seconds_and_not_before(
    provider: Provider, signed: Certificates
) -> None:
    provider.metadata, elapsed = {"issuer": "https://evil.example"}, Elapsed()
    async with asking(provider, signed, elapsed) as openid:
        for _ in range(3):
            with pytest.raises(ProviderAway):
                await openid.authorization_url(client(provider), SECRETS)
        assert provider.asked == [DISCOVERY]
        provider.metadata, elapsed.seconds = {}, elapsed.seconds + 5
        for _ in range(3):
            assert (await openid.authorization_url(client(provider), SECRETS)).startswith(provider.issuer)
        assert provider.asked == [DISCOVERY] * 2
        elapsed.seconds += 600
        await openid.authorization_url(client(provider), SECRETS)
        assert provider.asked == [DISCOVERY] * 3


async def test_a_new_key_of_the_providers_is_fetched_at_its_first_token_and_strange_ones_do_not_hurry_us(
    provider: Provider, signed: Certificates
) -> None:
    elapsed = Elapsed()
    async with asking(provider, signed, elapsed) as openid:
        found = await openid._provider(provider.issuer)
        assert len(await openid._key_set(found, fresh=False)) == 1
        for _ in range(10):
            await openid._key_set(found, fresh=True)
        assert provider.asked.count("/jwks") == 1
        provider.key, elapsed.seconds = RSAKey.generate_key(2_048, {"kid": "new"}), elapsed.seconds + 6
        (key,) = await openid._key_set(found, fresh=True)
        assert key.as_dict(private=False)["kid"] == "new"


async def test_a_provider_that_stopped_is_away(provider: Provider, signed: Certificates) -> None:
    async with asking(provider, signed, Elapsed()) as openid:
        await openid.authorization_url(client(provider), SECRETS)
        provider.hang_up()
        with pytest.raises(ProviderAway):
            await openid.vouched(client(provider), SECRETS, Returned("code", provider.issuer), at=NOON)


async def test_a_code_the_provider_does_not_know_is_refused_and_an_error_of_its_own_is_not(
    provider: Provider, signed: Certificates
) -> None:
    async with asking(provider, signed, Elapsed()) as openid:
        with pytest.raises(SignInRefused):
            await openid.vouched(client(provider), SECRETS, Returned("code", provider.issuer), at=NOON)
    provider.metadata = {"token_endpoint": f"{provider.issuer}/nowhere"}
    async with asking(provider, signed, Elapsed()) as openid:
        with pytest.raises(ProviderAway):
            await openid.vouched(client(provider), SECRETS, Returned("code", provider.issuer), at=NOON)


def test_an_issuer_is_a_public_address_without_a_query() -> None:
    openid = OpenId(Outbound())
    openid.check_issuer("https://accounts.bio.example/realms/lounge")
    for issuer in ("https://accounts.bio.example/?x=1", "https://localhost", "http://accounts.bio.example"):
        with pytest.raises(UnsafeIssuer):
            openid.check_issuer(issuer)


def test_of_a_key_set_only_what_can_verify_alone_is_used() -> None:
    good = RSAKey.generate_key(2_048, {"kid": "good"}).as_dict(private=False)
    weak = {**good, "n": "AQAB", "kid": "weak"}
    shared = {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}
    strange = {"kty": "future", "kid": "strange"}
    found = keys_of({"keys": [good, weak, shared, strange, {}, 7]})
    assert [key.as_dict(private=False)["kid"] for key in found] == ["good"]
    assert keys_of({}) == ()
