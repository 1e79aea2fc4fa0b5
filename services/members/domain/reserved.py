"""Names that say who runs the lounge: only who does may bear one, and nobody one that looks like it (row U6)."""

import functools

from shared.kernel.look_alikes import skeleton
from shared.kernel.names import Name
from shared.kernel.refusal import Invalid
from shared.kernel.text import Text

_HOUSE = "LINK-J"
_OFFICES = (
    *("admin", "administrator", "operator", "moderator", "postmaster", "webmaster", "hostmaster"),
    *("管理者", "管理人", "管理責任者", "システム管理者", "オペレーター"),
    *("運営", "運営者", "運営事務局", "事務局", "リンクジェイ"),
)
"""Not borne by anybody, also as one half of a name."""
_WHOLE = (
    *("root", "staff", "support", "system", "lounge", "lounge staff", "help desk", "no reply"),
    *("スタッフ", "サポート"),
)
"""Some of these are families' names, so they are refused only as the whole name."""


class NameReserved(Invalid):
    code = "name-reserved"
    message = Text(
        ja="この名前は運営を示すもの、またはそれと紛らわしいものなので使えません。",
        en="This name says, or looks as if it said, that its bearer runs the lounge.",
    )


def looks_official(name: Name) -> bool:
    """True where a reader could take the bearer of `name` for one of those who run the lounge."""
    latin = (name.latin or "").split()
    parts = [name.family, name.given, *latin]
    wholes = [name.family + name.given, name.given + name.family, "".join(latin)]
    wholes.append((name.family_kana or "") + (name.given_kana or ""))
    return any(map(_is_office, parts)) or any(map(_is_official, wholes))


def organization_looks_official(name: Text) -> bool:
    """True where a reader could take an organization of this name for the one that runs the lounge."""
    return any(_is_office(written) or _is_official(written) for written in (name.ja, name.en) if written is not None)


def _is_office(part: str) -> bool:
    seen = skeleton(part)
    return seen in _skeletons(_OFFICES) or seen.startswith(skeleton(_HOUSE))


def _is_official(whole: str) -> bool:
    """Also the house's name and an office in two halves; but Link Jones is a person."""
    seen, house = skeleton(whole), skeleton(_HOUSE)
    return seen == house or seen.removeprefix(house) in _skeletons(_OFFICES + _WHOLE)


@functools.cache
def _skeletons(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(skeleton, words))
