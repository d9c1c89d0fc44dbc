"""What edges call about people, in one place. Each function lives in the module of its concept."""

from app.people.accounts import change_account, clean_email, make_person
from app.people.factor_resets import ask as ask_factor_reset
from app.people.factor_resets import ask_as_operator as ask_factor_reset_as_operator
from app.people.factor_resets import find_stop as find_factor_reset_stop
from app.people.factor_resets import reset_operator, stop_by_link
from app.people.factor_resets import stop_own as stop_factor_reset
from app.people.invitations import (
    accept_invitation,
    decline_invitation,
    find_invitation,
    invite,
    invite_operator,
    withdraw_invitation,
)
from app.people.resets import change_password, find_reset, request_reset, reset
from app.people.roles import grant, remove, revoke
from app.people.second_factor import (
    check_code,
    confirm_totp,
    make_recovery_codes,
    start_totp,
    step_up,
)
from app.people.sessions import end as end_session
from app.people.sessions import end_all as end_sessions
from app.people.sessions import switch as switch_institution
from app.people.signing_in import sign_in, sign_out

__all__ = [
    "accept_invitation",
    "ask_factor_reset",
    "ask_factor_reset_as_operator",
    "change_account",
    "change_password",
    "check_code",
    "clean_email",
    "confirm_totp",
    "decline_invitation",
    "end_session",
    "end_sessions",
    "find_factor_reset_stop",
    "find_invitation",
    "find_reset",
    "grant",
    "invite",
    "invite_operator",
    "make_person",
    "make_recovery_codes",
    "remove",
    "request_reset",
    "reset",
    "reset_operator",
    "revoke",
    "sign_in",
    "sign_out",
    "start_totp",
    "step_up",
    "stop_by_link",
    "stop_factor_reset",
    "switch_institution",
    "withdraw_invitation",
]
