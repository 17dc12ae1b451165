"""From a need to a commit, or an honest failure: scripted models, a fake box, a real registry.

What a scripted answer stands for says ``forging``.
"""

import json
import re
import shutil
from dataclasses import replace

import pytest

from agentforge import assets
from agentforge.boxes.asks import Refused
from agentforge.boxes.packages.lock import Lock, Locked
from agentforge.boxes.protocol import NOTHING, Grant
from agentforge.errors import ModelUnavailable, RegistryError, ToolInvalid
from agentforge.registry.packages import commit_lock
from agentforge.registry.tool import from_files
from agentforge.types import Capabilities, Example, Layer, Need, Role, State

from .forging import EXAMPLES, NEED, code


async def test_agreeing_candidates_go_live_with_report_and_provenance(run, registry):
    result, _, events = await run(NEED, [code("RIGHT"), code("RIGHT")])
    assert (result.state, result.unconfirmed) == ("live", False)
    tool = registry.get("double")
    assert tool.version == result.version
    verdicts = {gate["gate"]: gate["verdict"] for gate in tool.report["gates"]}
    assert verdicts.pop("generated tests") == "skipped"  # one model wrote both
    assert verdicts.pop("promises") == "skipped"  # the rules make none
    assert verdicts.pop("regressions") == "skipped"  # nothing ever went wrong
    assert verdicts.pop("dependents' tests") == "skipped"  # nobody can need a new tool
    assert verdicts.pop("no traces") == "skipped"  # a fake box has no process to run many calls in
    assert verdicts.pop("own answers") == "skipped"  # its source holds no examples
    assert verdicts.pop("kinds of input") == "skipped"  # that is asked of folders
    assert {*verdicts.values()} == {"passed"}
    assert len(verdicts) == 9
    assert tool.manifest.provenance.job == result.job
    assert tool.manifest.provenance.tester_is_generator
    assert "Double n." in tool.source
    assert (events[0][0], events[-1][0]) == ("forge_started", "forge_finished")
    assert result.usage.calls == 3
    assert result.by_role[Role.GENERATE].calls == 2


async def test_a_version_names_all_that_it_came_from_and_so_does_its_commit(run, registry):
    origins = {"episode": "e1", "forked_from": ("e0",), "sources": ("file:rules.txt", "page:api.example.com")}
    need = replace(NEED, **origins, tainted=True)
    result, _, _ = await run(need, [code("RIGHT"), code("RIGHT")], models={Role.TEST: "judge-1", Role.GENERATE: "m-1"})
    (tool,) = registry.proposed()
    origin = tool.manifest.provenance
    assert (origin.job, origin.episodes, origin.sources) == (result.job, ("e1", "e0"), need.sources)
    assert origin.models == {Role.TEST: "judge-1", Role.GENERATE: "m-1"}
    assert set(origin.prompts) >= {"forge_system", "forge_candidate", "forge_tests"}
    assert (origin.created is not None, origin.tester_is_generator) == (True, False)
    trailers = registry.log("double")[0].trailers
    assert (trailers["Episode"], trailers["Source"]) == (("e1", "e0"), need.sources)
    assert set(trailers) >= {"Job", "Tool", "Version", "Model", "Prompt"}


async def test_an_error_that_the_rules_do_not_name_keeps_a_tool_out(run):
    """The rules say what is refused and how; both candidates break on other inputs in the examples' neighbourhood."""
    result, model, _ = await run(NEED, [code("FRAGILE")] * 6)
    assert result.state == "failed"
    assert re.search(r"double\(n=(\d+)\) raised KeyError: \1, which the rules do not name", model.requests[-1].prompt)


@pytest.mark.parametrize("behaviour", ["MISTYPED", "MISTYPED LATE"])
async def test_a_result_of_another_type_than_declared_keeps_a_tool_out(run, behaviour):
    result, model, _ = await run(NEED, [code(behaviour)] * 6)
    assert result.state == "failed"
    assert re.search(r"double\(n=\d+\) returned \S+, which is no int", model.requests[-1].prompt)


