"""Brings the Bluesky network into build/live by npm, once: python3 -m live.install"""

import os
import shutil
import subprocess
import sys

from live.network import INSTALLED, NODE

WANTED = ("node@22", "@atproto/dev-env@0.6.7")


def npm(folder: str, package: str, log, environment: dict[str, str]) -> None:
    """Raises CalledProcessError."""
    target = INSTALLED / folder
    target.mkdir(parents=True)
    subprocess.run(["npm", "install", "--prefix", str(target), "--no-audit", "--no-fund", package],
                   check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)


def main() -> int:
    done = INSTALLED / "installed"
    if done.exists() and done.read_text() == " ".join(WANTED):
        return 0
    shutil.rmtree(INSTALLED, ignore_errors=True)
    INSTALLED.mkdir(parents=True)
    print("installing the Bluesky network by npm (two minutes, 650 MB)", flush=True)
    path = INSTALLED / "npm.log"
    try:
        with path.open("wb") as log:
            npm("node", WANTED[0], log, dict(os.environ))
            # Modules that are compiled: with this node, and its headers.
            npm("network", WANTED[1], log, {
                **os.environ, "PATH": f"{NODE.parent}:{os.environ['PATH']}",
                "npm_config_nodedir": str(NODE.parents[1])})
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"{error}: see {path}", file=sys.stderr)
        return 1
    done.write_text(" ".join(WANTED))
    return 0


if __name__ == "__main__":
    sys.exit(main())
