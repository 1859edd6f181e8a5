// Ops that give the same elements other extents or another order.
#include <algorithm>
#include <numeric>

#include "import/pt2/aten.h"

namespace accelerate::import::pt2 {
namespace {

/// The extents that a view asks for; of one that is left to be computed, the declared form where it is the same.
Shape view_shape(Call& c, const Value& x, std::string_view name) {
  Shape shape = c.dims(name);
  const auto declared = c.declared_shape();
  Dim known = 1;
  for (const Dim& d : shape) known = d == Dim(-1) ? known : known * d;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != Dim(-1)) continue;
    shape[i] = floordiv(num_elements(x.shape()), known);
    if (declared && declared->size() == shape.size() && !contradict(shape[i], (*declared)[i]))
      shape[i] = (*declared)[i];
  }
  return shape;
}

Item view(Call& c) {
  const Value x = c.tensor("self");
  return with_shape(x, view_shape(c, x, c.given("size") ? "size" : "shape"));
}

Item view_dtype(Call& c) {
  const Value x = c.tensor("self");
  const DType dtype = c.dtype().value_or(x.dtype());
  if (dtype != x.dtype()) c.refuse("the bits of {} are read as {}", name_of(x.dtype()), name_of(dtype));
  return x;
}

Item view_as(Call& c) {
  return with_shape(c.tensor("self"), c.tensor("other").shape());
}

Value expanded(Call& c, Value x, Shape shape) {
  const auto declared = c.declared_shape();
  if (declared && declared->size() == shape.size()) shape = *declared;
  const size_t shift = shape.size() - std::min(shape.size(), x.shape().size());
  for (size_t i = 0; i < x.shape().size() && i + shift < shape.size(); ++i)
    if (shape[i + shift] == Dim(-1)) shape[i + shift] = x.shape()[i];
  return expand_to(x, shape);
}

Item expand(Call& c) {
  return expanded(c, c.tensor("self"), c.dims("size"));
}

Item expand_as(Call& c) {
  return expanded(c, c.tensor("self"), c.tensor("other").shape());
}

Item unsqueeze(Call& c) {
  const Value x = c.tensor("self");
  return ops::unsqueeze(x, c.axis("dim", x.rank() + 1));
}

/// Drops the axes that have the extent 1 (those that are symbolic stay, as in PyTorch).
Value squeezed(Value x, const std::vector<int64_t>& axes) {
  Shape shape;
  for (int i = 0; i < x.rank(); ++i) {
    const bool chosen = std::find(axes.begin(), axes.end(), int64_t{i}) != axes.end();
    if (!chosen || x.dim(i) != Dim(1)) shape.push_back(x.dim(i));
  }
  return with_shape(x, shape);
}

Item squeeze(Call& c) {
  const Value x = c.tensor("self");
  if (const auto declared = c.declared_shape()) return with_shape(x, *declared);
  return squeezed(x, c.axes("dim", x.rank()));
}

Value permuted(Value x, std::vector<int64_t> order) {
  if (std::is_sorted(order.begin(), order.end())) return x;
  return ops::transpose(x, std::move(order));
}

std::vector<int64_t> identity(int rank) {
  std::vector<int64_t> order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), int64_t{0});
  return order;
}

Value exchanged(Value x, int64_t a, int64_t b) {
  if (x.rank() == 0) return x;
  auto order = identity(x.rank());
  std::swap(order[static_cast<size_t>(front_axis(a, x.rank()))], order[static_cast<size_t>(front_axis(b, x.rank()))]);
  return permuted(x, std::move(order));
}

Item transpose(Call& c) {
  return exchanged(c.tensor("self"), c.integer(c.given("axis0") ? "axis0" : "dim0"),
                   c.integer(c.given("axis1") ? "axis1" : "dim1"));
}

Item permute(Call& c) {
  const Value x = c.tensor("self");
  std::vector<int64_t> order = c.integers("dims");
  for (int64_t& axis : order) axis = front_axis(axis, x.rank());
  return permuted(x, std::move(order));
}

