#include "store/hub_etag.h"

#include <openssl/evp.h>

#include <memory>

#include "base/error.h"
#include "store/store_impl.h"

namespace accelerate::store {
namespace {

constexpr size_t kReadBytes = 1 << 20;
constexpr size_t kSha256Digits = 64;
constexpr size_t kGitDigits = 40;

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// The digest, in hexadecimal, of a prefix and a file.
std::string digest_of(const EVP_MD* function, std::string_view prefix, const PlainFile& file, uint64_t size,
                      const CallLimits& limits) {
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  std::string buffer(kReadBytes, '\0');
  bool good = context && EVP_DigestInit_ex(context.get(), function, nullptr) == 1 &&
              EVP_DigestUpdate(context.get(), prefix.data(), prefix.size()) == 1;
  for (uint64_t at = 0; good && at < size;) {
    limits.check();
    const size_t n = std::min<uint64_t>(buffer.size(), size - at);
    file.read_at(at, std::span(buffer).first(n));
    good = EVP_DigestUpdate(context.get(), buffer.data(), n) == 1;
    at += n;
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int digest_size = 0;
  if (!good || EVP_DigestFinal_ex(context.get(), digest, &digest_size) != 1) {
    fail(ErrorCode::internal, "OpenSSL failed to hash; check that its default provider is enabled");
  }
  return encode_base(Multibase::base16, std::string_view(reinterpret_cast<const char*>(digest), digest_size));
}

class FileBytes : public ByteSource {
 public:
  FileBytes(const PlainFile& file, const CallLimits& limits)
      : file_(file), limits_(limits), size_bytes_(file.stamp().size_bytes) {}
  uint64_t size_bytes() const override { return size_bytes_; }
  void read_at(uint64_t offset, std::span<char> into) override {
    limits_.check();
    file_.read_at(offset, into);
  }

 private:
  const PlainFile& file_;
  const CallLimits& limits_;
  uint64_t size_bytes_;
};

class NoSink : public BlockSink {
 public:
  void put(const Cid&, std::string_view) override {}
  void put_leaf(const Cid&, const LeafPlace&) override {}
};

}  // namespace

HubEtag HubEtag::parse(std::string_view header) {
  std::string_view text = header;
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  HubEtag out;
  out.text_ = std::string(text);
  if (text.size() == kSha256Digits && is_hex(text)) {
    out.kind_ = Kind::sha256;
  } else if (text.size() == kGitDigits && is_hex(text)) {
    out.kind_ = Kind::git;
  } else {
    try {
      out.text_ = Cid::parse(text).text();
      out.kind_ = Kind::cid;
    } catch (const Error&) {
      fail(ErrorCode::invalid_model,
           "the ETag \"{}\" is neither a SHA-256, a Git hash nor a CID; what it names could not be verified",
           printable(header));
    }
  }
  return out;
}

bool HubEtag::matches(const std::filesystem::path& path, const CallLimits& limits) const {
  const PlainFile file(path);
  const uint64_t size = file.stamp().size_bytes;
  switch (kind_) {
    case Kind::sha256: return digest_of(EVP_sha256(), "", file, size, limits) == text_;
    case Kind::git:
      return digest_of(EVP_sha1(), fmt::format("blob {}", size) + std::string(1, '\0'), file, size, limits) == text_;
    case Kind::cid: break;
  }
  // The settings that a tree was made with are not part of its CID: those of the two profiles are tried.
  FileBytes bytes(file, limits);
  Executor executor;
  NoSink sink;
  for (const std::string_view profile : {"unixfs-v1-2025", "unixfs-v0-2015"}) {
    if (import_file(bytes, ImportOptions::profile(profile), executor, sink, {}).cid.text() == text_) return true;
  }
  return false;
}

}  // namespace accelerate::store
