"""Reviews over the JSON API of ``agentforge web``: approves what is plain, and leaves everything else to people.

AGENTFORGE_BOT_TOKEN=… python -m examples.reviewer_bot http://127.0.0.1:8430

Plain is a new tool that passed every gate, may reach nothing, and of which nothing is doubted. The bot never rejects:
it does not know what a person wants. Its decision names the version that it looked at, so it falls on no other.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import httpx2

REASON = "Every gate passed, and it may reach nothing."


def doubts(proposal: dict[str, Any]) -> list[str]:
    """Why a person should look at it; empty where nothing is left to judge."""
    tool = proposal["tool"] or {"gates": [], "reaches": [], "source": ""}
    failed = [f"gate {gate['gate']}: {gate['verdict']}" for gate in tool["gates"] if gate["verdict"] != "passed"]
    return [
        *proposal["obstacles"],
        *proposal["doubts"],
        *failed,
        *(f"may reach {reach}" for reach in tool["reaches"]),
        *(["no gate was run"] if not tool["gates"] else []),
        *(["it would take the place of another version"] if proposal["standing"] else []),
    ]


def main(address: str, token: str) -> int:
    """One look at the queue; gives the number of proposals that could not be decided as planned."""
    went_wrong = 0
    headers = {"Authorization": f"Bearer {token}"}
    # An approval may try the proposal in a box once more, which takes its time.
    with httpx2.Client(base_url=f"{address}/api/v1", headers=headers, timeout=120) as api:
        for target in api.get("/queue").raise_for_status().json()["targets"]:
            proposal = api.get(f"/queue/{target}").raise_for_status().json()
            if why := doubts(proposal):
                print(f"{target}: left to a person ({'; '.join(why)})")
                continue
            order = {"act": "approve", "version": proposal["version"], "reason": REASON, "commit": proposal["commit"]}
            answer = api.post(f"/queue/{target}/decision", json=order)
            if answer.status_code == httpx2.codes.OK:
                print(f"{target}: approved ({answer.json()['commit'][:12]})")
            else:  # somebody was faster, or it may not be decided by this token
                print(f"{target}: {answer.json()['message']}")
                went_wrong += 1
    return went_wrong


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1].rstrip("/"), os.environ["AGENTFORGE_BOT_TOKEN"])))
