#pragma once
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "store/import.h"

namespace accelerate::test {

inline std::string golden_ipfs(const std::string& name) {
  std::ifstream in(std::string(ACCELERATE_SOURCE_DIR) + "/tests/golden/data/ipfs/" + name, std::ios::binary);
  if (!in) throw std::runtime_error("no golden file " + name + "; see tests/golden/ipfs");
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Rows of a table with a header, by column.
inline std::vector<std::map<std::string, std::string>> golden_ipfs_table(const std::string& name) {
  std::istringstream in(golden_ipfs(name));
  const auto split = [](const std::string& line) {
    std::vector<std::string> out(1);
    for (const char c : line) {
      if (c == '\t') {
        out.emplace_back();
      } else {
        out.back() += c;
      }
    }
    return out;
  };
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> header = split(line);
  std::vector<std::map<std::string, std::string>> out;
  while (std::getline(in, line)) {
    const std::vector<std::string> cells = split(line);
    if (cells.size() != header.size()) throw std::runtime_error(name + ": a row of another width: " + line);
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i == 0) out.emplace_back();
      out.back()[header[i]] = cells[i];
    }
  }
  return out;
}

/// The input of a seed, as tests/golden/ipfs makes it: words of splitmix64; seed 0 is all zeros.
class SeededBytes : public store::ByteSource {
 public:
  SeededBytes(uint64_t seed, uint64_t size) : seed_(seed), size_(size) {}
  uint64_t size_bytes() const override { return size_; }
  void read_at(uint64_t offset, std::span<char> into) override {
    for (size_t i = 0; i < into.size(); ++i, ++offset) {
      into[i] = seed_ == 0 ? '\0' : static_cast<char>(word(offset / 8) >> (8 * (offset % 8)));
    }
  }
  std::string all() {
    std::string out(size_, '\0');
    read_at(0, out);
    return out;
  }

 private:
  uint64_t word(uint64_t index) const {
    uint64_t z = seed_ + (index + 1) * 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30U) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27U) * 0x94D049BB133111EBU;
    return z ^ z >> 31U;
  }
  uint64_t seed_;
  uint64_t size_;
};

/// Keeps all blocks in memory, those of leaves made from the source.
class MemorySink : public store::BlockSink {
 public:
  explicit MemorySink(store::ByteSource* source = nullptr) : source_(source) {}
  void put(const store::Cid& cid, std::string_view block) override { blocks[cid] = block; }
  void put_leaf(const store::Cid& cid, const store::LeafPlace& place) override {
    std::string bytes(place.size_bytes, '\0');
    source_->read_at(place.offset, bytes);
    blocks[cid] = store::leaf_block(place.form, bytes);
  }
  std::map<store::Cid, std::string> blocks;

 private:
  store::ByteSource* source_;
};

}  // namespace accelerate::test
