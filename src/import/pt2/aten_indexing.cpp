// Reads and writes by index tensors and masks.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "import/pt2/aten.h"

namespace accelerate::import::pt2 {
namespace {

Value as_index(Value x) {
  return x.dtype() == DType::i32 ? x : to_dtype(x, DType::i64);
}

/// The extent of a result that only the data tell.
Dim data_dim(Call& c, size_t result, size_t axis) {
  const TensorMeta* meta = c.declared(result);
  return c.conversion().data_dim(meta != nullptr && axis < meta->sizes.size() ? &meta->sizes[axis] : nullptr);
}

/// x[indices[0], indices[1], ...] as PyTorch takes it apart: masks replaced by positions, the indexed axes in front.
struct Selection {
  /// Where each axis of x goes: the indexed ones first.
  std::vector<int64_t> order;
  /// [..., N], for the N indexed axes.
  Value positions;
  /// N = 1: [...], before the last axis is put in.
  Value single;
  size_t num_axes = 0;
  /// The indexed axes are neighbours: their place in the result is where they were, else in front.
  bool together = false;
  int64_t first_axis = 0;
  int positions_rank = 0;
};

Selection analyse(Call& c, Value x, const std::vector<Value>& given, const std::optional<Dim>& mask_count) {
  struct AxisIndex {
    int64_t axis;
    Value index;
  };
  std::vector<AxisIndex> found;
  int64_t axis = 0;
  for (const Value& index : given) {
    if (!index) {
      ++axis;
      continue;
    }
    if (index.dtype() == DType::boolean || index.dtype() == DType::u8) {
      const Dim count = mask_count ? *mask_count : c.conversion().fresh_dim();
      const Value rows = ops::nonzero(to_dtype(index, DType::boolean), count);
      for (int64_t i = 0; i < index.rank(); ++i) found.push_back({axis++, ops::select(rows, 1, i)});
      continue;
    }
    found.push_back({axis++, as_index(index)});
  }
  if (axis > x.rank()) fail(ErrorCode::invalid_model, "{} axes are indexed, of {}", axis, x.type().to_string());
  if (found.empty()) fail(ErrorCode::invalid_model, "no axis is indexed");
  Selection out;
  out.num_axes = found.size();
  out.first_axis = found.front().axis;
  out.together = found.back().axis - found.front().axis + 1 == static_cast<int64_t>(found.size());
  std::vector<Value> indices;
  DType dtype = found.front().index.dtype();
  for (const AxisIndex& f : found) {
    out.order.push_back(f.axis);
    if (f.index.dtype() != dtype) dtype = DType::i64;
  }
  for (const AxisIndex& f : found) indices.push_back(to_dtype(f.index, dtype));
  for (int64_t a = 0; a < x.rank(); ++a)
    if (std::find(out.order.begin(), out.order.end(), a) == out.order.end()) out.order.push_back(a);
  align_shapes(indices, std::nullopt);
  Shape shape;
  for (const Value& v : indices) {
    while (shape.size() < v.shape().size()) shape.insert(shape.begin(), Dim(1));
    for (int i = 0; i < v.rank(); ++i)
      if (v.dim(i) != Dim(1)) shape[shape.size() - static_cast<size_t>(v.rank() - i)] = v.dim(i);
  }
  for (Value& v : indices) v = ops::expand(v, shape);
  out.positions_rank = static_cast<int>(shape.size());
  out.single = indices[0];
  out.positions = indices.size() == 1 ? ops::unsqueeze(indices[0], -1) : ops::stack(indices, -1);
  return out;
}

Value permuted(Value x, const std::vector<int64_t>& order) {
  return std::is_sorted(order.begin(), order.end()) ? x : ops::transpose(x, order);
}

/// Moves the axes of the positions from the front of x to where the indexed axes were.
Value to_place(Value x, const Selection& s) {
  if (!s.together || s.first_axis == 0) return x;
  std::vector<int64_t> order;
  for (int64_t i = 0; i < s.first_axis; ++i) order.push_back(s.positions_rank + i);
  for (int64_t i = 0; i < s.positions_rank; ++i) order.push_back(i);
  for (int64_t i = s.positions_rank + s.first_axis; i < x.rank(); ++i) order.push_back(i);
  return permuted(x, order);
}

/// How many elements the masks of an index select: an axis of the result.
std::optional<Dim> mask_count(Call& c, const std::vector<Value>& indices) {
  const auto masks = std::count_if(indices.begin(), indices.end(), [](const Value& v) {
    return v && (v.dtype() == DType::boolean || v.dtype() == DType::u8);
  });
  if (masks != 1) return std::nullopt;
  size_t axis = 0;
  for (const Value& v : indices) {
    if (v) break;
    ++axis;
  }
  return data_dim(c, 0, axis);
}

Item index(Call& c) {
  const Value x = c.tensor("self");
  const auto indices = c.optional_tensors("indices");
  const bool lone_mask = std::count_if(indices.begin(), indices.end(), [](const Value& v) { return bool(v); }) == 1;
  const Selection s = analyse(c, x, indices, lone_mask ? mask_count(c, indices) : std::nullopt);
  if (s.num_axes == 1) return ops::gather(x, s.single, s.order[0]);
  return to_place(ops::gather_nd(permuted(x, s.order), s.positions), s);
}

std::vector<int64_t> inverse(const std::vector<int64_t>& order) {
  std::vector<int64_t> out(order.size());
  for (size_t i = 0; i < order.size(); ++i) out[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  return out;
}

Item index_put(Call& c) {
  const Value x = c.tensor("self");
  const auto indices = c.optional_tensors("indices");
  Value values = to_dtype(c.tensor("values"), x.dtype());
  const bool accumulate = c.boolean("accumulate", false);
  // One mask and one number for all: a choice, without positions that depend on data.
  if (!accumulate && num_elements(values.shape()) == Dim(1) && !indices.empty() && indices[0] &&
      indices[0].dtype() == DType::boolean && indices.size() == 1) {
    Shape shape = indices[0].shape();
    while (static_cast<int>(shape.size()) < x.rank()) shape.emplace_back(1);
    std::vector<Value> v = {ops::reshape(indices[0], shape), ops::reshape(values, {}), x};
    align_shapes(v, c.declared_shape());
    return ops::where(v[0], v[1], v[2]);
  }
  // One mask over all axes: values in their order.
  if (!accumulate && indices.size() == 1 && indices[0] && indices[0].dtype() == DType::boolean && values.rank() == 1 &&
      indices[0].rank() == x.rank()) {
    return ops::masked_scatter(x, expand_to(indices[0], x.shape()), values);
  }
  std::optional<Dim> count;
  const auto masks =
      std::count_if(indices.begin(), indices.end(), [](const Value& v) { return v && v.dtype() == DType::boolean; });
  if (masks == 1 && values.rank() > 0 && indices[0] && indices[0].dtype() == DType::boolean &&
      values.rank() == x.rank() - indices[0].rank() + 1 && values.dim(0) != Dim(1))
    count = values.dim(0);
  const Selection s = analyse(c, x, indices, count);
  const Value front = permuted(x, s.order);
  Shape wanted(s.positions.shape().begin(), s.positions.shape().end() - 1);
  wanted.insert(wanted.end(), front.shape().begin() + static_cast<int64_t>(s.num_axes), front.shape().end());
  // values broadcast to the shape of x[indices], where the positions' axes may stand in the middle.
  if (s.together && s.first_axis > 0) {
    Shape placed(wanted.begin() + s.positions_rank, wanted.begin() + s.positions_rank + s.first_axis);
    placed.insert(placed.end(), wanted.begin(), wanted.begin() + s.positions_rank);
    placed.insert(placed.end(), wanted.begin() + s.positions_rank + s.first_axis, wanted.end());
    std::vector<int64_t> order;
    for (int64_t i = 0; i < s.positions_rank; ++i) order.push_back(s.first_axis + i);
    for (int64_t i = 0; i < s.first_axis; ++i) order.push_back(i);
    for (auto i = static_cast<int64_t>(order.size()); i < static_cast<int64_t>(placed.size()); ++i) order.push_back(i);
    values = permuted(expand_to(values, placed), order);
  } else {
    values = expand_to(values, wanted);
  }
  const std::string reduction = accumulate ? "add" : "none";
  return permuted(ops::scatter_nd(front, s.positions, values, reduction), inverse(s.order));
}

Item gather(Call& c) {
  const Value x = c.tensor("self");
  const Value indices = as_index(c.tensor("index"));
  if (x.rank() == 0)
    return ops::reshape(ops::expand(ops::reshape(x, {1}), {num_elements(indices.shape())}), indices.shape());
  return ops::gather_elements(x, indices, c.axis("dim", x.rank()));
}

Item take_along(Call& c) {
  const Value x = c.tensor("self");
  const Value indices = as_index(c.tensor("indices"));
  if (!c.given("dim")) return ops::gather(ops::reshape(x, {num_elements(x.shape())}), indices, 0);
  const int64_t axis = c.axis("dim", x.rank());
  Shape of_x = x.shape();
  Shape of_indices = indices.shape();
  for (size_t i = 0; i < of_x.size(); ++i) {
    if (static_cast<int64_t>(i) == axis) continue;
    const Dim d = of_x[i] == Dim(1) ? of_indices[i] : of_x[i];
    of_x[i] = of_indices[i] = d;
  }
  return ops::gather_elements(expand_to(x, of_x), expand_to(indices, of_indices), axis);
}

Item take(Call& c) {
  const Value x = c.tensor("self");
  return ops::gather(ops::reshape(x, {num_elements(x.shape())}), as_index(c.tensor("index")), 0);
}

Item index_select(Call& c) {
  const Value x = c.tensor("self");
  const Value indices = as_index(c.tensor("index"));
  if (x.rank() == 0) return x;
  const int64_t axis = c.axis("dim", x.rank());
  return ops::gather(x, indices.rank() == 0 ? ops::reshape(indices, {1}) : indices, axis);
}

Item embedding(Call& c) {
  return ops::embedding(c.tensor("weight"), as_index(c.tensor("indices")));
}

/// x with the updates on the positions that lie inside of the shape of indices.
Value scattered(Call& c, Value x, int64_t axis, Value indices, Value updates, const std::string& reduction) {
  (void)c;
  updates = to_dtype(updates, x.dtype());
  // PyTorch lets updates be larger than indices: the front part counts.
  for (int i = 0; i < updates.rank() && updates.rank() == indices.rank(); ++i) {
    if (updates.dim(i) == indices.dim(i)) continue;
    if (updates.dim(i).is_constant() && indices.dim(i).is_constant()) {
      updates = ops::slice(updates, i, 0, indices.dim(i));
      continue;
    }
    updates = ops::slice(updates, i, 0, indices.dim(i));
  }
  const bool scalar = x.rank() == 0;
  if (scalar) x = ops::reshape(x, {1});
  if (indices.rank() == 0) indices = ops::reshape(indices, {1});
  if (updates.rank() == 0) updates = ops::reshape(updates, {1});
  const Value out = ops::scatter_elements(x, indices, updates, axis, reduction);
  return scalar ? ops::reshape(out, {}) : out;
}

std::string reduction_name(const std::string& name) {
  if (name == "sum" || name == "add") return "add";
  if (name == "prod" || name == "multiply") return "mul";
  if (name == "amax") return "max";
  if (name == "amin") return "min";
  fail(ErrorCode::unsupported_model, "the reduction '{}' of a scatter; expected sum, prod, mean, amax or amin",
       printable(name));
}

Item scatter(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank());
  const Value indices = as_index(c.tensor("index"));
  const Value updates = c.given("src") ? c.tensor("src") : filled(c, x.dtype(), indices.shape(), c.scalar("value"));
  return scattered(c, x, axis, indices, updates, c.given("reduce") ? reduction_name(c.string("reduce", "")) : "none");
}

Item scatter_add(Call& c) {
  const Value x = c.tensor("self");
  return scattered(c, x, c.axis("dim", x.rank()), as_index(c.tensor("index")), c.tensor("src"), "add");
}

/// What each element starts from where the old one does not count.
double neutral(const std::string& reduction, DType dtype) {
  const bool is_number = is_float(dtype);
  if (reduction == "mul") return 1;
  if (reduction == "max") return is_number ? -INFINITY : -0x1p53;
  if (reduction == "min") return is_number ? INFINITY : 0x1p53;
  return 0;
}

/// How many updates each element gets.
Value hits(Call& c, Value x, int64_t axis, Value indices) {
  return ops::scatter_elements(ops::full(c.graph(), x.dtype(), x.shape(), 0), indices,
                               ops::full(c.graph(), x.dtype(), indices.shape(), 1), axis, "add");
}

Value reduced_scatter(Call& c, Value x, int64_t axis, Value indices, Value updates, const std::string& name,
                      bool include_self) {
  const bool mean = name == "mean";
  const std::string reduction = mean ? "add" : reduction_name(name);
  const auto number = [&](double v) { return ops::full(c.graph(), x.dtype(), {}, v); };
  if (include_self && !mean) return scattered(c, x, axis, indices, updates, reduction);
  const Value count = hits(c, x, axis, indices);
  const Value hit = ops::greater(count, number(0));
  const Value start = include_self ? x : ops::where(hit, number(neutral(reduction, x.dtype())), x);
  Value out = scattered(c, start, axis, indices, updates, reduction);
  if (!mean) return out;
  const Value divisor = ops::maximum(include_self ? ops::add(count, number(1)) : count, number(1));
  return is_float(x.dtype()) ? ops::div(out, divisor) : ops::floor_divide(out, divisor);
}

Item scatter_reduce(Call& c) {
  const Value x = c.tensor("self");
  return reduced_scatter(c, x, c.axis("dim", x.rank()), as_index(c.tensor("index")), c.tensor("src"),
                         c.string("reduce", ""), c.boolean("include_self", true));
}

/// indices [M] of an axis, as the indices of whole slices: the shape of `like`.
Value along_axis(Value indices, int64_t axis, const Shape& like) {
  Shape shape(like.size(), Dim(1));
  shape[static_cast<size_t>(axis)] = indices.rank() == 0 ? Dim(1) : indices.dim(0);
  Shape full = like;
  full[static_cast<size_t>(axis)] = shape[static_cast<size_t>(axis)];
  return ops::expand(ops::reshape(indices, shape), full);
}

Item index_add(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank());
  Value source = to_dtype(c.tensor("source"), x.dtype());
  if (c.given("alpha") && c.scalar("alpha").constant() != 1.0)
    source = ops::mul(source, scalar_tensor(c.graph(), x.dtype(), c.scalar("alpha")));
  const Value indices = along_axis(as_index(c.tensor("index")), axis, x.shape());
  return scattered(c, x, axis, indices, expand_to(source, indices.shape()), "add");
}

Item index_copy(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank());
  const Value indices = along_axis(as_index(c.tensor("index")), axis, x.shape());
  return scattered(c, x, axis, indices, expand_to(to_dtype(c.tensor("source"), x.dtype()), indices.shape()), "none");
}

