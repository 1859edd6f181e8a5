#include "skills/coverage.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "base/file.h"

namespace accelerate::skills {
namespace {

constexpr size_t kMaxFile = size_t{256} << 20;
constexpr size_t kMaxReason = 200;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (size_t begin = 0;;) {
    size_t end = text.find(separator, begin);
    out.push_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return out;
    begin = end + 1;
  }
}

std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

/// One line without tabs, shortened at a character's border.
std::string cell(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, kMaxReason)) out += c == '\t' || c == '\n' || c == '\r' ? ' ' : c;
  while (text.size() > kMaxReason && !out.empty() && (out.back() & 0xc0) == 0x80) out.pop_back();
  if (text.size() > kMaxReason && !out.empty() && (out.back() & 0x80) != 0) out.pop_back();
  return out;
}

/// A number of few digits; "inf" where there is none.
std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{:.3g}", value) : "inf";
}

double number_from(const std::string& text, std::string_view what) {
  if (text == "inf") return INFINITY;
  char* end = nullptr;
  double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != 0)
    fail(ErrorCode::invalid_model, "{} is \"{}\"; expected a number", what, printable(text));
  return value;
}

constexpr std::string_view kHeader =
    "class\tmodule\tfamily\tmodality\tauto classes\tstage\town\tsets\tnodes\tmax rel\tcapture s\timport ms\tcompile "
    "ms\texecute ms\tpeak MB\treason";

std::vector<CoverageTotal> totals(const CoverageTable& table, size_t at_least,
                                  const std::function<std::vector<std::string>(const CoverageRecord&)>& groups) {
  std::map<std::string, CoverageTotal> by_name;
  for (const auto& [name, record] : table) {
    for (const std::string& group : groups(record)) {
      CoverageTotal& total = by_name[group];
      total.name = group;
      ++total.classes;
      total.passed += record.passed() ? 1 : 0;
      total.own += !record.passed() && record.own ? 1 : 0;
      total.untried += record.tried() ? 0 : 1;
    }
  }
  std::vector<CoverageTotal> out;
  for (auto& [name, total] : by_name)
    if (static_cast<size_t>(total.classes) >= at_least) out.push_back(std::move(total));
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.classes > b.classes; });
  return out;
}

/// The reason with numbers and quoted names made equal, so that alike failures count together.
std::string pattern_of(std::string_view reason) {
  std::string out;
  bool quoted = false;
  for (char c : reason) {
    if (c == '"' || c == '\'') {
      quoted = !quoted;
      if (!quoted) out += "\"…\"";
      continue;
    }
    if (quoted) continue;
    if (c >= '0' && c <= '9') {
      if (out.empty() || out.back() != '#') out += '#';
    } else {
      out += c;
    }
  }
  return out.substr(0, 120);
}

std::string percent(int part, int whole) {
  return whole == 0 ? "" : fmt::format("{:.1f} %", 100.0 * part / whole);
}

std::string markdown(const std::vector<CoverageTotal>& totals, std::string_view head) {
  std::string out =
      fmt::format("| {} | classes | tried | run here with parity | share of tried | own reason |\n", head);
  out += "|---|---:|---:|---:|---:|---:|\n";
  for (const CoverageTotal& t : totals)
    out += fmt::format("| {} | {} | {} | {} | {} | {} |\n", t.name, t.classes, t.classes - t.untried, t.passed,
                       percent(t.passed, t.classes - t.untried), t.own);
  return out;
}

}  // namespace

Json to_json(const CoverageRecord& r) {
  return {{"class", r.model.name},
          {"module", r.model.module},
          {"family", r.model.family},
          {"modality", r.model.modality},
          {"auto", r.model.auto_classes},
          {"stage", r.stage},
          {"own", r.own},
          {"reason", r.reason},
          {"culprit", r.culprit},
          {"sets", r.sets},
          {"nodes", r.nodes},
          {"max_rel", std::isfinite(r.max_rel) ? Json(r.max_rel) : Json("inf")},
          {"capture_s", r.capture_s},
          {"import_ms", r.import_ms},
          {"compile_ms", r.compile_ms},
          {"execute_ms", r.execute_ms},
          {"peak_mb", r.peak_mb}};
}

