"""What Mira writes at length, and the code that the small model writes for it."""

from __future__ import annotations

from agentforge.types import JSON

LABELS = """Every batch of coffee gets a label: the first three letters of the country in capitals, a hyphen, the \
number of the batch with four digits, a hyphen, and as a check digit the sum of the number's digits modulo 7. \
Numbers go from 0 to 9999; anything else is a ValueError.
- Brazil, 7 is BRA-0007-0
- Kenya, 48 is KEN-0048-5
- Peru, 123 is PER-0123-6
- Uganda, 999 is UGA-0999-6
- Ethiopia, 1405 is ETH-1405-3
What is the label of batch 350 from Colombia?"""

LABEL_CASES: list[JSON] = [
    {"args": {"country": country, "number": number}, "returns": label}
    for country, number, label in (
        ("Brazil", 7, "BRA-0007-0"),
        ("Kenya", 48, "KEN-0048-5"),
        ("Peru", 123, "PER-0123-6"),
        ("Uganda", 999, "UGA-0999-6"),
        ("Ethiopia", 1405, "ETH-1405-3"),
    )
]

LABEL_TESTS = """```python
assert batch_label(country="Rwanda", number=52) == "RWA-0052-0"
assert batch_label(country="India", number=9999) == "IND-9999-1"
```"""


def label_code(letters: str) -> str:
    """The tool for labels; ``letters`` is how it takes the letters of a country."""
    return f"""```python
def batch_label(country: str, number: int) -> str:
    if not 0 <= number <= 9999:
        raise ValueError("numbers go from 0 to 9999")
    letters = {letters}
    digits = f"{{number:04d}}"
    return f"{{letters[:3].upper()}}-{{digits}}-{{sum(map(int, digits)) % 7}}"
```"""


def shipping(rate: int) -> str:
    """The document about shipping, for a price by the kilogram."""
    cases = "\n".join(f"- {kg} kg -> {rate * kg + 3}" for kg in (2, 5, 10, 1))
    return f"""# Shipping

Prices of our carrier, valid for every shop.

## Cost of a parcel

A parcel costs {rate} EUR for each kilogram, and 3 EUR on top. Some examples:

{cases}
"""


def parcel_code(rate: int) -> str:
    """The tool for parcels."""
    return f"```python\ndef price_parcel(weight: int) -> int:\n    return {rate} * weight + 3\n```"


def parcel_tests(rate: int) -> str:
    """Tests that the large model writes for it."""
    return f"```python\nassert price_parcel(weight=3) == {3 * rate + 3}\n```"


BAGS = "How many bags of 250 g do I get from {kg} kg of green coffee?"
BAGS_CODE = "```python\ndef count_bags(green: int) -> int:\n    return green * 84 // 25\n```"
BAGS_TESTS = "```python\nassert count_bags(green=50) == 168\n```"

AGREED = """The agreed price: the price in cents goes down by 12 percent, and then down to whole cents. A negative \
price is a ValueError.
- 1000 is 880
- 250 is 220
- 99 is 87
- 1 is 0
- 1999 is 1759
What is it for 1850?"""

AGREED_CASES: list[JSON] = [
    {"args": {"cents": cents}, "returns": agreed}
    for cents, agreed in ((1000, 880), (250, 220), (99, 87), (1, 0), (1999, 1759))
]
AGREED_CODE = """```python
def agreed_price(cents: int) -> int:
    if cents < 0:
        raise ValueError("a price is not negative")
    return cents * 88 // 100
```"""
AGREED_TESTS = "```python\nassert agreed_price(cents=100) == 88\nassert agreed_price(cents=333) == 293\n```"
