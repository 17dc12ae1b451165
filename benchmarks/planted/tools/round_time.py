# %% tool
import re


def round_time(time: str, step: int) -> str:
    """Round a time of day to the nearest multiple of some minutes; the middle goes up, midnight is 00:00.

    Args:
        time: HH:MM, 00:00 to 23:59.
        step: minutes; a divisor of 60.

    Raises:
        ValueError: the time is not valid, or the step is no divisor of 60.
    """
    found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", time)
    if not found or step < 1 or 60 % step:
        raise ValueError("a time as HH:MM and a divisor of 60 are needed")
    minutes = int(found[1]) * 60 + int(found[2])
    rounded = (2 * minutes + step) // (2 * step) * step % 1440
    return f"{rounded // 60:02d}:{rounded % 60:02d}"
# %% cases
[
    (("08:07", 15), "08:00"),
    (("08:08", 15), "08:15"),
    (("08:05", 10), "08:10"),
    (("08:04", 10), "08:00"),
    (("08:30", 60), "09:00"),
    (("08:29", 60), "08:00"),
    (("23:53", 15), "00:00"),
    (("23:52", 15), "23:45"),
    (("00:00", 5), "00:00"),
    (("11:11", 1), "11:11"),
    (("20:15", 30), "20:30"),
    (("24:00", 15), ValueError),
    (("8:00", 15), ValueError),
    (("08:00", 0), ValueError),
    (("08:00", -15), ValueError),
    (("08:00", 7), ValueError),
    (("08:00", 120), ValueError),
]
# %% examples
[
    {"time": "09:08", "step": 15},
    {"time": "09:07", "step": 15},
    {"time": "14:44", "step": 30},
    {"time": "10:52", "step": 5},
    {"time": "10:52", "step": 50},
]
# %% fresh
{"time": clock(), "step": pick(1, 5, 10, 15, 30, 60, 7)}
# %% wrong half_even: Python's round sends every second middle down
#-     rounded = (2 * minutes + step) // (2 * step) * step % 1440
#+     rounded = round(minutes / step) * step % 1440
# %% wrong midnight: the last minutes of a day become 24:00
#-     rounded = (2 * minutes + step) // (2 * step) * step % 1440
#+     rounded = (2 * minutes + step) // (2 * step) * step
