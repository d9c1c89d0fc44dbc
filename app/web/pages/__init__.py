"""The pages. One module per noun; `routers` lists them all, and a test calls every route of theirs as every role."""

from fastapi import APIRouter

from app.settings import Settings
from app.web.pages import (
    account,
    elements,
    home,
    invitations,
    password,
    public,
    register,
    sign_in,
    step_up,
)


def routers(settings: Settings) -> tuple[APIRouter, ...]:
    """`/ui` outside production only. `/demo` is not among them: `app.main` adds it in the demo only."""
    every = (
        public.router,
        sign_in.router,
        password.router,
        register.router,
        invitations.router,
        step_up.router,
        account.router,
        home.router,
    )
    if settings.environment != "production":
        every += (elements.router,)
    return every