CoverageRecord record_from_json(const Json& json) {
  CoverageRecord r;
  r.model.name = json_string(json, "class", std::nullopt);
  r.model.module = json_string(json, "module", "");
  r.model.family = json_string(json, "family", "");
  r.model.modality = json_string(json, "modality", "");
  for (const Json& name : json.value("auto", Json::array()))
    if (name.is_string()) r.model.auto_classes.push_back(name.get<std::string>());
  r.stage = json_string(json, "stage", std::nullopt);
  r.own = json_bool(json, "own", false);
  r.reason = json_string(json, "reason", "");
  r.culprit = json.value("culprit", Json());
  r.sets = static_cast<int>(json_int(json, "sets", 0, 0, 1 << 20));
  r.nodes = static_cast<int>(json_int(json, "nodes", 0, 0, 1 << 30));
  r.max_rel = json.contains("max_rel") && json["max_rel"].is_string() ? INFINITY : json_double(json, "max_rel", 0);
  r.capture_s = json_double(json, "capture_s", 0);
  r.import_ms = json_double(json, "import_ms", 0);
  r.compile_ms = json_double(json, "compile_ms", 0);
  r.execute_ms = json_double(json, "execute_ms", 0);
  r.peak_mb = json_double(json, "peak_mb", 0);
  return r;
}

CoverageTable read_records(const std::filesystem::path& path) {
  std::string text = read_file(path, kMaxFile);
  CoverageTable out;
  auto lines = split(text, '\n');
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    try {
      CoverageRecord record = record_from_json(parse_json(lines[i], path.string()));
      out[record.model.name] = std::move(record);
    } catch (Error& error) {
      if (i + 1 == lines.size()) break;  // torn: the writer was stopped
      error.in(fmt::format("line {} of {}", i + 1, path.string()));
      throw;
    }
  }
  return out;
}

CoverageTable read_table(const std::filesystem::path& path) {
  std::string text = read_file(path, kMaxFile);
  auto lines = split(text, '\n');
  if (lines.empty() || lines[0] != kHeader)
    fail(ErrorCode::invalid_model, "{} does not begin with the header of a coverage table", path.string());
  CoverageTable out;
  for (size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    auto cells = split(lines[i], '\t');
    auto columns = static_cast<size_t>(std::count(kHeader.begin(), kHeader.end(), '\t')) + 1;
    if (cells.size() != columns)
      fail(ErrorCode::invalid_model, "line {} of {} has {} columns; expected {}", i + 1, path.string(), cells.size(),
           columns);
    auto value = [&](size_t c) {
      return number_from(std::string(cells[c]), fmt::format("column {} of line {}", c + 1, i + 1));
    };
    CoverageRecord r;
    r.model.name = cells[0];
    r.model.module = cells[1];
    r.model.family = cells[2];
    r.model.modality = cells[3];
    for (std::string_view name : split(cells[4], ','))
      if (!name.empty()) r.model.auto_classes.emplace_back(name);
    r.stage = cells[5];
    r.own = cells[6] == "own";
    r.sets = static_cast<int>(value(7));
    r.nodes = static_cast<int>(value(8));
    r.max_rel = value(9);
    r.capture_s = value(10);
    r.import_ms = value(11);
    r.compile_ms = value(12);
    r.execute_ms = value(13);
    r.peak_mb = value(14);
    r.reason = cells[15];
    out[r.model.name] = std::move(r);
  }
  return out;
}

