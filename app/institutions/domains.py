"""Which domain names and register numbers can belong to one institution, and which never can."""

import re

from app.errors import Invalid
from app.text import _

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")

# Common suffixes under which anyone, or every school, can have a name. A name with no dot is refused anyway.
PUBLIC_SUFFIXES = frozenset(
    """
    ac.at ac.be ac.cn ac.il ac.in ac.jp ac.kr ac.nz ac.th ac.uk ac.za asn.au blogspot.com bplaced.net
    cloudfront.net co.at co.il co.in co.jp co.kr co.nz co.uk co.za com.ar com.au com.br com.cn com.mx com.sg
    com.tr com.ua edu.ar edu.au edu.br edu.cn edu.co edu.eg edu.hk edu.in edu.mx edu.my edu.pe edu.ph edu.pk
    edu.pl edu.sa edu.sg edu.tr edu.tw edu.ua edu.vn eu.org firebaseapp.com fly.dev github.io gitlab.io
    google.com gov.au gov.br gov.in gov.uk govt.nz herokuapp.com id.au k12.ak.us k12.al.us k12.ar.us k12.az.us
    k12.ca.us k12.co.us k12.ct.us k12.de.us k12.fl.us k12.ga.us k12.ia.us k12.id.us k12.il.us k12.in.us
    k12.ks.us k12.ky.us k12.la.us k12.ma.us k12.md.us k12.me.us k12.mi.us k12.mn.us k12.mo.us k12.ms.us
    k12.mt.us k12.nc.us k12.nd.us k12.ne.us k12.nh.us k12.nj.us k12.nm.us k12.nv.us k12.ny.us k12.oh.us
    k12.ok.us k12.or.us k12.pa.us k12.ri.us k12.sc.us k12.sd.us k12.tn.us k12.tr k12.tx.us k12.ut.us k12.va.us
    k12.vt.us k12.wa.us k12.wi.us k12.wv.us k12.wy.us me.uk net.au net.br net.uk netlify.app nhs.uk nom.br
    onrender.com or.at or.jp or.kr org.au org.br org.il org.in org.nz org.uk org.za pages.dev police.uk
    sch.id sch.uk school.nz school.za sharepoint.com square.site vercel.app web.app weebly.com wixsite.com
    wordpress.com workers.dev
    """.split()
)
FREE_MAIL = frozenset(
    """
    aol.com att.net bigpond.com bluewin.ch bol.com.br comcast.net fastmail.com free.fr freenet.de gmail.com
    gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hey.com hotmail.co.uk hotmail.com hotmail.de hotmail.es
    hotmail.fr hushmail.com icloud.com inbox.com laposte.net libero.it live.co.uk live.com mac.com mail.com
    mail.ru mailinator.com me.com msn.com naver.com orange.fr outlook.com outlook.de pm.me posteo.de proton.me
    protonmail.com qq.com rediffmail.com seznam.cz sfr.fr t-online.de tutanota.com uol.com.br verizon.net
    virgilio.it wanadoo.fr web.de wp.pl yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.de yahoo.es
    yahoo.fr yandex.com yandex.ru ymail.com zoho.com 126.com 163.com
    """.split()
)
REGISTERS: dict[str, re.Pattern[str]] = {
    "ROR": re.compile(r"0[a-hj-km-np-tv-z0-9]{6}[0-9]{2}\Z"),
    "NCES": re.compile(r"(?:[0-9]{6,7}|[0-9]{12})\Z"),
    "UKPRN": re.compile(r"1[0-9]{7}\Z"),
}


def clean_domain(text: str) -> str:
    """Lower case, ASCII (IDNA), without a final dot. Raises Invalid at `domain`."""
    name = text.strip().rstrip(".").lower()
    try:
        name = name.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    labels = name.split(".")
    if len(name) > 200 or len(labels) < 2 or not all(map(_LABEL.match, labels)):
        raise _refused(_("This is not a domain name. It looks like school.example."))
    if labels[-1].isdigit():
        raise _refused(_("Give a domain name, not a number address."))
    if name in PUBLIC_SUFFIXES:
        raise _refused(_("Many share this domain. Give the one that is yours alone."))
    if name in FREE_MAIL:
        raise _refused(_("Anyone can have a mailbox at this domain. Give your institution's own."))
    return name


def _refused(problem: str) -> Invalid:
    return Invalid(problem, {"domain": problem})


def clean_register(register: str, number: str) -> tuple[str, str]:
    """`ROR`, `NCES` or `UKPRN` and its number. Raises Invalid at `register_id`."""
    register, number = register.strip().upper(), number.strip().lower()
    number = number.removeprefix("https://ror.org/")
    pattern = REGISTERS.get(register)
    if pattern is None or not pattern.match(number):
        problem = _("This is no number of that register. Copy it from the register's own page.")
        raise Invalid(problem, {"register_id": problem})
    return register, number


def mailbox_fits(email: str, domain: str | None) -> bool:
    """Whether a mail address lies at the domain or below it."""
    host = email.rpartition("@")[2].lower()
    return domain is not None and (host == domain or host.endswith("." + domain))
