"""The five sessions in which the app grew. Each function is one of them, on a day of its own; the words before the
code are those of the page that tells of it (docs/app.md).

What Noor says stands here beside what the scripted models answer: the large one states what is needed, the small one
writes the code. Every tool met the gates in the sandbox before it was committed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agentforge import Forge
from agentforge.boxes.protocol import CallResult
from agentforge.types import JSON
from examples.living import Person, asks

AMOUNTS = """Amounts in my notes look like 12,50 EUR: whole euros, and behind the comma the cents, if there are any. \
Read one as whole cents. EUR may be missing. A text without a number is a ValueError.
- "12,50 EUR" is 1250
- "8 EUR" is 800
- "0,99" is 99
- "36,40 EUR" is 3640
- "5,05 EUR" is 505
How many cents are "119,00 EUR"?"""


def amount_code(pattern: str, euros: str) -> str:
    """The tool that reads an amount."""
    return f"""```python
import re

def parse_amount(text: str) -> int:
    found = re.search(r"{pattern}", text)
    if found is None:
        raise ValueError("there is no number")
    return 100 * int({euros}) + int(found[2] or 0)
```"""


CATEGORIES = """Sort an expense by its words: taxi, train and flight are travel, hotel is lodging, lunch, dinner and \
coffee are meals, everything else is other. Capitals do not matter.
- "Taxi to the airport" is travel
- "Train to Hamburg" is travel
- "Flight to Oslo" is travel
- "Hotel Post" is lodging
- "Lunch" is meals
- "Dinner with a customer" is meals
- "Coffee" is meals
- "Paper" is other
What is "Hotel Tejo, two nights"?"""
CATEGORY_CODE = """```python
def expense_category(text: str) -> str:
    words = text.lower()
    signs = {"travel": ("taxi", "train", "flight"), "lodging": ("hotel",), "meals": ("lunch", "dinner", "coffee")}
    for category, names in signs.items():
        if any(name in words for name in names):
            return category
    return "other"
```"""

VAT = """How many cents of VAT are in an amount that has it in? The amount is in cents, the rate in percent: the \
amount times the rate, divided by 100 plus the rate, rounded half up to whole cents. Negative numbers are a ValueError.
- 11900, 19 is 1900
- 1070, 7 is 70
- 1000, 19 is 160
- 3640, 7 is 238
- 99, 19 is 16
What is it for 21400, 7?"""
VAT_CODE = """```python
def vat_in(cents: int, rate: int) -> int:
    if cents < 0 or rate < 0:
        raise ValueError("neither may be negative")
    return (2 * cents * rate + 100 + rate) // (2 * (100 + rate))
```"""

REPORT = """I want the report of a month from the lines of my notes. A line is a date, a text and an amount, with \
semicolons between them; a line with more or fewer parts is a ValueError, and an empty one is left out, as is every \
line of another month. The report has the sum in cents of each category that occurs, then as VAT all the VAT that is \
in the lines, 7 percent for lodging and 19 for everything else, then the total of the lines.
- ["2026-03-02; Taxi; 36,40 EUR"], "2026-03" is {"travel": 3640, "VAT": 581, "total": 3640}
- ["2026-03-02; Taxi; 36,40 EUR", "2026-02-28; Lunch; 9 EUR"], "2026-02" is {"meals": 900, "VAT": 144, "total": 900}
- ["2026-05-01; Hotel Post; 107 EUR", "", "2026-05-02; Coffee; 3 EUR"], "2026-05" is \
{"lodging": 10700, "meals": 300, "VAT": 748, "total": 11000}
- ["2026-05-01; Paper; 2 EUR", "2026-05-01; Train; 50 EUR", "2026-05-03; Pens; 4 EUR"], "2026-05" is \
{"other": 600, "travel": 5000, "VAT": 894, "total": 5600}
- [], "2026-01" is {"VAT": 0, "total": 0}
What is it for ["2026-06-01; Taxi; 10 EUR"], "2026-06"?"""
REPORT_CASES: list[JSON] = [
    {"args": {"lines": [*lines], "month": month}, "returns": report}
    for lines, month, report in (
        (("2026-03-02; Taxi; 36,40 EUR",), "2026-03", {"travel": 3640, "VAT": 581, "total": 3640}),
        (
            ("2026-03-02; Taxi; 36,40 EUR", "2026-02-28; Lunch; 9 EUR"),
            "2026-02",
            {"meals": 900, "VAT": 144, "total": 900},
        ),
        (
            ("2026-05-01; Hotel Post; 107 EUR", "", "2026-05-02; Coffee; 3 EUR"),
            "2026-05",
            {"lodging": 10700, "meals": 300, "VAT": 748, "total": 11000},
        ),
        (
            ("2026-05-01; Paper; 2 EUR", "2026-05-01; Train; 50 EUR", "2026-05-03; Pens; 4 EUR"),
            "2026-05",
            {"other": 600, "travel": 5000, "VAT": 894, "total": 5600},
        ),
        ((), "2026-01", {"VAT": 0, "total": 0}),
    )
]
REPORT_CODE = """```python
from toolbox import expense_category, parse_amount, vat_in

def monthly_report(lines: list[str], month: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    vat = 0
    for line in lines:
        if not line.strip():
            continue
        date, text, amount = line.split(";")
        if not date.strip().startswith(month):
            continue
        cents, category = parse_amount(amount), expense_category(text)
        sums[category] = sums.get(category, 0) + cents
        vat += vat_in(cents, 7 if category == "lodging" else 19)
    return {**dict(sorted(sums.items())), "VAT": vat, "total": sum(sums.values())}
```"""


def session_1(noor: Person) -> None:
    """Amounts. The first tool reads what she writes behind each expense."""
    _made(
        noor,
        AMOUNTS,
        ("parse_amount", "(text: str) -> int"),
        _cases("text", ("12,50 EUR", 1250), ("8 EUR", 800), ("0,99", 99), ("36,40 EUR", 3640), ("5,05 EUR", 505)),
        amount_code(r"(\d+)(?:,(\d\d))?", "found[1]"),
        ['parse_amount(text="7,10 EUR") == 710', 'parse_amount(text="100") == 10000'],
        ({"text": "119,00 EUR"}, "11900"),
    )


def session_2(noor: Person) -> None:
    """Categories. The second one tells what an expense was for."""
    words = ("Taxi to the airport", "Train to Hamburg", "Flight to Oslo", "Hotel Post", "Lunch")
    kinds = ("travel", "travel", "travel", "lodging", "meals", "meals", "meals", "other")
    more = ("Dinner with a customer", "Coffee", "Paper")
    _made(
        noor,
        CATEGORIES,
        ("expense_category", "(text: str) -> str"),
        _cases("text", *zip((*words, *more), kinds, strict=True)),
        CATEGORY_CODE,
        ['expense_category(text="TAXI") == "travel"', 'expense_category(text="Stamps") == "other"'],
        ({"text": "Hotel Tejo, two nights"}, "lodging"),
    )


def session_3(noor: Person) -> None:
    """VAT. The third one finds the tax in an amount."""
    rows = ((11900, 19, 1900), (1070, 7, 70), (1000, 19, 160), (3640, 7, 238), (99, 19, 16))
    _made(
        noor,
        VAT,
        ("vat_in", "(cents: int, rate: int) -> int"),
        [{"args": {"cents": cents, "rate": rate}, "returns": vat} for cents, rate, vat in rows],
        VAT_CODE,
        ["vat_in(cents=107, rate=7) == 7", "vat_in(cents=0, rate=19) == 0"],
        ({"cents": 21400, "rate": 7}, "1400"),
    )


def session_4(noor: Person) -> None:
    """The app. A tool made of the other three, which it imports: its entry point."""
    _made(
        noor,
        REPORT,
        ("monthly_report", "(lines: list[str], month: str) -> dict[str, int]"),
        REPORT_CASES,
        REPORT_CODE,
        ['monthly_report(lines=["2026-07-01; Pens; 5 EUR"], month="2026") == {"other": 500, "VAT": 80, "total": 500}'],
        ({"lines": ["2026-06-01; Taxi; 10 EUR"], "month": "2026-06"}, "10 EUR of travel, with 1,60 EUR of VAT."),
        uses=("parse_amount", "expense_category", "vat_in"),
    )


def session_5(noor: Person) -> None:
    """A correction. A flight for more than a thousand euros shows that the first tool stops at the dot. What she says
    becomes a regression of that tool, and it is repaired; the report is tried with the new version before that goes
    live, and is right from then on without being touched.
    """
    told = noor.says(
        'How many cents are "1.234,50 EUR"?', asks("parse_amount", text="1.234,50 EUR"), "That is 100 cents."
    )
    noor.corrects(
        told, "No, it is 123450.", code=[amount_code(r"(\d[\d.]*)(?:,(\d\d))?", 'found[1].replace(".", "")')] * 2
    )


SESSIONS: tuple[Callable[[Person], None], ...] = (session_1, session_2, session_3, session_4, session_5)
ENTRY = "monthly_report"
"""The tool that is started; the other three are what it is made of."""


async def start(forge: Forge, lines: Sequence[str], month: str) -> CallResult:
    """The app, called as any program calls it: no model is asked."""
    return await forge.call(ENTRY, {"lines": [*lines], "month": month})


def _cases(name: str, *pairs: tuple[str, JSON]) -> list[JSON]:
    return [{"args": {name: given}, "returns": wanted} for given, wanted in pairs]


def _made(
    noor: Person,
    text: str,
    tool: tuple[str, str],
    cases: list[JSON],
    code: str,
    tests: Sequence[str],
    then: tuple[dict[str, JSON], str],
    uses: Sequence[str] = (),
) -> None:
    """She asks, and a tool is made before she is answered by it."""
    name, signature = tool
    purpose = text.partition("\n")[0]
    need: dict[str, JSON] = {"name": name, "signature": signature, "purpose": purpose, "examples": cases}
    if uses:
        need["uses"] = [*uses]
    asserted = "\n".join(f"assert {one}" for one in tests)
    args, answer = then
    noor.says(
        text,
        asks("forge_tool", **need),
        asks(name, **args),
        answer,
        code=[code] * 2,
        tests=[f"```python\n{asserted}\n```"],
    )
