"""Removes what a run left behind, where it had no file system of its own."""

import os
import stat

_WRITABLE = ("/tmp", "/dev/mqueue", "/dev/shm", "/var/tmp")  # noqa: S108  the box's own folders


def wipe():
    """Empties every folder that a run can write. Returns whether all of it is provably empty."""
    try:
        remains = [folder for folder in _WRITABLE if os.access(folder, os.W_OK) and not _empty(folder)]
    except (OSError, RecursionError):
        return False
    return not remains


def _empty(folder):
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if stat.S_ISDIR(os.lstat(path).st_mode):
            _open_up(path)
            _remove(path)
        else:
            os.unlink(path)
    return not os.listdir(folder)


def _remove(path):
    from shutil import rmtree  # a box whose runs have file systems of their own never needs it

    rmtree(path, ignore_errors=True)


def _open_up(path):
    """Gives back the rights that a run took away; never follows a link."""
    os.chmod(path, 0o700)
    for root, folders, _ in os.walk(path):
        for name in folders:
            inner = os.path.join(root, name)
            if not os.path.islink(inner):
                os.chmod(inner, 0o700)
