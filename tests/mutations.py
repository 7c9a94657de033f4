#!/usr/bin/env python3
"""Takes rules away, one at a time, and wants a test to fail: those of the hub and the event log,
which unit tests stand for, and those of access, which the suites of attacks stand for.

A rule is a line of the source and what stands there without it; where two lines stand for the
same, both are taken away. The work is done on a copy of the tree; the source itself is not
touched. Usage: tests/mutations.py [WORD ...] (only rules whose name has one of the words; "hub"
and "access" are those of a kind). That each line is in the source is what mutations_test.py
holds.
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RUNNERS = ["hub_test", "event_log_test"]
ATTACKS = sorted(glob.glob(os.path.join(ROOT, "tests/end_to_end/attacks_*.test.mjs")))
SIMULATED_SEEDS = "300"
RUNNER_SECONDS_MAX = 180

SUBSCRIPTION = "bridge/hub/subscription.cc"
START = "bridge/hub/subscription_start.cc"
LOG_HEAD = "bridge/hub/log_head.cc"
SEARCH = "bridge/hub/event_search.cc"
WINDOW = "bridge/hub/topic_window.cc"
SHARD = "bridge/hub/shard.cc"
REPLAY = "bridge/hub/replay.cc"
HEARTBEATS = "bridge/hub/heartbeats.cc"
LOG = "bridge/event_log/memory/memory_event_log.cc"
HISTORY = "bridge/event_log/memory/topic_history.cc"

HEAD = "bridge/http/request_head.cc"
SESSION = "bridge/http/http_session.cc"
COOKIE = "bridge/http/cookie_origin.cc"
TARGET = "bridge/route/request_target.cc"
PATH = "bridge/route/path_template.cc"
ROUTE = "bridge/route/route.cc"
TOPIC = "bridge/event/topic.cc"
FIELDS = "bridge/event/event_fields.cc"
INGEST = "bridge/schema/ingest.cc"
RAW_JSON = "bridge/schema/raw_json.cc"
PUBLISHING = "bridge/rpc/publishing.cc"
QUESTION = "bridge/access/question_key.cc"
JWT = "bridge/access/jwt/jwt.cc"
CLAIMS = "bridge/access/jwt/claims.cc"
JSON = "bridge/access/jwt/strict_json.cc"
CHECK_JSON = "bridge/base/check_json.cc"
DECISION = "bridge/access/jwt/jwt_authorizer.cc"
RIGHTS = "bridge/access/jwt/rights.cc"
ACCEPTOR = "bridge/rpc/acceptor.cc"
REFLECTION = "bridge/rpc/reflection_service.cc"

# Name, file, the rule, what stands there without it (the last three again and again, where one
# line alone makes no difference).
HUB_RULES = [
    ("a cursor enters the window only from complete_from on", SUBSCRIPTION,
     "if (place.after >= window.complete_from()) {", "if (true) {"),
    ("the tail adds only what is after the head", WINDOW,
     "if (event->offset() <= newest_) return false;", ""),
    ("what a client has seen is not sent again", SUBSCRIPTION,
     "const bool wanted = event.transient() || event.offset() > place.after;",
     "const bool wanted = true;"),
    ("a topic that replays holds the others back", SUBSCRIPTION,
     "if (candidate.kind == Candidate::Kind::kNotRead) return -1;",
     "if (candidate.kind == Candidate::Kind::kNotRead) continue;"),
    ("a read under way is waited for", SUBSCRIPTION,
     "waits |= settled == Settled::kWaits;", ""),
    ("latest begins at the head that Follow answered", START,
     "cursor.place.after = window.complete_from();", ""),
    ("latest begins at what the shard has seen", START,
     "cursor.place.after = std::max(cursor.place.after, seen.offset);", ""),
    ("latest begins where the log ends while the head is not known", START,
     "} else if (begins_together_ && window.epoch() != 0) {", "} else if (begins_together_) {"),
    ("cursors that wait for the same read share it", REPLAY,
     "if (!added) {", "if (false) {"),
    ("replays at once are bounded", REPLAY,
     "while (reading_ < reads_max_ && !queued_.empty())", "while (!queued_.empty())"),
    ("an inbox that overflowed is caught up", SHARD, "if (lost.any()) CatchUp(lost);", "(void)lost;"),
    ("after a restart everybody is outside the window", WINDOW,
     "kept_begin_ = kept_end() + 1;", "kept_begin_ = kept_end();"),
    ("a cursor that fell out goes back to the log", SUBSCRIPTION,
     "if (!cursor.window->FellOut(place.window)) return Settled::kYes;", "return Settled::kYes;"),
    ("a gap is told", SUBSCRIPTION,
     "if (replay.after > place.after && !told) {", "if (false && !told) {"),
    ("a gap is judged by the topic", HISTORY,
     "if (found != topics_.end()) result.dropped_through = found->second.dropped_through;",
     "if (!order_.empty()) result.dropped_through = order_.front().event->offset() - 1;"),
    ("a forgotten topic hides no gap", HISTORY,
     "forgotten_through_ = std::max(forgotten_through_, oldest.dropped_through);", ""),
    ("transient events push no kept one out", WINDOW, "transient_bytes_ += bytes;",
     "transient_bytes_ += bytes; bytes_ += bytes;"
     " while (bytes_ > bytes_max && kept_.size() > 1) DropFirst();"),
    ("transient events are not replayed", WINDOW,
     "static_cast<uint64_t>(next - kept_.begin()), transient_end()};",
     "static_cast<uint64_t>(next - kept_.begin()), transient_begin_};"),
    ("a heartbeat overtakes no event", HEARTBEATS,
     "if (state != Subscription::State::kCaughtUp) continue;", ""),
    ("a heartbeat takes nobody back", HEARTBEATS,
     "member->IsUpTo(with_id->second.position)", "true"),
    ("who waits for the log is kept alive without an id", HEARTBEATS,
     "if (state == Subscription::State::kReading) {", "if (false) {"),
    ("the inbox is drained before the position is told", SHARD,
     "  DrainInbox();\n  EventId& position", "  EventId& position"),
    ("what one partition has lost is its own", SHARD,
     "if (overflowed || lost.Told(window->partition())) {", "if (overflowed || lost.any()) {"),
    ("a window takes nothing of another epoch", WINDOW,
     "if (event->id().epoch != epoch_) return false;", ""),
    ("a cursor does not enter a window of another epoch", SUBSCRIPTION,
     "if (window.epoch() != cursor.epoch) {", "if (false) {"),
    ("a replay of another epoch is judged anew", SUBSCRIPTION,
     "if (cursor.replay->epoch != cursor.epoch) {", "if (false) {"),
    ("who waits for a window is woken when it is restarted", SHARD,
     "      WakeAll(*window);", "      WakeReaders(*window);"),
    ("topics of one subscription lie in one partition", LOG_HEAD,
     "if (log.PartitionOf(topic) == first) continue;", "continue;"),
    ("an end past our own head is the log's to judge", SEARCH,
     "return AfterId{after};", "return Earliest{};"),
    ("only the end of all topics carries the end flag", SUBSCRIPTION,
     "if (!item.last) {", "if (false) {"),
    ("offsets and the push to inboxes share a critical section", LOG,
     "tail_->Deliver(shard, deliveries_[shard]);",
     "{ auto d = deliveries_[shard]; mutex_.Unlock(); tail_->Deliver(shard, d); mutex_.Lock(); }"),
    ("Follow and its head share a critical section", LOG,
     "    MutexLock lock(&mutex_);\n    history_.Follow(topic, shard);\n    return head_;",
     "    Offset head; { MutexLock first(&mutex_); head = head_; }\n"
     "    MutexLock lock(&mutex_);\n    history_.Follow(topic, shard);\n    return head + 1;"),
    ("an id of another epoch is a gap", START,
     "  cursor.gap = MakeGap(cursor, last_event_id, 0);\n", ""),
    ("an id past the end is a gap", "bridge/event_log/resolve_start.cc",
     "*found = id.epoch == epoch && id.offset <= end;", "*found = id.epoch == epoch;"),
    ("an id past our own head is the log's to judge", LOG_HEAD,
     "id.offset <= head.offset;", "true;"),
    ("a window outlives its last subscriber", SHARD,
     "  cursor.window->deserted_at = clock.Now();\n"
     "  if (interest != nullptr) interest->Lost(cursor.window->topic());\n",
     "  if (interest != nullptr) interest->Lost(cursor.window->topic());\n"
     "  log.Unfollow(cursor.window->topic(), index);\n"
     "  windows_.erase(cursor.window->topic());\n"),
    ("a pass serves a slice", SHARD, "n < kSlice && served_", "served_"),
    ("all windows together are bounded", SHARD,
     "while (window_bytes_ > options.windows_bytes) {", "while (false) {"),
    ("frames in views are bounded", "bridge/hub/view_frames.cc",
     "while (bytes_ > bytes_max_) oldest_first_.front()->LetOneGo();", ""),
    ("who has unfollowed is not told", HISTORY, "topic.followers &= ~Bit(shard);", "(void)shard;"),
    ("who was queued and has taken everything is not caught up with what comes then", SHARD,
     "  if (subscription.state_ == Subscription::State::kCaughtUp) {\n"
     "    subscription.state_ = Subscription::State::kReady;\n  }\n"
     "  if (std::exchange(subscription.queued_, true)) return;\n",
     "  if (std::exchange(subscription.queued_, true)) return;\n"
     "  if (subscription.state_ == Subscription::State::kCaughtUp) {\n"
     "    subscription.state_ = Subscription::State::kReady;\n  }\n"),
    ("what the log shows ahead of the tail waits for it", SUBSCRIPTION,
     "return first < 0 || TailHasPassed(places, chosen) ? first : kTailFirst;", "return first;"),
    ("who waits for the tail is woken", SHARD,
     "if (lost.any() || !drained_.empty()) TailHasMoved();", ""),
    ("all topics are brought to one epoch", SUBSCRIPTION,
     "if (!waits && !OfOneEpoch()) {", "if (false) {"),
    ("what another topic's gap would hide has its id left out", SUBSCRIPTION,
     "if (OthersAreDue(places, *cursor.gap)) cursor.gap->LeaveOutId();", ""),
    ("a gap goes behind the event that stands where it ends", "bridge/hub/subscription.h",
     "return is_gap != other_is_gap ? other_is_gap : arrival < other.arrival;",
     "return arrival < other.arrival;"),
    ("all begin together, wherever they were read from", SUBSCRIPTION,
     "if (event.offset() > place.after && Passes(event)) {", "if (Passes(event)) {"),
    ("a stream goes on behind the last id, not before it", START,
     "    cursor.place.after = id->offset;\n", "    cursor.place.after = id->offset - 1;\n"),
    ("a stream goes on at the last id, not past it", START,
     "    cursor.place.after = id->offset;\n", "    cursor.place.after = id->offset + 1;\n"),
    ("an id past our own head is judged by the log", START,
     "return IsUpToHead(shard_.log(), window.partition(), id);", "return true;"),
    ("a place that was found is a gap where something behind it is gone", START,
     "replay->found && replay->after <= id->id.offset", "replay->found"),
    ("a head that lags moves nobody's id back", SUBSCRIPTION,
     "return cursor.epoch == position.epoch && cursor.place.after <= position.offset;",
     "return cursor.epoch == position.epoch;"),
    ("a restarted window is complete from the head", WINDOW,
     "complete_from_ = newest_ =", "newest_ ="),
]


ACCESS_RULES = [
    ("a field is one line", HEAD, 'if (IsFolded(bytes)) return', "if (false) return"),
    ("where a request ends is said once", HEAD,
     "if (Count(message, http::field::content_length) > 0) {\n      return Broken",
     "if (false) {\n      return Broken"),
    ("a request has one host", HEAD, "if (hosts > 1 || (hosts == 0 && !head.http10))", "if (false)"),
    ("a host is a host", HEAD, "if (hosts == 1 && !IsHost(field->second))", "if (false)"),
    ("a line ends with CR and LF, not LF alone", HEAD,
     "if (bytes[i] == '\\n' && (i == 0 || bytes[i - 1] != '\\r')) return true;", ""),
    ("a line ends with CR and LF, not CR alone", HEAD,
     "if (bytes[i] == '\\r' && i + 1 < bytes.size() && bytes[i + 1] != '\\n') return true;", ""),
    ("a body has a length", HEAD, "if (Count(message, http::field::transfer_encoding) > 0) {",
     "if (false) {"),
    ("a request has one length", HEAD,
     "if (Count(message, http::field::content_length) > 1 || length.find(',') != length.npos) {",
     "if (false) {"),
    ("a target's host is a host", HEAD, "if (absolute->host.empty() || !IsHost(absolute->host)) {",
     "if (false) {"),
    ("a request line that is none has no version", HEAD,
     "return std::count(line.begin(), line.end(), ' ') == 2 && !line.ends_with(' ');",
     "return true;"),
    ("a head is bounded", HEAD, "if (bytes.size() > limits.head_bytes_max) {", "if (false) {"),
    ("it is said that the connection is closed", HEAD,
     ".status = 400, .detail = std::move(detail), .close = true}",
     ".status = 400, .detail = std::move(detail), .close = false}",
     SESSION, "const ResponseForm form{.keep_alive = false};",
     "const ResponseForm form{.keep_alive = true};"),
    ("the connection is closed behind what is malformed", SESSION,
     "        co_await Refuse(std::move(*refusal));\n        co_return false;",
     '        co_await Write("HTTP/1.1 400 Bad Request\\r\\nConnection: close\\r\\n"\n'
     '                       "Content-Length: 0\\r\\n\\r\\n");\n'
     "        buffer_.erase(0, *end);\n        continue;"),
    ("a body is bounded", HEAD, "if (head.body_bytes > kRequestBodyBytesMax) {", "if (false) {"),
    ("a request line is bounded", HEAD,
     "if (line > limits.target_bytes_max + kRequestLineRest) {", "if (false) {"),
    ("a target is bounded", HEAD, "if (message.target().size() > limits.target_bytes_max) {",
     "if (false) {"),
    ("the bridge is no proxy", HEAD, "if (message.method() == http::verb::connect)", "if (false)"),
    ("a target has no fragment", TARGET, "if (target.find('#') != std::string_view::npos) {",
     "if (false) {"),
    ("a query is UTF-8", TARGET, "if (decoded && !IsUtf8(*decoded)) return std::nullopt;", ""),
    ("a segment is not empty", PATH, 'if (segment.empty()) return', "if (false) return"),
    ("a segment is no dots", PATH, 'if (segment == "." || segment == "..") return',
     "if (false) return"),
    ("a segment is UTF-8", PATH, "if (!IsUtf8(segment))", "if (false)"),
    ("a segment has no control characters", PATH, "if (HasControlCharacter(segment)) {",
     "if (false) {"),
    ("a capture is one segment", PATH,
     'if (segment.find_first_of("/\\\\") != std::string_view::npos) {', "if (false) {"),
    ("a path has so many segments", PATH,
     "if (std::count(path.begin(), path.end(), '/') > static_cast<ptrdiff_t>(kPathSegmentsMax)) {",
     "if (false) {"),
    ("a digit is a digit", "bridge/route/percent.cc",
     "if (high < 0 || low < 0) return std::nullopt;", ""),
    ("a capture has a value that is allowed", "bridge/route/route_table.cc",
     "if (!ValuesAllowed(route, match.captures)) break;", ""),
    ("a value adds no segments", ROUTE,
     "if (as_segment && value->find('/') != std::string_view::npos) {", "if (false) {"),
    ("a value names no subject", ROUTE, "if (CountSubjects(filled) != CountSubjects(text)) {",
     "if (false) {"),
    ("a topic that is asked for names no subject", ROUTE, "if (CountSubjects(topic) > 0) {",
     "if (false) {"),
    ("a path is decoded once", PATH, "std::optional<std::string> decoded = PercentDecode(raw);",
     "std::optional<std::string> decoded = PercentDecode(raw);\n"
     "    if (decoded) decoded = PercentDecode(*decoded);"),
    ("a topic has no dots for segments", TOPIC, 'if (segment == "." || segment == "..")',
     "if (false)"),
    ("a topic has no empty segments", TOPIC, "if (segment.empty()) return", "if (false) return"),
    ("a topic is bounded", TOPIC, "if (topic.size() > kTopicBytesMax) {", "if (false) {"),
    ("a topic has so many segments", TOPIC, "if (++segments > kTopicSegmentsMax) {",
     "if (false) {"),
    ("a topic has no control characters", TOPIC, "if (HasControlCharacter(topic)) return",
     "if (false) return"),
    ("a type has no line breaks", FIELDS,
     'if (type.find_first_of(std::string_view("\\r\\n\\0", 3)) != std::string_view::npos) {',
     "if (false) {"),
    ("an id is printable ASCII", FIELDS,
     'return IsPrintableAscii(id) ? absl::OkStatus() : Refuse("is not printable ASCII");',
     "return absl::OkStatus();"),
    ("an id is bounded", FIELDS,
     "if (absl::Status status = CheckLength(id, kPublisherIdBytesMax); !status.ok()) return status;",
     ""),
    ("a published topic names no subject", INGEST,
     'if (topic.find("{subject}") != std::string::npos) return', "if (false) return"),
    ("raw JSON is JSON", RAW_JSON, "if (!status.ok()) return status;", ""),
    ("raw JSON is not deep", RAW_JSON, ".depth_max = depth_max", ".depth_max = 1'000'000"),
    ("a text has no NUL", "bridge/schema/json_transcoder.cc",
     "if (text.find('\\0') != std::string_view::npos) {", "if (false) {"),
    ("a line of a text is a line of data", "bridge/event/sse_frame.cc",
     "for (size_t end; (end = data.find('\\n')) != std::string_view::npos;) {",
     "for (size_t end; (end = data.find('\\n')) == 0;) {"),
    ("nothing that is compressed is taken", "bridge/rpc/rpc_server.cc",
     "builder->SetCompressionAlgorithmSupportStatus(algorithm, false);", "(void)algorithm;"),
    ("an attribute has no control characters", "bridge/event/attributes.cc",
     "if (HasControlCharacter(key) || HasControlCharacter(value)) {", "if (false) {"),
    ("a request has one credential", "bridge/http/credentials.cc", "is_authorization) > 1) {",
     "is_authorization) > 100) {"),
    ("an id that is resumed from is text", "bridge/http/stream_request.cc",
     "if (!IsPrintableAscii(spec_.last_event_id)) {", "if (false) {"),
    ("a cookie is of an allowed origin", COOKIE,
     "if (*origin == OwnOrigin(head, secure) || cors.Names(*origin))", "if (true)"),
    ("a cookie without an origin is of this host's page", COOKIE,
     'if (head.Field("sec-fetch-site") == "same-origin")', "if (true)"),
    ("an origin that is not allowed is told nothing", "bridge/http/cors.cc",
     "  if (Names(origin)) {", "  if (true) {"),
    ("an origin is allowed whole", "bridge/http/cors.cc",
     "return std::find(listed.begin(), listed.end(), origin) != listed.end();",
     "for (const auto& o : listed) if (origin.starts_with(o)) return true;\n  return false;"),
    ("a denial denies over HTTP", "bridge/http/authorization.cc",
     "    case Decision::Verdict::kForbidden: {",
     "    case Decision::Verdict::kForbidden: { return std::nullopt;"),
    ("a denial denies over gRPC", "bridge/rpc/caller.cc",
     "    case Decision::Verdict::kForbidden: {",
     "    case Decision::Verdict::kForbidden: { return absl::OkStatus();"),
    ("a denial denies a publisher", PUBLISHING, "if (!decision.allowed()) {", "if (false) {"),
    ("authorizers are asked about topics that there can be", PUBLISHING,
     "if (!fault.ok()) return Refuse(fault, TopicsOf(*published), done);", ""),
    ("each topic is asked for in its turn", PUBLISHING,
     "    const auto found = grants_.find(event.topic());",
     "    const auto found = grants_.find(published.Get(0).topic());"),
    ("what is published is allowed topic by topic", PUBLISHING,
     "    const auto found = grants_.find(event.topic());",
     "    const auto found = grants_.find(published.Get(0).topic());",
     PUBLISHING,
     'if (found == grants_.end()) return absl::PermissionDeniedError(at("not allowed to you"));',
     "if (found == grants_.end()) continue;"),
    ("what is published has an allowed type", PUBLISHING,
     "if (!grant.filter.Passes(events[i])) {", "if (false) {"),
    ("an answer is for those headers", QUESTION,
     "    digest.AddText(name);\n    digest.AddText(value);\n", ""),
    ("an answer is for that credential", QUESTION,
     "  digest.AddText(request.credential);\n", ""),
    ("an answer is for those topics", QUESTION,
     "  digest.AddTexts(request.topics);\n", ""),
    ("an answer is for that action", QUESTION,
     "  digest.AddCount(static_cast<uint64_t>(request.action));\n", ""),
    ("an answer is for texts of those lengths", QUESTION, "    AddCount(text.size());\n", ""),
    ("a token's key is that of its kid", "bridge/access/jwt/key_set.cc",
     "if (!key.id.empty() && key.id != jwt.key_id) continue;", ""),
    ("a token's key is of its algorithm", "bridge/access/jwt/key_set.cc",
     "if (key.key.algorithm() != jwt.algorithm) continue;", ""),
    ("a token is signed", "bridge/access/jwt/key_set.cc",
     "if (key.key.Verifies(jwt.signed_text, jwt.signature)) return", "if (true) return"),
    ("a token's algorithm is one that there is", JWT,
     'if (!parsed) return Wrong("the token\'s algorithm is not accepted");\n'
     "  jwt->algorithm = *parsed;",
     "jwt->algorithm = parsed.value_or(JwtAlgorithm::kRs256);"),
    ("a token has no critical extensions", JWT, 'if (header->contains("crit")) return',
     "if (false) return"),
    ("a key's id is text", JWT,
     "if (!key_id->is_string() || "
     "key_id->get_ref<const std::string&>().size() > kJwtKeyIdBytesMax) {", "if (false) {"),
    ("a token is bounded", JWT, "if (token.size() > kJwtBytesMax) return", "if (false) return"),
    ("a token has three parts", JWT, "if (parts.size() != 3) return",
     "if (parts.size() < 3) return"),
    ("base64url has one form", "bridge/access/jwt/base64url.cc",
     "if (absl::WebSafeBase64Escape(bytes) != AsAbsl(text)) return std::nullopt;", ""),
    ("a NUL is no end of JSON", CHECK_JSON, "nul != std::string_view::npos", "false"),
    ("a byte order mark is no JSON", CHECK_JSON,
     'if (text.starts_with("\\xEF\\xBB\\xBF")) {', "if (false) {"),
    ("a claim is made once", JSON, ".keys_once = true", ".keys_once = false"),
    ("claims are not deep", JSON,
     ".depth_max = kStrictJsonDepthMax", ".depth_max = 1'000'000"),
    ("a token expires", CLAIMS, "if (now >= *expires_at) return", "if (false) return"),
    ("a token has an expiry", CLAIMS, "} else if (rules.require_expiry) {",
     "} else if (false && rules.require_expiry) {"),
    ("a token is not used before its time", CLAIMS,
     "if (begin && now < *begin - rules.leeway) return", "if (false) return"),
    ("a time is a time", CLAIMS, "if (!(seconds >= 0 && seconds <= kUnixSecondsMax)) {",
     "if (false) {"),
    ("a token is of its issuer", CLAIMS,
     "if (claim == nullptr || claim->get_ref<const std::string&>() != issuer) {", "if (false) {"),
    ("an issuer is text", CLAIMS, "if (claim != nullptr && !claim->is_string()) return",
     "if (false) return"),
    ("audiences are texts", CLAIMS,
     "!(claim->is_array() && std::all_of(claim->begin(), claim->end(), is_string))) {",
     "false) {"),
    ("a subject is text", CLAIMS,
     'if (!claim->is_string()) return Refused("the token\'s subject is no string");', ""),
    ("a subject is bounded and one line", CLAIMS,
     "if (subject.size() > kSubjectBytesMax || HasControlCharacter(subject)) {", "if (false) {"),
    ("a subject is one segment", DECISION,
     "if (subject.empty() || subject.find('/') != std::string::npos) return std::nullopt;", "",
     "bridge/route/subject.cc", "if (filled && !CanBeSegment(subject)) {", "if (false) {"),
    ("a subject makes a topic", DECISION,
     "if (!ValidateTopic(filled).ok()) return std::nullopt;", "",
     "bridge/route/subject.cc",
     "if (const absl::Status status = ValidateTopic(topic); !status.ok()) {",
     "if (const absl::Status status = ValidateTopic(topic); false) {"),
    ("a token is for this audience", CLAIMS, "return ours ? absl::OkStatus() :",
     "return true || ours ? absl::OkStatus() :"),
    ("a token names its audience", CLAIMS, "return audiences.empty() ? absl::OkStatus() :",
     "return true || audiences.empty() ? absl::OkStatus() :"),
    ("rights are an object", RIGHTS, "if (object_ != nullptr && !object_->is_object()) {",
     "if (false) {"),
    ("rights stand in one place", RIGHTS, "if (inside != nullptr && beside != nullptr) {",
     "if (false) {"),
    ("rights to topics are a list", RIGHTS, "if (!(*claim)->is_array()) return wrong;", ""),
    ("rights to topics are patterns", RIGHTS, "if (!pattern.ok()) return wrong;",
     "if (!pattern.ok()) continue;"),
    ("a right is true or false", RIGHTS, "if (!(*claim)->is_boolean()) {", "if (false) {"),
    ("a token has rights to topics", DECISION, "if (!allowed) denied.push_back(asked);", ""),
    ("a right to read is none to publish", DECISION,
     "denied = DeniedTopics(request.topics, rights.publish,",
     "denied = DeniedTopics(request.topics, rights.subscribe,"),
    ("statistics need a right", DECISION, "allowed = rights.stats || rights.admin;",
     "allowed = true;"),
    ("Admin needs a right", DECISION, "allowed = rights.admin;", "allowed = true;"),
    ("strangers' connections make room", ACCEPTOR, "if (!connections_.EndOldestStranger()) {",
     "if (true) {"),
    ("what strangers send is bounded", ACCEPTOR,
     "connections_.BoundStrangers(bounds_.strangers_bytes);",
     "connections_.BoundStrangers(~uint64_t{0});"),
    ("who was allowed something is no stranger", "bridge/rpc/connections.cc",
     "strangers_.erase(std::exchange(open_.at(found->second).arrival, 0));", ""),
    ("strangers' calls make room", "bridge/rpc/open_calls.cc",
     "if (!connections_.IsStranger(candidate.peer)) continue;", "continue;"),
    ("all messages under way are bounded", "bridge/rpc/rpc_server.cc",
     'builder->SetResourceQuota(grpc::ResourceQuota("sluice").Resize(BytesMax(options)));', ""),
    ("what reflection is asked is bounded", REFLECTION,
     "if (request_.ByteSizeLong() > kRequestBytesMax) {", "if (false) {"),
    ("answers of reflection that nobody reads are bounded", REFLECTION,
     "for (const auto& call : cancelled) call->Cancel();", ""),
    ("lines about refused publishes are bounded", "bridge/rpc/publishing.cc",
     "if (!left_out) return;", ""),
]


def edits_of(flat):
    """The (file, line, what stands there without it) of a rule."""
    return [tuple(flat[i:i + 3]) for i in range(0, len(flat), 3)]


def read(path, tree=ROOT):
    with open(os.path.join(tree, path), encoding="utf-8") as file:
        return file.read()


def write(path, text, tree):
    with open(os.path.join(tree, path), "w", encoding="utf-8") as file:
        file.write(text)


def failing_tests(build):
    """The names of the unit tests that fail, [] when all pass."""
    failed = []
    for runner in RUNNERS:
        try:
            run = subprocess.run([os.path.join(build, runner)], capture_output=True, text=True,
                                 timeout=RUNNER_SECONDS_MAX,
                                 env={**os.environ, "SLUICE_SIMULATION_SEEDS": SIMULATED_SEEDS})
        except subprocess.TimeoutExpired:
            failed.append(runner + " (hangs)")
            continue
        names = {line.split()[3].rstrip(",") for line in run.stdout.splitlines()
                 if line.startswith("[  FAILED  ]") and " ms)" in line}
        if run.returncode != 0 and not names:
            names = {f"{runner} (crashes)"}
        failed += sorted(names)
    return failed


def successful_attacks(build):
    """The names of the attacks that are not refused any more, [] when all are."""
    try:
        run = subprocess.run(["node", "--test", "--test-reporter=tap", *ATTACKS],
                             capture_output=True, text=True, timeout=RUNNER_SECONDS_MAX,
                             cwd=os.path.dirname(ATTACKS[0]),
                             env={**os.environ, "SLUICE_BUILD": build})
    except subprocess.TimeoutExpired:
        return ["the attacks (hang)"]
    return [line.split(" - ", 1)[1] for line in run.stdout.splitlines()
            if line.startswith("    not ok ")] or (["the bridge (crashes)"] if run.returncode else [])


# Of each kind: what is built, what tells that a rule is missing, the rules.
KINDS = {
    "hub": (RUNNERS, failing_tests, HUB_RULES),
    "access": (["sluice"], successful_attacks, ACCESS_RULES),
}


def build_targets(tree, build, targets):
    run = subprocess.run(["ninja", "-C", build] + targets, cwd=tree, capture_output=True, text=True)
    return run.returncode == 0, run.stdout


def take_away(tree, build, rule, targets, find_failures):
    """Whether a test fails without the rule."""
    name, *edits = rule
    edits = edits_of(edits)
    sources = {path: read(path, tree) for path, _, _ in edits}
    if any(line not in sources[path] for path, line, _ in edits):
        print(f"NOT FOUND  {name}: mend its line in {os.path.basename(__file__)}", flush=True)
        return False
    for path, line, without in edits:
        write(path, read(path, tree).replace(line, without, 1), tree)
    built, output = build_targets(tree, build, targets)
    failed = find_failures(build) if built else []
    print(f"{'caught  ' if failed else 'SURVIVED'}   {name}: "
          + (", ".join(failed[:3]) if built else "does not build\n" + output[-1000:]), flush=True)
    for path, source in sources.items():
        write(path, source, tree)
    return bool(failed)


def main(words):
    tree = tempfile.mkdtemp(prefix="sluice-mutations-")
    build = os.path.join(tree, "build/dev")
    shutil.copytree(ROOT, tree, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("build", ".git", "node_modules"))
    # (A function that a rule called may be left without a use.)
    subprocess.run(["cmake", "--preset", "dev", "-DSLUICE_BENCH=OFF", "-DSLUICE_EXAMPLES=OFF",
                    "-DSLUICE_WERROR=OFF"], cwd=tree, check=True, stdout=subprocess.DEVNULL)
    caught = []
    for kind, (targets, find_failures, rules) in KINDS.items():
        wanted = [rule for rule in rules
                  if not words or kind in words or any(word in rule[0] for word in words)]
        if not wanted:
            continue
        built, output = build_targets(tree, build, targets)
        if not built or find_failures(build):
            sys.exit("the tests must build and pass before rules are taken away\n" + output[-2000:])
        caught += [take_away(tree, build, rule, targets, find_failures) for rule in wanted]
    shutil.rmtree(tree)
    print(f"{sum(caught)} passed, {len(caught) - sum(caught)} failed")
    return not all(caught)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
