"""What runs in the box: outcomes of a right tool, and of a wrong one, on examples and fresh inputs.

Standard library only; the host sends this file's text and reads JSON back. The functions below
:func:`words_of` are the words in which ``# %% fresh`` cells are written.
"""

import copy
import json
import random
import signal
from datetime import date, timedelta

ALPHABET = "abcdefghijklmnopqrstuvwxyz"


class _TooSlow(BaseException):
    pass


def outcomes(sources, name, examples, fresh, count, seconds):
    """``{"examples": …, "fresh": …, "outcomes": [for each source, for each input]}``.

    An outcome is ``{"returns": value}``, ``{"raises": name}``, ``{"slow": true}`` or ``{"bad": why}``;
    with ``"args"``, the arguments afterwards, where the call changed them. After ``slow`` a source is not
    called any more; its further outcomes are None.
    """
    words = words_of(random.Random(f"planted {name}"))
    given = eval(examples, dict(words))
    made = [eval(fresh, dict(words)) for _ in range(count)]
    inputs = [*given, *made]
    if json.loads(json.dumps(inputs)) != inputs:
        raise ValueError("an input is not the same after JSON")
    signal.signal(signal.SIGALRM, _stop)
    told = [_all_outcomes(source, name, inputs, seconds) for source in sources]
    return {"examples": given, "fresh": made, "outcomes": told}


def _stop(_number, _frame):
    raise _TooSlow


def _all_outcomes(source, name, inputs, seconds):
    module = {"__name__": "tool"}
    exec(compile(source, "tool.py", "exec"), module)
    found = []
    for args in inputs:
        slow = bool(found) and (found[-1] is None or "slow" in found[-1])
        found.append(None if slow else _outcome(module[name], args, seconds))
    return found


def _outcome(function, args, seconds):
    own = copy.deepcopy(args)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        value = function(**own)
        signal.setitimer(signal.ITIMER_REAL, 0)
        found = {"returns": json.loads(json.dumps(value, allow_nan=False))}
        if found["returns"] != value:
            found = {"bad": f"{value!r} is no JSON"[:200]}
    except _TooSlow:
        found = {"slow": True}
    except Exception as error:  # noqa: BLE001  a tool raises what it likes
        found = {"raises": type(error).__name__}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return found if own == args else {**found, "args": repr(own)[:200]}


def words_of(r):
    """The words, drawing from ``r``."""

    def pick(*choices):
        return r.choice(choices)

    def num(low, high):
        return r.randint(low, high)

    def dec(low, high, places):
        return round(r.uniform(low, high), places)

    def many(make, low, high):
        return [make() for _ in range(r.randint(low, high))]

    def chars(alphabet, low, high):
        return "".join(many(lambda: r.choice(alphabet), low, high))

    def word():
        return chars(ALPHABET, 1, 8)

    def words(low, high):
        return " ".join(many(word, low, high))

    def day(first_year=2019, last_year=2026, most_days=None):
        first = date(first_year, 1, 1)
        span = (date(last_year, 12, 31) - first).days
        return (first + timedelta(days=r.randint(0, min(span, most_days or span)))).isoformat()

    def later(start, low, high):
        return (date.fromisoformat(start) + timedelta(days=r.randint(low, high))).isoformat()

    def clock():
        return f"{r.randint(0, 23):02d}:{r.randint(0, 59):02d}"

    made = (pick, num, dec, many, chars, word, words, day, later, clock)
    return {function.__name__: function for function in made}
