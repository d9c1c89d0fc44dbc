"""The one mail about webhooks."""

from urllib.parse import urlsplit

from app.effects import Mail
from app.integrations.models import Webhook
from app.people.mails import compose, link
from app.people.models import Person
from app.settings import Settings
from app.text import _, current_locale, use_locale


def turned_off(settings: Settings, person: Person, webhook: Webhook) -> Mail:
    """In the language of its reader."""
    before = current_locale()
    use_locale(person.locale)
    try:
        return compose(
            settings,
            person.email,
            _("A webhook is off"),
            _(
                "The hub could not deliver to {host} for three days, or was told to stop. It sends nothing there now."
            ).format(host=urlsplit(webhook.url).hostname or ""),
            _("See why each delivery failed, and turn it on again:"),
            link(settings, f"/i/{webhook.institution_id}/integrations/webhooks/{webhook.id}"),
        )
    finally:
        use_locale(before)
