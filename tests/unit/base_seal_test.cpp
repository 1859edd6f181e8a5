#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "base/seal.h"
#include "tests/unit/temporary_folder.h"

namespace accelerate {
namespace {

TEST(Seal, HmacOfTheStandardsVectors) {
  // RFC 4231, cases 1 and 2, and 6 (a key longer than a block).
  EXPECT_EQ(hmac_sha256_hex(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac_sha256_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_sha256_hex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Seal, FitsOneContentOnePurposeAndOneKey) {
  Sealer sealer("key");
  std::string seal = sealer.seal("kernels", "content");
  EXPECT_TRUE(sealer.is_sealed("kernels", "content", seal));
  EXPECT_FALSE(sealer.is_sealed("kernels", "contenu", seal));
  EXPECT_FALSE(sealer.is_sealed("plans", "content", seal));
  EXPECT_FALSE(sealer.is_sealed("kernels", "content", seal.substr(1)));
  EXPECT_FALSE(Sealer("other").is_sealed("kernels", "content", seal));
}

TEST(Seal, AFileIsReadWithItsSealOnly) {
  test::TemporaryFolder folder;
  auto path = folder.path() / "kernel";
  Sealer sealer("key");
  EXPECT_EQ(sealer.read(path, "kernels"), std::nullopt);
  sealer.write(path, "kernels", "content");
  EXPECT_EQ(sealer.read(path, "kernels"), "content");
  write_file_atomic(path, "other");
  EXPECT_EQ(sealer.read(path, "kernels"), std::nullopt);
  sealer.write(path, "kernels", "content");
  std::filesystem::remove(folder.path() / "kernel.seal");
  EXPECT_EQ(sealer.read(path, "kernels"), std::nullopt);
}

TEST(Seal, TheKeyIsOneUsersAlone) {
  test::TemporaryFolder folder;
  setenv("ACCELERATE_CACHE_DIR", folder.path().c_str(), 1);
  std::string seal = Sealer::of_this_machine().seal("a", "b");
  EXPECT_TRUE(Sealer::of_this_machine().is_sealed("a", "b", seal));
  auto key = folder.path() / "key" / "seal.key";
  chmod(key.c_str(), 0644);
  EXPECT_THROW(Sealer::of_this_machine(), Error);
  chmod(key.c_str(), 0600);
  write_file_atomic(key, "short");
  EXPECT_THROW(Sealer::of_this_machine(), Error);
  unsetenv("ACCELERATE_CACHE_DIR");
}

}  // namespace
}  // namespace accelerate
