#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"
#include "error_matchers.h"
#include "store/multibase.h"
#include "store/trust.h"
#include "temporary_folder.h"

namespace accelerate::store {
namespace {

using test::TemporaryFolder;
using test::throws_error;

const Cid kCid = Cid::of(1, Codec::raw, HashFunction::sha2_256, "a model");

std::string hex(std::string_view text) {
  return decode_base(Multibase::base16, text);
}

TEST(StoreSignature, KnownAnswers) {
  // RFC 8032, section 7.1, tests 1 and 2.
  const auto key = [](std::string_view raw) {
    return "did:key:" + encode_multibase(Multibase::base58btc, "\xed\x01" + hex(raw));
  };
  const std::string first = key("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  const std::string one = hex(
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
      "655141438e7a100b");
  EXPECT_TRUE(verify_signature(first, "", one));
  EXPECT_FALSE(verify_signature(first, "x", one));
  EXPECT_FALSE(verify_signature(first, "", one.substr(1)));
  const std::string second = key("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  EXPECT_TRUE(verify_signature(second, "\x72",
                               hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e45"
                                   "8f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")));
  EXPECT_FALSE(verify_signature(second, "", one));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {}, [] { check_public_key("z6Mk"); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {}, [&] { check_public_key(first + "1"); }));
}

TEST(StoreSignature, RecordSaysWhoPublishedWhat) {
  const SigningKey key = SigningKey::generate();
  const std::string record = sign_publication(key, kCid, "na\"me");
  const Publication found = verify_publication(record);
  EXPECT_EQ(found.cid, kCid);
  EXPECT_EQ(found.name, "na\"me");
  EXPECT_EQ(found.signers, std::vector{key.public_text()});
  // Any change of what is signed, of the key or of the signature.
  for (size_t i = 0; i < record.size(); i += 7) {
    std::string damaged = record;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    try {
      const Publication other = verify_publication(damaged);
      ADD_FAILURE() << "accepted with a change at " << i << ": " << other.signers[0];
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::invalid_model) << i;
    }
  }
  for (const char* wrong : {"", "[]", "{}", R"({"payloadType":"x","payload":"","signatures":[]})"}) {
    EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {}, [&] { verify_publication(wrong); })) << wrong;
  }
}

TEST(StoreSignature, KeysAreFilesOfTheirOwner) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "key.pem";
  const SigningKey key = SigningKey::generate();
  key.save(file);
  EXPECT_EQ(SigningKey::load(file).public_text(), key.public_text());
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {}, [&] { key.save(file); }));
  ASSERT_EQ(chmod(file.c_str(), 0640), 0);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {}, [&] { SigningKey::load(file); }));
  folder.write("nonsense.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  ASSERT_EQ(chmod((folder.path() / "nonsense.pem").c_str(), 0600), 0);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {}, [&] { SigningKey::load(folder.path() / "nonsense.pem"); }));
}

TEST(StoreSignature, PolicyAsksForATrustedKey) {
  const TemporaryFolder folder;
  const auto store = Store::open(folder.path() / "store");
  store->put(kCid, "a model");
  const SigningKey friendly = SigningKey::generate();
  const SigningKey stranger = SigningKey::generate();
  const auto file = folder.path() / "trust.json";
  TrustPolicy policy = TrustPolicy::load(file);
  EXPECT_EQ(policy.check(*store, kCid), "");
  policy.require_signature = true;
  policy.keys = {{friendly.public_text(), "a friend"}};
  policy.save(file);
  const TrustPolicy loaded = TrustPolicy::load(file);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {}, [&] { loaded.check(*store, kCid); }));
  store->add_signature(kCid, sign_publication(stranger, kCid, "m"));
  // A record of another CID proves nothing about this one.
  store->add_signature(kCid, sign_publication(friendly, Cid::of(1, Codec::raw, HashFunction::sha2_256, "x"), "m"));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {}, [&] { loaded.check(*store, kCid); }));
  store->add_signature(kCid, sign_publication(friendly, kCid, "m"));
  EXPECT_EQ(loaded.check(*store, kCid), "a friend");
  const GatewayReply reply = answer_signatures(*store, {"GET", "/signatures/" + kCid.text(), "", "", ""});
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find(stranger.public_text()), std::string::npos);
  EXPECT_EQ(answer_signatures(*store, {"GET", "/signatures/nonsense", "", "", ""}).status, 400);
  // They go with what they are about.
  store->gc();
  EXPECT_TRUE(store->signatures(kCid).empty());
  for (const char* wrong : {"", "{}", R"({"require_signature": 1, "keys": []})",
                            R"({"require_signature": false, "keys": [{"key": "x"}]})"}) {
    write_file_atomic(file, wrong);
    EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {}, [&] { TrustPolicy::load(file); })) << wrong;
  }
}

}  // namespace
}  // namespace accelerate::store
