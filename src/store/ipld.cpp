#include "store/ipld.h"

#include "base/error.h"
#include "store/dag_pb.h"

namespace accelerate::store {

const Ipld* Ipld::find(std::string_view key) const {
  const auto* const map = std::get_if<Map>(&value);
  if (map == nullptr) return nullptr;
  for (const auto& [name, child] : *map) {
    if (name == key) return &child;
  }
  return nullptr;
}

void collect_links(const Ipld& value, std::vector<Cid>& out) {
  if (const auto* const cid = std::get_if<Cid>(&value.value)) out.push_back(*cid);
  if (const auto* const list = std::get_if<Ipld::List>(&value.value)) {
    for (const Ipld& item : *list) collect_links(item, out);
  }
  if (const auto* const map = std::get_if<Ipld::Map>(&value.value)) {
    for (const auto& [name, item] : *map) collect_links(item, out);
  }
}

std::vector<Cid> links_of(const Cid& cid, std::string_view block) {
  std::vector<Cid> out;
  switch (static_cast<Codec>(cid.codec())) {
    case Codec::raw: return out;
    case Codec::dag_pb:
      for (PbLink& link : decode_dag_pb(block).links) out.push_back(std::move(link.cid));
      return out;
    case Codec::dag_cbor: collect_links(decode_dag_cbor(block), out); return out;
    case Codec::dag_json: collect_links(decode_dag_json(block), out); return out;
  }
  fail(ErrorCode::unsupported_format, "{} has the codec {}; expected raw, dag-pb, dag-cbor or dag-json", cid.text(),
       name_of_codec(cid.codec()));
}

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<uint8_t>(text[i]);
    if (first < 0x80) {
      ++i;
      continue;
    }
    const size_t size = first >= 0xC2 && first <= 0xDF   ? 2
                        : (first & 0xF0U) == 0xE0        ? 3
                        : first >= 0xF0 && first <= 0xF4 ? 4
                                                         : 0;
    if (size == 0 || size > text.size() - i) return false;
    uint32_t c = first & (0xFFU >> (size + 1));
    for (size_t k = 1; k < size; ++k) {
      const auto next = static_cast<uint8_t>(text[i + k]);
      if ((next & 0xC0U) != 0x80) return false;
      c = c << 6U | (next & 0x3FU);
    }
    if (size == 3 && (c < 0x800 || (c >= 0xD800 && c <= 0xDFFF))) return false;
    if (size == 4 && (c < 0x10000 || c > 0x10FFFF)) return false;
    i += size;
  }
  return true;
}

}  // namespace accelerate::store
