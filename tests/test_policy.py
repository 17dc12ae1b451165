"""A company's review policy outranks its users', the stricter counts, and a malformed one lets nothing go live."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentforge.policy import MOST_BYTES, POLICY_FILE, Policy, policy_in_force
from agentforge.sections import ReviewSettings
from agentforge.settings import load

KINDS = ("hosts", "files", "secrets", "packages", "clock", "randomness")
RULES = st.builds(
    ReviewSettings,
    policy=st.sampled_from(["auto-low", "review-all"]),
    allow=st.lists(st.sampled_from(KINDS), unique=True).map(tuple),
)


def company(folder, text):
    folder.mkdir(exist_ok=True, parents=True)
    (folder / POLICY_FILE).write_text(text)
    return folder


def test_without_a_company_a_users_own_rules_count(tmp_path):
    own = ReviewSettings(policy="review-all", allow=("clock",))
    assert policy_in_force(own, tmp_path) == policy_in_force(own, tmp_path / "none") == Policy(own)


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
    assert policy_in_force(own, company(tmp_path, text)) == Policy(ReviewSettings(policy=policy, allow=allow))


@given(RULES, RULES)
def test_both_must_let_it_through(tmp_path_factory, own, other):
    names = ", ".join(f'"{kind}"' for kind in other.allow)
    folder = company(tmp_path_factory.mktemp("org"), f'[review]\npolicy = "{other.policy}"\nallow = [{names}]\n')
    found = policy_in_force(own, folder)
    assert not found.problem
    assert set(found.rules.allow) == {*own.allow} & {*other.allow}
    assert (found.rules.policy == "auto-low") == (own.policy == other.policy == "auto-low")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[review", "is no TOML"),
        ("", "must hold the section [review] and nothing else"),
        ("policy = 'review-all'\n", "must hold the section [review] and nothing else"),
        ("[review]\n[other]\n", "must hold the section [review] and nothing else"),
        ("[review]\npolicy = 'strict'\n", "policy must be 'auto-low' or 'review-all', not 'strict'"),
        ("[review]\npolcy = 'review-all'\n", "polcy is no setting"),
        ("[review]\nallow = ['teleport']\n", "not 'teleport'"),
        ("review = 3\n", "is wrong"),
        ("# \0\n", "is no TOML"),
        ("#" * (MOST_BYTES + 1), "has more than"),
    ],
)
def test_a_malformed_one_lets_nothing_go_live_and_is_told_in_one_sentence(tmp_path, text, words):
    found = policy_in_force(ReviewSettings(allow=("clock",)), company(tmp_path, text))
    assert found.rules == ReviewSettings(policy="review-all")
    assert found.problem.startswith(f"The company's policy {tmp_path.parent.name}/{tmp_path.name}/{POLICY_FILE} ")
    assert str(tmp_path) not in found.problem
    assert words in found.problem
    assert found.problem.endswith(".")
    assert "\n" not in found.problem


def test_one_that_cannot_be_read_lets_nothing_go_live(tmp_path):
    (tmp_path / POLICY_FILE).mkdir()
    found = policy_in_force(ReviewSettings(), tmp_path)
    assert found.rules.policy == "review-all"
    assert "cannot be read" in found.problem


def test_bytes_that_are_no_text_let_nothing_go_live(tmp_path):
    (tmp_path / POLICY_FILE).write_bytes(b"\xff\xfe")
    assert policy_in_force(ReviewSettings(), tmp_path).problem


def test_the_settings_have_the_same_keys():
    settings = load(overrides={"review.policy": "review-all", "review.allow": ["clock"]})
    assert settings.review == ReviewSettings(policy="review-all", allow=("clock",))
