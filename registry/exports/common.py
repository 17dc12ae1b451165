import io
import json
import linecache
import math
import os
import signal
import subprocess
import sys
import tempfile
import types
from contextlib import redirect_stdout
from copy import deepcopy
from functools import wraps


class BadResult(Exception):
    """A tool gave something that is no JSON."""


def load():
    """The tools as functions, by name; they find each other in a module named toolbox, as where they were made."""
    toolbox = types.ModuleType("toolbox")
    sys.modules["toolbox"] = toolbox
    functions = {}
    for name, tool in TOOLS.items():
        module = types.ModuleType(f"toolbox._{name}")
        sys.modules[module.__name__] = module
        file = f"<{name} in {os.path.basename(__file__)}>"
        linecache.cache[file] = (len(tool["source"]), None, tool["source"].splitlines(True), file)
        exec(compile(tool["source"], file, "exec", dont_inherit=True), module.__dict__)
        functions[name] = getattr(module, name)
        setattr(toolbox, name, apart(functions[name]) if tool["capabilities"] else functions[name])
    return functions


def apart(function, copied=deepcopy):
    """A tool that may reach something, for other tools: where it was made it ran in a process of its own, so that
    neither could change what the other holds.
    """

    @wraps(function)
    def asked(*args, **named):
        return copied(function(*copied(args), **copied(named)))

    return asked


FUNCTIONS = load()


def call(name, args):
    """What a tool gives for arguments that fit; what it prints goes to stderr."""
    with redirect_stdout(sys.stderr):
        value = FUNCTIONS[name](**args)
    try:
        insist_on_texts(value)
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()  # half a surrogate pair could not be written
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadResult(f"its result is no JSON: {error}") from None


def insist_on_texts(value):
    """Refuses keys that are no texts, which would become some silently."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"the dictionary key {str(key)[:80]} is no string")
            insist_on_texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            insist_on_texts(item)


def failure(error):
    """What a tool raised, in words that can be written anywhere."""
    return f"{type(error).__name__}: {error}".encode(errors="backslashreplace").decode()


def misfits(value, schema, where=""):
    """Why a JSON value does not fit a schema, in sentences; none where it fits."""
    if "anyOf" in schema:
        fits = any(not misfits(value, each, where) for each in schema["anyOf"])
        return [] if fits else [f"{where or 'the value'}: {shown(value)} fits none of the types"]
    if "enum" in schema:
        kind = isinstance(value, bool)
        fits = any(each == value and isinstance(each, bool) is kind for each in schema["enum"])
        return [] if fits else [f"{where or 'the value'}: {shown(value)} is not one of {shown(schema['enum'])}"]
    wanted = schema.get("type")
    if wanted is not None and not KINDS[wanted](value):
        return [f"{where or 'the value'}: {shown(value)} is not of type {wanted}"]
    found = []
    if wanted == "array" and "items" in schema:
        for at, item in enumerate(value):
            found += misfits(item, schema["items"], f"{where}[{at}]")
    if wanted == "object":
        known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        found += [f"{key} is missing" for key in schema.get("required", []) if key not in value]
        for key, item in value.items():
            if key in known:
                found += misfits(item, known[key], f"{where}.{key}" if where else key)
            elif others is False:
                found.append(f"{key} is not known{' in ' + where if where else ''}")
            elif others is not True:
                found += misfits(item, others, f"{where}[{key!r}]")
    return found


def shown(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"


def is_number(value):
    return math.isfinite(value) if isinstance(value, float) else is_whole(value)


def is_whole(value):
    return value.is_integer() if isinstance(value, float) else isinstance(value, int) and not isinstance(value, bool)


KINDS = {
    "string": lambda value: isinstance(value, str),
    "integer": is_whole,
    "number": is_number,
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def run_tests():
    """Runs the tests that came with every tool, each in a process of its own; the exit code of the worst."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [place for place in sys.path if os.path.abspath(place) != here]  # a tool may be named like a package
    try:
        import pytest  # noqa: F401
    except ImportError:
        print("The tests need pytest: pip install pytest, or 'uv run --with pytest'.", file=sys.stderr)
        return 2
    worst = 0
    with tempfile.TemporaryDirectory() as folder:
        write(folder, "toolbox", "__init__.py", FINDER)
        for name, tool in TOOLS.items():
            write(folder, "toolbox", f"_{name}.py", tool["source"])
            write(folder, name, "tool.py", tool["source"])
            write(folder, name, "test_tool.py", tool["tests"])
        for name in TOOLS:
            print(f"{name}:", flush=True)
            words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_tool.py"]
            inside = {**os.environ, "PYTHONPATH": folder, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
            done = subprocess.run(words, cwd=os.path.join(folder, name), env=inside, check=False)
            worst = max(worst, done.returncode)
    return worst


FINDER = '''from importlib import import_module


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(name)
    return getattr(import_module(f"toolbox._{name}"), name)
'''


def write(folder, below, name, text):
    os.makedirs(os.path.join(folder, below), exist_ok=True)
    with io.open(os.path.join(folder, below, name), "w", encoding="utf-8", newline="") as file:
        file.write(text)
