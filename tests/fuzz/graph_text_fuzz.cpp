// The text form of graphs: any text is refused with Error or gives a graph that prints, parses and hashes again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "graph/graph.h"
#include "ops/registry.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace accelerate;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Program program;
  try {
    program = parse_program(text, ops::registry());
  } catch (const Error&) {
    return 0;
  }
  // What was accepted is canonical after one print, and parses again: an Error here is a fault.
  std::string printed = print(program);
  Program again = parse_program(printed, ops::registry());
  if (print(again) != printed || identity_hash(again) != identity_hash(program)) std::abort();
  return 0;
}
