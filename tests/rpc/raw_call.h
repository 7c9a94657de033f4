// Calls whose bytes the test makes itself.
#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sluice {

inline grpc::ByteBuffer RawBytes(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

template <typename Message>
Message Parsed(grpc::ByteBuffer* bytes) {
  Message message;
  EXPECT_TRUE(grpc::SerializationTraits<Message>::Deserialize(bytes, &message).ok());
  return message;
}

// A bidirectional call, one step after another.
class RawStream {
 public:
  RawStream(const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context,
            const std::string& method) {
    grpc::GenericStub stub(channel);
    stream_ = stub.PrepareCall(context, method, &queue_);
    stream_->StartCall(nullptr);
    EXPECT_TRUE(Next());
  }
  ~RawStream() {
    queue_.Shutdown();
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  bool Write(const grpc::ByteBuffer& bytes) {
    stream_->Write(bytes, nullptr);
    return Next();
  }
  bool WritesDone() {
    stream_->WritesDone(nullptr);
    return Next();
  }
  bool Read(grpc::ByteBuffer* bytes) {
    stream_->Read(bytes, nullptr);
    return Next();
  }
  grpc::Status Finish() {
    grpc::Status status;
    stream_->Finish(&status, nullptr);
    Next();
    return status;
  }

 private:
  bool Next() {
    void* tag;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

}  // namespace sluice
