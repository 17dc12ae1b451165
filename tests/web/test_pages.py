"""What the pages say, and that hostile text stays text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from agentforge.errors import RegistryError, ToolInvalid
from agentforge.registry.history import Happening
from agentforge.registry.layers import BaseLayer
from agentforge.registry.manifest import Provenance
from agentforge.registry.tool import Tool
from agentforge.types import Capabilities, Example, Layer, Role, State
from agentforge.web import hostile
from agentforge.web.catalogue import Call, Dossier, Entry, Passage, Shelf

from .memory import ORIGIN, PEOPLE, REPORT, SOURCE, MemoryCatalogue, make_tool, version

PAYLOADS = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    '" onmouseover="alert(1)" x="',
    "' onfocus='alert(1)' autofocus='",
    "javascript:alert(1)",
    "<a href=javascript:alert(1)>x</a>",
    "</code></pre><script>alert(1)</script>",
    "</textarea></title></style><script>alert(1)</script>",
    "<!-- --><script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<form action=//evil.example><button>go</button></form>",
    "<style>*{display:none}</style>",
    "{{ 7*7 }}{% for x in y %}{{ config }}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u202etxt.exe\u2066",
    "\x1b[31mred\x00\x08",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "<math><mtext></p><script>alert(1)</script>",
    "<ScRiPt >alert(1)</sCrIpT >",
    "\N{ZERO WIDTH SPACE}<scr\u200bipt>",
    "`;alert(1)//",
    "<details open ontoggle=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><script href=data:,alert(1)></script></svg>",
    "<xss style=animation-name:x onanimationstart=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<select><option></select><img src=x onerror=alert(1)>",
    "</blockquote></q></kbd><img src=x onerror=alert(1)>",
    "<button form=csrf formaction=//evil.example>ok</button>",
    "<input name=act value=approve>",
    "\u2067\u2066return True\u2069 # only a comment\u2069",
    "\N{RIGHT-TO-LEFT MARK}\N{ARABIC LETTER MARK}\N{SOFT HYPHEN}hidden",
]

OUR_TAGS = frozenset(
    """html head meta title link body a header div span b main footer h1 h2 h3 form label input button nav ul ol li p
    code pre section dl dt dd details summary table thead tbody tr th td time img
    select option kbd br q blockquote""".split()  # noqa: SIM905 - a table of words
)
OUR_LINKS = ("/", "#content", "#actions", "#decide", "#undo")


class Reader(HTMLParser):
    """Reads a page as a browser does and keeps what could do harm."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.problems: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if tag == "script" and attrs == [("src", "/static/keys.js"), ("defer", None)]:
            return
        if tag not in OUR_TAGS:
            self.problems.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcdoc", "http-equiv", "formaction"):
                self.problems.append(f"<{tag} {name}>")
            if name in ("href", "src", "action") and not (value or "").startswith(OUR_LINKS):
                self.problems.append(f"<{tag} {name}={value}>")

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile_tool(payload: str) -> Entry:
    """A tool with the payload in every place that a model, a page or a person can write to."""
    made = Provenance.model_construct(
        job=payload, episodes=(payload,), sources=(payload,), parent=payload, models={Role.GENERATE: payload},
        prompts={payload: payload}, image=payload, tester_is_generator=True, created=None,
    )  # fmt: skip
    gate = {"gate": payload, "verdict": payload, "summary": payload, "evidence": {payload: [payload]}}
    return Entry(
        make_tool(
            summary=payload,
            signature=payload,
            requests=(payload,),
            depends=(payload,),
            capabilities=Capabilities(hosts=(payload,), clock=True),
            provenance=made,
            source=f"# {payload}\n{payload}\n'''{payload}'''\n",
            tests=payload,
            examples=(Example({payload: payload}, [payload], source=payload), Example({}, raises=payload)),
            report={"gates": [gate], "box": {"launcher": payload, "tier": payload}},
        )
    )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_is_shown_as_text(browser: TestClient, catalogue: MemoryCatalogue, payload: str) -> None:
    harmless = Reader(_pages(browser, catalogue, "harmless"))
    page = Reader(_pages(browser, catalogue, payload))
    assert page.problems == []
    assert _skeleton(page) == _skeleton(harmless)
    shown = hostile.plain(payload) in page.text
    assert shown, "the payload is not shown as it is"


def _skeleton(page: Reader) -> dict[str, int]:
    """How often each tag stands there; highlighting and the contract's problems depend on the text."""
    return {tag: count for tag, count in page.tags.items() if tag not in ("span", "li")}


def hostile_dossier(payload: str) -> Dossier:
    """What is known of it: calls, passages, decisions with their reasons."""
    happened = Happening("a" * 40, datetime(2026, 11, 23, tzinfo=UTC), payload, payload, "", "", payload, payload)
    return Dossier(
        reaches=(payload,),
        seen=(payload,),
        calls=(Call(payload, payload, payload, payload, payload),),
        passages=(Passage(payload, payload, gone=True),),
        near=((payload, payload),),
        users=(payload,),
        history=(happened,),
        reason=payload,
    )


