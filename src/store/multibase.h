#pragma once
#include <string>
#include <string_view>

namespace accelerate::store {

/// Text forms of bytes, by their multibase prefix.
enum class Multibase : char {
  base16 = 'f',
  base32 = 'b',
  base36 = 'k',
  base58btc = 'z',
  base64url = 'u',
};

/// The bytes in a base, without the prefix; base32 and base64url have no padding.
std::string encode_base(Multibase base, std::string_view bytes);
/// The inverse; upper case is accepted by base16, base32 and base36. Longest text: 4096 characters.
/// Errors: invalid_argument for a character outside the alphabet, left-over bits, or a text that is too long.
std::string decode_base(Multibase base, std::string_view text);

/// With the prefix. Source: multiformats/multibase.
std::string encode_multibase(Multibase base, std::string_view bytes);
/// Errors: invalid_argument, also for an unknown prefix and for a text that is not all in one case where case means
/// nothing.
std::string decode_multibase(std::string_view text);

}  // namespace accelerate::store
