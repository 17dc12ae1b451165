"""The whole way: a real registry, ``agentforge web`` as a process, and a real browser that decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentforge.registry import review
from agentforge.registry.history import history
from agentforge.registry.layers import Registry
from agentforge.registry.manifest import Manifest, Provenance
from agentforge.registry.tool import contents_of
from agentforge.types import State

from .chromium import Chromium
from .memory import SOURCE, make_tool
from .program import go, looking, serving
from .realistic import filled

EVIL = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
EVIL_SOURCE = SOURCE.replace('"""Read', f'"""{EVIL} \N{RIGHT-TO-LEFT OVERRIDE} Read'.replace("\\", ""))

pytestmark = pytest.mark.timeout(300)  # a browser on a busy machine


@pytest.fixture
def registry(home: Path) -> Path:
    """A registry in which three things wait, with two versions of a tool whose words are hostile."""
    path = home / "registries" / "personal" / "ada.git"
    filled(path)
    manifest = Manifest(name="parse_price", summary=EVIL, signature="(text: str) -> int", requests=(EVIL,))
    report = {"gates": [{"gate": EVIL, "verdict": "passed", "summary": EVIL, "evidence": EVIL}]}
    first = replace(make_tool(), manifest=manifest, source=EVIL_SOURCE, report=report)
    first = replace(first, report={**report, "contents": contents_of(first.source, first.tests)})
    with Registry.open_or_create(path) as registry:
        version = registry.add(first, state=State.LIVE, unconfirmed=True)
        onwards = manifest.model_copy(update={"provenance": Provenance(parent=version)})
        repaired = replace(first, manifest=onwards, source=EVIL_SOURCE.replace("* 100", "* 1000"))
        registry.add(repaired, state=State.LIVE)
        review.put(registry, "parse_price", State.QUARANTINED, approver="ben", reason=EVIL)
        review.put(registry, "parse_price", State.LIVE, approver="ben", reason=EVIL)
    return path


@pytest.fixture
def address(registry: Path, tmp_path: Path) -> Iterator[str]:
    del registry  # it is where AGENTFORGE_HOME leads
    with serving(tmp_path) as printed:
        yield printed


@pytest.fixture
def browser(address: str, tmp_path: Path) -> Iterator[Chromium]:
    with looking(address, tmp_path) as chromium:
        yield chromium


def decided(path: Path, name: str) -> tuple[str, str, str]:
    """What happened last to a tool, by whom and why."""
    with Registry.open(path, writable=False) as registry:
        newest = history(registry, name)[0]
    return newest.what, newest.approver, newest.reason


def test_decisions_by_keyboard_without_script_and_on_a_phone(browser: Chromium, registry: Path) -> None:
    # a first look: the queue (1), "r" (2), the reason (3), Enter (4)
    go(browser, "/queue")
    assert "1 of 3 waiting" in browser.text()
    assert browser.run("document.querySelector('#keys').open") is False
    browser.press("r")
    browser.write("It only counts letters.")
    browser.press("Enter")
    browser.until("document.querySelector('h1').innerText === 'clean_phone'")
    assert "check_bic rejected" in browser.text()
    assert decided(registry, "check_bic") == ("Reject check_bic/1", "ada", "It only counts letters.")

    # steps and help by key, and no key decides by itself
    browser.press("j")
    browser.until("document.querySelector('h1').innerText === 'eur_rate'")
    browser.press("k")
    browser.until("document.querySelector('h1').innerText === 'clean_phone'")
    browser.press("?")
    browser.until("document.querySelector('#keys').open")
    assert "Enter sends" in browser.text()
    browser.press("a")
    assert browser.run("document.activeElement.id") == "why-approve"
    browser.press("Escape")
    assert browser.run("document.activeElement === document.body")
    with Registry.open(registry, writable=False) as opened:
        assert [*opened.snapshot().proposals] == ["clean_phone", "eur_rate"]

    # without any script, by tab and Enter alone
    browser.looks(script=False)
    go(browser, "/queue?at=clean_phone/2")
    browser.click("#why-approve")
    browser.write("Empty numbers came up twice.")
    browser.press("Tab")
    browser.press("Enter")
    browser.until("document.querySelector('h1').innerText === 'eur_rate'")
    assert decided(registry, "clean_phone") == ("Approve clean_phone", "ada", "Empty numbers came up twice.")

    # on a phone: nothing is wider than the screen, and the buttons can be hit
    browser.looks(width=390, height=844)
    go(browser, "/queue")
    assert browser.run("document.documentElement.scrollWidth") <= 390
    assert "fetch GET api.frankfurter.app" in browser.text()
    assert browser.run("document.querySelector('button.yes').getBoundingClientRect().height") >= 24
    browser.click("a.narrow")
    browser.click("button.yes")
    browser.until("document.querySelector('h1').innerText === 'Nothing waits for you'")
    assert "It may reach from now on: fetch GET api.frankfurter.app" in browser.text()
    assert decided(registry, "eur_rate") == ("Approve eur_rate", "ada", "")


def test_of_two_reviewers_the_slower_one_is_told_what_the_other_did(browser: Chromium, registry: Path) -> None:
    go(browser, "/queue?at=check_bic/1")
    with Registry.open(registry) as other:
        review.reject(other, "check_bic", "Letters in the wrong places pass.", approver="ben")
    browser.click("button.yes")
    browser.until("document.querySelector('h1').innerText === 'check_bic was not approved'")
    for told in ("Letters in the wrong places pass.", "by ben", "Reject check_bic/1"):
        assert told in browser.text()

    # a tool that stands: somebody else moved it after the page was opened
    go(browser, "/tools/check_iban")
    with Registry.open(registry) as other:
        review.put(other, "check_iban", State.RETIRED, approver="ben", reason="Nobody needs it.")
    browser.click("#why-quarantine")
    browser.write("It passes too much.")
    browser.press("Enter")
    browser.until("document.querySelector('h1').innerText === 'check_iban was not quarantined'")
    assert "Nobody needs it." in browser.text()
    assert "It passes too much." in browser.text()
    assert decided(registry, "check_iban") == ("Set check_iban to retired", "ben", "Nobody needs it.")
    browser.click("main a.jump")
    browser.until("location.pathname === '/tools/check_iban'")
    browser.click("#why-release")
    browser.write("We do.")
    browser.press("Enter")
    browser.until("document.querySelector('.done') !== null")
    assert decided(registry, "check_iban") == ("Set check_iban to live", "ada", "We do.")


def test_a_hostile_tool_is_only_text_in_a_real_browser(browser: Chromium, registry: Path) -> None:
    go(browser, "/tools/parse_price")
    assert browser.run("document.title") == "parse_price · AgentForge"
    assert browser.dialogs == []
    assert browser.run("document.images.length") == 1, "only our own mark"
    assert browser.run("[...document.scripts].map((one) => one.getAttribute('src')).join()") == "/static/keys.js"
    text = browser.text()
    assert "<script>document.title='owned'</script>" in text
    assert "⟨U+202E⟩" in text or "U+202E" in text
    assert "+1 −1" in text, "the history of a real registry"
    browser.click("#why-rollback")
    browser.write(EVIL)
    browser.press("Enter")
    browser.until("document.querySelector('.done') !== null")
    assert "rolled back" in browser.text()
    assert decided(registry, "parse_price")[1:] == ("ada", EVIL)
    assert browser.run("document.title") == "parse_price · AgentForge"
    go(browser, "/?state=all")
    text = browser.text()
    assert 0 < text.find("parse_price") < text.find("add_months")
    assert browser.run("document.title") == "Tools · AgentForge"
