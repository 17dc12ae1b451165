"""Runs in the box of the scorers: reads questions and writes answers, one JSON line each.

``{"score": NAME, "answer": TEXT, "entry": ITEM}`` → ``{"score": 0.0–1.0}``;
``{"fresh": NAME, "count": N, "seed": N}`` → ``{"items": [...]}``. Whatever a scorer raises is a score of 0.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

_BOUNDS = {resource.RLIMIT_AS: 4 << 30, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0, resource.RLIMIT_NPROC: 64}


def serve() -> None:
    """Answers until the input ends; nothing but answers goes to the real output."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import reasoning_gym

    for kind, value in _BOUNDS.items():
        resource.setrlimit(kind, (value, value))
    print("ready", file=out, flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(reasoning_gym, json.loads(line)), default=str), file=out, flush=True)


def _answer(gym: Any, asked: dict[str, Any]) -> dict[str, Any]:
    try:
        if "fresh" in asked:
            made = gym.create_dataset(asked["fresh"], seed=asked["seed"], size=asked["count"])
            return {"items": [made[at] for at in range(asked["count"])]}
        score = gym.get_score_answer_fn(asked["score"])
        return {"score": float(score(answer=asked["answer"], entry=asked["entry"]))}
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a scorer may raise anything on what a model wrote
        return {"score": 0.0, "error": repr(error)[:200]}


if __name__ == "__main__":
    serve()
