#!/usr/bin/python3
"""--help of the scripts that install, build and test: it tells, and does nothing else."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from launcher import ROOT

SCRIPTS = ("bench", "build", "fuzz", "run", "setup", "test")


class Help(unittest.TestCase):
    def test_tells_the_usage_and_does_nothing_else(self):
        for name in SCRIPTS:
            with self.subTest(name), tempfile.TemporaryDirectory() as elsewhere:
                # Nothing to install, build or test with.
                told = subprocess.run(
                    [ROOT / "scripts" / name, "--help"], cwd=elsewhere, text=True,
                    capture_output=True, timeout=30,
                    env={"PATH": self.tools(elsewhere), "LC_ALL": "C.UTF-8"})
                self.assertEqual((told.returncode, told.stderr), (0, ""))
                self.assertIn(f"scripts/{name}", told.stdout)

    @staticmethod
    def tools(folder):
        for tool in ("bash", "dirname", "sed"):
            Path(folder, tool).symlink_to(f"/usr/bin/{tool}")
        return folder


if __name__ == "__main__":
    unittest.main()