async def test_examples_that_a_constant_gives_too_admit_nothing(run):
    same = [Example({"n": n}, returns="A") for n in (1, 2, 3)]
    need = Need("grade", "(n: int) -> str", "Grade n.", tuple(same))
    always = "```python\ndef grade(n: int) -> str:\n    # GRADE\n    return 'A'\n```"
    result, _, _ = await run(need, [always] * 4)
    assert result.state == "failed"
    assert "do not tell the tool from one that always returns 'A'" in result.reason


async def test_where_the_rules_name_no_error_any_may_come(run):
    need = replace(NEED, purpose="Double n.", examples=NEED.examples[:3])
    result, _, _ = await run(need, [code("FRAGILE")] * 4)
    assert result.state == "live"


async def test_an_answer_that_depends_on_the_order_of_a_set_keeps_a_tool_out(run, registry):
    """Both candidates agree with each other, with every example and with every test."""
    result, _, _ = await run(NEED, [code("UNORDERED")] * 4)
    assert result.state == "failed"
    gates = {gate.gate: gate for gate in result.gates}
    assert re.fullmatch(
        r"[1-9]\d* of \d+ inputs have another outcome in a box with another hash seed, such as double\(n=\d+\):"
        r" it depends on the order of a set",
        gates["same answer twice"].summary,
    )
    assert gates["behavioural duplicates"].verdict == "skipped"
    assert registry.tools() == []


REACHING = replace(NEED, capabilities=Capabilities(hosts=("rates.example.com",)))
RATES = "https://rates.example.com/today"


def recorded(folder, name="double"):
    folder.mkdir()
    answer = {"status": 200, "url": RATES, "headers": {}, "text": "2"}
    line = {"v": 1, "method": "GET", "url": RATES, "headers": {}, "body": "", "answer": answer}
    (folder / f"{name}.jsonl").write_text(json.dumps(line) + "\n")
    return folder


async def test_a_tool_that_reaches_a_host_is_judged_by_recordings_and_never_by_the_network(run, registry, tmp_path):
    result, model, _ = await run(REACHING, [code("RIGHT")] * 2, recordings=recorded(tmp_path / "recordings"))
    assert (result.state, result.reason) == ("proposed", "It asks for capabilities: it waits for a person's review.")
    (box,) = run.boxes
    assert {one.kind for one in box.runs} == {"call", "run", "suite"}
    assert len({id(one.grant) for one in box.runs}) == len(box.runs), "every run begins with the first recording"
    for one in box.runs:
        assert (await one.grant.asks["fetch"]({"url": RATES}))["text"] == "2"
        with pytest.raises(Refused, match=r"No recording answers GET https://rates\.example\.com/other\."):
            await one.grant.asks["fetch"]({"url": "https://rates.example.com/other"})
    assert "from toolbox import fetch" in model.asked(Role.GENERATE)[0].prompt
    assert "rates.example.com" in model.asked(Role.GENERATE)[0].prompt


async def test_what_was_not_recorded_tells_nothing_about_a_tool(run, tmp_path):
    """The rules name one error; for inputs of which nothing was recorded, the refusal of the host is another."""
    result, _, _ = await run(REACHING, [code("OFFLINE")] * 2, recordings=recorded(tmp_path / "recordings"))
    assert result.state == "proposed"


async def test_with_nothing_recorded_no_model_is_asked(run, tmp_path):
    for folder in (None, tmp_path / "none", recorded(tmp_path / "others", "triple")):
        with pytest.raises(
            ToolInvalid, match=r"rates\.example\.com, of which nothing was recorded.*tools record double"
        ):
            await run(REACHING, [], recordings=folder)


async def test_a_pure_tool_gets_no_network_whatever_was_recorded(run, tmp_path):
    await run(NEED, [code("RIGHT")] * 2, recordings=recorded(tmp_path / "recordings"))
    assert all(one.grant == NOTHING for one in run.boxes[0].runs)


async def test_tests_are_asked_for_before_candidates_and_never_see_one(run):
    _, model, _ = await run(NEED, [code("RIGHT"), code("RIGHT")])
    assert [request.role for request in model.requests] == [Role.TEST, Role.GENERATE, Role.GENERATE]
    assert "# RIGHT" not in model.requests[0].prompt


