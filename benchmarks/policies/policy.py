"""A written policy: its words before and after one change, worked examples, questions and what is right of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = int | float | str
Given: TypeAlias = tuple[Value, ...]
Wording: TypeAlias = Mapping[str, int | float]
"""The figures that stand in the words of a rule, by the name of their blank."""

PAGE = """# {title}

{around}

## Purpose

This page is kept by the office and read out to everybody who joins. It replaces all earlier letters.

## {heading}

{rule} Examples:

{cases}

## Who to ask

Questions go to the office on the ground floor, on working days before noon.
"""


@dataclass(frozen=True)
class Policy:
    """One document. ``rule`` has blanks for the figures of ``before`` and ``after``, its one change.

    ``gold`` gives what is right for a wording and given values. ``case`` is how a worked example is written, ``ask``
    how a question is; the values of ``shown`` are worked examples, those of ``asked`` are never among them.
    """

    id: str
    title: str
    heading: str
    around: str
    rule: str
    before: Wording
    after: Wording
    gold: Callable[..., Value]
    case: str
    ask: str
    shown: tuple[Given, ...]
    asked: tuple[Given, ...]

    def page(self, wording: Wording) -> str:
        """The document in Markdown."""
        cases = "\n".join(
            f"- {self.case.format(*given)} -> {shown(self.gold(wording, *given))}" for given in self.shown
        )
        rule = self.rule.format(**wording)
        return PAGE.format(title=self.title, around=self.around, heading=self.heading, rule=rule, cases=cases)

    def questions(self, wording: Wording) -> list[tuple[str, str]]:
        """Each question with what is right under a wording."""
        return [(self.ask.format(*given), shown(self.gold(wording, *given))) for given in self.asked]


def shown(value: Value) -> str:
    """A value as the page writes it: a number that is none but whole without a point, else with two decimals."""
    return f"{value:.2f}" if isinstance(value, float) else str(value)