Item index_fill(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank());
  const Value indices = along_axis(as_index(c.tensor("index")), axis, x.shape());
  const Value value = to_tensor(c.graph(), c.operand("value"), x.dtype());
  return scattered(c, x, axis, indices, ops::expand(value, indices.shape()), "none");
}

Item index_reduce(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank());
  const Value indices = along_axis(as_index(c.tensor("index")), axis, x.shape());
  return reduced_scatter(c, x, axis, indices, c.tensor("source"), c.string("reduce", ""),
                         c.boolean("include_self", true));
}

Item masked_scatter(Call& c) {
  const Value x = c.tensor("self");
  const Value mask = expand_to(to_dtype(c.tensor("mask"), DType::boolean), x.shape());
  return ops::masked_scatter(x, mask, to_dtype(c.tensor("source"), x.dtype()));
}

Item masked_select(Call& c) {
  std::vector<Value> v = {c.tensor("self"), to_dtype(c.tensor("mask"), DType::boolean)};
  align_shapes(v, std::nullopt);
  return ops::masked_select(v[0], v[1], data_dim(c, 0, 0));
}

Item nonzero(Call& c) {
  return ops::nonzero(c.tensor("self"), data_dim(c, 0, 0));
}

Item nonzero_columns(Call& c) {
  const Value x = c.tensor(c.given("self") ? "self" : "condition");
  const Value rows = ops::nonzero(x, data_dim(c, 0, 0));
  std::vector<Value> out;
  for (int64_t i = 0; i < x.rank(); ++i) out.push_back(ops::select(rows, 1, i));
  return out;
}

