#pragma once
// What `auto` knows: times of one graph on the devices of this machine, measured once and kept.
#include <optional>
#include <string>
#include <vector>

namespace accelerate {

struct Calibration {
  struct Time {
    std::string device;
    double ms = 0;
  };
  std::vector<Time> times;  // fastest first

  /// "openvino 5.10 ms, cpu 7.21 ms".
  std::string to_string() const;
};

/// Keeps the times of a graph (its identity hash) for this machine and number of threads, in place of earlier ones.
/// Errors: io_error; invalid_argument if there are none.
void remember_calibration(const std::string& graph_hash, int num_threads, std::vector<Calibration::Time> times);

/// What was remembered; nothing if nothing was, or if the file is not this user's or cannot be understood.
std::optional<Calibration> recall_calibration(const std::string& graph_hash, int num_threads);

}  // namespace accelerate
