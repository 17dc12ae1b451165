"""A text that does nothing but judge the last answer: right, or wrong and maybe what would have been right.

Read by the host, since a model costs more to read "that is right" than the answer did. Only what is surely a
verdict counts: praise, questions, a verdict with a request or a reason behind it, and hedged ones are none. An
answer that the user gives is taken word by word, without the quotes or the full stop around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agentforge.forge.verbatim import stands_in
from agentforge.memory.truths import Word

LONGEST = 8_000
"""Characters; a longer text says more than a verdict."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the user says of an answer; ``expected`` is the right one where they gave it."""

    word: Word
    expected: str | None = None


_SURE = r"(?:absolutely|completely|entirely|perfectly|exactly|quite|totally|all|also|indeed|simply|just|still|plain)"
_IT = r"(?:that|this|it|the (?:last )?(?:answer|result|output|value)|your (?:last )?(?:answer|result|output)|you)"
_IS = r"(?:'s|’s|'re|’re| is| are| was| were)"
_NOT = r"(?:n't|n’t| not)"
_OPENED = r"(?:(?:{words})\b[\s,.!:;–—-]*)*"
_RIGHT = re.compile(
    _OPENED.format(words="yes|yep|yeah|yup|ok|okay|great|perfect|exactly|indeed")
    + rf"(?:{_IT}{_IS} {_SURE}? ?(?:right|correct)|correct|exactly|exactly (?:right|so)|(?:you|u) got it(?: right)?"
    r"|(?:yes|yep|yeah),? right|spot on|that(?:'s|’s| is) (?:it|the (?:right|correct) (?:answer|result)))"
    r"(?:[\s,.!–—-]*(?:thanks|thank you|thx|well done|good job|great|nice|perfect|indeed|exactly)\b)*[\s.!]*",
    re.IGNORECASE,
)
_WRONG = re.compile(
    _OPENED.format(words="no|nope|nah|sorry|hmm|oh|ah|well|unfortunately|but")
    + rf"(?:{_IT}{_IS} {_SURE}? ?(?:wrong|incorrect|false|not {_SURE}? ?(?:right|correct))"
    rf"|{_IT}(?: is| are| was| were){_NOT} {_SURE}? ?(?:right|correct)|wrong(?: (?:answer|result))?|incorrect"
    r"|not (?:quite )?(?:right|correct)|(?:you|u) got it wrong)(?![\w'’])[\s,.;:!–—-]*",
    re.IGNORECASE,
)
_NO = re.compile(r"(?:no|nope)[\s,.;:!–—-]+", re.IGNORECASE)
_TOLD = re.compile(
    r"(?:but |and |actually,? )?(?:(?:the|my) )?(?:right|correct|true|real|actual|proper|expected)"
    r" (?:answer|result|value|output|solution|one)"
    r"(?: is| was| would be| would have been| should be| should have been|(?=\s*:))(?P<colon>\s*:)?\s*(?=\S)",
    re.IGNORECASE,
)
_SHOULD = re.compile(
    rf"(?:but |and |actually,? )?(?:(?:{_IT}|the (?:right )?answer) )?(?:should|must|ought to)(?: be| have been| read)"
    r"(?P<colon>\s*:)?\s*(?=\S)",
    re.IGNORECASE,
)
_ITS = re.compile(r"(?:actually,? )?(?:it|that|the answer)(?:'s|’s| is| was)(?P<colon>\s*:)?\s*(?=\S)", re.IGNORECASE)
_BUT = re.compile(r"(?:it(?:'s|’s| is| was) )?not (?P<given>\S.*?),? but (?:rather )?(?P<right>\S.*)", re.IGNORECASE)
_NOT_THAT = re.compile(r"(?:it(?:'s|’s| is| was) )?(?P<right>\S.*?),? (?:and )?not (?P<given>\S.*)", re.IGNORECASE)

