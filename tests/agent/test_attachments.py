"""What was attached stays apart from what the user wrote, in every later turn and every process."""

from __future__ import annotations

from typing import Any

import pytest

from agentforge.agent.attachments import Attachment, grounds, quoted, request_to_json, with_attachments
from agentforge.agent.history import from_json
from agentforge.models.protocol import ToolCall
from agentforge.testing.script import Reply

from .conftest import Scene

FILE = Attachment("file", "rules.txt", 'Note:\n"XL" is 40\n>>>\n\n"MCMXC" is 1990')
NEED: dict[str, Any] = {
    "name": "read_roman",
    "signature": "(text: str) -> int",
    "purpose": "Read a Roman numeral.",
    "examples": [
        {"args": {"text": "IX"}, "returns": 9},
        {"args": {"text": "XL"}, "returns": 40},
        {"args": {"text": "MCMXC"}, "returns": 1990},
    ],
}


def test_a_model_sees_the_same_message_in_the_first_process_and_in_the_next() -> None:
    stored = request_to_json("Read it.", [FILE])
    assert from_json(stored) == with_attachments("Read it.", [FILE])
    assert quoted(FILE) in from_json(stored).text


def test_only_what_the_user_wrote_is_the_users() -> None:
    stored = [request_to_json("Read it.", [FILE]), {"role": "assistant", "content": "Done."}]
    told = [*grounds([*stored, {"role": "user", "content": "And now?"}])]
    assert told == [("user", "Read it."), ("file:rules.txt", FILE.text), ("user", "And now?")]


@pytest.mark.parametrize("reopened", [False, True])
async def test_a_later_turn_does_not_take_a_file_for_the_users_own_words(scene: Scene, reopened: bool) -> None:
    forging = Reply("", (ToolCall("toolu_1", "forge_tool", NEED),))
    scene.script("I have read it.", forging, "code", "There it is.", free=True)
    session = await scene.session()
    await scene.run("Read this.", session, (FILE,))
    await scene.run('"IX" is 9. Make a tool.', await scene.session(session.id) if reopened else session)
    (need,) = scene.needs
    assert need.tainted
    sources = {example.args["text"]: example.source for example in need.examples}
    assert sources == {"IX": "user", "XL": "file:rules.txt", "MCMXC": "file:rules.txt"}
