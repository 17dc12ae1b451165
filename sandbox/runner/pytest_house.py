"""PID 1 of a box for suites: pytest is imported and configured once, then forked for every suite."""

import contextlib
import io
import os
import shutil
import sys

from runner.confine import WORK
from runner.suite import Tests

_NOT_NEEDED = (
    "cacheprovider",
    "doctest",
    "faulthandler",
    "junitxml",
    "legacypath",
    "pastebin",
    "setuponly",
    "setupplan",
    "stepwise",
    "threadexception",
    "unraisableexception",
)
_REHEARSAL = """
import pytest
def test_passing():
    with pytest.raises(ValueError):
        int("x")
def test_failing():
    assert [1] == [2]
"""


def run(keeper):
    """Serves suites for ever; never returns."""
    import pytest

    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    quiet = _Nowhere()
    os.makedirs(WORK)
    os.chdir(WORK)
    with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        _rehearse(pytest)
    tests = Tests(keeper, WORK, pytest.__version__)
    real = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = quiet
    pytest.main([*_arguments(), "test_tool.py"], plugins=[_Doorstep(real), tests])
    os._exit(1)


def _arguments():
    without = [part for name in _NOT_NEEDED for part in ("-p", f"no:{name}")]
    return ["-q", "-s", "--tb=short", "-c", os.devnull, "--rootdir", WORK, *without]


def _rehearse(pytest):
    """One small suite, so that what pytest imports late is imported before the first fork."""
    with open("test_tool.py", "w", encoding="utf-8") as file:
        file.write(_REHEARSAL)
    pytest.main([*_arguments(), "test_tool.py"])
    sys.modules.pop("test_tool", None)


class _Nowhere(io.TextIOBase):
    """Takes what pytest prints about itself; holds no descriptor, since every fork closes those."""

    def write(self, text):
        return len(text)


class _Doorstep:
    """Cleans up between the configuration of pytest and the first fork."""

    def __init__(self, streams):
        self.streams = streams

    def pytest_sessionstart(self, session):
        session.config.pluginmanager.getplugin("logging-plugin").log_file_handler.setStream(_Nowhere())
        os.environ.pop("PYTEST_DISABLE_PLUGIN_AUTOLOAD", None)
        os.environ.pop("PYTEST_VERSION", None)
        os.chdir("/")
        shutil.rmtree(WORK)
        sys.stdout, sys.stderr = self.streams
