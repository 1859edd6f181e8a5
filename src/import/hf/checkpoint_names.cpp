#include "import/hf/checkpoint_names.h"

#include <algorithm>
#include <set>

#include "base/error.h"

namespace accelerate::import {
namespace {

constexpr size_t kMaxListed = 40;

/// "x.LayerNorm.weight" -> "x.LayerNorm.gamma", and bias -> beta; nothing for parameters of anything but a norm.
std::optional<std::string> tensorflow_name(std::string_view name) {
  const size_t last = name.rfind('.');
  if (last == std::string_view::npos) return std::nullopt;
  const std::string_view owner_path = name.substr(0, last);
  std::string owner(owner_path.substr(owner_path.rfind('.') + 1));
  std::transform(owner.begin(), owner.end(), owner.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (owner.find("norm") == std::string::npos) return std::nullopt;
  if (name.substr(last) == ".weight") return std::string(owner_path) + ".gamma";
  if (name.substr(last) == ".bias") return std::string(owner_path) + ".beta";
  return std::nullopt;
}

std::string listed(const std::vector<std::string>& lines) {
  std::string text;
  for (size_t i = 0; i < std::min(lines.size(), kMaxListed); ++i) text += "\n  " + lines[i];
  if (lines.size() > kMaxListed) text += fmt::format("\n  and {} more", lines.size() - kMaxListed);
  return text;
}

/// Calls visit(name, type) once for every weight that the graph and its regions refer to.
template <typename Visit>
void visit_weights(const Graph& graph, std::set<std::string>& seen, const Visit& visit) {
  for (const Node& node : graph.nodes()) {
    for (const auto& region : node.regions) visit_weights(*region, seen, visit);
    if (node.op->name != "weight") continue;
    const std::string& name = node.attrs.string("name");
    if (seen.insert(name).second) visit(name, graph.type_of(node.results.at(0)));
  }
}

}  // namespace

CheckpointNames::CheckpointNames(std::shared_ptr<const WeightSource> files, std::string base_prefix)
    : files_(std::move(files)), base_prefix_(std::move(base_prefix)) {
  if (!base_prefix_.empty()) base_prefix_ += '.';
}

std::optional<std::string> CheckpointNames::resolve(std::string_view name) const {
  std::vector<std::string> candidates{std::string(name)};
  if (!base_prefix_.empty()) {
    candidates.push_back(name.starts_with(base_prefix_) ? std::string(name.substr(base_prefix_.size()))
                                                        : base_prefix_ + std::string(name));
  }
  for (size_t i = 0, modern = candidates.size(); i < modern; ++i) {
    if (auto old = tensorflow_name(candidates[i])) candidates.push_back(std::move(*old));
  }
  for (std::string& candidate : candidates) {
    if (files_->find(candidate)) return std::move(candidate);
  }
  return std::nullopt;
}

std::string CheckpointNames::resolve_or_fail(std::string_view name) const {
  if (auto found = resolve(name)) return std::move(*found);
  fail(ErrorCode::invalid_weights, "there is no weight '{}'", printable(name));
}

std::optional<WeightInfo> CheckpointNames::find(std::string_view name) const {
  const auto found = resolve(name);
  return found ? files_->find(*found) : std::nullopt;
}

Tensor CheckpointNames::read(std::string_view name) const {
  return files_->read(resolve_or_fail(name));
}

void CheckpointNames::release(std::string_view name, size_t offset_bytes, size_t size_bytes) const {
  files_->release(resolve_or_fail(name), offset_bytes, size_bytes);
}

void MergedWeights::add(std::string prefix, std::shared_ptr<const WeightSource> source) {
  sources_.emplace_back(std::move(prefix), std::move(source));
}

std::pair<const WeightSource*, std::string_view> MergedWeights::source_of(std::string_view name) const {
  const WeightSource* fallback = nullptr;
  for (const auto& [prefix, source] : sources_) {
    if (prefix.empty()) {
      fallback = source.get();
    } else if (name.starts_with(prefix)) {
      return {source.get(), name.substr(prefix.size())};
    }
  }
  return {fallback, name};
}

std::vector<std::string> MergedWeights::names() const {
  std::vector<std::string> names;
  for (const auto& [prefix, source] : sources_) {
    for (const std::string& name : source->names()) names.push_back(prefix + name);
  }
  return names;
}

std::optional<WeightInfo> MergedWeights::find(std::string_view name) const {
  const auto [source, inner] = source_of(name);
  return source != nullptr ? source->find(inner) : std::nullopt;
}

Tensor MergedWeights::read(std::string_view name) const {
  const auto [source, inner] = source_of(name);
  if (source == nullptr) fail(ErrorCode::invalid_weights, "there is no weight '{}'", printable(name));
  return source->read(inner);
}

void MergedWeights::release(std::string_view name, size_t offset_bytes, size_t size_bytes) const {
  const auto [source, inner] = source_of(name);
  if (source == nullptr) fail(ErrorCode::invalid_weights, "there is no weight '{}'", printable(name));
  source->release(inner, offset_bytes, size_bytes);
}

void MergedWeights::check() const {
  for (const auto& [prefix, source] : sources_) source->check();
}

void check_weights(const Program& program, const WeightSource& weights) {
  std::set<std::string> seen;
  std::vector<std::string> missing;
  std::vector<std::string> mismatched;
  const auto compare = [&](const std::string& name, const TensorType& type) {
    const std::optional<WeightInfo> info = weights.find(name);
    if (!info) {
      missing.push_back(printable(name));
    } else if (static_extents(type.shape) != info->shape) {
      mismatched.push_back(fmt::format("{}: the file has {}, the configuration asks for {}", printable(name),
                                       to_string(info->shape), to_string(type.shape)));
    } else if (info->dtype != type.dtype) {
      mismatched.push_back(fmt::format("{}: the file has {}, the graph was built for {}", printable(name),
                                       name_of(info->dtype), name_of(type.dtype)));
    }
  };
  for (const auto& [role, graph] : program.graphs) visit_weights(graph, seen, compare);
  if (!missing.empty()) {
    fail(ErrorCode::invalid_weights,
         "{} of the {} weights that {} needs are not in the files (is this a checkpoint of another class, or without "
         "this head?):{}",
         missing.size(), seen.size(), printable(program.name), listed(missing));
  }
  if (!mismatched.empty()) {
    fail(ErrorCode::invalid_weights, "{} weights do not fit {}; config.json and the weight files disagree:{}",
         mismatched.size(), printable(program.name), listed(mismatched));
  }
}

std::vector<std::string> weight_names(const Program& program) {
  std::set<std::string> seen;
  for (const auto& [role, graph] : program.graphs)
    visit_weights(graph, seen, [](const std::string&, const TensorType&) {});
  return {seen.begin(), seen.end()};
}

std::vector<std::string> unused_weights(const Program& program, const CheckpointNames& weights) {
  std::set<std::string> seen;
  std::set<std::string> used;
  for (const auto& [role, graph] : program.graphs) {
    visit_weights(graph, seen, [&](const std::string& name, const TensorType&) {
      if (auto found = weights.resolve(name)) used.insert(std::move(*found));
    });
  }
  std::vector<std::string> unused = weights.names();
  std::erase_if(unused, [&](const std::string& name) { return used.contains(name); });
  std::sort(unused.begin(), unused.end());
  return unused;
}

}  // namespace accelerate::import
