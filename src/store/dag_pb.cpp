#include "store/dag_pb.h"

#include "base/error.h"
#include "store/varint.h"

namespace accelerate::store {
namespace {

constexpr std::string_view kWhat = "a dag-pb block";
// Field number << 3 | wire type.
constexpr char kNodeData = 0x0A;
constexpr char kNodeLink = 0x12;
constexpr char kLinkHash = 0x0A;
constexpr char kLinkName = 0x12;
constexpr char kLinkSize = 0x18;

void append_field(std::string& out, char key, std::string_view bytes) {
  out += key;
  append_varint(out, bytes.size());
  out += bytes;
}

std::string_view take_field(std::string_view& in) {
  return take_bytes(in, take_varint64(in, kWhat), kWhat);
}

[[noreturn]] void fail_key(std::string_view where, char key) {
  fail(ErrorCode::invalid_model, "{}: field key {} in {} is unknown, repeated or out of order", kWhat,
       static_cast<unsigned>(static_cast<uint8_t>(key)), where);
}

PbLink decode_link(std::string_view in) {
  PbLink link;
  int last = 0;
  while (!in.empty()) {
    const char key = in.front();
    in.remove_prefix(1);
    if (key == kLinkHash && last < 1) {
      link.cid = Cid::from_bytes(take_field(in), "the hash of a link");
      last = 1;
    } else if (key == kLinkName && last < 2) {
      link.name = take_field(in);
      last = 2;
    } else if (key == kLinkSize && last < 3) {
      link.total_bytes = take_varint64(in, kWhat);
      last = 3;
    } else {
      fail_key("a link", key);
    }
  }
  if (link.cid.empty()) fail(ErrorCode::invalid_model, "{}: a link without a hash", kWhat);
  return link;
}

}  // namespace

std::string encode_dag_pb(const PbNode& node) {
  std::string out;
  std::string body;
  for (const PbLink& link : node.links) {
    body.clear();
    append_field(body, kLinkHash, link.cid.bytes());
    if (link.name) append_field(body, kLinkName, *link.name);
    if (link.total_bytes) {
      body += kLinkSize;
      append_varint(body, *link.total_bytes);
    }
    append_field(out, kNodeLink, body);
  }
  if (node.data) append_field(out, kNodeData, *node.data);
  return out;
}

PbNode decode_dag_pb(std::string_view block) {
  PbNode node;
  bool links_ended = false;
  while (!block.empty()) {
    const char key = block.front();
    block.remove_prefix(1);
    if (key == kNodeLink && !links_ended) {
      node.links.push_back(decode_link(take_field(block)));
    } else if (key == kNodeData && !node.data) {
      node.data = take_field(block);
      links_ended = !node.links.empty();
    } else {
      fail_key("the node", key);
    }
  }
  return node;
}

}  // namespace accelerate::store
