"""What comes from what, on graphs of values alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.errors import UsageError
from agentforge.registry.lineage import Descent, Node, descendants, example_source, graph_of, source_id, tree
from agentforge.registry.manifest import ID
from agentforge.registry.references import Origin, origin_of
from agentforge.types import State


def one(name, version="1", place="standing", **facts):
    return Descent(name, version, place, **facts)


def taken(descents, kind, ref):
    graph = graph_of(descents)
    return {node.id for node in descendants(graph, Origin(kind, ref).roots(graph)) if node.kind == "tool"}


def test_a_tool_comes_from_its_episodes_and_its_sources():
    descents = [one("a", episodes=("e1",)), one("b", sources=("page:x.com",)), one("c", episodes=("e2",))]
    assert taken(descents, "episode", "e1") == {"a@1"}
    assert taken(descents, "source", "page:x.com") == {"b@1"}
    assert taken(descents, "source", "page:y.com") == set()


def test_a_repaired_version_comes_from_what_its_parents_came_from_however_far_back():
    descents = [
        one("a", "3", parent="2", episodes=("e3",)),
        one("a", "2", "past", parent="1"),
        one("a", "1", "past", episodes=("e1",)),
        one("a", "4", "waiting", number=1, parent="3"),
        one("a", "5", "waiting", number=2),
    ]
    assert taken(descents, "episode", "e1") == {"a@1", "a@2", "a@3", "a@4"}
    assert taken(descents, "tool", "a@3") == {"a@3", "a@4"}
    assert taken(descents, "tool", "a") == {"a@1", "a@2", "a@3", "a@4", "a@5"}


def test_what_imports_a_tool_comes_from_the_version_that_stands():
    user = one("b", depends=("a",))
    assert taken([one("a", sources=("s",)), user], "source", "s") == {"a@1", "b@1"}
    waits = [one("a"), one("a", "2", "waiting", number=1, sources=("s",)), user]
    assert taken(waits, "source", "s") == {"a@2"}, "nothing imports a proposal while another version stands"
    retired = [one("a", state=State.RETIRED, sources=("s",)), user]
    assert taken(retired, "source", "s") == {"a@1"}, "what is retired gives its name to nobody"
    unborn = [one("a", "2", "waiting", number=1, sources=("s",)), user]
    assert taken(unborn, "source", "s") == {"a@2", "b@1"}


def test_what_an_earlier_version_imported_does_not_count():
    descents = [one("a", sources=("s",)), one("b", "2", parent="1"), one("b", "1", "past", depends=("a",))]
    assert taken(descents, "source", "s") == {"a@1"}


def test_tools_that_import_each_other_are_no_endless_loop():
    assert taken([one("a", depends=("b",), sources=("s",)), one("b", depends=("a",))], "source", "s") == {"a@1", "b@1"}


def test_a_tree_unfolds_each_version_once():
    both = [one("a", sources=("s",)), one("b", sources=("s",), depends=("a",)), one("c", depends=("b",))]
    rows = tree(graph_of(both), [Node("source", "s")])
    assert [(row.depth, row.node.id, row.again) for row in rows] == [
        (0, "s", False),
        (1, "a@1", False),
        (2, "b@1", False),
        (3, "c@1", False),
        (1, "b@1", True),
    ]


def test_a_chain_of_thousands_of_versions_is_no_problem():
    chain = [one("a", str(at), "past", parent=str(at - 1)) for at in range(1, 5000)]
    graph = graph_of(chain)
    assert len(descendants(graph, [Node("tool", "a@0")])) == 5000
    assert len(tree(graph, [Node("tool", "a@0")])) == 5000


NAMES = st.sampled_from("abcdef")
IDS = st.lists(st.sampled_from(["1", "2", "3"]), unique=True, max_size=2).map(tuple)
FACTS = st.fixed_dictionaries(
    {
        "episodes": IDS,
        "sources": IDS,
        "parent": st.sampled_from(["", "1", "2", "3", "4"]),
        "depends": st.lists(NAMES, unique=True, max_size=2).map(tuple),
    }
)


@st.composite
def lineages(draw):
    """Standing, waiting and past versions of six names, with any origins; circles included."""
    found = []
    for name in draw(st.lists(NAMES, unique=True, min_size=1)):
        places = draw(st.lists(st.sampled_from(["standing", "waiting", "past", "withdrawn"]), min_size=1, max_size=4))
        for number, place in enumerate(places, 1):
            if place == "standing" and any(each.place == "standing" and each.name == name for each in found):
                continue
            state = draw(st.sampled_from([State.LIVE, State.RETIRED, State.QUARANTINED]))
            found.append(one(name, str(number), place, state=state, number=number, **draw(FACTS)))
    return found


def comes_from(each, root, found, descents):
    """The definition, word for word, on one version: it names the root, or something that comes from it."""
    if root.kind == "tool" and each.node == root:
        return True
    named = {"episode": each.episodes, "source": each.sources, "tool": ()}[root.kind]
    parents = [Node("tool", f"{each.name}@{each.parent}")] if each.parent else []
    used = []
    for name in each.depends if each.place != "past" else ():
        standing = [other for other in descents if (other.name, other.place) == (name, "standing")]
        waiting = [other for other in descents if other.name == name and other.place in ("waiting", "withdrawn")]
        used += [other for other in standing or waiting if other.state is not State.RETIRED or not standing]
    near = [*parents, *(other.node for other in used if other.name != each.name)]
    return root.id in named or any(node in found or node == root for node in near)


@given(lineages(), st.sampled_from(["episode", "source", "tool"]), st.data())
def test_descendants_are_all_that_come_from_it_and_nothing_else(descents, kind, data):
    ids = [each.node.id for each in descents] if kind == "tool" else ["1", "2", "3"]
    root = Node(kind, data.draw(st.sampled_from(ids)))
    expected = set()
    while more := {
        each.node for each in descents if each.node not in expected and comes_from(each, root, expected, descents)
    }:
        expected |= more
    graph = graph_of(descents)
    assert descendants(graph, [root]) - {root} == expected - {root}
    assert {row.node for row in tree(graph, [root])} == expected | {root}


@given(st.sampled_from(["file", "page"]), st.text(max_size=200), st.text(max_size=200))
def test_the_id_of_a_source_is_an_id_whatever_it_is_called_and_is_its_own(kind, ref, other):
    assert ID.fullmatch(source_id(kind, ref)) or not ref
    assert (source_id(kind, ref) == source_id(kind, other)) == (ref == other)


def test_a_source_whose_name_is_an_id_can_be_read():
    assert source_id("page", "api.example.com") == "page:api.example.com"
    assert source_id("file", "my notes.txt").startswith("file:sha256-")


def test_examples_name_files_and_corrected_calls_as_their_sources():
    assert example_source("feedback:call_1") == "feedback:call_1"
    assert example_source("file:prices.csv") == "file:prices.csv"
    assert [example_source(word) for word in ("user", "need", "generated", "rules", "file:")] == [""] * 5


HASH = "0123456789abcdef" * 4
KNOWN = graph_of(
    [
        one(
            "parse", HASH, episodes=("parse", "e1"), sources=("page:x.com", "file:x.com", source_id("file", "my b.txt"))
        ),
        one("other", HASH, sources=("feedback:call_1",)),
    ]
)


@pytest.mark.parametrize(
    ("word", "kind", "ref"),
    [
        ("e1", "episode", "e1"),
        ("other", "tool", "other"),
        ("tool:parse", "tool", "parse"),
        ("episode:parse", "episode", "parse"),
        (f"parse@{HASH[:9]}", "tool", f"parse@{HASH}"),
        ("page:x.com", "source", "page:x.com"),
        ("my b.txt", "source", source_id("file", "my b.txt")),
        ("file:my b.txt", "source", source_id("file", "my b.txt")),
        ("source:my b.txt", "source", source_id("file", "my b.txt")),
        ("feedback:call_1", "source", "feedback:call_1"),
        ("source:page:new.com", "source", "page:new.com"),
        ("source:file:a b", "source", source_id("file", "a b")),
        ("episode:e9", "episode", "e9"),
    ],
)
def test_a_word_means_what_it_is_the_name_of(word, kind, ref):
    assert origin_of(word, KNOWN) == Origin(kind, ref)


def test_a_word_that_may_mean_several_things_is_refused_with_a_way_to_be_exact():
    with pytest.raises(UsageError, match="'parse' may mean 2 things") as told:
        origin_of("parse", KNOWN)
    assert told.value.fix == "Say which one: episode:parse or tool:parse."
    with pytest.raises(UsageError, match="2 things") as told:
        origin_of("x.com", KNOWN)
    assert told.value.fix == "Say which one: source:file:x.com or source:page:x.com."


@pytest.mark.parametrize("word", ["nobody", "tool:nobody", "parse@fffffff", "episode:a b", "source:a b", "", "page:"])
def test_a_word_that_means_nothing_is_refused(word):
    with pytest.raises(UsageError, match="Nothing is known here"):
        origin_of(word, KNOWN)


def test_an_episode_from_which_nothing_comes_is_known_to_the_episodes_alone():
    assert origin_of("e7", KNOWN, {"e7"}.__contains__) == Origin("episode", "e7")
