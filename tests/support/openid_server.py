"""The server side of OpenID Connect by Authlib, an implementation apart from the client under test.

It checks the client and its secret, the exact redirect URI, that a code is used once, PKCE, and carries the nonce over.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Protocol

from authlib.common.security import generate_token
from authlib.oauth2 import AuthorizationServer, OAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import RSAKey

Forge = Callable[[dict[str, Any]], str]


@dataclass
class Person:
    """Who is signed in at the provider; `claims` replace what it says of them."""

    sub: str
    email: str
    email_verified: bool = True
    claims: dict[str, Any] = field(default_factory=dict)

    def info(self) -> dict[str, Any]:
        return {"sub": self.sub, "email": self.email, "email_verified": self.email_verified} | self.claims


@dataclass
class Code:
    """An authorization code, as Authlib asks for it."""

    code: str
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    person: Person

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> None:
        return None

    get_acr = get_amr = get_auth_time


@dataclass
class Client(ClientMixin):  # type: ignore[misc]  # Authlib ships no types
    """The one client that is registered."""

    client_id: str
    client_secret: str | None
    redirect_uri: str

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(each for each in (scope or "").split() if each in ("openid", "email"))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == self.client_secret

    def check_endpoint_auth_method(self, method: str, _: str) -> bool:
        return method in (("none",) if self.client_secret is None else ("client_secret_basic", "client_secret_post"))

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class Payload(BasicOAuth2Payload):  # type: ignore[misc]  # as above
    """The parameters of a request; `datalist` shows those that came twice."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(dict(pairs))
        self._datalist = {name: [value for key, value in pairs if key == name] for name, _ in pairs}


class Request(OAuth2Request):  # type: ignore[misc]  # as above
    def __init__(self, method: str, uri: str, pairs: list[tuple[str, str]], headers: Message) -> None:
        super().__init__(method, uri, headers=headers)
        self.payload = Payload(pairs)

    @property
    def args(self) -> dict[str, str]:
        return dict(self.payload.data)

    form = args


@dataclass
class Response:
    """What is answered; a dict as body is JSON."""

    status: int
    body: Any
    headers: list[tuple[str, str]]

    @property
    def location(self) -> str:
        return dict(self.headers).get("Location", "")

    @location.setter
    def location(self, url: str) -> None:
        self.headers = [("Location", url), *(pair for pair in self.headers if pair[0] != "Location")]


class Provided(Protocol):
    """What the server is told by the provider it is of."""

    key: RSAKey
    client: Client | None
    forge: Forge | None
    names_itself: bool
    tells_address_in_token: bool
    codes: dict[str, Code]
    tokens: dict[str, Person]

    @property
    def issuer(self) -> str: ...

    def claims(self) -> dict[str, Any]: ...


class _Server(AuthorizationServer):  # type: ignore[misc]  # Authlib ships no types
    def __init__(self, provider: Provided) -> None:
        super().__init__(scopes_supported=["openid", "email"])
        self.provider = provider

    def query_client(self, client_id: str) -> Client | None:
        known = self.provider.client
        return known if known is not None and known.client_id == client_id else None

    def save_token(self, token: Mapping[str, Any], request: Request) -> None:
        self.provider.tokens[token["access_token"]] = request.user

    def create_oauth2_request(self, request: Request) -> Request:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        return Response(status, body, list(headers))

    def send_signal(self, *_: Any, **__: Any) -> None:
        return None


class _CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]  # as above
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")

    def save_authorization_code(self, code: str, request: Request) -> None:
        names = ("client_id", "redirect_uri", "scope", "nonce", "code_challenge", "code_challenge_method")
        fields = {name: request.payload.data.get(name, "") for name in names}
        self.server.provider.codes[code] = Code(code=code, person=request.user, **fields)

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found: Code | None = self.server.provider.codes.get(code)
        return found if found is not None and found.client_id == client.client_id else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del self.server.provider.codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> Person:
        return authorization_code.person


class _IdToken(OpenIDCode):  # type: ignore[misc]  # as above
    def __init__(self, provider: Provided) -> None:
        super().__init__(require_nonce=True)
        self.provider = provider

    def exists_nonce(self, nonce: str, _: Request) -> bool:
        return any(code.nonce == nonce for code in self.provider.codes.values())

    def resolve_client_private_key(self, _: Client) -> RSAKey:
        return self.provider.key

    def get_client_algorithm(self, _: Client) -> str:
        return "RS256"

    def get_client_claims(self, _: Client) -> dict[str, Any]:
        return self.provider.claims()

    def get_encode_header(self, _: Client) -> dict[str, Any]:
        return {"alg": "RS256", "kid": self.provider.key.as_dict(private=False)["kid"]}

    def generate_user_info(self, user: Person, _: str) -> Any:
        return UserInfo(**user.info()) if self.provider.tells_address_in_token else UserInfo(sub=user.sub)

    def encode_id_token(self, token: Mapping[str, Any], request: Request) -> str:
        if self.provider.forge is None:
            return str(super().encode_id_token(token, request))
        nonce = {"nonce": request.authorization_code.nonce}
        return self.provider.forge(self.provider.claims() | nonce | request.user.info())


class _Named(IssuerParameter):  # type: ignore[misc]  # as above
    def __init__(self, provider: Provided) -> None:
        self.provider = provider

    def get_issuer(self) -> str | None:
        return self.provider.issuer if self.provider.names_itself else None


def server_of(provider: Provided) -> Any:
    """Authlib's authorization server for one provider."""
    server = _Server(provider)
    server.register_token_generator("default", BearerTokenGenerator(lambda *_, **__: generate_token(42)))
    server.register_grant(_CodeGrant, [_IdToken(provider), CodeChallenge(required=True)])
    server.register_extension(_Named(provider))
    return server
