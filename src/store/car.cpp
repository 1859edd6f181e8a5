#include "store/car.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/error.h"
#include "store/ipld.h"
#include "store/varint.h"

namespace accelerate::store {
namespace {

constexpr std::string_view kWhat = "the CAR";
constexpr uint64_t kMaxHeaderBytes = 1 << 20;
constexpr size_t kMaxCidBytes = 256;
constexpr size_t kBufferBytes = 64 << 10;
constexpr std::string_view kPragma{"\x0a\xa1\x67version\x02", 11};
constexpr size_t kV2HeaderBytes = 40;
constexpr uint64_t kIndexCodec = 0x0401;  // multihash-index-sorted
constexpr uint64_t kMaxIndexBytes = uint64_t{1} << 30;

void append_little(std::string& out, uint64_t value, size_t size) {
  for (size_t i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i));
}

uint64_t little(std::string_view bytes) {
  uint64_t out = 0;
  for (size_t i = bytes.size(); i-- > 0;) out = out << 8U | static_cast<uint8_t>(bytes[i]);
  return out;
}

}  // namespace

std::string encode_car_index(std::vector<CarIndexEntry> entries) {
  std::map<uint64_t, std::map<size_t, std::vector<CarIndexEntry>>> groups;  // by function, then digest size
  for (CarIndexEntry& e : entries) groups[e.hash.code][e.hash.digest.size()].push_back(std::move(e));
  std::string out;
  append_varint(out, kIndexCodec);
  append_little(out, groups.size(), 4);
  for (auto& [code, widths] : groups) {
    append_little(out, code, 8);
    append_little(out, widths.size(), 4);
    for (auto& [width, list] : widths) {
      std::sort(list.begin(), list.end(), [](const CarIndexEntry& a, const CarIndexEntry& b) {
        return a.hash.digest != b.hash.digest ? a.hash.digest < b.hash.digest : a.offset < b.offset;
      });
      append_little(out, width + 8, 4);
      append_little(out, list.size() * (width + 8), 8);
      for (const CarIndexEntry& e : list) {
        out += e.hash.digest;
        append_little(out, e.offset, 8);
      }
    }
  }
  return out;
}

std::vector<CarIndexEntry> decode_car_index(std::string_view in) {
  constexpr std::string_view kIndex = "the index of the CAR";
  const uint64_t codec = take_varint(in, kIndex);
  if (codec != kIndexCodec) {
    fail(ErrorCode::unsupported_format, "{} has the format 0x{:x}; expected 0x{:x}", kIndex, codec, kIndexCodec);
  }
  std::vector<CarIndexEntry> out;
  uint64_t groups = little(take_bytes(in, 4, kIndex));
  for (; groups > 0; --groups) {
    const uint64_t code = little(take_bytes(in, 8, kIndex));
    uint64_t widths = little(take_bytes(in, 4, kIndex));
    for (; widths > 0; --widths) {
      const uint64_t width = little(take_bytes(in, 4, kIndex));
      if (width < 8 || width > 8 + kMaxDigestBytes) {
        fail(ErrorCode::invalid_model, "{}: entries of {} bytes; expected 8 to {}", kIndex, width, 8 + kMaxDigestBytes);
      }
      std::string_view list = take_bytes(in, little(take_bytes(in, 8, kIndex)), kIndex);
      if (list.size() % width != 0) fail(ErrorCode::invalid_model, "{}: a list that ends inside an entry", kIndex);
      std::string_view last;
      for (; !list.empty(); list.remove_prefix(width)) {
        const std::string_view digest = list.substr(0, width - 8);
        if (digest < last) fail(ErrorCode::invalid_model, "{}: entries are out of order", kIndex);
        last = digest;
        out.push_back({{code, std::string(digest)}, little(list.substr(width - 8, 8))});
      }
    }
  }
  if (!in.empty()) fail(ErrorCode::invalid_model, "{}: {} bytes behind it", kIndex, in.size());
  return out;
}

