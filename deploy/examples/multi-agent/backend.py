"""A team of agents that answers a question, update by update: multi_agent.v1.HealthAnalyst.

    /usr/bin/python3 deploy/examples/multi-agent/backend.py [--listen ADDRESS] [--pause SECONDS]

Needs python3-grpcio and python3-protobuf, and no generated code: the messages come from multi-agent.binpb.
"""

import argparse
import signal
import threading
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, message_factory

FOLDER = Path(__file__).resolve().parent


def message_classes(file):
    """The classes of a descriptor set's messages, by full name."""
    files = descriptor_pb2.FileDescriptorSet.FromString(file.read_bytes()).file
    return message_factory.GetMessages(files)


MESSAGES = message_classes(FOLDER / "multi-agent.binpb")
Query = MESSAGES["multi_agent.v1.Query"]
Update = MESSAGES["multi_agent.v1.Update"]


def text(content):
    update = Update()
    update.text.content = content
    update.text.timestamp.GetCurrentTime()
    return update


def tool_call(tool, arguments):
    update = Update()
    update.tool_call.tool = tool
    update.tool_call.arguments.update(arguments)
    update.tool_call.timestamp.GetCurrentTime()
    return update


def specialist_update(specialist, status):
    update = Update()
    update.specialist_update.specialist = specialist
    update.specialist_update.status = status
    update.specialist_update.timestamp.GetCurrentTime()
    return update


def answer(question):
    """Where a real backend would ask its model."""
    yield specialist_update("cardiology", "started")
    yield tool_call("query_lab_results", {"metric": question, "months": 6})
    yield specialist_update("cardiology", "finished")
    for word in f"You asked about {question}: all values are in range.".split(" "):
        yield text(word + " ")


class HealthAnalyst:
    def __init__(self, pause):
        self.pause = pause

    def process_query(self, query, context):
        if not query.message:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "message: ask something")
        left = threading.Event()
        context.add_callback(left.set)
        for update in answer(query.message):
            # The reader may have gone: then nobody needs the rest of the answer.
            if left.is_set():
                return
            yield update
            left.wait(self.pause)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listen", default="127.0.0.1:9191")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between two updates")
    options = parser.parse_args()

    analyst = HealthAnalyst(options.pause)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("multi_agent.v1.HealthAnalyst", {
        "ProcessQuery": grpc.unary_stream_rpc_method_handler(
            analyst.process_query,
            request_deserializer=Query.FromString,
            response_serializer=Update.SerializeToString),
    })])
    host = options.listen.rsplit(":", 1)[0]
    port = server.add_insecure_port(options.listen)
    server.start()
    print(f"listening on {host}:{port}", flush=True)

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()
    server.stop(grace=1).wait()


if __name__ == "__main__":
    main()
