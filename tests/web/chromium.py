"""A real Chromium that a test steers, over the pipe of its own debugging protocol (no further library).

https://chromedevtools.github.io/devtools-protocol/: messages are JSON, each ended by a zero byte; the browser reads
them from descriptor 3 and writes to descriptor 4.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")
SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-dev-shm-usage", "--remote-debugging-pipe", "--hide-scrollbars",
)  # fmt: skip
SECONDS = 60.0
"""How long one answer, or one page, may take: the machine may be busy."""
_CODES = {"Enter": (13, "\r"), "Tab": (9, ""), "Escape": (27, "")}


class Chromium:
    """One browser with one page; a context manager."""

    def __init__(self, profile: Path) -> None:
        self._profile = profile
        self._number = 0
        self._buffer = b""
        self._session = ""
        self.dialogs: list[str] = []

    def __enter__(self) -> Self:
        assert PROGRAM is not None
        read, self._out = os.pipe()
        self._in, write = os.pipe()

        def place() -> None:
            """The two pipes where the browser looks for them, whatever numbers they have here."""
            kept = os.dup(read), os.dup(write)
            os.dup2(kept[0], 3)
            os.dup2(kept[1], 4)

        command = [PROGRAM, *SWITCHES, f"--user-data-dir={self._profile}", "about:blank"]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdout=quiet, stderr=quiet, preexec_fn=place, close_fds=False)
        os.close(read)
        os.close(write)
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.send("Page.enable")
        self.send("Runtime.enable")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(10)
        os.close(self._out)
        os.close(self._in)

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """One command, and its answer."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            came = self._next()
            if came.get("id") == message["id"]:
                assert "error" not in came, came["error"]
                return came["result"]

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + SECONDS
        while b"\0" not in self._buffer:
            assert select.select([self._in], [], [], max(0, end - time.monotonic()))[0], "Chromium does not answer"
            piece = os.read(self._in, 1 << 20)
            assert piece, "Chromium has ended"
            self._buffer += piece
        text, _, self._buffer = self._buffer.partition(b"\0")
        came = json.loads(text)
        if came.get("method") == "Page.javascriptDialogOpening":
            self.dialogs.append(came["params"]["message"])
        return came

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        told = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in told, f"{script}: {told['exceptionDetails']}"
        return told["result"].get("value")

    def until(self, script: str) -> Any:
        """Waits for an expression to be true, whatever page it is asked of."""
        end = time.monotonic() + SECONDS
        asked = f"try {{ document.readyState === 'complete' && ({script}) }} catch (error) {{ false }}"
        while not (value := self.run(asked)):
            assert time.monotonic() < end, f"it never came to {script}: {self.text()[:600]}"
            time.sleep(0.05)
        return value

    def open(self, address: str) -> None:
        """Goes to an address and waits for its page."""
        self.run("window.before = true")
        self.send("Page.navigate", url=address)
        self.until("!window.before")

    def text(self) -> str:
        """What a person reads."""
        return str(self.run("document.body?.innerText ?? ''"))

    def press(self, key: str) -> None:
        """One key, as from a keyboard."""
        code, text = _CODES[key] if key in _CODES else (ord(key.upper()), key)
        told = {"key": key, "windowsVirtualKeyCode": code, **({"text": text} if text else {})}
        self.send("Input.dispatchKeyEvent", type="keyDown", **told)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def write(self, text: str) -> None:
        """Text into whatever has the focus."""
        self.send("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """The mouse, in the middle of an element."""
        script = f"""(() => {{
            const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: "center"}});
            const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()"""
        x, y = self.run(script)
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def looks(self, *, width: int = 1100, height: int = 900, dark: bool = False, script: bool = True) -> None:
        """How the browser is: its size, its colours, whether it runs scripts."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.send("Emulation.setEmulatedMedia", features=features)
        self.send("Emulation.setScriptExecutionDisabled", value=not script)

    def picture(self, place: Path, *, whole: bool = False) -> None:
        """A screenshot, of what is seen or of the whole page."""
        data = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        place.write_bytes(base64.b64decode(data))
