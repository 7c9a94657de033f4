// Writes JSON text into a buffer that is used again and again.
//
// Members and elements are written with a comma in front of each; Close makes the
// first comma the opening brace or bracket. So nobody keeps track of which is first,
// and whoever finds that something is not to be written cuts the text back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace sluice {

// Text that stays where it is, with room to be copied in blocks of kBlock bytes.
struct BlockText {
  static constexpr size_t kBlock = 16;
  const char* data = nullptr;
  size_t size = 0;  // without what fills the last block
};

class JsonWriter {
 public:
  JsonWriter();

  size_t size() const { return size_; }
  std::string_view text() const { return {data_.get(), size_}; }
  void CutBackTo(size_t size) { size_ = size; }
  // Gives memory back that is more than a usual message takes.
  void Clear();

  void Write(char c) {
    Reserve(1);
    data_[size_++] = c;
  }
  void Write(std::string_view text) {
    Reserve(text.size());
    std::memcpy(data_.get() + size_, text.data(), text.size());
    size_ += text.size();
  }
  void Write(const BlockText& text) {
    Reserve(text.size + BlockText::kBlock);
    char* const to = data_.get() + size_;
    for (size_t i = 0; i < text.size; i += BlockText::kBlock) {
      std::memcpy(to + i, text.data + i, BlockText::kBlock);
    }
    size_ += text.size;
  }

  void Int(int64_t number);
  void UInt(uint64_t number);
  // As a string, which is how 64 bits survive JavaScript.
  void QuotedInt(int64_t number);
  void QuotedUInt(uint64_t number);
  // NaN and the infinities are strings.
  void Double(double number);
  void Float(float number);
  // Standard alphabet, padded.
  void Base64(std::string_view bytes);
  // False: it is not UTF-8, and what was written so far is no JSON.
  [[nodiscard]] bool String(std::string_view text);

  // Everything since `begin` becomes an object ('{', '}') or array ('[', ']').
  void Close(size_t begin, char open, char close) {
    if (size_ == begin) Write(',');
    data_[begin] = open;
    Write(close);
  }

 private:
  void Reserve(size_t bytes) {
    if (capacity_ - size_ < bytes) Grow(bytes);
  }
  void Grow(size_t bytes);
  template <typename Number>
  void Decimal(Number number);
  template <typename Number>
  void Floating(Number number);

  std::unique_ptr<char[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace sluice
