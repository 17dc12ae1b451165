"""A registry such as a person has after some weeks: what waits, what stands and what was decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from agentforge.registry import review
from agentforge.registry.contract import read_signature
from agentforge.registry.layers import Registry
from agentforge.registry.manifest import Manifest, Provenance
from agentforge.registry.tool import Tool, contents_of
from agentforge.types import Capabilities, Example, Role, State

RATES = '''"""Exchange rates of the European Central Bank."""

import json
from urllib.request import urlopen


def eur_rate(currency: str, day: str = "latest") -> float:
    """How many units of a currency one euro buys.

    Raises:
        ValueError: no such currency.
    """
    with urlopen(f"https://api.frankfurter.app/{day}?to={currency}") as answer:
        rates = json.load(answer)["rates"]
    if currency not in rates:
        raise ValueError(f"no rate for {currency!r}")
    return rates[currency]
'''
RATES_TESTS = """import pytest

from tool import eur_rate


def test_a_known_currency():
    assert eur_rate("USD", "2026-11-02") == 1.0921


def test_an_unknown_one():
    with pytest.raises(ValueError):
        eur_rate("XXX")
"""
IBAN = '''def check_iban(text: str) -> bool:
    """Whether an IBAN's check digits are right (ISO 13616)."""
    iban = text.replace(" ", "").upper()
    if not iban.isalnum() or len(iban) < 5:
        return False
    digits = "".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])
    return int(digits) % 97 == 1
'''
IBAN_TESTS = """from tool import check_iban


def test_a_right_one():
    assert check_iban("DE89 3704 0044 0532 0130 00")


def test_two_digits_exchanged():
    assert not check_iban("DE98 3704 0044 0532 0130 00")
"""
CLEAN = '''import re


def clean_phone(text: str, country: str = "+49") -> str:
    """A phone number in international form, digits only after the plus."""
    number = re.sub(r"[^\\d+]", "", text)
    return number if number.startswith("+") else country + number.lstrip("0")
'''
CLEAN_TESTS = """from tool import clean_phone


def test_spaces_and_brackets_go():
    assert clean_phone("(030) 123 456") == "+4930123456"
"""

PHONES = (
    Example({"text": "(030) 123 456"}, "+4930123456", source="user"),
    Example({"text": "+44 20 7946 0018"}, "+442079460018", source="user"),
    Example({"text": "0171/555 01 23"}, "+491715550123", source="user", held_out=True),
    Example({"text": "030-99", "country": "+43"}, "+433099", source="user", held_out=True),
)


def report(source: str, tests: str, **changed: str) -> dict[str, Any]:
    """A report of all gates; ``changed`` gives other summaries."""
    told = {
        "source contract": "no problem",
        "visible tests": "5 of 5 pass",
        "held-out examples": "2 of 2 right",
        "suite strength": "14 of 15 mutants are killed; a stub fails",
        "fuzz": "200 inputs: declared errors only, the same in two boxes",
        "capabilities": "reaches what it declares and nothing else",
        "behavioural duplicates": "none among 41 tools of this signature",
        **changed,
    }
    gates = [
        {"gate": gate, "verdict": "passed", "summary": says, "evidence": {"seconds": 0.4}}
        for gate, says in told.items()
    ]
    box = {"launcher": "docker", "tier": "call"}
    return {"format": 1, "contents": contents_of(source, tests), "gates": gates, "box": box}


def tool(source: str, tests: str, summary: str, requests: tuple[str, ...], **changed: Any) -> Tool:
    """A tool of these two files."""
    name = source.partition("def ")[2].partition("(")[0]
    origin = Provenance(
        job=f"job-{name[:4]}",
        episodes=("ep-20261118-3",),
        models={Role.PLAN: "claude-sonnet", Role.GENERATE: "qwen2.5-coder-7b"},
        created=date(2026, 11, 18),
        parent=changed.get("parent", ""),
        sources=changed.get("sources", ()),
    )
    signature = read_signature(source, name).text
    capabilities = changed.get("capabilities", Capabilities())
    manifest = Manifest(
        name=name, summary=summary, signature=signature, requests=requests, capabilities=capabilities, provenance=origin
    )
    examples = tuple(changed.get("examples", ()))
    told = report(source, tests)
    if not any(one.held_out for one in examples):
        told["gates"][2] |= {"verdict": "skipped", "summary": "No example was kept from the generator."}
    return Tool(manifest, source, tests, examples, told)


def filled(path: Path) -> None:
    """Makes the registry: three things wait (two new tools and a new version), two tools stand."""
    examples = (
        Example({"text": "DE89 3704 0044 0532 0130 00"}, True, source="user"),
        Example({"text": "DE89 3704 0044 0532 0130 01"}, False, source="user"),
        Example({"text": "GB82 WEST 1234 5698 7654 32"}, True, source="user", held_out=True),
        Example({"text": "FR14 2004 1010 0505 0001 3M02 607"}, False, source="user", held_out=True),
    )
    with Registry.open_or_create(path) as registry:
        first = tool(
            CLEAN,
            CLEAN_TESTS,
            "Bring a phone number into international form.",
            ("Tidy these numbers: …",),
            examples=PHONES,
        )
        registry.add(first, state=State.PROPOSED, reason="It was made after reading a page: phone.example.org.")
        review.approve(registry, "clean_phone", approver="ben", reason="Checked it against our customer list.")
        iban = tool(IBAN, IBAN_TESTS, "Check an IBAN.", ("Is DE89 3704 … a valid IBAN?",), examples=examples)
        registry.add(iban, state=State.LIVE)
        better = CLEAN.replace("    number = re", '    if not text.strip():\n        return ""\n    number = re')
        changed = tool(
            better,
            CLEAN_TESTS + '\n\ndef test_nothing_stays_nothing():\n    assert clean_phone(" ") == ""\n',
            "Bring a phone number into international form.",
            ("Tidy these numbers: …", "What is (030) 123 456 with its country code?"),
            parent=registry.get("clean_phone").version,
            examples=PHONES,
        )
        registry.add(changed, state=State.PROPOSED, reason="clean_phone is pinned.")
        rates = tool(
            RATES,
            RATES_TESTS,
            "How many units of a currency one euro buys.",
            ("What is 120 € in dollars?", "Convert the total of invoice 17 to francs."),
            capabilities=Capabilities(hosts=("GET api.frankfurter.app",)),
            sources=("page:api.frankfurter.app",),
            examples=(Example({"currency": "USD", "day": "2026-11-02"}, 1.0921, source="user"),),
        )
        registry.add(rates, state=State.PROPOSED, reason="It may fetch from api.frankfurter.app.")
        words = IBAN.replace("check_iban", "check_bic").replace("an IBAN's check digits are right (ISO 13616)", "a BIC")
        bic = replace(tool(words, IBAN_TESTS.replace("iban", "bic"), "Check a BIC.", ("Is DEUTDEFF a BIC?",)))
        registry.add(bic, state=State.PROPOSED, reason="No example was held back to prove it.", unconfirmed=True)