CarReader::CarReader(ReadBytes read) : read_(std::move(read)), buffer_(kBufferBytes, '\0') {
  buffer_.clear();
  const auto header = [this] {
    uint64_t size = 0;
    if (!take_size(size)) fail(ErrorCode::invalid_model, "{} is empty", kWhat);
    if (size == 0 || size > kMaxHeaderBytes) {
      fail(ErrorCode::invalid_model, "{} has a header of {} bytes; expected 1 to {}", kWhat, size, kMaxHeaderBytes);
    }
    Ipld out = decode_dag_cbor(take(size, "its header"));
    const Ipld* const version = out.find("version");
    const auto* const number = version == nullptr ? nullptr : std::get_if<IpldInteger>(&version->value);
    if (number == nullptr || number->negative || number->magnitude < 1 || number->magnitude > 2) {
      fail(ErrorCode::invalid_model, "{} has no version 1 or 2 in its header", kWhat);
    }
    version_ = static_cast<int>(number->magnitude);
    return out;
  };
  Ipld first = header();
  if (version_ == 2) {
    if (position_ != kPragma.size())
      fail(ErrorCode::invalid_model, "{} has more than a version in its first header", kWhat);
    const std::string fixed = take(kV2HeaderBytes, "its header");
    data_begin_ = little(std::string_view(fixed).substr(16, 8));
    const uint64_t data_bytes = little(std::string_view(fixed).substr(24, 8));
    index_begin_ = little(std::string_view(fixed).substr(32, 8));
    if (data_begin_ < position_ || data_bytes == 0 || data_bytes > ~uint64_t{0} - data_begin_ ||
        (index_begin_ != 0 && index_begin_ < data_begin_ + data_bytes)) {
      fail(ErrorCode::invalid_model, "{} announces {} bytes of data at {} and an index at {}", kWhat, data_bytes,
           data_begin_, index_begin_);
    }
    skip(data_begin_ - position_);
    data_end_ = data_begin_ + data_bytes;
    first = header();
    if (version_ != 1) fail(ErrorCode::invalid_model, "{}: data of version {} inside version 2", kWhat, version_);
    version_ = 2;
  }
  const Ipld* const roots = first.find("roots");
  const auto* const list = roots == nullptr ? nullptr : std::get_if<Ipld::List>(&roots->value);
  if (list == nullptr || std::get<Ipld::Map>(first.value).size() != 2) {
    fail(ErrorCode::invalid_model, "{}: its header has not just a version and roots", kWhat);
  }
  for (const Ipld& root : *list) {
    const auto* const cid = std::get_if<Cid>(&root.value);
    if (cid == nullptr) fail(ErrorCode::invalid_model, "{}: a root is no link", kWhat);
    roots_.push_back(*cid);
  }
}

size_t CarReader::fill(char* into, size_t size) {
  size_t done = 0;
  while (done < size) {
    if (at_ == buffer_.size()) {
      buffer_.resize(kBufferBytes);
      buffer_.resize(read_(buffer_));
      at_ = 0;
      if (buffer_.empty()) break;
    }
    const size_t n = std::min(size - done, buffer_.size() - at_);
    std::memcpy(into + done, buffer_.data() + at_, n);
    at_ += n;
    done += n;
  }
  position_ += done;
  return done;
}

std::string CarReader::take(size_t size, std::string_view what) {
  if (size > data_end_ - std::min(position_, data_end_)) {
    fail(ErrorCode::invalid_model, "{}: {} reaches beyond the announced data", kWhat, what);
  }
  std::string out(size, '\0');
  const size_t got = fill(out.data(), size);
  if (got < size) {
    fail(ErrorCode::invalid_model, "{} is truncated: {} has {} bytes, {} are there", kWhat, what, size, got);
  }
  return out;
}

void CarReader::skip(uint64_t size) {
  std::string scratch(std::min<uint64_t>(size, kBufferBytes), '\0');
  for (uint64_t left = size; left > 0;) {
    const size_t got = fill(scratch.data(), std::min<uint64_t>(left, scratch.size()));
    if (got == 0) fail(ErrorCode::invalid_model, "{} is truncated: it ends at byte {}", kWhat, position_);
    left -= got;
  }
}

