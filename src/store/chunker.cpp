#include "store/chunker.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <vector>

#include "base/error.h"

namespace accelerate::store {
namespace {

class FixedChunker : public Chunker {
 public:
  explicit FixedChunker(size_t size) : size_(size) {}
  size_t next(std::string_view bytes) const override { return std::min(size_, bytes.size()); }

 private:
  size_t size_;
};

// Buzhash -------------------------------------------------------------------------------------------------------------

constexpr size_t kBuzWindow = 32;
constexpr size_t kBuzMin = 128 << 10;
constexpr size_t kBuzMax = 512 << 10;
constexpr uint32_t kBuzMask = (1U << 17U) - 1;

/// The random words of Kubo's buzhash: part of the format, for other words give other CIDs.
constexpr std::array<uint32_t, 256> kBuzWords = {
    0x6236e7d5, 0x10279b0b, 0x72818182, 0xdc526514, 0x2fd41e3d, 0x777ef8c8, 0x83ee5285, 0x2c8f3637, 0x2f049c1a,
    0x57df9791, 0x9207151f, 0x9b544818, 0x74eef658, 0x2028ca60, 0x0271d91a, 0x27ae587e, 0xecf9fa5f, 0x236e71cd,
    0xf43a8a2e, 0x0bb13380, 0x9e57912c, 0x89a26cdb, 0x9fcf3d71, 0xa86da6f1, 0x9c49f376, 0x346aecc7, 0xf094a9ee,
    0xea99e9cb, 0xb01713c6, 0x088acffb, 0x2960a0fb, 0x344a626c, 0x7ff22a46, 0x6d7a1aa5, 0x6a714916, 0x41d454ca,
    0x8325b830, 0x0b65f563, 0x447fecca, 0xf9d0ea5e, 0xc1d9d3d4, 0xcb5ec574, 0x55aae902, 0x86edc0e7, 0x0d3a9e33,
    0xe70dc1e1, 0xe3c5f639, 0x9b43140a, 0xc6490ac5, 0x5e4030fb, 0x8e976dd5, 0xa87468ea, 0xf830ef6f, 0xcc1ed5a5,
    0x611f4e78, 0xddd11905, 0xf2613904, 0x566c67b9, 0x905a5ccc, 0x7b37b3a4, 0x4b53898a, 0x6b8fd29d, 0xaad81575,
    0x511be414, 0x3cfac1e7, 0x8029a179, 0xd40efeda, 0x07380e02, 0xdc9beffd, 0x2d049082, 0x99bc7831, 0xff5002a8,
    0x21ce7646, 0x01cd049b, 0x0f43994f, 0xc3c6c5a5, 0xbbda5f50, 0x0ec15ec7, 0x9adb19b6, 0x0c1e80b9, 0xb9b52968,
    0xae162419, 0x2542b405, 0x91a42e9d, 0x6be0f668, 0x6ed7a6b9, 0xbc2777b4, 0xe162ce56, 0x4266aad5, 0x60fdb704,
    0x66f832a5, 0x9595f6ca, 0xfee83ced, 0x55228d99, 0x12bf0e28, 0x66896459, 0x0789afda, 0x0282baa8, 0x2367a343,
    0x591491b0, 0x2ff1a4b1, 0x410739b6, 0x9b7055a0, 0x2e0eb229, 0x24fc8252, 0x3327d3df, 0xb0782669, 0x1c62e069,
    0x7f503101, 0xf50593ae, 0xd9eb275d, 0xe00eb678, 0x5917ccde, 0x97b9660a, 0xdd06202d, 0xed229e22, 0xa9c735bf,
    0xd6316fe6, 0x6fc72e4c, 0x0206dfa2, 0xd6b15c5a, 0x69d87b49, 0x09c97745, 0x13445d61, 0x35a975aa, 0x859aa9b9,
    0x65380013, 0xd1fb6391, 0xc29255fd, 0x784a3b91, 0xb9e74c26, 0x63ce4d40, 0xc07cbe9e, 0xe6e4529e, 0x0fb3632f,
    0x9438d9c9, 0x682f94a8, 0xf8fd4611, 0x257ec1ed, 0x475ce3d6, 0x60ee2db1, 0x2afab002, 0x2b9e4878, 0x86b340de,
    0x1482fdca, 0xfe41b3bf, 0xd4a412b0, 0xe09db98c, 0xc1af5d53, 0x7e55e25f, 0xd3346b38, 0xb7a12cbd, 0x9c6827ba,
    0x71f78bee, 0x8c3a0f52, 0x150491b0, 0xf26de912, 0x233e3a4e, 0xd309ebba, 0xa0a9e0ff, 0xca2b5921, 0xeeb9893c,
    0x33829e88, 0x9870cc2a, 0x23c4b9d0, 0xeba32ea3, 0xbdac4d22, 0x3bc8c44c, 0x1e8d0397, 0xf9327735, 0x783b009f,
    0x0eb83742, 0x2621dc71, 0xed017d03, 0x5c760aa1, 0x5a69814b, 0x96e3047f, 0xa93c9cde, 0x615c86f5, 0xb4322aa5,
    0x4225534d, 0x0d2e2de3, 0xccfccc4b, 0x0bac2a57, 0xf0a06d04, 0xbc78d737, 0xf2d1f766, 0xf5a7953c, 0xbcdfda85,
    0x5213b7d5, 0xbce8a328, 0xd38f5f18, 0xdb094244, 0xfe571253, 0x317fa7ee, 0x4a324f43, 0x3ffc39d9, 0x51b3fa8e,
    0x7a4bee9f, 0x78bbc682, 0x9f5c0350, 0x02fe286c, 0x245ab686, 0xed6bf7d7, 0x0ac4988a, 0x3fe010fa, 0xc65fe369,
    0xa45749cb, 0x2b84e537, 0xde9ff363, 0x20540f9a, 0xaa8c9b34, 0x5bc476b3, 0x1d574bd7, 0x929100ad, 0x4721de4d,
    0x27df1b05, 0x58b18546, 0xb7e76764, 0xdf904e58, 0x97af57a1, 0xbd4dc433, 0xa6256dfd, 0xf63998f3, 0xf1e05833,
    0xe20acf26, 0xf57fd9d6, 0x90300b4d, 0x89df4290, 0x68d01cbc, 0xcf893ee3, 0xcc42a046, 0x778e181b, 0x67265c76,
    0xe981a4c4, 0x82991da1, 0x708f7294, 0xe6e2ae62, 0xfc441870, 0x95e1b0b6, 0x0445f825, 0x5a93b47f, 0x5e9cf4be,
    0x84da71e7, 0x9d9582b0, 0x9bf835ef, 0x591f61e2, 0x43325985, 0x5d2de32e, 0x8d8fbf0f, 0x95b30f38, 0x07ad5b6e,
    0x4e934edf, 0x3cd4990e, 0x9053e259, 0x5c41857d,
};

class BuzhashChunker : public Chunker {
 public:
  size_t next(std::string_view bytes) const override {
    const size_t size = std::min(bytes.size(), kBuzMax);
    if (size < kBuzMin) return size;
    const auto* const data = reinterpret_cast<const uint8_t*>(bytes.data());
    uint32_t state = 0;
    for (size_t i = kBuzMin - kBuzWindow; i < kBuzMin; ++i) state = std::rotl(state, 1) ^ kBuzWords[data[i]];
    for (size_t end = kBuzMin; end < size; ++end) {
      if ((state & kBuzMask) == 0) return end;
      state = std::rotl(state, 1) ^ kBuzWords[data[end - kBuzWindow]] ^ kBuzWords[data[end]];
    }
    return size;
  }
};

// Rabin ---------------------------------------------------------------------------------------------------------------

constexpr size_t kRabinWindow = 16;
/// The irreducible polynomial of degree 53 that Kubo uses.
constexpr uint64_t kRabinPolynomial = 17437180132763653;
constexpr unsigned kRabinDegree = 53;
static_assert(std::bit_width(kRabinPolynomial) == kRabinDegree + 1);

constexpr uint64_t modulo(uint64_t value) {
  for (unsigned width = std::bit_width(value); width > kRabinDegree; width = std::bit_width(value)) {
    value ^= kRabinPolynomial << (width - 1 - kRabinDegree);
  }
  return value;
}

struct RabinTables {
  std::array<uint64_t, 256> out{};  // takes a byte out that has gone through the window
  std::array<uint64_t, 256> mod{};  // reduces the 8 bits above the degree
  constexpr RabinTables() {
    for (uint64_t b = 0; b < 256; ++b) {
      uint64_t hash = modulo(b);
      for (size_t i = 1; i < kRabinWindow; ++i) hash = modulo(hash << 8U);
      out[b] = hash;
      mod[b] = modulo(b << kRabinDegree) | b << kRabinDegree;
    }
  }
};
constexpr RabinTables kRabin;

class RabinChunker : public Chunker {
 public:
  explicit RabinChunker(const ChunkerSpec& spec)
      : min_(spec.min_bytes), max_(spec.max_bytes), mask_(std::bit_floor(spec.average_bytes) - 1) {}

