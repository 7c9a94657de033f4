"""The health of a system, as connectome.v1.Monitor streams it.

    /usr/bin/python3 deploy/examples/connectome/backend.py [--listen ADDRESS] [--health FILE] [--interval SECONDS]

Needs python3-grpcio and python3-protobuf, and no generated code: the messages come from connectome.binpb.
What it tells is in health.json; edit the file, and every dashboard shows it.
"""

import argparse
import json
import os
import signal
import threading
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

FOLDER = Path(__file__).resolve().parent


def message_classes(file):
    """The classes of a descriptor set's messages, by full name."""
    files = descriptor_pb2.FileDescriptorSet.FromString(file.read_bytes()).file
    return message_factory.GetMessages(files)


MESSAGES = message_classes(FOLDER / "connectome.binpb")
WatchRequest = MESSAGES["connectome.v1.WatchRequest"]
ConnectomeHealth = MESSAGES["connectome.v1.ConnectomeHealth"]


class Monitor:
    """Streams what the file says: at once, when it changes, and at an interval."""

    LOOK_SECONDS = 0.1

    def __init__(self, file, interval):
        self.file = file
        self.interval = interval
        self.stopped = threading.Event()

    def read(self):
        health = json_format.ParseDict(json.loads(self.file.read_text()), ConnectomeHealth())
        health.timestamp.GetCurrentTime()
        return health

    def watch(self, request, context):
        print("the bridge is watching", flush=True)
        left = threading.Event()
        context.add_callback(left.set)
        seen, waited = None, 0.0
        while not left.is_set() and not self.stopped.is_set():
            version = os.stat(self.file).st_mtime_ns
            if version != seen or waited >= self.interval:
                seen, waited = version, 0.0
                yield self.read()
            left.wait(self.LOOK_SECONDS)
            waited += self.LOOK_SECONDS
        print("the bridge has left" if left.is_set() else "ending", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listen", default="127.0.0.1:9191")
    parser.add_argument("--health", type=Path, default=FOLDER / "health.json")
    parser.add_argument("--interval", type=float, default=10.0, help="seconds")
    options = parser.parse_args()

    monitor = Monitor(options.health, options.interval)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("connectome.v1.Monitor", {
        "Watch": grpc.unary_stream_rpc_method_handler(
            monitor.watch,
            request_deserializer=WatchRequest.FromString,
            response_serializer=ConnectomeHealth.SerializeToString),
    })])
    host = options.listen.rsplit(":", 1)[0]
    port = server.add_insecure_port(options.listen)
    server.start()
    print(f"listening on {host}:{port}", flush=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: monitor.stopped.set())
    monitor.stopped.wait()
    server.stop(grace=1).wait()


if __name__ == "__main__":
    main()
