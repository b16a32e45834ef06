"""What makes faults makes those that it says, and knows whom they have hit.

Every test has a folder of its own; what it starts has ended after it.
"""

import asyncio
import io
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from collections import Counter
from contextlib import redirect_stderr
from pathlib import Path

from chaos import main, plan, report
from chaos.health import Health
from chaos.network import Proxy
from chaos.proxy import End, Route
from chaos.stage import Stage, parse
from supervisor import rundir
from supervisor.child import bound

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 30.0


class WithFolder(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="pullwire-"))
        self.addCleanup(shutil.rmtree, self.folder)


class Plan(unittest.TestCase):
    def test_is_a_function_of_the_seed(self):
        self.assertEqual(plan.make(50, 7, 1.5, True), plan.make(50, 7, 1.5, True))
        self.assertNotEqual(plan.make(50, 7, 1.5, True), plan.make(50, 8, 1.5, True))

    def test_gives_each_kind_of_process_a_third_of_the_kills(self):
        kills = Counter(fault.stage for fault in plan.make(1000, 1, 1.5, True)
                        if fault.kind == "kill")
        self.assertEqual(sorted(kills.values()), [333, 333, 334])

    def test_restarts_both_ends_and_often_enough_for_a_percentile(self):
        for kills, least in ((1, 1), (1000, report.ENOUGH)):
            restarts = Counter(fault.stage for fault in plan.make(kills, 1, 1.5, True)
                               if fault.kind == "restart")
            self.assertEqual(set(restarts), set(plan.RESTARTED))
            self.assertGreaterEqual(min(restarts.values()), least)

    def test_has_every_other_kind_of_fault_however_short_it_is(self):
        kinds = {fault.kind for fault in plan.make(1, 1, 1.5, True)}
        self.assertEqual(kinds, {"kill", *plan.OTHER_KINDS})
        without = {fault.kind for fault in plan.make(1, 1, 1.5, False)}
        self.assertEqual(without, kinds - plan.PARTITION)


class Arguments(unittest.TestCase):
    def test_that_make_no_sense_are_usage_errors(self):
        for arguments in (("--pace", "0"), ("--pace", "nan"), ("--cost-ms", "-1"),
                          ("--kills", "0"), ("--run-dir", __file__)):
            with self.subTest(arguments), redirect_stderr(io.StringIO()) as told, \
                    self.assertRaises(SystemExit) as ended:
                main.parse(list(arguments))
            self.assertEqual(ended.exception.code, 2)
            self.assertIn(f"error: argument {arguments[0]}: ", told.getvalue())


class Recoveries(unittest.TestCase):
    def test_are_disturbed_by_what_is_in_force_already(self):
        health = Health(lambda: ["republisher-1"])
        health.hit("republisher-1")  # a hole
        health.hit("republisher-1")  # and a kill
        health.heal("republisher-1")
        self.assertFalse(health.moment("republisher-1").undisturbed())
        self.assertEqual(health.calm_s("republisher-1"), 0)
        health.heal("republisher-1")
        self.assertTrue(health.moment("republisher-1").undisturbed())
        self.assertGreater(health.calm_s("republisher-1"), 0)

    def test_of_the_core_need_somebody_between_who_is_well(self):
        health = Health(lambda: ["republisher-1"])
        health.hit("republisher-1", "ingestor")
        health.heal("republisher-1", "ingestor")
        self.assertEqual(health.calm_s("ingestor"), 0)
        health.recovered("republisher-1")
        self.assertLess(health.calm_s("ingestor"), 1)
        self.assertGreater(health.calm_s("ingestor"), 0)

    def test_are_not_blamed_for_what_others_suffer(self):
        health = Health(lambda: ["republisher-1", "republisher-2"])
        health.hit("republisher-1")
        health.heal("republisher-1")
        moment = health.moment("republisher-1")
        self.assertTrue(moment.undisturbed())
        health.hit("reporter")
        health.heal("reporter")
        self.assertFalse(moment.undisturbed())
        self.assertFalse(health.moment("republisher-1").undisturbed())  # still sick
        health.recovered("reporter")
        self.assertTrue(health.moment("republisher-1").undisturbed())
        self.assertFalse(moment.undisturbed())

    def test_metrics_are_told_apart_by_link_and_outcome(self):
        sample = parse(b'# HELP pullwire_in_flight x\n'
                       b'pullwire_in_flight{link="posts",stage="ingestor"} 7\n'
                       b'pullwire_events_settled_total{link="posts",outcome="accepted",stage="i"} 3\n'
                       b'pullwire_events_settled_total{link="posts",outcome="released",stage="i"} 2\n',
                       0.0, 0.0)
        self.assertEqual(sample["in_flight posts"], 7)
        self.assertEqual(sample["events_settled_total posts accepted"], 3)
        self.assertEqual(sample["in_flight publications"], 0)


