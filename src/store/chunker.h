#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace accelerate::store {

/// Largest chunk: a block with it stays within the 2 MiB that peers exchange.
constexpr uint64_t kMaxChunkBytes = (2U << 20U) - 256;

/// How a file is cut into leaves.
struct ChunkerSpec {
  enum class Kind { fixed, buzhash, rabin };
  Kind kind = Kind::fixed;
  /// Largest chunk; of fixed, the size of all but the last.
  uint64_t max_bytes = 256 << 10;
  uint64_t min_bytes = 0;
  uint64_t average_bytes = 0;

  /// "size-1048576", "buzhash", "rabin", "rabin-AVERAGE", "rabin-MIN-AVERAGE-MAX", as Kubo writes them.
  /// Errors: invalid_argument.
  static ChunkerSpec parse(std::string_view text);
  std::string text() const;
};

/// Finds where chunks end. Chunks depend on nothing before them.
class Chunker {
 public:
  static std::unique_ptr<Chunker> make(const ChunkerSpec& spec);
  virtual ~Chunker() = default;
  /// The size of the chunk at the begin of `bytes`, which are max_bytes of the file, or all that is left; not empty.
  virtual size_t next(std::string_view bytes) const = 0;
};

}  // namespace accelerate::store
