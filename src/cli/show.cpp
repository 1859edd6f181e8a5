#include "cli/show.h"

#include <algorithm>
#include <map>

#include "cli/cli.h"

namespace accelerate::cli {
namespace {

constexpr size_t kNameColumns = 48;
constexpr size_t kShownValues = 6;

std::string score_text(const Json& score) {
  return score.is_number() ? fmt::format("{:.4f}", score.get<double>()) : std::string("nan");
}

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string show_similarity(const Json& result, const std::vector<std::string>& names) {
  const Json& scores = result.at("scores");
  std::vector<std::vector<std::string>> rows;
  if (!scores.empty() && !scores.front().is_array()) {
    for (size_t i = 0; i < scores.size(); ++i)
      rows.push_back({fitted(names.at(i), kNameColumns), score_text(scores[i])});
    return table(rows);
  }
  rows.push_back({"", ""});
  for (size_t i = 0; i < scores.size(); ++i) rows[0].push_back(fmt::format("[{}]", i));
  for (size_t i = 0; i < scores.size(); ++i) {
    rows.push_back({fmt::format("[{}]", i), fitted(names.at(i), kNameColumns)});
    for (const Json& score : scores[i]) rows.back().push_back(score_text(score));
  }
  return table(rows, 2);
}

/// "384 values: 0.0123 -0.0456 ..." of a vector; the shape of nested arrays.
std::string show_features(const Json& features) {
  std::string shape;
  const Json* vector = &features;
  while (vector->is_array() && !vector->empty() && vector->front().is_array()) {
    shape += fmt::format("{} x ", vector->size());
    vector = &vector->front();
  }
  std::string out = fmt::format("{}{} values:", shape, vector->size());
  for (size_t i = 0; i < std::min(vector->size(), kShownValues); ++i) {
    const Json& value = (*vector)[i];
    out += value.is_number() ? fmt::format(" {:.5f}", value.get<double>()) : " nan";
  }
  return out + (vector->size() > kShownValues || !shape.empty() ? " ..." : "");
}

/// A table of objects: every plain field a column, score first.
std::string show_records(const Json& records) {
  if (records.empty()) return "  (nothing found)\n";
  std::vector<std::string> keys;
  for (const auto& [key, value] : records.front().items()) keys.push_back(key);
  std::stable_partition(keys.begin(), keys.end(), [](const std::string& key) { return key == "score"; });
  std::vector<std::vector<std::string>> rows = {{}};
  for (const std::string& key : keys) rows[0].push_back("  " + key);
  for (const Json& record : records) {
    rows.emplace_back();
    for (const std::string& key : keys) {
      const Json& value = record.at(key);
      rows.back().push_back("  " + (key == "score" ? score_text(value) : fitted(text_of(value), kNameColumns)));
    }
  }
  return table(rows, keys.size());
}

std::string show_entry(const Json& entry) {
  if (entry.is_object() && entry.contains("labels") && entry.contains("scores")) {  // zero-shot-classification
    std::vector<std::vector<std::string>> rows;
    for (size_t i = 0; i < entry["labels"].size(); ++i)
      rows.push_back({"  " + score_text(entry["scores"][i]), text_of(entry["labels"][i])});
    return table(rows, 2);
  }
  if (entry.is_object()) return show_records(Json::array({entry}));
  if (entry.is_array() && (entry.empty() || entry.front().is_object())) return show_records(entry);
  if (entry.is_array() && entry.front().is_array() && !entry.front().empty() && entry.front().front().is_object()) {
    std::string out;  // several masks
    for (const Json& part : entry) out += show_records(part);
    return out;
  }
  return "  " + show_features(entry) + "\n";
}

}  // namespace

std::string show_result(const tasks::TaskDef&, const Json& result, const std::vector<std::string>& names) {
  if (result.is_object()) return show_similarity(result, names);
  std::string out;
  for (size_t i = 0; i < result.size(); ++i)
    out += fmt::format("{}\n{}", fitted(i < names.size() ? names[i] : fmt::format("[{}]", i), 2 * kNameColumns),
                       show_entry(result[i]));
  return out;
}

std::string explain_placement(const ModelReport& report) {
  std::vector<std::vector<std::string>> places = {
      {"op", "backend", "kernel", "why not on the requested backend", "nodes"}};
  std::map<std::string, int> counts;
  for (const PlacementReport& entry : report.placement) {
    places.push_back({entry.op, entry.backend, entry.kernel, entry.reason, std::to_string(entry.count)});
    counts[entry.backend] += entry.count;
  }
  std::string out = table(places, 4);
  if (!report.regions.empty()) {
    std::vector<std::vector<std::string>> regions = {
        {"region", "backend", "compiled form", "from", "nodes", "inputs", "outputs", "share of work", "ms to get"}};
    for (size_t r = 0; r < report.regions.size(); ++r) {
      const RegionReport& region = report.regions[r];
      regions.push_back({std::to_string(r), region.backend, region.id, region.cached ? "cache" : "compilation",
                         std::to_string(region.nodes), std::to_string(region.inputs), std::to_string(region.outputs),
                         fmt::format("{:.1f}%", 100 * region.flops_share), fmt::format("{:.1f}", region.compile_ms)});
    }
    out += "\n" + table(regions, 4);
  }
  std::string nodes;
  for (const auto& [backend, count] : counts)
    nodes += fmt::format("{}{} on {}", nodes.empty() ? "" : ", ", count, backend);
  out += fmt::format("\nnodes: {}; {:.1f}% of the work on {}; {} transfers\n", nodes.empty() ? "none" : nodes,
                     100 * report.flops_share, report.backend, report.transfers);
  if (report.requested_device == "auto")
    out += report.calibration.empty()
               ? "auto: not measured for this model (bench MODEL --devices ... --calibrate does)\n"
               : fmt::format("auto: by measurement: {}\n", report.calibration);
  if (!report.fallback_reason.empty()) out += fmt::format("fallback: {}\n", report.fallback_reason);
  return out;
}

std::string explain(const ModelReport& report) {
  std::vector<std::vector<std::string>> passes = {{"pass", "ms", "changes", "nodes before", "after"}};
  for (const PassReport& pass : report.passes) {
    passes.push_back({pass.name, fmt::format("{:.2f}", pass.time_ms), std::to_string(pass.changes),
                      std::to_string(pass.nodes_before), std::to_string(pass.nodes_after)});
  }
  std::string out = table(passes) + "\n" + explain_placement(report);
  out += fmt::format("\ncompiled in {:.1f} ms for {} ({}{}), products in {}, {} threads\n", report.compile_ms,
                     report.device, report.backend, report.isa.empty() ? "" : ", " + report.isa, report.dtype,
                     report.num_threads);
  out += fmt::format("weights {}, machine copies {}\ngraph {}\n", bytes_text(static_cast<double>(report.weight_bytes)),
                     bytes_text(static_cast<double>(report.packed_bytes)), report.graph_hash);
  return out;
}

std::string top_ops(const std::vector<ProfileEvent>& events, size_t limit) {
  struct Sum {
    double us = 0;
    size_t count = 0;
  };
  std::map<std::string, Sum> sums;
  double total = 0;
  for (const ProfileEvent& event : events) {
    Sum& sum = sums[event.name];
    sum.us += event.duration_us;
    ++sum.count;
    total += event.duration_us;
  }
  std::vector<std::pair<std::string, Sum>> order(sums.begin(), sums.end());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second.us > b.second.us; });
  std::vector<std::vector<std::string>> rows = {{"op and kernel", "ms", "share", "calls"}};
  for (size_t i = 0; i < std::min(limit, order.size()); ++i) {
    const auto& [name, sum] = order[i];
    rows.push_back({name, fmt::format("{:.3f}", sum.us / 1000),
                    fmt::format("{:.1f}%", total > 0 ? 100 * sum.us / total : 0.0), std::to_string(sum.count)});
  }
  std::string out = table(rows);
  if (order.size() > limit) out += fmt::format("and {} more\n", order.size() - limit);
  return out + fmt::format("all: {:.3f} ms in {} calls\n", total / 1000, events.size());
}

std::string chrome_trace(const std::vector<ProfileEvent>& events) {
  Json list = Json::array();
  for (const ProfileEvent& event : events) {
    list.push_back({{"name", event.name},
                    {"cat", "op"},
                    {"ph", "X"},
                    {"pid", 1},
                    {"tid", 1},
                    {"ts", event.start_us},
                    {"dur", event.duration_us},
                    {"args", {{"result", event.detail}, {"location", event.location}}}});
  }
  return Json{{"traceEvents", std::move(list)}, {"displayTimeUnit", "ms"}}.dump(-1, ' ', false,
                                                                                Json::error_handler_t::replace);
}

}  // namespace accelerate::cli
