#include "tests/fuzz/transcoder/random_message.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string_view>
#include <vector>

namespace sluice {
namespace {

namespace pb = google::protobuf;
using pb::Descriptor;
using pb::FieldDescriptor;
using std::string_view_literals::operator""sv;

constexpr int kDepthMax = 6;
constexpr size_t kBytesMax = 20'000;

enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kGroup = 3, kEndGroup = 4, kFixed32 = 5 };

WireType WireTypeOf(FieldDescriptor::Type type) {
  switch (type) {
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      return kFixed64;
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
      return kFixed32;
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_MESSAGE:
      return kBytes;
    case FieldDescriptor::TYPE_GROUP:
      return kGroup;
    default:
      return kVarint;
  }
}

class Writer {
 public:
  Writer(const pb::DescriptorPool& pool, Choices& choices) : pool_(pool), choices_(choices) {}

  std::string Message(const Descriptor& type, int depth) {
    std::string out;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (field.is_required() && depth < 2 * kDepthMax && !choices_.OneIn(50)) {
        Occurrence(field, depth, &out);
      }
    }
    if (depth >= kDepthMax || written_ > kBytesMax) return out;
    if (WriteWellKnown(type, depth, &out)) return out;
    const uint32_t count = choices_.Below(choices_.OneIn(4) ? 24 : 6);
    for (uint32_t i = 0; i < count && !choices_.exhausted(); ++i) {
      if (type.field_count() == 0 || choices_.OneIn(12)) {
        Unknown(type, depth, &out);
      } else {
        Occurrence(*type.field(static_cast<int>(choices_.Below(type.field_count()))), depth, &out);
      }
    }
    written_ += out.size();
    return out;
  }

 private:
  // More bytes than needed, now and then.
  void Varint(uint64_t value, std::string* out) {
    const size_t start = out->size();
    for (; value > 0x7f; value >>= 7) *out += static_cast<char>(value | 0x80);
    *out += static_cast<char>(value);
    const size_t room = 10 - (out->size() - start);
    if (!choices_.OneIn(40) || room == 0) return;
    out->back() = static_cast<char>(out->back() | 0x80);
    out->append(choices_.Below(room), '\x80');
    *out += '\0';
  }

  void Tag(int number, WireType type, std::string* out) {
    uint32_t tag = static_cast<uint32_t>(number) << 3 | type;
    for (; tag > 0x7f; tag >>= 7) *out += static_cast<char>(tag | 0x80);
    *out += static_cast<char>(tag);
  }

  void Delimited(std::string_view bytes, std::string* out) {
    Varint(bytes.size(), out);
    out->append(bytes);
  }

  void Field(int number, std::string_view bytes, std::string* out) {
    Tag(number, kBytes, out);
    Delimited(bytes, out);
  }

  void Number(int number, uint64_t value, std::string* out) {
    Tag(number, kVarint, out);
    Varint(value, out);
  }

  template <typename Unsigned>
  void Fixed(Unsigned bits, std::string* out) {
    for (size_t i = 0; i < sizeof bits; ++i) *out += static_cast<char>(bits >> (8 * i));
  }

