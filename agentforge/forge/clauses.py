"""The purpose of a tool taken apart: which kinds of input it speaks of, and which refusals it promises.

Read without a model, from words that are plain enough. A clause that is not understood demands nothing of its own,
but counts as one of the refusals where it stands under *Raises*.

The words are a stranger's: no pattern here may take more than some constant times the length of a text, so that
repeats are bounded or possessive wherever something must follow them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agentforge.forge.docstrings import parts

NAMED: tuple[tuple[str, frozenset[str]], ...] = (
    (r"\bempty\b|\bblank (?:text|string|input|line|name)s?\b", frozenset({"empty"})),
    (
        r"\bnegative\b|\bminus signs?\b|\ba minus\b|\bbelow (?:zero|0)\b|\bless than (?:zero|0)\b",
        frozenset({"negative"}),
    ),
    (
        r"(?<!from )(?<!towards )(?<!toward )\bzero\b(?! point| or more|[- ](?:based|indexed|padded|filled))",
        frozenset({"zero"}),
    ),
    (
        r"\bduplicat|\brepeat(?:ed|s)\b|\btwice\b|\bmore than once\b|\beach once\b|\b(?:only|counted) once\b|\bunique\b"
        r"|\bdistinct\b|\bsame (?:name|key|id|word|item|value)\b",
        frozenset({"duplicate"}),
    ),
    (r"\bties?\b|\btied\b|\bequal (?:points|numbers?|scores?|counts?|values?|length)\b", frozenset({"duplicate"})),
    (
        r"\bcase.?(?:in)?sensitiv|\b(?:ignor\w+|regardless of|whatever the|the same) (?:letter )?case\b"
        r"|\bcase (?:is|does|of letters)\b|\bcapitals?\b|\b(?:lower|upper).?case\b(?! hex| digit)",
        frozenset({"upper"}),
    ),
    (
        r"(?<!without )\b(?:white.?space|spaces|blanks) (?:\w+ )?"
        r"(?:around|at (?:its|their|the|both|either) ends?|in front)\b"
        r"|\b(?:surrounding|leading|trailing|outer) (?:\w+ )?(?:blanks|spaces|white.?space)\b",
        frozenset({"blank around"}),
    ),
    (
        r"\bwhite.?space\b|\b(?:spaces|blanks)\b[\w ,-]{0,40}? (?:do not (?:count|matter)"
        r"|are (?:ignored|removed|dropped|skipped|stripped|left out))\b",
        frozenset({"blank"}),
    ),
    (r"\bempty (?!text|string|list|object|dict|where|if|when|for)[a-z]+s\b", frozenset({"empty item"})),
    (
        r"\bsort(?:ed|s)?\b|\balphabetical|\bascending\b|\bdescending\b|\brising order\b|\bin any order\b"
        r"|\b(?:(?:larg|small|old|new|earli|lat|high|low|few)est|most|least)\b[a-z ]{0,20}\bfirst\b",
        frozenset({"out of order"}),
    ),
    (r"\bnon-ascii\b|\bunicode\b|\baccents?\b|\bumlauts?\b|\bdiacritic", frozenset({"non-ASCII"})),
    (r"\bleap\b|\b29(?:th)? february\b|\bfebruary 29", frozenset({"leap day"})),
    (r"\bnested\b|\bat every depth\b|\bwithin lists\b", frozenset({"nested"})),
    (r"\b(?:line breaks?|newlines?)\b", frozenset({"line break"})),
)
"""Words, and the kinds of input of which one shows that the tool does what they say."""

REFUSED = frozenset({"empty", "negative", "zero"})
"""Kinds that mean themselves in the words of a refusal; of the others these only say what it is about."""

_NAME = r"`{0,2}[A-Z]\w{0,60}(?:Error|Exception)`{0,2}"
_ERROR = re.compile(
    rf"^[ \t]*+(?:[-*][ \t]*+)?({_NAME}(?:(?:, ?| )(?:or )?{_NAME}){{0,9}})"
    r"[ \t]*+(?::|--?)?[ \t]*+(?:[Ii]f |[Ww]hen )?",
    re.MULTILINE,
)
"""One error, or several of one case, at the beginning of a line."""
_APART = re.compile(r",|;|\bor\b|\.\s")
_LITERAL = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|``[^`]*``|`[^`]*`|\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)")
"""A value, a list of words, an aside: the commas in it part no clauses."""
_INSTANCES = re.compile(r"\([^()]*\)|,? (?:such as|for example|e\.g\.) [^,;]*")
"""What says no other case: an aside, and instances of the case before it."""
_EITHER = re.compile(r"(?i)\b(either [^,;.]{0,300}?) or\b")
_PRONOUNS = frozenset({"it", "this", "that", "which", "otherwise", "then"})
_UNITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ROUND = {"twelve": 12, "twenty": 20, "fifty": 50, "hundred": 100, "thousand": 1000, "million": 10**6}
_SMALL = {word: value for value, word in enumerate(_UNITS)} | _ROUND
_WORD = "|".join(_SMALL)
_NUMBER = rf"(?:-?\d++(?:\.\d++)?(?!(?:[^\W\d]|[.,])*+\d)|(?:an? )?(?:{_WORD}))(?: (?:hundred|thousand|million)){{0,4}}"
_BETWEEN = re.compile(
    rf"(?i)\b(?:from |between )?({_NUMBER}) (?:to|and) ({_NUMBER})\b|(?<!\w)({_NUMBER}) to ({_NUMBER})\b"
)
_FROM = re.compile(rf"(?i)\bfrom ({_NUMBER})\b")
_AT_MOST = re.compile(rf"(?i)\b(?:at most|up to|within) ({_NUMBER})\b")
_OUT_OF_BOUNDS = re.compile(
    r"(?i)\b(?:range|above|below|beyond|outside|over|under|than|too|fewer|more|less|at least|at most|negative"
    r"|not from)\b"
)
_GIVEN = re.compile(
    r"(?i)\b(?:(?:in|into|to|from|through) (?:an?|the)|two|both|several|multiple|must be|already|assum\w+|expects?)"
    r" (?:an? |to be )?(?:already )?(?:sorted|ascending|descending|unique|distinct)\b"
)
"""An order that the tool is given, and does not make."""
_GIVEN_PARAMETER = re.compile(
    r"(?i)\b(?:sorted|unique|distinct|(?:in )?(?:ascending|descending|alphabetical|rising)(?: order)?)\b"
)
"""What a parameter is, in its own words, the caller sees to."""
_NOT_SO = re.compile(
    r"(?i)\b(?:non-?|(?:not|never|neither) )(?:empty|negative|zero|blank)\b"
    r"|\b(?:above|(?:greater|more|larger) than) (?:zero|0)\b"
)
_SIGNS: tuple[tuple[str, str], ...] = (
    *((rf"\b{word}s?\b", sign) for word, sign in (("hyphen", "-"), ("comma", ","), ("colon", ":"), ("semicolon", ";"))),
    *(
        (rf"\b{word}s?\b", sign)
        for word, sign in (("slash(?:es)?", "/"), ("underscore", "_"), ("apostrophe", "'\u2019"))
    ),
    *((rf"\b{word}s?\b", sign) for word, sign in (("quotation mark", "'\""), ("bracket", "()[]{}<>"), ("brace", "{}"))),
    *((rf"\b{word}s?\b", sign) for word, sign in (("percent sign", "%"), ("plus sign", "+"))),
)
"""Words for a sign, and the signs of which one is meant."""
_ALONE = re.compile(r"(?<=\s)([#@&$%*?+=|~^_/])(?=[\s,.;:]|$)")
"""A sign that stands by itself among words."""
_RESULT_WHERE = re.compile(
    r"(?i)(?<![\w.-])(none|empty|-1|0|1|true|false)\b(?: (?:text|list|object|string))? (?:where|if|when|for)\b"
)
_EACH = re.compile(r"(?i)\b(?:a|any|one) (?:number|value|amount|argument|parameter) (?:is|are)\b|\bone of them\b")
"""Words for every parameter that can be meant."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One case of an error that is promised: its words, the parameters that they name, the kinds they speak of."""

    error: str
    words: str
    parameters: tuple[str, ...]
    kinds: frozenset[str]

    @property
    def of_each(self) -> bool:
        """Whether it is said of every parameter that can be of these kinds."""
        return not self.parameters and _EACH.search(self.words) is not None


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a docstring says: of each parameter, of the whole, and of errors."""

    whole: str
    of: Mapping[str, str]
    refusals: tuple[Refusal, ...]
    summary: str = ""

    def named(self) -> Iterator[tuple[str, str, frozenset[str]]]:
        """``(word, parameter or "", kinds)`` for each kind that is spoken of outside of *Raises*. That something is not
        of a kind leaves open what happens if it is, unless errors are promised.
        """
        texts = [*self.of.items(), ("", f"{self.summary} {self.whole}")]
        for pattern, kinds in NAMED:
            for parameter, text in texts:
                told = text if self.refusals else _NOT_SO.sub("", text)
                if found := re.search(pattern, told, re.IGNORECASE):
                    yield found[0], parameter, kinds

    def signs(self) -> Iterator[tuple[str, str, str]]:
        """``(word, parameter, signs)`` for each sign that a parameter's own words speak of."""
        for parameter, text in self.of.items():
            for pattern, signs in _SIGNS:
                if found := re.search(pattern, text, re.IGNORECASE):
                    yield found[0], parameter, signs
            yield from ((sign, parameter, sign) for sign in dict.fromkeys(_ALONE.findall(text)))

    def results(self) -> Iterator[tuple[str, str]]:
        """``(words, None, empty, true, false or a number)`` for each result that is said to come "where …"."""
        for found in _RESULT_WHERE.finditer(f"{self.summary} {self.whole}"):
            yield found[0], found[1].lower()

    @property
    def refuses_bounds(self) -> bool:
        """Whether a refusal speaks of what is too large, too small or out of range."""
        return any(_OUT_OF_BOUNDS.search(refusal.words) for refusal in self.refusals)

    def bounds(self) -> Iterator[tuple[str, float | None, float | None]]:
        """``(parameter, smallest, largest)`` for each range that a parameter's own words give."""
        for parameter, text in self.of.items():
            if found := _BETWEEN.search(text):
                low, high = (_value(number) for number in found.groups() if number)
                if low < high:
                    yield parameter, low, high
                continue
            low, high = _FROM.search(text), _AT_MOST.search(text)
            if low or high:
                yield parameter, _value(low[1]) if low else None, _value(high[1]) if high else None

    @property
    def text(self) -> str:
        """All but the errors."""
        return " ".join([self.summary, self.whole, *self.of.values()])

    @property
    def told(self) -> int:
        """So many things are said of what is done, in the docstring."""
        return sum(len(_clauses(text)) for text in dict.fromkeys((self.whole, *self.of.values())))


