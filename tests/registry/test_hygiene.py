"""What may stand in a tool's file, and what its imports reach."""

import ast

import pytest

from agentforge.boxes.packages.lock import Lock, Locked
from agentforge.registry.contract import check_source, check_tests
from agentforge.registry.hygiene import toolbox_imports
from agentforge.types import Capabilities

FUNCTION = 'def f(a: int) -> int:\n    """Do it."""\n    return a\n'


LOCK = Lock((Locked("python-dateutil", "2.9", ("a" * 64,), ("dateutil",)), Locked("dateutil-x", "1", ("b" * 64,))))


def problems(head="", body="return a", known_tools=(), **capabilities):
    source = head + "\n" + FUNCTION.replace("return a", body)
    return check_source(source, "f", known_tools=known_tools, capabilities=Capabilities(**capabilities), packages=LOCK)


@pytest.mark.parametrize(
    "head",
    [
        "import re, math, json, decimal, datetime, collections, itertools, unicodedata, hashlib, csv, io, string",
        "from __future__ import annotations",
        "import re\n_A = re.compile(r'x', re.I)",
        "UNITS = {'a': 1, 'b': 2 * 3}\nNAMES = sorted(UNITS)\nX: int = 3",
        "_A, _B = 1, 2",
        "_ROMAN = frozenset('IVX') | {'M'}",
        "_T = {k: v for k, v in zip('ab', range(2))}",
        "_T = str.maketrans('a', 'b')\n_W = 'a b c'.split()",
        "_KEY = lambda x: x + 1",
        "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef _h(x):\n    return x",
        "from dataclasses import dataclass\n@dataclass\nclass _P:\n    x: int = 0\n    def go(self): return self.x",
        "from dataclasses import dataclass, field\n@dataclass\nclass _P:\n    x: list = field(default_factory=list)",
        "class _E(ValueError):\n    '''Bad.'''",
        "from os.path import splitext\nimport os\n_S = os.sep",
        "import urllib.parse\nfrom urllib.parse import quote\nfrom urllib import parse",
        "from http import HTTPStatus",
        "import random\n_R = 3\ndef _d(s):\n    return random.Random(s).random()",
        "from uuid import UUID, uuid5",
        "import sys\n_MAX = sys.maxsize",
    ],
)
def test_what_builds_values_and_reaches_nothing_is_fine(head):
    assert problems(head) == []


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("print('hi')", "`print('hi')` runs when the file is loaded"),
        ("assert 1", "runs when the file is loaded"),
        ("_A = open('x')", "runs when the file is loaded"),
        ("_A = _f()", "runs when the file is loaded"),
        ("_A.b = 1", "runs when the file is loaded"),
        ("_A += 1", "runs when the file is loaded"),
        ("for _i in range(3):\n    pass", "runs when the file is loaded"),
        ("try:\n    import re\nexcept ImportError:\n    pass", "runs when the file is loaded"),
        ("def _h(x=print(1)):\n    pass", "default `print(1)` of _h runs"),
        ("class _A:\n    print(1)", "`print(1)` in class _A runs on loading"),
        ("if __name__ == '__main__':\n    f(1)", 'remove the `if __name__ == "__main__":` block'),
        ("def helper(x):\n    return x", "function helper must be private: rename it to _helper"),
        ("class Helper:\n    pass", "class Helper must be private: rename it to _Helper"),
        ("@app.route\ndef _h(x):\n    return x", "decorator @app.route is not allowed"),
    ],
)
def test_what_does_something_when_loaded_or_is_public_is_told(head, says):
    assert any(says in problem for problem in problems(head)), problems(head)


