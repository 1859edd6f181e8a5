#include <gtest/gtest.h>

#include <cmath>

#include "error_matchers.h"
#include "store/dag_pb.h"
#include "store/ipld.h"
#include "store/unixfs.h"
#include "store_golden.h"

namespace accelerate::store {
namespace {

using test::throws_error;

std::string from_hex(std::string_view hex) {
  return decode_base(Multibase::base16, hex);
}
std::string to_hex(std::string_view bytes) {
  return encode_base(Multibase::base16, bytes);
}

TEST(StoreCodec, AgreesWithGoIpldPrime) {
  const auto rows = test::golden_ipfs_table("codecs.tsv");
  ASSERT_GT(rows.size(), 30U);
  for (const auto& row : rows) {
    SCOPED_TRACE(row.at("dag_json"));
    const Ipld from_json = decode_dag_json(row.at("dag_json"));
    const std::string cbor = from_hex(row.at("dag_cbor"));
    EXPECT_EQ(to_hex(encode_dag_cbor(from_json)), row.at("dag_cbor"));
    EXPECT_EQ(encode_dag_json(decode_dag_cbor(cbor)), row.at("dag_json"));
    EXPECT_EQ(encode_dag_cbor(decode_dag_cbor(cbor)), cbor);
    EXPECT_EQ(encode_dag_json(from_json), row.at("dag_json"));
    EXPECT_EQ(Cid::of(1, Codec::dag_json, HashFunction::sha2_256, row.at("dag_json")).text(), row.at("cid_json"));
    EXPECT_EQ(Cid::of(1, Codec::dag_cbor, HashFunction::sha2_256, cbor).text(), row.at("cid_cbor"));
  }
}

TEST(StoreCodec, DagCborRefusesOtherForms) {
  struct Case {
    const char* hex;
    const char* reason;
  };
  for (const Case& c : {
           Case{"", "ends where"},
           Case{"1800", "shortest"},
           Case{"190017", "shortest"},
           Case{"1a0000ffff", "shortest"},
           Case{"1b00000000ffffffff", "shortest"},
           Case{"5803616263", "shortest"},
           Case{"9fff", "indefinite"},
           Case{"bfff", "indefinite"},
           Case{"5f4161ff", "indefinite"},
           Case{"7f6161ff", "indefinite"},
           Case{"f93c00", "64 bits"},
           Case{"fa3f800000", "64 bits"},
           Case{"fb7ff8000000000000", "NaN"},
           Case{"fb7ff0000000000000", "NaN"},
           Case{"f7", "not allowed"},
           Case{"f820", "not allowed"},
           Case{"ff", "not allowed"},
           Case{"c11a514b67b0", "tag 1"},
           Case{"d82a4100", "ends inside"},
           Case{"d82a420155", "prefix"},
           Case{"d82a6161", "no byte string"},
           Case{"a2616201616102", "order"},
           Case{"a2616101616102", "repeated"},
           Case{"a26261610161620a", "order"},
           Case{"a10101", "no text"},
           Case{"62c328", "UTF-8"},
           Case{"63eda080", "UTF-8"},
           Case{"0000", "behind"},
           Case{"8201", "ends"},
           Case{"9a00ffffff", "announced"},
           Case{"5affffffff", "announced"},
           Case{"bb7fffffffffffffff", "announced"},
           Case{"1b", "announced"},
       }) {
    EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {c.reason}, [&] { decode_dag_cbor(from_hex(c.hex)); })) << c.hex;
  }
}

TEST(StoreCodec, DagCborBombsAreRefused) {
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_model, {"deeper"}, [] { decode_dag_cbor(std::string(1 << 20, '\x81')); }));
  std::string wide = from_hex("9a00200000") + std::string(2 << 20, '\x80');
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"values"}, [&] { decode_dag_cbor(wide); }));
  EXPECT_NO_THROW(decode_dag_cbor(std::string(128, '\x81') + "\x80"));
}

