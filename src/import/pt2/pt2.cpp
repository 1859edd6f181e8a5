#include "import/pt2/pt2.h"

#include <cctype>
#include <set>

#include "accelerate/ops.h"
#include "import/hf/checkpoint_names.h"
#include "import/pt2/archive.h"
#include "import/pt2/call.h"

namespace accelerate::import {
namespace pt2 {
namespace {

/// Tensors up to this size become literals of the graph, so that passes see their values.
constexpr size_t kMaxLiteralBytes = 1024;

/// Where a parameter, buffer or constant of the program lies.
struct Place {
  const WeightSource* source = nullptr;
  std::string name;    // there
  std::string weight;  // in the graph
  bool in_archive = false;
};

class Importer {
 public:
  Importer(const Archive& archive, std::shared_ptr<const WeightSource> outside, const Pt2Options& options)
      : archive_(archive), outside_(std::move(outside)), options_(options), graph_(options.role) {}

  Pt2Model run() {
    conversion_.root = &graph_;
    conversion_.ranges = archive_.program.ranges;
    check_targets(archive_.program.graph, conversion_);
    Scope scope(conversion_, archive_.program.graph, graph_);
    find_symbols();
    add_inputs(scope);
    add_stored(scope);
    scope.run();
    add_outputs(scope);

    Pt2Model out;
    out.program.graphs.emplace(options_.role, std::move(graph_));
    auto& metadata = out.program.metadata;
    metadata["torch_version"] = printable(archive_.program.torch_version);
    if (archive_.facts) {
      metadata["architecture"] = printable(archive_.facts->architecture);
      metadata["model_type"] = printable(archive_.facts->model_type);
      metadata["transformers_version"] = printable(archive_.facts->transformers_version);
      metadata["form"] = printable(archive_.facts->form);
    }
    std::erase_if(metadata, [](const auto& entry) { return entry.second.empty(); });
    out.program.name = archive_.facts ? printable(archive_.facts->architecture) : std::string();
    auto merged = std::make_shared<MergedWeights>();
    auto inside = std::make_shared<MergedWeights>();
    inside->add("constants/", archive_.constants);
    inside->add("weights/", archive_.weights);
    merged->add(options_.archive + "/", inside);
    if (outside_ != nullptr) merged->add("", outside_);
    out.weights = merged;
    out.inside = inside;
    return out;
  }

 private:
  /// Symbols of the inputs' extents, and the values of all symbols at capture.
  void find_symbols() {
    const auto note = [&](const SymInt& size) {
      if (size.expression.empty()) return;
      std::string lone;
      const auto value = parse_sym_expr(size.expression, [&](std::string_view name) -> std::optional<Dim> {
        lone = name;
        return Dim::symbol(name);
      });
      if (!value || !value->is_whole() || lone.empty()) return;
      if (size.hint && value->numerator == Dim::symbol(lone)) conversion_.hints.emplace(lone, *size.hint);
    };
    for (const auto& [name, value] : archive_.program.graph.sym_ints) note(value);
    for (const auto& [name, meta] : archive_.program.graph.tensors)
      for (const SymInt& size : meta.sizes) note(size);
  }

  TensorType input_type(const std::string& name) {
    const auto meta = archive_.program.graph.tensors.find(name);
    if (meta == archive_.program.graph.tensors.end())
      fail(ErrorCode::invalid_model, "the input '{}' is not declared", printable(name));
    TensorType type(dtype_of(meta->second.scalar_type), {});
    for (const SymInt& size : meta->second.sizes) {
      if (size.expression.empty()) {
        type.shape.emplace_back(size.number);
        continue;
      }
      const auto dim = parse_sym_expr(size.expression, [&](std::string_view symbol) -> std::optional<Dim> {
        const Dim out = Dim::symbol(symbol);
        conversion_.symbols.emplace(std::string(symbol), out);
        return out;
      });
      if (!dim || !dim->is_whole())
        fail(ErrorCode::unsupported_model, "the input '{}' has the extent {}", printable(name),
             printable(size.expression));
      type.shape.push_back(dim->numerator);
    }
    if (is_complex_code(meta->second.scalar_type)) type.shape.emplace_back(2);
    return type;
  }

  /// A name that a graph accepts and that is not taken.
  std::string unused_name(std::string name) {
    for (char& ch : name)
      if (std::isalnum(static_cast<unsigned char>(ch)) == 0 && ch != '_' && ch != '.') ch = '_';
    if (name.empty() || (std::isalpha(static_cast<unsigned char>(name[0])) == 0 && name[0] != '_')) name = "_" + name;
    std::string out = name;
    for (int i = 1; !names_.insert(out).second; ++i) out = fmt::format("{}_{}", name, i);
    return out;
  }