async def test_tests_have_no_more_room_than_so_many_short_cases_need(run):
    """A tester that rambles would hold up the forging; with no example to measure by it gets all there is."""
    _, model, _ = await run(NEED, [code("RIGHT"), code("RIGHT")])
    assert 60 <= model.asked(Role.TEST)[0].ask.max_tokens < 200
    _, model, _ = await run(replace(NEED, name="twice", examples=()), [code("RIGHT")] * 2, rounds=0)
    assert model.asked(Role.TEST)[0].ask.max_tokens == 300


async def test_generated_cases_that_the_winners_contradict_stay_out_of_the_suite(run, registry):
    await run(NEED, [code("RIGHT"), code("RIGHT")])
    tests = registry.get("double").tests
    assert "double(n=5) == 10" in tests
    assert "double(n=6) == 13" not in tests


async def test_a_case_that_the_rules_state_binds_like_an_example(run, registry):
    """All give every example and agree with each other; only the rules say what becomes of 0."""
    purpose = "Draw n stars. 0 is 'none'. ValueError if n is negative."
    shown = tuple(Example({"n": n}, returns="*" * n) for n in (2, 3, 10))
    need = Need("double", "(n: int) -> str", purpose, (*shown, EXAMPLES[2]))

    def texts(behaviour):
        return code(behaviour).replace("-> int", "-> str")

    result, model, _ = await run(need, [texts("ONES")] * 2)
    assert result.state == "live"
    assert "    if n == 0:\n        return 'none'\n    return n" in registry.get("double").source
    assert "double(n=0)  # returns 'none'" in model.asked(Role.GENERATE)[0].prompt
    assert "double(n=0) == 'none'" in registry.get("double").tests


async def test_what_the_rules_state_is_no_ground_truth_of_the_users(run):
    need = Need("double", "(n: int) -> str", "Draw n stars. 0 is 'none'.")
    result, _, _ = await run(need, [code("NONE TOO").replace("-> int", "-> str")] * 2)
    assert (result.state, "No ground-truth example" in result.reason) == ("proposed", True)


async def test_what_the_rules_promise_of_every_result_is_tried_without_an_example(run, registry):
    """For 5 and 7 the sloppy ones return what no example shows and the rules rule out."""
    rule = "Quarter the number. The result is rounded to 1 decimal. ValueError if n is negative."
    examples = (Example({"n": 2}, returns=0.5), Example({"n": 6}, returns=1.5), Example({"n": 4}, returns=1.0))
    need = Need("double", "(n: int) -> float", rule, (*examples, EXAMPLES[2]))

    def floats(behaviour):
        return code(behaviour).replace("-> int", "-> float")

    answers = [*[floats("SLOPPY")] * 4, floats("NEAT"), floats("NEAT")]
    result, model, _ = await run(need, answers)
    assert result.state == "live"
    assert "# NEAT" in registry.get("double").source
    assert "but the rules say: The result is rounded to 1 decimal." in model.asked(Role.GENERATE)[4].prompt


async def test_held_out_examples_are_shown_to_nobody_and_kept_with_the_tool(run, registry):
    _, model, _ = await run(NEED, [code("ADDS"), code("ADDS"), code("RIGHT"), code("RIGHT")])
    assert not any("n=10" in request.prompt for request in model.requests)
    kept = [example for example in registry.get("double").examples if example.held_out]
    assert [example.args for example in kept] == [{"n": 10}]


async def test_a_held_out_example_rejects_what_fits_the_shown_ones_only(run, registry):
    result, _, _ = await run(NEED, [code("FITTED")] * 4)
    assert result.state == "failed"
    assert "held-out examples" in result.reason
    assert registry.names() == []


async def test_a_candidate_that_stands_alone_does_not_go_live(run):
    result, _, _ = await run(NEED, [code("RIGHT"), code("ADDS"), code("FITTED"), code("FITTED TOO")])
    assert result.state == "failed"
    assert "agreement" in result.reason


async def test_a_second_round_brings_the_support_that_the_first_lacked(run):
    result, model, _ = await run(NEED, [code("RIGHT"), code("ADDS"), code("RIGHT"), code("FITTED")])
    assert result.state == "live"
    assert all("attempt is wrong" not in request.prompt for request in model.requests)