  void Occurrence(const FieldDescriptor& field, int depth, std::string* out) {
    if (choices_.OneIn(60)) {  // a known number as if it were of another type
      const auto wrong = choices_.Of({kVarint, kFixed64, kBytes, kFixed32});
      Tag(field.number(), wrong, out);
      return Anything(wrong, depth, out);
    }
    if (field.is_packable() && choices_.OneIn(2)) {
      std::string values;
      for (uint32_t left = choices_.Below(6); left > 0; --left) Scalar(field, &values);
      return Field(field.number(), values, out);
    }
    const WireType wire_type = WireTypeOf(field.type());
    Tag(field.number(), wire_type, out);
    if (field.is_map()) return Delimited(Entry(field, depth + 1), out);
    if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
      return Delimited(Message(*field.message_type(), depth + 1), out);
    }
    if (field.type() == FieldDescriptor::TYPE_GROUP) {
      *out += Message(*field.message_type(), depth + 1);
      return Tag(field.number(), kEndGroup, out);
    }
    Scalar(field, out);
  }

  // Usually a key, then a value; but each may be missing, or there more than once.
  std::string Entry(const FieldDescriptor& map, int depth) {
    const Descriptor& type = *map.message_type();
    std::string out;
    if (choices_.OneIn(8)) {
      for (uint32_t left = choices_.Below(5); left > 0; --left) {
        Occurrence(*type.field(static_cast<int>(choices_.Below(2))), depth, &out);
      }
      if (choices_.OneIn(3)) Unknown(type, depth, &out);
      return out;
    }
    Occurrence(*type.map_key(), depth, &out);
    Occurrence(*type.map_value(), depth, &out);
    return out;
  }

  void Scalar(const FieldDescriptor& field, std::string* out) {
    switch (field.type()) {
      case FieldDescriptor::TYPE_STRING:
        return Delimited(String(), out);
      case FieldDescriptor::TYPE_BYTES:
        return Delimited(Bytes(), out);
      case FieldDescriptor::TYPE_DOUBLE:
        return Fixed(std::bit_cast<uint64_t>(Double()), out);
      case FieldDescriptor::TYPE_FLOAT:
        return Fixed(std::bit_cast<uint32_t>(Float()), out);
      case FieldDescriptor::TYPE_ENUM:
        return Varint(Enum(*field.enum_type()), out);
      case FieldDescriptor::TYPE_BOOL:
        return Varint(choices_.OneIn(10) ? Integer() : choices_.Below(2), out);
      default:
        break;
    }
    switch (WireTypeOf(field.type())) {
      case kFixed64:
        return Fixed(Integer(), out);
      case kFixed32:
        return Fixed(static_cast<uint32_t>(Integer()), out);
      default:
        return Varint(Integer(), out);
    }
  }

  uint64_t Integer() {
    if (choices_.OneIn(4)) return choices_.Bits() >> choices_.Below(64);
    return choices_.Of<uint64_t>({0, 1, 2, 3, 42, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
                                  uint64_t{1} << 53, (uint64_t{1} << 53) + 1, 0x7fffffffffffffff,
                                  0x8000000000000000, 0xffffffffffffffff, 0xffffffff80000000});
  }

  uint64_t Enum(const pb::EnumDescriptor& type) {
    if (choices_.OneIn(6)) return Integer();
    return static_cast<uint64_t>(static_cast<int64_t>(
        type.value(static_cast<int>(choices_.Below(type.value_count())))->number()));
  }

  double Double() {
    using Limits = std::numeric_limits<double>;
    if (choices_.OneIn(3)) return std::bit_cast<double>(choices_.Bits());
    return choices_.Of<double>({0,
                                -0.0,
                                1,
                                -1,
                                0.1,
                                1.0 / 3,
                                1e5,
                                123456789,
                                1e15,
                                1e16,
                                1e21,
                                1e22,
                                1e23,
                                5e-324,
                                9007199254740994,
                                -1e-7,
                                3e-5,
                                Limits::max(),
                                Limits::min(),
                                Limits::infinity(),
                                -Limits::infinity(),
                                Limits::quiet_NaN()});
  }

  float Float() {
    using Limits = std::numeric_limits<float>;
    if (choices_.OneIn(3)) return std::bit_cast<float>(static_cast<uint32_t>(choices_.Bits()));
    return choices_.Of<float>({0, -0.0F, 1, -1, 0.1F, 1.0F / 3, 1e5F, 16777216, 1e10F, 1e-45F,
                               3e-5F, Limits::max(), Limits::min(), Limits::infinity(),
                               -Limits::infinity(), Limits::quiet_NaN()});
  }

  std::string String() {
    if (choices_.OneIn(80)) {
      return std::string(choices_.Of({"\xff"sv, "a\xc3"sv, "\xc0\x80"sv, "\xed\xa0\x80"sv,
                                      "\xf4\x90\x80\x80"sv, "\xe2\x82"sv, "ok\x80ok"sv}));
    }
    std::string text;
    for (uint32_t left = choices_.Below(choices_.OneIn(8) ? 30 : 4); left > 0; --left) {
      text += choices_.Of({"a"sv,
                           "key"sv,
                           "\""sv,
                           "\\"sv,
                           "\n"sv,
                           "\r\n"sv,
                           "\0"sv,
                           "\x1f"sv,
                           "\x7f"sv,
                           "<script>"sv,
                           "&'"sv,
                           "/"sv,
                           "é"sv,
                           "\u2028"sv,
                           "€"sv,
                           "\U0001F600"sv,
                           "\xef\xbf\xbf"sv,
                           "\xf4\x8f\xbf\xbf"sv,
                           "\b\f\t"sv,
                           "sixteen bytes or"sv});
    }
    return text;
  }

  std::string Bytes() {
    std::string bytes;
    for (uint32_t left = choices_.Below(choices_.OneIn(8) ? 40 : 7); left > 0; --left) {
      bytes += static_cast<char>(choices_.Below(256));
    }
    return bytes;
  }

  // A number that the type does not have. (0 is none at all.)
  void Unknown(const Descriptor& type, int depth, std::string* out) {
    int number = choices_.Of({15, 16, 99, 2047, 2048, 19'000, 536'870'911});
    while (type.FindFieldByNumber(number) != nullptr) --number;
    const auto wire_type = choices_.Of({kVarint, kFixed64, kBytes, kFixed32, kGroup});
    Tag(number, wire_type, out);
    Anything(wire_type, depth, out);
    if (wire_type == kGroup) Tag(number, kEndGroup, out);
  }

  void Anything(WireType wire_type, int depth, std::string* out) {
    switch (wire_type) {
      case kVarint:
        return Varint(Integer(), out);
      case kFixed64:
        return Fixed(Integer(), out);
      case kFixed32:
        return Fixed(static_cast<uint32_t>(Integer()), out);
      case kBytes:
        return Delimited(Bytes(), out);
      default:
        if (depth < kDepthMax && choices_.OneIn(2)) {
          Tag(1, kGroup, out);
          Anything(kGroup, depth + 1, out);
          Tag(1, kEndGroup, out);
        }
        return;
    }
  }

  // What is mostly refused when it is random. False: write it like any other.
  bool WriteWellKnown(const Descriptor& type, int depth, std::string* out) {
    if (type.file()->package() != "google.protobuf" || choices_.OneIn(12)) return false;
    if (type.name() == "Any") return Any(depth, out), true;
    if (type.name() == "FieldMask") return FieldMask(out), true;
    if (type.name() == "Value") return Value(type, depth, out), true;
    const bool duration = type.name() == "Duration";
    if (!duration && type.name() != "Timestamp") return false;
    // (Of a Duration's two numbers each may have the wrong sign.)
    const int64_t seconds =
        duration ? choices_.Of<int64_t>(
                       {0, 1, -1, 3600, 315'576'000'000, -315'576'000'000, 315'576'000'001})
                 : choices_.Of<int64_t>({0, 1, -1, 1'700'000'000, 951'782'400, -62'135'596'800,
                                         253'402'300'799, 253'402'300'800, -62'135'596'801});
    int64_t nanos = choices_.Of<int64_t>(
        {0, 0, 1, 1000, 10'000'000, 500'000'000, 999'999'999, 999'999'000, 1'000'000'000});
    if (duration && (seconds < 0) != choices_.OneIn(20)) nanos = -nanos;
    if (choices_.OneIn(4)) Number(1, 7, out);
    Number(1, static_cast<uint64_t>(seconds), out);
    if (!choices_.OneIn(4)) Number(2, static_cast<uint64_t>(nanos), out);
    return true;
  }

  void Any(int depth, std::string* out) {
    static constexpr const char* kNames[] = {"fuzz0.M0",
                                             "fuzz1.M0",
                                             "fuzz2.M0",
                                             "fuzz1.M1",
                                             "fuzz0.M0.Inner",
                                             "google.protobuf.Duration",
                                             "google.protobuf.Value",
                                             "google.protobuf.Struct",
                                             "google.protobuf.Any",
                                             "google.protobuf.Empty",
                                             "google.protobuf.Int64Value",
                                             "google.protobuf.FieldMask",
                                             "google.protobuf.Timestamp"};
    if (choices_.OneIn(16)) return;
    const std::string name = kNames[choices_.Below(std::size(kNames))];
    const Descriptor* type = pool_.FindMessageTypeByName(name);
    if (choices_.OneIn(20)) Field(1, "type.googleapis.com/google.protobuf.Empty", out);
    std::string url = choices_.OneIn(20) ? choices_.Of({"x/", "", "/"}) : "type.googleapis.com/";
    const std::string value =
        Corrupt(type == nullptr ? "" : Message(*type, depth + 1), choices_.OneIn(30));
    const bool value_first = choices_.OneIn(4);
    if (value_first) Field(2, value, out);
    Field(1, url + name, out);
    if (!value_first) Field(2, value, out);
  }

  void FieldMask(std::string* out) {
    for (uint32_t left = choices_.Below(4); left > 0; --left) {
      Field(1,
            choices_.OneIn(8)
                ? choices_.Of({"fooBar", "foo__bar", "foo_3", "Foo", "foo_", "", "a,b", "_a"})
                : choices_.Of({"a", "foo_bar", "foo.bar_baz", "user.display_name"}),
            out);
    }
  }

  // One kind, mostly; and finite.
  void Value(const Descriptor& type, int depth, std::string* out) {
    const FieldDescriptor& kind = *type.field(static_cast<int>(choices_.Below(type.field_count())));
    if (choices_.OneIn(16)) Occurrence(kind, depth, out);
    if (kind.type() != FieldDescriptor::TYPE_DOUBLE) return Occurrence(kind, depth, out);
    Tag(kind.number(), kFixed64, out);
    Fixed(std::bit_cast<uint64_t>(choices_.Of<double>({0, 1, -1.5, 1e300, 0.1, 42, 1e17, -0.0})),
          out);
  }

 public:
  std::string Corrupt(std::string bytes, bool really) {
    for (uint32_t left = really ? 1 + choices_.Below(3) : 0; left > 0 && !bytes.empty(); --left) {
      const size_t at = choices_.Below(static_cast<uint32_t>(bytes.size()));
      switch (choices_.Below(5)) {
        case 0:
          bytes.resize(at);
          break;
        case 1:
          bytes[at] = static_cast<char>(choices_.Below(256));
          break;
        case 2:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << choices_.Below(8)));
          break;
        case 3:
          bytes.insert(at, 1, static_cast<char>(choices_.Below(256)));
          break;
        default:
          bytes.erase(at, 1 + choices_.Below(4));
      }
    }
    return bytes;
  }

 private:
  const pb::DescriptorPool& pool_;
  Choices& choices_;
  size_t written_ = 0;
};

}  // namespace

std::string RandomMessage(const pb::DescriptorPool& pool, const Descriptor& type,
                          Choices& choices) {
  Writer writer(pool, choices);
  std::string bytes = writer.Message(type, 0);
  return writer.Corrupt(std::move(bytes), choices.OneIn(8));
}

}  // namespace sluice