Item reversed_axes(Call& c) {
  const Value x = c.tensor("self");
  auto order = identity(x.rank());
  std::reverse(order.begin(), order.end());
  return permuted(x, std::move(order));
}

Item matrix_transpose(Call& c) {
  return exchanged(c.tensor("self"), -2, -1);
}

Item move_axes(Call& c) {
  const Value x = c.tensor("self");
  std::vector<int64_t> from = c.integers("source");
  std::vector<int64_t> to = c.integers("destination");
  if (from.size() != to.size()) fail(ErrorCode::invalid_model, "source and destination are of different length");
  std::vector<int64_t> order(static_cast<size_t>(x.rank()), -1);
  std::vector<bool> used(order.size(), false);
  for (size_t i = 0; i < from.size(); ++i) {
    const auto source = static_cast<size_t>(front_axis(from[i], x.rank()));
    order[static_cast<size_t>(front_axis(to[i], x.rank()))] = static_cast<int64_t>(source);
    used[source] = true;
  }
  size_t next = 0;
  for (int64_t& axis : order) {
    if (axis >= 0) continue;
    while (next < used.size() && used[next]) ++next;
    axis = static_cast<int64_t>(next++);
  }
  return permuted(x, std::move(order));
}

Item flatten(Call& c) {
  const Value x = c.tensor("self");
  if (const auto declared = c.declared_shape()) return with_shape(x, *declared);
  return ops::flatten(x, c.integer("start_dim", 0), c.integer("end_dim", -1));
}

Item unflatten(Call& c) {
  const Value x = c.tensor("self");
  if (const auto declared = c.declared_shape()) return with_shape(x, *declared);
  return ops::unflatten(x, c.axis("dim", x.rank()), c.dims("sizes"));
}

/// The values in one dtype, with symbolic extents alike on the axes that are not joined; PyTorch leaves out those of
/// the shape [0].
std::vector<Value> joinable(Call& c, std::vector<Value> values, std::optional<int64_t> along) {
  std::vector<Operand> operands;
  for (const Value& v : values) operands.push_back({v, {}});
  const DType dtype = result_type(operands);
  if (along) {
    int rank = 0;
    for (const Value& v : values) rank = std::max(rank, v.rank());
    std::erase_if(values, [&](const Value& v) { return rank > 1 && v.shape() == Shape{Dim(0)}; });
  }
  if (values.empty()) fail(ErrorCode::invalid_model, "nothing is joined");
  const auto declared = c.declared_shape();
  Shape common = values[0].shape();
  for (size_t i = 0; i < common.size(); ++i) {
    for (const Value& v : values)
      if (v.shape().size() == common.size() && v.shape()[i].is_constant() && !common[i].is_constant())
        common[i] = v.shape()[i];
    if (along && declared && declared->size() == common.size()) common[i] = (*declared)[i];
  }
  for (Value& v : values) {
    v = to_dtype(v, dtype);
    Shape shape = v.shape();
    for (size_t i = 0; i < shape.size() && i < common.size(); ++i)
      if (!along || static_cast<size_t>(front_axis(*along, v.rank())) != i)
        if (!shape[i].is_constant()) shape[i] = common[i];
    v = with_shape(v, shape);
  }
  return values;
}

Item concat(Call& c) {
  const int64_t axis = c.integer("dim", 0);
  const auto values = joinable(c, c.tensors("tensors"), axis);
  return values.size() == 1 ? values[0] : ops::concat(values, front_axis(axis, values[0].rank()));
}

Item stack(Call& c) {
  const auto values = joinable(c, c.tensors("tensors"), std::nullopt);
  return ops::stack(values, front_axis(c.integer("dim", 0), values[0].rank() + 1));
}

Item horizontal_stack(Call& c) {
  std::vector<Value> values = c.tensors("tensors");
  for (Value& v : values)
    if (v.rank() == 0) v = ops::reshape(v, {1});
  values = joinable(c, std::move(values), values.at(0).rank() == 1 ? 0 : 1);
  return ops::concat(values, values[0].rank() == 1 ? 0 : 1);
}

