"""The page about the app, made from its sessions."""

from __future__ import annotations

import subprocess
from pathlib import Path

from examples.expenses.sessions import ENTRY, SESSIONS
from examples.living import Person

FILE = Path(__file__).resolve().parents[2] / "docs" / "app.md"
NOTES = "examples/expenses/march.txt"
LOG = "git log --reverse --date=short --format='%ad %s'"
DEPENDS = f"git show main:tools/{ENTRY}/tool.toml | sed -n '/^depends/,/^]/p'"

HEAD = """# An app, forged and kept

<!-- Made by `python -m examples.expenses --anew --page`, and checked by tests/examples/test_expenses.py; change
     examples/expenses, not this page. -->

An app is a tool that is made of other tools; it is started like any tool. This one reads Noor's notes of what she
spent and sums a month up. It was never planned: each of its tools was made in a session in which she needed it, and the
last one imports the others. Let it grow again, in a home of its own, and run it:

```sh
python -m examples.expenses {notes} 2026-03
```

The first start replays her five sessions (the models are scripted, see `examples/expenses/sessions.py`; git, database,
sandbox and gates are real). Later ones just call the app: no model is asked, and nothing is written but the row that
tells of the call. From a terminal, and from a program:

```sh
AGENTFORGE_HOME=.expenses agentforge tools call {entry} lines=@{notes} month=2026-03 --user noor
```

```python
result = await forge.call("{entry}", {{"lines": lines, "month": "2026-03"}})
```

It prints

```text
{printed}
```

## How it grew
"""

TAIL = """
What the app is made of stands in its manifest, and in the first line of its code:

```text
{depends}
{code}
```

Its whole history, printed inside the registry by `{log}`:

```text
{logged}
```

Carry it away with `git clone .expenses/registries/personal/noor.git`: the clone holds tools, tests, examples, reports
and the reason for every change. [The days of a user](ten-days.md) show what else an agent learns.
"""


def page(noor: Person) -> str:
    """The page, after the sessions; ``noor`` has the app."""
    noor.told.pop(len(SESSIONS) + 1, None)
    noor.wakes(len(SESSIONS) + 1)
    root = Path(__file__).resolve().parents[2]
    printed = noor.types("tools", "call", ENTRY, f"lines=@{root / NOTES}", "month=2026-03")
    parts = [HEAD.format(notes=NOTES, entry=ENTRY, printed=printed.strip())]
    for number, session in enumerate(SESSIONS, 1):
        title, _, words = " ".join((session.__doc__ or "").split()).partition(". ")
        said = "\n".join(noor.told[number])
        parts.append(f"### Session {number}: {title}\n\n{words}\n\n```text\n{said}\n```\n")
    code = _git(noor, f"git show main:tools/{ENTRY}/tool.py")
    tail = {"depends": _git(noor, DEPENDS), "code": code.partition("\n")[0], "log": LOG, "logged": _git(noor, LOG)}
    return "\n".join(parts) + TAIL.format(**tail)


def _git(noor: Person, command: str) -> str:
    done = subprocess.run(  # noqa: S602 - a command that the page shows, as it stands there
        command, shell=True, cwd=noor.registry, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
