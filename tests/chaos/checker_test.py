"""What finds losses, doubles and late settlements finds them.

Every test has a folder of its own.
"""

import json
import shutil
import sqlite3
import tempfile
import time
import unittest
from pathlib import Path

from chaos import account, journal, report, source
from chaos.again import IN_FLIGHT, RECENT_S, SETTLED, Looks
from chaos.faults import Kill
from chaos.stage import Sample, Silent

ROOT = Path(__file__).resolve().parents[2]


class WithFolder(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="pullwire-"))
        self.addCleanup(shutil.rmtree, self.folder)


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

    def test_notes_a_broken_protocol_an_error_a_refusal_and_an_abort(self):
        found = self.read(
            "ingestor", self.entry("session ended", link="posts", peer="republisher@host:42",
                                   reason="gap", unsettled=7),
            self.entry("state cannot be written", level="error"), "check failed: link.cpp:12",
            self.entry("session refused", link="posts", reason="no room"))
        self.assertEqual(len(found.broken), 4)

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
        self.assertEqual(simulated.settled_in_state(), 999 + 4)
        flags = simulated.end(least_posts=10)
        count = 1005 + source.MORE_POSTS
        self.assertTrue(flags[1].endswith(f"&count={count}"))
        self.assertEqual(list(simulated.emitted())[-1], f"simulated:{count}")

    def test_settled_posts_of_a_file_are_counted_by_their_keys(self):
        followed = source.Followed(self.folder)
        database = sqlite3.connect(self.folder / "ingestor.db")
        database.execute("CREATE TABLE seen (source, upto, keys)")
        database.commit()
        self.assertEqual(followed.settled_in_state(), 0)
        database.execute("INSERT INTO seen VALUES (1, 4096, ''), (1, 5000, '')")
        database.commit()
        database.close()
        self.assertEqual(followed.settled_in_state(), 5000)

    def test_a_followed_file_gave_the_lines_that_it_has(self):
        followed = source.Followed(self.folder)
        followed.end(least_posts=10)
        text = (self.folder / "posts.jsonl").read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        self.assertEqual([f"file:{line['id']}" for line in lines], list(followed.emitted()))


class Asked:
    """An ingestor that tells what it is given, one sample a question."""

    def __init__(self, *told, hindered):
        self._told, self._waited = list(told), [hindered, 0.0]

    async def sample(self):
        if not self._told:
            raise Silent
        now = time.monotonic()
        settled, in_flight = self._told.pop(0)
        return Sample(now, now, {SETTLED: settled, IN_FLIGHT: in_flight})

    def waited_for_processor(self):
        return self._waited.pop() if len(self._waited) > 1 else self._waited[0]

    def waits_for_disk(self):
        return False


class KillsOfTheIngestor(unittest.IsolatedAsyncioTestCase):
    async def judge(self, *told, new_in_state, hindered=0.0):
        looks = Looks(Asked(*told, hindered=hindered))
        await looks.take()
        return looks.judge(time.monotonic(), new_in_state)

    async def test_may_cost_what_was_settled_a_moment_ago(self):
        again = await self.judge((500, 80), (540, 60), new_in_state=500)
        self.assertEqual((again.overdue, again.recent, again.unsettled), (0, 40, 60))
        self.assertEqual(again.posts, 100)
        self.assertGreaterEqual(again.window, RECENT_S)

    async def test_must_not_cost_what_was_settled_before(self):
        again = await self.judge((500, 80), (540, 60), new_in_state=493)
        self.assertEqual((again.overdue, again.posts), (7, 107))

    async def test_are_not_blamed_on_one_that_could_not_run(self):
        again = await self.judge((500, 80), (540, 60), new_in_state=500, hindered=0.05)
        self.assertGreaterEqual(again.window, RECENT_S + 0.05)
        self.assertEqual(again.hindered, 0.05)

    async def test_tell_nothing_where_nobody_could_be_asked(self):
        self.assertIsNone(await self.judge(new_in_state=0))


class Verdict(unittest.TestCase):
    def late(self, seconds, disturbed=0):
        recoveries = {"kill of a reporter": seconds, "hole": [9.0] * 40}
        return report.late({"recovery_s": report.times(
            recoveries, {"kill of a reporter": disturbed, "hole": 0})})

    def test_is_against_a_late_recovery_after_a_kill(self):
        self.assertEqual(self.late([1.0] * 40), [])
        self.assertEqual(self.late([1.0] * 39 + [4.5]),
                         ["recovery after the kill of a reporter took 4.50 s (p99)"])
        self.assertEqual(self.late([1.0] * 299 + [4.5]), [])  # one in a hundred may be

    def test_is_against_recoveries_of_which_too_few_say_something(self):
        self.assertEqual(self.late([1.0] * 20, disturbed=20), [])
        self.assertEqual(len(self.late([1.0] * 20, disturbed=200)), 1)


if __name__ == "__main__":
    unittest.main()
