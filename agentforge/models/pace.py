"""How fast an endpoint has answered, and how long a further answer may take by that."""

from __future__ import annotations

from collections import deque

from agentforge.types import Usage

FLOOR = 60.0
"""Seconds that every request has: a connection, other people's requests, a longer prompt than those before."""
FACTOR = 4.0
"""How many times slower than the slowest of late a request may be before it counts as stuck."""
RECENT = 16
"""So many of the last finished requests count."""
ENOUGH = 3
"""With fewer nothing is known, and the configured limit stands alone."""
READING = 8
"""A token of the prompt costs at most an eighth of one that is written, on all that we have seen."""
LEAST_WORK = 16
"""Tokens; what is smaller measures the connection and not the model."""


class Pace:
    """The pace of one endpoint, measured on what it finished.

    The *work* of a request is counted in written tokens: ``answer + prompt / READING``. ``slowest`` is the largest
    of seconds per work among the last ``RECENT`` finished requests; a mean would cut off what is slow since the
    machine is busy. A request of ``prompt`` tokens that may write ``most`` has::

        min(ceiling, FLOOR + FACTOR * slowest * (most + prompt / READING))

    seconds, and the whole ``ceiling`` while fewer than ``ENOUGH`` were measured.
    """

    def __init__(self) -> None:
        self._measured: deque[float] = deque(maxlen=RECENT)

    def finished(self, usage: Usage, seconds: float) -> None:
        """Takes in a finished request. What the prefix cache spared was no work."""
        if (work := _work(usage.input_tokens - usage.cached_tokens, usage.output_tokens)) >= LEAST_WORK:
            self._measured.append(seconds / work)

    def limit(self, prompt: int, most: int, ceiling: float) -> float:
        """Seconds for a request (see the class), never more than ``ceiling``."""
        if len(self._measured) < ENOUGH:
            return ceiling
        return min(ceiling, FLOOR + FACTOR * max(self._measured) * _work(prompt, most))

    def forget(self) -> None:
        """Something took too long, so what was measured holds no more: a server that has become slow is given the
        whole ceiling again instead of being cut off for ever.
        """
        self._measured.clear()


def _work(prompt: int, written: int) -> float:
    return written + prompt / READING