def _value(words: str) -> float:
    value = 1.0
    for word in words.lower().split():
        value *= _SMALL.get(word, 1) if word.isalpha() else float(word)
    return value


def purpose_of(docstring: str, parameters: Sequence[str], summary: str = "") -> Purpose:
    """A docstring of any usual style; without sections all of it is of the whole. ``summary`` is what the manifest
    says.
    """
    of: dict[str, str] = {}
    whole: list[str] = []
    refusals: list[Refusal] = []
    for about, text in parts(docstring):
        if about == "args":
            lines = re.split(
                rf"^[ \t]*+({'|'.join(map(re.escape, parameters)) or '(?!)'})\b[^:\n]*:", text, flags=re.MULTILINE
            )
            of |= {
                name: _GIVEN_PARAMETER.sub("", _one_line(told))
                for name, told in zip(lines[1::2], lines[2::2], strict=True)
            }
        elif about == "raises":
            refusals += _refusals(text, parameters)
        else:
            whole.append(_GIVEN.sub("", _one_line(text)))
    told = " ".join(whole)
    refusals = refusals or list(_stated(told, parameters)) or list(_stated(summary, parameters))
    if not of and len(parameters) == 1:
        of[parameters[0]] = ""
    return Purpose(told, of, tuple(dict.fromkeys(refusals)), _GIVEN.sub("", summary))


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _clauses(text: str) -> list[str]:
    return [part for part in re.split(r"[.,;:]\s|\bor\b", f"{_LITERAL.sub('x', text)} ") if re.search(r"\w", part)]


