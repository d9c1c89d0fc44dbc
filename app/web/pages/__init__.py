"""The pages. One module per noun; `routers` lists them all, and a test calls every route of theirs as every role."""

from fastapi import APIRouter

from app.settings import Settings
from app.web.pages import (
    account,
    approvals,
    district,
    elements,
    evidence,
    federation_fit,
    federation_join,
    federation_lead,
    federation_new,
    federation_parts,
    federations,
    home,
    institution,
    integrations,
    invitations,
    notices,
    operator,
    operator_institutions,
    operator_models,
    password,
    people,
    policy,
    policy_board,
    policy_draft,
    profiles,
    public,
    purposes,
    records,
    register,
    releases,
    reports,
    run_bell,
    run_new,
    runs,
    school_classes,
    second_factor,
    sign_in,
    site_new,
    sites,
    step_up,
    webhook_message,
    webhooks,
)

_EVERY = (
    public,
    sign_in,
    password,
    register,
    invitations,
    step_up,
    account,
    second_factor,
    notices,
    home,
    institution,
    district,
    people,
    policy_draft,  # before policy: "draft" is no version's number
    profiles,
    purposes,
    policy,
    policy_board,
    site_new,  # before sites: "new" is no site's id
    sites,
    approvals,
    school_classes,
    records,
    evidence,
    integrations,
    webhooks,
    webhook_message,
    federation_new,  # before federations: "new" is no federation's id
    run_new,
    releases,
    federation_join,
    federation_lead,
    federation_fit,
    federation_parts,
    federations,
    run_bell,
    runs,
    reports,
    operator,
    operator_institutions,
    operator_models,
)


def routers(settings: Settings) -> tuple[APIRouter, ...]:
    """`/ui` outside production only."""
    every = tuple(module.router for module in _EVERY)
    return every if settings.environment == "production" else (*every, elements.router)