TEST(StoreCodec, DagJsonRefusesOtherForms) {
  struct Case {
    const char* text;
    const char* reason;
  };
  for (const Case& c : {
           Case{"", "no JSON"},
           Case{"[1, 2]", "canonical"},
           Case{" 1", "canonical"},
           Case{"01", "no JSON"},
           Case{"1.50", "canonical"},
           Case{"1e2", "canonical"},
           Case{"-0", "canonical"},
           Case{R"("\u0041")", "canonical"},
           Case{R"("\/")", "canonical"},
           Case{R"({"b":1,"a":2})", "order"},
           Case{R"({"a":1,"a":2})", "repeated"},
           Case{R"({"/":"nonsense"})", "no CID"},
           Case{R"({"/":{"bytes":"AA=="}})", "base64"},
           Case{R"({"/":{"bytes":"AB"}})", "unused bits"},
           Case{R"({"/":1})", "reserved"},
           Case{R"({"/":{"bytes":"AA","x":1}})", "reserved"},
           Case{R"({"/":"bafkqaaa","x":1})", "reserved"},
           Case{"18446744073709551616", "64 bits"},
           Case{"-18446744073709551617", "64 bits"},
           Case{"1 2", "no JSON"},
           Case{"1e999", "no JSON"},
           Case{"NaN", "no JSON"},
           Case{"\"\xc3\x28\"", "no JSON"},
           Case{"[1,]", "no JSON"},
       }) {
    EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {c.reason}, [&] { decode_dag_json(c.text); })) << c.text;
  }
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"deeper"}, [] { decode_dag_json(std::string(100000, '[')); }));
  EXPECT_EQ(encode_dag_json(decode_dag_json("-18446744073709551616")), "-18446744073709551616");
}

TEST(StoreCodec, EncodersRefuseWhatHasNoForm) {
  const Ipld twice = Ipld::Value(Ipld::Map{{"a", {}}, {"a", {}}});
  const Ipld infinite = Ipld::Value(HUGE_VAL);
  const Ipld text = Ipld::Value(std::string("\xff"));
  for (const Ipld& v : {twice, infinite, text}) {
    EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {}, [&] { encode_dag_cbor(v); }));
    EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {}, [&] { encode_dag_json(v); }));
  }
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_argument, {"\"/\""}, [] { encode_dag_json(Ipld::Value(Ipld::Map{{"/", {}}})); }));
}

TEST(StoreCodec, DagPbIsStrict) {
  const Cid cid = Cid::parse("bafkqablimvwgy3y");
  PbNode node;
  node.data = "data";
  node.links = {{cid, "name", 7}, {cid, "", 0}, {cid, std::nullopt, std::nullopt}};
  const std::string block = encode_dag_pb(node);
  const PbNode back = decode_dag_pb(block);
  EXPECT_EQ(encode_dag_pb(back), block);
  ASSERT_EQ(back.links.size(), 3U);
  EXPECT_EQ(back.links[0].name, "name");
  EXPECT_EQ(back.links[0].total_bytes, 7U);
  EXPECT_EQ(back.links[1].name, "");
  EXPECT_FALSE(back.links[2].name);
  EXPECT_EQ(decode_dag_pb("").links.size(), 0U);
  EXPECT_FALSE(decode_dag_pb("").data);

  const std::string hash = to_hex(cid.bytes());  // 9 bytes
  const std::string link =
      "1b0a"
      "09" +
      hash;
  // Data before links is read; between links, twice, or anything unknown is not.
  EXPECT_EQ(decode_dag_pb(from_hex("0a0161120b0a09" + hash)).links.size(), 1U);
  for (const std::string& bad : std::vector<std::string>{
           "0a01610a0162", "120b0a09" + hash + "0a0161120b0a09" + hash, "1a0161", "0801", "0a05", "0aff", "0a8100",
           "1200", "12020800", "120d12000a09" + hash, "12120a09" + hash + "0a05" + "0001020304",
           "120f0a09" + hash + "18001200", "12100a09" + hash + "18001801", "120d0a09" + hash + "2001",
           "120c0a0a" + hash + "00", "120f0a09" + hash + "18808000"}) {
    EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {}, [&] { decode_dag_pb(from_hex(bad)); })) << bad;
  }
}

TEST(StoreCodec, UnixFsRoundTrips) {
  UnixFs node;
  node.type = UnixFs::Type::file;
  node.data = "x";
  node.file_size = 300;
  node.block_sizes = {100, 199};
  node.mode = 0644;
  node.mtime_seconds = -5;
  node.mtime_nanoseconds = 7;
  const std::string bytes = encode_unixfs(node);
  const UnixFs back = decode_unixfs(bytes);
  EXPECT_EQ(encode_unixfs(back), bytes);
  EXPECT_EQ(back.block_sizes, node.block_sizes);
  EXPECT_EQ(back.mtime_seconds, -5);
  EXPECT_EQ(back.mtime_nanoseconds, 7U);
  EXPECT_EQ(decode_unixfs(from_hex("080222020102")).block_sizes, (std::vector<uint64_t>{1, 2}));  // packed
  EXPECT_EQ(decode_unixfs(from_hex("08025a0161")).type, UnixFs::Type::file);                      // an unknown field
  for (const char* bad :
       {"", "0806", "12", "0a0108", "1202", "180102", "0802120161ff", "00", "08024200ff", "0802420310"}) {
    EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {}, [&] { decode_unixfs(from_hex(bad)); })) << bad;
  }
}

}  // namespace
}  // namespace accelerate::store
