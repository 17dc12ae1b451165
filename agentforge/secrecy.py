"""The forms that secrets have, and text without them.

What it does not protect from: a secret in a form that no pattern below knows and that nobody
registered (``known``), one spelled out in words, or one cut into pieces.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

_VALUE = r"""(?:"(?P<double>[^"\n]{1,300})"|'(?P<single>[^'\n]{1,300})'|["']?(?P<value>[^\s"'&,;<>\[\]{}()]+))"""
"""What is assigned: all between two quotes of a kind, or else up to the next blank or bracket."""

_SET = r"[\"']?\s{0,4}[=:]\s{0,4}" + _VALUE

_PATTERNS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        # kind, pattern; where it has named groups, only what stands in one of them is replaced. Prefixes
        # are the ones that the issuers document for secret scanning.
        (
            "private-key",
            r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----"
            r"[\s\S]{0,20000}?(?:-----END [A-Z ]{0,30}KEY-----|(?=-----BEGIN )|\Z)",
        ),
        ("api-key", r"\b(?:sk|rk|pk)[-_](?:ant-|live_|test_|proj-|or-)?[A-Za-z0-9_-]{16,}"),
        ("token", r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,})"),
        ("token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
        ("token", r"\b(?:hf|npm|dop_v1|shpat|sq0atp)_?-?[A-Za-z0-9]{30,}"),
        ("token", r"\bpypi-[A-Za-z0-9_-]{40,}"),
        ("token", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
        ("token", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}"),
        ("api-key", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
        ("api-key", r"\bAIza[A-Za-z0-9_-]{35}"),
        ("password", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]*:(?P<value>[^\s/@]+(?:@[^\s/@\"'<>,;]+)*)@"),
        ("token", r"(?i)\bauthorization\s{0,4}:\s{0,4}(?:bearer|basic|token)\s{1,4}(?P<value>[^\s\"']{4,})"),
        ("token", r"(?i)\bbearer\s{1,4}(?P<value>[A-Za-z0-9._~+/-]{20,}=*)"),
        ("password", r"(?i)(?:password|passwd|passphrase|\bpwd)[\"']?\s{0,4}(?:=|:|\bis\b)\s{0,4}" + _VALUE),
        ("password", r"(?i)(?:[a-z0-9]_(?:pwd|pass)[\"']?\s{0,4}[=:]\s{0,4}|\bpass=)" + _VALUE),
        ("pass", r"(?i)(?<![a-z0-9_])pass" + _SET),
        ("secret", r"(?i)(?:(?:api|account|access|secret|private|shared|signing|encryption)[_-]?key)" + _SET),
        ("secret", r"(?i)(?:client[_-]?secret|(?:auth|access)[_-]?token|(?<![a-z])(?:secret|passcode))" + _SET),
        ("assigned-token", r"(?i)(?<![a-z])token" + _SET),
    )
)

_TOLD = {"pass": "password", "assigned-token": "secret"}
"""What a kind is called where it was, if not by its name: these are looked at more closely than others."""

_WORDS = re.compile(r"[A-Za-z_.'-]+[.:!?]?")
_TYPE_WORDS = frozenset({"str", "int", "none", "null", "bool", "optional", "string", "true", "false", "bytes", "text"})

_MAY_BE_A_KEY = re.compile(r"[A-Za-z0-9_+/=.~-]{24,}")
"""Runs of letters and digits in which no issuer's prefix stands may be a key as well."""

SHORTEST_KNOWN = 8
"""Characters of a registered secret that is looked for in prompts and code; a shorter one may be any word
(``test`` as the key of a server of one's own). What is stored is redacted from four on."""


def findable(secrets: Collection[str]) -> frozenset[str]:
    """Those of ``secrets`` that are long enough to be looked for in prompts and code."""
    return frozenset(secret for secret in secrets if len(secret) >= SHORTEST_KNOWN)


SECRET_VARIABLE = re.compile(r"^(ANTHROPIC|AWS|OPENAI|AGENTFORGE)_|KEY$|TOKEN|SECRET|PASSWORD|CREDENTIAL")
"""What the name of an environment variable looks like that holds a secret, or belongs to us."""


def redact(text: str, known: Collection[str] = ()) -> str:
    """``text`` with every secret replaced by ``[redacted:KIND]``; doing it twice changes nothing.

    ``known`` are secrets of at least 4 characters that are replaced wherever they stand, exactly.
    """
    for secret in sorted({item for item in known if len(item) >= 4}, key=len, reverse=True):
        text = text.replace(secret, "[redacted:secret]")
    for kind, pattern in _PATTERNS:
        text = pattern.sub(lambda found, kind=kind: _replacement(found, kind), text)
    return text


def spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Where :func:`redact` would replace something: start, end and kind of each; they may overlap."""
    for kind, pattern in _PATTERNS:
        for found in pattern.finditer(text):
            group = found.lastgroup
            if _is_secret(found, kind) if group else not _is_made_up(found[0]):
                yield *found.span(group or 0), _TOLD.get(kind, kind)


def is_redacted(text: str) -> bool:
    """Whether something in ``text`` was replaced by :func:`redact`."""
    return "[redacted:" in text


def repeated(value: object, chars: int = 60) -> str:
    """A value for a sentence about it: what looks like a secret is hidden, what is long is cut."""
    text = str(value)
    if _MAY_BE_A_KEY.fullmatch(text) and any(c.isdigit() for c in text) and any(c.isalpha() for c in text):
        return "a value that may be a secret"
    return redact(repr(value))[:chars]


def _replacement(found: re.Match[str], kind: str) -> str:
    whole, group = found.group(0), found.lastgroup
    if group is None:
        return whole if _is_made_up(whole) else f"[redacted:{kind}]"
    value = found.group(group)
    if not _is_secret(found, kind):
        return whole
    start = found.start(group) - found.start()
    return f"{whole[:start]}[redacted:{_TOLD.get(kind, kind)}]{whole[start + len(value) :]}"


def _is_secret(found: re.Match[str], kind: str) -> bool:
    """Whether what stands in the named group of a match is one."""
    group = found.lastgroup or 0
    value = found.group(group)
    return not value.startswith("[redacted") and _looks_secret(value, kind, quoted=group != "value")


_FILLERS = frozenset("aA0")


def _is_made_up(text: str) -> bool:
    """Whether most letters and digits are ``a``, ``A`` and ``0``, as in what takes the place of a key that is scrubbed
    (:mod:`agentforge.forge.scrub.made`); of a key that was drawn they are one in eight at the most.
    """
    body = [letter for letter in re.sub(r"-----[A-Z ]+-----|\\n", "", text) if letter.isalnum()]
    return len(body) >= 12 and sum(letter in _FILLERS for letter in body) >= 0.6 * len(body)


def _looks_secret(value: str, kind: str, *, quoted: bool) -> bool:
    """Keeps ``token: str``, ``password: None`` and ``both pass: one_test`` readable: they are no secrets."""
    if value.lower().rstrip(".,:|") in _TYPE_WORDS:
        return False
    letters, digits = any(c.isalpha() for c in value), any(c.isdigit() for c in value)
    if kind == "secret":
        return len(value) >= 8 and letters and (digits or quoted)
    if kind == "assigned-token":
        return len(value) >= 8 and letters and (digits or (quoted and not value.replace("_", "").isalpha()))
    if kind == "pass":
        return len(value) >= 4 and letters and (digits or quoted or not _WORDS.fullmatch(value))
    return len(value) >= 3