bool CarReader::take_size(uint64_t& size) {
  std::string digits;
  do {
    char c = 0;
    if (position_ == data_end_ || fill(&c, 1) == 0) {
      if (digits.empty() && (version_ != 2 || position_ == data_end_)) return false;
      fail(ErrorCode::invalid_model, "{} is truncated: it ends at byte {}", kWhat, position_);
    }
    digits += c;
  } while (static_cast<uint8_t>(digits.back()) >= 0x80 && digits.size() < 10);
  std::string_view in = digits;
  size = take_varint(in, kWhat);
  return true;
}

bool CarReader::next(Block& block) {
  block.offset = position_ - data_begin_;
  uint64_t size = 0;
  if (!take_size(size)) return false;
  if (size == 0) fail(ErrorCode::invalid_model, "{} is padded: an empty section at byte {}", kWhat, position_ - 1);
  if (size > kMaxBlockBytes + kMaxCidBytes) {
    fail(ErrorCode::invalid_model, "{}: a section of {} bytes; expected at most {}", kWhat, size,
         kMaxBlockBytes + kMaxCidBytes);
  }
  std::string section = take(size, "a section");
  std::string_view in = section;
  block.cid = Cid::take(in, "a section of the CAR");
  block.cid.check(in);
  section.erase(0, section.size() - in.size());
  block.bytes = std::move(section);
  if (version_ == 2 && !block.cid.is_identity()) seen_.push_back({block.cid.hash(), block.offset});
  return true;
}

std::vector<CarIndexEntry> CarReader::read_index() {
  if (version_ != 2 || index_begin_ == 0) return {};
  data_end_ = ~uint64_t{0};
  skip(index_begin_ - position_);
  std::string bytes;
  std::string piece(kBufferBytes, '\0');
  while (const size_t got = fill(piece.data(), piece.size())) {
    bytes.append(piece, 0, got);
    if (bytes.size() > kMaxIndexBytes)
      fail(ErrorCode::invalid_model, "{} has an index above {} bytes", kWhat, kMaxIndexBytes);
  }
  std::vector<CarIndexEntry> out = decode_car_index(bytes);
  std::sort(seen_.begin(), seen_.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
  for (const CarIndexEntry& e : out) {
    const auto found = std::lower_bound(seen_.begin(), seen_.end(), e.offset,
                                        [](const CarIndexEntry& s, uint64_t offset) { return s.offset < offset; });
    const bool identity = e.hash.code == static_cast<uint64_t>(HashFunction::identity);
    if (!identity && (found == seen_.end() || found->offset != e.offset || found->hash.code != e.hash.code ||
                      found->hash.digest != e.hash.digest)) {
      fail(ErrorCode::invalid_model, "{}: its index names a block at {} that is not there", kWhat, e.offset);
    }
  }
  return out;
}

CarWriter::CarWriter(WriteBytes write, const std::vector<Cid>& roots) : write_(std::move(write)) {
  Ipld::List list;
  for (const Cid& root : roots) list.push_back({Ipld::Value(root)});
  const std::string header = encode_dag_cbor(Ipld::Value(
      Ipld::Map{{"roots", {Ipld::Value(std::move(list))}}, {"version", {Ipld::Value(IpldInteger{false, 1})}}}));
  std::string out;
  append_varint(out, header.size());
  out += header;
  write_(out);
  size_bytes_ = out.size();
}

void CarWriter::put(const Cid& cid, std::string_view block) {
  const std::string name = cid.bytes();
  std::string front;
  append_varint(front, name.size() + block.size());
  front += name;
  write_(front);
  write_(block);
  if (!cid.is_identity()) index_.push_back({cid.hash(), size_bytes_});
  size_bytes_ += front.size() + block.size();
}

std::string car_v2_prefix(uint64_t data_bytes) {
  std::string out(kPragma);
  append_little(out, 0, 8);
  append_little(out, 0, 8);
  append_little(out, kCarV2PrefixBytes, 8);
  append_little(out, data_bytes, 8);
  append_little(out, kCarV2PrefixBytes + data_bytes, 8);
  return out;
}

}  // namespace accelerate::store
