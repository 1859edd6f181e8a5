#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "store/ipld.h"

namespace accelerate::store {
namespace {

constexpr std::string_view kWhat = "a dag-json block";
constexpr std::string_view kReserved = "/";

// RFC 4648 base64 without padding.
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view bytes) {
  std::string out = encode_base(Multibase::base64url, bytes);
  std::replace(out.begin(), out.end(), '-', '+');
  std::replace(out.begin(), out.end(), '_', '/');
  return out;
}

std::string from_base64(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 3 / 4);
  uint32_t buffer = 0;
  unsigned held = 0;
  for (const char c : text) {
    const size_t digit = kBase64.find(c);
    if (digit == std::string_view::npos) fail(ErrorCode::invalid_model, "{}: bytes that are not base64", kWhat);
    buffer = (buffer << 6U) | static_cast<uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(buffer >> held);
    buffer &= (1U << held) - 1;
  }
  if (held == 6 || buffer != 0) fail(ErrorCode::invalid_model, "{}: base64 that ends in unused bits", kWhat);
  return out;
}

/// Builds the value from the events of the JSON reader.
class Builder : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(const IpldLimits& limits) : limits_(limits), left_(limits.max_values) {}

  Ipld result;

  bool null() override { return add({}); }
  bool boolean(bool v) override { return add({Ipld::Value(v)}); }
  bool number_integer(number_integer_t v) override {
    return add({Ipld::Value(v < 0 ? IpldInteger{true, static_cast<uint64_t>(-(v + 1))}
                                  : IpldInteger{false, static_cast<uint64_t>(v)})});
  }
  bool number_unsigned(number_unsigned_t v) override { return add({Ipld::Value(IpldInteger{false, v})}); }
  bool number_float(number_float_t v, const string_t& text) override {
    if (text.find_first_of(".eE") == std::string::npos) return add({Ipld::Value(large_integer(text))});
    return add({Ipld::Value(v)});
  }
  bool string(string_t& v) override { return add({Ipld::Value(std::move(v))}); }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return open({Ipld::Value(Ipld::Map())}); }
  bool key(string_t& v) override {
    count();
    keys_.back() = std::move(v);
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(size_t) override { return open({Ipld::Value(Ipld::List())}); }
  bool end_array() override { return close(); }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fail(ErrorCode::invalid_model, "{} is no JSON: byte {} is not as expected", kWhat, position);
  }

 private:
  void count() {
    if (left_-- == 0) fail(ErrorCode::invalid_model, "{} has more than {} values", kWhat, limits_.max_values);
  }

  /// The reader gives numbers beyond 64 bits signed as text.
  static IpldInteger large_integer(std::string_view text) {
    uint64_t magnitude = 0;
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude);
    if (text.starts_with('-') && digits == "18446744073709551616") return {true, ~uint64_t{0}};
    if (error != std::errc() || end != digits.data() + digits.size() || !text.starts_with('-') || magnitude == 0) {
      fail(ErrorCode::invalid_model, "{}: the number {} has more than 64 bits", kWhat, printable(text));
    }
    return {true, magnitude - 1};
  }

  bool open(Ipld container) {
    count();
    if (static_cast<int>(stack_.size()) > limits_.max_depth) {
      fail(ErrorCode::invalid_model, "{} nests deeper than {} values", kWhat, limits_.max_depth);
    }
    stack_.push_back(std::move(container));
    keys_.emplace_back();
    return true;
  }

  bool close() {
    Ipld done = std::move(stack_.back());
    stack_.pop_back();
    keys_.pop_back();
    return place(std::holds_alternative<Ipld::Map>(done.value) ? special(std::move(done)) : std::move(done));
  }

  /// {"/": "CID"} is a link, {"/": {"bytes": "BASE64"}} is bytes; no other map has the key "/".
  static Ipld special(Ipld whole) {
    const Ipld* const reserved = whole.find(kReserved);
    if (reserved == nullptr) return whole;
    if (std::get<Ipld::Map>(whole.value).size() == 1) {
      if (const auto* const text = std::get_if<std::string>(&reserved->value)) {
        try {
          return {Ipld::Value(Cid::parse(*text))};
        } catch (const Error& e) {
          fail(ErrorCode::invalid_model, "{}: {}", kWhat, e.message());
        }
      }
      const Ipld* const bytes = reserved->find("bytes");
      const auto* const text = bytes == nullptr ? nullptr : std::get_if<std::string>(&bytes->value);
      if (text != nullptr && std::get<Ipld::Map>(reserved->value).size() == 1) {
        return {Ipld::Value(IpldBytes{from_base64(*text)})};
      }
    }
    fail(ErrorCode::invalid_model, "{}: a map with the reserved key \"/\" that is neither a link nor bytes", kWhat);
  }

  bool add(Ipld v) {
    count();
    return place(std::move(v));
  }

  bool place(Ipld v) {
    if (stack_.empty()) {
      result = std::move(v);
    } else if (auto* const list = std::get_if<Ipld::List>(&stack_.back().value)) {
      list->push_back(std::move(v));
    } else {
      auto& map = std::get<Ipld::Map>(stack_.back().value);
      if (!map.empty() && map.back().first >= keys_.back()) {
        fail(ErrorCode::invalid_model, "{}: the key \"{}\" is repeated or out of order", kWhat,
             printable(keys_.back()));
      }
      map.emplace_back(keys_.back(), std::move(v));
    }
    return true;
  }

  const IpldLimits& limits_;
  uint64_t left_;
  std::vector<Ipld> stack_;
  std::vector<std::string> keys_;
};

