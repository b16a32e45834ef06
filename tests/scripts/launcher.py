"""What tests of the launcher share: a run directory, ports and stand-ins for the executables.

Whatever a test starts is stopped after it.
"""

import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 15.0


def free_port():
    """Below the ephemeral range, so that no outgoing connection takes it."""
    for _ in range(100):
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port")


class LauncherTest(unittest.TestCase):
    def setUp(self):
        self.home = Path(tempfile.mkdtemp(prefix="pullwire-"))
        self.addCleanup(shutil.rmtree, self.home)
        # As long as paths get: unix addresses end at 107 bytes.
        self.run_dir = self.home / ("long" * 30) / "run"
        self.config = self.home / "config.toml"
        (self.home / "bin").mkdir()
        for name in ("ingestor", "republisher", "reporter"):
            shutil.copy(ROOT / "tests/scripts/stand_in.py", self.home / "bin" / name)
        self.http = f"127.0.0.1:{free_port()}"
        self.environment = {**os.environ, "PIPELINE_BIN": str(self.home / "bin")}
        self.configure()
        self.addCleanup(self.pipeline, "down")

    def configure(self, ingestor="", republisher="", reporter="", head=""):
        self.config.write_text(f"""{head}
[ingestor]
http = ""
sources = ["file:posts.jsonl"]
{ingestor}
[republisher]
drain_timeout = 1
{republisher}
[[republisher.target]]
name = "site"
uri = "directory:${{RUN_DIR}}/site"
formats = ["html", "text"]
[reporter]
http = "{self.http}"
database = "sqlite:${{RUN_DIR}}/reports.db"
{reporter}
""")
        (self.home / "posts.jsonl").write_text("{}\n" * 3)

    def pipeline(self, *arguments):
        return self.call("scripts/pipeline", *arguments)

    def call(self, script, *arguments):
        return subprocess.run(
            [ROOT / script, *arguments, "--run-dir", self.run_dir], env=self.environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def up(self, *arguments):
        result = self.pipeline("up", "--config", self.config, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)

    def status(self):
        result = self.pipeline("status", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        return {one["name"]: one for one in json.loads(result.stdout)["processes"]}

    def until(self, condition):
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            if condition():
                return
            time.sleep(0.05)
        self.fail(f"not within {DEADLINE_S} s")

    def alive(self, pid):
        stat = Path(f"/proc/{pid}/stat")
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in "ZX"
