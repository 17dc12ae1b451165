"""The truth about the demo's families: what a right tool computes, and hidden cases to judge one by.

Nothing here is ever shown to the agent. ``ORACLES`` maps a family (the name of its TOML file) to its
oracle; arguments stand in the order in which the family's text names them, so a tool is judged by
position and not by the names that the model chose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Oracle:
    """What a right tool computes, and the hidden arguments (one tuple per case) to try it on."""

    answer: Callable[..., int | str]
    inputs: Sequence[tuple[Any, ...]]

    def cases(self) -> list[tuple[tuple[Any, ...], int | str]]:
        """Hidden cases: arguments by position, and the right result."""
        return [(args, self.answer(*args)) for args in self.inputs]


def check_letter(order: int) -> str:
    """The letter at the remainder of the order number by 19."""
    return "ABCDEFGHKLMNPRTUVXY"[order % 19]


def staff_username(name: str) -> str:
    """Three letters of the last name, two of the first, then how many letters both have."""
    first, last = name.lower().split()
    return f"{last[:3]}{first[:2]}{len(first) + len(last)}"


def parking_fee(minutes: int) -> int:
    """Half an hour is free; then 3 for every started hour of the whole stay, 18 at the most."""
    return 0 if minutes <= 30 else min(18, 3 * -(-minutes // 60))


def shipping_fee(grams: int) -> int:
    """4 up to 500 g, 6 up to 2000 g, 9 up to 5000 g, 15 above."""
    return next((fee for limit, fee in ((500, 4), (2000, 6), (5000, 9)) if grams <= limit), 15)


def mask_account(account: str) -> str:
    """# for every character but the last four."""
    return "#" * (len(account) - 4) + account[-4:]


def pack_pattern(pattern: str) -> str:
    """Each run as its letter, followed by its length."""
    return "".join(f"{letter}{len(list(run))}" for letter, run in groupby(pattern))


def seat_label(ticket: int) -> str:
    """Rows of four seats, lettered A, C, D and F."""
    return f"{(ticket - 1) // 4 + 1}{'ACDF'[(ticket - 1) % 4]}"


def volume_price(quantity: int) -> int:
    """12 a piece below 10, 10 from 10 pieces, 8 from 50 pieces on; one price for all of them."""
    return quantity * (12 if quantity < 10 else 10 if quantity < 50 else 8)


def loyalty_points(total: int) -> int:
    """2 points for every full 15, and 10 on top from 150 on."""
    return total // 15 * 2 + (10 if total >= 150 else 0)


def flight_time(minutes: int) -> str:
    """Hours, the letter h and the minutes left with two digits."""
    return f"{minutes // 60}h{minutes % 60:02d}"


def late_fee(days: int) -> int:
    """Three days are free, each further day costs 2, at most 40."""
    return min(40, 2 * max(0, days - 3))


def basket_total(prices: list[int]) -> int:
    """The prices added up; 6 on top for delivery if they stay below 60."""
    goods = sum(prices)
    return goods + 6 if goods < 60 else goods


def wind_flag(speed: int) -> str:
    """green below 20, yellow below 40, orange below 60, red from 60."""
    return next((flag for limit, flag in ((20, "green"), (40, "yellow"), (60, "orange")) if speed < limit), "red")


def name_score(name: str) -> int:
    """3 for a vowel, 1 for any other letter, nothing for the rest."""
    return sum(3 if letter in "aeiou" else 1 for letter in name.lower() if letter.isalpha())


def shift_message(message: str) -> str:
    """Every letter four places on, case kept, the rest untouched."""
    plain = "abcdefghijklmnopqrstuvwxyz"
    coded = plain[4:] + plain[:4]
    return message.translate(str.maketrans(plain + plain.upper(), coded + coded.upper()))


def tracking_digit(code: str) -> int:
    """Digits times 7, 3, 7, 3 … from the left; the last digit of the sum."""
    return sum(int(digit) * (3 if place % 2 else 7) for place, digit in enumerate(code)) % 10


def invoice_number(year: int, number: int) -> str:
    """R, the year's last two digits, a dash and the number with five digits."""
    return f"R{year % 100:02d}-{number:05d}"


def supplier_grade(late: int, defects: int) -> str:
    """100 points less 3 for a late delivery and 5 for a defect: A from 90, B from 75, C from 50, else D."""
    points = 100 - 3 * late - 5 * defects
    return next((grade for limit, grade in ((90, "A"), (75, "B"), (50, "C")) if points >= limit), "D")


