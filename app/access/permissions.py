"""Roles, permissions and the one table between them. docs/permissions.md is printed from here."""

from enum import StrEnum


class Role(StrEnum):
    """A person's role in an institution; `operator` is a role at the hub itself."""

    ADMINISTRATOR = "administrator"
    PRIVACY_OFFICER = "privacy-officer"
    INSTRUCTOR = "instructor"
    READER = "reader"


class Permission(StrEnum):
    INSTITUTION_READ = "institution:read"
    INSTITUTION_EDIT = "institution:edit"
    PEOPLE_READ = "people:read"
    PEOPLE_EDIT = "people:edit"
    POLICY_READ = "policy:read"
    POLICY_DRAFT = "policy:draft"
    POLICY_APPROVE = "policy:approve"
    SITE_READ = "site:read"
    SITE_EDIT = "site:edit"
    FEDERATION_READ = "federation:read"
    FEDERATION_JOIN = "federation:join"
    FEDERATION_FOUND = "federation:found"
    FEDERATION_LEAD = "federation:lead"
    RUN_READ = "run:read"
    RUN_LEAD = "run:lead"
    RUN_APPROVE = "run:approve"
    RELEASE_DOWNLOAD = "release:download"
    CLASS_READ = "class:read"
    CLASS_EDIT = "class:edit"
    REPORT_READ = "report:read"
    REPORT_ANSWER = "report:answer"
    FEEDBACK_READ = "feedback:read"
    SENT_READ = "sent:read"
    AUDIT_READ = "audit:read"
    EVIDENCE_READ = "evidence:read"
    TOKEN_EDIT = "token:edit"
    WEBHOOK_EDIT = "webhook:edit"
    HUB_OPERATE = "hub:operate"


_READER = frozenset(
    {
        Permission.INSTITUTION_READ,
        Permission.PEOPLE_READ,
        Permission.POLICY_READ,
        Permission.SITE_READ,
        Permission.FEDERATION_READ,
        Permission.RUN_READ,
        Permission.CLASS_READ,
    }
)

ROLES: dict[Role, frozenset[Permission]] = {
    Role.READER: _READER,
    Role.ADMINISTRATOR: _READER
    | {
        Permission.INSTITUTION_EDIT,
        Permission.PEOPLE_EDIT,
        Permission.POLICY_DRAFT,
        Permission.SITE_EDIT,
        Permission.FEDERATION_JOIN,
        Permission.FEDERATION_FOUND,
        Permission.FEDERATION_LEAD,
        Permission.RUN_LEAD,
        Permission.RELEASE_DOWNLOAD,
        Permission.CLASS_EDIT,
        Permission.FEEDBACK_READ,
        Permission.SENT_READ,
        Permission.AUDIT_READ,
        Permission.EVIDENCE_READ,
        Permission.TOKEN_EDIT,
        Permission.WEBHOOK_EDIT,
    },
    Role.PRIVACY_OFFICER: _READER
    | {
        Permission.POLICY_DRAFT,
        Permission.POLICY_APPROVE,
        Permission.RUN_APPROVE,
        Permission.RELEASE_DOWNLOAD,
        Permission.FEDERATION_JOIN,
        Permission.FEEDBACK_READ,
        Permission.SENT_READ,
        Permission.AUDIT_READ,
        Permission.EVIDENCE_READ,
    },
    Role.INSTRUCTOR: frozenset({Permission.REPORT_READ, Permission.REPORT_ANSWER}),
}

DISTRICT_OFFICER: frozenset[Permission] = frozenset(
    {
        Permission.INSTITUTION_READ,
        Permission.PEOPLE_READ,
        Permission.POLICY_READ,
        Permission.POLICY_DRAFT,
        Permission.POLICY_APPROVE,
        Permission.SITE_READ,
        Permission.FEDERATION_READ,
        Permission.RUN_READ,
        Permission.RUN_APPROVE,
        Permission.SENT_READ,
        Permission.AUDIT_READ,
        Permission.EVIDENCE_READ,
    }
)
"""What a district's privacy officer may do at a school that accepted it: never a class, a report or its feedback."""

OPERATOR: frozenset[Permission] = frozenset({Permission.HUB_OPERATE})

TOKEN_NEVER: frozenset[Permission] = frozenset(
    {
        Permission.POLICY_APPROVE,
        Permission.RUN_APPROVE,
        Permission.TOKEN_EDIT,
        Permission.PEOPLE_EDIT,
        Permission.HUB_OPERATE,
    }
)
"""What no API token may do, whoever made it."""


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """For the sentence that says which role can."""
    return tuple(role for role, permissions in ROLES.items() if permission in permissions)
