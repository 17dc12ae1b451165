"""A company's review policy outranks its users', the stricter counts, and a malformed one lets nothing go live."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.policy import MOST_BYTES, POLICY_FILE, Policy, policy_in_force, policy_of
from agentforge.sections import GateSettings, ReviewSettings
from agentforge.settings import load

KINDS = ("hosts", "files", "secrets", "packages", "clock", "randomness")
RULES = st.builds(
    ReviewSettings,
    policy=st.sampled_from(["auto-low", "review-all"]),
    allow=st.lists(st.sampled_from(KINDS), unique=True).map(tuple),
)


def in_force(own, folder):
    return policy_in_force(own, GateSettings(), folder)


def company(folder, text):
    folder.mkdir(exist_ok=True, parents=True)
    (folder / POLICY_FILE).write_text(text)
    return folder


def test_without_a_company_a_users_own_rules_count(tmp_path):
    own = ReviewSettings(policy="review-all", allow=("clock",))
    assert in_force(own, tmp_path) == in_force(own, tmp_path / "none") == Policy(own)


@pytest.mark.parametrize(
    ("text", "policy", "allow"),
    [
        ('[review]\npolicy = "review-all"\n', "review-all", ("clock", "hosts")),
        ("[review]\n", "auto-low", ("clock", "hosts")),
        ("[review]\nallow = []\n", "auto-low", ()),
        ('[review]\nallow = ["clock", "files"]\n', "auto-low", ("clock",)),
        ('[review]\npolicy = "auto-low"\n', "auto-low", ("clock", "hosts")),
    ],
)
def test_the_company_takes_away_and_never_gives(tmp_path, text, policy, allow):
    own = ReviewSettings(allow=("clock", "hosts"))
    assert in_force(own, company(tmp_path, text)) == Policy(ReviewSettings(policy=policy, allow=allow))


def test_the_company_may_ask_for_more_users_before_a_tool_is_proposed_to_it_and_never_for_fewer(tmp_path):
    folder = company(tmp_path, "[review]\nusers = 5\n")
    assert in_force(ReviewSettings(users=2), folder).rules.users == 5
    assert in_force(ReviewSettings(users=9), folder).rules.users == 9
    assert in_force(ReviewSettings(users=2), company(tmp_path, "[review]\nallow = []\n")).rules.users == 2


@given(RULES, RULES)
def test_both_must_let_it_through(tmp_path_factory, own, other):
    names = ", ".join(f'"{kind}"' for kind in other.allow)
    folder = company(tmp_path_factory.mktemp("org"), f'[review]\npolicy = "{other.policy}"\nallow = [{names}]\n')
    found = in_force(own, folder)
    assert not found.problem
    assert set(found.rules.allow) == {*own.allow} & {*other.allow}
    assert (found.rules.policy == "auto-low") == (own.policy == other.policy == "auto-low")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[review", "is no TOML"),
        ("", "must hold the sections [review] and [gates], or one of them, and nothing else"),
        ("policy = 'review-all'\n", "must hold the sections [review] and [gates], or one of them, and nothing else"),
        ("[review]\n[other]\n", "must hold the sections [review] and [gates], or one of them, and nothing else"),
        ("[review]\npolicy = 'strict'\n", "policy must be 'auto-low' or 'review-all', not 'strict'"),
        ("[review]\npolcy = 'review-all'\n", "polcy is no setting"),
        ("[review]\nallow = ['teleport']\n", "not 'teleport'"),
        ("review = 3\n", "is wrong"),
        ("[gates]\nkilled = 2\n", "killed must be at most 1"),
        ("[gates]\nkiled = 0.5\n", "kiled is no setting"),
        ("# \0\n", "is no TOML"),
        ("#" * (MOST_BYTES + 1), "has more than"),
    ],
)
def test_a_malformed_one_lets_nothing_go_live_and_is_told_in_one_sentence(tmp_path, text, words):
    found = in_force(ReviewSettings(allow=("clock",)), company(tmp_path, text))
    assert found.rules == ReviewSettings(policy="review-all")
    assert found.problem.startswith(f"The company's policy {tmp_path.parent.name}/{tmp_path.name}/{POLICY_FILE} ")
    assert str(tmp_path) not in found.problem
    assert words in found.problem
    assert found.problem.endswith(".")
    assert "\n" not in found.problem


def test_one_that_cannot_be_read_lets_nothing_go_live(tmp_path):
    (tmp_path / POLICY_FILE).mkdir()
    found = in_force(ReviewSettings(), tmp_path)
    assert found.rules.policy == "review-all"
    assert "cannot be read" in found.problem


def test_bytes_that_are_no_text_let_nothing_go_live(tmp_path):
    (tmp_path / POLICY_FILE).write_bytes(b"\xff\xfe")
    assert in_force(ReviewSettings(), tmp_path).problem


def test_the_settings_have_the_same_keys():
    settings = load(overrides={"review.policy": "review-all", "review.allow": ["clock"]})
    assert settings.review == ReviewSettings(policy="review-all", allow=("clock",))


GATES = st.builds(
    GateSettings,
    mutants=st.integers(1, 200),
    killed=st.floats(0.01, 1),
    suite_seconds=st.floats(1, 100),
    strength_seconds=st.floats(1, 500),
    near_inputs=st.integers(0, 500),
    fuzz_inputs=st.integers(0, 500),
    twin_inputs=st.integers(3, 50),
)
NAMES = st.sets(st.sampled_from(sorted(GateSettings.model_fields)), min_size=1)


@given(GATES, GATES, NAMES)
def test_a_user_may_raise_what_the_gates_ask_and_never_go_below_the_company(tmp_path_factory, own, other, said):
    lines = "".join(f"{name} = {getattr(other, name)!r}\n" for name in sorted(said))
    folder = company(tmp_path_factory.mktemp("org"), f"[gates]\n{lines}")
    found = policy_in_force(ReviewSettings(), own, folder)
    assert (found.problem, found.rules) == ("", ReviewSettings())
    for name in GateSettings.model_fields:
        mine, theirs, now = (getattr(one, name) for one in (own, other, found.gates))
        if name not in said:
            assert now == mine
        elif name in ("suite_seconds", "strength_seconds", "twin_inputs"):
            assert now == min(mine, theirs)
        else:
            assert now == max(mine, theirs)


def test_the_rules_in_force_are_those_of_the_settings_organisation():
    settings = load(overrides={"org": "acme", "gates.killed": 0.5, "gates.mutants": 60})
    company(settings.registries / "acme", "[gates]\nkilled = 0.9\nmutants = 40\n")
    company(settings.registries / "other", "[gates]\nkilled = 1.0\n")
    assert policy_of(settings).gates == GateSettings(killed=0.9, mutants=60)
