"""The forms in which secrets and personal data are written, beside those that :mod:`agentforge.secrecy` knows.

A form is a pattern and, where one exists, a check: numbers with a check digit or a plan of numbering count only when
they fit it. What is not found: names and addresses that nobody told, whatever has the form of any word, and what is
cut into pieces or encoded.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stdnum import iban, luhn
from stdnum.bitcoin import is_valid as is_bitcoin
from stdnum.ch import ssn as ch_ssn
from stdnum.de import idnr
from stdnum.es import dni
from stdnum.exceptions import ValidationError
from stdnum.fr import nir
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pl import pesel

from agentforge.forge.scrub.known import STREET

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Form:
    """One form: where ``pattern`` has a group ``v``, only that is replaced. ``secret``: what opens a door."""

    kind: str
    pattern: re.Pattern[str]
    check: Check | None = None
    secret: bool = False

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a text has it."""
        group = "v" if "v" in self.pattern.groupindex else 0
        for found in self.pattern.finditer(text):
            value = found[group]
            if value and (self.check is None or self.check(value)):
                yield found.span(group)


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def _card(text: str) -> bool:
    bare = _digits(text)
    return 13 <= len(bare) <= 19 and bare[0] in "23456" and len(set(bare)) > 3 and bool(luhn.is_valid(bare))


def _address4(text: str) -> bool:
    try:
        found = ipaddress.IPv4Address(text)
    except ValueError:
        return False
    special = found.is_loopback or found.is_unspecified or found.is_multicast or found.is_reserved
    documented = any(found in net for net in DOCUMENTATION)
    return not special and not documented and int(text.split(".")[0]) >= 5


DOCUMENTATION = tuple(ipaddress.IPv4Network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"))
"""Networks of RFC 5737, which belong to nobody; 2001:db8:: of RFC 3849 is another one."""


def _address6(text: str) -> bool:
    try:
        found = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return not found.is_loopback and not found.is_unspecified and not text.lower().startswith("2001:db8")


def _iban(text: str) -> bool:
    try:
        return bool(iban.validate(text, check_country=False))
    except ValidationError:
        return False


def _ssn(text: str) -> bool:
    area, group, serial = re.split(r"[- ]", text)
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def _mail(text: str) -> bool:
    domain = text.rpartition("@")[2].lower()
    return re.search(r"(?:^|[.-])example(?:[.-]|$)|\.(?:test|invalid)$", domain) is None


def _host(text: str) -> bool:
    return re.search(r"^www\.|(?:^|\.)example\.(?:com|org|net|co\.uk)$", text.lower()) is None


def _number_with(least: int) -> Check:
    return lambda text: sum(letter.isdigit() for letter in text) >= least


_FIELD = r"(?:\s{0,2}(?:no|nr|num|number|code|id|value)\b\.?|\s?#|_(?:no|nr|num|number|code|id|value))?"
_IS = r"[\"']?\s{0,3}(?:is|was|[=:,]|->|of|on|at|be)?\s{0,3}[\"'(]?\s{0,2}"
_DATE = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})|\d{8}"
    r"|\d{1,2}(?:st|nd|rd|th|\.)?\s(?:of\s)?[A-Z][a-zä]{2,8}\.?,?\s\d{4}|[A-Z][a-z]{2,8}\.?\s\d{1,2}(?:st|nd|rd"
    r"|th)?,?\s\d{4})"
)
_LINKS = r"(?<![\w.-])"


def _after(words: str, value: str) -> re.Pattern[str]:
    """``value`` behind one of these words, as a field, an argument or in a sentence."""
    return re.compile(rf"(?i:(?<![a-z])(?:{words}){_FIELD}){_IS}(?P<v>{value})")


