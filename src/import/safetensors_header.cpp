#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_set>

#include "base/error.h"
#include "base/json.h"
#include "import/safetensors.h"

namespace accelerate::import {
namespace {

constexpr size_t kPrefixBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the reference implementation
constexpr size_t kMaxRank = 64;

struct DTypeName {
  std::string_view name;
  DType dtype;
};
constexpr std::array<DTypeName, 16> kDTypeNames = {{{"F64", DType::f64},
                                                    {"F32", DType::f32},
                                                    {"F16", DType::f16},
                                                    {"BF16", DType::bf16},
                                                    {"F8_E4M3", DType::f8e4m3},
                                                    {"F8_E5M2", DType::f8e5m2},
                                                    {"I64", DType::i64},
                                                    {"I32", DType::i32},
                                                    {"I16", DType::i16},
                                                    {"I8", DType::i8},
                                                    {"U64", DType::u64},
                                                    {"U32", DType::u32},
                                                    {"U16", DType::u16},
                                                    {"U8", DType::u8},
                                                    {"BOOL", DType::boolean},
                                                    {"C64", DType::c64}}};

/// Receives the header's JSON event by event, so that memory grows with the tensors alone, whatever the text holds.
class HeaderReader {
 public:
  HeaderReader(std::string_view what, SafetensorsHeader& header) : what_(printable(what)), header_(header) {}

  // What nlohmann's SAX parser calls.
  bool null() { return unexpected("null"); }
  bool boolean(bool value) { return unexpected(value ? "true" : "false"); }
  bool number_integer(int64_t value) { return unexpected(std::to_string(value)); }
  bool number_unsigned(uint64_t value) {
    if (state_ == State::shape) {
      if (value > static_cast<uint64_t>(INT64_MAX)) return unexpected(std::to_string(value));
      if (entry_.shape.size() == kMaxRank) refuse("its shape has more than {} extents", kMaxRank);
      entry_.shape.push_back(static_cast<int64_t>(value));
      return true;
    }
    if (state_ == State::offsets) {
      if (num_offsets_ == 2) refuse("its data_offsets has more than two numbers");
      offsets_[num_offsets_++] = value;
      return true;
    }
    return unexpected(std::to_string(value));
  }
  bool number_float(double, const std::string& text) { return unexpected(text); }
  bool string(std::string& value) {
    if (state_ == State::metadata) {
      header_.metadata[key_] = value;
      return true;
    }
    if (state_ != State::tensor || key_ != "dtype") return unexpected(fmt::format("\"{}\"", value));
    const auto known = std::find_if(kDTypeNames.begin(), kDTypeNames.end(),
                                    [&](const DTypeName& candidate) { return candidate.name == value; });
    if (known == kDTypeNames.end()) {
      std::string names;
      for (const DTypeName& candidate : kDTypeNames) names += fmt::format(" {}", candidate.name);
      refuse("its dtype is '{}'; supported:{}", printable(value), names);
    }
    entry_.dtype = known->dtype;
    has_dtype_ = true;
    return true;
  }
  bool binary(std::vector<uint8_t>&) { return unexpected("binary data"); }
  bool start_object(size_t) {
    if (state_ == State::start) {
      state_ = State::top;
    } else if (state_ == State::top) {
      state_ = key_ == "__metadata__" ? State::metadata : State::tensor;
    } else {
      return unexpected("an object");
    }
    return true;
  }
  bool end_object() {
    if (state_ == State::tensor) finish_tensor();
    if (state_ == State::metadata) keys_.clear();
    state_ = state_ == State::top ? State::done : State::top;
    return true;
  }
  bool key(std::string& value) {
    key_ = value;
    switch (state_) {
      case State::top:
        entry_ = {};
        entry_.name = value;
        keys_.clear();
        has_dtype_ = has_shape_ = false;
        num_offsets_ = 0;
        if (!names_.insert(value).second) refuse("its name appears twice in the header");
        break;
      case State::tensor:
        if (value != "dtype" && value != "shape" && value != "data_offsets") {
          refuse("it has the field '{}'; expected dtype, shape and data_offsets", printable(value));
        }
        [[fallthrough]];
      default:
        if (!keys_.insert(value).second) refuse("its field '{}' appears twice", printable(value));
    }
    return true;
  }
  bool start_array(size_t) {
    if (state_ == State::tensor && key_ == "shape") {
      state_ = State::shape;
    } else if (state_ == State::tensor && key_ == "data_offsets") {
      state_ = State::offsets;
    } else {
      return unexpected("an array");
    }
    return true;
  }
  bool end_array() {
    if (state_ == State::shape) has_shape_ = true;
    if (state_ == State::offsets && num_offsets_ != 2)
      refuse("its data_offsets has {} numbers; expected two", num_offsets_);
    state_ = State::tensor;
    return true;
  }
  bool parse_error(size_t position, const std::string&, const Json::exception& error) {
    std::string_view reason = error.what();
    if (const size_t end = reason.find("] "); end != std::string_view::npos) reason.remove_prefix(end + 2);
    refuse("the header is not valid JSON at byte {}: {}", position, printable(reason));
  }

