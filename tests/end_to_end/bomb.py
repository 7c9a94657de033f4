"""A backend of calls.v1.Speaker that answers each call with one compressed word of 100 MB of nothing."""

from concurrent import futures

import grpc

# Word{text: 100 MB}: a tag, a length, and zeros.
COUNT = 100 * 1024 * 1024
WORD = bytes([0x12, COUNT & 0x7F | 0x80, COUNT >> 7 & 0x7F | 0x80, COUNT >> 14 & 0x7F | 0x80, COUNT >> 21]) + bytes(COUNT)

server = grpc.server(futures.ThreadPoolExecutor(2), compression=grpc.Compression.Gzip,
                     options=[("grpc.max_send_message_length", -1)])
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("calls.v1.Speaker", {
    "Speak": grpc.unary_stream_rpc_method_handler(lambda request, context: iter([WORD]))})])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"listening on 127.0.0.1:{port}", flush=True)
server.wait_for_termination()
