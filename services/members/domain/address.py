"""One e-mail address (row U12): what we write to, and what makes two spellings the same mailbox."""

import re
from dataclasses import dataclass

from shared.kernel.ids import derived_id
from shared.kernel.refusal import Invalid
from shared.kernel.text import Text

_LONGEST = 254
_LONGEST_LOCAL = 64
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


_TWO_SPELLINGS = frozenset("ßẞς\u200c\u200d")
"""Letters that IDNA 2003, as in the standard library, spells as others, and IDNA 2008 as themselves: straße.example is
strasse.example to the one, which may be somebody else's to the other. Who has such a domain writes it as `xn--…`."""


class InvalidEmail(Invalid):
    code = "invalid-email"
    message = Text(ja="メールアドレスの形式が正しくありません。", en="That is not one plain e-mail address.")


@dataclass(frozen=True, slots=True)
class Address:
    """`text` is the local part as given, `@`, the domain in lower-case A-labels."""

    text: str

    @property
    def key(self) -> str:
        """Equal for every spelling of the same mailbox, and tells nobody the address."""
        return derived_id("email", self.text.casefold())

    @property
    def domain(self) -> str:
        return self.text.rpartition("@")[2]


def address(text: str) -> Address:
    """Raises InvalidEmail: one recipient, no quotes, a domain of at least two labels, at most 254 characters."""
    local, at, domain = text.rpartition("@")
    if not at or len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        raise InvalidEmail
    made = f"{local}@{_a_labels(domain)}"
    if len(made) > _LONGEST:
        raise InvalidEmail
    return Address(made)


def _a_labels(domain: str) -> str:
    if not _TWO_SPELLINGS.isdisjoint(domain):
        raise InvalidEmail
    try:
        ascii_domain = domain.encode("idna").decode().lower()
    except UnicodeError:
        raise InvalidEmail from None
    labels = ascii_domain.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidEmail
    return ascii_domain