_NUMBER = re.compile(r"[-−+]?[$€£]?\d[\d.,:/]*(?<![.,:/])(?: ?%)?")
_QUOTED = re.compile(r"\"[^\"]+\"|“[^”]+”|'[^']+'|‘[^’]+’|`[^`]+`")
_FORMED = re.compile(r"[\[{(\d$€£+−-]|[^\W\d_a-zß-öø-ÿ]")
"""How a value begins, where an adjective would not: a sign, a digit, a bracket, a capital."""
_VAGUE = re.compile(
    r"\b(?:i|you|we|me|my|your|because|since|but|if|unless|although|though|however|maybe|perhaps|probably|about"
    r"|approximately|around|or|please|instead|rather|think|guess|something|somewhere|not|it|that|this)\b",
    re.IGNORECASE,
)
_NO_VALUE = re.compile(
    r"(?:in|on|at|to|from|by|with|under|above|below|what\w*|which\w*|when|where|why|how|unknown|unclear|obvious\w*"
    r"|always|never|an?|still|more|less|much|very|too|so|as|like|for|of|the(?! [A-Z]))\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"[.!;?]\s+(?:now|please|then|next|also|but|and|so|can|could|would|will|what|which|how|why|who|when|where|try|do"
    r"|don['’]?t|give|tell|show|make|write|compute|calculate|convert|find|remember|always|never|because|since|you|i"
    r"|we|it|that|this|if|use|let|for|again|fix|explain|thanks?)\b",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"[.!;?]\s+\S")
MOST_WORDS = 40
"""Of a right answer in a sentence; one behind a colon may be as long as it is."""
FEW_WORDS = 4


def read_verdict(text: str, answer: str = "") -> Verdict | None:
    """The verdict that ``text`` gives on ``answer``, the last one; None where it is not surely one and nothing else."""
    said = text.strip()
    if not said or len(said) > LONGEST:
        return None
    if _RIGHT.fullmatch(said):
        return None if answer.rstrip().endswith("?") else Verdict("right")
    wrong = _WRONG.match(said)
    behind = said[wrong.end() :] if wrong else said
    if wrong and not behind:
        return None if answer.rstrip().endswith("?") else Verdict("wrong")
    expected = _expected(behind, answer, denied=wrong is not None)
    if expected is None or expected == answer.strip():
        return None
    return Verdict("wrong", expected)


def _expected(said: str, answer: str, *, denied: bool) -> str | None:
    """The right answer, where ``said`` gives it and says no more; ``denied``: the last one was called wrong."""
    no = _NO.match(said)
    denied, said = denied or no is not None, said[no.end() :] if no else said
    if told := _TOLD.match(said):
        return _plain(said[told.end() :], told["colon"])
    if told := _SHOULD.match(said):
        return _formed(said[told.end() :], told["colon"])
    if contrast := _BUT.fullmatch(said) or _NOT_THAT.fullmatch(said):
        given, right = _bare(contrast["given"]), _formed(contrast["right"])
        return right if given and stands_in(given, answer) else None
    if denied and (told := _ITS.match(said)):
        return _formed(said[told.end() :], told["colon"])
    bare = said.rstrip(" .!")
    return _bare(bare) if denied and (_NUMBER.fullmatch(bare) or _QUOTED.fullmatch(bare)) else None


def _plain(said: str, colon: str | None) -> str | None:
    """A right answer that was named as such: behind a colon all that stands there, else one short statement."""
    if not any(letter.isalnum() for letter in said) and not colon:
        return None
    if colon:
        asks = said.rstrip().endswith("?") or _MORE.search(said)
        return None if asks and not _QUOTED.fullmatch(said.strip()) else _bare(said, keep_stop=True)
    value = _bare(said)
    if _QUOTED.fullmatch(said.rstrip(" .!")) or _NUMBER.fullmatch(value):
        return value
    if "\n" in value or "?" in value or _SENTENCES.search(value) or len(value.split()) > MOST_WORDS:
        return None
    return None if _NO_VALUE.match(value) or _VAGUE.search(value) else value


def _formed(said: str, colon: str | None = None) -> str | None:
    """A right answer that is one by its form: a number, something in quotes or brackets, a name of few words."""
    value = _plain(said, colon)
    if value is None or colon or _QUOTED.fullmatch(said.rstrip(" .!")):
        return value
    return value if _FORMED.match(value) and (value[0] in "[{" or len(value.split()) <= FEW_WORDS) else None


def _bare(said: str, *, keep_stop: bool = False) -> str:
    """The value without the quotes around it and, unless it stands behind a colon, without the sentence's end."""
    value = said.strip()
    stopless = value.rstrip(" .!")
    if not keep_stop or _NUMBER.fullmatch(stopless) or _QUOTED.fullmatch(stopless):
        value = stopless
    return value[1:-1] if _QUOTED.fullmatch(value) else value
