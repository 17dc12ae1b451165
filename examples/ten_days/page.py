"""The page that tells of the ten days, made from them: what Mira saw, and what git says of each day."""

from __future__ import annotations

import inspect
import re
import subprocess
from datetime import timedelta
from pathlib import Path

from examples.living import FIRST_DAY, Person
from examples.ten_days.days import DAYS

FILE = Path(__file__).resolve().parents[2] / "docs" / "ten-days.md"

LOG = """git log --reverse --date=short --format='%n%ad %s' -p -U0 --no-renames \\
    -- memory regressions revoked.toml state.toml 'tools/*/tool.py' ':!memory/documents/*/document.toml' \\
  | grep -v -E '^(diff|index|---|@@|new file|deleted file)'"""
"""What changed in what people read, day by day; tests, examples and reports of tools are long, and left out."""

HEAD = """# Ten days with one user

<!-- Made by `python -m examples.ten_days --page`, and checked by tests/examples/test_ten_days.py; change the days in
     examples/ten_days, not this page. -->

Mira roasts coffee. This is what she said to her agent on ten days, and what git says of them afterwards: all that an
agent learns and decides is a commit in a repository that belongs to its user. Live the days again, in a home of their
own, with

```sh
python -m examples.ten_days
```

The models are scripted, so that the same happens each time: what they answer stands beside her words in
`examples/ten_days/days.py`. All else is real: git, the database, the sandbox, the gates, the commands. With
`--model-url URL` a real model behind that address answers instead, as well as it can. The days themselves are put
into the calendar by `agentforge.testing.MovedClock`.

Of each day you see what was said, then what this command prints of it, inside her registry:

```sh
{log}
```

Ids and hashes are those of one run. Each commit tells more than is shown here: its trailers name the job, the session
and the models that it came from (`git log` without `--format`), and beside each `tool.py` stand its tests, examples
and the report of its gates (`git show --stat`)."""

TAIL = """
## What to take from it

- Subjects and trailers of commits hold ids and names of tools, never what was said. So a thing can be forgotten and its
  commits can stay; who wants words reads `git log -p`.
- What happened (sessions, calls, whether an answer was right) is in the database; what was learned or decided is a
  commit. Day 3 shows both: *That is right* leaves no commit.
- Everything that went wrong was put right in the open: the label of day 4 by a regression and a new version, the price
  of day 6 by a stale mark and a new version, the misread preference of day 7 by the *Undo* of day 8, what was Anna
  Berger's by a revocation and a rewritten history. Nothing that is right was lost on the way.

[The tools of a whole app](app.md) grow in the same manner.
"""


def page(mira: Person) -> str:
    """The page, after the days were lived."""
    logged = of_each_day(mira.registry)
    parts = [HEAD.format(log=LOG)]
    for number, day in enumerate(DAYS, 1):
        moment = FIRST_DAY + timedelta(days=number - 1)
        title, _, words = inspect.cleandoc(day.__doc__ or "").partition("\n")
        seen, said = "\n".join(mira.told.get(number, [])), logged.get(f"{moment:%Y-%m-%d}", "nothing")
        parts.append(f"\n## Day {number}, {moment:%A} {moment.day} {moment:%B}: {title.rstrip('.')}")
        parts += [f"{words}\n", f"```text\n{seen}\n```\n", f"```text\n{said}\n```"]
    return "\n".join(parts) + "\n" + TAIL


def of_each_day(registry: Path) -> dict[str, str]:
    """What :data:`LOG` prints, by date."""
    done = subprocess.run(  # noqa: S602 - the command that the page shows, as it stands there
        LOG, shell=True, cwd=registry, capture_output=True, text=True, check=True
    )
    found: dict[str, list[str]] = {}
    for commit in re.split(r"\n(?=\d{4}-\d\d-\d\d )", done.stdout):
        if told := commit.strip("\n"):
            found.setdefault(told[:10], []).append(told)
    return {date: "\n\n".join(commits) for date, commits in found.items()}


_OF_ONE_RUN = (
    (r"\b[0-9a-f]{10,64}\b|\b[dr][0-9a-f]{12}\b", "#"),
    (r"\b[fp][0-9a-hjkmnp-tv-z]{7}\b", "#"),
    (r"call_\d+|\b\d\d:\d\d(?::\d\d)?\b|[\d,]+ tokens, [\d.]+ seconds|\d+ (?:costs|events)", "#"),
)


def same_in_every_run(text: str) -> list[str]:
    """The lines of a page without what one run gave them, in an order that ids have no part in."""
    for pattern, instead in _OF_ONE_RUN:
        text = re.sub(pattern, instead, text)
    return sorted(line for line in text.splitlines() if line.strip())
