"""Learning: success, reuse, tokens per answer, wrong tools and spend over time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import cast, get_args

from pydantic import BaseModel, Field

from agentforge.api.learning import Period, Step
from agentforge.web.rooms.chart import Chart, chart
from agentforge.web.rooms.room import Asked, Read


class PeriodLine(BaseModel):
    """One day, week or month; shares are between 0 and 1, None where there was nothing to measure."""

    begins: str
    turns: int = Field(description="Turns that ended, in whatever way.")
    answers: int
    success: float | None = Field(description="Answers of turns.")
    right: int = Field(description="Answers that the user called right.")
    wrong: int
    reuse: float | None = Field(description="Answers for which a tool ran that was there before, of all answers.")
    made: int = Field(description="Tools that were made.")
    tokens: int
    tokens_per_answer: float | None
    wrong_calls: int = Field(description="Calls of tools that were called wrong, or found defect.")
    usd: float | None = Field(description="None where an endpoint has no price.")


class Wrong(BaseModel):
    """A tool, and how many of its calls were wrong."""

    tool: str
    calls: int


class LearningPage(BaseModel):
    """The periods, oldest first."""

    step: str
    lines: list[PeriodLine]
    wrong_tools: list[Wrong]
    unpriced: list[str] = Field(description="Endpoints without a price: what they took is in no sum of money.")

    @property
    def charts(self) -> list[Chart]:
        """As they are drawn."""
        labels = [label(self.step, one.begins) for one in self.lines]

        def drawn(
            name: str, title: str, meaning: str, of: Callable[[PeriodLine], float | None], told: Callable[[float], str],
            top: float | None = None,
        ) -> Chart:  # fmt: skip
            return chart(name, title, meaning, labels, [of(one) for one in self.lines], told, top=top)

        return [
            drawn("success", "Success", "Turns that ended with an answer.", lambda one: one.success, share, 1.0),
            drawn("reuse", "Reuse", "Answers by a tool that was there before.", lambda one: one.reuse, share, 1.0),
            drawn(
                "tokens", "Tokens per answer", "Sent and generated in turns, forgings included.",
                lambda one: one.tokens_per_answer, whole,
            ),
            drawn(
                "wrong", "Wrong tool calls", "Calls that you called wrong, or that were found defect.",
                lambda one: one.wrong_calls if one.turns else None, whole,
            ),
            drawn("made", "Tools made", "In answer to a request.", lambda one: one.made if one.turns else None, whole),
            drawn("spend", "Spend", "US dollars of turns; nights stand under Sleep.", lambda one: one.usd, dollars),
        ]  # fmt: skip

    @property
    def empty(self) -> bool:
        """Whether nothing happened."""
        return not any(one.turns or one.tokens for one in self.lines)


async def page(asked: Asked) -> LearningPage:
    """The numbers."""
    given = asked.query.get("by", "")
    step = cast("Step", given) if given in get_args(Step) else None
    found = await asked.of(lambda forge: forge.learning.measures(step))
    return LearningPage(
        step=found.step,
        lines=[_line(one) for one in found.periods],
        wrong_tools=[Wrong(tool=tool, calls=calls) for tool, calls in found.wrong_tools],
        unpriced=list(found.unpriced),
    )


def label(step: str, begins: str) -> str:
    """A period for people: ``Nov 2026``, or the day on which it begins."""
    day = date.fromisoformat(begins)
    return f"{day:%b %Y}" if step == "month" else f"{day.day} {day:%b}"


def share(value: float) -> str:
    """As per cent."""
    return f"{value:.0%}".replace("%", " %")


def whole(value: float) -> str:
    """As a number without a fraction."""
    return f"{value:,.0f}"


def dollars(value: float) -> str:
    """As money; of little the first digits that tell something."""
    return f"${value:,.2f}" if value >= 0.1 or not value else f"${value:.2g}"


def _line(one: Period) -> PeriodLine:
    return PeriodLine(
        begins=one.begins.isoformat(),
        turns=one.turns,
        answers=one.answers,
        success=one.answers / one.turns if one.turns else None,
        right=one.right,
        wrong=one.wrong,
        reuse=one.reused / one.answers if one.answers else None,
        made=one.made,
        tokens=one.tokens,
        tokens_per_answer=one.tokens / one.answers if one.answers else None,
        wrong_calls=one.wrong_calls,
        usd=one.usd if one.turns or one.tokens else None,
    )


READS = (
    Read(
        "/learning",
        "learning.html",
        LearningPage,
        "Success, reuse, tokens, wrong tools, spend",
        "learning",
        page,
        ("by",),
    ),
)
