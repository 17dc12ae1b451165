"""The worker of a call or a script: confined first, then one request, one outcome, and gone."""

import ast
import io
import os
import sys

from runner import frames, modules, outcomes
from runner.confine import limit_processor

REQUEST = 0
"""The descriptor on which the host speaks to a worker."""

READY = b"+"
"""Said once, when the process is confined: only then does the host send a request."""


def run(keeper):
    """Serves calls for ever; a forked process serves one and ends."""
    keeper.begin([serve_once], {"kind": "call"})
    role = keeper.serve()
    try:
        role()
    finally:
        os._exit(0)


def serve_once():
    """Does the one request of this process."""
    sys.stdin = io.StringIO()
    _rehearse()
    os.write(REQUEST, READY)
    request = frames.receive(REQUEST)
    limit_processor(request["seconds"])
    modules.install_toolbox(request["toolbox"])
    action = _script if request["kind"] == "run" else _call
    frame = outcomes.outcome_of(lambda: action(request), request["result_bytes"])
    outcomes.flush()
    frames.send(REQUEST, frame)


def _call(request):
    module = modules.load("tool", request["source"])
    return getattr(module, request["entry"])(**request["args"])


def _script(request):
    """Runs the statements; the value is that of a last expression."""
    name = modules.remember_lines("script.py", request["source"])
    tree = ast.parse(request["source"], name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    main = sys.modules["__main__"]
    main.__dict__.clear()
    main.__dict__.update(__name__="__main__", __builtins__=__builtins__)
    try:
        exec(compile(tree, name, "exec", dont_inherit=True), main.__dict__)  # noqa: S102  that is its work
        if last is not None:
            code = compile(ast.Expression(last.value), name, "eval", dont_inherit=True)
            return eval(code, main.__dict__)  # noqa: S307  that is its work
    except SystemExit as end:
        if end.code not in (None, 0):
            raise
    return None


def _rehearse():
    """One small call before the request comes, so that page faults are paid off the clock."""
    rehearsed = {"source": "def rehearse(a):\n    return {'a': a}\n", "entry": "rehearse", "args": {"a": [1, "x", 0.5]}}
    outcomes.outcome_of(lambda: _call(rehearsed), 1000)
    del sys.modules["tool"]