Item argwhere(Call& c) {
  return nonzero(c);
}

/// diagonal of `self` replaced by src.
Item diagonal_scatter(Call& c) {
  const Value x = c.tensor("self");
  const int64_t offset = c.integer("offset", 0);
  const int64_t a = c.axis("dim1", x.rank(), 0);
  const int64_t b = c.axis("dim2", x.rank(), 1);
  std::vector<int64_t> order(static_cast<size_t>(x.rank()));
  std::iota(order.begin(), order.end(), int64_t{0});
  std::erase_if(order, [&](int64_t axis) { return axis == a || axis == b; });
  order.push_back(a);
  order.push_back(b);
  const Value matrix = permuted(x, order);
  const Value src = to_dtype(c.tensor("src"), x.dtype());
  const Dim columns = matrix.dim(-1);
  const Value i = ops::iota(c.graph(), DType::i64, src.dim(-1));
  const auto number = [&](int64_t v) { return ops::full(c.graph(), DType::i64, {}, static_cast<double>(v)); };
  const Value row = ops::add(i, number(std::max<int64_t>(0, -offset)));
  const Value column = ops::add(i, number(std::max<int64_t>(0, offset)));
  const Value flat = ops::add(ops::mul(row, ops::dim_value(c.graph(), columns)), column);
  Shape merged(matrix.shape().begin(), matrix.shape().end() - 2);
  merged.push_back(matrix.dim(-2) * columns);
  const auto axis = static_cast<int64_t>(merged.size()) - 1;
  const Value indices = ops::expand(flat, src.shape());
  const Value out = ops::scatter_elements(ops::reshape(matrix, merged), indices, src, axis);
  return permuted(ops::reshape(out, matrix.shape()), inverse(order));
}

