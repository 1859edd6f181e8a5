// Any program of a torch.export archive either becomes a graph that the verifier accepts, or gives an Error that is the
// model's. The bytes are the JSON of the program: what surrounds it is the business of the target "zip".
#include <stdlib.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "graph/graph.h"
#include "import/pt2/pt2.h"
#include "tests/unit/zip_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace accelerate;
  static const std::string path = [] {
    std::string name = "/tmp/accelerate_fuzz_XXXXXX";
    const int file = mkstemp(name.data());
    if (file < 0) std::abort();
    close(file);
    return name;
  }();
  const std::string archive = test::zip_of({{"m/models/model.json", {reinterpret_cast<const char*>(data), size}}});
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || std::fwrite(archive.data(), 1, archive.size(), file) != archive.size()) std::abort();
  std::fclose(file);
  auto weights = std::make_shared<MemoryWeights>();
  weights->add("fc.weight", Tensor::zeros(DType::f32, {3, 2}));
  try {
    verify(import::open_pt2(MappedFile::open(path), weights).program);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::internal || e.code() == ErrorCode::io_error) std::abort();
  }
  return 0;
}