def _decision_pages(browser: TestClient, catalogue: MemoryCatalogue, payload: str) -> str:
    """The queue, a decision with its remarks, one that was refused, and a comparison."""
    fields = {"csrf": PEOPLE[0].csrf, "act": "retire", "version": "a" * 64, "state": "live", "reason": payload}
    headers, path = {"origin": ORIGIN}, "/tools/parse_price/decision"
    catalogue.refuses = ToolInvalid("parse_price", [payload])
    refused = browser.post(path, data=fields, headers=headers)
    catalogue.refuses, catalogue.remark = None, payload
    made = browser.post(path, data=fields, headers=headers)
    pages = [browser.get(made.headers["location"]), browser.get("/queue")]
    pages.append(browser.get("/tools/parse_price/compare", params={"from": payload, "to": payload}))
    assert [refused.status_code, *(page.status_code for page in pages)] == [409, 200, 200, 200]
    return "".join(page.text for page in (refused, *pages))


def _pages(browser: TestClient, catalogue: MemoryCatalogue, payload: str) -> str:
    live = hostile_tool(payload)
    catalogue.shown = [live, Entry(replace(live.tool, state=State.PROPOSED))]
    catalogue.known = hostile_dossier(payload)
    catalogue.happened = catalogue.known.history
    catalogue.files = {payload: ("---", "+++", f"+{payload}", f"-{payload}", payload)}
    catalogue.past = [version("bbbb", payload, payload), version("aaaa", SOURCE, payload)]
    catalogue.owner = payload
    catalogue.wrong = [payload]
    tool, listed = browser.get("/tools/parse_price"), browser.get("/", params={"q": "", "state": payload})
    nothing, unknown = browser.get("/", params={"q": f"{payload} no such"}), browser.get("/tools/" + "x" * 100)
    assert [tool.status_code, listed.status_code, nothing.status_code] == [200, 200, 200]
    decisions = _decision_pages(browser, catalogue, payload)
    return tool.text + listed.text + nothing.text + unknown.text + decisions


