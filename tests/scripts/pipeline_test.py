#!/usr/bin/python3
"""The launcher on stand-ins for the three executables: scripts/pipeline, scripts/run, check-includes.

Every test has a run directory and ports of its own; what it starts is stopped after it.
"""

import asyncio
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from supervisor.config import load  # noqa: E402 - found by the line above
from supervisor.supervisor import Supervisor  # noqa: E402

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


class Pipeline(LauncherTest):
    def test_up_returns_when_every_process_is_ready(self):
        self.up("--republishers", "3")
        states = {name: one["state"] for name, one in self.status().items()}
        self.assertEqual(states, dict.fromkeys(
            ("ingestor", "republisher-1", "republisher-2", "republisher-3", "reporter"), "ready"))

    def test_a_second_up_on_the_same_run_directory_is_refused(self):
        self.up()
        result = self.pipeline("up", "--config", self.config)
        self.assertEqual(result.returncode, 1)
        self.assertIn("a pipeline runs in", result.stderr)

    def test_a_refused_configuration_stops_the_rest_and_is_shown(self):
        self.configure(republisher="exit_with = 2")
        result = self.pipeline("up", "--config", self.config)
        self.assertEqual(result.returncode, 1)
        self.assertIn("republisher.colour: unknown key", result.stderr)
        self.assertEqual(self.pipeline("status").returncode, 1)

    def test_a_broken_file_is_named_with_its_line(self):
        self.config.write_text("[ingestor\n")
        result = self.pipeline("up", "--config", self.config)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"config\.toml: .*line 1")

    def test_a_killed_child_is_started_again(self):
        self.up()
        before = self.status()["republisher-1"]["pid"]
        os.kill(before, signal.SIGKILL)
        self.until(lambda: self.status()["republisher-1"]["restarts"] == 1)
        self.until(lambda: self.status()["republisher-1"]["state"] == "ready")
        self.assertNotEqual(self.status()["republisher-1"]["pid"], before)

    def test_a_child_that_dies_after_it_was_ready_does_not_end_up(self):
        self.configure(ingestor="crash_once = true")
        self.up()
        self.until(lambda: self.status()["ingestor"]["restarts"] == 1)

    def test_an_ingestor_that_has_finished_is_not_started_again(self):
        self.configure(ingestor="done = true")
        self.up()
        self.until(lambda: self.status()["ingestor"]["state"] == "finished")
        self.assertEqual(self.pipeline("down").returncode, 0)

    def test_scale_returns_when_the_wanted_republishers_are_the_ready_ones(self):
        self.up()
        for wanted in (5, 1, 0, 2):
            self.assertEqual(self.pipeline("scale", str(wanted)).returncode, 0)
            republishers = [one for one in self.status().values() if one["stage"] == "republisher"]
            self.assertEqual([one["state"] for one in republishers], ["ready"] * wanted)

    def test_a_republisher_that_does_not_drain_is_killed_with_a_line(self):
        self.configure(republisher="stubborn = true")
        self.up("--republishers", "1")
        pid = self.status()["republisher-1"]["pid"]
        result = self.pipeline("scale", "0")
        self.assertIn("republisher-1: not drained 6 s after SIGTERM: killed", result.stdout)
        self.assertFalse(self.alive(pid))

    def test_a_number_out_of_range_is_a_usage_error(self):
        self.assertEqual(self.pipeline("scale", "65").returncode, 2)
        # Without any republisher neither end of the pipeline can get ready.
        self.assertEqual(self.pipeline("up", "--republishers", "0").returncode, 2)

    def test_status_shows_who_is_limiting(self):
        self.up()
        shown = self.pipeline("status").stdout
        self.assertRegex(shown, r"limiting +republisher")
        self.assertRegex(shown, r"12\.5 +7 +3 +25% +50%")

    def test_down_says_how_each_process_ended(self):
        self.up()
        result = self.pipeline("down")
        self.assertEqual(result.stdout.splitlines(), [
            "ingestor: exit 0", "republisher-1: exit 0", "republisher-2: exit 0",
            "reporter: exit 0"])
        self.assertEqual(result.returncode, 0)
        self.assertEqual(self.pipeline("down").returncode, 1)

    def test_up_may_follow_down_at_once(self):
        for _ in range(3):
            self.up()
            self.assertEqual(self.pipeline("down").returncode, 0)
            self.assertFalse((self.run_dir / "supervisor.sock").exists())

    def test_down_after_a_killed_supervisor_leaves_nothing(self):
        self.up()
        pids = [one["pid"] for one in self.status().values()]
        state = json.loads((self.run_dir / "supervisor.json").read_text())
        os.kill(state["supervisor"]["pid"], signal.SIGKILL)
        self.assertEqual(self.pipeline("down").returncode, 1)
        self.assertFalse(any(map(self.alive, pids)))
        self.assertFalse((self.run_dir / "supervisor.json").exists())

    def test_down_never_kills_a_recycled_pid(self):
        self.run_dir.mkdir(parents=True)
        stranger = subprocess.Popen(["sleep", "60"])
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        one = {"name": "ingestor", "pid": stranger.pid, "start": 1}
        (self.run_dir / "supervisor.json").write_text(json.dumps(
            {"supervisor": one, "children": [one], "patience_s": 0}))
        self.pipeline("down")
        self.assertIsNone(stranger.poll())

    def test_what_is_no_command_is_answered_with_an_error(self):
        self.up()
        folder = os.open(self.run_dir, os.O_PATH)
        self.addCleanup(os.close, folder)
        for sent in (b"junk\n", b"[]\n", b'{"command": "dance"}\n', b"x" * (2 << 20) + b"\n"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(f"/proc/self/fd/{folder}/supervisor.sock")
                try:
                    connection.sendall(sent)
                    answer = connection.recv(4096)
                except (BrokenPipeError, ConnectionResetError):
                    continue  # closed before it had taken all of the last one
                self.assertFalse(json.loads(answer)["ok"])
        self.assertEqual(len(self.status()), 4)


    def test_a_process_that_is_ready_at_once_is_not_waited_for(self):
        """As if every process were ready before its supervisor could look at anything else."""
        self.run_dir.joinpath("log").mkdir(parents=True)
        config = load(self.config, self.run_dir)
        popen = subprocess.Popen

        async def up():
            supervisor = Supervisor(config, self.run_dir, self.home / "bin")
            loop, heard = asyncio.get_running_loop(), threading.Semaphore(0)

            def hear(*call):
                loop.call_soon_threadsafe(*call)
                heard.release()

            supervisor._notifications._loop = mock.Mock(call_soon_threadsafe=hear)

            def ready_at_once(*arguments, **options):
                process = popen(*arguments, **options)
                self.assertTrue(heard.acquire(timeout=DEADLINE_S))
                return process

            with mock.patch("subprocess.Popen", ready_at_once):
                await supervisor.up(2)
            states = [one["state"] for one in supervisor.report()]
            await supervisor.stop()
            supervisor.close()
            return states

        with mock.patch("supervisor.supervisor.READY_S", 5.0):
            self.assertEqual(asyncio.run(up()), ["ready"] * 4)


class Run(LauncherTest):
    def run_it(self):
        return self.call("scripts/run", "--config", self.config)

    def test_a_run_ends_by_itself_with_a_summary(self):
        self.configure(ingestor="done = true", reporter="posts = 3", head="# republishers: 1")
        result = self.run_it()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("with 1 republisher in", result.stdout)
        self.assertIn("posts: 3\n", result.stdout)
        self.assertRegex(result.stdout, r"site +html +3 +0 +0 +0\n")
        self.assertIn(f"database: {self.run_dir}/reports.db\n", result.stdout)
        self.assertIn(f"site: {self.run_dir}/site\n", result.stdout)
        self.assertEqual(self.pipeline("status").returncode, 1)

    def test_a_run_fails_if_a_publication_failed_or_is_missing(self):
        self.configure(ingestor="done = true",
                       reporter='posts = 3\nstatuses = ["failed", "missing", "deferred"]')
        result = self.run_it()
        self.assertEqual(result.returncode, 1)
        for told in ("1 publication failed", "1 publication deferred", "1 publication missing",
                     "file:1 on site as html: missing"):
            self.assertIn(f"error: {told}", result.stdout)

    def test_a_run_shows_why_a_process_cannot_start(self):
        self.configure(reporter="exit_with = 1")
        result = self.run_it()
        self.assertEqual(result.returncode, 1)
        self.assertIn("scripts/run: reporter: exit 1: reporter:", result.stderr)

    def test_a_run_drains_after_an_interrupt(self):
        self.configure(reporter="posts = 3")
        process = subprocess.Popen(
            [ROOT / "scripts/run", "--config", self.config, "--run-dir", self.run_dir],
            env=self.environment, stdout=subprocess.PIPE, text=True)
        self.until(lambda: self.pipeline("status").returncode == 0 and all(
            one["state"] == "ready" for one in self.status().values()))
        process.send_signal(signal.SIGINT)
        shown, _ = process.communicate(timeout=DEADLINE_S)
        self.assertEqual(process.returncode, 0, shown)
        self.assertIn("posts: 3\n", shown)

    def test_nothing_is_left_of_a_run_that_was_killed(self):
        self.kill_a_run(until_state="ready")

    def test_nothing_is_left_of_a_run_that_was_killed_before_it_was_up(self):
        self.configure(republisher="ready = false")
        self.kill_a_run(until_state="starting")

    def kill_a_run(self, until_state):
        process = subprocess.Popen(
            [ROOT / "scripts/run", "--config", self.config, "--run-dir", self.run_dir],
            env=self.environment, stdout=subprocess.DEVNULL)
        self.until(lambda: self.pipeline("status").returncode == 0 and
                   self.status()["reporter"]["state"] == "ready" and
                   self.status()["republisher-1"]["state"] == until_state)
        pids = [one["pid"] for one in self.status().values()]
        process.kill()
        process.wait()
        self.until(lambda: self.pipeline("status").returncode == 1)
        self.until(lambda: not any(map(self.alive, pids)))


class CheckIncludes(unittest.TestCase):
    def check(self, **files):
        with tempfile.TemporaryDirectory() as root:
            for folder in ("common", "ingestor", "republisher", "reporter"):
                (Path(root) / folder).mkdir()
            for name, line in files.items():
                path = Path(root) / name.replace("__", "/")
                path.parent.mkdir(parents=True, exist_ok=True)
                (path.with_suffix(".hpp")).write_text(f"#pragma once\n{line}\n")
            return subprocess.run([ROOT / "scripts/check-includes", root], text=True,
                                  capture_output=True)

    def test_the_direction_of_the_design_passes(self):
        result = self.check(
            common__flow__credit="#include <cstdint>", common__flow__a='#include "common/flow/b.hpp"',
            common__wire__codec="#include <msgpack.hpp>", common__net__socket="#include <zmq.hpp>",
            ingestor__main='#include "common/net/socket.hpp"')
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_each_violation_is_named_with_its_line(self):
        for name, line in (
                ("common__flow__credit", "#include <fmt/format.h>"),
                ("common__flow__credit", '#include "common/wire/codec.hpp"'),
                ("common__net__socket", "#include <msgpack.hpp>"),
                ("reporter__store__a", "  #  include <zmq.hpp>"),
                ("common__wire__codec", '#include "ingestor/main.hpp"'),
                ("ingestor__main", '#include "../reporter/main.hpp"'),
                ("republisher__main", '#include "ingestor/main.hpp"')):
            with self.subTest(name=name, line=line):
                result = self.check(**{name: line})
                self.assertEqual(result.returncode, 1)
                self.assertIn(name.replace("__", "/") + ".hpp:2:", result.stdout)


if __name__ == "__main__":
    unittest.main()