  /// Names of the user inputs or outputs: those that the capture recorded, else those of torch's tree of arguments,
  /// else those of the graph's own values.
  static std::vector<std::string> user_names(const std::vector<std::string>* recorded,
                                             const std::vector<std::string>& paths, std::vector<std::string> own,
                                             size_t num_places, const std::vector<size_t>& places) {
    if (recorded != nullptr && recorded->size() == own.size()) return *recorded;
    if (paths.size() == num_places)
      for (size_t i = 0; i < own.size(); ++i) own[i] = paths[places[i]];
    return own;
  }

  void add_inputs(Scope& scope) {
    std::vector<const InputSpec*> specs;
    std::vector<std::string> own;
    std::vector<size_t> places;
    size_t num_places = 0;
    for (const InputSpec& spec : archive_.program.inputs) {
      if (spec.kind == InputSpec::Kind::constant) {
        ++num_places;
        scope.bind(spec.name, scope.evaluate(spec.value));
        continue;
      }
      if (spec.kind != InputSpec::Kind::user_input) continue;
      const size_t place = num_places++;
      if (spec.value.kind != Argument::Kind::tensor && spec.value.kind != Argument::Kind::symbol) continue;
      specs.push_back(&spec);
      own.push_back(spec.value.text);
      places.push_back(place);
    }
    const auto* recorded = archive_.facts ? &archive_.facts->inputs : nullptr;
    if (recorded != nullptr && recorded->size() != own.size())
      fail(ErrorCode::invalid_model, "{}: the capture names {} inputs; the program has {}", archive_.description,
           recorded->size(), own.size());
    const auto names = user_names(recorded, archive_.program.input_paths, own, num_places, places);
    for (size_t i = 0; i < specs.size(); ++i) {
      const std::string& value_name = specs[i]->value.text;
      const std::string name = unused_name(names[i]);
      if (specs[i]->value.kind == Argument::Kind::tensor) {
        const TensorType type = input_type(value_name);
        const auto& meta = archive_.program.graph.tensors.at(value_name);
        scope.bind(value_name, TensorItem{graph_.add_input(name, type), is_complex_code(meta.scalar_type)});
        continue;
      }
      // A number: given as a tensor of one element; its symbol gets its value when an extent needs it.
      Scalar number;
      number.value = graph_.add_input(name, {DType::i64, {}});
      const auto declared = archive_.program.graph.sym_ints.find(value_name);
      if (declared != archive_.program.graph.sym_ints.end() && !declared->second.expression.empty()) {
        std::string lone;
        const auto dim =
            parse_sym_expr(declared->second.expression, [&](std::string_view symbol) -> std::optional<Dim> {
              lone = symbol;
              return Dim::unbacked(symbol);
            });
        if (dim && dim->is_whole() && dim->numerator == Dim::unbacked(lone) && !conversion_.symbols.contains(lone))
          number.symbol = lone;
      }
      if (!number.symbol.empty()) conversion_.dim_of(number);
      scope.bind(value_name, number);
    }
  }

  std::optional<Place> locate(const InputSpec& spec) const {
    const auto inside = [&](const std::shared_ptr<const ArchiveTensors>& source,
                            std::string_view folder) -> std::optional<Place> {
      if (!source->find(spec.name)) return std::nullopt;
      return Place{source.get(), spec.name, fmt::format("{}/{}/{}", options_.archive, folder, spec.name), true};
    };
    if (auto found = inside(archive_.constants, "constants")) return found;
    if (archive_.facts && outside_ != nullptr) {
      const auto mapped = archive_.facts->weights.find(spec.name);
      if (mapped != archive_.facts->weights.end() && mapped->second.op.empty()) {
        const std::string& name = mapped->second.name;
        if (!outside_->find(name)) return std::nullopt;
        return Place{outside_.get(), name, name, false};
      }
    }
    if (auto found = inside(archive_.weights, "weights")) return found;
    if (outside_ != nullptr && outside_->find(spec.name)) return Place{outside_.get(), spec.name, spec.name, false};
    return std::nullopt;
  }

  std::string outside_name(const InputSpec& spec) const {
    if (archive_.facts) {
      const auto mapped = archive_.facts->weights.find(spec.name);
      if (mapped != archive_.facts->weights.end() && mapped->second.op.empty()) return mapped->second.name;
    }
    return spec.name;
  }

