"""Named files of one run: inputs are written into its folder, outputs are read from there.

Nothing of the host is mounted. Names were checked by the host and hold no folder.
"""

import binascii
import os
import stat


def place(inputs):
    """Writes each input (name → base64) into the folder that is current; a run may only read them."""
    for name, content in inputs.items():
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(descriptor, "wb") as file:
            file.write(binascii.a2b_base64(content))


def collect(names, largest):
    """The outputs that are there, as name → base64.

    Raises ValueError where one is no plain file, or all together exceed ``largest`` bytes.
    """
    found, left = {}, largest
    for name in names:
        content = _read(name, left)
        if content is not None:
            left -= len(content)
            found[name] = binascii.b2a_base64(content, newline=False).decode("ascii")
    return found


def _read(name, left):
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(f"the output {name} cannot be read: {error.strerror}") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError(f"the output {name} is no plain file")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(left + 1)
    finally:
        os.close(descriptor)
    if len(content) > left:
        raise ValueError("the outputs are too large")
    return content
