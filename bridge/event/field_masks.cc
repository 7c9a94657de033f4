// Payloads are compact JSON that was validated, so a mask is laid over the text: its
// members are looked at one after another, and copied or left out. Nothing is parsed.
#include "bridge/event/field_masks.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/base/text.h"
#include "bridge/base/utf8.h"
#include "bridge/event/frame_view.h"
#include "bridge/event/json_members.h"

namespace sluice {
namespace {

constexpr size_t kMasksMax = 64;
constexpr size_t kPathsMax = 256;  // of a mask
constexpr size_t kPathBytesMax = 256;
constexpr size_t kPathSegmentsMax = 16;

// A field that is left. Without children: all of it.
struct Field {
  std::map<std::string, Field, std::less<>> children;
  bool whole = false;
};

const Field* ChildOf(const Field& field, std::string_view key) {
  // (A key may be written with escapes: then every name must be looked at.)
  if (key.find('\\') == std::string_view::npos) {
    const auto found = field.children.find(key);
    return found == field.children.end() ? nullptr : &found->second;
  }
  const auto found = std::find_if(field.children.begin(), field.children.end(),
                                  [&](auto& child) { return JsonStringMeans(key, child.first); });
  return found == field.children.end() ? nullptr : &found->second;
}

bool AppendLeft(const Field& field, std::string_view json, std::string& out);

void AppendObject(const Field& field, std::string_view json, std::string& out) {
  out.push_back('{');
  bool first = true;
  JsonMembers members(json);
  while (const auto member = members.Next()) {
    const Field* child = ChildOf(field, member->key);
    if (child == nullptr) continue;
    const size_t before = out.size();
    absl::StrAppend(&out, first ? "\"" : ",\"", AsAbsl(member->key), "\":");
    if (AppendLeft(*child, member->value, out)) {
      first = false;
    } else {
      out.resize(before);
    }
  }
  out.push_back('}');
}

void AppendList(const Field& field, std::string_view json, std::string& out) {
  out.push_back('[');
  bool first = true;
  for (size_t at = 1; at + 1 < json.size();) {
    const size_t end = JsonValueEnd(json, at);
    if (end == std::string_view::npos) break;
    const size_t before = out.size();
    if (!first) out.push_back(',');
    if (AppendLeft(field, json.substr(at, end - at), out)) {
      first = false;
    } else {
      out.resize(before);
    }
    at = end + 1;
  }
  out.push_back(']');
}

// False: nothing is left of this value.
bool AppendLeft(const Field& field, std::string_view json, std::string& out) {
  if (field.whole) {
    out.append(json);
  } else if (json.starts_with('{')) {
    AppendObject(field, json, out);
  } else if (json.starts_with('[')) {
    AppendList(field, json, out);
  } else {
    return false;  // what is left is inside of it, and it has no inside
  }
  return true;
}

absl::Status AddPath(Field& root, std::string_view path) {
  if (path.empty() || path.size() > kPathBytesMax || HasControlCharacter(path)) {
    return absl::InvalidArgumentError("a path is empty, too long or holds control characters");
  }
  const std::vector<std::string> names = absl::StrSplit(AsAbsl(path), '.');
  if (names.size() > kPathSegmentsMax || std::find(names.begin(), names.end(), "") != names.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the path '", AsAbsl(path), "' has an empty name or too many"));
  }
  Field* field = &root;
  for (const std::string& name : names) field = &field->children[name];
  field->whole = true;
  return absl::OkStatus();
}

// Injective: every text is preceded by its length.
void AppendText(std::string& key, std::string_view text) {
  absl::StrAppend(&key, text.size(), ":", AsAbsl(text));
}

}  // namespace

// Several: what one leaves, the next is laid over.
struct FieldMasks::Tree {
  std::vector<std::map<std::string, Field, std::less<>>> layers;
};

FieldMasks::FieldMasks() : tree_(std::make_unique<Tree>()) {}
FieldMasks::~FieldMasks() = default;

absl::StatusOr<FieldMasksPtr> FieldMasks::Make(std::vector<Mask> masks) {
  if (masks.empty()) return nullptr;
  if (masks.size() > kMasksMax) {
    return absl::InvalidArgumentError(absl::StrCat("more than ", kMasksMax, " masks"));
  }
  std::sort(masks.begin(), masks.end(),
            [](const Mask& a, const Mask& b) { return a.event_type < b.event_type; });
  const std::shared_ptr<FieldMasks> made(new FieldMasks);
  auto& layer = made->tree_->layers.emplace_back();
  for (const Mask& mask : masks) {
    const auto [entry, added] = layer.try_emplace(mask.event_type);
    if (!added || mask.event_type.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the type '", mask.event_type, "' is empty or has several masks"));
    }
    if (mask.paths.size() > kPathsMax) {
      return absl::InvalidArgumentError(absl::StrCat("a mask has more than ", kPathsMax, " paths"));
    }
    const std::set<std::string> paths(mask.paths.begin(), mask.paths.end());
    AppendText(made->key_, mask.event_type);
    absl::StrAppend(&made->key_, paths.size(), ";");
    for (const std::string& path : paths) {
      if (absl::Status status = AddPath(entry->second, path); !status.ok()) return status;
      AppendText(made->key_, path);
    }
  }
  return made;
}

FieldMasksPtr FieldMasks::Both(const FieldMasksPtr& one, const FieldMasksPtr& other) {
  if (one == nullptr || other == nullptr) return one == nullptr ? other : one;
  if (one->key_ == other->key_) return one;
  const std::shared_ptr<FieldMasks> both(new FieldMasks);
  for (const FieldMasksPtr& masks : {one, other}) {
    const auto& layers = masks->tree_->layers;
    both->tree_->layers.insert(both->tree_->layers.end(), layers.begin(), layers.end());
    AppendText(both->key_, masks->key_);
  }
  return both;
}

bool FieldMasks::Hides(std::string_view event_type) const {
  return std::any_of(tree_->layers.begin(), tree_->layers.end(), [&](const auto& layer) {
    return layer.contains(event_type) || layer.contains(kEveryType);
  });
}

std::string FieldMasks::Apply(std::string_view event_type, std::string_view json) const {
  std::string left(json);
  for (const auto& layer : tree_->layers) {
    auto mask = layer.find(event_type);
    if (mask == layer.end()) mask = layer.find(kEveryType);
    if (mask == layer.end()) continue;
    std::string masked;
    AppendObject(mask->second, left, masked);
    left = std::move(masked);
  }
  return left;
}

}  // namespace sluice
