"""Gives tools to the step by which arise-ai 0.2.1 adopts one: ``ARISE._synthesize_gap`` and its promotion.

Of that step the sandbox is real. The tool and its suite are given instead of being written by a model, and
the adversarial tests, which only a model can write, are left out; so no suite is repaired either. Its tests
are functions in the tool's own file, so that ``from tool import …`` is taken out, and a small stand-in for
pytest (``raises``, ``mark.parametrize``) is put beside, which it does not have.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

PYTEST = """
import contextlib


@contextlib.contextmanager
def raises(error, match=None):
    caught = _Caught()
    try:
        yield caught
    except error as found:
        caught.value = found
    else:
        raise AssertionError(f"did not raise {error}")


class _Caught:
    value = None


class mark:
    @staticmethod
    def parametrize(names, rows):
        names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)

        def over(function):
            def test(**more):
                for row in rows:
                    function(**dict(zip(names, row if len(names) > 1 else [row])), **more)

            test.__name__ = function.__name__
            return test

        return over


def approx(value, **options):
    return value
"""
_STAND_IN = Path("/tmp/stand-in")
_IMPORT = re.compile(r"^from tool import .*$", re.MULTILINE)


def drive(need: dict[str, Any], _url: str, _model: str, tell: Callable[[str | None, str], None]) -> None:
    """Tells the verdicts on all tools so far after each."""
    from arise import ARISE
    from arise.types import GapAnalysis, Skill

    _STAND_IN.mkdir()
    (_STAND_IN / "pytest.py").write_text(PYTEST)
    os.environ["PYTHONPATH"] = str(_STAND_IN)  # for the process that its sandbox starts
    verdicts: list[dict[str, Any]] = []
    for tool in need["tools"]:
        forge = ARISE(agent_fn=_unused, reward_fn=_unused, model="none")
        skill = Skill(name=tool["name"], implementation=tool["source"], test_suite=_IMPORT.sub("", tool["tests"]))
        forge.forge.synthesize = lambda _gap, _library, skill=skill: skill
        forge.forge.adversarial_validate = lambda _skill: (True, "")
        found = forge._synthesize_gap(GapAnalysis(description="", suggested_name=tool["name"]), [])
        adopted = bool(found and found[2])
        verdicts.append({"adopted": adopted, "reason": _reason(forge, skill, adopted=adopted)})
        tell(json.dumps(verdicts), f"{len(verdicts)} tools")


def _unused(*_args: Any) -> Any:
    raise AssertionError("no episode is run")


def _reason(forge: Any, skill: Any, *, adopted: bool) -> str:
    if adopted:
        return "passed its tests"
    failing = [row for row in forge.sandbox.test_skill(skill).test_results if not row.passed]
    return "; ".join(f"{row.test_name}: {(row.error or '').strip()[-150:]}" for row in failing[:2])
