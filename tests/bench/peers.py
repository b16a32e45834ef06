"""peers: the same relay through brokers that a user might take instead, with acknowledgements."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable, NamedTuple

from bench import plot, relay
from bench.rounds import in_turns, median
from bench.stages import BIN, PATIENCE_S, Failed, Stages, free_port
from supervisor import text

WINDOWS = (1000, 10000)
SECONDS = 3.0
ROLES = ("source", "relay", "sink")
RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"  # the one in PATH insists on a user and folders


def start_redis(stages: Stages, command: str) -> int:
    port = free_port()
    stages.start("redis-server", command, "--bind", "127.0.0.1", "--port", port, "--dir",
                 stages.folder, "--save", "", "--appendonly", "no", start_new_session=True)
    return port


def start_nats(stages: Stages, command: str) -> int:
    port = free_port()
    stages.start("nats-server", command, "--addr", "127.0.0.1", "--port", port, "--jetstream",
                 "--store_dir", stages.folder / "jetstream", start_new_session=True,
                 env={**os.environ, "GOGC": "400"})  # fewer collections: a tenth faster
    return port


def start_rabbitmq(stages: Stages, command: str) -> int:
    """With an epmd of its own, which otherwise would be started and left behind."""
    port, names, nodes = free_port(), free_port(), free_port()
    files = {name: stages.folder / name for name in ("rabbitmq.conf", "env.conf", "plugins", "inetrc")}
    files["rabbitmq.conf"].write_text(f"listeners.tcp.1 = 127.0.0.1:{port}\nlog.file.level = error\n")
    files["env.conf"].write_text("")
    files["plugins"].write_text("[].\n")
    # Without a resolver: that would be one more process to end.
    files["inetrc"].write_text('{lookup, [file]}.\n{host, {127,0,0,1}, ["localhost"]}.\n')
    inherited = {name: value for name, value in os.environ.items()
                 if not name.startswith(("RABBITMQ_", "ERL_"))}
    environment = {
        **inherited, "HOME": str(stages.folder), "ERL_EPMD_PORT": str(names),
        "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_INETRC": str(files["inetrc"]), "RABBITMQ_NODENAME": f"pullwire-{port}@localhost",
        "RABBITMQ_DIST_PORT": str(nodes), "RABBITMQ_MNESIA_BASE": str(stages.folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(stages.folder), "RABBITMQ_CONF_ENV_FILE": str(files["env.conf"]),
        "RABBITMQ_CONFIG_FILE": str(files["rabbitmq.conf"]),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(files["plugins"]),
        "RABBITMQ_ALLOW_INPUT": "1",  # in the place of the script, not as its child
        # Memory that is kept, and fewer collections: half as fast again.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
            "-kernel inet_dist_use_interface {127,0,0,1} +MMscs 512 +hms 16384"}
    stages.start("epmd", "epmd", "-port", names, env=environment, start_new_session=True)
    wait_for_port(stages, names)
    stages.start("rabbitmq-server", command, "-noinput", env=environment, start_new_session=True)
    return port


class Peer(NamedTuple):
    name: str
    package: str
    command: str  # of the server
    program: str  # of ours
    start: Callable[[Stages, str], int]  # the server; returns its port


PEERS = (Peer("Redis Streams", "redis-server", "redis-server", "bench_redis", start_redis),
         Peer("NATS JetStream, memory", "nats-server", "nats-server", "bench_nats", start_nats),
         Peer("RabbitMQ, transient", "rabbitmq-server", RABBITMQ, "bench_rabbitmq",
              start_rabbitmq))


def wait_for_port(stages: Stages, port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        stages.check_alive()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)  # not yet
    raise Failed(f"nobody listens on port {port} within {PATIENCE_S:.0f} s")


def command_of(peer: Peer) -> str | None:
    """Where its server is; not every user's PATH has /usr/sbin."""
    return shutil.which(peer.command, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")


def missing(peer: Peer) -> str | None:
    what = [part for part, there in ((peer.package, command_of(peer)),
                                     (peer.program, (BIN / peer.program).exists())) if not there]
    return f"{peer.name} skipped, without {' and '.join(what)}: run scripts/setup --peers" \
        if what else None


def version(peer: Peer) -> str:
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", peer.package], text=True,
                          capture_output=True)
    return done.stdout if done.returncode == 0 else "not of Debian"


def measure(peer: Peer) -> dict:
    with Stages() as stages:
        port = peer.start(stages, command_of(peer))
        wait_for_port(stages, port)
        for role in ROLES:
            window = ("--window", SECONDS, "--warm-up", relay.WARM_UP_S) if role == "sink" else ()
            stages.start(role, BIN / peer.program, role, "--port", port, *window)
            stages.line(role, "ready")
        return stages.window("sink", SECONDS)


def memory_of(measured: list[dict]) -> dict[str, int]:
    """The largest of each process, in the order in which events pass it, then of servers."""
    most = {name: max(one["memory_bytes"][name] for one in measured)
            for name in measured[0]["memory_bytes"]}
    if ROLES[1] in most:
        roles = {role: most.pop(role) for role in ROLES}
        return {**roles, "server": sum(most.values())}
    return dict(reversed(most.items()))


def peers_table(rounds: int, out: Path | None) -> dict:
    peers = []
    for peer in PEERS:
        if why := missing(peer):
            print(why)
        else:
            peers.append(peer)
    if not peers:
        return {}
    ours = {}
    for max_demand in WINDOWS:
        ours[f"link, max_demand {max_demand}"] = lambda n=max_demand: relay.link(n)
        ours[f"executables, max_demand {max_demand}"] = lambda n=max_demand: relay.executables(n)
    results = in_turns({**ours, **{peer.name: lambda p=peer: measure(p) for peer in peers}}, rounds)
    summary = {name: {"events_per_s": median(measured, "events_per_s"),
                      "cpu_s_per_million": median(measured, "cpu_s_per_million"),
                      "memory_bytes": memory_of(measured), "rounds": measured}
               for name, measured in results.items()}
    for peer in peers:
        summary[peer.name]["version"] = version(peer)
    show(summary, list(ours), [peer.name for peer in peers])
    if out:
        plot.bars(out / "peers.svg", "Events a second, acknowledged",
                  {name: one["events_per_s"] for name, one in summary.items()})
    return summary


def show(summary: dict, ours: list[str], peers: list[str]) -> None:
    """The figures, and ours as multiples of theirs."""
    print("\n".join(text.table(
        ["", "events/s", "CPU s per million", "resident MiB, first to last, server"],
        [[name, text.number(round(one["events_per_s"])), f"{one['cpu_s_per_million']:.2f}",
          " / ".join(f"{value / (1 << 20):.0f}" for value in one["memory_bytes"].values())]
         for name, one in summary.items()])))
    rows = []
    for name in ours:
        for peer in peers:
            one, other = summary[name], summary[peer]
            one.setdefault("of_peers", {})[peer] = {
                key: one[key] / other[key] for key in ("events_per_s", "cpu_s_per_million")}
        rows.append([name, *(f"{one['of_peers'][peer]['events_per_s']:.1f}" for peer in peers),
                     f"{max(part['cpu_s_per_million'] for part in one['of_peers'].values()):.1%}"])
    print()
    print("\n".join(text.table(["times as fast as", *peers, "CPU of the best of them"], rows)))
