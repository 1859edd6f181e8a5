// Any bytes that are accepted as dag-pb survive another round, and files and folders of it are read or refused.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "store/dag_pb.h"
#include "store/unixfs.h"
#include "store/unixfs_read.h"

namespace {

using namespace accelerate;
using namespace accelerate::store;

/// Gives the input for every CID, so that trees are deep and wide.
class Echo : public BlockSource {
 public:
  explicit Echo(std::string_view block) : block_(block) {}
  std::string get(const Cid&) override {
    if (++reads_ > 2000) fail(ErrorCode::not_found, "enough");
    return block_;
  }
  bool has(const Cid&) override { return true; }

 private:
  std::string block_;
  int reads_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const PbNode node = decode_dag_pb(bytes);
    const std::string again = encode_dag_pb(node);
    if (again.size() != bytes.size() || encode_dag_pb(decode_dag_pb(again)) != again) std::abort();
    if (node.data) {
      const std::string unixfs = encode_unixfs(decode_unixfs(*node.data));
      if (encode_unixfs(decode_unixfs(unixfs)) != unixfs) std::abort();
    }
  } catch (const Error& e) {
    if (e.code() != ErrorCode::invalid_model) std::abort();
  }
  const Cid root = Cid::of(1, Codec::dag_pb, HashFunction::sha2_256, bytes);
  try {
    Echo source(bytes);
    for (const UnixFsEntry& e : UnixFsReader(source).list(root)) {
      if (e.name.empty() || e.name == ".." || e.name.find('/') != std::string::npos) std::abort();
    }
  } catch (const Error&) {
  }
  try {
    Echo source(bytes);
    if (UnixFsReader(source).read_all(root, 1 << 20).size() > 1 << 20) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
