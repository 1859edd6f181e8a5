#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "runtime/session.h"

namespace accelerate {

const std::vector<std::string>& known_devices() {
  static const std::vector<std::string> names = {"mojo_max", "max",    "mojo",  "cuda", "rocm",     "mps",
                                                 "openvino", "webgpu", "webnn", "cpu",  "reference"};
  return names;
}

DeviceRequest resolve_device(const std::string& device, const std::function<const char*(const char*)>& environment) {
  std::string name = device.empty() ? "auto" : device;
  std::string source = "--device";
  if (name == "auto") {
    const char* asked = environment("ACCELERATE_DEVICE");
    if (asked != nullptr && *asked != '\0') {
      name = asked;
      source = "ACCELERATE_DEVICE";
    } else if (const char* flag = environment("USE_MOJO_MAX_TARGET")) {
      std::string value = flag;
      std::transform(value.begin(), value.end(), value.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      if (value == "1" || value == "true" || value == "yes") name = "mojo_max";
    }
  }
  DeviceRequest out;
  out.requested = name;
  std::string base = name.substr(0, name.find(':'));
  if (base.size() < name.size()) out.device_part = name.substr(base.size() + 1);
  if (base == "auto") return out;
  const auto& known = known_devices();
  if (std::find(known.begin(), known.end(), base) == known.end()) {
    std::string list = "auto";
    for (const std::string& k : known) list += ", " + k;
    fail(ErrorCode::invalid_argument, "{} is \"{}\"; expected one of: {}", source, printable(name), list);
  }
  if (base == "mojo_max") {
    out.backends = {"max", "mojo"};
  } else {
    out.backends = {base};
  }
  return out;
}

}  // namespace accelerate