 private:
  enum class State { start, top, tensor, shape, offsets, metadata, done };

  template <typename... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    const std::string reason = fmt::format(format, std::forward<Args>(args)...);
    if (entry_.name.empty()) fail(ErrorCode::invalid_weights, "{}: {}", what_, reason);
    fail(ErrorCode::invalid_weights, "{}: tensor '{}': {}", what_, printable(entry_.name), reason);
  }

  bool unexpected(std::string_view value) const {
    const std::string found = printable(value, 80);
    switch (state_) {
      case State::start:
      case State::done: refuse("the header is {}; expected a JSON object", found);
      case State::top: refuse("it is {}; expected an object", found);
      case State::shape: refuse("its shape holds {}; expected integers in [0, 2^63)", found);
      case State::offsets: refuse("its data_offsets holds {}; expected integers in [0, 2^64)", found);
      case State::metadata: refuse("'{}' is {}; expected a string", printable(key_), found);
      case State::tensor: break;
    }
    refuse("its {} is {}; expected {}", printable(key_), found, key_ == "dtype" ? "a string" : "an array");
  }

  void finish_tensor() {
    if (!has_dtype_ || !has_shape_ || num_offsets_ != 2) {
      refuse("it has no {}", !has_dtype_ ? "dtype" : !has_shape_ ? "shape" : "data_offsets");
    }
    uint64_t size = size_of(entry_.dtype);
    for (const int64_t extent : entry_.shape) {
      if (__builtin_mul_overflow(size, static_cast<uint64_t>(extent), &size)) {
        refuse("its shape {} of {} overflows 64 bits", to_string(entry_.shape), name_of(entry_.dtype));
      }
    }
    if (offsets_[0] > offsets_[1] || offsets_[1] - offsets_[0] != size) {
      refuse("its shape {} of {} takes {} bytes, but its data_offsets are [{}, {}]", to_string(entry_.shape),
             name_of(entry_.dtype), size, offsets_[0], offsets_[1]);
    }
    entry_.begin = offsets_[0];
    entry_.size_bytes = size;
    header_.tensors.push_back(std::move(entry_));
    entry_ = {};
  }

