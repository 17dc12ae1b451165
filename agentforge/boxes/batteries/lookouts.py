"""Source that runs inside a box beside a battery: one looks around there, one watches an attack.

Nothing here runs on the host, and what comes back was said by a box: it is compared with what was
known before, or shown as text.
"""

from __future__ import annotations

from agentforge.boxes.batteries.form import RUNNER_FOLDER

LOOK = f'''
import ctypes, json, os, zlib

OWN = ("/tmp", "/dev/shm", "/dev/mqueue", "/var/tmp", "/run", "/home", "/root", "{RUNNER_FOLDER}")
NAMES = ("/", "/dev", "/etc", "/opt", "/usr", "/usr/lib")
PAGE = 4096

def look(nonce, left, right):
    """What stands in the box, an answer that must be right, and how often a secret stands in memory."""
    right_answer = json.loads(json.dumps([1, 2, len("abc"), nonce * 2 + 1]))
    return {{"answer": right_answer, "files": sorted(files()), "residue": residue(left, right)}}

def files():
    for top in OWN:
        for folder, folders, names in os.walk(top):
            yield from (described(os.path.join(folder, name)) for name in folders + names)
    for top in NAMES:
        if os.access(top, os.R_OK | os.X_OK):
            yield from (os.path.join(top, name) for name in os.listdir(top))

def described(path):
    state = os.lstat(path)
    size = "" if os.path.isdir(path) else f" {{state.st_size}} bytes"
    own = path.startswith("{RUNNER_FOLDER}/runner/") and path.endswith(".py")
    contents = f" {{zlib.crc32(open(path, 'rb').read()):08x}}" if own else ""
    return f"{{path}} {{state.st_mode:o}}{{size}}{{contents}}"

def residue(left, right):
    """How often ``left + right`` stands in the heap, which is read downwards from its end."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.sbrk.restype = ctypes.c_void_p
    needle, found, at = (left + right).encode(), 0, libc.sbrk(0)
    reading, writing = os.pipe()
    page = bytearray(PAGE)
    for _ in range(1 << 14):
        at -= PAGE
        if libc.write(writing, ctypes.c_void_p(at), PAGE) != PAGE:
            break
        os.readv(reading, [page])
        found += page.count(needle)
    return found
'''
"""``look(nonce, left, right)``. Pages of memory that are not there are refused by the kernel, unharmed."""

WATCH = '''
import ctypes, errno, os, sys

FILE = "attack.py"

def watch(source, entry, args):
    """Runs an attack and tells which refusals reached its own lines, and the last error number."""
    seen, alive, names, last = [], [], {}, []

    def profiled(frame, event, function):
        if event == "c_exception":
            last[:] = [getattr(function, "__name__", "")]

    def traced(frame, event, found):
        frame.f_trace_lines = False
        if event == "exception":
            alive.append(found[1])
            own = frame.f_code.co_filename == FILE
            function = last.pop() if last else "" if own else frame.f_code.co_qualname
            name = names.setdefault(id(found[1]), function)
            if own:
                seen.append(told(name, *found[:2]))
        return traced

    module = {"__name__": "tool"}
    code = compile(source, FILE, "exec", dont_inherit=True)
    ctypes.set_errno(0)
    sys.setprofile(profiled)
    sys.settrace(traced)
    try:
        exec(code, module)
        module[entry](**args)
    finally:
        sys.settrace(None)
        sys.setprofile(None)
    number = ctypes.get_errno()
    if not seen and number:
        seen.append(f"{errno.errorcode.get(number, number)}: {os.strerror(number)}")
    return list(dict.fromkeys(seen))[:4]

def told(name, kind, error):
    name = name.removesuffix(".__init__")
    if name and isinstance(error, PermissionError):
        return f"{kind.__name__}: {name}() is refused"
    if name and isinstance(error, OSError) and error.strerror:
        return f"{kind.__name__}: {name}(): {error.strerror}"
    return f"{kind.__name__}: {error}"[:200]
'''
"""``watch(source, entry, args)``: what an attack that swallows every exception ran into, for people to read."""

DELIVERED = """
from array import array
from collections import deque

def delivered(source, entry, args):
    module = {"__name__": "tool"}
    exec(compile(source, "tool.py", "exec", dont_inherit=True), module)
    value = module[entry](**args)
    plain = (str, bytes, bytearray, memoryview, set, frozenset, dict, list, tuple, range, complex, array, deque)
    if not isinstance(value, plain) or not value:
        return None
    text = repr(bytes(value) if isinstance(value, memoryview) else value)
    return text[:500].encode("ascii", "backslashreplace").decode()
"""
"""``delivered(source, entry, args)``: an attack's value as text where it is plain data that JSON has no form for."""