def _refusals(section: str, parameters: Sequence[str]) -> Iterator[Refusal]:
    found = _ERROR.split(section)
    for error, told in zip(found[1::2], found[2::2], strict=True):
        yield from _cases(" or ".join(re.findall(r"\w{3,}", error)), told, parameters)


_STATED = re.compile(
    r"\b(?:raises? )?(?:an? )?`{0,2}([A-Z]\w{0,60}Error)`{0,2}(?: (?:is|will be) raised)? (?:if|when|for) ([^.;]+)"
)
_RAISING = re.compile(r"(?:^|[.;] )([^.;]{1,300}?) raises? (?:an? )?`{0,2}([A-Z]\w{0,60}Error)`{0,2}(?= *(?:[.;,]|$))")
_RAISED = re.compile(
    r"\b(?:if|when|for) ([^.;]{1,300}?),? (?:then )?(?:an? )?`{0,2}([A-Z]\w{0,60}Error)`{0,2} (?:is|will be) raised",
    re.IGNORECASE,
)


def _stated(text: str, parameters: Sequence[str]) -> Iterator[Refusal]:
    """Errors with their cases in running text, such as a ValueError "if …"."""
    for found in _STATED.finditer(text):
        yield from _cases(found[1], found[2], parameters)
    for pattern in (_RAISING, _RAISED):
        for found in pattern.finditer(text):
            yield from _cases(found[2], found[1], parameters)


def _cases(error: str, told: str, parameters: Sequence[str]) -> Iterator[Refusal]:
    for clause in _APART.split(_EITHER.sub(r"\1 /", _INSTANCES.sub("", _one_line(told)))):
        if re.search(r"\w{2}", clause) and clause.strip(" .").lower() not in _PRONOUNS:
            words = set(re.findall(r"\w+", clause))
            named = tuple(name for name in parameters if name in words)
            kinds = frozenset[str]().union(*(k for p, k in NAMED if re.search(p, clause, re.IGNORECASE))) & REFUSED
            yield Refusal(error, clause.strip(" ."), named, kinds)
