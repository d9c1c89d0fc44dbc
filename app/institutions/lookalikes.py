"""Names that could be taken for one another: the same after folding, or one or two strokes apart."""

import unicodedata

# The letters of other scripts and the digits that read as Latin letters, as far as names of schools meet them.
_CONFUSABLE = str.maketrans(
    {
        "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "һ": "h", "і": "i", "ј": "j", "к": "k", "ӏ": "l",
        "м": "m", "н": "h", "о": "o", "р": "p", "ԛ": "q", "ѕ": "s", "т": "t", "у": "y", "ԝ": "w", "х": "x",
        "α": "a", "β": "b", "ε": "e", "η": "n", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "τ": "t",
        "υ": "u", "χ": "x", "ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "0": "o", "1": "l",
        "3": "e", "5": "s", "8": "b", "|": "l", "!": "i", "&": "and",
    }
)  # fmt: skip


def skeleton(name: str) -> str:
    """What is left when case, accents, spaces, marks and look-alike letters no longer count."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c)).translate(_CONFUSABLE)
    plain = "".join(c for c in plain if c.isalnum())
    return plain.replace("rn", "m").replace("vv", "w").replace("i", "l")


def alike(one: str, other: str) -> bool:
    """Same skeleton, or a distance of at most 2 (1 for names under twelve letters, 0 under six)."""
    a, b = skeleton(one), skeleton(other)
    length = min(len(a), len(b))
    reach = 2 if length >= 12 else 1 if length >= 6 else 0
    return abs(len(a) - len(b)) <= reach and distance(a, b) <= reach


def distance(a: str, b: str) -> int:
    """Insert, delete, replace, or swap two neighbours: each one stroke (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                best = min(best, above[j - 2] + 1)
            row.append(best)
    return row[-1]