  std::string what_;
  SafetensorsHeader& header_;
  State state_ = State::start;
  std::string key_;
  SafetensorsEntry entry_;
  bool has_dtype_ = false;
  bool has_shape_ = false;
  std::array<uint64_t, 2> offsets_{};
  size_t num_offsets_ = 0;
  std::unordered_set<std::string> names_;
  std::unordered_set<std::string> keys_;
};

/// Orders the tensors by place, checks that they fill [0, data_bytes), and makes their places relative to the file.
void check_layout(std::vector<SafetensorsEntry>& tensors, size_t data_begin, size_t data_bytes, std::string_view what) {
  std::sort(tensors.begin(), tensors.end(), [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
    return std::tie(a.begin, a.size_bytes, a.name) < std::tie(b.begin, b.size_bytes, b.name);
  });
  size_t expected = 0;
  const SafetensorsEntry* previous = nullptr;
  for (SafetensorsEntry& entry : tensors) {
    if (entry.begin + entry.size_bytes > data_bytes) {
      fail(ErrorCode::invalid_weights,
           "{}: tensor '{}' ends at byte {} of the data, but the file has {}: it is truncated; fetch it again",
           printable(what), printable(entry.name), entry.begin + entry.size_bytes, data_bytes);
    }
    if (entry.begin < expected) {
      fail(ErrorCode::invalid_weights, "{}: tensor '{}' at byte {} overlaps tensor '{}', which ends at {}",
           printable(what), printable(entry.name), entry.begin, printable(previous->name), expected);
    }
    if (entry.begin > expected) {
      fail(ErrorCode::invalid_weights, "{}: {} bytes before tensor '{}' belong to no tensor", printable(what),
           entry.begin - expected, printable(entry.name));
    }
    expected = entry.begin + entry.size_bytes;
    previous = &entry;
  }
  if (expected != data_bytes) {
    fail(ErrorCode::invalid_weights, "{}: the last {} bytes belong to no tensor", printable(what),
         data_bytes - expected);
  }
  for (SafetensorsEntry& entry : tensors) entry.begin += data_begin;
}

}  // namespace

SafetensorsHeader parse_safetensors(std::span<const std::byte> file, std::string_view what) {
  if (file.size() < kPrefixBytes) {
    fail(ErrorCode::invalid_weights, "{} has {} bytes; a safetensors file has at least {}", printable(what),
         file.size(), kPrefixBytes);
  }
  uint64_t header_bytes = 0;
  for (size_t i = 0; i < kPrefixBytes; ++i) header_bytes |= static_cast<uint64_t>(file[i]) << (8 * i);
  if (header_bytes > kMaxHeaderBytes) {
    fail(ErrorCode::invalid_weights,
         "{}: the header claims {} bytes; expected at most {}: this is no safetensors file, or it is damaged",
         printable(what), header_bytes, kMaxHeaderBytes);
  }
  if (header_bytes > file.size() - kPrefixBytes) {
    fail(ErrorCode::invalid_weights,
         "{}: the header claims {} bytes, but the file has {}: it is truncated; fetch it again", printable(what),
         header_bytes, file.size());
  }
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + kPrefixBytes, header_bytes);
  if (!text.starts_with('{')) {
    fail(ErrorCode::invalid_weights, "{}: the header begins with '{}'; expected '{{'", printable(what),
         printable(text.substr(0, 1)));
  }
  SafetensorsHeader header;
  HeaderReader reader(what, header);
  Json::sax_parse(text.begin(), text.end(), &reader);
  check_layout(header.tensors, kPrefixBytes + header_bytes, file.size() - kPrefixBytes - header_bytes, what);
  return header;
}

std::string safetensors_bytes(const std::map<std::string, Tensor>& tensors) {
  Json header = Json::object();
  size_t size = 0;
  for (const auto& [name, tensor] : tensors) {
    auto found = std::find_if(kDTypeNames.begin(), kDTypeNames.end(),
                              [&](const DTypeName& known) { return known.dtype == tensor.dtype(); });
    if (found == kDTypeNames.end())
      fail(ErrorCode::invalid_dtype, "tensor {} is {}; safetensors files have no such type", printable(name),
           name_of(tensor.dtype()));
    header[name] = {{"dtype", std::string(found->name)},
                    {"shape", tensor.shape()},
                    {"data_offsets", {size, size + tensor.size_bytes()}}};
    size += tensor.size_bytes();
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');  // data begins at a multiple of 8
  std::string out;
  out.reserve(kPrefixBytes + text.size() + size);
  for (size_t i = 0; i < kPrefixBytes; ++i) out += static_cast<char>((text.size() >> (8 * i)) & 0xffU);
  out += text;
  for (const auto& [name, tensor] : tensors) out.append(static_cast<const char*>(tensor.data()), tensor.size_bytes());
  return out;
}

}  // namespace accelerate::import
