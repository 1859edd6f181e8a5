#pragma once
#include <string>
#include <string_view>

#include "preprocess/text/tokenizers_c.h"

namespace accelerate::crate {

inline at_text text_of(std::string_view text) {
  return {text.data(), text.size()};
}

/// Copies and frees.
inline std::string take(at_string string) {
  std::string out(string.data, string.size);
  at_string_free(string);
  return out;
}

}  // namespace accelerate::crate
