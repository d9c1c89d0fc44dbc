"""Translation at the hub: the same as everywhere, see `worker.protocol.text`."""

from worker.protocol.text import (
    LOCALES,
    N_,
    _,
    current_locale,
    ngettext,
    speaking,
    use_locale,
)

__all__ = ["LOCALES", "N_", "_", "current_locale", "ngettext", "speaking", "use_locale"]