Item vertical_stack(Call& c) {
  std::vector<Value> values = c.tensors("tensors");
  for (Value& v : values) {
    if (v.rank() == 0) v = ops::reshape(v, {1});
    if (v.rank() == 1) v = ops::unsqueeze(v, 0);
  }
  return ops::concat(joinable(c, std::move(values), 0), 0);
}

Value repeated(Value x, const Shape& repeats) {
  while (x.rank() < static_cast<int>(repeats.size())) x = ops::unsqueeze(x, 0);
  bool only_ones = true;
  Shape shape = x.shape();
  for (size_t i = 0; i < repeats.size(); ++i) {
    only_ones = only_ones && (repeats[i] == Dim(1) || shape[i] == Dim(1));
    shape[i] = shape[i] * repeats[i];
  }
  return only_ones ? ops::expand(x, shape) : ops::tile(x, repeats);
}

Item repeat(Call& c) {
  return repeated(c.tensor("self"), c.dims("repeats"));
}

Item tile(Call& c) {
  const Value x = c.tensor("self");
  Shape repeats = c.dims("dims");
  while (static_cast<int>(repeats.size()) < x.rank()) repeats.insert(repeats.begin(), Dim(1));
  return repeated(x, repeats);
}

Item flip(Call& c) {
  const Value x = c.tensor("self");
  std::vector<int64_t> axes = c.integers("dims", std::vector<int64_t>{});
  if (c.target() == "aten.fliplr.default") axes = {1};
  if (c.target() == "aten.flipud.default") axes = {0};
  for (int64_t& axis : axes) axis = front_axis(axis, x.rank());
  return axes.empty() || x.rank() == 0 ? x : ops::flip(x, axes);
}

Item roll(Call& c) {
  const Value x = c.tensor("self");
  const Shape shifts = c.dims("shifts");
  std::vector<int64_t> axes = c.integers("dims", std::vector<int64_t>{});
  const bool flat = axes.empty();
  Value out = flat ? ops::reshape(x, {num_elements(x.shape())}) : x;
  if (flat) axes = {0};
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t axis = front_axis(axes[i], out.rank());
    const Dim& shift = shifts.at(i);
    if (const auto number = shift.constant()) {
      out = ops::roll(out, {*number}, {axis});
      continue;
    }
    const Dim n = out.dim(static_cast<int>(axis));
    const Dim at = mod(Dim(-1) * shift, n);
    out = ops::concat({ops::slice(out, axis, at, n), ops::slice(out, axis, 0, at)}, axis);
  }
  return flat ? ops::reshape(out, x.shape()) : out;
}

Item rotate(Call& c) {
  const Value x = c.tensor("self");
  const auto axes = c.integers("dims", std::vector<int64_t>{0, 1});
  const int64_t a = front_axis(axes.at(0), x.rank());
  const int64_t b = front_axis(axes.at(1), x.rank());
  switch (((c.integer("k", 1) % 4) + 4) % 4) {
    case 1: return exchanged(ops::flip(x, {b}), a, b);
    case 2: return ops::flip(x, {a, b});
    case 3: return ops::flip(exchanged(x, a, b), {b});
    default: return x;
  }
}

/// Windows of `size` positions every `step`, as a new last axis.
Item unfold(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dimension", x.rank());
  const int64_t size = c.integer("size");
  const int64_t step = c.integer("step");
  if (x.rank() == 0 || size < 0 || step < 1) fail(ErrorCode::invalid_model, "windows of {} every {}", size, step);
  return ops::unfold(x, axis, size, step);
}

