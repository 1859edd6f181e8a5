#pragma once
// Lines of `mo` text, taken apart.
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace accelerate::max_engine {

/// "%r = NAME(%a, %b) {attributes} : (types) -> type loc(unknown)".
struct TextLine {
  size_t number = 0;  // from 1
  std::string result;
  std::string name;
  std::vector<std::string> operands;
  /// What stands behind "NAME =" up to the attribute's end, such as "1 : index" or "#mosh<ape[d0, 8]> : !mosh.ape".
  std::map<std::string, std::string> attributes;
  std::vector<std::string> operand_types;
  std::string result_type;

  /// Errors: invalid_graph that names the line.
  [[noreturn]] void bad(std::string_view expected) const;
  const std::string& attribute(const std::string& name) const;
  int64_t integer(const std::string& name) const;
  bool boolean(const std::string& name) const;
};

/// Errors: invalid_graph.
TextLine parse_line(std::string_view text, size_t number);

/// The parts of a list at top level: commas inside brackets do not count.
std::vector<std::string> split_list(std::string_view text);

/// "!mo.tensor<[d0, add(d1, 2)], f32>". Errors: invalid_graph.
TensorType parse_type(std::string_view text, const TextLine& line);
/// "d0, add(d1, 2), 8" of brackets. Errors: invalid_graph.
Shape parse_dims(std::string_view text, const TextLine& line);
/// The extents of "#mosh<ape[...]> : !mosh.ape".
Shape parse_ape(std::string_view text, const TextLine& line);
/// The tensor of "#M.dense_array<...> : tensor<...>". Errors: invalid_graph.
Tensor parse_array(std::string_view text, const TextLine& line);

}  // namespace accelerate::max_engine