  /// How a weight is made of several stored tensors, if it is.
  const WeightRecipe* recipe_of(const InputSpec& spec) const {
    if (!archive_.facts || outside_ == nullptr) return nullptr;
    const auto mapped = archive_.facts->weights.find(spec.name);
    return mapped == archive_.facts->weights.end() || mapped->second.op.empty() ? nullptr : &mapped->second;
  }

  /// The stored tensors that a recipe names and that are not there.
  std::vector<std::string> missing_of(const WeightRecipe& recipe) const {
    std::vector<std::string> names;
    collect_names(recipe, names);
    std::erase_if(names, [&](const std::string& name) { return outside_->find(name).has_value(); });
    return names;
  }

  /// A weight made of stored tensors. Errors: invalid_weights if it comes out with another shape.
  Value composed_value(const WeightRecipe& recipe, const InputSpec& spec, const std::vector<int64_t>& shape) {
    const Value out = build_recipe(recipe, [&](const std::string& name) {
      return stored_value({outside_.get(), name, name, false}, *outside_->find(name));
    });
    if (out.shape() != Shape(shape.begin(), shape.end()))
      fail(ErrorCode::invalid_weights, "the weight {} is made as {}; the program wants {}", printable(spec.name),
           to_string(out.shape()), to_string(shape));
    return out;
  }

  /// Parameters, buffers and constants, checked all at once; each becomes a node when it is first used.
  void add_stored(Scope& scope) {
    std::string missing;
    std::string wrong;
    size_t num_missing = 0;
    size_t num_wrong = 0;
    constexpr size_t kShown = 50;
    for (const InputSpec& spec : archive_.program.inputs) {
      using Kind = InputSpec::Kind;
      if (spec.kind != Kind::parameter && spec.kind != Kind::buffer && spec.kind != Kind::tensor_constant) continue;
      const auto meta = archive_.program.graph.tensors.find(spec.value.text);
      if (meta == archive_.program.graph.tensors.end())
        fail(ErrorCode::invalid_model, "the tensor '{}' is not declared", printable(spec.value.text));
      const bool is_complex = is_complex_code(meta->second.scalar_type);
      std::vector<int64_t> shape;
      for (const SymInt& size : meta->second.sizes) {
        if (!size.expression.empty())
          fail(ErrorCode::invalid_model, "the weight '{}' has a symbolic extent", printable(spec.name));
        shape.push_back(size.number);
      }
      if (is_complex) shape.push_back(2);
      const DType dtype = dtype_of(meta->second.scalar_type);
      if (const WeightRecipe* recipe = recipe_of(spec)) {
        const auto absent = missing_of(*recipe);
        for (const std::string& name : absent)
          if (num_missing++ < kShown)
            missing += fmt::format("\n  {} (a part of {})", printable(name), printable(spec.name));
        if (absent.empty())
          scope.bind_lazily(spec.value.text, [this, recipe, &spec, shape, dtype, is_complex]() -> Item {
            return TensorItem{to_dtype(composed_value(*recipe, spec, shape), dtype), is_complex};
          });
        continue;
      }
      const auto place = locate(spec);
      if (!place) {
        // A buffer that no node reads is never missed.
        if (!is_used(spec.value.text)) continue;
        if (num_missing++ < kShown)
          missing += fmt::format("\n  {} {}{}", printable(outside_name(spec)), name_of(dtype), to_string(shape));
        continue;
      }
      const WeightInfo info = *place->source->find(place->name);
      if (info.shape != shape) {
        if (num_wrong++ < kShown)
          wrong += fmt::format("\n  {} is {}; the program wants {}", printable(place->name), to_string(info.shape),
                               to_string(shape));
        continue;
      }
      scope.bind_lazily(spec.value.text, [this, place = *place, info, dtype, is_complex]() -> Item {
        return TensorItem{to_dtype(stored_value(place, info), dtype), is_complex};
      });
    }
    if (num_missing == 0 && num_wrong == 0) return;
    std::string text;
    const auto list = [&](size_t count, std::string_view what, const std::string& lines) {
      if (count == 0) return;
      text += fmt::format("{}{} {}:{}{}", text.empty() ? "" : "\n", count, what, lines,
                          count > kShown ? fmt::format("\n  ... and {} more", count - kShown) : "");
    };
    list(num_missing, "weights of the program are neither in the archive nor beside it", missing);
    list(num_wrong, "weights have another shape than the program wants", wrong);
    fail(ErrorCode::invalid_weights, "{}: {}", archive_.description, text);
  }