Item meshgrid(Call& c) {
  std::vector<Value> values = c.tensors("tensors");
  // "xy" exchanges the first two axes of the results.
  const bool exchange = c.string("indexing", "ij") == "xy" && values.size() > 1;
  Shape shape;
  for (Value& v : values) {
    if (v.rank() == 0) v = ops::reshape(v, {1});
    shape.push_back(v.dim(0));
  }
  std::vector<Value> out;
  for (size_t i = 0; i < values.size(); ++i) {
    Shape one(values.size(), Dim(1));
    one[i] = values[i].dim(0);
    const Value grid = ops::expand(ops::reshape(values[i], one), shape);
    out.push_back(exchange ? exchanged(grid, 0, 1) : grid);
  }
  return out;
}

Item broadcast_tensors(Call& c) {
  std::vector<Value> values = c.tensors("tensors");
  align_shapes(values, c.declared_shape(0));
  Shape shape;
  for (const Value& v : values) {
    while (shape.size() < v.shape().size()) shape.insert(shape.begin(), Dim(1));
    for (int i = 0; i < v.rank(); ++i) {
      Dim& d = shape[shape.size() - static_cast<size_t>(v.rank() - i)];
      if (v.dim(i) != Dim(1)) d = v.dim(i);
    }
  }
  for (Value& v : values) v = ops::expand(v, shape);
  return values;
}

/// [..., C r r, H, W] -> [..., C, H r, W r].
Item pixel_shuffle(Call& c) {
  const Value x = c.tensor("self");
  const int64_t r = c.integer("upscale_factor");
  const Shape lead(x.shape().begin(), x.shape().end() - 3);
  const Dim channels = floordiv(x.dim(-3), r * r);
  Shape split = lead;
  for (const Dim& d : {channels, Dim(r), Dim(r), x.dim(-2), x.dim(-1)}) split.push_back(d);
  auto order = identity(static_cast<int>(split.size()));
  const auto n = order.size();
  const auto base = static_cast<int64_t>(n) - 5;
  const int64_t moved[] = {base, base + 3, base + 1, base + 4, base + 2};
  std::copy(std::begin(moved), std::end(moved), order.end() - 5);
  Shape merged = lead;
  for (const Dim& d : {channels, x.dim(-2) * r, x.dim(-1) * r}) merged.push_back(d);
  return ops::reshape(ops::transpose(ops::reshape(x, split), order), merged);
}

/// [..., C, H r, W r] -> [..., C r r, H, W].
Item pixel_unshuffle(Call& c) {
  const Value x = c.tensor("self");
  const int64_t r = c.integer("downscale_factor");
  const Shape lead(x.shape().begin(), x.shape().end() - 3);
  const Dim height = floordiv(x.dim(-2), r);
  const Dim width = floordiv(x.dim(-1), r);
  Shape split = lead;
  for (const Dim& d : {x.dim(-3), height, Dim(r), width, Dim(r)}) split.push_back(d);
  auto order = identity(static_cast<int>(split.size()));
  const auto base = static_cast<int64_t>(order.size()) - 5;
  const int64_t moved[] = {base, base + 2, base + 4, base + 1, base + 3};
  std::copy(std::begin(moved), std::end(moved), order.end() - 5);
  Shape merged = lead;
  for (const Dim& d : {x.dim(-3) * (r * r), height, width}) merged.push_back(d);
  return ops::reshape(ops::transpose(ops::reshape(x, split), order), merged);
}

Item channel_shuffle(Call& c) {
  const Value x = c.tensor("self");
  const int64_t groups = c.integer("groups");
  const Value split = ops::unflatten(x, 1, {Dim(groups), floordiv(x.dim(1), groups)});
  return ops::reshape(ops::swap_axes(split, 1, 2), x.shape());
}

/// The elements at storage positions offset + sum(index * stride) of a contiguous tensor.
Item as_strided(Call& c) {
  const Value x = c.tensor("self");
  const Shape size = c.dims("size");
  const Shape stride = c.dims("stride");
  const Dim offset = c.dim("storage_offset", Dim(0));
  if (size.size() != stride.size()) fail(ErrorCode::invalid_model, "size and stride are of different length");
  Dim expected = 1;
  bool contiguous = offset == Dim(0);
  for (size_t i = size.size(); i-- > 0;) {
    contiguous = contiguous && (stride[i] == expected || size[i] == Dim(1));
    expected = expected * size[i];
  }
  if (contiguous && num_elements(x.shape()) == expected) return with_shape(x, size);
  Value index = ops::dim_value(c.graph(), offset);
  for (size_t i = 0; i < size.size(); ++i) {
    const Value along = ops::mul(ops::iota(c.graph(), DType::i64, size[i]), ops::dim_value(c.graph(), stride[i]));
    index = ops::add(ops::unsqueeze(index, -1), along);
  }
  return ops::gather(ops::reshape(x, {num_elements(x.shape())}), index, 0);
}

