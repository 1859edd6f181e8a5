// Our side of bench/compare.py: a model loaded once, driven line by line on stdin (see bench/engine_worker.py).
// Usage: bench_worker MODEL_FOLDER INPUTS.safetensors THREADS | bench_worker --peak THREADS
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/error.h"
#include "base/json.h"
#include "bench/fma_peak.h"
#include "import/open.h"
#include "import/safetensors.h"
#include "runtime/session.h"

namespace accelerate::bench {
namespace {

void answer(const Json& json) {
  std::cout << json.dump() << std::endl;  // flushed: the other side waits for the line
}

/// f32 tensors under the names "0", "1", ...
void write_outputs(const std::string& path, const std::vector<Tensor>& tensors) {
  Json header = Json::object();
  size_t offset = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    header[std::to_string(i)] = {
        {"dtype", "F32"}, {"shape", tensors[i].shape()}, {"data_offsets", {offset, offset + tensors[i].size_bytes()}}};
    offset += tensors[i].size_bytes();
  }
  std::string text = header.dump();
  uint64_t length = text.size();
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&length), sizeof length);
  file << text;
  for (const Tensor& t : tensors)
    file.write(static_cast<const char*>(t.data()), static_cast<std::streamsize>(t.size_bytes()));
  if (!file.flush()) fail(ErrorCode::io_error, "cannot write {}", path);
}

int run(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--peak") {
    Executor executor({.num_threads = std::atoi(argv[2])});
    std::vector<double> rates(static_cast<size_t>(executor.num_threads()));
    executor.parallel_for(executor.num_threads(),
                          [&](int64_t task, int) { rates[static_cast<size_t>(task)] = measure_fma_gflops(); });
    double sum = 0;
    for (double r : rates) sum += r;
    answer({{"gflops", sum}});
    return 0;
  }
  if (argc != 4) {
    std::fprintf(stderr, "usage: bench_worker MODEL_FOLDER INPUTS.safetensors THREADS | bench_worker --peak THREADS\n");
    return 2;
  }
  auto opened = import::open(argv[1]);
  SessionOptions options;
  options.device = "cpu";
  options.dtype = "f32";
  options.threads.num_threads = std::atoi(argv[3]);
  InferenceSession session(options);
  Model model = session.load(opened.program, opened.weights);
  std::filesystem::path inputs_path = argv[2];
  auto file = import::SafetensorsSource::open(*open_folder(inputs_path.parent_path()), inputs_path.filename().string());
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < model.graph().inputs().size(); ++i) inputs.push_back(file->read(model.graph().input_name(i)));
  auto outputs = model.execute(std::span<const Tensor>(inputs));
  answer({{"ready", true},
          {"version", fmt::format("isa {}, {} threads", model.report().isa, model.report().num_threads)}});
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    if (command == "run") {
      int count = 0;
      words >> count;
      std::vector<double> times;
      for (int i = 0; i < count; ++i) {
        auto begin = std::chrono::steady_clock::now();
        model.execute_into(inputs, outputs);
        times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
      }
      answer({{"ms", times}});
    } else if (command == "outputs") {
      std::string path;
      words >> path;
      write_outputs(path, outputs);
      answer({{"written", true}});
    } else {
      break;
    }
  }
  return 0;
}

}  // namespace
}  // namespace accelerate::bench

int main(int argc, char** argv) {
  try {
    return accelerate::bench::run(argc, argv);
  } catch (const accelerate::Error& error) {
    std::fprintf(stderr, "error[%s]: %s\n", std::string(accelerate::name_of(error.code())).c_str(), error.what());
    return accelerate::exit_code_of(error.code());
  }
}
