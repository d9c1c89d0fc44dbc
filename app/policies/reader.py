"""The language of whoever reads the page, for words the protocol shares with the sites."""

from app.text import _, ngettext


class _Reader:
    """`worker.protocol.words.Translator` over the request's locale."""

    @staticmethod
    def gettext(message: str, /) -> str:
        return _(message)

    @staticmethod
    def ngettext(one: str, many: str, count: int, /) -> str:
        return ngettext(one, many, count)


READER = _Reader()
