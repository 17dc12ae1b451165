"""What the gates judge: one version of a tool with all that speaks for or against it.

A forging hands in the winner of its candidates, with what only a forging knows; ``tools check``
hands in a folder. Nothing here was said by the tool itself but its own files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agentforge.boxes.protocol import Limits, Toolbox
from agentforge.forge.agreement import Group
from agentforge.forge.cases import render_suite, render_test
from agentforge.forge.evidence import Workshop, contract_problems
from agentforge.forge.spec import Spec
from agentforge.registry.contract import Signature, docstring_of, read_signature
from agentforge.registry.tool import Tool
from agentforge.settings import GateSettings
from agentforge.types import Capabilities, Example, Layer


@dataclass(frozen=True, slots=True)
class LiveTools:
    """The live tools that a version would stand among, by name."""

    tools: Mapping[str, Tool] = field(default_factory=lambda: {})

    def toolbox(self, names: Iterable[str], *, instead: Mapping[str, str] | None = None) -> Toolbox:
        """The sources of the pure tools among ``names`` and of all that these need; ``instead`` replaces sources.

        What is not live, or has capabilities, is left out: importing it fails in the box.
        """
        found: dict[str, str] = {}
        waiting = list(names)
        while waiting:
            tool = self.tools.get(waiting.pop())
            if tool is not None and tool.name not in found and tool.pure:
                found[tool.name] = (instead or {}).get(tool.name, tool.source)
                waiting += tool.depends
        return found

    def dependents(self, name: str) -> list[Tool]:
        """The live tools that need ``name``, directly or through others, by name."""
        found: dict[str, Tool] = {}
        waiting = [name]
        while waiting:
            needed = waiting.pop()
            for tool in self.tools.values():
                if needed in tool.depends and tool.name not in found and tool.name != name:
                    found[tool.name] = tool
                    waiting.append(tool.name)
        return [found[each] for each in sorted(found)]


@dataclass(frozen=True, slots=True)
class Forged:
    """What only a forging knows: its spec, the group that the version comes from, how many were eligible.

    ``tester_is_generator``: its generated tests are not independent of its code, so that they only rank.
    ``dispute``: where candidates that are nearly as believable differ, or that it may know its examples by heart, as
    a sentence. ``guessed``: so many groups were tried on the held-out examples before it that these say little.
    """

    spec: Spec
    group: Group
    eligible: int
    tester_is_generator: bool
    guessed: bool = False
    dispute: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """One version before the gates.

    ``problems`` are breaches of the contract, found on the host. ``visible`` and ``held_out`` are
    ground truth; ``generated`` are cases that a model or the host made and that the suite holds; ``regressions`` are
    what tools of this name once did wrong, and what is right; ``stated`` are cases that a folder's docstring states.
    ``noticed`` are sources of mutants that a part of this suite was seen to notice. ``summary`` is what a folder's
    manifest says, ``layer`` that of the registry that it would stand in.
    """

    name: str
    signature: Signature | None
    source: str
    tests: str
    workshop: Workshop
    suite_limits: Limits
    settings: GateSettings
    problems: tuple[str, ...] = ()
    visible: tuple[Example, ...] = ()
    held_out: tuple[Example, ...] = ()
    generated: tuple[Example, ...] = ()
    regressions: tuple[Example, ...] = ()
    stated: tuple[Example, ...] = ()
    capabilities: Capabilities = field(default_factory=Capabilities)
    standing: LiveTools = field(default_factory=LiveTools)
    forged: Forged | None = None
    noticed: frozenset[str] = frozenset()
    summary: str = ""
    layer: Layer = Layer.USER

    @property
    def examples(self) -> tuple[Example, ...]:
        """The ground truth."""
        return (*self.visible, *self.held_out)

    @property
    def kept_tests(self) -> str:
        """All that is kept with a version and tried on each later one, as a suite: its tests, and in a forging or a
        repair a test for each held-out example. These stand in no file that a generator may be shown; what a folder
        holds beside its tests does not count for them.
        """
        held_out = self.held_out if self.forged is not None else ()
        more = [render_test(self.name, f"test_held_out_{at}", one) for at, one in enumerate(held_out, 1)]
        return "\n\n".join([self.tests, *more])

    @property
    def declared(self) -> frozenset[str]:
        """The errors that the tool may raise: those of its docstring, of its examples and of its rules."""
        named = self.signature.raises if self.signature is not None else ()
        shown = [example.raises for example in (*self.examples, *self.generated) if example.raises]
        return frozenset([*named, *shown, *(self.forged.spec.errors if self.forged is not None else ())])

    @property
    def purpose(self) -> str:
        """What it is promised to do: the words of the need, or of the docstring."""
        return self.forged.spec.need.purpose if self.forged is not None else docstring_of(self.source, self.name)

    @property
    def replaces(self) -> Tool | None:
        """The live tool of the same name, of which this would be a new version."""
        return self.standing.tools.get(self.name)


def submit(
    forged: Forged,
    cases: Sequence[Example],
    workshop: Workshop,
    suite_limits: Limits,
    settings: GateSettings,
    standing: LiveTools,
    regressions: Sequence[Example] = (),
) -> Submission:
    """The best candidate of a forging's group. Of the generated ``cases`` those that it passes go into its suite.

    Raises:
        ToolInvalid: the candidate breaks the contract, so that it was never eligible.
    """
    spec, best = forged.spec, forged.group.best
    agreed = tuple(case for case, held in zip(cases, best.cases, strict=True) if held)
    return Submission(
        name=spec.name,
        signature=read_signature(best.source, spec.name),
        source=best.source,
        tests=render_suite(spec.name, [*spec.visible, *agreed]),
        workshop=workshop,
        suite_limits=suite_limits,
        settings=settings,
        problems=tuple(contract_problems(best.source, spec, workshop.packages, workshop.imports)),
        visible=spec.visible,
        held_out=spec.held_out,
        generated=agreed,
        regressions=tuple(regressions),
        capabilities=spec.need.capabilities,
        standing=standing,
        forged=forged,
    )
