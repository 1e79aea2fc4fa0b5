"""The few options of curl the pages use, so that their commands can be run where there is no curl."""

import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit


def main(words: list[str]) -> None:
    method, url, data, show_head = "", "", "", False
    headers: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        match word:
            case "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            case "-d":
                data = next(rest)
            case "-X":
                method = next(rest)
            case "-s" | "-si":
                show_head = show_head or "i" in word
            case _ if word.startswith("http"):
                url = word
            case _:
                raise SystemExit(f"this curl does not know {word}")
    put(url, method or ("POST" if data else "GET"), headers, data, show_head=show_head)


def put(url: str, method: str, headers: dict[str, str], data: str, *, show_head: bool) -> None:
    """One request; the answer on stdout, its head first where that is wanted."""
    place = urlsplit(url)
    connection = HTTPConnection(place.netloc, timeout=10)
    connection.request(method, f"{place.path}?{place.query}".rstrip("?"), body=data.encode() or None, headers=headers)
    answer = connection.getresponse()
    if show_head:
        sys.stdout.write(f"HTTP/1.1 {answer.status} {answer.reason}\r\n")
        sys.stdout.write("".join(f"{name}: {value}\r\n" for name, value in answer.getheaders()) + "\r\n")
    sys.stdout.write(answer.read().decode())


if __name__ == "__main__":
    main(sys.argv[1:])