class Encoder {
 public:
  std::string out;

  void value(const Ipld& v) {
    std::visit([this](const auto& x) { write(x); }, v.value);
  }

 private:
  void write(std::nullptr_t) { out += "null"; }
  void write(bool v) { out += v ? "true" : "false"; }
  void write(const IpldInteger& v) {
    if (!v.negative) {
      out += std::to_string(v.magnitude);
    } else if (v.magnitude == ~uint64_t{0}) {
      out += "-18446744073709551616";
    } else {
      out += "-" + std::to_string(v.magnitude + 1);
    }
  }
  void write(double v) {
    if (!std::isfinite(v)) fail(ErrorCode::invalid_argument, "dag-json cannot hold NaN and infinities");
    std::array<char, 400> buffer{};
    // As ECMAScript prints it, but a whole number keeps a point.
    const double size = std::abs(v);
    const auto form =
        size != 0 && (size < 1e-6 || size >= 1e21) ? std::chars_format::scientific : std::chars_format::fixed;
    const char* const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), v, form).ptr;
    std::string text(static_cast<const char*>(buffer.data()), end);
    const size_t e = text.find('e');
    if (e == std::string::npos) {
      if (text.find('.') == std::string::npos) text += ".0";
    } else if (text.size() > e + 3 && text[e + 2] == '0') {
      text.erase(e + 2, 1);
    }
    out += text;
  }
  void write(const std::string& v) {
    if (!is_utf8(v)) fail(ErrorCode::invalid_argument, "\"{}\" is not UTF-8", printable(v));
    out += '"';
    for (const char c : v) {
      switch (c) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\b': out += "\\b"; break;
        case '\f': out += "\\f"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        default:
          if (static_cast<uint8_t>(c) < 0x20) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
          } else {
            out += c;
          }
      }
    }
    out += '"';
  }
  void write(const IpldBytes& v) { out += R"({"/":{"bytes":")" + to_base64(v.value) + R"("}})"; }
  void write(const Cid& v) { out += R"({"/":")" + v.text() + R"("})"; }
  void write(const Ipld::List& v) {
    out += '[';
    for (size_t i = 0; i < v.size(); ++i) {
      if (i > 0) out += ',';
      value(v[i]);
    }
    out += ']';
  }
  void write(const Ipld::Map& v) {
    std::vector<const Ipld::Map::value_type*> sorted;
    for (const auto& item : v) sorted.push_back(&item);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    out += '{';
    for (size_t i = 0; i < sorted.size(); ++i) {
      const std::string& key = sorted[i]->first;
      if (i > 0 && key == sorted[i - 1]->first) {
        fail(ErrorCode::invalid_argument, "the key \"{}\" is twice in a map", printable(key));
      }
      if (key == kReserved) fail(ErrorCode::invalid_argument, "dag-json cannot hold a map with the key \"/\"");
      if (i > 0) out += ',';
      write(key);
      out += ':';
      value(sorted[i]->second);
    }
    out += '}';
  }
};

}  // namespace

Ipld decode_dag_json(std::string_view block, const IpldLimits& limits) {
  Builder builder(limits);
  Json::sax_parse(block, &builder);
  // One value has one text: no spaces, no other escapes, no other forms of a number.
  if (encode_dag_json(builder.result) != block) {
    fail(ErrorCode::invalid_model, "{} is not in canonical form: spaces, escapes or numbers are written otherwise",
         kWhat);
  }
  return std::move(builder.result);
}

std::string encode_dag_json(const Ipld& value) {
  Encoder encoder;
  encoder.value(value);
  return std::move(encoder.out);
}

}  // namespace accelerate::store