std::string write_table(const CoverageTable& table) {
  std::string out(kHeader);
  out += '\n';
  for (const auto& [name, r] : table) {
    out +=
        fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", cell(name),
                    cell(r.model.module), cell(r.model.family), cell(r.model.modality), join(r.model.auto_classes),
                    r.stage, r.own ? "own" : "", r.sets, r.nodes, number(r.max_rel), number(r.capture_s),
                    number(r.import_ms), number(r.compile_ms), number(r.execute_ms), number(r.peak_mb), cell(r.reason));
  }
  return out;
}

CoverageTotal total_of(const CoverageTable& table) {
  auto all = totals(table, 0, [](const CoverageRecord&) { return std::vector<std::string>{"all"}; });
  return all.empty() ? CoverageTotal{"all"} : all[0];
}

std::vector<CoverageTotal> totals_by_modality(const CoverageTable& table) {
  return totals(table, 0, [](const CoverageRecord& r) { return std::vector<std::string>{r.model.modality}; });
}

std::vector<CoverageTotal> totals_by_family(const CoverageTable& table) {
  return totals(table, 2, [](const CoverageRecord& r) { return std::vector<std::string>{r.model.family}; });
}

std::vector<CoverageTotal> totals_by_auto_class(const CoverageTable& table) {
  return totals(table, 0, [](const CoverageRecord& r) { return r.model.auto_classes; });
}

std::vector<CoverageFailure> failures(const CoverageTable& table) {
  std::map<std::pair<std::string, std::string>, CoverageFailure> groups;
  for (const auto& [name, r] : table) {
    if (r.passed() || !r.tried()) continue;
    CoverageFailure& failure = groups[{r.stage, pattern_of(r.reason)}];
    failure.stage = r.stage;
    failure.own = r.own;
    if (failure.reason.empty()) failure.reason = r.reason;
    failure.classes.push_back(name);
  }
  std::vector<CoverageFailure> out;
  for (auto& [key, failure] : groups) out.push_back(std::move(failure));
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.classes.size() > b.classes.size(); });
  return out;
}

std::string coverage_page(const CoverageTable& table) {
  CoverageTotal all = total_of(table);
  std::string out = "# Coverage of transformers\n\n";
  out += fmt::format(
      "Made by `ipfs-accelerate coverage --page` from [coverage/classes.tsv](coverage/classes.tsv). Of {} classes {} "
      "have been tried so far; {} of these ({}) were captured, imported, and run by this program with outputs that "
      "agree with transformers' own eager run "
      "(max|a-b|/max|b| at most 1e-4, whole numbers equal), with all weights random, at the sizes of the capture and "
      "at "
      "others that it did not see. {} of the others fail for a reason of their own: control flow that depends on data, "
      "no forward, or a dependency that no registry has.\n\n![Coverage](coverage/coverage.png)\n\n",
      all.classes, all.classes - all.untried, all.passed, percent(all.passed, all.classes - all.untried), all.own);
  out += "## By modality\n\n" + markdown(totals_by_modality(table), "modality");
  out += "\n## By AutoModel class\n\n" + markdown(totals_by_auto_class(table), "AutoModel class");
  out += "\n## By family\n\n" + markdown(totals_by_family(table), "family");
  out += "\n## What fails\n\n| stage | reason | whose | classes |\n|---|---|---|---|\n";
  for (const CoverageFailure& f : failures(table)) {
    std::string reason;
    for (char c : cell(f.reason))
      reason += c == '|' ? std::string("\\|") : c == '<' ? std::string("&lt;") : std::string(1, c);
    std::string names;
    for (size_t i = 0; i < f.classes.size() && i < 6; ++i) names += (i == 0 ? "" : ", ") + f.classes[i];
    if (f.classes.size() > 6) names += fmt::format(" and {} more", f.classes.size() - 6);
    out += fmt::format("| {} | {} | {} | {} |\n", f.stage, reason, f.own ? "the model's" : "ours", names);
  }
  return out;
}

}  // namespace accelerate::skills
