#include "bridge/relay/reflection_client.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>

#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"
#include "bridge/schema/descriptor_set_file.h"
#include "bridge/schema/schema.h"
#include "grpc/reflection/v1/reflection.pb.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
using Request = grpc::reflection::v1::ServerReflectionRequest;
using Response = grpc::reflection::v1::ServerReflectionResponse;

constexpr const char* kMethods[] = {
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
};

// Written before their answers are read: as many as surely fit into what gRPC takes
// from somebody who does not read yet (64 KiB).
constexpr size_t kRequestsAtOnce = 32;
static_assert(kRequestsAtOnce * (kTypeNameBytesMax + 64) < 48 * 1024);

absl::Status ToAbsl(const grpc::Status& status) {
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

// Known to the bridge without anybody's help, or not worth to be known.
bool IsOfNoInterest(const std::string& service) {
  return service.size() > kTypeNameBytesMax || absl::StartsWith(service, "grpc.reflection.") ||
         absl::StartsWith(service, "grpc.health.");
}

bool IsOwn(const std::string& file) {
  return pb::DescriptorPool::generated_pool()->FindFileByName(file) != nullptr;
}

}  // namespace

// One call, and the files it has brought so far.
class ReflectionClient::Conversation {
 public:
  Conversation(ReflectionClient* client, const char* method, absl::Time deadline)
      : client_(client), stub_(client->channel_) {
    context_.set_deadline(absl::ToChronoTime(deadline));
    {
      const MutexLock lock(&client_->mutex_);
      client_->call_ = &context_;
      if (client_->cancelled_) context_.TryCancel();
    }
    stream_ = stub_.PrepareCall(&context_, method, &queue_);
    stream_->StartCall(nullptr);
    Next();
  }
  ~Conversation() {
    context_.TryCancel();
    if (!finished_) (void)Finish();
    {
      const MutexLock lock(&client_->mutex_);
      client_->call_ = nullptr;
    }
    queue_.Shutdown();
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  absl::StatusOr<std::vector<std::string>> ListServices() {
    Request list;
    list.set_list_services("*");
    auto answers = Ask({list});
    if (!answers.ok()) return answers.status();
    std::vector<std::string> names;
    for (const auto& service : answers->front().list_services_response().service()) {
      if (names.size() >= client_->limits_.services_max) {
        return absl::ResourceExhaustedError(
            absl::StrCat("the backend lists more than ", names.size(), " services"));
      }
      if (!IsOfNoInterest(service.name())) names.push_back(service.name());
    }
    return names;
  }

  // Their files, and all that those import.
  Files Fetch(const std::vector<std::string>& symbols) {
    std::vector<Request> requests;
    for (const std::string& symbol : symbols) {
      requests.emplace_back().set_file_containing_symbol(symbol);
    }
    while (!requests.empty()) {
      auto answers = Ask(requests);
      if (!answers.ok()) return answers.status();
      for (const Response& answer : *answers) {
        if (absl::Status status = Take(answer); !status.ok()) return status;
      }
      requests = MissingImports();
    }
    pb::FileDescriptorSet set;
    for (auto& [name, file] : files_) set.add_file()->Swap(&file);
    return set;
  }

 private:
  bool Next() {
    void* tag;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  absl::Status Finish() {
    grpc::Status status;
    stream_->Finish(&status, nullptr);
    Next();
    finished_ = true;
    if (!status.ok()) return ToAbsl(status);
    return absl::UnavailableError("the backend ended the call before it had answered");
  }

  absl::StatusOr<std::vector<Response>> Ask(const std::vector<Request>& requests) {
    std::vector<Response> answers;
    while (answers.size() < requests.size()) {
      const size_t begin = answers.size();
      const size_t end = std::min(begin + kRequestsAtOnce, requests.size());
      for (size_t i = begin; i < end; ++i) {
        const grpc::Slice slice(requests[i].SerializeAsString());
        stream_->Write(grpc::ByteBuffer(&slice, 1), nullptr);
        if (!Next()) return Finish();
      }
      for (size_t i = begin; i < end; ++i) {
        absl::Status status = Read(&answers.emplace_back());
        if (!status.ok()) return status;
      }
    }
    return answers;
  }

  // (Bytes, which are parsed here: gRPC 1.51 does not tell answers that do not parse
  // from the end of a call.)
  absl::Status Read(Response* answer) {
    grpc::ByteBuffer buffer;
    stream_->Read(&buffer, nullptr);
    if (!Next()) return Finish();
    bytes_ += buffer.Length();
    if (bytes_ > client_->limits_.bytes_max) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the backend's types are more than ", client_->limits_.bytes_max, " bytes"));
    }
    grpc::Slice whole;
    if (!buffer.DumpToSingleSlice(&whole).ok() ||
        !answer->ParseFromArray(whole.begin(), static_cast<int>(whole.size()))) {
      return absl::InternalError("the backend's answer is no ServerReflectionResponse");
    }
    return absl::OkStatus();
  }

  absl::Status Take(const Response& answer) {
    if (answer.has_error_response()) {
      // gRPC for C++ lists a health service that it does not know; others leave
      // well-known types out. What is missing in the end is told by who needs it.
      log::Debug("reflection does not know", {{"error", answer.error_response().error_message()}});
      return absl::OkStatus();
    }
    for (const std::string& bytes : answer.file_descriptor_response().file_descriptor_proto()) {
      pb::FileDescriptorProto file;
      if (!ParseDescriptors(bytes, &file)) {
        return absl::InternalError("the backend's answer holds what is no FileDescriptorProto");
      }
      if (IsOwn(file.name())) continue;
      if (files_.size() >= client_->limits_.files_max && !files_.contains(file.name())) {
        return absl::ResourceExhaustedError(
            absl::StrCat("the backend's types are in more than ", files_.size(), " files"));
      }
      const std::string name = file.name();
      files_.try_emplace(name, std::move(file));
    }
    return absl::OkStatus();
  }

  // Each asked for once.
  std::vector<Request> MissingImports() {
    std::vector<Request> requests;
    for (const auto& [name, file] : files_) {
      for (const std::string& import : file.dependency()) {
        if (import.size() > kTypeNameBytesMax || files_.contains(import)) continue;
        if (asked_.size() >= client_->limits_.files_max || !asked_.insert(import).second) continue;
        if (!IsOwn(import)) requests.emplace_back().set_file_by_filename(import);
      }
    }
    return requests;
  }

  ReflectionClient* const client_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  bool finished_ = false;
  size_t bytes_ = 0;
  std::map<std::string, pb::FileDescriptorProto> files_;
  std::set<std::string> asked_;
};

ReflectionClient::ReflectionClient(std::shared_ptr<grpc::Channel> channel, ReflectionLimits limits)
    : channel_(std::move(channel)), limits_(limits) {}

template <typename Fetch>
ReflectionClient::Files ReflectionClient::InEitherVersion(absl::Time deadline, const Fetch& fetch) {
  Files files;
  for (const char* method : kMethods) {
    Conversation conversation(this, method, deadline);
    files = fetch(&conversation);
    if (!absl::IsUnimplemented(files.status())) break;
  }
  return files;
}

ReflectionClient::Files ReflectionClient::FetchServices(absl::Time deadline) {
  return InEitherVersion(deadline, [](Conversation* conversation) -> Files {
    const auto services = conversation->ListServices();
    if (!services.ok()) return services.status();
    return conversation->Fetch(*services);
  });
}

ReflectionClient::Files ReflectionClient::FetchSymbols(const std::vector<std::string>& symbols,
                                                       absl::Time deadline) {
  return InEitherVersion(
      deadline, [&symbols](Conversation* conversation) { return conversation->Fetch(symbols); });
}

void ReflectionClient::Cancel() {
  const MutexLock lock(&mutex_);
  cancelled_ = true;
  if (call_ != nullptr) call_->TryCancel();
}

}  // namespace sluice
