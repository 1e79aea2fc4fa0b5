"""Who may do what here; deny by default."""

from shared.contracts.message import Principal
from shared.kernel.refusal import Forbidden, NotFound


def may_publish_for(principal: Principal, site: str) -> None:
    """The site itself, or an operator. Another site's door looks as if it were not there."""
    if "operator" in principal.roles:
        return
    if principal.kind != "site":
        raise Forbidden
    _its_own(principal, site)


def may_tend(principal: Principal, site: str) -> None:
    """The quarantine is for the site itself, its staff, and operators."""
    if "operator" in principal.roles:
        return
    if principal.kind != "site" and "site_staff" not in principal.roles:
        raise Forbidden
    _its_own(principal, site)


def may_attend(principal: Principal) -> str:
    """Any signed-in member; the id the registration is for."""
    if principal.kind != "member":
        raise Forbidden
    return principal.id


def _its_own(principal: Principal, site: str) -> None:
    if principal.site != site:
        raise NotFound(site=site)
