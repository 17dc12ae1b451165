"""The kinds of work of the month: each is a house rule, asked for in several wordings, with an answer by program.

The wordings of one kind have few words in common, as when people ask for the same in other words: no wording comes up
often enough in the month for a turn to make a tool of it, while all of them together do. What the last wording of
each kind says is kept for the tasks after the month.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Values: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """``drawn`` draws the values of one task, ``answer`` computes what is right, ``wordings`` ask for it."""

    name: str
    drawn: Callable[[random.Random], Values]
    answer: Callable[[Values], str]
    wordings: tuple[str, ...]


def _parcel(v: Values) -> str:
    return str(390 + 115 * max(0, v["kg"] - 2))


def _wage(v: Values) -> str:
    return str(16 * min(v["h"], 38) + 24 * max(0, v["h"] - 38))


def _tables(v: Values) -> str:
    return str(-(-v["n"] // 6) + (1 if v["n"] > 45 else 0))


def _invoice(v: Values) -> str:
    return f"{v['who'][:3].upper()}-{v['year'] % 100:02d}-{v['no']:04d}"


def _paint(v: Values) -> str:
    return str(-(-2 * v["w"] * v["h"] // 7))


def _parking(v: Values) -> str:
    return str(min(18, 3 * max(0, -(-(v["min"] - 120) // 60))))


def _league(v: Values) -> str:
    return str(5 * v["won"] + 2 * v["drawn"] - v["lost"])


def _member(v: Values) -> str:
    return str(sum(int(digit) for digit in v["no"]) * 3 % 7)


_NAMES = ("Bergmann", "Castello", "Dubois", "Eriksen", "Fontaine", "Gruber", "Hansson", "Ivanova", "Jansen", "Kowalski")

KINDS: tuple[Kind, ...] = (
    Kind(
        "parcel",
        lambda chance: {"kg": chance.randint(3, 40)},
        _parcel,
        (
            "Sending a box costs 390 cents up to 2 kg and 115 cents for each further kg. What is due, in cents, for a"
            " box of {kg} kg? Only the number.",
            "Postage: 390 (weights up to 2), then 115 more per extra kilo. I have {kg} kilos here. How many cents?"
            " Just the number, please.",
            "How much must we frank a shipment weighing {kg} kg with? Tariff in cents: base 390 including 2 kg, every"
            " kg beyond adds 115. Reply with the number alone.",
            "Courier fee wanted for {kg} kg. Flat 390 cents covers the first 2 kg; additional kg are 115 cents each."
            " Give only the number.",
        ),
    ),
    Kind(
        "wage",
        lambda chance: {"h": chance.randint(30, 55)},
        _wage,
        (
            "Someone worked {h} hours this week. Up to 38 hours are paid 16 euros each, the hours above that 24 euros"
            " each. What is the pay? Only the number.",
            "Payroll: normal rate 16, rate beyond the thirty-eighth (38) hour 24. Timesheet says {h}. Total in euros?"
            " Just the number, please.",
            "How many euros do I owe for {h} h of labour, at 16 per h within 38 h and 24 per h past them? Reply with"
            " the number alone.",
            "Compute gross earnings: {h} hours, 16 EUR standard until 38, overtime 24 EUR. Give only the number.",
        ),
    ),
    Kind(
        "tables",
        lambda chance: {"n": chance.randint(10, 90)},
        _tables,
        (
            "We seat 6 guests at a table, and with more than 45 guests one extra table is set for gifts. How many"
            " tables for {n} guests? Only the number.",
            "Banquet with {n} people: six (6) chairs around each table, plus a single spare one if the party is over"
            " 45. Tables needed? Just the number, please.",
            "What count of tables should be ordered when {n} persons come? Each holds 6; beyond 45 persons order one"
            " more. Reply with the number alone.",
            "Room plan for {n} visitors, 6 per table, add 1 table above 45 visitors. Give only the number.",
        ),
    ),
    Kind(
        "invoice",
        lambda chance: {"who": chance.choice(_NAMES), "year": chance.randint(2018, 2049), "no": chance.randint(2, 980)},
        _invoice,
        (
            "Our bill codes are the first three letters of the customer in capitals, the last two digits of the year"
            " and the number filled with zeros to 4 digits, joined by '-'. What is the code for customer {who}, year"
            " {year}, number {no}? Only the code.",
            "Label the invoice of {who} from {year} with running no. {no}: 3 upper-case letters of the name, dash, 2"
            " digits of the year, dash, 4-digit no. with leading zeros. Just the code, please.",
            "How do we file {who} / {year} / {no}? Scheme: NAM-YY-0000, that is name cut to 3 and upper-cased, short"
            " year, counter padded to 4. Reply with the code alone.",
            "Make the reference for {who}, {year}, item {no}. Pattern: three capitals, hyphen, two-digit year, hyphen,"
            " item in 4 digits. Give only the code.",
        ),
    ),
    Kind(
        "paint",
        lambda chance: {"w": chance.randint(3, 30), "h": chance.randint(2, 9)},
        _paint,
        (
            "A litre of paint covers 7 square metres and walls get 2 coats. How many whole litres does a wall of {w} by"
            " {h} metres take, rounded up? Only the number.",
            "Painter's estimate: surface {w} m x {h} m, two (2) layers, 7 m2 a litre, round up to full litres. Litres?"
            " Just the number, please.",
            "What do I buy for a facade {w} wide and {h} high, if every layer needs 1 litre per 7 square units, 2"
            " layers, only whole cans of one litre? Reply with the number alone.",
            "Colour needed: width {w}, height {h}, coats 2, yield 7 per litre, ceiling. Give only the number.",
        ),
    ),
    Kind(
        "parking",
        lambda chance: {"min": chance.randint(60, 700)},
        _parking,
        (
            "The first 120 minutes in our garage are free, then each begun 60 minutes cost 3 euros, at most 18 euros."
            " What does a stay of {min} minutes cost? Only the number.",
            "Car stood {min} min. Free until 120, afterwards 3 per started block of 60, cap 18. Charge in euros? Just"
            " the number, please.",
            "How much is the ticket after {min} minutes, with a free period of 120, 3 for every 60 or part thereof"
            " after it and a daily maximum of 18? Reply with the number alone.",
            "Park fee, {min} minutes: grace 120, tariff 3 per 60 begun, ceiling 18. Give only the number.",
        ),
    ),
    Kind(
        "league",
        lambda chance: {"won": chance.randint(2, 20), "drawn": chance.randint(2, 15), "lost": chance.randint(2, 15)},
        _league,
        (
            "In our league a win gives 5 points, a draw 2, and a defeat takes 1 away. A team won {won}, drew {drawn}"
            " and lost {lost} games. Its points? Only the number.",
            "Standings: W {won}, D {drawn}, L {lost}; weights 5, 2 and minus 1. Total? Just the number, please.",
            "How many points stand behind {won} victories, {drawn} ties and {lost} losses, when they count +5, +2 and"
            " -1? Reply with the number alone.",
            "Score of a club: {won} wins at 5, {drawn} draws at 2, {lost} defeats at -1. Give only the number.",
        ),
    ),
    Kind(
        "member",
        lambda chance: {"no": str(chance.randint(10_000, 999_999))},
        _member,
        (
            "The check digit of a member number is three times the sum of its digits, modulo 7. What is it for {no}?"
            " Only the number.",
            "Card {no}: add up all digits, multiply by 3, remainder of the division by 7. Just the number, please.",
            "How is membership {no} verified, i.e. 3 * (digit total) mod 7? Reply with the number alone.",
            "Control figure of {no}: cross sum times 3, left over after dividing by 7. Give only the number.",
        ),
    ),
)

TOLD: tuple[tuple[str, str], ...] = (
    (
        "Please remember: the gate code of our storehouse in Lund is {}.",
        "What is the gate code of our storehouse in Lund? Only the code.",
    ),
    (
        "For your notes: our tax adviser keeps our papers under the file {}.",
        "Under which file does our tax adviser keep our papers? Only its name.",
    ),
    (
        "Remember that the printer on our third floor is called {}.",
        "What is the printer on our third floor called? Only the name.",
    ),
    (
        "Our contract with the cleaning company has the number {}.",
        "Which number has our contract with the cleaning company? Only the number.",
    ),
)
"""What the user tells in passing, and how it is asked for after the month."""


def told_value(chance: random.Random) -> str:
    """A value that nobody could guess."""
    return f"{chance.choice('BCDFGHJK')}{chance.choice('LMNPRSTV')}-{chance.randint(1000, 9999)}"
