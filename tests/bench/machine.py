"""What a figure depends on beside the program: the machine, and who else used it."""

import os
import subprocess
from pathlib import Path

MOST_STEAL = 0.04  # of the processors' time: above it a measurement is repeated
TICK = os.sysconf("SC_CLK_TCK")


def describe() -> str:
    """Processor, cores and kernel, in one line."""
    model = next((line.split(":", 1)[1].strip() for line in
                  Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
                 "unknown processor")
    return f"{os.cpu_count()} cores of {model}, Linux {os.uname().release}"


class Share:
    """What others took of the processors between two moments."""

    def __init__(self):
        self._begin = self._read()

    @staticmethod
    def _read() -> tuple[int, int]:
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return fields[7], sum(fields)

    def steal(self) -> float:
        stolen, total = self._read()
        return (stolen - self._begin[0]) / max(1, total - self._begin[1])


def cpu_seconds(pids) -> float:
    """User and system time of live processes, their threads included."""
    return sum(sum(int(field) for field in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]
                   .split()[11:13]) for pid in pids) / TICK


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def thread_seconds(pid: int) -> dict[str, float]:
    """What the threads of a live process have computed, to the nanosecond: the loop's, ZeroMQ's,
    and the workers'."""
    seconds = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        if int(task.name) == pid:
            name = "loop"
        else:
            name = "zmq" if name.startswith("ZMQ") else "worker"
        used = int((task / "schedstat").read_text().split()[0]) / 1e9
        seconds[name] = seconds.get(name, 0.0) + used
    return seconds


def written_bytes(pid: int) -> int:
    """What a live process has made the kernel write to disks, as it counts in whole pages."""
    counts = dict(line.split(": ") for line in
                  Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(counts["write_bytes"]) - int(counts["cancelled_write_bytes"])


def filesystem(folder: Path) -> tuple[str, str]:
    """Its kind, and the device that it is on."""
    shown = subprocess.run(["df", "--output=fstype,source", folder], check=True, text=True,
                           capture_output=True).stdout.splitlines()[1].split()
    return shown[0], shown[1]
