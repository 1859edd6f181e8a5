#include "store/signature.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>

#include "base/error.h"
#include "base/json.h"
#include "base/open_file.h"
#include "store/multibase.h"

namespace accelerate::store {
namespace {

constexpr std::string_view kPayloadType = "application/vnd.in-toto+json";
constexpr std::string_view kStatementType = "https://in-toto.io/Statement/v1";
constexpr std::string_view kPredicateType = "urn:ipfs-accelerate:publication:1";
constexpr std::string_view kDidKey = "did:key:";
/// multicodec ed25519-pub as a varint.
constexpr std::string_view kKeyCodec = "\xed\x01";
constexpr size_t kKeyBytes = 32;
constexpr size_t kSignatureBytes = 64;
constexpr size_t kMaxSignatures = 16;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

[[noreturn]] void fail_crypto(std::string_view doing) {
  fail(ErrorCode::internal, "OpenSSL failed to {}; check that its default provider is enabled", doing);
}

std::string key_bytes(std::string_view text) {
  if (text.starts_with(kDidKey)) {
    try {
      const std::string bytes = decode_multibase(text.substr(kDidKey.size()));
      if (bytes.starts_with(kKeyCodec) && bytes.size() == kKeyCodec.size() + kKeyBytes) {
        return bytes.substr(kKeyCodec.size());
      }
    } catch (const Error&) {
      // The message below says what is expected.
    }
  }
  fail(ErrorCode::invalid_argument, "\"{}\" is no public key; expected did:key:z6Mk... of Ed25519", printable(text));
}

std::string encode_base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(bytes), static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(size));
  return out;
}

/// With padding, and only in its canonical form.
std::string decode_base64(const std::string& text, std::string_view what) {
  std::string out(text.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(text), static_cast<int>(text.size()));
  if (size >= 0 && text.size() % 4 == 0) {
    const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    out.resize(static_cast<size_t>(size) - std::min(padding, static_cast<size_t>(size)));
    if (encode_base64(out) == text) return out;
  }
  fail(ErrorCode::invalid_model, "{} is not base64", what);
}

/// What is signed. Source: DSSE, pre-authentication encoding.
std::string signed_text(std::string_view type, std::string_view payload) {
  return fmt::format("DSSEv1 {} {} {} {}", type.size(), type, payload.size(), payload);
}

std::string now_text() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

const Json& member(const Json& object, const char* name, Json::value_t type) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (!object.is_object() || found == object.end() || found->type() != type) {
    fail(ErrorCode::invalid_model, "a signature record has no {} of the expected kind", name);
  }
  return *found;
}

Publication read_statement(const std::string& payload) {
  const Json statement = parse_json(payload, "the statement of a signature record", 16);
  const Json& subjects = member(statement, "subject", Json::value_t::array);
  if (member(statement, "_type", Json::value_t::string) != kStatementType ||
      member(statement, "predicateType", Json::value_t::string) != kPredicateType || subjects.size() != 1) {
    fail(ErrorCode::invalid_model, "a signature record is no publication of one CID");
  }
  Publication out;
  const std::string uri = member(subjects[0], "uri", Json::value_t::string);
  constexpr std::string_view kScheme = "ipfs://";
  try {
    if (uri.starts_with(kScheme)) out.cid = Cid::parse(std::string_view(uri).substr(kScheme.size()));
  } catch (const Error&) {
    // It stays empty.
  }
  if (out.cid.empty()) {
    fail(ErrorCode::invalid_model, "a signature record is about \"{}\"; expected ipfs://CID", printable(uri));
  }
  out.name = member(subjects[0], "name", Json::value_t::string);
  out.published = member(member(statement, "predicate", Json::value_t::object), "published", Json::value_t::string);
  return out;
}

}  // namespace

struct SigningKey::Impl {
  Key key;
};

SigningKey::SigningKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SigningKey::~SigningKey() = default;
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;

SigningKey SigningKey::generate() {
  auto impl = std::make_unique<Impl>();
  impl->key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!impl->key) fail_crypto("make an Ed25519 key");
  return SigningKey(std::move(impl));
}

SigningKey SigningKey::load(const std::filesystem::path& file) {
  struct stat status{};
  if (stat(file.c_str(), &status) == 0 && (status.st_mode & 077) != 0) {
    fail(ErrorCode::invalid_argument, "others may use the private key {}; chmod 600 it", shown(file));
  }
  const std::string pem = read_regular_file(file, file, kMaxRecordBytes);
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  auto impl = std::make_unique<Impl>();
  // No password is asked for.
  const auto no_password = [](char*, int, int, void*) { return 0; };
  if (bio) impl->key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!impl->key || EVP_PKEY_get_base_id(impl->key.get()) != EVP_PKEY_ED25519) {
    fail(ErrorCode::invalid_argument, "{} is no private Ed25519 key in a PEM file without a password", shown(file));
  }
  return SigningKey(std::move(impl));
}

