"""Publishes over gRPC from Python with nothing but protoc's messages: publish.py ADDRESS STUBS TOPIC."""

import json
import sys

import grpc

address, stubs, topic = sys.argv[1:]
sys.path.insert(0, stubs)

from google.protobuf import struct_pb2  # noqa: E402
from sluice.v1 import publisher_pb2  # noqa: E402

with grpc.insecure_channel(address) as channel:
    publish = channel.unary_unary(
        "/sluice.v1.Publisher/Publish",
        request_serializer=publisher_pb2.PublishRequest.SerializeToString,
        response_deserializer=publisher_pb2.PublishResponse.FromString)
    stream = channel.stream_stream(
        "/sluice.v1.Publisher/PublishStream",
        request_serializer=publisher_pb2.PublishStreamRequest.SerializeToString,
        response_deserializer=publisher_pb2.PublishStreamResponse.FromString)

    request = publisher_pb2.PublishRequest()
    value = struct_pb2.Struct()
    value.update({"from": "python", "list": [1, None, "ü"]})
    request.events.add(topic=topic, type="value").json.struct_value.CopyFrom(value)
    request.events.add(topic=topic, type="any").message.Pack(value)
    request.events.add(topic=topic, type="text", text="plain\ntext")
    ids = [result.id for result in publish(request, timeout=10).results]

    def requests():
        for n in range(100):
            one = publisher_pb2.PublishStreamRequest()
            one.events.add(topic=topic, type="tick", raw_json=json.dumps({"n": n}))
            yield one

    for response in stream(requests(), timeout=10):
        for result in response.results:
            assert result.status.code == 0, result.status
            ids += [stored.id for stored in result.results]
    print(json.dumps(ids))
