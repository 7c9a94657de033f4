// What is wrong with a configuration: every fault with the place where the
// value was written, so that it can be mended without reading our code.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace sluice {

class Findings {
 public:
  // The value at `path` ("routes[2].start") was written at `place`
  // ("sluice.yaml:12", "SLUICE_HTTP_LISTEN", "--http-listen"); the latest counts.
  void Written(const std::string& path, std::string place);

  // "sluice.yaml:12: routes[2].start: what". A path that was not written itself
  // has the place of what it is part of.
  void Error(const std::string& path, const std::string& what);
  void Warning(const std::string& path, const std::string& what);

  bool ok() const { return errors_.empty(); }
  const std::vector<std::string>& errors() const { return errors_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::string Located(std::string path, const std::string& what) const;

  std::map<std::string, std::string> places_;
  std::vector<std::string> errors_;
  std::vector<std::string> warnings_;
};

// "; did you mean `listen`?" when one of `known` is near to `name`, or nothing.
std::string DidYouMean(const std::string& name, const std::vector<std::string>& known);

}  // namespace sluice