class Kills(WithFolder, unittest.IsolatedAsyncioTestCase):
    async def test_of_a_process_that_was_quicker_are_told(self):
        ends = []
        stage = Stage("ingestor", "ingestor", ["sleep", "60"], self.folder / "log", 1, "direct",
                      None, lambda _stage, code: ends.append(code))
        await stage.start()
        os.kill(stage.pid, signal.SIGABRT)
        deadline = time.monotonic() + DEADLINE_S
        while rundir.start_time(stage.pid) and time.monotonic() < deadline:
            time.sleep(0.001)  # the loop does not turn: nobody else tells of it
        await stage.kill()
        self.assertEqual(ends, [-signal.SIGABRT])
        await stage.start()
        await stage.kill()
        self.assertEqual(ends, [-signal.SIGABRT])


class ProxyTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.arrived: asyncio.Queue[asyncio.StreamReader] = asyncio.Queue()
        self.server = await asyncio.start_server(
            lambda reader, writer: self.arrived.put_nowait((reader, writer)), "127.0.0.1", 0)
        self.proxy = await Proxy.start()
        port = await self.proxy.listen("a", "127.0.0.1", self.server.sockets[0].getsockname()[:2])
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.far_reader, self.far_writer = await asyncio.wait_for(self.arrived.get(), DEADLINE_S)

    async def asyncTearDown(self):
        self.proxy.kill()
        await self.proxy.wait()
        self.writer.close()
        self.far_writer.close()
        self.server.close()

    async def receive(self, reader, count):
        return await asyncio.wait_for(reader.readexactly(count), DEADLINE_S)

    async def test_keeps_the_order_when_a_delay_ends(self):
        route = Route(None)
        end, passed = End(route, inward=True), []
        route.delay = 0.001
        end.later(passed.append, "first")
        time.sleep(0.002)  # what is due has not had its turn when the next comes
        route.delay = 0.0
        end.later(passed.append, "second")
        async with asyncio.timeout(DEADLINE_S):
            while len(passed) < 2:
                await asyncio.sleep(0)
        self.assertEqual(passed, ["first", "second"])

    async def test_a_delay_holds_what_passes(self):
        await self.proxy.ask(delay=["a"], ms=100)
        begun = time.monotonic()
        self.writer.write(b"late")
        self.assertEqual(await self.receive(self.far_reader, 4), b"late")
        self.assertGreaterEqual(time.monotonic() - begun, 0.1)

    async def test_a_hole_lets_nothing_pass_until_it_is_healed(self):
        await self.proxy.ask(hole=["a"], way="out")
        self.writer.write(b"late")
        self.far_writer.write(b"soon")
        self.assertEqual(await self.receive(self.reader, 4), b"soon")
        late = asyncio.create_task(self.receive(self.far_reader, 4))
        done, _ = await asyncio.wait({late}, timeout=0.2)
        self.assertFalse(done)
        await self.proxy.ask(heal=["a"])
        self.assertEqual(await late, b"late")

    async def test_a_reset_ends_both_sides(self):
        self.assertEqual(await self.proxy.ask(reset=["a"]), {"connections": 1})
        for reader in (self.reader, self.far_reader):
            with self.assertRaises(ConnectionResetError):
                await self.receive(reader, 1)


class Leftovers(WithFolder):
    def children(self, pid):
        """Those that run, as they cannot be mistaken for others later."""
        path = Path(f"/proc/{pid}/task/{pid}/children")
        found = [int(child) for child in path.read_text().split()] if path.exists() else []
        return [rundir.Identity("", child, rundir.start_time(child)) for child in found
                if rundir.start_time(child)]

    def until(self, condition):
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, "not in time")
            time.sleep(0.05)

    def end_by(self, number, *arguments):
        run = subprocess.Popen(
            [ROOT / "scripts/chaos", "--kills", "100", "--seed", "1", *arguments],
            env={**os.environ, "TMPDIR": str(self.folder)}, stdout=subprocess.DEVNULL)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        self.until(lambda: len(self.children(run.pid)) >= 6)
        children = self.children(run.pid)
        run.send_signal(number)
        run.wait(DEADLINE_S)
        self.until(lambda: not any(child.alive() for child in children))
        return run.returncode

    def test_an_interrupted_run_leaves_nothing(self):
        self.assertNotEqual(self.end_by(signal.SIGINT), 0)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_process_whose_parent_ended_before_it_began_does_not_begin(self):
        command = bound("KILL", ["true"])
        self.assertEqual(subprocess.run(command).returncode, 0)
        others = [word if word != str(os.getpid()) else "1" for word in command]
        self.assertNotEqual(subprocess.run(others).returncode, 0)

    def test_no_process_outlives_a_run_that_was_killed(self):
        self.end_by(signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
