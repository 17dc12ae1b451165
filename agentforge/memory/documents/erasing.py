"""Removing a document for good: the registry's history without any version of it.

What it does not reach: clones and remotes of the registry, the file or page that it came from, and what was made of it
(tools, entries, answers), of which it says where its lines still stand.
"""

from __future__ import annotations

import json

from agentforge.errors import UsageError
from agentforge.gitstore.rewriting import holding, rewrite
from agentforge.memory.documents.library import Documents
from agentforge.memory.documents.record import TEXT, folder_of
from agentforge.memory.forgetting import Erased

TELLING_CHARS = 40
"""A line of so many characters is known again wherever it stands; a shorter one may be anybody's."""
MOST_LINES = 200


def erase(documents: Documents, document: str) -> Erased:
    """Rewrites the history of the registry so that no version of a document is in it, by the document's id.

    It must have been removed. Every clone has to be made anew afterwards.

    Raises:
        UsageError: it is still there, or never was.
        ReadOnly, RegistryError, StorageError: the old history stands.
    """
    store, folder = documents.store, folder_of(document)
    store.insist_on_writable()
    if store.list(folder):
        raise UsageError(f"{document[:80]} is still there: remove it first.")
    commits = documents.held(document)
    if not commits:
        raise UsageError(f"The history knows nothing of {document[:80]!r}.")
    texts = {(store.read(f"{folder}/{TEXT}", commit) or b"").decode("utf-8", "replace") for commit in commits}
    done = rewrite(store.path, (folder,), lambda _, __: None)
    store.close()  # what git still has open of the old history
    lines = {line.strip() for text in texts for line in text.splitlines() if len(line.strip()) >= TELLING_CHARS}
    told = sorted(lines, key=lambda line: (-len(line), line))[:MOST_LINES]
    forms = {form for line in told for form in (line, json.dumps(line, ensure_ascii=False)[1:-1])}
    return Erased(done.commits, holding(store.path, [form.encode() for form in sorted(forms)]) if forms else ())