async def test_after_two_rounds_in_which_nothing_passes_no_third_is_paid_for(run):
    _, model, _ = await run(NEED, [code("ADDS")] * 8, rounds=5)
    assert len(model.asked(Role.GENERATE)) == 6
    _, model, _ = await run(NEED, [code("RIGHT"), *[code("ADDS")] * 7, code("RIGHT"), code("RIGHT")], rounds=5)
    assert len(model.asked(Role.GENERATE)) == 10  # as one stood alone, the fifth round found its support


async def test_repairs_see_the_visible_failure_and_their_own_source(run):
    _, model, _ = await run(NEED, [*[code("ADDS")] * 4, code("RIGHT"), code("RIGHT")])
    repair = model.asked(Role.GENERATE)[4].prompt
    assert "# ADDS" in repair
    assert "double(n=3) must return 6, but it returned 5" in repair


async def test_repairs_of_different_candidates_support_one_another(run):
    result, _, _ = await run(NEED, [*[code("ADDS")] * 4, code("RIGHT"), code("RIGHT")])
    assert result.state == "live"


async def test_where_the_rules_as_a_list_led_nowhere_the_spec_is_a_function_to_complete(run):
    _, model, _ = await run(NEED, [code("ADDS")] * 6)
    first, *_, other, _, _ = [request.prompt for request in model.asked(Role.GENERATE)]
    assert "Write the Python function `double(n: int) -> int`." in first
    assert 'Complete this Python function.\n\n```python\ndef double(n: int) -> int:\n    """' in other
    assert "    >>> double(n=3)\n    6\n" in other
    assert "n=10" not in other, "held out"


async def test_nothing_is_asked_after_support_is_found(run):
    _, model, _ = await run(NEED, [code("RIGHT"), code("RIGHT")], candidates=2, rounds=5)
    assert len(model.asked(Role.GENERATE)) == 2


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"tainted": True}, "untrusted"),
        ({"capabilities": Capabilities(clock=True)}, "capabilities"),
    ],
)
async def test_what_a_person_must_see_waits_as_a_proposal(run, registry, change, word):
    result, _, _ = await run(replace(NEED, **change), [code("RIGHT"), code("RIGHT")])
    assert result.state == "proposed"
    assert word in result.reason
    assert registry.names() == []
    assert registry.proposed()[0].name == "double"


async def test_few_examples_make_an_unconfirmed_tool(run, registry):
    result, _, _ = await run(replace(NEED, examples=EXAMPLES[:2]), [code("RIGHT"), code("RIGHT")])
    assert (result.state, result.unconfirmed) == ("live", True)
    assert registry.get("double").unconfirmed


async def test_without_ground_truth_one_model_cannot_admit_its_own_work(run):
    bare = replace(NEED, examples=())
    result, _, _ = await run(bare, [code("RIGHT"), code("RIGHT")])
    assert result.state == "proposed"
    assert "same model" in result.reason


BARE = replace(NEED, examples=())
TWO_MODELS = {Role.TEST: "tester", Role.GENERATE: "generator"}


def asserts(right, wrong):
    lines = [f"assert double(n={n}) == {n * 2 + (n > 10 + right)}" for n in range(11, 11 + right + wrong)]
    return "```python\n" + "\n".join(lines) + "\n```"


@pytest.mark.parametrize(("right", "state"), [(6, "live"), (5, "live"), (4, "failed"), (1, "failed")])
async def test_without_ground_truth_nearly_all_tests_of_another_model_must_hold(run, right, state):
    tests = asserts(right, 6 - right)
    result, _, _ = await run(BARE, [code("RIGHT")] * 4, models=TWO_MODELS, tests=tests)
    assert result.state == state
    assert state == "live" or f"{right} of 6 generated cases hold" in result.reason


@pytest.mark.parametrize(("right", "state"), [(3, "live"), (2, "failed")])
async def test_beside_ground_truth_half_of_them_must_hold(run, right, state):
    result, _, _ = await run(NEED, [code("RIGHT")] * 4, models=TWO_MODELS, tests=asserts(right, 6 - right))
    assert result.state == state