/// Elements x[..., i, ..., i + offset, ...] as a new last axis.
Item diagonal(Call& c) {
  const Value x = c.tensor("self");
  const int64_t offset = c.integer("offset", 0);
  const int64_t a = c.axis("dim1", x.rank(), 0);
  const int64_t b = c.axis("dim2", x.rank(), 1);
  auto order = identity(x.rank());
  std::erase_if(order, [&](int64_t axis) { return axis == a || axis == b; });
  order.push_back(a);
  order.push_back(b);
  const Value matrix = permuted(x, order);
  const Dim rows = matrix.dim(-2);
  const Dim columns = matrix.dim(-1);
  Dim length = offset >= 0 ? min(rows, columns - offset) : min(rows + offset, columns);
  if (const auto declared = c.declared_shape(); declared && !declared->empty()) length = declared->back();
  const Value i = ops::iota(c.graph(), DType::i64, length);
  const Value row =
      ops::add(i, ops::full(c.graph(), DType::i64, {}, static_cast<double>(std::max<int64_t>(0, -offset))));
  const Value column =
      ops::add(i, ops::full(c.graph(), DType::i64, {}, static_cast<double>(std::max<int64_t>(0, offset))));
  const Value flat = ops::add(ops::mul(row, ops::dim_value(c.graph(), columns)), column);
  Shape merged(matrix.shape().begin(), matrix.shape().end() - 2);
  merged.push_back(rows * columns);
  return ops::gather(ops::reshape(matrix, merged), flat, static_cast<int64_t>(merged.size()) - 1);
}

/// The last axis as a diagonal of new matrices.
Item diagonal_embedding(Call& c) {
  const Value x = c.tensor("self");
  const int64_t offset = c.integer("offset", 0);
  const int64_t a = front_axis(c.integer("dim1", -2), x.rank() + 1);
  const int64_t b = front_axis(c.integer("dim2", -1), x.rank() + 1);
  const Dim n = x.dim(-1) + std::abs(offset);
  const Value i = ops::iota(c.graph(), DType::i64, n);
  const auto number = [&](int64_t v) { return ops::full(c.graph(), DType::i64, {}, static_cast<double>(v)); };
  // Row r holds its element at column r + offset; element r - max(0, -offset) of x.
  const Value mask = ops::equal(ops::unsqueeze(ops::add(i, number(offset)), 1), ops::unsqueeze(i, 0));
  Shape begin(static_cast<size_t>(x.rank()), Dim(0));
  Shape end = begin;
  begin.back() = std::max<int64_t>(0, -offset);
  end.back() = std::max<int64_t>(0, offset);
  const Value rows = ops::unsqueeze(offset == 0 ? x : ops::pad(x, begin, end), -1);
  Value out = ops::where(mask, rows, ops::full(c.graph(), x.dtype(), {}, 0));
  if (a == x.rank() - 1 && b == x.rank()) return out;
  std::vector<int64_t> order;
  int64_t next = 0;
  for (int64_t axis = 0; axis <= x.rank(); ++axis)
    order.push_back(axis == a ? x.rank() - 1 : axis == b ? x.rank() : next++);
  return permuted(out, order);
}

/// At least `rank` axes.
template <int rank>
Item at_least(Call& c) {
  Value x = c.tensor("self");
  while (x.rank() < rank) x = ops::unsqueeze(x, rank == 3 && x.rank() == 2 ? 2 : 0);
  return x;
}

