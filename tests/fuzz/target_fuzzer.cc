// Whatever a request's target is: what it becomes is valid, and no value of it
// adds segments, smuggles a subject in, or means something else when it is
// decoded again. The first line of the input is a route's path, the second its
// topic, the third the target.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "bridge/event/topic.h"
#include "bridge/route/request_target.h"
#include "bridge/route/route_table.h"
#include "bridge/route/subject.h"
#include "tests/fuzz/require.h"

namespace sluice {
namespace {

Route MakeRoute(PathTemplate path, std::vector<std::string> topics) {
  Route route{std::move(path)};
  route.topics = std::move(topics);
  return route;
}

const RouteTable& FixedTable() {
  static const RouteTable* table = [] {
    std::vector<Route> routes;
    const auto add = [&](const char* path, std::vector<std::string> topics) -> Route& {
      routes.push_back(MakeRoute(*PathTemplate::Parse(path), std::move(topics)));
      return routes.back();
    };
    add("/v1/{type}/{id}", {"{type}/{id}"}).capture_values["type"] = {"conversation", "user"};
    add("/v1/events", {});
    add("/me", {"user/{subject}"});
    add("/s/{session}/{message}", {"session/{session}", "{query.room}/{message}-{session}"})
        .filter = {{"message", "{message}"}, {"kind", "{query.kind}"}};
    return new RouteTable(*RouteTable::Build(std::move(routes)));
  }();
  return *table;
}

size_t CountSubjects(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find("{subject}", at)) != text.npos; ++at) ++count;
  return count;
}

std::string PercentEncoded(const std::vector<std::string>& segments) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string path;
  for (const std::string& segment : segments) {
    path += '/';
    for (const char c : segment) {
      const auto byte = static_cast<uint8_t>(c);
      path += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return path.empty() ? "/" : path;
}

void CheckSegments(std::string_view path) {
  const auto segments = SplitPath(path);
  if (!segments.ok()) return;
  SLUICE_REQUIRE(segments->size() <= kPathSegmentsMax);
  for (const std::string& segment : *segments) {
    SLUICE_REQUIRE(!segment.empty() && segment != "." && segment != "..");
    SLUICE_REQUIRE(segment.find_first_of(std::string_view("/\\\0\r\n", 5)) == segment.npos);
  }
  SLUICE_REQUIRE(*SplitPath(PercentEncoded(*segments)) == *segments);
}

void CheckTarget(const RouteTable& table, const RequestTarget& target) {
  const auto match = table.Match(target.path());
  if (!match.ok()) return;
  auto topics = TopicsOf(*match, target);
  auto filter = FilterOf(*match, target);
  if (!topics.ok() || !filter.ok()) return;
  SLUICE_REQUIRE(!topics->empty());
  const std::vector<std::string>& templates = match->route->topics;
  for (const std::string& topic : *topics) {
    SLUICE_REQUIRE(ValidateTopic(topic).ok());
    if (templates.empty()) SLUICE_REQUIRE(CountSubjects(topic) == 0);
  }
  if (templates.size() == topics->size()) {
    for (size_t i = 0; i < templates.size(); ++i) {
      const auto slashes = [](const std::string& t) { return std::count(t.begin(), t.end(), '/'); };
      SLUICE_REQUIRE(slashes((*topics)[i]) == slashes(templates[i]));
      SLUICE_REQUIRE(CountSubjects((*topics)[i]) == CountSubjects(templates[i]));
    }
  }
  if (!FillSubject("4/2", *topics, *filter).ok()) return;
  for (const std::string& topic : *topics)
    SLUICE_REQUIRE(topic.find("4/2") == topic.npos || CountSubjects(topic) == 0);
}

std::string_view TakeLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace sluice;
  std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const std::string_view path = TakeLine(input);
  const std::string topic(TakeLine(input));
  CheckSegments(input);
  const auto target = RequestTarget::Parse(input);
  if (!target.ok()) return 0;
  CheckSegments(target->path());
  CheckTarget(FixedTable(), *target);
  if (auto parsed = PathTemplate::Parse(path); parsed.ok()) {
    const auto table = RouteTable::Build({MakeRoute(*std::move(parsed), {topic})});
    if (table.ok()) CheckTarget(*table, *target);
  }
  return 0;
}
