// Elementwise ops written as a few of the engine's, so that NaN and rounding are as ours.
#include <cmath>
#include <limits>

#include "backends/openvino/ir/ops.h"

namespace accelerate::openvino_engine {
namespace {

constexpr DType kF32 = DType::f32;

/// min(max(x, low), high) by comparisons: NaN fails both and stays.
IrValue clamped(IrBuilder& b, IrValue x, double low, double high) {
  if (low > -std::numeric_limits<double>::infinity()) {
    IrValue bound = b.scalar(kF32, low);
    x = b.select(b.greater(bound, x), bound, x);
  }
  if (high < std::numeric_limits<double>::infinity()) {
    IrValue bound = b.scalar(kF32, high);
    x = b.select(b.greater(x, bound), bound, x);
  }
  return x;
}

IrValues clamp(IrBuilder& b, const EmitSite& s) {
  return {clamped(b, s.in[0], s.attrs().number("low"), s.attrs().number("high"))};
}

IrValues relu(IrBuilder& b, const EmitSite& s) {
  return {clamped(b, s.in[0], 0, std::numeric_limits<double>::infinity())};
}

IrValues leaky_relu(IrBuilder& b, const EmitSite& s) {
  IrValue scaled = b.binary("Multiply", s.in[0], b.scalar(kF32, s.attrs().number("negative_slope")), kF32);
  return {b.select(b.greater(b.scalar(kF32, 0), s.in[0]), scaled, s.in[0])};
}

IrValues sign(IrBuilder& b, const EmitSite& s) {
  IrValue zero = b.scalar(s.in[0].type.dtype, 0);
  IrValue above = b.cast(b.greater(s.in[0], zero), s.out[0].dtype);
  IrValue below = b.cast(b.greater(zero, s.in[0]), s.out[0].dtype);
  return {b.binary("Subtract", above, below, s.out[0].dtype)};
}

IrValues trunc(IrBuilder& b, const EmitSite& s) {
  IrValue down = b.unary("Floor", s.in[0]);
  IrValue up = b.unary("Ceiling", s.in[0]);
  return {b.select(b.greater(b.scalar(kF32, 0), s.in[0]), up, down)};
}

IrValue inverse(IrBuilder& b, const IrValue& x) {
  return b.binary("Divide", b.scalar(kF32, 1), x, kF32);
}

IrValues quick_gelu(IrBuilder& b, const EmitSite& s) {
  IrValue scaled = b.binary("Multiply", s.in[0], b.scalar(kF32, 1.702), kF32);
  return {b.binary("Multiply", s.in[0], b.unary("Sigmoid", scaled), kF32)};
}

/// min(max(x + 3, 0), 6) / 6
IrValue hard(IrBuilder& b, const IrValue& x) {
  IrValue shifted = clamped(b, b.binary("Add", x, b.scalar(kF32, 3), kF32), 0, 6);
  return b.binary("Divide", shifted, b.scalar(kF32, 6), kF32);
}

}  // namespace

void add_compositions(IrTable& table) {
  table["clamp"] = {clamp, only_f32};
  table["relu"] = {relu, only_f32};
  table["leaky_relu"] = {leaky_relu, only_f32};
  table["sign"] = {sign, only_32_bits};
  table["trunc"] = {trunc, only_f32};
  table["quick_gelu"] = {quick_gelu, only_f32};
  table["square"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues {
                       return {b.binary("Multiply", s.in[0], s.in[0], s.out[0].dtype)};
                     },
                     only_32_bits};
  table["reciprocal"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues { return {inverse(b, s.in[0])}; }, only_f32};
  table["rsqrt"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues { return {inverse(b, b.unary("Sqrt", s.in[0]))}; },
                    only_f32};
  table["hard_sigmoid"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues { return {hard(b, s.in[0])}; }, only_f32};
  table["hard_swish"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues {
                           return {b.binary("Multiply", s.in[0], hard(b, s.in[0]), kF32)};
                         },
                         only_f32};
}

}  // namespace accelerate::openvino_engine
