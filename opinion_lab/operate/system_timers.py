"""What has the system call `opinion-lab run` every ten minutes: systemd, cron, or the Windows Task Scheduler. No I/O.

The timetable itself stays in lab.toml: what is installed here is the same for every lab and stays.
"""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

KINDS = ("systemd", "cron", "windows")

SERVICE = """[Unit]
Description=opinion-lab {root}

[Service]
Type=oneshot
ExecStart={command}
"""
TIMER = """[Unit]
Description=opinion-lab {root}

[Timer]
OnCalendar=*:0/10
Persistent=true

[Install]
WantedBy=timers.target
"""
TASK = """<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <Triggers>
    <TimeTrigger>
      <StartBoundary>2026-01-01T00:00:00</StartBoundary>
      <Repetition><Interval>PT10M</Interval></Repetition>
    </TimeTrigger>
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <StartWhenAvailable>true</StartWhenAvailable>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
  </Settings>
  <Actions>
    <Exec>
      <Command>{python}</Command>
      <Arguments>-m opinion_lab.cli --lab "{root}" run</Arguments>
      <WorkingDirectory>{root}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


@dataclass(frozen=True)
class Timer:
    """Files to write (by their full paths), a line for the crontab, and the commands that switch it on and off."""

    files: dict[Path, str]
    crontab: str
    on: tuple[tuple[str, ...], ...]
    off: tuple[tuple[str, ...], ...]


def timer(kind: str, root: Path, python: str, home: Path) -> Timer:
    """What to install for the lab at `root`, run by the interpreter `python`; `home` is the user's folder."""
    name = f"opinion-lab-{hashlib.sha256(str(root).encode()).hexdigest()[:8]}"
    if kind == "windows":
        file = root / "schedule" / f"{name}.xml"
        text = TASK.format(python=escape(python), root=escape(str(root)))
        on = ("schtasks", "/Create", "/TN", name, "/XML", str(file), "/F")
        return Timer({file: text}, "", (on,), (("schtasks", "/Delete", "/TN", name, "/F"),))
    if kind == "cron":
        command = shlex.join([python, "-m", "opinion_lab.cli", "--lab", str(root), "run"]).replace("%", "\\%")
        return Timer({}, f"*/10 * * * * {command} # {name}", (), ())
    words = [python, "-m", "opinion_lab.cli", "--lab", str(root), "run"]
    quoted = " ".join(f'"{_unit(word)}"' for word in words)
    units = home / ".config" / "systemd" / "user"
    shown = str(root).replace("%", "%%")
    files = {
        units / f"{name}.service": SERVICE.format(root=shown, command=quoted),
        units / f"{name}.timer": TIMER.format(root=shown),
    }
    control = ("systemctl", "--user")
    return Timer(
        files,
        "",
        ((*control, "daemon-reload"), (*control, "enable", "--now", f"{name}.timer")),
        ((*control, "disable", "--now", f"{name}.timer"),),
    )


def _unit(word: str) -> str:
    """A word as it stands between quotes in a unit of systemd."""
    for plain in ("\\", '"'):
        word = word.replace(plain, f"\\{plain}")
    return word.replace("%", "%%").replace("$", "$$")