def _re(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_ISSUED = (
    r"https://hooks\.slack\.com/(?:services|workflows|triggers)/(?P<v>[A-Za-z0-9/_-]{20,})",
    r"https://(?:\w+\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/(?P<v>\d{10,}/[\w-]{20,})",
    r"\b[MNO][A-Za-z\d_-]{23,27}\.[\w-]{6}\.[\w-]{27,}",
    r"\b\d{8,10}:AA[A-Za-z0-9_-]{30,}",
    r"\bGOCSPX-[A-Za-z0-9_-]{20,}",
    r"\b(?:SK|AC)[0-9a-f]{32}\b",
    r"\b[0-9a-f]{32}-us\d{1,2}\b",
    r"\b(?:dapi|shpss_|shpca_|shppa_|lin_api_|ntn_|secret_|hvs\.|hvb\.|s\.|dp\.[a-z]{2,5}\.|gsk_|xai-|r8_|pat"
    r"|key-|EAA|ya29\.|"
    r"1//0|glrt-|gldt-|ghs_|sbp_|rnd_|dckr_pat_|figd_|nvapi-|tfp_|sntrys_|sntryu_|pul-|ATATT3|AGE-SECRET-KEY-1"
    r"|whsec_|"
    r"rubygems_|cio[A-Z]|NRAK-|phc_|phx_|PMAK-|doo_v1_|dop_v1_|dor_v1_|fo1_"
    r"|FlyV1 )(?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_./+=-]{20,}",
    r"(?i)(?:AccountKey|SharedAccessKey|sig|signature|x-api-key|apikey|auth|session(?:id|_id)?|sid|csrf(?:token)?"
    r"|cookie|pin"
    r"|otp|passcode|puk|cvv2?|cvc|pwd|pw|credential|client_id|token|jwt|nonce|salt)[\"']?\s{0,3}[=:]\s{0,3}[\"']?"
    r"(?P<v>(?=[^\s\"',;&]*\d)[A-Za-z0-9+/_%.=~-]{16,})",
    r"(?i)(?:passwort|kennwort|mot de passe|contrase(?:ñ|n)a|wachtwoord|senha|parola|has[lł]o)[\"']?\s{0,3}"
    r"(?:[=:]|ist\b|est\b|es\b|is\b)\s{0,3}[\"']?(?P<v>[^\s\"',;]{4,60})",
    r"(?i)[\"']pw[\"']\s{0,3}:\s{0,3}[\"'](?P<v>[^\"'\n]{4,60})",
    r"(?i)(?<![\w-])--(?:password|passwd|pass|pwd|token|secret|api-?key)[ =][\"']?(?P<v>(?=[^\s\"']*\d)[^\s\"']{6,})",
    r"(?<![\w-])(?:-u|--user)[ =][\"']?[\w.@+-]{1,64}:(?P<v>[^\s\"':]{4,})",
    r"\bmysql\b[^\n]{0,60}?\s-p(?P<v>(?=[^\s\"']*\d)[^\s\"']{4,})",
)

FORMS: tuple[Form, ...] = (
    *(Form("token", _re(pattern), secret=True) for pattern in _ISSUED),
    Form(
        "PIN",
        _re(
            r"(?:\b(?i:pin|cvv2?|cvc|puk)(?i:[ _](?:code|no|number))?[\"']?\s{0,2}(?:[=:]|is)\s{0,2}[\"']?"
            r"|\b(?:PIN|PUK) )(?P<v>\d{3,8})\b"
        ),
        secret=True,
    ),
    Form("uuid", _re(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), secret=True),
    Form(
        "email", _re(rf"{_LINKS}[A-Za-z0-9._%+'-]{{1,64}}@[A-Za-z0-9-]{{1,63}}(?:\.[A-Za-z0-9-]{{2,63}}){{1,5}}"), _mail
    ),
    Form("IBAN", _re(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}(?![A-Za-z0-9])"), _iban),
    Form("card", _re(r"(?<![A-Za-z0-9.])\d(?:[ -]?\d){12,18}(?![A-Za-z0-9]|\.\d)"), _card),
    Form("social security number", _re(r"(?<![\w-])\d{3}([- ])\d{2}\1\d{4}(?![\w-])"), _ssn),
    Form(
        "national id",
        _re(r"\b(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"),
    ),
    Form(
        "national id",
        _re(r"(?i:\b(?:vat|ust-?id-?nr|uid)\b)\W{0,3}(?P<v>[A-Z]{2}[A-Z0-9]{8,12})\b"),
        _number_with(5),
    ),
    Form("national id", _re(r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)")),
    Form("national id", _re(r"\b756\.\d{4}\.\d{4}\.\d{2}\b"), lambda text: bool(ch_ssn.is_valid(text))),
    Form("national id", _re(r"\b[XYZ]?\d{7,8}-?[A-HJ-NP-TV-Z]\b"), lambda text: bool(dni.is_valid(text))),
    Form(
        "national id",
        _re(r"\b[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}\b"),
        lambda text: bool(nir.is_valid(text)),
    ),
    Form(
        "national id",
        _re(r"\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b"),
        lambda t: bool(codicefiscale.is_valid(t)),
    ),
    Form(
        "national id",
        _after(
            r"bsn|pesel|steuer-?id(?:entifikationsnummer)?|idnr|tax[ _]?(?:id|number|no|ref\w*)|tin"
            r"|national[ _]?(?:id|insurance)"
            r"|insurance[ _](?:no|number|id)|nino|ssn|social[ _]security|citizen[ _]?id|personnummer|cpf|sin"
            r"|aadhaar|nhs"
            r"|(?:id|identity)[ _]?card|medical[ _]record|mrn|patient[ _]?(?:id|no|number)|steuernummer"
            r"|vat[ _]?(?:id|no|number)",
            r"[A-Z]{0,3}[ -]?\d[\dA-Z]*(?:[ ./-]{1,1}[\dA-Z]{1,6}){0,6}",
        ),
        _number_with(5),
    ),
    Form(
        "national id",
        _re(r"(?<![\w.])\d{2} ?\d{3} ?\d{3} ?\d{3}(?![\w]|\.\d)"),
        lambda t: " " in t and bool(idnr.is_valid(t)),
    ),
    Form("national id", _re(r"(?<![\w.])\d{3}[ .]\d{3}[ .]\d{3}(?![\w]|\.\d)"), lambda text: bool(bsn.is_valid(text))),
    Form("national id", _re(r"(?<![\w.])[\d]{11}(?![\w]|\.\d)"), lambda t: t[0] != "0" and bool(pesel.is_valid(t))),
    Form(
        "passport",
        _after(
            r"passport|reisepass|passeport|travel[ _]document",
            r"[A-Z]{0,3}\d[A-Z0-9]{5,9}|[A-Z]{1,3}\d[\dA-Z]{4,8}|[CFGHJK][CFGHJKLMNPRTVWXYZ0-9]{8}",
        ),
    ),
    Form(
        "licence",
        _after(
            r"driv(?:er|ing)'?s?[ _]?licen[cs]e|licen[cs]e[ _]?(?:no|nr|number|id)|f(?:ü|ue)hrerschein",
            r"[A-Z0-9][A-Z0-9 -]{5,17}[A-Z0-9]",
        ),
        _number_with(4),
    ),
    Form(
        "plate",
        _after(
            r"(?:licen[cs]e|number|registration)[ _]?plate|plate|kennzeichen|registration|vrm|matr[ií]cula",
            r"[A-ZÄÖÜ0-9]{1,4}(?:[ ·-]?[A-Z0-9]{1,5}){1,3}",
        ),
        _number_with(1),
    ),
    Form("plate", _re(r"\b[A-Z]{2}\d{2} [A-Z]{3}\b")),
    Form("plate", _re(r"(?<![\w-])[A-ZÄÖÜ]{1,3}-[A-Z]{1,2} ?\d{2,4}[EH]?\b")),
    Form("plate", _re(r"\b[A-Z]{2}-\d{3}-[A-Z]{2}\b|\b\d{4} [BCDFGHJKLMNPRSTVWXYZ]{3}\b")),
    Form(
        "account",
        _after(
            r"(?:bank[ _]?)?account|acct|konto(?:nummer)?|sort[ _]code|routing|bic|swift|blz|customer|kunden"
            r"|client|member(?:ship)?|employee|staff|personal(?:nummer)?|policy|vehicle[ _]identification|vin"
            r"|imei|iccid|frequent[ _]flyer|loyalty",
            r"(?=[A-Z]{0,4}[ -]?\d)[A-Z0-9]{1,12}(?:[ -][A-Z0-9]{2,8}){0,5}|[A-Z]{6}[A-Z0-9]{2,5}",
        ),
        lambda t: _number_with(5)(t) or (t.isupper() and t.isalpha() and len(t) in (8, 11)),
    ),
    Form("phone", _re(r"(?<![\w+.])(?:\+|00)[1-9](?:[ ()./-]{0,2}\d){6,14}(?![\w]|\.\d)"), _number_with(8)),
    Form("phone", _re(r"(?<![\w.-])(?:1[-. ])?\(?[2-9]\d{2}\)?[-. ]\d{3}[-. ]\d{4}(?![\w-]|\.\d)")),
    Form("phone", _re(r"(?<![\w.,-])\(?0[1-9]\d{1,4}\)?(?:[ /-]\d{2,8}){1,5}(?![\w-]|\.\d)"), _number_with(9)),
    Form("phone", _re(r"(?<![\w.,-])0[1-9](?:([ .-])\d{2})(?:\1\d{2}){3}(?![\w-]|\.\d)|(?<![\w.,-])06[- ]\d{8}(?!\w)")),
    Form(
        "phone",
        _after(
            r"(?:tele)?phone|phone[ _]?number|mobile|cell|tel|fax|handy|call|dial|text me|whatsapp|sms|hotline"
            r"|contact",
            r"\+?\(?\d(?:[ ()./-]{0,2}\d){6,14}(?![\w]|\.\d)",
        ),
    ),
    Form(
        "date of birth",
        _after(
            r"(?:date[ _-]?of[ _-]?birth|birth[ _-]?(?:day|date|dt)?|dob|born|geburts(?:datum|tag)|geboren|geb\."
            r"|naissance|né le|née le)(?:\W{1,3}(?:on the|on|in|am|le))?",
            _DATE,
        ),
    ),
    Form("address", STREET),
    Form(
        "address",
        _after(
            r"(?:home|postal|street|billing|shipping|delivery|mailing)[ _]?address(?:[ _]?(?:line)?[ _]?\d)?"
            r"|street|anschrift|adresse",
            r"[A-ZÀ-Ý0-9][\w .'’-]{3,60}?\d[\w .'’-]{0,30}(?=[\"'\n,;]|$)",
        ),
    ),
    Form(
        "name",
        _after(
            r"(?:first|last|full|middle|maiden|given|family|customer|patient|employee|client|contact|guest|author"
            r"|sur)[ _]?name|surname|vorname|nachname|mrs|mr|ms|dr|prof|herr|frau|mme|signed by|sincerely|regards"
            r"|cheers",
            r"[A-ZÀ-Ý][a-zß-ÿ][a-zß-ÿ'’-]*\w(?:[ -][A-ZÀ-Ý][\w'’-]*\w){0,3}",
        ),
    ),
    Form("IP address", _re(r"(?<![\w.])(?<!version )(?<!v)\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)"), _address4),
    Form(
        "IP address",
        _re(r"(?<![\w:.])(?=[0-9a-fA-F:]*::|(?:[0-9a-fA-F]{1,4}:){7})[0-9a-fA-F:]{6,39}(?![\w:.])"),
        _address6,
    ),
    Form("IP address", _re(r"(?<![\w:.])(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}(?!\w)"), _address6),
    Form(
        "MAC address",
        _re(
            r"(?<![\w:-])[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}(?![\w:-])"
            r"|\b(?:[0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}\b"
        ),
    ),
    Form(
        "host",
        _re(
            rf"{_LINKS}(?:[a-z0-9][a-z0-9-]{{0,62}}\.){{1,5}}(?:internal|intranet|intra|local|localdomain|lan|corp"
            rf"|home|private|svc)(?![\w-])"
        ),
        _host,
    ),
    Form(
        "host",
        _re(
            rf"{_LINKS}(?=[a-z0-9.-]*(?:\d|-|prod|stag|test|dev|vpn|intranet|jira|jenkins|git|mail|smtp|imap|ldap"
            rf"|nas|db|sql|redis|kafka|srv|server|node|proxy|vault|grafana"
            rf"|admin))(?:[a-z0-9][a-z0-9-]{{0,62}}\.){{2,5}}(?:com|net|org|io|de|eu|co|cloud|dev|app|fr|nl|uk|ch"
            rf"|at|it|es|pl|se|biz|info|tech)(?![\w-])"
        ),
        _host,
    ),
    Form(
        "home folder",
        _re(
            r"(?:/home/|/Users/|/var/home/|(?i:[a-z]:)?(?:\\{1,4}|/)Users(?:\\{1,4}|/)|(?<![\w/])~)(?!shared\b"
            r"|public\b|Public\b|Shared\b|root\b|user\d*\b)(?P<v>[A-Za-z][\w.-]{1,31})"
        ),
    ),
    Form(
        "wallet",
        _re(r"\b(?:bc1[ac-hj-np-z02-9]{25,60}|[13][1-9A-HJ-NP-Za-km-z]{25,34})\b"),
        lambda text: text.startswith("bc1") or bool(is_bitcoin(text)),
    ),
    Form("wallet", _re(r"\b0x[0-9a-fA-F]{40}\b")),
    Form("position", _after(r"lat(?:itude)?|lng|lon(?:gitude)?", r"-?\d{1,3}\.\d{4,}")),
    Form("position", _re(r"(?<![\w.])-?\d{1,2}\.\d{4,7},\s?-?\d{1,3}\.\d{4,7}(?![\w.])")),
    Form(
        "account name",
        _after(
            r"user[ _]?(?:name|id)|login|twitter|instagram|telegram|github|skype|handle",
            r"@?[A-Za-z](?=[\w.-]*[\d._-])[\w.-]{3,30}\w",
        ),
    ),
)
"""In the order in which they count where two overlap and are equally long."""
