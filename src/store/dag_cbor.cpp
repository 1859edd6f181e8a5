#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.h"
#include "store/ipld.h"
#include "store/varint.h"

namespace accelerate::store {
namespace {

constexpr std::string_view kWhat = "a dag-cbor block";
constexpr uint64_t kLinkTag = 42;

enum Major : unsigned { kUnsigned, kNegative, kByteString, kText, kArray, kMap, kTag, kSimple };
enum Simple : uint8_t { kFalse = 0xF4, kTrue = 0xF5, kNull = 0xF6, kDouble = 0xFB };

/// Keys are ordered by length first.
bool key_less(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

class Decoder {
 public:
  Decoder(std::string_view& in, const IpldLimits& limits) : in_(in), limits_(limits), left_(limits.max_values) {}

  Ipld value(int depth) {
    if (depth > limits_.max_depth) {
      fail(ErrorCode::invalid_model, "{} nests deeper than {} values", kWhat, limits_.max_depth);
    }
    count();
    if (in_.empty()) fail(ErrorCode::invalid_model, "{} ends where a value is expected", kWhat);
    const auto first = static_cast<uint8_t>(in_.front());
    switch (first >> 5U) {
      case kUnsigned: return {Ipld::Value(IpldInteger{false, head()})};
      case kNegative: return {Ipld::Value(IpldInteger{true, head()})};
      case kByteString: return {Ipld::Value(IpldBytes{std::string(sized())})};
      case kText: return {Ipld::Value(text())};
      case kArray: return {Ipld::Value(list(depth))};
      case kMap: return {Ipld::Value(map(depth))};
      case kTag: return {Ipld::Value(link())};
      default: return simple(first);
    }
  }

 private:
  void count() {
    if (left_-- == 0) fail(ErrorCode::invalid_model, "{} has more than {} values", kWhat, limits_.max_values);
  }

  /// The argument of the item at the front, in its shortest form.
  uint64_t head() {
    const uint8_t info = static_cast<uint8_t>(in_.front()) & 0x1FU;
    in_.remove_prefix(1);
    if (info < 24) return info;
    if (info > 27) fail(ErrorCode::invalid_model, "{}: indefinite lengths are not allowed", kWhat);
    const size_t size = size_t{1} << (info - 24U);
    uint64_t out = 0;
    for (const char c : take_bytes(in_, size, kWhat)) out = out << 8U | static_cast<uint8_t>(c);
    if (size == 1 ? out < 24 : out >> (4 * size) == 0) {
      fail(ErrorCode::invalid_model, "{}: the number {} is not in its shortest form", kWhat, out);
    }
    return out;
  }

  std::string_view sized() { return take_bytes(in_, head(), kWhat); }

  std::string text() {
    const std::string_view out = sized();
    if (!is_utf8(out)) fail(ErrorCode::invalid_model, "{}: the text \"{}\" is not UTF-8", kWhat, printable(out));
    return std::string(out);
  }

  uint64_t length() {
    const uint64_t out = head();
    // Every value takes a byte: nothing is reserved for what cannot be there.
    if (out > in_.size()) {
      fail(ErrorCode::invalid_model, "{} ends early: {} values are announced, {} bytes are left", kWhat, out,
           in_.size());
    }
    return out;
  }

  Ipld::List list(int depth) {
    Ipld::List out;
    for (uint64_t n = length(); n > 0; --n) out.push_back(value(depth + 1));
    return out;
  }

  Ipld::Map map(int depth) {
    Ipld::Map out;
    for (uint64_t n = length(); n > 0; --n) {
      count();
      if (in_.empty() || static_cast<uint8_t>(in_.front()) >> 5U != kText) {
        fail(ErrorCode::invalid_model, "{}: a key is no text", kWhat);
      }
      std::string key = text();
      if (!out.empty() && !key_less(out.back().first, key)) {
        fail(ErrorCode::invalid_model, "{}: the key \"{}\" is repeated or out of order", kWhat, printable(key));
      }
      Ipld child = value(depth + 1);
      out.emplace_back(std::move(key), std::move(child));
    }
    return out;
  }

  Cid link() {
    const uint64_t tag = head();
    if (tag != kLinkTag) fail(ErrorCode::invalid_model, "{}: tag {}; expected 42", kWhat, tag);
    if (in_.empty() || static_cast<uint8_t>(in_.front()) >> 5U != kByteString) {
      fail(ErrorCode::invalid_model, "{}: a link that is no byte string", kWhat);
    }
    std::string_view bytes = sized();
    if (!bytes.starts_with('\0')) fail(ErrorCode::invalid_model, "{}: a link without the multibase prefix 0", kWhat);
    bytes.remove_prefix(1);
    return Cid::from_bytes(bytes, "a link of a dag-cbor block");
  }

  Ipld simple(uint8_t first) {
    in_.remove_prefix(1);
    switch (first) {
      case kFalse: return {Ipld::Value(false)};
      case kTrue: return {Ipld::Value(true)};
      case kNull: return {};
      case kDouble: {
        uint64_t bits = 0;
        for (const char c : take_bytes(in_, 8, kWhat)) bits = bits << 8U | static_cast<uint8_t>(c);
        const double out = std::bit_cast<double>(bits);
        if (!std::isfinite(out)) fail(ErrorCode::invalid_model, "{}: NaN and infinities are not allowed", kWhat);
        return {Ipld::Value(out)};
      }
      default:
        fail(ErrorCode::invalid_model, "{}: the item 0x{:02x} is not allowed (floats have 64 bits)", kWhat,
             static_cast<unsigned>(first));
    }
  }

  std::string_view& in_;
  const IpldLimits& limits_;
  uint64_t left_;
};

class Encoder {
 public:
  std::string out;

  void value(const Ipld& v) {
    std::visit([this](const auto& x) { write(x); }, v.value);
  }

 private:
  void head(Major major, uint64_t n) {
    const auto first = static_cast<uint8_t>(major << 5U);
    if (n < 24) {
      out += static_cast<char>(first | n);
      return;
    }
    const unsigned log = n <= 0xFF ? 0 : n <= 0xFFFF ? 1 : n <= 0xFFFFFFFF ? 2 : 3;
    out += static_cast<char>(first | (24 + log));
    for (int shift = static_cast<int>(8U << log) - 8; shift >= 0; shift -= 8) out += static_cast<char>(n >> shift);
  }

  void write(std::nullptr_t) { out += static_cast<char>(kNull); }
  void write(bool v) { out += static_cast<char>(v ? kTrue : kFalse); }
  void write(const IpldInteger& v) { head(v.negative ? kNegative : kUnsigned, v.magnitude); }
  void write(double v) {
    if (!std::isfinite(v)) fail(ErrorCode::invalid_argument, "dag-cbor cannot hold NaN and infinities");
    out += static_cast<char>(kDouble);
    const auto bits = std::bit_cast<uint64_t>(v);
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(bits >> shift);
  }
  void write(const std::string& v) {
    if (!is_utf8(v)) fail(ErrorCode::invalid_argument, "\"{}\" is not UTF-8", printable(v));
    head(kText, v.size());
    out += v;
  }
  void write(const IpldBytes& v) {
    head(kByteString, v.value.size());
    out += v.value;
  }
  void write(const Ipld::List& v) {
    head(kArray, v.size());
    for (const Ipld& item : v) value(item);
  }
  void write(const Ipld::Map& v) {
    std::vector<const Ipld::Map::value_type*> sorted;
    for (const auto& item : v) sorted.push_back(&item);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return key_less(a->first, b->first); });
    head(kMap, v.size());
    for (size_t i = 0; i < sorted.size(); ++i) {
      if (i > 0 && sorted[i]->first == sorted[i - 1]->first) {
        fail(ErrorCode::invalid_argument, "the key \"{}\" is twice in a map", printable(sorted[i]->first));
      }
      write(sorted[i]->first);
      value(sorted[i]->second);
    }
  }
  void write(const Cid& v) {
    head(kTag, kLinkTag);
    const std::string bytes = v.bytes();
    head(kByteString, bytes.size() + 1);
    out += '\0';
    out += bytes;
  }
};

}  // namespace

Ipld take_dag_cbor(std::string_view& in, const IpldLimits& limits) {
  return Decoder(in, limits).value(0);
}

Ipld decode_dag_cbor(std::string_view block, const IpldLimits& limits) {
  Ipld out = take_dag_cbor(block, limits);
  if (!block.empty()) fail(ErrorCode::invalid_model, "{}: {} bytes behind the value", kWhat, block.size());
  return out;
}

std::string encode_dag_cbor(const Ipld& value) {
  Encoder encoder;
  encoder.value(value);
  return std::move(encoder.out);
}

}  // namespace accelerate::store