async def test_without_ground_truth_and_with_hardly_a_test_a_person_decides(run):
    result, _, _ = await run(BARE, [code("RIGHT")] * 2, models=TWO_MODELS, tests=asserts(3, 0))
    assert (result.state, "3 generated tests" in result.reason) == ("proposed", True)


async def test_a_tester_that_fails_costs_its_tests_and_not_the_forging(run):
    result, _, events = await run(NEED, [code("RIGHT"), code("RIGHT")], tests=ModelUnavailable("gone"))
    assert result.state == "live"
    assert any("no generated cases" in data.get("message", "") for _, data in events)


async def test_where_candidates_differ_the_whole_round_is_heard(run):
    answers = [code("FITTED"), code("FITTED TOO"), code("RIGHT"), code("RIGHT")]
    result, model, _ = await run(NEED, answers, candidates=4, rounds=0)
    assert result.state == "live"
    assert len(model.asked(Role.GENERATE)) == 4


async def test_held_out_examples_do_not_choose_among_many_guesses(run, registry):
    """Pairs that agree and are wrong: after two of them the forging ends, whatever might still come."""
    answers = [code("FITTED"), code("FITTED"), code("FITTED TOO"), code("FITTED TOO"), code("RIGHT"), code("RIGHT")]
    result, model, _ = await run(NEED, answers, rounds=5)
    assert result.state == "failed"
    assert len(model.asked(Role.GENERATE)) == 4
    assert registry.names() == []


async def test_a_name_of_the_base_layer_is_taken_too(run, tmp_path):
    shutil.copytree(assets.folder("toolbox") / "add_months", tmp_path / "base" / "add_months")
    with pytest.raises(ToolInvalid, match="base layer"):
        await run(replace(NEED, name="add_months"), [])


async def test_secrets_in_the_words_of_a_need_reach_no_prompt_and_no_commit(run, registry):
    secret = "sk-ant-api03-abcdefghijklmnop"
    need = replace(NEED, purpose=f"Double n. Log in with {secret}.", requests=(f"double 4 {secret}",), text=secret)
    _, model, _ = await run(need, [code("RIGHT"), code("RIGHT")])
    tool = registry.get("double")
    assert not any(secret in request.prompt for request in model.requests)
    assert secret not in tool.source + tool.manifest.summary + "".join(tool.manifest.requests)


async def test_an_example_with_a_secret_is_refused(run):
    example = Example({"n": 1}, returns="sk-ant-api03-abcdefghijklmnop")
    with pytest.raises(ToolInvalid, match="example 1 holds what looks like a secret"):
        await run(replace(NEED, examples=(example,)), [])


async def test_a_failure_keeps_every_answer(run):
    answers = ["no code at all", "", code("ADDS"), "```python\ndef other(): pass\n```", "", ""]
    result, _, _ = await run(NEED, answers)
    assert result.state == "failed"
    assert [candidate["answer"][:7] for candidate in result.artefacts["candidates"]] == [
        "no code",
        "",
        "Here:\n`",
        "```pyth",
        "",
        "",
    ]
    assert all(candidate["problems"] for candidate in result.artefacts["candidates"][:2])
    assert "1 of 3 examples" in result.reason or "2 of 3 examples" in result.reason


async def test_a_tool_that_cannot_be_committed_is_kept_whole_with_what_was_tried(run, registry):
    in_the_way = registry.path / "HEAD.lock"
    in_the_way.mkdir()  # no lock file of a killed git, which would be swept
    result, _, events = await run(NEED, [code("RIGHT"), code("RIGHT")])
    assert result.state == "failed"
    assert "could not be committed" in result.reason
    assert str(in_the_way) in result.reason
    assert isinstance(result.error, RegistryError)
    assert events[-1] == ("forge_finished", events[-1][1] | {"state": "failed", "reason": result.reason})
    assert len(result.artefacts["candidates"]) == 2
    in_the_way.rmdir()
    files = {name: text.encode() for name, text in result.artefacts["tool"].items()}
    kept = from_files(files, "double", layer=Layer.USER, state=State.LIVE)
    registry.add(kept, state=State.LIVE)
    assert registry.get("double").examples == kept.examples
    assert registry.get("double").report["gates"]


