#!/usr/bin/python3
"""scripts/pipeline on stand-ins for the three executables."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import unittest
from pathlib import Path
from unittest import mock

from launcher import DEADLINE_S, ROOT, LauncherTest

sys.path.insert(0, str(ROOT / "scripts"))

from supervisor.config import load  # noqa: E402 - found by the line above
from supervisor.supervisor import Supervisor  # noqa: E402


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

    def test_a_run_directory_that_is_a_file_is_a_usage_error(self):
        self.run_dir.parent.mkdir()
        self.run_dir.touch()
        for command in ("up", "status", "down"):
            result = self.pipeline(command)
            self.assertEqual(result.returncode, 2)
            self.assertTrue(result.stderr.endswith(f"{self.run_dir} is no folder\n"), result.stderr)

    def test_a_run_directory_that_cannot_be_made_is_named(self):
        self.run_dir = Path("/proc/run")
        result = self.pipeline("up")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "scripts/pipeline: /proc/run cannot be made: "
                                        "No such file or directory\n")

    def test_status_shows_who_is_limiting(self):
        self.up()
        shown = self.pipeline("status").stdout
        self.assertRegex(shown, r"limiting +republisher")
        self.assertRegex(shown, r"12\.5 +7 +3 +25% +50%")

    def test_status_names_the_source_or_target_that_fails(self):
        self.up()
        self.assertIn("\nreporter: source x fails: HTTP 401\n", self.pipeline("status").stdout)

    def test_status_shows_why_a_stage_is_not_ready_any_more(self):
        self.configure(reporter='unready = "the database does not take records: disk full"')
        self.up()
        self.assertIn("reporter is not ready: the database does not take records: disk full\n",
                      self.pipeline("status").stdout)
        self.assertEqual(self.status()["reporter"]["not_ready"],
                         "the database does not take records: disk full")

    def test_status_says_nothing_of_stages_that_are_ready(self):
        self.up()
        self.assertNotIn("not ready", self.pipeline("status").stdout)
        self.assertEqual(self.status()["reporter"]["not_ready"], "")

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


if __name__ == "__main__":
    unittest.main()
