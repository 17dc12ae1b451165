"""What is asked of models at once, and what becomes of it when nobody waits for it any more."""

from __future__ import annotations

import gc

from agentforge.forge.author import Author
from agentforge.forge.spec import make_spec
from agentforge.testing import Reply, ScriptedModel
from agentforge.types import Role

from .forging import NEED, code


async def test_drafts_that_nobody_waits_for_any_more_were_never_begun_and_leave_nothing() -> None:
    model = ScriptedModel({Role.GENERATE: [code("RIGHT"), *[Reply("", pause=60)] * 5]})
    drafts = Author(model, make_spec(NEED), temperature=0.4, parallel=1).drafts(6)
    first = await anext(drafts)
    await drafts.aclose()
    assert "# RIGHT" in first.source
    assert len(model.asked(Role.GENERATE)) <= 2
    gc.collect()  # a coroutine that was made and not awaited would warn here, and warnings are errors
