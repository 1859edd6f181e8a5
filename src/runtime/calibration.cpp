#include "runtime/calibration.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/cache_folder.h"
#include "base/error.h"
#include "base/json.h"
#include "base/seal.h"

namespace accelerate {
namespace {

constexpr const char* kPurpose = "calibration";

std::filesystem::path file_of(const std::string& graph_hash, int num_threads) {
  return cache_root() / "calibration" / fmt::format("{}-{}-{}.json", graph_hash, machine_key(), num_threads);
}

}  // namespace

std::string Calibration::to_string() const {
  std::string out;
  for (const Time& t : times) out += fmt::format("{}{} {:.2f} ms", out.empty() ? "" : ", ", t.device, t.ms);
  return out;
}

void remember_calibration(const std::string& graph_hash, int num_threads, std::vector<Calibration::Time> times) {
  if (times.empty()) fail(ErrorCode::invalid_argument, "there are no times to remember");
  std::stable_sort(times.begin(), times.end(), [](const auto& a, const auto& b) { return a.ms < b.ms; });
  std::filesystem::path path = file_of(graph_hash, num_threads);
  if (auto why = prepare_private_folder(path.parent_path()))
    fail(ErrorCode::io_error, "times cannot be kept: {}", *why);
  Json list = Json::array();
  for (const auto& t : times) list.push_back({{"device", t.device}, {"ms", t.ms}});
  Sealer::of_this_machine().write(path, kPurpose, list.dump(2) + "\n");
}

std::optional<Calibration> recall_calibration(const std::string& graph_hash, int num_threads) {
  if (cache_root().empty()) return std::nullopt;
  std::filesystem::path path = file_of(graph_hash, num_threads);
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  try {
    auto text = Sealer::of_this_machine().read(path, kPurpose);
    if (!text) return std::nullopt;
    Calibration out;
    for (const Json& entry : parse_json(*text, "times")) {
      Calibration::Time time{entry.at("device").get<std::string>(), entry.at("ms").get<double>()};
      if (!std::isfinite(time.ms)) return std::nullopt;
      out.times.push_back(std::move(time));
    }
    if (out.times.empty()) return std::nullopt;
    return out;
  } catch (const std::exception&) {
    return std::nullopt;  // measured again some day; until then as if it had never been
  }
}

}  // namespace accelerate