async def test_a_taken_name_is_refused_before_any_model_is_asked(run):
    await run(NEED, [code("RIGHT"), code("RIGHT")])
    other = replace(NEED, examples=(Example({"n": 2}, returns=5), Example({"n": 3}, returns=7)))
    with pytest.raises(ToolInvalid, match="double"):
        await run(other, [])


async def test_a_need_that_a_live_tool_meets_already_costs_no_model_call_and_no_commit(run, registry):
    made, _, _ = await run(NEED, [code("RIGHT"), code("RIGHT")])
    head, need = registry.head(), replace(NEED, name="twice", signature="(value: int) -> int")
    need = replace(need, examples=tuple(replace(one, args={"value": one.args["n"]}) for one in NEED.examples))
    result, model, events = await run(need, [])
    assert (result.state, result.reused, result.arguments) == ("live", "double", {"value": "n"})
    assert (result.name, result.version) == ("twice", made.version)
    assert (model.requests, registry.head()) == ([], head)
    kind, told = events[-1]
    assert (kind, told["state"], told["reused"]) == ("forge_finished", "live", "double")
    assert told["reason"] == "double gives all 4 examples already."


async def test_what_turns_out_to_do_what_a_live_tool_does_is_not_written_and_that_one_is_used(run, registry):
    """One example says too little for the search before writing, and all that a winner does says enough."""
    made, _, _ = await run(NEED, [code("RIGHT"), code("RIGHT")])
    head = registry.head()
    need = replace(NEED, name="twice", purpose="Twice n.", examples=NEED.examples[:1])
    result, _, events = await run(need, [code("RIGHT").replace("double", "twice")] * 2)
    assert (result.state, result.reused, result.arguments) == ("live", "double", {"n": "n"})
    assert (result.version, registry.head()) == (made.version, head)
    assert result.reason == "double gives the one example already."
    assert (events[-1][1]["state"], events[-1][1]["reused"]) == ("live", "double")


async def test_a_model_that_fails_in_mid_forging_ends_it_with_what_was_tried(run):
    result, _, _ = await run(NEED, [code("ADDS"), code("ADDS"), *[ModelUnavailable("gone")] * 4])
    assert result.state == "failed"
    assert "gone" in result.reason
    assert len(result.artefacts["candidates"]) == 2


async def test_a_model_that_fails_costs_nothing_that_has_passed(run):
    """A dissenter kept the pair waiting for the rest of the round, which never came."""
    answers = [code("FITTED"), code("RIGHT"), code("RIGHT"), code("RIGHT"), ModelUnavailable("gone")]
    result, _, _ = await run(NEED, answers, candidates=4, rounds=3)
    assert result.state == "live"


async def test_known_secrets_leave_a_need_as_well(run, registry):
    need = replace(NEED, purpose="Double n. Send zebra-river-4411.")
    await run(need, [code("RIGHT"), code("RIGHT")], secrets=frozenset({"zebra-river-4411"}))
    assert "zebra" not in registry.get("double").source


async def test_a_secret_that_a_model_writes_into_code_is_neither_committed_nor_shown_to_it_again(run, registry):
    leaky = code("RIGHT").replace("return n", 'key = "zebra-river-4411"\n    return n')
    answers = [leaky, leaky, code("RIGHT"), code("RIGHT")]
    result, model, _ = await run(NEED, answers, secrets=frozenset({"zebra-river-4411"}))
    assert result.state == "live"
    assert "may not stand in the code" in result.artefacts["candidates"][0]["problems"][0]
    assert "zebra" not in registry.get("double").source
    assert not any("zebra" in request.prompt for request in model.requests)


async def test_a_generated_case_with_a_secret_is_dropped(run, registry):
    need = replace(NEED, name="note", signature="(text: str) -> str", purpose="Note it.", examples=())
    tests = '```python\nassert note(text="zebra-river-4411") == "a"\nassert note(text="b") == "b"\n```'
    _, _, events = await run(need, ["none"] * 8, tests=tests, secrets=frozenset({"zebra-river-4411"}))
    assert "1 generated cases" in str(events)


async def test_no_model_at_all_is_an_error(run):
    with pytest.raises(ModelUnavailable):
        await run(NEED, [ModelUnavailable("gone"), ModelUnavailable("gone")])