Item repeat_interleave(Call& c) {
  const Value x = c.tensor("self");
  const Value flat = c.given("dim") ? x : ops::reshape(x, {num_elements(x.shape())});
  const int64_t axis = c.given("dim") ? c.axis("dim", x.rank()) : 0;
  const Item repeats = c.item("repeats");
  if (const Scalar* number = repeats.scalar(); number != nullptr && !number->value) {
    const Dim count = c.dim("repeats");
    const Value wide = ops::unsqueeze(flat, axis + 1);
    Shape shape = wide.shape();
    shape[static_cast<size_t>(axis) + 1] = count;
    Shape merged = flat.shape();
    merged[static_cast<size_t>(axis)] = merged[static_cast<size_t>(axis)] * count;
    return ops::reshape(ops::expand(wide, shape), merged);
  }
  Value counts = as_index(c.tensor("repeats"));
  const Dim n = flat.dim(static_cast<int>(axis));
  counts = ops::expand(counts.rank() == 0 ? ops::reshape(counts, {1}) : counts, {n});
  const Dim total = c.given("output_size") ? c.dim("output_size") : data_dim(c, 0, static_cast<size_t>(axis));
  return ops::gather(flat, ops::repeat_indices(counts, total), axis);
}

Item repeat_indices(Call& c) {
  const Value counts = as_index(c.tensor("repeats"));
  const Dim total = c.given("output_size") ? c.dim("output_size") : data_dim(c, 0, 0);
  return to_dtype(ops::repeat_indices(counts, total), counts.dtype());
}