def department_code(department: str) -> str:
    """The words' first letters in capitals, then how many words there are."""
    words = department.split()
    return "".join(word[0].upper() for word in words) + str(len(words))


def jury_score(marks: list[int]) -> int:
    """The sum of the marks without one highest and one lowest."""
    return sum(marks) - max(marks) - min(marks)


def part_number(text: str) -> str:
    """Without dashes and spaces, in capitals."""
    return text.replace("-", "").replace(" ", "").upper()


def pool_entry(adults: int, children: int) -> int:
    """6 for an adult and 3 for a child; from five people on, 4 off."""
    return 6 * adults + 3 * children - (4 if adults + children >= 5 else 0)


def secret_word(word: str) -> str:
    """The word backwards, then how many letters it has."""
    return f"{word[::-1]}{len(word)}"


def water_bill(used: int) -> int:
    """8, and 2 for each cubic metre; 5 more above 30."""
    return 8 + 2 * used + (5 if used > 30 else 0)


def _each(*values: Any) -> list[tuple[Any, ...]]:
    return [(value,) for value in values]


def _texts(joined: str) -> list[tuple[Any, ...]]:
    return _each(*joined.split("|"))


_NAMES = (
    "Maria Lopez|Bo Li|Grace Hopper|Alan Turing|Ada Lovelace|Edsger Dijkstra|Barbara Liskov|Donald Knuth|Ken Ito|"
    "Sofia Kowalska|Tim Lee|Margaret Hamilton|John Backus|Frances Allen|Radia Perlman|Dennis Ritchie|Al Aho|"
    "Shafi Goldwasser|Leslie Lamport|Niklaus Wirth|Jo Wu"
)
_PRODUCTS = (
    "Aurora|Oak Table|Sky-Line 2|rhythm|BOOKCASE|Zen|Umbrella Stand|Q|eau|Blue Fox 77|lamp|Ottoman|hyphen-ated|"
    "Mini Desk|AEIOU|xyz|Nordic Chair XL|piano|Yo-Yo|sofa 3000|Kite"
)
_DEPARTMENTS = (
    "sales|human resources|Research and Development|legal|Customer Care North|it|quality|new product introduction|"
    "Finance|global supply chain planning|press office|Field Service|data platform team|fleet|Board|office of the "
    "chief executive|internal audit|Treasury|health and safety|export control|Web Shop"
)
_MARKS = (
    [5, 7, 9], [1, 1, 1], [10, 10, 0, 10], [3, 8, 5, 6], [9, 2, 9, 2, 5], [0, 0, 0, 10], [7, 7, 8, 8, 6], [4, 5, 6],
    [10, 9, 8, 7, 6, 5], [1, 10, 1, 10], [6, 6, 6, 6, 6], [2, 4, 8], [8, 4, 2], [4, 8, 2], [0, 5, 10, 5], [9, 9, 9, 1],
    [3, 3, 7, 7, 7, 1], [5, 5, 6], [10, 1, 2, 3, 4, 5, 6, 7], [8, 9, 9, 10, 7], [2, 2, 3, 1],
)  # fmt: skip
_BASKETS = (
    [1], [59], [60], [61], [6, 6], [30, 29], [30, 30], [30, 31], [10, 20, 29], [10, 20, 30], [5, 5, 5, 5], [99, 1],
    [54], [53], [2, 2, 2], [20, 20, 20], [19, 20, 20], [3, 7, 12, 8], [45, 14], [45, 15], [45, 16], [100, 200, 300],
)  # fmt: skip
_PATTERNS = (
    "a|aa|ab|aab|abb|aabb|abc|zzzz|aaabccd|xyxyx|kkkkkkkkkkkk|qqw|wqq|mississippi|eerie|bookkeeper|ooo|nnnmmm|tttttta|"
    "helloo|aabaa"
)
_MESSAGES = (
    "abc|xyz|Hello|WXYZ|a|z|Zebra crossing|meet at 5|Room 101!|The End.|vwx|QUIET|pizza|ok?|No|AbCxYz|lunch, 12:30|"
    "jazz|Why not|stop|x-ray"
)
_CODES = (
    "7|0|10|01|123|321|9999|1234567|0000000|5550123|808080|4711|98765|13579|24680|31415926|271828|100000|000001|"
    "777777|65536"
)
_ACCOUNTS = (
    "NL91ABNA|ACC2024XYZ|1234567890|AB123456|DE44500105|XX12345|P9-88-77-66|QWERTYUIOP|a1b2c3d4e5|000111222333|"
    "KL12M|ABCDE1|GB29NWBK6016|55500055|CH9300762011|SE45-5000|ES9121000418|zz99yy88|PT5000020123|MT84MALT0110"
)
_PARTS = (
    "ab-13|a|A-1|zz-9-9-9|k 5|K5|no 12 b|--x|7-7|12 34 56|pump-3a|Pump 3A|b-b b-b|q77b|x - 1|mm 400 2|v8-turbo|0-0-1|"
    "rs 232-c|t5 -|Gasket 20-30 mm"
)
_WORDS = (
    "oak|elm|ash|yew|a|ox|noon|level|apple|banana|cherry|juniper|sycamore|rhododendron|ivy|moss|fern|lilac|poplar|"
    "elderberry|larch"
)
_YEARS = (2024, 2025, 2030, 2009, 2000, 1999, 2050)
_NUMBERS = (1, 42, 999, 10000, 12345, 99999)

