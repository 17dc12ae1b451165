"""Made-up texts in the place of real ones: of the same shape where that is possible, and of nobody.

What is reserved for examples is used where there is such a thing (RFC 2606 names of hosts, RFC 5737 and RFC 3849
addresses, RFC 7042 MAC addresses); numbers are zeros but for the last digits, with check digits that are right where
tools check them (cards, IBANs). Keys keep the issuer's prefix and are ``a``, ``A`` and ``0`` behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from stdnum import iban, luhn

_FIRST = ("Robin", "Kim", "Alex", "Sam", "Toni", "Jean", "Nicola", "Andrea", "Sascha", "Dominique", "Kai", "Luca")
_PREFIX = re.compile(
    r"(?:sk-ant-(?:api\d\d-)?|sk-proj-|sk-or-|[srp]k_(?:live|test)_|sk-|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|hf_|npm_"
    r"|pypi-|SG\.|AKIA|ASIA|AIza|eyJ|shp\w{2,3}_|hvs\.|dapi|SK|AC)"
)
_MAIL_HOSTS = ("example.com", "example.org", "example.net")
_ZEROS = 0.6
"""Share of zeros from which on a number is taken for a made-up one."""


def made(kind: str, text: str, number: int) -> str:
    """The ``number``-th (from 1) made-up text for a real one of a kind; the same every time."""
    return _WAYS.get(kind, _shape)(text, number)


def is_made(kind: str, text: str) -> bool:
    """Whether a text of a kind is made up already."""
    test = _TESTS.get(kind, _is_shape)
    return test(text)


def _shape(text: str, number: int) -> str:
    """Its prefix, and letters and digits of the same kind; the number in the last digits, else in the last letter."""
    if text.isdecimal():
        return _number(text, number)
    return _shaped(text, number)


def _shaped(text: str, number: int) -> str:
    prefix = found[0] if (found := _PREFIX.match(text)) and len(text) > len(found[0]) + 3 else ""
    body = [_plain(letter) for letter in text[len(prefix) :]]
    digits = [at for at, letter in enumerate(body) if letter == "0"]
    for at, digit in zip(reversed(digits), reversed(str(number)), strict=False):
        body[at] = digit
    letters = [at for at, letter in enumerate(body) if letter in "aA"]
    if len(digits) < len(str(number)) and letters:
        body[letters[-1]] = chr(ord(body[letters[-1]]) + number % 26)
    return prefix + "".join(body)


def _plain(letter: str) -> str:
    if letter.isdigit():
        return "0"
    return ("A" if letter.isupper() else "a") if letter.isalpha() else letter


def _is_shape(text: str) -> bool:
    body = text[len(found[0]) :] if (found := _PREFIX.match(text)) else text
    letters = [letter for letter in body if letter.isalpha()]
    digits = [letter for letter in body if letter.isdigit()][body.isdecimal() :]
    return len(body) >= 4 and all(one in "aA" for one in letters[:-1]) and all(one == "0" for one in digits[:-3])


def _key_block(text: str, number: int) -> str:
    """The lines between the marks of a private key."""
    inside = re.sub(r"-----[A-Z ]+-----", lambda mark: "\0" * len(mark[0]), text)
    shaped = _shape(inside, number)
    return "".join(real if made_up == "\0" else made_up for real, made_up in zip(text, shaped, strict=True)).replace(
        "\\a", "\\n"
    )


def _is_key_block(text: str) -> bool:
    return _is_shape(re.sub(r"-----[A-Z ]+-----|\\n", "", text))


def _mail(text: str, number: int) -> str:
    local, _, domain = text.partition("@")
    host = next((one for one in _MAIL_HOSTS if one.endswith(domain.lower().rpartition(".")[2])), _MAIL_HOSTS[0])
    labels = domain.count(".") - 1
    host = f"{'mail.' * min(labels, 3)}{host}" if labels > 0 else host
    return f"{_shape(local, number)}@{host.upper() if domain.isupper() else host}"


def _number(text: str, number: int) -> str:
    """Zeros with the same first digit, the number at the end."""
    shaped = list(_shaped(text, number))
    first = next((at for at, letter in enumerate(text) if letter.isdigit()), None)
    if first is not None and text[first] != "0" and sum(map(str.isdigit, text)) > len(str(number)) + 1:
        shaped[first] = text[first]
    return "".join(shaped)


def _is_number(text: str) -> bool:
    digits = [letter for letter in text if letter.isdigit()]
    return bool(digits) and digits.count("0") >= _ZEROS * len(digits) and _few_letters(text)


def _few_letters(text: str) -> bool:
    return len({letter.lower() for letter in text if letter.isalpha()} - {"a"}) <= 2


def _card(text: str, number: int) -> str:
    bare = [letter for letter in text if letter.isdigit()]
    body = f"{bare[0]}{number:0{len(bare) - 2}d}"
    return _spread(text, f"{body}{luhn.calc_check_digit(body)}")


def _iban(text: str, number: int) -> str:
    bare = re.sub(r"[^A-Z0-9]", "", text)
    shaped = f"{bare[:2]}00{_shape(bare[4:], number)}"
    return _spread(text, f"{shaped[:2]}{iban.calc_check_digits(shaped)}{shaped[4:]}")


def _spread(text: str, letters: str) -> str:
    """Letters and digits in the places of those of ``text``."""
    left = iter(letters)
    return "".join(next(left) if letter.isalnum() else letter for letter in text)


def _address(text: str, number: int) -> str:
    if ":" in text:
        return f"2001:db8::{number:x}"
    net = ("192.0.2", "198.51.100", "203.0.113")[number // 254 % 3]
    return f"{net}.{number % 254 + 1}"


def _hardware(text: str, number: int) -> str:
    digits = f"00005e0053{number % 256:02x}"
    return _spread(text, digits.upper() if text.isupper() else digits)


def _host(text: str, number: int) -> str:
    labels = text.count(".") + 1
    return ".".join([f"host{number}", *["net"] * max(labels - 3, 0), "example.com"])


def _date(text: str, number: int) -> str:
    """Another day of the same form, in the years from 2000 on."""
    year, day = 2000 + number % 20, 1 + number // 20 % 9
    if re.fullmatch(r"\d{8}", text):
        return f"{year}010{day}" if text[:2] in ("19", "20") else f"0{day}01{year}"
    text = re.sub(r"[A-Z][a-zä]{2,8}", lambda month: "January" if len(month[0]) > 3 else "Jan", text)
    text = re.sub(r"\d{4}", str(year), text)
    return re.sub(r"(?<!\d)\d{1,2}(?!\d)", lambda part: "1".rjust(len(part[0]), "0"), text)


def _is_date(text: str) -> bool:
    if re.fullmatch(r"20[01]\d010[1-9]|0[1-9]0120[01]\d", text):
        return True
    left = re.sub(r"(?<!\d)20[01]\d(?!\d)", "", text, count=1)
    return left != text and {*re.findall(r"\d+", left)} <= {"1", "01"}


def _pin(text: str, number: int) -> str:
    return f"{number % 100:0{len(text)}d}"


def _name(text: str, number: int) -> str:
    def one(word: str, at: int) -> str:
        which = number - 1 + at * 5
        name = _FIRST[which % len(_FIRST)] + (chr(ord("a") + which // len(_FIRST) % 26) * (which >= len(_FIRST)))
        return name.upper() if word.isupper() and len(word) > 1 else name.lower() if word.islower() else name

    return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)*", lambda word: one(word[0], text[: word.start()].count(" ")), text)


def _is_name(text: str) -> bool:
    words = re.findall(r"[^\W\d_]+", text)
    return all(
        any(word.lower().startswith(first.lower()) and len(word) <= len(first) + 1 for first in _FIRST)
        for word in words
    )


def _street(text: str, number: int) -> str:
    del text
    return f"{number} Example Street"


def _account_name(text: str, number: int) -> str:
    del text
    return f"user{number}"


def _uuid(text: str, number: int) -> str:
    del text
    return f"00000000-0000-4000-8000-{number:012d}"


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text, re.IGNORECASE) is not None


_NUMBERS = ("phone", "social security number", "account", "position")
_WAYS: dict[str, Callable[[str, int], str]] = {
    **dict.fromkeys(_NUMBERS, _number),
    "private-key": _key_block,
    "email": _mail,
    "card": _card,
    "IBAN": _iban,
    "IP address": _address,
    "MAC address": _hardware,
    "host": _host,
    "date of birth": _date,
    "name": _name,
    "address": _street,
    "home folder": _account_name,
    "account name": _account_name,
    "uuid": _uuid,
    "PIN": _pin,
}
_TESTS: dict[str, Callable[[str], bool]] = {
    **dict.fromkeys((*_NUMBERS, "card", "IBAN", "national id"), _is_number),
    "private-key": _is_key_block,
    "email": _matches(r".*@(?:mail\.)*example\.(?:com|org|net)"),
    "IP address": _matches(r"192\.0\.2\.\d+|198\.51\.100\.\d+|203\.0\.113\.\d+|2001:db8::[0-9a-f]+"),
    "MAC address": lambda text: re.sub(r"[^0-9a-f]", "", text.lower()).startswith("00005e0053"),
    "host": _matches(r"(?:.*\.)?example\.(?:com|org|net)"),
    "date of birth": _is_date,
    "name": _is_name,
    "address": _matches(r"\d+ example street"),
    "known": _matches(r"\d+ example street|[aA0]{4,}\w?|[aA]*[0-]{3,}\d*"),
    "home folder": _matches(r"user\d*"),
    "account name": _matches(r"@?user\d*"),
    "PIN": _matches(r"0+\d\d?"),
    "uuid": _matches(r"00000000-0000-4000-8000-\d{12}"),
}