def test_a_hostile_name_in_the_address_is_shown_as_text(browser: TestClient) -> None:
    answer = browser.get("/tools/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert answer.status_code == 404
    assert Reader(answer.text).problems == []


def test_a_failure_of_the_registry_is_one_sentence_with_its_fix(
    browser: TestClient, catalogue: MemoryCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable() -> Shelf:
        raise RegistryError("The registry <b>cannot</b> be read.", fix="Mend it.")

    monkeypatch.setattr(catalogue, "shelf", unreadable)
    answer = browser.get("/")
    assert answer.status_code == 500
    assert "The registry &lt;b&gt;cannot&lt;/b&gt; be read." in answer.text
    assert "Mend it." in answer.text
    assert catalogue.closed == catalogue.opened == 1


def test_the_list_shows_live_tools_with_layer_and_mark(browser: TestClient) -> None:
    text = Reader(browser.get("/").text).text
    assert "parse_price" in text
    assert "unconfirmed" in text
    assert "Learned 1" in text
    assert "slugify" not in text


def test_a_stale_tool_says_so_on_its_page(browser: TestClient, catalogue: MemoryCatalogue) -> None:
    assert "made from has changed" not in browser.get("/tools/parse_price").text
    catalogue.shown = [Entry(make_tool(stale=("d0123456789ab.0000000000000000",)))]
    assert "Stale: the text that it was made from has changed." in browser.get("/tools/parse_price").text


def test_the_state_filter_shows_what_waits_and_counts_all(browser: TestClient) -> None:
    page = browser.get("/", params={"state": "proposed"}).text
    assert "slugify" in page
    assert "parse_price" not in page
    words = Reader(page).text.split()
    assert words[words.index("live") + 1] == "1"
    assert words[words.index("all") + 1] == "2"


@pytest.mark.parametrize(
    ("query", "found"), [("price", True), ("CENTS read", True), ("what is 3.50", True), ("slug", False), ("", True)]
)
def test_search_needs_every_word_somewhere(browser: TestClient, query: str, found: bool) -> None:
    assert ("/tools/parse_price" in browser.get("/", params={"q": query}).text) is found


def test_search_is_kept_when_the_state_changes(browser: TestClient) -> None:
    assert 'href="/?q=a%26b&amp;state=proposed"' in browser.get("/", params={"q": "a&b"}).text


def test_an_empty_registry_says_how_to_begin(browser: TestClient, catalogue: MemoryCatalogue) -> None:
    catalogue.shown = []
    assert "agentforge run -p" in browser.get("/").text


def test_a_tool_that_cannot_be_used_is_told_not_hidden(browser: TestClient, catalogue: MemoryCatalogue) -> None:
    assert "something is wrong" not in browser.get("/").text
    catalogue.wrong = ["parse_price: tool.toml is missing"]
    assert "parse_price: tool.toml is missing" in Reader(browser.get("/").text).text


def test_the_tool_page_goes_from_purpose_to_history(browser: TestClient) -> None:
    text = Reader(browser.get("/tools/parse_price").text).text
    order = [
        "Read a price as cents.", "parse_price(text: str) -> int", "Verdict", "Risk", "Why it was made",
        "What is 3.50 in cents?", "ep-7", "What it may do", "Nothing beyond its arguments", "Tests and results",
        "source contract", "2 of 2 right", "Examples", "test_whole", "Source", "partition", "Calls and credit",
        "Provenance", "qwen-coder", "Versions", "Repair parse_price", "Decide about it", "Quarantine",
    ]  # fmt: skip
    place = 0
    for words in order:
        place = text.find(words, place)
        assert place >= 0, f"{words!r} does not come in its turn"


def test_verdict_and_risk_are_told_apart(browser: TestClient, catalogue: MemoryCatalogue) -> None:
    capable = Capabilities(hosts=("api.example.org",), clock=True)
    catalogue.shown = [Entry(make_tool(capabilities=capable))]
    page = Reader(browser.get("/tools/parse_price").text).text
    assert "2 gates passed" in page
    assert "hosts: api.example.org; clock" in page


def test_a_failed_gate_is_the_headline(browser: TestClient, catalogue: MemoryCatalogue) -> None:
    gates = [*REPORT["gates"], {"gate": "fuzz", "verdict": "failed", "summary": "KeyError"}]
    catalogue.shown = [Entry(make_tool(report={"gates": gates}))]
    assert "1 of 3 gates failed" in browser.get("/tools/parse_price").text


@pytest.mark.parametrize(
    "report", [{}, {"gates": None}, {"gates": "x"}, {"gates": [1, None, {}]}, {"box": [1], "gates": [{"gate": []}]}]
)
def test_a_report_of_any_shape_is_survived(browser: TestClient, catalogue: MemoryCatalogue, report: dict) -> None:
    catalogue.shown = [Entry(make_tool(report=report))]
    assert browser.get("/tools/parse_price").status_code == 200


def test_versions_are_shown_with_the_difference_in_words_and_signs(browser: TestClient) -> None:
    text = Reader(browser.get("/tools/parse_price").text).text
    assert "+1 −1" in text
    assert "-    return int(whole) * 100" in text
    assert "+    return int(whole) * 1000" in text
    assert "The first version." in text


@pytest.mark.parametrize("tool", BaseLayer().tools(), ids=lambda tool: tool.name)
def test_every_starter_tool_has_its_page(browser: TestClient, catalogue: MemoryCatalogue, tool: Tool) -> None:
    catalogue.shown, catalogue.past = [Entry(tool)], []
    page = Reader(browser.get(f"/tools/{tool.name}").text)
    assert tool.manifest.summary in page.text
    assert "gates passed" in page.text
    assert "Starter tools change only with AgentForge itself" in page.text
    assert page.problems == []


def test_a_version_that_is_not_in_use_has_an_address_of_its_own(
    browser: TestClient, catalogue: MemoryCatalogue
) -> None:
    mine, base = make_tool(), make_tool(source=SOURCE + "# base\n", layer=Layer.BASE)
    waiting = make_tool(source=SOURCE + "# proposed\n", state=State.PROPOSED)
    catalogue.shown = [Entry(mine), Entry(waiting), Entry(base, shadowed=True)]
    page = browser.get("/", params={"state": "all"}).text
    for tool in (base, waiting):
        address = f"/tools/parse_price?version={tool.version[:12]}"
        assert address in page
        assert tool.source.splitlines()[-1] in browser.get(address).text
    assert "# base" not in browser.get("/tools/parse_price").text
    assert browser.get("/tools/parse_price?version=0000").status_code == 404


def test_a_folder_that_breaks_the_contract_says_so(browser: TestClient, catalogue: MemoryCatalogue) -> None:
    catalogue.shown = [Entry(replace(make_tool(), source="import os\n"))]
    assert "breaks the contract" in browser.get("/tools/parse_price").text


@pytest.mark.parametrize("path", ["/", "/tools/parse_price"])
def test_a_page_is_good_to_read_without_eyes_or_mouse(browser: TestClient, path: str) -> None:
    page = browser.get(path).text
    assert page.count("<h1") == 1
    assert '<a class="skip" href="#content">' in page
    assert '<html lang="en">' in page
    assert 'name="viewport"' in page
    assert page.count("<pre") == page.count('tabindex="0"')


def test_long_text_is_cut_and_says_so() -> None:
    shown = hostile.plain("x" * (hostile.SHOWN_BYTES + 5))
    assert shown.endswith("(5 characters more)")
