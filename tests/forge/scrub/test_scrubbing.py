"""What is found in a tool before it is shared, and what stands there afterwards."""

from __future__ import annotations

import ast
import re

import pytest
from stdnum import iban, luhn

from agentforge.forge.scrub.chance import is_drawn
from agentforge.forge.scrub.finding import findings
from agentforge.forge.scrub.known import NOTHING_KNOWN, Known, known_of
from agentforge.forge.scrub.scrubbing import scrub_text, scrub_tool
from agentforge.registry.manifest import Manifest, Provenance
from agentforge.registry.tool import Tool
from agentforge.secrecy import redact
from agentforge.types import Capabilities, Example

KEY = "ghp_Zk3vQ9mT1xW7bR4nL8cY2dS6fH0jP5gA1eUi"
FOUND = {
    f"key {KEY}": ("token", KEY),
    "aws wJ4lrXUtn7EMI/K7MDpNG/bPxRfiC2zEXuM9LEKq": ("key", "wJ4lrXUtn7EMI/K7MDpNG/bPxRfiC2zEXuM9LEKq"),
    "hash 9f86d081884c7d659a2feaa0c55ad015": ("key", "9f86d081884c7d659a2feaa0c55ad015"),
    "to noor@hafenwerk.de.": ("email", "noor@hafenwerk.de"),
    "call +49 171 2345678 now": ("phone", "+49 171 2345678"),
    "IBAN DE89 3704 0044 0532 0130 00": ("IBAN", "DE89 3704 0044 0532 0130 00"),
    "card 4539 1488 0343 6467": ("card", "4539 1488 0343 6467"),
    "it is 219-09-9998": ("social security number", "219-09-9998"),
    "born on 1984-03-12": ("date of birth", "1984-03-12"),
    "at 10.20.30.40": ("IP address", "10.20.30.40"),
    "on db-3.hafenwerk.internal": ("host", "db-3.hafenwerk.internal"),
    "in /home/noor/data": ("home folder", "noor"),
    "plate M-AB 1234": ("plate", "M-AB 1234"),
    "Passwort: Sommer2024!": ("token", "Sommer2024!"),
    '{"user": "noor", "pw": "Quay17!x"}': ("token", "Quay17!x"),
    "tool --password Quay17!x": ("token", "Quay17!x"),
    "curl -u noor:Quay17!x https://example.com": ("token", "Quay17!x"),
    "the PIN is 4821": ("PIN", "4821"),
    "ring 06 12 34 56 78": ("phone", "06 12 34 56 78"),
    "def test_pay_DE89370400440532013000():": ("IBAN", "DE89370400440532013000"),
    "dateOfBirth: 2010-11-01": ("date of birth", "2010-11-01"),
    "born on the 4th of May 1987": ("date of birth", "4th of May 1987"),
    '{"lat": 52.516275}': ("position", "52.516275"),
    "VAT GB999912973": ("national id", "GB999912973"),
    "postgres://app:Quay17!x@db.example.com/x": ("password", "Quay17!x"),
}
HARMLESS = [
    "card 4539 1488 0343 6468",  # its check digit is wrong
    "IBAN DE88370400440532013000",
    "to ada@example.com",
    "at 127.0.0.1 and 192.0.2.7",
    "born in the year 1984",
    "on 2026-11-27",
    "version 1.2.3.4",
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "test_the_longest_name_that_anybody_would_write_2_times",
    "utf8_to_utf16_le_x86_64_v2",
    "getElementsByClassNameAndTagName",
    "token: str, password: str | None = None",
    "123456789, 987654321",
    "3.14159265358979, 2.71828182845904",
    "git push --set-upstream, --user and --token",
]


@pytest.mark.parametrize(("text", "found"), FOUND.items())
def test_what_has_such_a_form_is_found_and_not_found_again_once_it_is_replaced(
    text: str, found: tuple[str, str]
) -> None:
    told = [(one.kind, one.text) for one in findings(text, NOTHING_KNOWN)]
    assert found in told
    clean = scrub_text(text, NOTHING_KNOWN)
    assert found[1] not in clean
    assert scrub_text(clean, NOTHING_KNOWN) == clean


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_resembles_it_stays(text: str) -> None:
    assert scrub_text(text, NOTHING_KNOWN) == text