  bool is_used(const std::string& name) {
    if (used_.empty()) collect_used(archive_.program.graph);
    return used_.contains(name);
  }
  void collect_used(const ExportedGraph& graph) {
    for (const ExportedNode& node : graph.nodes)
      for (const NamedArgument& input : node.inputs) collect_used(input.value);
    for (const Argument& output : graph.outputs) collect_used(output);
  }
  void collect_used(const Argument& argument) {
    if (argument.kind == Argument::Kind::tensor) used_.insert(argument.text);
    for (const Argument& item : argument.items) collect_used(item);
  }

  Value stored_value(const Place& place, const WeightInfo& info) {
    if (place.in_archive && info.size_bytes <= kMaxLiteralBytes) {
      Tensor value = place.source->read(place.name).clone();
      place.source->check();
      return ops::constant(graph_, std::move(value));
    }
    const auto known = weights_.find(place.weight);
    if (known != weights_.end()) return known->second;
    if (place.in_archive && counts_up(place, info)) {
      const Value positions = ops::reshape(ops::iota(graph_, info.dtype, Dim(info.shape.back())),
                                           Shape(info.shape.begin(), info.shape.end()));
      weights_.emplace(place.weight, positions);
      return positions;
    }
    const Value value =
        ops::weight(graph_, place.weight, {info.dtype, Shape(info.shape.begin(), info.shape.end()), info.encoding});
    weights_.emplace(place.weight, value);
    return value;
  }

  /// Whether a table is 0, 1, 2, ... along its last axis and has one row: positions.
  static bool counts_up(const Place& place, const WeightInfo& info) {
    if (info.dtype != DType::i64 || info.shape.empty()) return false;
    const auto elements = static_cast<int64_t>(info.size_bytes / sizeof(int64_t));
    if (elements != info.shape.back()) return false;
    const Tensor table = place.source->read(place.name);
    for (int64_t i = 0; i < elements; ++i)
      if (table.as<int64_t>()[i] != i) return false;
    place.source->check();
    return true;
  }

  void add_outputs(Scope& scope) {
    std::vector<const Argument*> outputs;
    std::vector<std::string> own;
    std::vector<size_t> places;
    size_t num_places = 0;
    for (const OutputSpec& spec : archive_.program.outputs) {
      if (spec.kind != OutputSpec::Kind::user_output) continue;
      const size_t place = num_places++;
      if (spec.value.kind == Argument::Kind::none) continue;
      outputs.push_back(&spec.value);
      own.push_back(spec.value.text);
      places.push_back(place);
    }
    const auto* recorded = archive_.facts ? &archive_.facts->outputs : nullptr;
    if (recorded != nullptr && recorded->size() != outputs.size()) {
      // Outputs that are no tensors have no name.
      std::erase_if(outputs, [](const Argument* a) { return a->kind != Argument::Kind::tensor; });
      own.clear();
      for (const Argument* a : outputs) own.push_back(a->text);
      if (recorded->size() != outputs.size())
        fail(ErrorCode::invalid_model, "{}: the capture names {} outputs; the program has {}", archive_.description,
             recorded->size(), outputs.size());
    }
    const auto names = user_names(recorded, archive_.program.output_paths, own, num_places, places);
    names_.clear();
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Item item = scope.evaluate(*outputs[i]);
      Value value;
      if (item.tensor() != nullptr) {
        value = item.tensor()->value;
      } else if (const Scalar* s = item.scalar()) {
        value = scalar_tensor(graph_, s->dtype(), *s);
      } else {
        continue;
      }
      graph_.output(value, unused_name(names[i].empty() ? fmt::format("output{}", i) : names[i]));
    }
    if (graph_.outputs().empty()) fail(ErrorCode::invalid_model, "{}: the program has no output", archive_.description);
  }

  const Archive& archive_;
  std::shared_ptr<const WeightSource> outside_;
  const Pt2Options& options_;
  Graph graph_;
  Conversion conversion_;
  std::set<std::string> names_;
  std::set<std::string> used_;
  std::map<std::string, Value> weights_;
};

}  // namespace
}  // namespace pt2

Pt2Model open_pt2(std::shared_ptr<MappedFile> file, std::shared_ptr<const WeightSource> outside,
                  const Pt2Options& options) {
  const pt2::Archive archive = pt2::read_archive(std::move(file));
  Pt2Model out;
  try {
    out = pt2::Importer(archive, std::move(outside), options).run();
  } catch (Error& e) {
    throw std::move(e.in(archive.description));
  }
  return out;
}

}  // namespace accelerate::import
