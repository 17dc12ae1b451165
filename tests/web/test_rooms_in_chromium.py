"""Every room in a real browser: with script and without, by keyboard, light and dark, on a phone, hostile and not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from .axe import serious
from .chromium import Chromium
from .lived import NIGHT, Lived, lived, settings_here
from .program import go, looking, serving

EVIL = "<img src=x onerror=\"document.title='owned'\"><script>alert(1)</script></textarea></pre><svg onload=alert(1)>"

pytestmark = pytest.mark.timeout(600)  # a browser on a busy machine


@pytest.fixture
def made(home: Path) -> Lived:
    del home  # it is where AGENTFORGE_HOME leads
    return asyncio.run(lived(settings_here(), word=lambda text: f"{text} {EVIL}", line=lambda text: f"{text} {EVIL}"))


@pytest.fixture
def browser(made: Lived, tmp_path: Path) -> Iterator[Chromium]:
    del made
    with serving(tmp_path) as address, looking(address, tmp_path) as chromium:
        yield chromium


def pages(made: Lived) -> list[str]:
    return [
        "/sessions", f"/sessions/{made.session}", f"/sessions/{made.fork}", "/learning", "/memory",
        f"/memory/{made.fact}", f"/memory/{made.waits}", "/persona", "/sleep", f"/sleep/{NIGHT}", "/activity",
        "/lineage", "/lineage?of=tool:clean_phone", "/", "/queue", "/tools/clean_phone",
    ]  # fmt: skip


def test_every_page_is_accessible_narrow_and_harmless_in_light_and_dark(browser: Chromium, made: Lived) -> None:
    found: list[str] = []
    for dark in (False, True):
        browser.looks(dark=dark)
        for path in pages(made):
            go(browser, path)
            found += [f"{path}{' in the dark' * dark}: {one}" for one in serious(browser)]
            assert "owned" not in browser.run("document.title"), path
            assert (
                browser.run("[...document.scripts].map((one) => one.getAttribute('src')).join()") == "/static/keys.js"
            )
            assert browser.run("document.images.length") == 1, "only our own mark"
            assert browser.run("document.querySelectorAll('h1').length") == 1, path
    assert found == []
    browser.looks(width=390, height=844)
    for path in pages(made):
        go(browser, path)
        assert browser.run("document.documentElement.scrollWidth") <= 390, path
    assert browser.dialogs == []


def test_memory_persona_night_and_lineage_are_decided_by_keyboard_and_without_script(
    browser: Chromium, made: Lived
) -> None:
    # by keyboard: the search has the focus with "/", the reason with "r", and Enter sends it
    go(browser, "/sessions")
    browser.press("/")
    browser.write("francs")
    browser.press("Enter")
    browser.until("location.search === '?q=francs'")
    assert "Convert the total of invoice 17 to francs" in browser.text()
    go(browser, f"/memory/{made.waits}")
    browser.press("r")
    browser.write("Only some of them.")
    browser.press("Enter")
    browser.until("location.pathname === '/memory'")
    assert f"{made.waits} is turned down" in browser.text()
    assert "Waits for you" not in browser.text()

    # without any script, on a phone
    browser.looks(width=390, height=844, script=False)
    go(browser, f"/memory/{made.fact}")
    browser.click("#text")
    browser.run("document.querySelector('#text').value = 'The fiscal year ends in June.'")
    browser.click("form[action$='/edit'] button")
    browser.until("document.querySelector('.done') !== null")
    assert browser.run("document.querySelector('h1').innerText") == "The fiscal year ends in June."
    browser.click("form[action$='/forget'] button")
    browser.until("location.pathname === '/memory'")
    assert "The history of your registry still holds it" in browser.text()

    go(browser, "/persona")
    browser.click("form[action='/persona/approve'] button")
    browser.until("document.querySelector('.done') !== null")
    assert "Put the result first" in browser.run("document.querySelector('.persona').innerText")

    go(browser, f"/sleep/{NIGHT}")
    browser.click("#why-all")
    browser.write("It was not what I meant.")
    browser.press("Enter")
    browser.until("document.querySelector('.done') !== null")
    assert "taken back" in browser.text()

    go(browser, "/lineage?of=tool:check_iban")
    browser.click("#why")
    browser.write("It passes too much.")
    browser.press("Enter")
    browser.until("document.querySelector('.done') !== null")
    assert "Out of use: check_iban" in browser.text()
    browser.click("form[action$='/undo'] button")
    browser.until("document.body.innerText.includes('Back in use: check_iban')")
    go(browser, "/activity?by=people")
    for told in (f"Reject {made.waits}", "Only some of them.", f"Edit {made.fact}", "Approve the persona"):
        assert told in browser.text(), told
    assert browser.dialogs == []