async def test_one_lost_answer_does_not_cost_the_others(run):
    result, _, _ = await run(NEED, [ModelUnavailable("gone"), code("RIGHT"), code("RIGHT"), code("RIGHT")])
    assert result.state == "live"


async def test_the_token_budget_ends_a_forging(run):
    result, model, _ = await run(NEED, [code("ADDS") + "x" * 4000] * 12, candidates=2, rounds=5, max_output_tokens=500)
    assert result.state == "failed"
    assert len(model.asked(Role.GENERATE)) <= 2


PACKAGED = replace(NEED, capabilities=Capabilities(packages=("six",)))


async def test_a_tool_that_is_to_import_a_package_is_judged_with_the_locked_set(run, registry):
    lock = Lock((Locked("idna", "3.0", ("b" * 64,)), Locked("six", "1.0", ("a" * 64,))))
    commit_lock(registry.store, lock, subject="Lock packages")
    importing = code("RIGHT").replace("# RIGHT", "# RIGHT\n    import six")
    result, model, _ = await run(PACKAGED, [importing, importing])
    assert (result.state, result.reason) == ("proposed", "It asks for capabilities: it waits for a person's review.")
    (box,) = run.boxes
    assert {one.hash_seed for one in box.runs} == {0, 1}
    assert all(one.grant == Grant(packages=lock.digest) for one in box.runs)
    assert {one.kind for one in box.runs} == {"call", "run", "suite"}
    assert "Beside the standard library you may import: six\n" in model.asked(Role.GENERATE)[0].prompt
    assert registry.get("double").manifest.capabilities.packages == ("six",)


async def test_an_import_that_was_not_declared_breaks_the_contract(run, registry):
    lock = Lock((Locked("idna", "3.0", ("b" * 64,)), Locked("six", "1.0", ("a" * 64,))))
    commit_lock(registry.store, lock, subject="Lock packages")
    importing = code("RIGHT").replace("# RIGHT", "# RIGHT\n    import idna")
    result, model, _ = await run(PACKAGED, [importing] * 6)
    assert result.state == "failed"
    assert "idna comes with the package idna, which this tool does not declare" in model.requests[-1].prompt


async def test_a_package_that_is_not_locked_is_refused_before_any_model_is_asked(run):
    with pytest.raises(ToolInvalid, match="'agentforge packages lock six'"):
        await run(PACKAGED, [])
    assert run.boxes[0].runs == []


def draft(behaviour, more=""):
    return f"def double(n):\n    # {behaviour}\n    return n * 2{more}\n"


async def test_drafts_that_come_with_the_need_are_tried_before_a_model_writes_any(run, registry):
    result, model, _ = await run(replace(NEED, drafts=(draft("RIGHT"), draft("RIGHT", " + 0"))), [])
    assert result.state == "live"
    assert result.by_role.keys() == {Role.TEST}
    assert "# RIGHT" in registry.get("double").source
    assert [request.role for request in model.requests] == [Role.TEST]


async def test_drafts_of_one_text_count_once_and_need_the_support_of_another(run):
    alone = await run(replace(NEED, drafts=(draft("RIGHT"), draft("RIGHT"))), [code("ADDS")] * 12)
    assert alone[0].state == "failed"


async def test_a_lone_draft_is_supported_by_a_candidate(run):
    supported, _, _ = await run(replace(NEED, drafts=(draft("ADDS"), draft("RIGHT"))), [code("RIGHT")] * 2)
    assert supported.state == "live"


async def test_drafts_that_fit_only_what_is_shown_are_refused(run):
    fitted, _, _ = await run(replace(NEED, drafts=(draft("FITTED"), draft("FITTED", " + 0"))), [code("ADDS")] * 12)
    assert fitted.state == "failed"


async def test_a_draft_with_a_secret_is_not_tried(run):
    secret = "sk-ant-api03-" + "a1B2" * 20
    result, _, events = await run(replace(NEED, drafts=(draft(f"RIGHT {secret}"),)), [code("RIGHT")] * 2)
    assert result.state == "live"
    assert "given draft" not in str(events)
    assert secret not in str(events)
