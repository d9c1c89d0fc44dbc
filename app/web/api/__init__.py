"""The REST API under `/api/v1`: the same acts as the pages, for programs with a token. One module per noun."""

from fastapi import APIRouter

from app.web.api import (
    classes,
    description,
    districts,
    evidence,
    federations,
    incidents,
    institutions,
    lead,
    me,
    memberships,
    modalities,
    policies,
    profiles,
    purposes,
    records,
    releases,
    reports,
    rounds,
    runs,
    sheets,
    sites,
    webhooks,
)
from app.web.api.answers import PREFIX
from app.web.api.errors import DOCUMENTED

v1 = APIRouter(prefix=PREFIX, responses=DOCUMENTED)
for _noun in (
    me,
    institutions,
    districts,
    policies,
    profiles,
    purposes,
    sites,
    classes,
    federations,
    sheets,
    memberships,
    modalities,
    lead,
    runs,
    rounds,
    releases,
    reports,
    records,
    evidence,
    incidents,
    webhooks,
):
    v1.include_router(_noun.router)

router = APIRouter()
router.include_router(v1)
router.include_router(description.router(v1))
