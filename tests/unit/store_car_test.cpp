#include <gtest/gtest.h>

#include <set>

#include "error_matchers.h"
#include "store/car.h"
#include "store/ipld.h"
#include "store/varint.h"
#include "store_golden.h"

namespace accelerate::store {
namespace {

using test::throws_error;

/// Gives the bytes in pieces of an odd size.
ReadBytes reader_of(std::string bytes) {
  return [bytes = std::move(bytes), at = size_t{0}](std::span<char> into) mutable {
    const size_t n = std::min({into.size(), bytes.size() - at, size_t{37}});
    bytes.copy(into.data(), n, at);
    at += n;
    return n;
  };
}

std::vector<CarReader::Block> all_blocks(CarReader& reader) {
  std::vector<CarReader::Block> out;
  for (CarReader::Block b; reader.next(b);) out.push_back(b);
  return out;
}

void read_all(const std::string& bytes) {
  CarReader reader(reader_of(bytes));
  all_blocks(reader);
  reader.read_index();
}

std::string car_with(const std::vector<std::pair<Cid, std::string>>& blocks, const std::vector<Cid>& roots) {
  std::string out;
  CarWriter writer([&](std::string_view b) { out += b; }, roots);
  for (const auto& [cid, block] : blocks) writer.put(cid, block);
  return out;
}

TEST(StoreCar, ReadsAndWritesWhatGoCarWrites) {
  const std::string golden1 = test::golden_ipfs("small.car");
  const std::string golden2 = test::golden_ipfs("small-v2.car");
  CarReader reader(reader_of(golden1));
  EXPECT_EQ(reader.version(), 1);
  const auto blocks = all_blocks(reader);
  ASSERT_GT(blocks.size(), 10U);
  ASSERT_EQ(reader.roots().size(), 1U);
  EXPECT_EQ(reader.roots()[0], blocks[0].cid);

  CarReader reader2(reader_of(golden2));
  EXPECT_EQ(reader2.version(), 2);
  const auto blocks2 = all_blocks(reader2);
  ASSERT_EQ(blocks2.size(), blocks.size());
  for (size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(blocks2[i].cid, blocks[i].cid);
    EXPECT_EQ(blocks2[i].bytes, blocks[i].bytes);
    EXPECT_EQ(blocks2[i].offset, blocks[i].offset);
  }
  EXPECT_EQ(reader2.read_index().size(), blocks.size());

  std::string out;
  CarWriter writer([&](std::string_view b) { out += b; }, reader.roots());
  for (const auto& b : blocks) writer.put(b.cid, b.bytes);
  EXPECT_EQ(out, golden1);
  EXPECT_EQ(writer.size_bytes(), golden1.size());
  EXPECT_EQ(car_v2_prefix(out.size()) + out + encode_car_index(writer.take_index()), golden2);
}

TEST(StoreCar, EveryTruncationIsFound) {
  for (const char* name : {"small.car", "small-v2.car"}) {
    const std::string golden = test::golden_ipfs(name);
    CarReader reader(reader_of(golden));
    std::vector<size_t> ends = {};  // where version 1 may end: behind a whole section
    for (CarReader::Block b; reader.next(b);) ends.push_back(b.offset);
    for (size_t size = 0; size < golden.size(); ++size) {
      if (std::string(name) == "small.car" && std::find(ends.begin(), ends.end(), size) != ends.end()) continue;
      EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {}, [&] { read_all(golden.substr(0, size)); }))
          << name << size;
    }
  }
}

TEST(StoreCar, EveryFlippedByteOfABlockIsFound) {
  const std::string golden = test::golden_ipfs("small.car");
  CarReader reader(reader_of(golden));
  const std::vector<CarReader::Block> blocks = all_blocks(reader);
  std::set<size_t> codecs;  // the same bytes under another codec are another block with the same hash
  for (const CarReader::Block& b : blocks) {
    codecs.insert(b.offset + varint_size(b.cid.bytes().size() + b.bytes.size()) + 1);
  }
  for (size_t i = blocks.at(0).offset; i < golden.size(); ++i) {
    if (codecs.contains(i)) continue;
    std::string bad = golden;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    EXPECT_THROW(read_all(bad), Error) << i;
  }
}

TEST(StoreCar, RefusesLiesAndPadding) {
  const std::string golden = test::golden_ipfs("small.car");
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"padded"}, [&] { read_all(golden + std::string(10, '\0')); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"empty"}, [] { read_all(""); }));
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_model, {"header"}, [] { read_all(std::string("\xff\xff\xff\xff\x0f", 5)); }));
  const Cid cid = Cid::of(1, Codec::raw, HashFunction::sha2_256, "right");
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"hash is another one"},
                           [&] { read_all(car_with({{cid, "wrong"}}, {cid})); }));
  EXPECT_NO_THROW(read_all(car_with({{cid, "right"}}, {cid})));
  EXPECT_NO_THROW(read_all(car_with({}, {})));
  const Cid unknown = Cid::from_bytes(std::string("\x01\x55\x13\x40", 4) + std::string(64, 'x'), "x");
  EXPECT_TRUE(throws_error(ErrorCode::unsupported_format, {"0x13"}, [&] { read_all(car_with({{unknown, "x"}}, {})); }));
  std::string huge = car_with({}, {});
  append_varint(huge, uint64_t{1} << 40);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"section of"}, [&] { read_all(huge); }));
  const auto header = [](const Ipld& value) {
    const std::string body = encode_dag_cbor(value);
    std::string out;
    append_varint(out, body.size());
    return out + body;
  };
  const Ipld one = Ipld::Value(IpldInteger{false, 1});
  for (const Ipld::Map& map :
       {Ipld::Map{{"version", one}}, Ipld::Map{{"roots", Ipld::Value(Ipld::List{})}},
        Ipld::Map{{"version", one}, {"roots", Ipld::Value(Ipld::List{one})}},
        Ipld::Map{{"version", one}, {"roots", Ipld::Value(Ipld::List{})}, {"more", one}},
        Ipld::Map{{"version", Ipld::Value(IpldInteger{false, 3})}, {"roots", Ipld::Value(Ipld::List{})}}}) {
    EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {}, [&] { read_all(header(Ipld::Value(map))); }));
  }
}

TEST(StoreCar, RefusesAnIndexThatLies) {
  const std::string v1 = test::golden_ipfs("small.car");
  CarReader reader(reader_of(v1));
  all_blocks(reader);
  const auto with = [&](std::string index) { return car_v2_prefix(v1.size()) + v1 + index; };
  CarReader again(reader_of(test::golden_ipfs("small-v2.car")));
  all_blocks(again);
  std::vector<CarIndexEntry> entries = again.read_index();
  EXPECT_NO_THROW(read_all(with(encode_car_index(entries))));
  entries[3].offset += 1;
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_model, {"not there"}, [&] { read_all(with(encode_car_index(entries))); }));
  entries[3].offset -= 1;
  std::string index = encode_car_index(entries);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"behind"}, [&] { read_all(with(index + "x")); }));
  std::swap(index[30], index[80]);
  EXPECT_THROW(read_all(with(index)), Error);
  std::string offsets = with(index);
  offsets[27] = '\1';  // data before the header's end
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"announces"}, [&] { read_all(offsets); }));
}

}  // namespace
}  // namespace accelerate::store
