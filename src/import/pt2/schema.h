#pragma once
// The program of a torch.export archive as plain structs, close to what the file says.
// Source: torch/_export/serde/schema.py, schema version 8.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tensor/dtype.h"

namespace accelerate::import::pt2 {

/// An integer, or an expression of symbols as the file spells it (see sym_expr.h).
struct SymInt {
  std::string expression;  // empty: the number counts
  int64_t number = 0;
  /// The value at capture, if the file tells.
  std::optional<int64_t> hint;
};

struct TensorMeta {
  /// torch's scalar type code; see dtype_of.
  int64_t scalar_type = 0;
  std::vector<SymInt> sizes;
  std::vector<SymInt> strides;
  SymInt storage_offset;
  int64_t layout = 0;
};

struct ExportedGraph;

/// An argument or result of a node. Lists of every kind are `list`; symbolic integers, booleans and numbers are
/// `symbol`.
struct Argument {
  enum class Kind {
    none,
    tensor,         // text: the name of a value
    symbol,         // text: the name of a symbolic value
    integer,        // integer
    number,         // number
    boolean,        // integer: 0 or 1
    string,         // text
    scalar_type,    // integer: code
    memory_format,  // integer: code
    layout,         // integer: code
    device,         // text
    complex,        // number, imaginary
    graph,          // text: its name; graph
    custom_object,  // text: the name of a value
    op,             // text
    list,           // items
    map             // keys, items
  };
  Kind kind = Kind::none;
  std::string text;
  int64_t integer = 0;
  double number = 0;
  double imaginary = 0;
  std::vector<Argument> items;
  std::vector<std::string> keys;
  std::shared_ptr<const ExportedGraph> graph;
};

struct NamedArgument {
  std::string name;
  Argument value;
};

struct ExportedNode {
  /// "aten.add.Tensor", "_operator.mul", "higher_order.cond": without the leading "torch.ops.".
  std::string target;
  std::vector<NamedArgument> inputs;
  std::vector<Argument> outputs;
  /// Path of the module that it came from, such as "encoder.layer.0"; may be empty.
  std::string module_path;
};

struct ExportedGraph {
  std::vector<Argument> inputs;
  std::vector<Argument> outputs;
  std::vector<ExportedNode> nodes;
  std::unordered_map<std::string, TensorMeta> tensors;
  std::unordered_map<std::string, SymInt> sym_ints;
};

struct InputSpec {
  enum class Kind { user_input, parameter, buffer, tensor_constant, constant, custom_object, token };
  Kind kind = Kind::user_input;
  /// The graph's input. For Kind::constant: the value that is baked in.
  Argument value;
  /// parameter, buffer, tensor_constant: its name in the model; constant: the name of the input.
  std::string name;
  bool is_persistent = true;
};

struct OutputSpec {
  enum class Kind { user_output, mutation, other };
  Kind kind = Kind::user_output;
  Argument value;
};

struct RangeConstraint {
  std::optional<int64_t> min;
  std::optional<int64_t> max;
};

struct ExportedProgram {
  ExportedGraph graph;
  std::vector<InputSpec> inputs;
  std::vector<OutputSpec> outputs;
  std::map<std::string, RangeConstraint> ranges;
  /// Names of the flattened user inputs and outputs by torch's tree of the root module ("past_key_values.0.0"), in
  /// order, None left out; empty if the file does not tell.
  std::vector<std::string> input_paths;
  std::vector<std::string> output_paths;
  std::string torch_version;
};

/// A tensor that is stored in the archive.
struct Payload {
  std::string path;
  bool is_pickle = false;
  std::optional<TensorMeta> meta;
};

/// `what` names the file in errors. Guards, metadata other than module paths, and fields of a later minor version are
/// passed over. Errors: unsupported_format for another major version; invalid_model for anything malformed, with the
/// place in the file.
ExportedProgram parse_exported_program(const std::string& json, std::string_view what);
/// model_weights_config.json or model_constants_config.json: payloads by name. Errors: as above.
std::map<std::string, Payload> parse_payloads(const std::string& json, std::string_view what);

/// Errors: unsupported_model for a code that has no dtype here.
DType dtype_of(int64_t scalar_type);
bool is_complex_code(int64_t scalar_type);

}  // namespace accelerate::import::pt2
