#include "preprocess/text/vocab_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "preprocess/text/pipeline_json.h"
#include "preprocess/text/utf8.h"

namespace accelerate {
namespace {

using pipeline::append_json_string;

constexpr size_t kMaxVocab = size_t{1} << 22;

std::string read_text(const FileSet& files, std::string_view name) {
  if (!files.contains(name)) {
    fail(ErrorCode::not_found, "{} has neither tokenizer.json nor {}, one of which its tokenizer needs",
         files.description(), name);
  }
  std::string text = files.read(name);
  require_utf8(text, name);
  return text;
}

/// Calls body(line, number) for each line, without its newline; an empty rest after the last newline is no line.
template <typename Body>
void for_each_line(std::string_view text, const Body& body) {
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    body(text.substr(0, end), number++);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
}

void check_count(size_t count, std::string_view name) {
  if (count > kMaxVocab) {
    fail(ErrorCode::invalid_model, "{} has more than {} tokens; expected a vocabulary", name, kMaxVocab);
  }
}

}  // namespace

void append_word_list_vocab(std::string& out, const FileSet& files, std::string_view name) {
  const std::string text = read_text(files, name);
  std::unordered_map<std::string_view, size_t> ids;
  for_each_line(text, [&](std::string_view line, size_t number) {
    check_count(number, name);
    ids[trim_end(line)] = number;
  });
  if (ids.empty()) fail(ErrorCode::invalid_model, "{} is empty; expected one token a line", name);
  out += '{';
  for (const auto& [token, id] : ids) {
    if (out.back() != '{') out += ',';
    append_json_string(out, token);
    out += fmt::format(":{}", id);
  }
  out += '}';
}

void append_json_vocab(std::string& out, const FileSet& files, std::string_view name) {
  const Json vocab = parse_json(read_text(files, name), name);
  if (!vocab.is_object() || vocab.empty()) {
    fail(ErrorCode::invalid_model, "{} is not a JSON object of token to id", name);
  }
  check_count(vocab.size(), name);
  for (const auto& [token, id] : vocab.items()) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() > INT32_MAX) {
      fail(ErrorCode::invalid_model, "{}: the id of token \"{}\" is {}, expected a number from 0 to {}", name,
           printable(token), printable(id.dump()), INT32_MAX);
    }
  }
  out += vocab.dump();
}

void append_merges(std::string& out, const FileSet& files, std::string_view name) {
  const std::string text = read_text(files, name);
  out += '[';
  for_each_line(text, [&](std::string_view line, size_t number) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("#version")) return;
    const size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
      fail(ErrorCode::invalid_model, "{}: line {} is \"{}\", expected two tokens with one space between", name,
           number + 1, printable(line));
    }
    check_count(number, name);
    if (out.back() != '[') out += ',';
    out += '[';
    append_json_string(out, line.substr(0, space));
    out += ',';
    append_json_string(out, line.substr(space + 1));
    out += ']';
  });
  out += ']';
}

void append_vocab_and_merges(std::string& out, const SentencePieceModel& model) {
  struct Merge {
    size_t id;
    size_t left_length;
    size_t right_length;
    std::string_view left;
    std::string_view right;
  };
  std::unordered_map<std::string_view, size_t> ids;
  std::vector<std::string_view> order;
  for (size_t i = 0; i < model.pieces.size(); ++i) {
    const auto [entry, inserted] = ids.insert_or_assign(model.pieces[i].text, i);
    if (inserted) order.push_back(model.pieces[i].text);
  }
  std::vector<Merge> merges;
  for (const std::string_view piece : order) {
    const size_t first = merges.size();
    size_t length = 0;
    for (size_t at = 0; at < piece.size(); at += code_point_size(piece[at])) ++length;
    size_t left_length = 0;
    for (size_t at = 0; at < piece.size();) {
      at += code_point_size(piece[at]);
      ++left_length;
      if (at == piece.size()) break;
      const std::string_view left = piece.substr(0, at);
      const std::string_view right = piece.substr(at);
      if (!ids.contains(left) || !ids.contains(right)) continue;
      merges.push_back({ids.at(piece), left_length, length - left_length, left, right});
    }
    std::stable_sort(merges.begin() + static_cast<std::ptrdiff_t>(first), merges.end(),
                     [&](const Merge& a, const Merge& b) {
                       return std::pair(ids.at(a.left), ids.at(a.right)) < std::pair(ids.at(b.left), ids.at(b.right));
                     });
  }
  std::stable_sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
    return std::tie(a.id, a.left_length, a.right_length) < std::tie(b.id, b.left_length, b.right_length);
  });
  out += R"(,"vocab":{)";
  for (const std::string_view piece : order) {
    if (out.back() != '{') out += ',';
    append_json_string(out, piece);
    out += fmt::format(":{}", ids.at(piece));
  }
  out += R"(},"merges":[)";
  for (const Merge& merge : merges) {
    if (out.back() != '[') out += ',';
    out += '[';
    append_json_string(out, merge.left);
    out += ',';
    append_json_string(out, merge.right);
    out += ']';
  }
  out += ']';
}

}  // namespace accelerate