Item search_sorted(Call& c) {
  const bool buckets = c.target().starts_with("aten.bucketize");
  Value sorted = c.tensor(buckets ? "boundaries" : "sorted_sequence");
  Value values = to_tensor(c.graph(), c.operand("self"), sorted.dtype());
  const DType dtype = promote(sorted.dtype(), values.dtype());
  const bool right = c.boolean("right", false) || c.string("side", "left") == "right";
  if (c.given("sorter")) sorted = ops::gather_elements(sorted, as_index(c.tensor("sorter")), -1);
  const Value out = ops::search_sorted(to_dtype(sorted, dtype), to_dtype(values, dtype), right);
  return c.boolean("out_int32", false) ? to_dtype(out, DType::i32) : out;
}

Item unique(Call& c) {
  const Value x = c.tensor("self");
  if (c.given("dim") && x.rank() != 1) c.refuse("unique along an axis");
  const bool consecutive = c.target().find("consecutive") != std::string::npos;
  return ops::unique(x, data_dim(c, 0, 0), consecutive);
}

Item bincount(Call& c) {
  return ops::bincount(as_index(c.tensor("self")), c.optional_tensor("weights"), data_dim(c, 0, 0),
                       c.integer("minlength", 0));
}

Item one_hot(Call& c) {
  const Value x = as_index(c.tensor("self"));
  const int64_t classes = c.integer("num_classes", -1);
  if (classes >= 0) return ops::one_hot(x, classes, DType::i64);
  const Value largest = ops::add(ops::reduce_max(to_dtype(x, DType::i64)), ops::full(c.graph(), DType::i64, {}, 1));
  Dim depth = data_dim(c, 0, static_cast<size_t>(x.rank()));
  if (!depth.is_constant()) ops::bind_dim(largest, depth);
  return ops::one_hot(x, depth, DType::i64);
}

