"""What starts a night by itself: shown, written once, and replaced where it stands already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from agentforge.errors import StorageError, UsageError
from agentforge.settings import load
from agentforge.sleep import schedule


class Machine:
    """A crontab, and the programs that were run."""

    def __init__(self, crontab: str | None = None) -> None:
        self.crontab = crontab
        self.ran: list[tuple[str, ...]] = []
        self.code = 0

    def run(self, command: Sequence[str], text: str) -> tuple[int, str]:
        self.ran.append(tuple(command))
        if tuple(command) == ("crontab", "-l"):
            return (1, "no crontab for ada") if self.crontab is None else (0, self.crontab)
        if tuple(command) == ("crontab", "-"):
            self.crontab = text
        return self.code, "it broke" if self.code else ""


def test_a_line_of_the_crontab_is_added_to_what_stands_there_and_replaced_the_next_time(home: Path) -> None:
    settings, machine = load(overrides={"user": "ada"}), Machine("0 1 * * * backup\n")
    schedule.install(schedule.schedule(settings, "03:15", kind="cron"), settings, run=machine.run)
    schedule.install(schedule.schedule(settings, "04:05", kind="cron"), settings, run=machine.run)
    assert machine.crontab is not None
    kept, line = machine.crontab.splitlines()
    assert kept == "0 1 * * * backup"
    assert line.startswith(f"5 4 * * * env AGENTFORGE_HOME={home} ")
    assert line.endswith("-m agentforge sleep run --org personal --user ada # agentforge sleep personal/ada")


def test_two_users_of_one_crontab_have_a_line_each(home: Path) -> None:
    machine = Machine()
    for user in ("ada", "bob"):
        settings = load(overrides={"user": user})
        schedule.install(schedule.schedule(settings, "03:15", kind="cron"), settings, run=machine.run)
    assert machine.crontab is not None
    assert len(machine.crontab.splitlines()) == 2


def test_a_timer_of_systemd_is_two_files_and_is_started(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config with $1 and %h"))
    settings, machine = load(overrides={"user": "ada"}), Machine()
    planned = schedule.schedule(settings, "03:15", kind="systemd")
    schedule.install(planned, settings, run=machine.run)
    service, timer = (path.read_text() for path in planned.files)
    assert f'Environment="AGENTFORGE_HOME={home}"' in service
    assert '"-m" "agentforge" "sleep" "run" "--org" "personal" "--user" "ada"' in service
    assert "OnCalendar=*-*-* 03:15:00" in timer
    assert "Persistent=true" in timer
    assert machine.ran[-1] == ("systemctl", "--user", "enable", "--now", "agentforge-sleep-personal.ada.timer")
    assert all(str(path) in planned.text for path in planned.files)


def test_two_owners_never_share_a_timer(home: Path) -> None:
    owners = ({"org": "a-b", "user": "c"}, {"org": "a", "user": "b-c"})
    planned = [schedule.schedule(load(overrides=dict(owner)), "03:15", kind="systemd") for owner in owners]
    assert not planned[0].files.keys() & planned[1].files.keys()


def test_what_systemd_would_read_as_its_own_is_written_as_it_is() -> None:
    assert schedule._quoted('a"b\\c%d$e') == '"a\\"b\\\\c%%d$$e"'


@pytest.mark.parametrize("at", ["3:15", "24:00", "03:60", "soon", "03:15:00"])
def test_what_is_no_time_of_the_day_is_refused(home: Path, at: str) -> None:
    with pytest.raises(UsageError, match="no time of the day"):
        schedule.schedule(load(), at, kind="cron")


def test_a_program_that_fails_is_told(home: Path) -> None:
    machine = Machine()
    machine.code = 1
    settings = load()
    with pytest.raises(StorageError, match="it broke"):
        schedule.install(schedule.schedule(settings, "03:15", kind="cron"), settings, run=machine.run)