  size_t next(std::string_view bytes) const override {
    const size_t size = std::min(bytes.size(), max_);
    const auto* const data = reinterpret_cast<const uint8_t*>(bytes.data());
    std::array<uint8_t, kRabinWindow> window{};
    window[0] = 1;
    size_t at = 1;
    uint64_t hash = 1;
    for (size_t i = min_ - kRabinWindow; i < size; ++i) {
      hash ^= kRabin.out[window[at]];
      window[at] = data[i];
      at = (at + 1) % kRabinWindow;
      const uint64_t top = hash >> (kRabinDegree - 8);
      hash = (hash << 8U | data[i]) ^ kRabin.mod[top];
      if (i + 1 >= min_ && (hash & mask_) == 0) return i + 1;
    }
    return size;
  }

 private:
  size_t min_;
  size_t max_;
  uint64_t mask_;
};

uint64_t parse_size(std::string_view text, std::string_view label, std::string_view whole) {
  if (text.starts_with(label) && text.size() > label.size() && text[label.size()] == ':') {
    text.remove_prefix(label.size() + 1);
  }
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > kMaxChunkBytes) {
    fail(ErrorCode::invalid_argument, "the chunker \"{}\": \"{}\" is no size from 1 to {}", printable(whole),
         printable(text), kMaxChunkBytes);
  }
  return value;
}

}  // namespace

