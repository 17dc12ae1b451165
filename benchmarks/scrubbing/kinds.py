"""Made-up secrets and personal data of many kinds, drawn from a seed: none was ever anybody's.

Each kind has formats and sentences for the set that is looked at while the detector is worked on, and others that are
held out: they are only ever counted.
"""

from __future__ import annotations

import base64
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from stdnum import iban, luhn

ALNUM = string.ascii_letters + string.digits
FIRST = ("Ottilie", "Wendelin", "Rosalind", "Casimir", "Philippa", "Thaddeus", "Ludmila", "Evander")
LAST = ("Brackwater", "Quillfeather", "Sandholm", "Marchetti", "Okonjo", "Vandersteen", "Lindqvist", "Abernathy")
FIRMS = ("hafenwerk", "quarrybank", "nordlicht-it", "brightfold", "tidewater-labs")
Draw = Callable[[random.Random], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """How values of a kind look, and how they stand in a text (``{}`` is the value); ``key``: drawn by chance.
    ``fact`` is what the user's memory says of it, where nothing else could tell.
    """

    name: str
    seen: Sequence[Draw]
    held: Sequence[Draw]
    seen_in: Sequence[str]
    held_in: Sequence[str]
    key: bool = False
    fact: str = ""


def text(alphabet: str, length: int, before: str = "", after: str = "") -> Draw:
    """So many characters drawn from an alphabet; letters and digits are among them."""

    def draw(rng: random.Random) -> str:
        while True:
            made = "".join(rng.choices(alphabet, k=length))
            if length < 12 or (any(map(str.isdigit, made)) and any(map(str.isalpha, made))):
                return f"{before}{made}{after}"

    return draw


def shaped(pattern: str) -> Draw:
    """``9`` is a digit, ``1`` one that is not 0, ``A`` a capital, ``a`` a small letter; all else stays."""
    sets = {"9": string.digits, "1": "123456789", "A": "BCDFGHJKLMNPRSTVWXYZ", "a": string.ascii_lowercase}
    return lambda rng: "".join(rng.choice(sets[one]) if one in sets else one for one in pattern)


def name(form: str = "{first} {last}") -> Draw:
    """Names of this form."""
    return lambda rng: form.format(first=rng.choice(FIRST), last=rng.choice(LAST))


def mail(form: str, ends: Sequence[str]) -> Draw:
    """Addresses of this form; ``ends`` are what may stand at their end."""

    def draw(rng: random.Random) -> str:
        first, last = rng.choice(FIRST).lower(), rng.choice(LAST).lower()
        return form.format(
            first=first, f=first[0], last=last, n=rng.randint(10, 99), firm=rng.choice(FIRMS)
        ) + rng.choice(ends)

    return draw


def card(prefixes: Sequence[str], length: int, groups: str = "") -> Draw:
    """Numbers of cards with a right check digit."""

    def draw(rng: random.Random) -> str:
        start = rng.choice(prefixes)
        body = start + "".join(rng.choices(string.digits, k=length - 1 - len(start)))
        number = body + luhn.calc_check_digit(body)
        return groups.join(number[at : at + 4] for at in range(0, length, 4)) if groups else number

    return draw


def account(country: str, bank: str, by: str = "") -> Draw:
    """IBANs of a country with right check digits; ``bank`` is the shape of the rest."""

    def draw(rng: random.Random) -> str:
        body = shaped(bank)(rng)
        number = f"{country}{iban.calc_check_digits(f'{country}00{body}')}{body}"
        return by.join(number[at : at + 4] for at in range(0, len(number), 4)) if by else number

    return draw


def pem(kind: str, by: str = "\n", lines: int = 5) -> Draw:
    """Private keys, with ``by`` between their lines."""

    def draw(rng: random.Random) -> str:
        body = ["".join(rng.choices(ALNUM + "+/", k=64)) for _ in range(lines)]
        return by.join([f"-----BEGIN {kind}PRIVATE KEY-----", *body, f"-----END {kind}PRIVATE KEY-----"])

    return draw


def jwt(alg: str) -> Draw:
    """Signed tokens."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    def draw(rng: random.Random) -> str:
        sign = "".join(rng.choices(ALNUM + "-_", k=43 if alg == "HS256" else 86))
        claims = {"sub": str(rng.randint(10**6, 10**9)), "iat": 1700000000}
        return f"{part({'alg': alg, 'typ': 'JWT'})}.{part(claims)}.{sign}"

    return draw


def octets(rng: random.Random) -> str:
    """An IPv4 address."""
    return f"{rng.choice([10, 172, 185, 91, 78])}.{rng.randint(16, 250)}.{rng.randint(1, 250)}.{rng.randint(2, 250)}"


def six(rng: random.Random) -> str:
    """An IPv6 address in full."""
    return "2a01:4f8:" + ":".join(f"{rng.randint(4096, 65535):x}" for _ in range(6))


def six_short(rng: random.Random) -> str:
    """An IPv6 address with zeros left out."""
    return f"2a02:{rng.randint(4096, 65535):x}:{rng.randint(4096, 65535):x}::{rng.randint(4096, 65535):x}"


def hardware(by: str) -> Draw:
    """A MAC address."""
    return lambda rng: by.join(f"{rng.randint(0, 255):02x}" for _ in range(6)).replace("00", "a4")


def date(form: str) -> Draw:
    """A day of somebody grown up."""
    return lambda rng: form.format(
        y=rng.randint(1950, 1999),
        m=rng.randint(1, 12),
        d=rng.randint(13, 28),
        month=rng.choice(("March", "July", "October")),
    )


def with_words(rng: random.Random) -> str:
    """A password as people make them."""
    return f"{rng.choice(FIRST)}{rng.choice('!#$%?')}{rng.randint(100, 999)}{rng.choice(('x', 'Qz', 'pW'))}"


def identity(rng: random.Random) -> str:
    """A random UUID."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


PLAIN = ("{}", "value {} was used", "see {} here")
KINDS: tuple[Kind, ...] = (
    Kind(
        "aws key",
        [text(string.ascii_uppercase + "234567", 16, "AKIA")],
        [text(string.ascii_uppercase + "234567", 16, "ASIA")],
        PLAIN,
        ["aws_access_key_id={}", "({})"],
        key=True,
    ),
    Kind(
        "aws secret",
        [text(ALNUM + "/+", 40)],
        [text(ALNUM + "/+", 40)],
        ["aws_secret_access_key = '{}'", "secret {}"],
        ["AWS_SECRET={}", "[default] {}"],
        key=True,
    ),
    Kind(
        "github token",
        [text(ALNUM, 36, "ghp_"), text(ALNUM, 36, "gho_")],
        [text(ALNUM + "_", 82, "github_pat_"), text(ALNUM, 36, "ghs_")],
        PLAIN,
        ["git clone https://{}@github.com/x/y", "Authorization: token {}"],
        key=True,
    ),
    Kind(
        "gitlab token",
        [text(ALNUM + "-_", 20, "glpat-")],
        [text(ALNUM + "-_", 20, "gldt-"), text(ALNUM + "-_", 20, "glrt-")],
        PLAIN,
        ["PRIVATE-TOKEN: {}", "'{}'"],
        key=True,
    ),
    Kind(
        "slack token",
        [lambda r: f"xoxb-{r.randint(10**11, 10**12)}-{r.randint(10**11, 10**12)}-{text(ALNUM, 24)(r)}"],
        [lambda r: f"xoxp-{r.randint(10**10, 10**11)}-{text(ALNUM, 32)(r)}"],
        PLAIN,
        ["slack: {}", "token={}"],
        key=True,
    ),
    Kind(
        "slack webhook",
        [lambda r: f"T{shaped('AAAAAAAA')(r)}/B{shaped('AAAAAAAA')(r)}/{text(ALNUM, 24)(r)}"],
        [lambda r: f"T{shaped('AAAAAAAA')(r)}/B{shaped('AAAAAAAAAA')(r)}/{text(ALNUM, 24)(r)}"],
        ["https://hooks.slack.com/services/{}"],
        ["post to https://hooks.slack.com/services/{}, please", "https://hooks.slack.com/workflows/{}"],
        key=True,
    ),
    Kind(
        "stripe key",
        [text(ALNUM, 24, "sk_live_")],
        [text(ALNUM, 24, "rk_live_"), text(ALNUM, 32, "whsec_")],
        PLAIN,
        ["stripe {}", "<{}>"],
        key=True,
    ),
    Kind(
        "google key",
        [text(ALNUM + "-_", 35, "AIza")],
        [text(ALNUM + "-_", 60, "ya29.a0"), text(ALNUM + "-_", 28, "GOCSPX-")],
        PLAIN,
        ["?key={}&x=1", "google {}"],
        key=True,
    ),
    Kind(
        "model key",
        [text(ALNUM + "-_", 90, "sk-ant-api03-"), text(ALNUM, 48, "sk-")],
        [text(ALNUM, 40, "sk-proj-"), text(ALNUM, 52, "gsk_"), text(ALNUM, 34, "hf_")],
        PLAIN,
        ["x-api-key: {}", "client({})"],
        key=True,
    ),
    Kind(
        "package token",
        [text(ALNUM, 36, "npm_"), text(ALNUM + "-_", 80, "pypi-AgEIcHlwaS5vcmc")],
        [text(string.digits + "abcdef", 48, "rubygems_"), text(ALNUM + "-_", 27, "dckr_pat_")],
        PLAIN,
        ["//registry.example.com/:_authToken={}", "{};"],
        key=True,
    ),
    Kind(
        "sendgrid key",
        [lambda r: f"SG.{text(ALNUM, 22)(r)}.{text(ALNUM, 43)(r)}"],
        [lambda r: f"{text('0123456789abcdef', 32)(r)}-us{r.randint(1, 20)}"],
        PLAIN,
        ["mail key {}", '"{}"'],
        key=True,
    ),
    Kind(
        "bot token",
        [lambda r: f"{r.randint(10**8, 10**10 - 1)}:AA{text(ALNUM + '-_', 33)(r)}"],
        [lambda r: f"M{text(ALNUM, 23)(r)}.{text(ALNUM, 6)(r)}.{text(ALNUM + '-_', 38)(r)}"],
        PLAIN,
        ["bot {}", "run('{}')"],
        key=True,
    ),
    Kind(
        "private key",
        [pem("RSA "), pem("")],
        [pem("EC ", lines=3), pem("OPENSSH ", by="\\n", lines=4)],
        ["{}"],
        ["key = {}"],
        key=True,
    ),
    Kind("JWT", [jwt("HS256")], [jwt("RS256")], PLAIN, ["Cookie: session={}", "Bearer {}"], key=True),
    Kind(
        "hex key",
        [text("0123456789abcdef", 32), text("0123456789abcdef", 64)],
        [text("0123456789ABCDEF", 40), text("0123456789abcdef", 48)],
        PLAIN,
        ["digest={};", "0x{}"],
        key=True,
    ),
    Kind(
        "base64 key",
        [text(ALNUM + "+/", 43, after="="), text(ALNUM, 32)],
        [text(ALNUM + "-_", 64), text(ALNUM + "+/", 86, after="==")],
        PLAIN,
        ["AccountKey={};EndpointSuffix=x", "salt:{}"],
        key=True,
    ),
    Kind(
        "one-case token",
        [text(string.ascii_lowercase + string.digits, 32)],
        [text(string.ascii_uppercase + "234567", 32), text(string.ascii_lowercase + string.digits, 26)],
        PLAIN,
        ["otp secret {}", "({})"],
        key=True,
    ),
    Kind("uuid", [identity], [lambda r: identity(r).upper()], PLAIN, ["{{{}}}", "id/{}/x"], key=True),
    Kind(
        "password in URL",
        [with_words],
        [text(ALNUM + "!$*", 14), with_words],
        ["postgres://app:{}@db.example.com/x", "https://me:{}@example.com"],
        ["amqp://svc:{}@example.org:5672//", "redis://:{}@example.net:6379/0"],
    ),
    Kind(
        "password",
        [with_words, text(ALNUM, 10)],
        [text(ALNUM + "!$*", 12), with_words],
        ["password = '{}'", "PASSWORD: {}", "the password is {}"],
        ["pwd={};", "db_pass: '{}'", 'passphrase "{}"'.replace(' "', '="')],
    ),
    Kind(
        "email",
        [mail("{first}.{last}@{firm}", [".com", ".de"]), mail("{f}{last}{n}@", ["gmail.com", "web.de"])],
        [mail("{first}_{last}+news@mail.{firm}", [".co.uk", ".io"]), mail("{last}@{firm}", [".museum", ".fr"])],
        PLAIN,
        ["<{}>", "mailto:{}?subject=x", "{},"],
    ),
    Kind(
        "phone",
        [shaped("+49 171 1999999"), shaped("(415) 255-1999"), shaped("+1-212-555-1999".replace("555", "736"))],
        [shaped("0171 1999999"), shaped("+44 20 7999 1999"), shaped("0033 1 42 99 99 99"), shaped("415.255.1999")],
        PLAIN,
        ["Tel.: {}", "call {} now", "fax {}"],
    ),
    Kind(
        "IBAN",
        [account("DE", "199999999999999999"), account("GB", "AAAA19999999999999", " ")],
        [
            account("FR", "19999999999A99999999999", " "),
            account("AT", "1999999999999999"),
            account("NL", "AAAA1999999999", " "),
        ],
        PLAIN,
        ["IBAN: {}", "pay to {}."],
    ),
    Kind(
        "card",
        [card(["4532", "5425"], 16), card(["4716"], 16, " ")],
        [card(["3714", "3787"], 15), card(["6011"], 16, "-"), card(["5168"], 16)],
        PLAIN,
        ["card {} exp 09/27", "pan={}"],
    ),
    Kind(
        "social security number",
        [shaped("219-19-1999")],
        [shaped("4 19 19 1999".replace("4 19", "419", 1))],
        PLAIN,
        ["SSN {}", "ssn: {}"],
    ),
    Kind(
        "national id",
        [shaped("AB199999C"), lambda r: f"756.{r.randint(1000, 9999)}.{r.randint(1000, 9999)}.{r.randint(10, 99)}"],
        [shaped("19 199 999 999".replace("19 199", "19 199")), shaped("AB 19 99 99 C")],
        ["NINO {}", "national insurance number: {}", "AHV insurance number {}"],
        ["Steuer-ID: {}", "tax id {}", "nhs number {}"],
    ),
    Kind(
        "passport",
        [shaped("C1AA9A99A"), shaped("199999999")],
        [shaped("AA1999999"), shaped("A19999999")],
        ["passport {}", "Passport number: {}"],
        ["passport_no='{}'", "Reisepass {}"],
    ),
    Kind(
        "plate",
        [shaped("B-AA 1999"), shaped("AA19 AAA")],
        [shaped("AA-199-AA"), shaped("1AAA199"), shaped("M-A 199E")],
        ["{}", "plate {}"],
        ["Kennzeichen: {}", "licence plate {}"],
    ),
    Kind(
        "driving licence",
        [shaped("AAAAA199999A99AA")],
        [shaped("A199-9999-9999"), shaped("B199AAA9A99")],
        ["driving licence {}", "licence no: {}"],
        ["driver's license {}", "Führerschein {}"],
    ),
    Kind(
        "bank account",
        [shaped("19999999")],
        [shaped("1999-999999"), shaped("19-99-99")],
        ["account number {}", "account: {}"],
        ["acct {}", "sort code {}", "Kontonummer: {}"],
    ),
    Kind(
        "date of birth",
        [date("{y}-{m:02}-{d}"), date("{d}.{m:02}.{y}")],
        [date("{d} {month} {y}"), date("{m}/{d}/{y}"), date("{month} {d}, {y}")],
        ["born {}", "date of birth: {}", "dob={}"],
        ["birthday is {}", "geboren am {}", "birth_date: '{}'"],
    ),
    Kind(
        "name",
        [name(), name("{last}")],
        [
            name("{last}, {first}"),
            name("{first}-{last}"),
            lambda r: name()(r).upper(),
            lambda r: name("{first}_{last}")(r).lower(),
        ],
        PLAIN,
        ["from {}'s list", "({})", "{}:"],
        fact="My colleague {full} handles the invoices.",
    ),
    Kind(
        "address",
        [lambda r: f"{r.randint(2, 399)} {r.choice(LAST)} {r.choice(('Street', 'Lane', 'Road'))}"],
        [
            lambda r: (
                f"{r.choice(('Linden', 'Garten', 'Kirch'))}{r.choice(('straße', 'weg', 'gasse'))} {r.randint(2, 99)}"
            ),
            lambda r: f"{r.choice(('Kanal', 'Hafen'))} {r.randint(100, 999)} b",
        ],
        PLAIN,
        ["ship to {}", "{},"],
        fact="I live at {value} in Marlow.",
    ),
    Kind(
        "IP address",
        [octets],
        [six, six_short, octets],
        PLAIN,
        ["http://{}/x".replace("{}/x", "{}/x"), "host={}", "from {}:22"],
    ),
    Kind(
        "MAC address",
        [hardware(":")],
        [hardware("-"), lambda r: hardware(":")(r).upper()],
        PLAIN,
        ["lladdr {}", "mac={}"],
    ),
    Kind(
        "host",
        [lambda r: f"db-{r.randint(1, 99)}.{r.choice(FIRMS)}.internal", lambda r: f"vpn.{r.choice(FIRMS)}.com"],
        [
            lambda r: f"srv{r.randint(10, 99)}.prod.{r.choice(FIRMS)}.net",
            lambda r: f"{r.choice(FIRMS)}-nas.local",
            lambda r: f"jira.{r.choice(FIRMS)}.corp",
        ],
        PLAIN,
        ["https://{}/browse", "ssh {}", "'{}:5432'"],
    ),
    Kind(
        "home folder",
        [lambda r: r.choice(FIRST).lower(), lambda r: f"{r.choice(FIRST)[0].lower()}{r.choice(LAST).lower()}"],
        [lambda r: f"{r.choice(LAST).lower()}{r.randint(1, 9)}", lambda r: f"{r.choice(FIRST)}.{r.choice(LAST)}"],
        ["/home/{}/data.csv", "/Users/{}/Desktop"],
        ["C:\\Users\\{}\\x.csv", "~{}/mail", "file:///home/{}/a"],
    ),
    Kind(
        "customer number",
        [shaped("A-199999")],
        [shaped("19999999")],
        ["customer number {}", "customer_id: {}"],
        ["member no. {}", "employee number {}", "Kundennummer {}".replace("Kundennummer", "customer no")],
    ),
)


@dataclass(frozen=True, slots=True)
class Planted:
    """One value as it stands in ``text``; ``fact`` is what the user's memory says of it, empty where nothing."""

    kind: str
    value: str
    text: str
    key: bool = False
    fact: str = ""


def planted(seed: int, each: int, *, held_out: bool) -> Iterator[Planted]:
    """So many values of each kind, the same ones for the same seed."""
    rng = random.Random(seed)
    for kind in KINDS:
        draws, sentences = (kind.held, kind.held_in) if held_out else (kind.seen, kind.seen_in)
        for number in range(each):
            value = draws[number % len(draws)](rng)
            said = sentences[(number // len(draws) + number) % len(sentences)]
            yield Planted(kind.name, value, said.replace("{}", value, 1), kind.key, _fact(kind, value))


def _fact(kind: Kind, value: str) -> str:
    if not kind.fact:
        return ""
    words = [word for word in (*FIRST, *LAST) if word.lower() in value.lower()]
    first = next((word for word in words if word in FIRST), "Ottilie")
    last = next((word for word in words if word in LAST), "Sandholm")
    return kind.fact.format(value=value, full=f"{first} {last}")
