"""The worker of a call or a script: confined first, then one request, one outcome, and gone.

A worker that is *kept* (isolation ``reuse``) serves further calls of the same function instead, so
that what one call leaves in its modules is there for the next.
"""

import io
import os
import sys

from runner import asks, determinism, files, frames, modules, outcomes
from runner.confine import PROCESSOR_SECONDS, limit_processor

REQUEST = 0
"""The descriptor on which the host speaks to a worker."""

PACKAGES = "/opt/packages"
"""Where a box has the locked packages of its runs, if it has any."""

READY = b"+"
"""Said once, when the process is confined: only then does the host send a request."""

_REHEARSAL = {
    "kind": "call",
    "source": "def rehearse(a):\n    return {'a': a}\n",
    "entry": "rehearse",
    "args": {"a": [1, "x", 0.5]},
    "toolbox": {},
    "asks": [],
    "clock": False,
    "randomness": False,
    "packages": False,
    "kept": False,
    "seconds": PROCESSOR_SECONDS,
    "result_bytes": 1000,
    "file_bytes": 0,
    "files": {},
    "outputs": [],
}


_REHEARSALS = 20
"""So many make Python settle how it runs this code (PEP 659), which each forked process would do anew."""


def run(keeper):
    """Serves calls for ever; a forked process serves one and ends."""
    for _ in range(_REHEARSALS):
        _rehearse(_REHEARSAL | {"kept": True})  # the limits of a run are not for PID 1
    keeper.begin([serve_once], {"kind": "call"})
    role = keeper.serve()
    try:
        role()
    finally:
        os._exit(0)


def serve_once():
    """Does the one request of this process, and further calls where it is kept."""
    sys.stdin = io.StringIO()
    _rehearse()
    os.write(REQUEST, READY)
    request = frames.receive(REQUEST)
    _serve(request, REQUEST)
    while "loaded" in request:
        further = frames.receive(REQUEST)
        determinism.reseed()
        _tell(lambda args=further["args"]: _call_again(request["entry"], args), request, REQUEST, further["ticket"])


def _rehearse(request=_REHEARSAL):
    """One whole small call before the request comes, so that page faults are paid off the clock."""
    reading, writing = os.pipe()
    frames.send(writing, frames.encode(request))
    _serve(frames.receive(reading), writing)
    frames.receive(reading)
    os.close(reading)
    os.close(writing)
    del sys.modules["tool"], sys.modules["toolbox"]


def _serve(request, line):
    _prepare(request)
    action = _script if request["kind"] == "run" else _call
    _tell(lambda: action(request), request, line)


def _prepare(request):
    """Gives this process what was granted, and no more."""
    if not request["kept"]:
        limit_processor(request["seconds"])
    modules.install_toolbox(request["toolbox"], asks.functions(REQUEST, request["asks"]))
    grant(request)
    files.place(request["files"])


def grant(request):
    """Gives a run what it was granted of the clock, chance and packages.

    Packages come last, so that none can take the place of Python's modules, the runner's or pytest's,
    and the folder is no place for ``site``: no ``.pth`` and no ``sitecustomize`` in it is ever run.
    """
    if request["packages"]:
        sys.path.append(PACKAGES)
    if request["clock"]:
        determinism.free_clock()
    if request["randomness"]:
        determinism.free_chance()


def _tell(action, request, line, ticket=None):
    """The outcome; that of a further call behind its ticket, so that no answer can lie ready before its question."""
    outputs = request["outputs"]
    collect = (lambda: files.collect(outputs, request["file_bytes"])) if outputs else None
    frame = outcomes.outcome_of(action, request["result_bytes"], collect=collect)
    outcomes.flush()
    frames.send(line, *([] if ticket is None else [frames.encode(ticket)]), frame)


def _call(request):
    modules.load("tool", request["source"])
    if request["kept"]:
        determinism.mark()
        request["loaded"] = True
    return _call_again(request["entry"], request["args"])


def _call_again(entry, args):
    return getattr(sys.modules["tool"], entry)(**args)


def _script(request):
    """Runs the statements; the value is that of a last expression."""
    import ast  # most workers never need it, and each would carry it

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
