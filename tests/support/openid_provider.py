"""An identity provider on a loopback port, over TLS: discovery, keys, authorization, token, userinfo."""

import json
import threading
from collections.abc import Callable
from datetime import datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth2 import OAuth2Error
from joserfc.jwk import RSAKey

from tests.support.certificates import Certificates
from tests.support.openid_server import Client, Code, Forge, Person, Request, Response, server_of


class Provider:
    """Running between `start` and `stop`. `metadata` and `forge` bend what it would say."""

    def __init__(self, signed: Certificates, now: Callable[[], datetime]) -> None:
        self.now = now
        self.key = RSAKey.generate_key(2_048, {"kid": "provider-1", "use": "sig", "alg": "RS256"})
        self.person = Person("subject-1", "hanako@bio.example")
        self.client: Client | None = None
        self.metadata: dict[str, Any] = {}
        self.forge: Forge | None = None
        self.access_denied = False
        self.names_itself = True
        self.tells_address_in_token = True
        self.asked: list[str] = []
        """Path of each request it got."""
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, Person] = {}
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self._http.socket = signed.context().wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._server = server_of(self)

    @property
    def place(self) -> str:
        return f"localhost:{self._http.server_port}"

    @property
    def issuer(self) -> str:
        return f"https://{self.place}"

    def start(self) -> None:
        self._thread.start()

    def hang_up(self) -> None:
        """Nobody listens any more."""
        self._http.shutdown()
        self._http.server_close()

    def stop(self) -> None:
        self.hang_up()
        self._thread.join()

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": self.names_itself,
        } | self.metadata

    def claims(self) -> dict[str, Any]:
        """Of every identity token, before what is said of the person and the nonce."""
        assert self.client is not None
        at = int(self.now().timestamp())
        return {"iss": self.issuer, "aud": [self.client.client_id], "iat": at, "exp": at + 300, "auth_time": at}

    def answer(self, method: str, target: str, headers: Message, body: bytes) -> Response:
        path, query = urlsplit(target).path, urlsplit(target).query
        self.asked.append(path)
        pairs = parse_qsl(query if method == "GET" else body.decode(), keep_blank_values=True)
        request = Request(method, f"{self.issuer}{target}", pairs, headers)
        match method, path:
            case "GET", "/.well-known/openid-configuration":
                return Response(200, self.discovery(), [])
            case "GET", "/jwks":
                return Response(200, {"keys": [self.key.as_dict(private=False)]}, [])
            case "GET", "/authorize":
                return self._authorized(request)
            case "POST", "/token":
                response: Response = self._server.create_token_response(request)
                return response
            case "GET", "/userinfo":
                return self._userinfo(headers.get("Authorization", "").removeprefix("Bearer "))
            case _:
                return Response(404, {}, [])

    def _authorized(self, request: Request) -> Response:
        person = None if self.access_denied else self.person
        try:
            grant = self._server.get_consent_grant(request, end_user=person)
        except OAuth2Error as error:
            return Response(400, {"error": error.error, "error_description": error.description}, [])
        response: Response = self._server.create_authorization_response(request, grant_user=person, grant=grant)
        return response

    def _userinfo(self, token: str) -> Response:
        person = self.tokens.get(token)
        return Response(401, {}, []) if person is None else Response(200, person.info(), [])


def handler_of(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answered("GET", b"")

        def do_POST(self) -> None:
            self._answered("POST", self.rfile.read(int(self.headers.get("Content-Length", "0"))))

        def _answered(self, method: str, body: bytes) -> None:
            response = provider.answer(method, self.path, self.headers, body)
            content = json.dumps(response.body).encode() if isinstance(response.body, dict) else b""
            self.send_response(response.status)
            for name, value in response.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    return Handler