/// Is each element one of the test elements.
Item is_in(Call& c) {
  const Operand elements = c.operand(c.given("elements") ? "elements" : "element");
  const Operand tests = c.operand(c.given("test_elements") ? "test_elements" : "test_element");
  const Operand both[] = {elements, tests};
  const DType dtype = result_type(both);
  const Value x = to_tensor(c.graph(), elements, dtype);
  const Value t = to_tensor(c.graph(), tests, dtype);
  const Value hit = ops::equal(ops::unsqueeze(x, -1), ops::reshape(t, {num_elements(t.shape())}));
  const Value found = ops::reduce_any(hit, {-1});
  return c.boolean("invert", false) ? ops::logical_not(found) : found;
}

constexpr auto kParts = Mapping::Complex::each_part;

constexpr Mapping kMappings[] = {
    {"aten.index.Tensor", index, kParts},
    {"aten._unsafe_index.Tensor", index, kParts},
    {"aten.index_put.default", index_put},
    {"aten._unsafe_index_put.default", index_put},
    {"aten._index_put_impl.default", index_put},
    {"aten.gather.default", gather},
    {"aten.take_along_dim.default", take_along},
    {"aten.take.default", take},
    {"aten.index_select.default", index_select, kParts},
    {"aten.embedding.default", embedding},
    {"aten.scatter.src", scatter},
    {"aten.scatter.value", scatter},
    {"aten.scatter.reduce", scatter},
    {"aten.scatter.value_reduce", scatter},
    {"aten.scatter_add.default", scatter_add},
    {"aten.scatter_reduce.two", scatter_reduce},
    {"aten.index_add.default", index_add},
    {"aten.index_copy.default", index_copy},
    {"aten.index_fill.int_Scalar", index_fill},
    {"aten.index_fill.int_Tensor", index_fill},
    {"aten.index_reduce.default", index_reduce},
    {"aten.masked_scatter.default", masked_scatter},
    {"aten.masked_select.default", masked_select},
    {"aten.nonzero.default", nonzero},
    {"aten.argwhere.default", argwhere},
    {"aten.nonzero_numpy.default", nonzero_columns},
    {"aten.where.default", nonzero_columns},
    {"aten.diagonal_scatter.default", diagonal_scatter},
    {"aten.repeat_interleave.self_int", repeat_interleave},
    {"aten.repeat_interleave.self_Tensor", repeat_interleave},
    {"aten.repeat_interleave.Tensor", repeat_indices},
    {"aten.searchsorted.Tensor", search_sorted},
    {"aten.searchsorted.Scalar", search_sorted},
    {"aten.bucketize.Tensor", search_sorted},
    {"aten.bucketize.Scalar", search_sorted},
    {"aten._unique2.default", unique},
    {"aten._unique.default", unique},
    {"aten.unique_consecutive.default", unique},
    {"aten.bincount.default", bincount},
    {"aten.one_hot.default", one_hot},
    {"aten.isin.Tensor_Tensor", is_in},
    {"aten.isin.Tensor_Scalar", is_in},
    {"aten.isin.Scalar_Tensor", is_in},
};

}  // namespace

std::span<const Mapping> indexing_mappings() {
  return kMappings;
}

}  // namespace accelerate::import::pt2