@pytest.mark.parametrize(
    ("head", "body", "capability"),
    [
        ("import socket", "return a", "hosts"),
        ("import urllib.request", "return a", "hosts"),
        ("from urllib import request", "return a", "hosts"),
        ("from urllib.request import urlopen", "return a", "hosts"),
        ("import http.client", "return a", "hosts"),
        ("import os", "return os.remove('x')", "files"),
        ("import os as o", "return o.listdir('.')", "files"),
        ("import shutil", "return shutil.rmtree('x')", "files"),
        ("import tempfile", "return a", "files"),
        ("", "return open('x')", "files"),
        ("import os", "return os.environ['X']", "secrets"),
        ("from os import getenv", "return getenv('X')", "secrets"),
        ("import time", "return time.time()", "clock"),
        ("import datetime", "return datetime.datetime.now()", "clock"),
        ("from datetime import date", "return date.today()", "clock"),
        ("import random", "return random.random()", "randomness"),
        ("from uuid import uuid4", "return uuid4()", "randomness"),
        ("def _h():\n    import secrets\n    return secrets.token_hex()", "return a", "randomness"),
    ],
)
def test_what_reaches_out_needs_its_capability_and_then_is_fine(head, body, capability):
    found = problems(head, body)
    assert len(found) == 1, found
    assert f"needs the capability '{capability}', which this tool does not have" in found[0]
    granted = True if capability in {"clock", "randomness"} else ("x",)
    assert problems(head, body, **{capability: granted}) == []


@pytest.mark.parametrize("module", ["subprocess", "ctypes", "threading", "asyncio", "pickle", "importlib", "signal"])
def test_processes_threads_and_loaders_are_never_fine(module):
    everything = Capabilities(("h",), ("f",), ("s",), ("p",), clock=True, randomness=True)
    source = f"import {module}\n_X = {module}.Y\n{FUNCTION}"
    assert f"{module}" in " ".join(check_source(source, "f", capabilities=everything))


def test_os_system_is_never_fine():
    assert "os.system may not be used" in problems("import os", "return os.system('x')", files=("x",))[0]


@pytest.mark.parametrize(
    "call", ["eval(a)", "exec(a)", "compile(a, '', 'eval')", "__import__('os')", "input()", "exit()"]
)
def test_calls_that_run_text_or_wait_for_a_person_are_told(call):
    assert f"{call.split('(')[0]}() may not be used" in problems(body=f"return {call}")[0]


def test_a_package_needs_to_be_granted():
    assert "numpy is not in the standard library" in problems("import numpy")[0]
    assert problems("import dateutil_x.parser", packages=("Dateutil-X",)) == []
    assert problems("from dateutil import parser\nimport dateutil.tz as t", packages=("python-dateutil",)) == []
    assert problems("import dateutil", packages=("dateutil-x",)) == [
        "line 1: dateutil comes with the package python-dateutil, which this tool does not declare"
    ]


def test_a_package_that_is_not_locked_opens_nothing():
    assert "numpy is not in the standard library" in problems("import numpy", packages=("numpy",))[0]


def test_tests_may_import_what_their_tool_declares():
    tests = "import dateutil\nfrom tool import f\ndef test_f():\n    assert f(1)\n"
    assert check_tests(tests, "f", {"dateutil"}) == []
    assert "found: dateutil" in check_tests(tests, "f")[0]


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("from toolbox import other", None),
        ("from toolbox import other as o", None),
        ("from toolbox import nope", "the toolbox has no tool named nope"),
        ("from toolbox import f", "f imports itself"),
        ("from toolbox import *", "name what you need"),
        ("import toolbox", "name what you need"),
        ("from toolbox.other import other", "name what you need"),
        ("from .toolbox import other", ".toolbox is not in the standard library"),
        ("from . import other", "not in the standard library"),
    ],
)
def test_the_toolbox_is_imported_by_name(head, says):
    found = problems(head, known_tools=["other"])
    assert (says is None and found == []) or any(says in problem for problem in found)


def test_the_network_is_for_those_that_declare_hosts() -> None:
    head = "from toolbox import fetch"
    told = problems(head, "return fetch('https://api.example.com/')['status']")
    assert "toolbox.fetch needs the capability 'hosts'" in told[0]
    assert problems(head, "return fetch('https://api.example.com/')['status']", hosts=("api.example.com",)) == []
    assert toolbox_imports(ast.parse(head)) == ()
