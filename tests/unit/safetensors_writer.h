#pragma once
#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace accelerate::test {

/// A safetensors file with this header text and data, whatever they hold.
inline std::string safetensors_bytes(std::string_view header, std::string_view data) {
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>((static_cast<uint64_t>(header.size()) >> (8 * i)) & 0xffU);
  return file.append(header).append(data);
}

struct NamedTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;
};

/// A well-formed file of f32 tensors.
inline std::string safetensors_of(const std::vector<NamedTensor>& tensors) {
  std::string header = "{";
  std::string data;
  for (const NamedTensor& tensor : tensors) {
    const size_t begin = data.size();
    data.append(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * sizeof(float));
    std::string shape;
    for (const int64_t extent : tensor.shape) shape += fmt::format("{}{}", shape.empty() ? "" : ",", extent);
    header += fmt::format(R"({}"{}":{{"dtype":"F32","shape":[{}],"data_offsets":[{},{}]}})",
                          header.size() > 1 ? "," : "", tensor.name, shape, begin, data.size());
  }
  return safetensors_bytes(header + "}", data);
}

}  // namespace accelerate::test
