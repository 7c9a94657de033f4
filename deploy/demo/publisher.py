#!/usr/bin/python3
"""Publishes this machine's load, memory and busiest processes, each second.

    DEMO_TOKEN=… publisher.py ADDRESS

An ordinary gRPC client: Debian's python3-grpcio and messages that protoc makes at the start. While the
bridge is away it goes on trying; what was measured meanwhile is old news and not sent.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import grpc

DEMO = Path(__file__).resolve().parent
PROTO = DEMO.parent.parent / "proto"
TOP = 8
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
# (CANCELLED: the call had just begun when the bridge was stopped.)
AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)


def import_messages():
    """What `protoc --python_out` makes of the protos is imported and thrown away."""
    with tempfile.TemporaryDirectory() as stubs:
        roots = [PROTO / "third_party", PROTO, DEMO]
        subprocess.run(
            ["protoc", *(f"-I{root}" for root in roots), f"--python_out={stubs}", "demo.proto",
             "google/rpc/status.proto", "sluice/v1/event.proto", "sluice/v1/publisher.proto"],
            check=True)
        sys.path.insert(0, stubs)
        sys.dont_write_bytecode = True
        import demo_pb2
        from sluice.v1 import publisher_pb2
        sys.path.remove(stubs)
    return demo_pb2, publisher_pb2


demo_pb2, publisher_pb2 = import_messages()


class Machine:
    """Reads /proc. What is "since the last event" needs the reading before."""

    def __init__(self):
        self.cpu = self.read_cpu()
        self.processes = self.read_processes()
        self.at = time.monotonic()

    @staticmethod
    def read_cpu():
        """Ticks of all cores since boot: busy, in all."""
        ticks = [int(n) for n in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        idle = ticks[3] + ticks[4]
        return sum(ticks) - idle, sum(ticks)

    @staticmethod
    def read_processes():
        """pid: (name, ticks, resident KiB)."""
        processes = {}
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            try:
                stat = Path(entry.path, "stat").read_text(errors="replace")
            except OSError:
                continue  # it has just ended
            # "pid (name) state …": a name may hold spaces and brackets.
            name = stat[stat.index("(") + 1:stat.rindex(")")]
            fields = stat[stat.rindex(")") + 2:].split()
            ticks = int(fields[11]) + int(fields[12])
            processes[int(entry.name)] = name, ticks, int(fields[21]) * PAGE_KIB
        return processes

    def load(self):
        one, five, fifteen, tasks, _ = Path("/proc/loadavg").read_text().split()
        running, total = tasks.split("/")
        before, self.cpu = self.cpu, self.read_cpu()
        busy, ticks = (now - then for now, then in zip(self.cpu, before))
        return demo_pb2.HostLoad(
            one=float(one), five=float(five), fifteen=float(fifteen), cores=os.cpu_count(),
            running=int(running), tasks=int(total),
            cpu_percent=round(100 * busy / max(ticks, 1), 1))

    @staticmethod
    def memory():
        lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
        kib = {words[0].rstrip(":"): int(words[1]) for words in lines}
        cached = kib["Buffers"] + kib["Cached"] + kib["SReclaimable"]
        return demo_pb2.HostMemory(
            total_kib=kib["MemTotal"], cached_kib=cached, available_kib=kib["MemAvailable"],
            used_kib=max(kib["MemTotal"] - kib["MemFree"] - cached, 0),
            swap_total_kib=kib["SwapTotal"], swap_used_kib=kib["SwapTotal"] - kib["SwapFree"])

    def busiest(self):
        before, self.processes = self.processes, self.read_processes()
        then, self.at = self.at, time.monotonic()
        ticks = max((self.at - then) * TICKS_PER_SECOND, 1)
        found = []
        for pid, (name, now, resident) in self.processes.items():
            used = now - before[pid][1] if pid in before else 0
            found.append(demo_pb2.HostProcess(
                pid=pid, name=name, cpu_percent=round(100 * max(used, 0) / ticks, 1),
                resident_kib=resident))
        found.sort(key=lambda process: (-process.cpu_percent, -process.resident_kib))
        return demo_pb2.HostProcesses(total=len(found), top=found[:TOP])


def figures(machine):
    """One request with an event for each topic; the bridge makes the type of the message's name."""
    request = publisher_pb2.PublishRequest()
    for topic, message in (("host/load", machine.load()), ("host/memory", machine.memory()),
                           ("host/processes", machine.busiest())):
        request.events.add(topic=topic).message.Pack(message)
    return request


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    metadata = [("authorization", f"Bearer {os.environ.get('DEMO_TOKEN', '')}")]
    channel = grpc.insecure_channel(sys.argv[1], options=[("grpc.max_reconnect_backoff_ms", 2000)])
    publish = channel.unary_unary(
        "/sluice.v1.Publisher/Publish",
        request_serializer=publisher_pb2.PublishRequest.SerializeToString,
        response_deserializer=publisher_pb2.PublishResponse.FromString)

    machine = Machine()
    away = False
    while True:
        time.sleep(1 - time.time() % 1)  # on the second
        try:
            publish(figures(machine), timeout=2, metadata=metadata)
        except grpc.RpcError as error:
            if error.code() not in AWAY:
                sys.exit(f"publisher: {error.code().name}: {error.details()}")
            if not away:
                print("publisher: the bridge is away; trying again", file=sys.stderr, flush=True)
            away = True
        else:
            if away:
                print("publisher: the bridge is back", file=sys.stderr, flush=True)
            away = False


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