constexpr auto kParts = Mapping::Complex::each_part;

constexpr Mapping kMappings[] = {
    {"aten.view.default", view, kParts},
    {"aten.view_copy.default", view, kParts},
    {"aten.reshape.default", view, kParts},
    {"aten._unsafe_view.default", view, kParts},
    {"aten._reshape_alias.default", view, kParts},
    {"aten.view.dtype", view_dtype},
    {"aten.view_as.default", view_as, kParts},
    {"aten.reshape_as.default", view_as, kParts},
    {"aten.expand.default", expand, kParts},
    {"aten.expand_copy.default", expand, kParts},
    {"aten.broadcast_to.default", expand, kParts},
    {"aten.expand_as.default", expand_as, kParts},
    {"aten.unsqueeze.default", unsqueeze, kParts},
    {"aten.unsqueeze_copy.default", unsqueeze, kParts},
    {"aten.squeeze.default", squeeze, kParts},
    {"aten.squeeze.dim", squeeze, kParts},
    {"aten.squeeze.dims", squeeze, kParts},
    {"aten.squeeze_copy.dims", squeeze, kParts},
    {"aten.transpose.int", transpose, kParts},
    {"aten.transpose_copy.int", transpose, kParts},
    {"aten.swapaxes.default", transpose, kParts},
    {"aten.swapdims.default", transpose, kParts},
    {"aten.permute.default", permute, kParts},
    {"aten.permute_copy.default", permute, kParts},
    {"aten.t.default", reversed_axes, kParts},
    {"aten.numpy_T.default", reversed_axes, kParts},
    {"aten.mT.default", matrix_transpose, kParts},
    {"aten.adjoint.default", matrix_transpose},
    {"aten.movedim.int", move_axes, kParts},
    {"aten.movedim.intlist", move_axes, kParts},
    {"aten.moveaxis.int", move_axes, kParts},
    {"aten.moveaxis.intlist", move_axes, kParts},
    {"aten.flatten.using_ints", flatten, kParts},
    {"aten.ravel.default", flatten, kParts},
    {"aten.unflatten.int", unflatten, kParts},
    {"aten.cat.default", concat, kParts},
    {"aten.concat.default", concat, kParts},
    {"aten.concatenate.default", concat, kParts},
    {"aten.stack.default", stack, kParts},
    {"aten.hstack.default", horizontal_stack},
    {"aten.vstack.default", vertical_stack},
    {"aten.repeat.default", repeat, kParts},
    {"aten.tile.default", tile, kParts},
    {"aten.flip.default", flip, kParts},
    {"aten.fliplr.default", flip, kParts},
    {"aten.flipud.default", flip, kParts},
    {"aten.roll.default", roll, kParts},
    {"aten.rot90.default", rotate, kParts},
    {"aten.unfold.default", unfold, kParts},
    {"aten.unfold_copy.default", unfold, kParts},
    {"aten.meshgrid.default", meshgrid},
    {"aten.meshgrid.indexing", meshgrid},
    {"aten.broadcast_tensors.default", broadcast_tensors},
    {"aten.pixel_shuffle.default", pixel_shuffle},
    {"aten.pixel_unshuffle.default", pixel_unshuffle},
    {"aten.channel_shuffle.default", channel_shuffle},
    {"aten.native_channel_shuffle.default", channel_shuffle},
    {"aten.as_strided.default", as_strided, kParts},
    {"aten.as_strided_copy.default", as_strided, kParts},
    {"aten.diagonal.default", diagonal, kParts},
    {"aten.diagonal_copy.default", diagonal, kParts},
    {"aten.linalg_diagonal.default", diagonal},
    {"aten.diag_embed.default", diagonal_embedding, kParts},
    {"aten.atleast_1d.default", at_least<1>},
    {"aten.atleast_2d.default", at_least<2>},
    {"aten.atleast_3d.default", at_least<3>},
};

}  // namespace

std::span<const Mapping> movement_mappings() {
  return kMappings;
}

}  // namespace accelerate::import::pt2
