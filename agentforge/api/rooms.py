"""The rooms of one user that a :class:`~agentforge.api.facade.Forge` opens onto, each made at its first need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentforge.api.opened import Opened
from agentforge.settings import Settings

if TYPE_CHECKING:
    from agentforge.api.activity import Activity
    from agentforge.api.approvals import Approvals
    from agentforge.api.documents import UserDocuments
    from agentforge.api.interchange import Interchange
    from agentforge.api.knowledge import UserKnowledge
    from agentforge.api.learning import Learning
    from agentforge.api.lineage import Lineage
    from agentforge.api.memory import UserMemory
    from agentforge.api.promotion import Promotion
    from agentforge.api.review import Review
    from agentforge.api.sessions import Sessions
    from agentforge.api.sleep import UserSleep
    from agentforge.api.sync import UserSync


class Rooms:
    """What a façade leads to, beside what it does itself. Each raises UsageError while that is not open."""

    settings: Settings

    def _opened(self) -> Opened:
        raise NotImplementedError

    @property
    def opened(self) -> Opened:
        """What is open behind all of them, for the other edges of this program; no part of the library's promise."""
        return self._opened()

    @property
    def activity(self) -> Activity:
        """What was changed and decided, by whom and why, and whether all is well."""
        from agentforge.api.activity import Activity

        return Activity(self._opened(), self.settings)

    @property
    def approvals(self) -> Approvals:
        """What paused runs wait for: listed and decided; ``Forge.resume`` goes on with the run."""
        from agentforge.api.approvals import Approvals

        return Approvals(self._opened(), self.settings)

    @property
    def documents(self) -> UserDocuments:
        """Documents that are kept, searched and cited, and the tools that were made from them."""
        from agentforge.api.documents import UserDocuments

        return UserDocuments(self._opened(), self.settings)

    @property
    def interchange(self) -> Interchange:
        """Tools carried away as skills, scripts and servers, and tools brought in from elsewhere through all gates."""
        from agentforge.api.interchange import Interchange

        return Interchange(self._opened(), self.settings)

    @property
    def knowledge(self) -> UserKnowledge:
        """Tools from what stands in documents: made, made anew where it changed, and their answers explained."""
        from agentforge.api.knowledge import UserKnowledge

        return UserKnowledge(self._opened(), self.settings)

    @property
    def learning(self) -> Learning:
        """How the agent does over time, in numbers."""
        from agentforge.api.learning import Learning

        return Learning(self._opened(), self.settings)

    @property
    def lineage(self) -> Lineage:
        """Where tools come from, and how an episode, a source or a tool is revoked with all that comes from it."""
        from agentforge.api.lineage import Lineage

        return Lineage(self._opened(), self.settings)

    @property
    def memory(self) -> UserMemory:
        """Facts, preferences and lessons; ``memory.persona`` is how the user wants to be worked with."""
        from agentforge.api.memory import UserMemory

        return UserMemory(self._opened(), self.settings)

    @property
    def promotion(self) -> Promotion:
        """Tools proposed to the company's layer, and what becomes of them there."""
        from agentforge.api.promotion import Promotion

        return Promotion(self._opened(), self.settings)

    @property
    def review(self) -> Review:
        """What waits for a person, and the decisions about tools; commits name ``settings.user`` as who decided."""
        from agentforge.api.review import Review

        return Review(self._opened(), self.settings)

    @property
    def sessions(self) -> Sessions:
        """What was said and done: listed, searched, shown, forked, exported and erased."""
        from agentforge.api.sessions import Sessions

        return Sessions(self._opened(), self.settings)

    @property
    def sleep(self) -> UserSleep:
        """What is made of the days while nobody waits: nights, their reports, and taking them back."""
        from agentforge.api.sleep import UserSleep

        return UserSleep(self._opened(), self.settings)

    @property
    def sync(self) -> UserSync:
        """The registry and a remote made one: what came, what went, and what waits."""
        from agentforge.api.sync import UserSync

        return UserSync(self._opened(), self.settings)
