#include <gtest/gtest.h>

#include "error_matchers.h"
#include "store/cid.h"
#include "store/varint.h"

namespace accelerate::store {
namespace {

using test::throws_error;

std::string from_hex(std::string_view hex) {
  return decode_base(Multibase::base16, hex);
}

TEST(StoreVarint, RoundTripsAndRefusesOtherForms) {
  for (const uint64_t v :
       {uint64_t{0}, uint64_t{1}, uint64_t{127}, uint64_t{128}, uint64_t{16384}, (uint64_t{1} << 63U) - 1}) {
    std::string bytes;
    append_varint(bytes, v);
    EXPECT_EQ(bytes.size(), varint_size(v));
    std::string_view in = bytes;
    EXPECT_EQ(take_varint(in, "x"), v);
    EXPECT_TRUE(in.empty());
  }
  const auto take = [](std::string bytes) {
    std::string_view in = bytes;
    return take_varint(in, "x");
  };
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"shortest"}, [&] { take(from_hex("8100")); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"ends"}, [&] { take(from_hex("80")); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"ends"}, [&] { take(""); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"longer"}, [&] { take(from_hex("80808080808080808001")); }));
  std::string largest = from_hex("ffffffffffffffffff01");
  std::string_view in = largest;
  EXPECT_EQ(take_varint64(in, "x"), ~uint64_t{0});
  largest = from_hex("ffffffffffffffffff02");
  in = largest;
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"64 bits"}, [&] { take_varint64(in, "x"); }));
}

TEST(StoreMultibase, GivesTheTextsOfTheSpecification) {
  // multiformats/multibase, tests/basic.csv and leading_zero.csv.
  const std::string yes = "yes mani !";
  EXPECT_EQ(encode_multibase(Multibase::base16, yes), "f796573206d616e692021");
  EXPECT_EQ(encode_multibase(Multibase::base32, yes), "bpfsxgidnmfxgsibb");
  EXPECT_EQ(encode_multibase(Multibase::base36, yes), "k2lcpzo5yikidynfl");
  EXPECT_EQ(encode_multibase(Multibase::base58btc, yes), "z7paNL19xttacUY");
  EXPECT_EQ(encode_multibase(Multibase::base64url, yes), "ueWVzIG1hbmkgIQ");
  const std::string zeros = std::string(2, '\0') + yes;
  EXPECT_EQ(encode_multibase(Multibase::base36, zeros), "k002lcpzo5yikidynfl");
  EXPECT_EQ(encode_multibase(Multibase::base58btc, zeros), "z117paNL19xttacUY");
  EXPECT_EQ(encode_multibase(Multibase::base32, zeros), "baaahszltebwwc3tjeaqq");
  for (const Multibase base :
       {Multibase::base16, Multibase::base32, Multibase::base36, Multibase::base58btc, Multibase::base64url}) {
    std::string bytes;
    for (int i = 0; i < 70; ++i) {
      EXPECT_EQ(decode_multibase(encode_multibase(base, bytes)), bytes) << static_cast<char>(base) << i;
      bytes += static_cast<char>(i * 37);
    }
  }
  EXPECT_EQ(decode_multibase("BPFSXGIDNMFXGSIBB"), yes);
  EXPECT_EQ(decode_multibase("F796573206D616E692021"), yes);
}

TEST(StoreMultibase, RefusesWhatNoEncoderWrites) {
  for (const char* text : {"", "x00", "f7", "fzz", "bab", "ba", "bPfsx", "z0", "zIl", "u+/", "uA", "f0G"}) {
    EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {}, [&] { decode_multibase(text); })) << text;
  }
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_argument, {"4096"}, [] { decode_multibase("z" + std::string(5000, '2')); }));
}

TEST(StoreMultihash, GivesKnownDigests) {
  const auto hex = [](HashFunction f, std::string_view bytes) {
    return encode_base(Multibase::base16, hash_of(f, bytes).digest);
  };
  EXPECT_EQ(hex(HashFunction::sha2_256, "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(HashFunction::sha2_256, ""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // BLAKE3 test vectors: lengths 0, 1 and 1025 of bytes 0, 1, ..., 250, 0, ...
  std::string input;
  for (int i = 0; i < 1025; ++i) input += static_cast<char>(i % 251);
  EXPECT_EQ(hex(HashFunction::blake3, ""), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
  EXPECT_EQ(hex(HashFunction::blake3, input.substr(0, 1)),
            "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213");
  EXPECT_EQ(hex(HashFunction::blake3, input), "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444");
  EXPECT_EQ(hash_of(HashFunction::identity, std::string(128, 'x')).digest.size(), 128U);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"128"},
                           [] { hash_of(HashFunction::identity, std::string(129, 'x')); }));
  EXPECT_TRUE(throws_error(ErrorCode::unsupported_format, {"0x13"}, [] { digest_of(0x13, "x"); }));
}

TEST(StoreCid, ReadsAndWritesBothVersions) {
  // Of the empty folder, as every IPFS node names it.
  const Cid v0 = Cid::parse("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn");
  EXPECT_EQ(v0.version(), 0);
  EXPECT_TRUE(v0.is(Codec::dag_pb));
  EXPECT_EQ(v0.text(), "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn");
  EXPECT_TRUE(v0.matches(from_hex("0a020801")));
  EXPECT_FALSE(v0.matches(from_hex("0a020802")));
  const Cid v1 = Cid::parse("bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354");
  EXPECT_EQ(v1.version(), 1);
  EXPECT_EQ(v1.hash_bytes(), v0.hash_bytes());
  EXPECT_NE(v1, v0);
  for (const Multibase base :
       {Multibase::base16, Multibase::base32, Multibase::base36, Multibase::base58btc, Multibase::base64url}) {
    EXPECT_EQ(Cid::parse(v1.text(base)), v1);
  }
  EXPECT_EQ(v1.text(Multibase::base58btc), "zdj7WbTaiJT1fgatdet9Ei9iDB5hdCxkbVyhyh8YTUnXMiwYi");
  EXPECT_EQ(Cid::from_bytes(v1.bytes(), "x"), v1);
  EXPECT_EQ(Cid::from_bytes(v0.bytes(), "x"), v0);
  EXPECT_EQ(Cid::of(1, Codec::raw, HashFunction::identity, "hello").text(), "bafkqablimvwgy3y");
  EXPECT_THROW(v0.check("other"), Error);
}

TEST(StoreCid, RefusesWhatIsNone) {
  const std::string v0 = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn";
  for (const std::string& text :
       {std::string(), std::string("b"), v0.substr(1), v0 + "x", "z" + v0, std::string("bafybeiczsscd"),
        std::string("../etc/passwd"),
        encode_multibase(Multibase::base32, from_hex("02551220") + std::string(32, 'x')),     // version 2
        encode_multibase(Multibase::base32, from_hex("0155121f") + std::string(31, 'x')),     // a short sha2-256
        encode_multibase(Multibase::base32, from_hex("01551220") + std::string(33, 'x')),     // a byte too many
        encode_multibase(Multibase::base32, from_hex("015500ff01") + std::string(255, 'x')),  // an identity bomb
        encode_multibase(Multibase::base32,
                         from_hex("81005512") + " " + std::string(32, 'x')),  // a version in a longer form
        encode_multibase(Multibase::base32,
                         from_hex("01551e04") + std::string(4, 'x'))}) {  // a digest that can be forged
    EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {}, [&] { Cid::parse(text); })) << text;
  }
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"version 0"},
                           [] { Cid::of(0, Codec::raw, HashFunction::sha2_256, "x"); }));
}

}  // namespace
}  // namespace accelerate::store