void SigningKey::save(const std::filesystem::path& file) const {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new(BIO_s_mem()));
  char* pem = nullptr;
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), impl_->key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    fail_crypto("write a key");
  }
  const long size = BIO_get_mem_data(bio.get(), &pem);
  const int descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) fail(ErrorCode::io_error, "cannot write {}: {}", shown(file), system_reason(errno));
  const OpenFile opened(descriptor);
  write_all_at(descriptor, 0, {pem, static_cast<size_t>(size)}, file);
  if (fsync(descriptor) != 0) fail(ErrorCode::io_error, "cannot write {}: {}", shown(file), system_reason(errno));
}

std::string SigningKey::public_text() const {
  std::string raw(kKeyBytes, '\0');
  size_t size = raw.size();
  if (EVP_PKEY_get_raw_public_key(impl_->key.get(), reinterpret_cast<unsigned char*>(raw.data()), &size) != 1) {
    fail_crypto("give a public key");
  }
  return std::string(kDidKey) + encode_multibase(Multibase::base58btc, std::string(kKeyCodec) + raw);
}

std::string SigningKey::sign(std::string_view message) const {
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  std::string out(kSignatureBytes, '\0');
  size_t size = out.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, impl_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes_of(message),
                     message.size()) != 1) {
    fail_crypto("sign");
  }
  return out;
}

void check_public_key(std::string_view text) {
  key_bytes(text);
}

bool verify_signature(std::string_view public_text, std::string_view message, std::string_view signature) {
  const std::string raw = key_bytes(public_text);
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(raw), raw.size()));
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  if (!key || !context || EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1) {
    fail_crypto("check a signature");
  }
  return signature.size() == kSignatureBytes &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) == 1;
}

std::string sign_publication(const SigningKey& key, const Cid& cid, std::string_view name) {
  const Json statement = {{"_type", kStatementType},
                          {"subject",
                           {{{"name", name},
                             {"uri", "ipfs://" + cid.text()},
                             {"digest", {{"multihash", encode_base(Multibase::base16, cid.hash_bytes())}}}}}},
                          {"predicateType", kPredicateType},
                          {"predicate", {{"published", now_text()}}}};
  const std::string payload = statement.dump(-1, ' ', false, Json::error_handler_t::replace);
  return Json{{"payloadType", kPayloadType},
              {"payload", encode_base64(payload)},
              {"signatures",
               {{{"keyid", key.public_text()}, {"sig", encode_base64(key.sign(signed_text(kPayloadType, payload)))}}}}}
      .dump();
}

Publication verify_publication(std::string_view record) {
  if (record.size() > kMaxRecordBytes) {
    fail(ErrorCode::invalid_model, "a signature record of {} bytes; at most {} are read", record.size(),
         kMaxRecordBytes);
  }
  const Json envelope = parse_json(record, "a signature record", 16);
  if (member(envelope, "payloadType", Json::value_t::string) != kPayloadType) {
    fail(ErrorCode::invalid_model, "a signature record holds another payload than {}", kPayloadType);
  }
  const std::string payload = decode_base64(member(envelope, "payload", Json::value_t::string), "its payload");
  const std::string message = signed_text(kPayloadType, payload);
  const Json& signatures = member(envelope, "signatures", Json::value_t::array);
  if (signatures.size() > kMaxSignatures) {
    fail(ErrorCode::invalid_model, "a signature record with {} signatures; at most {} are read", signatures.size(),
         kMaxSignatures);
  }
  std::vector<std::string> signers;
  for (const Json& one : signatures) {
    const std::string key = member(one, "keyid", Json::value_t::string);
    const std::string signature = decode_base64(member(one, "sig", Json::value_t::string), "its signature");
    try {
      if (verify_signature(key, message, signature)) signers.push_back(key);
    } catch (const Error& e) {
      if (e.code() != ErrorCode::invalid_argument) throw;  // a key of another kind proves nothing
    }
  }
  if (signers.empty()) fail(ErrorCode::invalid_model, "no signature of a signature record holds");
  Publication out = read_statement(payload);
  out.signers = std::move(signers);
  return out;
}

}  // namespace accelerate::store
