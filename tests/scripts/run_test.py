#!/usr/bin/python3
"""scripts/run on stand-ins for the three executables."""

import signal
import subprocess
import sys
import unittest

from launcher import DEADLINE_S, ROOT, LauncherTest

sys.path.insert(0, str(ROOT / "scripts"))

from supervisor import summary  # noqa: E402


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
        self.assertRegex(result.stdout, r'hint: .*, "replay:\$\{RUN_DIR\}/reports\.db"\], .*'
                                        rf"--run-dir {self.run_dir}\n")

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

    def test_a_summary_names_the_sources_that_fail_at_the_end(self):
        log = self.home / "ingestor.log"
        log.write_text(
            '2026-11-28T12:00:00Z warn ingestor source fails source=a reason="HTTP 401: x"\n'
            '2026-11-28T12:00:01Z warn ingestor source fails source=b reason=closed\n'
            '2026-11-28T12:00:02Z info ingestor source works again source=b\n')
        self.assertEqual(summary.failing_sources(log), ["source a fails: HTTP 401: x"])
        self.assertEqual(summary.failing_sources(self.home / "none.log"), [])

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


if __name__ == "__main__":
    unittest.main()
