#pragma once
// Writes OpenVINO IR (version 11), one layer at a time. Knows the form of the text and the engine's rules of shapes;
// the operations' files say what each op becomes. Source: docs.openvino.ai, "Operation Sets" and "Model
// Representation".
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace accelerate::openvino_engine {

/// A value of the text: output `port` of a layer, counted after the layer's inputs.
struct IrValue {
  int layer = -1;
  int port = 0;
  TensorType type;
};

/// Attributes of a layer, in order.
using IrAttributes = std::vector<std::pair<std::string, std::string>>;

/// No name of the model reaches the text. Extents that vary between calls are -1 in it; where an operation has to be
/// told one, it is an element of one further input "dims" (i64), whose values come with each call.
class IrBuilder {
 public:
  static std::string_view element(DType dtype);

  /// An input. Inputs are numbered in the order of these calls.
  IrValue parameter(const TensorType& type);
  /// A tensor that stays where it is: the text has its place.
  IrValue constant(const Tensor& value);
  /// The value as an output.
  void result(const IrValue& value);

  IrValue op(std::string_view type, std::string_view opset, std::span<const IrValue> operands, const TensorType& result,
             IrAttributes attributes = {});
  IrValue op(std::string_view type, std::string_view opset, std::initializer_list<IrValue> operands,
             const TensorType& result, IrAttributes attributes = {}) {
    return op(type, opset, std::span<const IrValue>(operands.begin(), operands.size()), result, std::move(attributes));
  }
  /// Several results.
  std::vector<IrValue> ops(std::string_view type, std::string_view opset, std::span<const IrValue> operands,
                           std::span<const TensorType> results, IrAttributes attributes = {});

  IrValue scalar(DType dtype, double value);
  IrValue integer(DType dtype, int64_t value);
  /// i64[n].
  IrValue integers(const std::vector<int64_t>& values);
  /// The extents as i64[rank].
  IrValue extents(const Shape& shape);
  /// The extent as an i64 scalar.
  IrValue extent(const Dim& dim);

  IrValue cast(const IrValue& x, DType dtype);
  /// x != 0.
  IrValue to_bool(const IrValue& x);
  IrValue reshape(const IrValue& x, const Shape& shape);
  IrValue transpose(const IrValue& x, const std::vector<int64_t>& permutation);
  IrValue broadcast(const IrValue& x, const Shape& shape);
  /// An operation of two operands, which broadcast; the result has dtype.
  IrValue binary(std::string_view type, const IrValue& a, const IrValue& b, DType dtype);
  IrValue select(const IrValue& condition, const IrValue& a, const IrValue& b);
  IrValue greater(const IrValue& a, const IrValue& b) { return binary("Greater", a, b, DType::boolean); }
  IrValue unary(std::string_view type, const IrValue& x, std::string_view opset = "opset1",
                IrAttributes attributes = {}) {
    return op(type, opset, {x}, x.type, std::move(attributes));
  }
  IrValue is_nan(const IrValue& x);
  /// Reduce* over axes, which stay as 1 if keep.
  IrValue reduce(std::string_view type, const IrValue& x, const std::vector<int64_t>& axes, bool keep);

  /// The dims whose values the input "dims" takes, in its order; empty: there is no such input.
  const std::vector<Dim>& dims() const { return dims_; }
  /// Its place among the inputs: the last.
  size_t num_parameters() const { return num_parameters_; }

  /// Memory that the constants lie in: offsets in the text count from `base`, and span ends behind the last of them.
  struct Memory {
    const char* base = nullptr;
    size_t span = 0;
    std::vector<Tensor> tensors;
  };
  Memory memory() const;
  /// The whole text. No layer can be added afterwards.
  std::string finish();

 private:
  struct Layer {
    std::string head;  // id, type, opset, attributes
    std::vector<DType> inputs;
    std::vector<DType> outputs;
    int constant = -1;  // index into constants_
    IrAttributes attributes;
  };
  int add(std::string_view type, std::string_view opset, std::span<const IrValue> operands, std::vector<DType> outputs,
          IrAttributes attributes);
  IrValue once(const Tensor& value);
  /// Elements of "dims" at these places, as i64[n], or a scalar for one place.
  IrValue dims_at(const std::vector<int64_t>& places, bool is_scalar);
  int64_t place_of(const Dim& dim);

  std::vector<Layer> layers_;
  std::string edges_;
  std::vector<Tensor> constants_;
  std::map<std::string, IrValue> made_;  // small constants and extents by their text
  std::vector<Dim> dims_;
  std::map<std::string, int64_t> dim_places_;  // by Dim::to_string
  int dims_layer_ = -1;
  size_t num_parameters_ = 0;
};

/// "1,2,3"
std::string joined(const std::vector<int64_t>& values);

}  // namespace accelerate::openvino_engine