def test_numbers_that_tools_check_stay_right() -> None:
    text = scrub_text("4539 1488 0343 6467 and DE89 3704 0044 0532 0130 00", NOTHING_KNOWN)
    card, _, account = text.partition(" and ")
    assert luhn.is_valid(card.replace(" ", ""))
    assert iban.is_valid(account)
    assert text != "4539 1488 0343 6467 and DE89 3704 0044 0532 0130 00"


def test_a_made_up_key_keeps_its_form_and_is_no_secret_to_the_gates() -> None:
    clean = scrub_text(f"x = '{KEY}'", NOTHING_KNOWN)
    assert len(clean) == len(f"x = '{KEY}'")
    assert clean.startswith("x = 'ghp_")
    assert redact(clean) == clean
    assert redact(KEY) == "[redacted:token]"


class TestKnown:
    """What the user's own memory tells."""

    def test_names_and_addresses_of_facts_are_found_wherever_they_stand(self) -> None:
        known = known_of(
            ["My name is Maria Kowalska.", "I live at 12 Tulip Lane in Marlow.", "Our dog is called Bruno."]
        )
        clean = scrub_text("KOWALSKA = 1  # maria_kowalska, Bruno, 12 Tulip Lane, Marlow", known)
        assert [word for word in ("kowalska", "bruno", "tulip", "marlow") if word in clean.lower()] == []

    def test_what_facts_say_of_work_is_no_name(self) -> None:
        known = known_of(["Answers come in English.", "Dates are written as 2026-11-27.", "Prefers Python to Excel."])
        assert known.names == frozenset()

    @pytest.mark.parametrize(
        "text",
        [
            "WRÓBLEWSKA",
            "Wroblewska",
            "zuzanna.wroblewska",
            "class _WróblewskaOrder:",
            "isWróblewska2",
            "Wróblewskas Rechnung",
            "Wr\\u00f3blewska",
            "Wro\u0301blewska",
            "Mia",
        ],
    )
    def test_a_name_is_found_in_whatever_way_it_is_written(self, text: str) -> None:
        known = known_of(["My boss is Zuzanna Wróblewska.", "My daughter is called Mia."])
        clean = scrub_text(text, known)
        assert not re.search("wr|zuz|mia", clean, re.IGNORECASE)
        assert scrub_text(clean, known) == clean

    def test_nobody_is_called_by_the_name_of_somebody_known(self) -> None:
        known = known_of(["My wife Andrea Kim works with Robin Lindqvist.", "My colleague Luca is from Bergen."])
        clean = scrub_text("Andrea Kim, Robin Lindqvist, Luca, Bergen", known)
        assert {*re.findall(r"\w+", clean)} & known.names == set()
        assert scrub_text(clean, known) == clean

    def test_short_names_are_not_taken_for_words(self) -> None:
        known = known_of(["My brother is called Mark."])
        assert scrub_text("Mark, mark the text", known) != "Mark, mark the text"
        assert scrub_text("mark the text", known) == "mark the text"

    def test_what_the_user_calls_harmless_stays_but_no_secret(self) -> None:
        known = Known(kept=frozenset({"shop@hafenwerk.de", KEY}))
        clean = scrub_text(f"shop@hafenwerk.de {KEY}", known)
        assert clean.startswith("shop@hafenwerk.de ")
        assert KEY not in clean


def a_tool(
    source: str, tests: str = "", examples: tuple[Example, ...] = (), name: str = "mails", **more: object
) -> Tool:
    facts = {"summary": "Read mails.", "signature": "(text: str) -> str", **more}
    return Tool(Manifest.model_validate({"name": name, **facts}), source, tests, examples)