ORACLES: MappingProxyType[str, Oracle] = MappingProxyType(
    {
        "check_letter": Oracle(check_letter, _each(*range(19), 100, 4711, 99999, 1234567)),
        "staff_username": Oracle(staff_username, _texts(_NAMES)),
        "parking_fee": Oracle(
            parking_fee,
            _each(
                0, 1, 29, 30, 31, 59, 60, 61, 90, 119, 120, 121, 180, 181, 240, 241, 300, 301, 359, 360, 361, 500, 1440
            ),
        ),
        "shipping_fee": Oracle(
            shipping_fee,
            _each(1, 50, 250, 499, 500, 501, 750, 1000, 1500, 1999, 2000, 2001, 2500, 3000, 4000, 4999, 5000, 5001)
            + _each(6000, 7500, 10000, 25000),
        ),
        "mask_account": Oracle(mask_account, _texts(_ACCOUNTS)),
        "pack_pattern": Oracle(pack_pattern, _texts(_PATTERNS)),
        "seat_label": Oracle(seat_label, _each(*range(1, 18), 40, 99, 100, 101, 400)),
        "volume_price": Oracle(
            volume_price, _each(1, 2, 3, 5, 8, 9, 10, 11, 15, 20, 25, 30, 40, 48, 49, 50, 51, 60, 75, 100, 250, 1000)
        ),
        "loyalty_points": Oracle(
            loyalty_points,
            _each(0, 1, 14, 15, 16, 29, 30, 44, 45, 60, 99, 100, 120, 135, 149, 150, 151, 164, 165, 200, 500, 999),
        ),
        "flight_time": Oracle(
            flight_time,
            _each(0, 1, 5, 9, 10, 59, 60, 61, 65, 70, 90, 119, 120, 121, 180, 185, 245, 599, 600, 605, 1439, 1440),
        ),
        "late_fee": Oracle(
            late_fee, _each(0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 13, 15, 18, 19, 20, 21, 22, 23, 24, 25, 30, 365)
        ),
        "basket_total": Oracle(basket_total, _each(*_BASKETS)),
        "wind_flag": Oracle(
            wind_flag, _each(0, 1, 5, 10, 15, 18, 19, 20, 21, 30, 35, 38, 39, 40, 41, 50, 58, 59, 60, 61, 75, 90, 120)
        ),
        "name_score": Oracle(name_score, _texts(_PRODUCTS)),
        "shift_message": Oracle(shift_message, _texts(_MESSAGES)),
        "tracking_digit": Oracle(tracking_digit, _texts(_CODES)),
        "invoice_number": Oracle(invoice_number, [(year, number) for year in _YEARS for number in _NUMBERS]),
        "supplier_grade": Oracle(
            supplier_grade, [(late, defects) for late in (0, 2, 3, 5, 8, 17) for defects in (0, 1, 2, 5, 9)]
        ),
        "department_code": Oracle(department_code, _texts(_DEPARTMENTS)),
        "jury_score": Oracle(jury_score, _each(*_MARKS)),
        "part_number": Oracle(part_number, _texts(_PARTS)),
        "pool_entry": Oracle(
            pool_entry, [(adults, children) for adults in (0, 1, 2, 4, 5, 9) for children in (1, 2, 3, 5, 8)]
        ),
        "secret_word": Oracle(secret_word, _texts(_WORDS)),
        "water_bill": Oracle(
            water_bill, _each(0, 1, 2, 3, 5, 8, 10, 11, 15, 20, 25, 28, 29, 30, 31, 32, 33, 35, 40, 50, 60, 99, 250)
        ),
    }
)
"""Family → oracle."""
