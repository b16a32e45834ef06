"""What finds losses and doubles finds them; what makes faults makes those that it says.

Every test has a folder of its own; what it starts has ended after it.
"""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

from chaos import account, journal, plan, source
from chaos.faults import Kill
from chaos.health import Health
from chaos.network import Proxy
from chaos.proxy import End, Route
from chaos.stage import parse
from supervisor import rundir

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

    def test_has_every_other_kind_of_fault_however_short_it_is(self):
        kinds = {fault.kind for fault in plan.make(1, 1, 1.5, True)}
        self.assertEqual(kinds, {"kill", *plan.OTHER_KINDS})
        without = {fault.kind for fault in plan.make(1, 1, 1.5, False)}
        self.assertEqual(without, kinds - plan.PARTITION)


class Account(WithFolder):
    """Two posts with two publications each."""

    def check(self, *changes, key="PRIMARY KEY (post_id, target, format)"):
        database = sqlite3.connect(self.folder / "reports.db")
        database.executescript(f"""
            CREATE TABLE posts (post_id TEXT PRIMARY KEY);
            CREATE TABLE publications (post_id TEXT, target TEXT, format TEXT, status TEXT,
                                       redelivered INTEGER, {key});
            INSERT INTO posts VALUES ('s:1'), ('s:2');
            INSERT INTO publications VALUES
                ('s:1', 't', 'html', 'published', 0), ('s:1', 't', 'text', 'published', 1),
                ('s:2', 't', 'html', 'published', 0), ('s:2', 't', 'text', 'published', 0);""")
        for change in changes:
            database.execute(change)
        database.commit()
        database.close()
        account.write_emitted(self.folder / "emitted.txt", iter(["s:1", "s:2"]))
        return account.check(self.folder / "reports.db", self.folder / "emitted.txt", ["t"],
                             ["html", "text"])

    def test_of_a_complete_database_has_no_failures(self):
        found = self.check()
        self.assertEqual(found.failures(), [])
        self.assertEqual((found.posts, found.rows, found.redelivered), (2, 4, 1))

    def test_finds_a_lost_publication(self):
        found = self.check("DELETE FROM publications WHERE post_id = 's:2' AND format = 'text'")
        self.assertEqual(found.failures(), ["1 publications lost", "lost: s:2 t text"])

    def test_finds_a_publication_lost_behind_one_too_many(self):
        found = self.check("UPDATE publications SET post_id = 's:3' WHERE post_id = 's:2'")
        self.assertEqual((found.lost, found.unexpected, found.rows), (2, 2, found.expected))

    def test_finds_a_doubled_row(self):
        found = self.check("INSERT INTO publications VALUES ('s:1', 't', 'html', 'published', 0)",
                           key="CHECK (1)")
        self.assertEqual(found.failures(), ["1 publications doubled"])

    def test_finds_an_unknown_format_a_failed_publication_and_a_lost_post(self):
        found = self.check("INSERT INTO publications VALUES ('s:1', 't', 'odd', 'failed', 0)",
                           "DELETE FROM posts WHERE post_id = 's:2'")
        self.assertEqual((found.unexpected, found.unpublished, found.posts_lost), (1, 1, 1))

    def test_of_a_source_that_gave_nothing_is_no_success(self):
        self.assertEqual(account.Account().failures(), ["the source gave nothing"])


class Journal(WithFolder):
    def read(self, name, *lines):
        (self.folder / f"{name}.log").write_text("".join(line + "\n" for line in lines))
        return journal.read(self.folder)

    def entry(self, message, level="warn", **fields):
        return json.dumps({"time": "2026-11-24T06:02:41.461301Z", "level": level,
                           "message": message, **fields})

    def test_counts_what_came_again_without_its_flag(self):
        found = self.read("reporter", self.entry(journal.UNFLAGGED, publications=3))
        self.assertEqual((found.unflagged, found.broken), (3, []))

    def test_the_warning_is_the_reporters(self):
        self.assertIn(journal.UNFLAGGED, (ROOT / "reporter/store/sqlite.cpp").read_text())

    def test_notes_a_broken_protocol_an_error_and_an_abort(self):
        found = self.read(
            "ingestor", self.entry("session ended", link="posts", peer="republisher@host:42",
                                   reason="gap", unsettled=7),
            self.entry("state cannot be written", level="error"), "check failed: link.cpp:12")
        self.assertEqual(len(found.broken), 3)

    def test_tells_what_came_again_after_a_kill(self):
        found = self.read("ingestor", self.entry("session ended", link="posts", unsettled=7,
                                                 peer="republisher@host:42", reason="disconnected"))
        wall = found.ended[0].wall
        kills = [Kill("republisher", "republisher-1", 42, wall - 0.01),
                 Kill("republisher", "republisher-2", 43, wall - 0.01),
                 Kill("republisher", "republisher-1", 42, wall - 100)]
        self.assertEqual(journal.sent_again(found, kills), [7])
        self.assertEqual(found.broken, [])


class Sources(WithFolder):
    def test_settled_numbers_are_read_as_the_ingestor_writes_them(self):
        self.assertEqual(source.ranges("12-40,42"), [(12, 40), (42, 42)])
        self.assertEqual(source.ranges(""), [])

    def test_a_simulated_source_ends_after_what_was_given(self):
        database = sqlite3.connect(self.folder / "ingestor.db")
        database.executescript("CREATE TABLE sources (name, cursor, settled);"
                               "INSERT INTO sources VALUES ('simulated', '1000', '1002-1005')")
        database.close()
        simulated = source.Simulated(self.folder)
        flags = simulated.end(least_posts=10)
        count = 1005 + source.MORE_POSTS
        self.assertTrue(flags[1].endswith(f"&count={count}"))
        self.assertEqual(list(simulated.emitted())[-1], f"simulated:{count}")

    def test_a_followed_file_gave_the_lines_that_it_has(self):
        followed = source.Followed(self.folder)
        followed.end(least_posts=10)
        text = (self.folder / "posts.jsonl").read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        self.assertEqual([f"file:{line['id']}" for line in lines], list(followed.emitted()))


class Recoveries(unittest.TestCase):
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
                       0.0)
        self.assertEqual(sample["in_flight posts"], 7)
        self.assertEqual(sample["events_settled_total posts accepted"], 3)
        self.assertEqual(sample["in_flight publications"], 0)


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

    def test_no_process_outlives_a_run_that_was_killed(self):
        self.end_by(signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
