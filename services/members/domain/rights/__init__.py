"""Who may see and do what with organizations, people and keys."""

from services.members.domain.rights.actor import Actor
from services.members.domain.rights.checks import (
    check_assistants,
    check_change_policy,
    check_create_key,
    check_enrol,
    check_erase,
    check_export,
    check_revise_member,
    check_revise_organization,
    check_see_policy,
    check_tends_organizations,
)
from services.members.domain.rights.refusals import NotForPrograms, OwnOperatorRole, RowsNotYours, SignInAgain

__all__ = [
    "Actor",
    "NotForPrograms",
    "OwnOperatorRole",
    "RowsNotYours",
    "SignInAgain",
    "check_assistants",
    "check_change_policy",
    "check_create_key",
    "check_enrol",
    "check_erase",
    "check_export",
    "check_revise_member",
    "check_revise_organization",
    "check_see_policy",
    "check_tends_organizations",
]
