"""What every kind of live source does alike: a class of tests for each kind to inherit."""

import json
import subprocess
import threading
import time
from datetime import datetime, timezone

from live.case import TAG

HOUR_S = 3600
KILLS = 5
BURSTS, POSTS_OF_A_BURST = 12, 40
# So that most of a burst waits in the ingestor, for longer than it takes to store a cursor.
MAX_DEMAND, COST_MS = 8, 8


def rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(
        timespec="seconds").replace("+00:00", "Z")


class Writer(threading.Thread):
    """Publishes posts in bursts of `many`, `pause` seconds apart."""

    def __init__(self, site, bursts: int, pause: float, many: int = 1):
        super().__init__(daemon=True)
        self.identities: list[str] = []
        self._site, self._bursts, self._pause, self._many = site, bursts, pause, many
        self.start()

    def run(self):
        for number in range(self._bursts):
            self.identities += [self._site.add(f"post {number}.{one} #{TAG}")
                                for one in range(self._many)]
            time.sleep(self._pause)


class Behaviour:
    """Mixed into a LiveTest that has `site()`, which makes one to which posts are added;
    `serve(site)`, a stand-in with it; and `source(stand_in, **options)`."""

    BURST = 250          # posts at once: several pages
    HAS_LANGUAGES = True
    HAS_REPOSTS = True
    HAS_REPLIES = True

    def test_takes_what_comes_after_the_start_or_all_or_from_a_time(self):
        now = time.time()
        site = self.site()
        old = [site.add(f"old {age} #{TAG}", at=now - age * HOUR_S) for age in (3, 2, 1)]
        stand_in = self.serve(site)
        pipeline = self.pipeline(
            self.source(stand_in, name="new"),
            self.source(stand_in, name="all", backfill="all"),
            self.source(stand_in, name="from", backfill=rfc3339(now - 1.5 * HOUR_S)))
        self.until(lambda: pipeline.metric("source_requests_total", source="new") >= 2, 20,
                   "the first source has asked twice")
        new = site.add(f"a new one #{TAG}")
        self.assert_each_once(pipeline, [
            *(f"all:{one}" for one in [*old, new]), f"new:{new}",
            *(f"from:{one}" for one in [old[2], new])])
        pipeline.stop()

    def test_takes_bursts_of_several_pages(self):
        site = self.site()
        stand_in = self.serve(site)
        start = time.time() - HOUR_S
        posts = [site.add(f"before {number} #{TAG}", at=start + number)
                 for number in range(self.BURST)]
        pipeline = self.pipeline(self.source(stand_in, name="s", backfill="all"))
        pipeline.until_posts(self.BURST, 30)
        posts += [site.add(f"burst {number} #{TAG}") for number in range(self.BURST)]
        self.assert_each_once(pipeline, [f"s:{one}" for one in posts])
        pipeline.stop()

    def test_a_post_with_two_hashtags_is_one_and_others_are_none(self):
        site = self.site()
        wanted = [site.add(text) for text in (
            f"both #{TAG} #second", f"upper case #{TAG.upper()}", "second #second")]
        for text in (f"longer #{TAG}s", f"without {TAG}", "other #third"):
            site.add(text)
        stand_in = self.serve(site)
        pipeline = self.pipeline(self.source(stand_in, name="s", backfill="all"),
                                 hashtags=[TAG, "second"])
        self.assert_each_once(pipeline, [f"s:{one}" for one in wanted])
        pipeline.stop()

    def test_filters(self):
        site = self.site()
        now = time.time()
        old = site.add(f"old #{TAG}", at=now - 2 * HOUR_S)
        plain = site.add(f"a plain one #{TAG}")
        spam = site.add(f"buy now #{TAG}", author="spammer")
        kinds = {}
        if self.HAS_LANGUAGES:
            kinds["german"] = site.add(f"auf Deutsch #{TAG}", lang="de")
        if self.HAS_REPOSTS:
            kinds["repost"] = site.add(f"again #{TAG}", repost=True)
        if self.HAS_REPLIES:
            kinds["reply"] = site.add(f"an answer #{TAG}", reply=True)
        usual = {old, plain, spam, *(one for name, one in kinds.items() if name != "repost")}
        expected = {
            "default": usual, "fresh": usual - {old},
            "matching": {plain}, "excluding": usual - {spam},
            "author": {spam}, "noauthor": usual - {spam}}
        options = {
            "default": {}, "fresh": {"max_age": HOUR_S}, "matching": {"match": ["(?i)A PLAIN"]},
            "excluding": {"exclude": ["buy (now|later)"]},
            "author": {"authors": [self.author("spammer")]},
            "noauthor": {"exclude_authors": [self.author("spammer")]}}
        if "german" in kinds:
            expected |= {"german": {kinds["german"]}, "nogerman": usual - {kinds["german"]}}
            options |= {"german": {"languages": ["de"]}, "nogerman": {"exclude_languages": ["de"]}}
        if "repost" in kinds:
            expected["reposts"], options["reposts"] = usual | {kinds["repost"]}, {"reposts": True}
        if "reply" in kinds:
            expected["noreplies"], options["noreplies"] = usual - {kinds["reply"]}, \
                {"replies": False}
        stand_in = self.serve(site)
        pipeline = self.pipeline(*(self.source(stand_in, name=name, backfill="all", **option)
                                   for name, option in options.items()))
        self.assert_each_once(pipeline, [f"{name}:{one}" for name, found in expected.items()
                                         for one in found])
        pipeline.stop()

    @staticmethod
    def author(name: str) -> str:
        """As the platform writes it."""
        return name

    def test_preview_shows_the_next_posts_and_moves_nothing(self):
        site = self.site()
        posts = [site.add(f"post {number} #{TAG}") for number in range(8)]
        stand_in = self.serve(site)
        pipeline = self.pipeline(self.source(stand_in, name="s", backfill="all"), start=False)
        for _ in range(2):
            shown = subprocess.run(pipeline.command("ingestor", "--preview", "3"), text=True,
                                   cwd=pipeline.folder, capture_output=True, timeout=30)
            self.assertEqual(shown.returncode, 0, shown.stderr)
            lines = [json.loads(line) for line in shown.stdout.splitlines()]
            self.assertEqual(len(lines), 3)
            for line in lines:
                self.assertIn(f"#{TAG}", line["text"])
        pipeline.start()
        self.assert_each_once(pipeline, [f"s:{one}" for one in posts])
        pipeline.stop()

    def test_nothing_is_lost_or_doubled_when_killed_again_and_again(self):
        site = self.site()
        stand_in = self.serve(site)
        pipeline = self.pipeline(self.source(stand_in, name="s", backfill="all"),
                                 cost_ms=COST_MS, max_demand=MAX_DEMAND)
        writer = Writer(site, BURSTS, 0.4, POSTS_OF_A_BURST)
        for _ in range(KILLS):
            # In the middle of a burst: some of it is settled, and some is not.
            begin = len(pipeline.posts())
            self.until(lambda: pipeline.metric("in_flight", link="posts") >= MAX_DEMAND // 2
                       and len(pipeline.posts()) >= begin + POSTS_OF_A_BURST // 3, 30, "a burst")
            pipeline.kill("ingestor")
            pipeline.start("ingestor")
        writer.join()
        self.assert_each_once(pipeline, [f"s:{one}" for one in writer.identities])
        pipeline.stop()

    def test_the_beginning_is_kept_though_nothing_was_settled(self):
        site = self.site()
        site.add(f"before #{TAG}")
        stand_in = self.serve(site)
        pipeline = self.pipeline(self.source(stand_in, name="s"))  # from now on
        self.until(lambda: pipeline.metric("source_requests_total", source="s") >= 3, 20,
                   "the source has asked several times")
        pipeline.kill("ingestor")
        missed = site.add(f"while nobody looked #{TAG}")
        pipeline.start("ingestor")
        self.assert_each_once(pipeline, [f"s:{missed}"])
        pipeline.stop()
