"""Every table, and whoever follows the audit trail, in one import: for every process of the hub, and migrations."""

from app import letters
from app.audit import models as audit
from app.db import Base
from app.erasure import models as erasure
from app.federations import models as federations
from app.institutions import models as institutions
from app.integrations import models as integrations
from app.integrations import outbox
from app.notices import models as notices
from app.people import models as people
from app.policies import models as policies
from app.releases import models as releases
from app.reports import models as reports
from app.runs import models as runs
from app.sites import models as sites

metadata = Base.metadata
TABLES = (
    audit,
    erasure,
    federations,
    institutions,
    notices,
    integrations,
    letters,
    people,
    policies,
    releases,
    reports,
    runs,
    sites,
)
FOLLOWERS = (outbox,)
