#!/usr/bin/python3
"""scripts/check-includes on files made for it."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from launcher import ROOT


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
