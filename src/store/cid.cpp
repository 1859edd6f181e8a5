#include "store/cid.h"

#include "base/error.h"
#include "store/varint.h"

namespace accelerate::store {
namespace {

constexpr std::string_view kVersion0 = "\x12\x20";  // sha2-256, 32 bytes
constexpr size_t kVersion0Size = 34;

}  // namespace

std::string name_of_codec(uint64_t codec) {
  switch (static_cast<Codec>(codec)) {
    case Codec::raw: return "raw";
    case Codec::dag_pb: return "dag-pb";
    case Codec::dag_cbor: return "dag-cbor";
    case Codec::dag_json: return "dag-json";
  }
  return fmt::format("0x{:x}", codec);
}

Cid::Cid(int version, uint64_t codec, const Multihash& hash) : version_(version), codec_(codec), hash_(hash.bytes()) {
  const bool fits0 = is(Codec::dag_pb) && hash_.size() == kVersion0Size && hash_.starts_with(kVersion0);
  if (version != 1 && !(version == 0 && fits0)) {
    fail(ErrorCode::invalid_argument, "a CID of version {} with {} and {}; version 0 is for dag-pb and sha2-256",
         version, name_of_codec(codec), name_of_hash(hash.code));
  }
}

Cid Cid::of(int version, Codec codec, HashFunction function, std::string_view block) {
  return Cid(version, codec, hash_of(function, block));
}

Cid Cid::take(std::string_view& in, std::string_view what) {
  Cid out;
  if (in.starts_with(kVersion0)) {
    out.version_ = 0;
    out.codec_ = static_cast<uint64_t>(Codec::dag_pb);
    out.hash_ = take_bytes(in, kVersion0Size, what);
    return out;
  }
  const uint64_t version = take_varint(in, what);
  if (version != 1) fail(ErrorCode::invalid_model, "{}: a CID of version {}; expected 0 or 1", what, version);
  out.codec_ = take_varint(in, what);
  out.hash_ = Multihash::take(in, what).bytes();
  return out;
}

Cid Cid::from_bytes(std::string_view bytes, std::string_view what) {
  Cid out = take(bytes, what);
  if (!bytes.empty()) fail(ErrorCode::invalid_model, "{}: {} bytes behind the CID", what, bytes.size());
  return out;
}

Cid Cid::parse(std::string_view text) {
  try {
    if (text.size() == 46 && text.starts_with("Qm")) {
      return from_bytes(decode_base(Multibase::base58btc, text), "the text");
    }
    const std::string bytes = decode_multibase(text);
    if (std::string_view(bytes).starts_with(kVersion0)) {
      fail(ErrorCode::invalid_argument, "version 0 has no multibase prefix");
    }
    return from_bytes(bytes, "the text");
  } catch (const Error& e) {
    fail(ErrorCode::invalid_argument, "\"{}\" is no CID: {}", printable(text), e.message());
  }
}

Multihash Cid::hash() const {
  std::string_view in = hash_;
  return Multihash::take(in, "the CID");
}

std::string Cid::bytes() const {
  if (version_ == 0) return hash_;
  std::string out;
  out.reserve(hash_.size() + 4);
  append_varint(out, 1);
  append_varint(out, codec_);
  return out + hash_;
}

std::string Cid::text(Multibase base) const {
  return version_ == 0 ? encode_base(Multibase::base58btc, hash_) : encode_multibase(base, bytes());
}

bool Cid::matches(std::string_view block) const {
  const Multihash own = hash();
  if (own.code == static_cast<uint64_t>(HashFunction::identity)) return block == own.digest;
  return digest_of(own.code, block, own.digest.size()) == own.digest;
}

void Cid::check(std::string_view block) const {
  if (!matches(block)) {
    fail(ErrorCode::invalid_model, "a block of {} bytes is not {}: its hash is another one", block.size(), text());
  }
}

}  // namespace accelerate::store