class TestTool:
    """A whole tool: what fitted together still does."""

    def test_the_same_text_gets_the_same_name_in_every_file(self) -> None:
        source = "def mails(text: str) -> str:\n    return 'noor@hafenwerk.de' if 'Noor' in text else text\n"
        tests = "assert mails('Noor') == 'noor@hafenwerk.de'\n"
        case = Example({"text": "Noor"}, "noor@hafenwerk.de", source="feedback:77")
        clean = scrub_tool(a_tool(source, tests, (case,)), NOTHING_KNOWN).tool
        other = next(node.value for node in ast.walk(ast.parse(clean.tests)) if isinstance(node, ast.Constant))
        assert other != "noor@hafenwerk.de"
        assert repr(other) in clean.source
        assert clean.examples == (Example({"text": "Noor"}, other, source="feedback"),)

    def test_a_number_is_replaced_with_and_without_its_separators_and_stays_a_number(self) -> None:
        source = "CARD = 4539148803436467\n"
        case = Example({"card": 4539148803436467, "text": "4539 1488 0343 6467"})
        clean = scrub_tool(a_tool(source, examples=(case,)), NOTHING_KNOWN).tool
        number = ast.literal_eval(clean.source.partition("= ")[2])
        assert number != 4539148803436467
        assert clean.examples[0].args == {
            "card": number,
            "text": str(number)[:4] + " " + " ".join(str(number)[at : at + 4] for at in (4, 8, 12)),
        }

    def test_what_a_key_of_an_example_tells_counts(self) -> None:
        case = Example({"row": {"date_of_birth": "1984-03-12", "due": "1999-01-02"}})
        [clean] = scrub_tool(a_tool("", examples=(case,)), NOTHING_KNOWN).tool.examples
        assert clean.args["row"] != case.args["row"]
        assert "1999-01-02" in str(clean.args)

    def test_provenance_names_no_session_and_no_file(self) -> None:
        origin = Provenance(job="j1", episodes=("s1",), sources=("file:noor.csv",), models={"generate": "m"})
        tool = a_tool("", provenance=origin)
        assert scrub_tool(tool, NOTHING_KNOWN).tool.manifest.provenance == Provenance(
            sources=(f"version:{tool.version}",), models={"generate": "m"}
        )

    def test_a_hash_of_a_text_that_stands_there_is_no_key(self) -> None:
        tests = "assert f('abc') == 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'\n"
        assert scrub_tool(a_tool("", tests), NOTHING_KNOWN).tool.tests == tests
        other = tests.replace("abc", "something else")
        assert scrub_tool(a_tool("", other), NOTHING_KNOWN).tool.tests != other

    def test_a_name_in_the_name_of_the_tool_and_a_host_of_the_users_own_are_told(self) -> None:
        known = known_of(["My name is Maria Kowalska."])
        told = scrub_tool(a_tool("", name="kowalskas_rate"), known).problems
        assert told == ("its name holds a name that your facts know: have it made again under another one",)
        tool = a_tool("", capabilities=Capabilities(hosts=("db-3.hafenwerk.internal",)))
        assert scrub_tool(tool, known).problems == (
            "it reaches a host of your own network: a shared tool would tell its name",
        )
        tool = a_tool("", capabilities=Capabilities(files=("kowalska.csv",), secrets=("KOWALSKA_TOKEN",)))
        assert scrub_tool(tool, known).problems == (
            "what it may reach has a name that looks personal: have it made again with another one",
        )

    def test_a_place_of_an_example_is_found_by_its_keys(self) -> None:
        case = Example({"row": {"lat": 52.516275, "lng": 13.377704, "rate": 13.377705}})
        [clean] = scrub_tool(a_tool("", examples=(case,)), NOTHING_KNOWN).tool.examples
        assert "52.516275" not in str(clean.args)
        assert "13.377704" not in str(clean.args)
        assert "13.377705" in str(clean.args)


def test_keys_are_told_from_names_by_how_they_are_put_together() -> None:
    assert is_drawn("Zk3vQ9mT1xW7bR4nL8cY2dS6")
    assert is_drawn("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")
    assert not is_drawn("SHA256_WITH_RSA2048_AND_MGF1")
    assert not is_drawn("/usr/lib/python3/dist-packages/numpy")