ChunkerSpec ChunkerSpec::parse(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::string_view rest = text;;) {
    const size_t dash = rest.find('-');
    parts.push_back(rest.substr(0, dash));
    if (dash == std::string_view::npos) break;
    rest.remove_prefix(dash + 1);
  }
  ChunkerSpec out;
  if (parts[0] == "size" && parts.size() == 2) {
    out.max_bytes = parse_size(parts[1], "", text);
  } else if (parts[0] == "buzhash" && parts.size() == 1) {
    out = {Kind::buzhash, kBuzMax, kBuzMin, 256 << 10};
  } else if (parts[0] == "rabin" && parts.size() <= 2) {
    const uint64_t average = parts.size() == 2 ? parse_size(parts[1], "", text) : 256 << 10;
    out = {Kind::rabin, average + average / 2, average / 3, average};
  } else if (parts[0] == "rabin" && parts.size() == 4) {
    out = {Kind::rabin, parse_size(parts[3], "max", text), parse_size(parts[1], "min", text),
           parse_size(parts[2], "avg", text)};
  } else {
    fail(ErrorCode::invalid_argument,
         "there is no chunker \"{}\"; expected size-N, buzhash, rabin, rabin-N or rabin-MIN-AVERAGE-MAX",
         printable(text));
  }
  if (out.kind == Kind::rabin && (out.min_bytes < kRabinWindow || out.min_bytes >= out.average_bytes ||
                                  out.average_bytes >= out.max_bytes || out.max_bytes > kMaxChunkBytes)) {
    fail(ErrorCode::invalid_argument, "the chunker \"{}\": expected {} <= MIN < AVERAGE < MAX <= {}", printable(text),
         kRabinWindow, kMaxChunkBytes);
  }
  return out;
}

std::string ChunkerSpec::text() const {
  switch (kind) {
    case Kind::fixed: return fmt::format("size-{}", max_bytes);
    case Kind::buzhash: return "buzhash";
    case Kind::rabin: return fmt::format("rabin-{}-{}-{}", min_bytes, average_bytes, max_bytes);
  }
  fail(ErrorCode::internal, "no such chunker: {}", static_cast<int>(kind));
}

std::unique_ptr<Chunker> Chunker::make(const ChunkerSpec& spec) {
  switch (spec.kind) {
    case ChunkerSpec::Kind::fixed: return std::make_unique<FixedChunker>(spec.max_bytes);
    case ChunkerSpec::Kind::buzhash: return std::make_unique<BuzhashChunker>();
    case ChunkerSpec::Kind::rabin: return std::make_unique<RabinChunker>(spec);
  }
  fail(ErrorCode::internal, "no such chunker: {}", static_cast<int>(spec.kind));
}

}  // namespace accelerate::store
