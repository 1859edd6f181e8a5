#include "backends/cpu/kernels/simd/winograd.h"

#include "backends/cpu/kernels/simd/gemm_block.h"
#include "backends/cpu/kernels/simd/kernels.h"
#include "backends/cpu/kernels/simd/rows.h"
#include "base/executor.h"

namespace accelerate::cpu::ACCELERATE_TARGET {
namespace {

constexpr int kTile = 4;    // results of a tile in each direction
constexpr int kPoints = 6;  // inputs of a tile in each direction
constexpr int kProducts = kPoints * kPoints;
constexpr int64_t kInputFloats = 128 << 10;  // of a block's transformed input: half of a second-level cache

// The points 0, p, -p, q, -q and infinity. All numbers below are exact in f32.
constexpr float kP = 0.75f, kQ = 1.5f;
constexpr float kP2 = kP * kP, kQ2 = kQ * kQ, kP3 = kP2 * kP, kQ3 = kQ2 * kQ;

/// Six values at stride from the transform of six at stride.
template <int kStride>
ACCELERATE_INLINE void transform_input(V* d) {
  const V d0 = d[0], d1 = d[kStride], d2 = d[2 * kStride], d3 = d[3 * kStride], d4 = d[4 * kStride],
          d5 = d[5 * kStride];
  const V even_p = fnma(set(kQ2), d2, d4), odd_p = fnma(set(kQ2), d1, d3);
  const V even_q = fnma(set(kP2), d2, d4), odd_q = fnma(set(kP2), d1, d3);
  d[0] = fma(set(kP2 * kQ2), d0, fnma(set(kP2 + kQ2), d2, d4));
  d[kStride] = fma(set(kP), odd_p, even_p);
  d[2 * kStride] = fnma(set(kP), odd_p, even_p);
  d[3 * kStride] = fma(set(kQ), odd_q, even_q);
  d[4 * kStride] = fnma(set(kQ), odd_q, even_q);
  d[5 * kStride] = fma(set(kP2 * kQ2), d1, fnma(set(kP2 + kQ2), d3, d5));
}

/// Four results from six products.
template <int kStride>
ACCELERATE_INLINE void transform_output(V* m) {
  const V sum_p = m[kStride] + m[2 * kStride], difference_p = m[kStride] - m[2 * kStride];
  const V sum_q = m[3 * kStride] + m[4 * kStride], difference_q = m[3 * kStride] - m[4 * kStride];
  m[0] = m[0] + sum_p + sum_q;
  m[kStride] = fma(set(kP), difference_p, set(kQ) * difference_q);
  m[2 * kStride] = fma(set(kP2), sum_p, set(kQ2) * sum_q);
  m[3 * kStride] = fma(set(kP3), difference_p, fma(set(kQ3), difference_q, m[5 * kStride]));
}

/// How a call is cut. Tiles are numbered over (image, row, column); a block of them is transformed, multiplied panel by
/// panel of output channels, and transformed back while all of it is in cache.
struct Plan {
  int64_t tiles_h, tiles_w, tiles, block, blocks, panels;
  /// Blocks are too few to keep the threads busy: they share the transformed input, and each task takes a panel.
  bool shared;
  int64_t input_row, input_point, product_point;  // strides in floats
  int64_t input_floats, product_floats;           // of a block

  Plan(const ConvShape& s, int num_threads) {
    tiles_h = ceil_div(s.out_h, kTile);
    tiles_w = ceil_div(s.out_w, kTile);
    tiles = s.batch * tiles_h * tiles_w;
    panels = ceil_div(s.out_channels, kPanel);
    input_row = round_up(s.in_channels, kLineFloats);
    const int64_t fitting = most(1, kInputFloats / (kProducts * input_row * kMaxRows)) * kMaxRows;
    const int64_t wanted = num_threads == 1 ? 1 : 4 * num_threads;
    blocks = most(1, most(ceil_div(tiles, fitting), least(wanted, ceil_div(tiles, kMaxRows))));
    shared = num_threads > 1 && blocks < 2 * num_threads;
    if (shared) blocks = most(1, ceil_div(tiles, fitting));
    block = most(1, ceil_div(tiles, blocks));
    blocks = ceil_div(tiles, block);
    input_point = padded(block * input_row);
    product_point = padded(block * kPanel);
    input_floats = kProducts * input_point;
    product_floats = kProducts * product_point;
  }

  // Points never lie whole pages apart, where they would share a cache set.
  static int64_t padded(int64_t floats) { return floats % 256 == 0 ? floats + kLineFloats : floats; }

  int64_t scratch_floats(int num_threads) const {
    return (shared ? blocks : num_threads) * input_floats + num_threads * product_floats;
  }
};

struct Context {
  const ConvArgs* args;
  const Plan* plan;
  float* scratch;
  int num_threads;

  float* input(int64_t slot) const { return scratch + slot * plan->input_floats; }
  float* products(int thread) const {
    return scratch + (plan->shared ? plan->blocks : num_threads) * plan->input_floats + thread * plan->product_floats;
  }
};

struct TilePlace {
  int64_t batch, row, column;  // of the first result
  TilePlace(const Plan& plan, int64_t tile)
      : batch(tile / (plan.tiles_h * plan.tiles_w)),
        row(tile / plan.tiles_w % plan.tiles_h * kTile),
        column(tile % plan.tiles_w * kTile) {}
};

/// Transforms the inputs of tiles [begin, end); to is that of the first.
void transform_inputs(const ConvArgs& args, const Plan& plan, int64_t begin, int64_t end, float* to) {
  const ConvShape& s = args.shape;
  static constexpr float kOutside[kLineFloats] = {};
  for (int64_t tile = begin; tile < end; ++tile, to += plan.input_row) {
    const TilePlace place(plan, tile);
    const int64_t top = place.row - s.pad_top, left = place.column - s.pad_left;
    const float* image = args.x + place.batch * s.in_h * s.in_w * s.in_channels;
    const float* from[kProducts];
    int64_t inside[kProducts];  // all ones, or 0 for a pixel of the padding
    for (int64_t i = 0; i < kPoints; ++i) {
      for (int64_t j = 0; j < kPoints; ++j) {
        const int64_t h = top + i, w = left + j, at = i * kPoints + j;
        const bool in = h >= 0 && h < s.in_h && w >= 0 && w < s.in_w;
        from[at] = in ? image + (h * s.in_w + w) * s.in_channels : kOutside;
        inside[at] = in ? -1 : 0;
      }
    }
    for_lanes(s.in_channels, [&](int64_t c, int64_t n) {
      V d[kProducts];
#pragma GCC unroll 6
      for (int j = 0; j < kPoints; ++j) {
#pragma GCC unroll 6
        for (int i = 0; i < kPoints; ++i) {
          const int at = i * kPoints + j;
          d[at] = n == kW ? load(from[at] + (c & inside[at])) : load_n(from[at] + (c & inside[at]), n);
        }
        transform_input<kPoints>(d + j);
      }
#pragma GCC unroll 6
      for (int i = 0; i < kPoints; ++i) {
        transform_input<1>(d + i * kPoints);
#pragma GCC unroll 6
        for (int j = 0; j < kPoints; ++j) {
          const int at = i * kPoints + j;
          store_n(to + at * plan.input_point + c, d[at], n);
        }
      }
    });
  }
}

/// The products of a block's tiles and one panel of output channels.
void multiply(const ConvArgs& args, const Plan& plan, int64_t rows, int64_t panel, const float* input,
              float* products) {
  const int64_t channels = args.shape.in_channels, pass = pass_steps(channels);
  const float* weights = static_cast<const float*>(args.weight) + panel * kProducts * channels * kPanel;
  const int64_t tiles = ceil_div(rows, kMaxRows), tall = rows / tiles, extra = rows % tiles;
  for (int point = 0; point < kProducts; ++point) {
    const float* b = weights + point * channels * kPanel;
    for (int64_t k = 0; k < channels; k += pass) {
      const float* a = input + point * plan.input_point + k;
      float* c = products + point * plan.product_point;
      TileStart start;
      start.accumulate = k > 0;
      for (int64_t tile = 0; tile < tiles; ++tile) {
        const int64_t height = tall + (tile < extra);
        tile_fn(PanelType::f32, height)(a, plan.input_row, least(pass, channels - k), b + k * kPanel, c, kPanel, kPanel,
                                        start);
        a += height * plan.input_row;
        c += height * kPanel;
      }
    }
  }
}

/// Transforms the products of tiles [begin, end) of one panel to results.
void transform_products(const ConvArgs& args, const Plan& plan, int64_t begin, int64_t end, int64_t panel,
                        const float* products) {
  const ConvShape& s = args.shape;
  const Epilogue& epilogue = args.epilogue;
  const int64_t column0 = panel * kPanel, columns = least(kPanel, s.out_channels - column0);
  const bool before = epilogue.residual && epilogue.residual_before_activation;
  const bool after = epilogue.residual && !epilogue.residual_before_activation;
  for (int64_t tile = begin; tile < end; ++tile, products += kPanel) {
    const TilePlace place(plan, tile);
    const int64_t height = least(kTile, s.out_h - place.row), width = least(kTile, s.out_w - place.column);
    const int64_t pixel0 = (place.batch * s.out_h + place.row) * s.out_w + place.column;
    for_lanes(columns, [&](int64_t lane, int64_t n) {
      V m[kProducts];
#pragma GCC unroll 6
      for (int j = 0; j < kPoints; ++j) {
#pragma GCC unroll 6
        for (int i = 0; i < kPoints; ++i) {
          const int at = i * kPoints + j;
          m[at] = load(products + at * plan.product_point + lane);
        }
        transform_output<kPoints>(m + j);
      }
      const V bias = epilogue.bias ? load_n(epilogue.bias + column0 + lane, n) : zero();
#pragma GCC unroll 4
      for (int i = 0; i < kTile; ++i) {
        transform_output<1>(m + i * kPoints);
        if (i >= height) break;
        const int64_t pixel = pixel0 + i * s.out_w;
        float* y = args.y + pixel * s.out_channels + column0 + lane;
        const float* residual =
            epilogue.residual ? epilogue.residual + pixel * epilogue.residual_stride + column0 + lane : nullptr;
        for (int64_t j = 0; j < width; ++j) {
          V value = m[i * kPoints + j] + bias;
          if (before) value = value + load_n(residual + j * epilogue.residual_stride, n);
          value = activate_any(epilogue.activation, value);
          if (after) value = value + load_n(residual + j * epilogue.residual_stride, n);
          store_n(y + j * s.out_channels, value, n);
        }
      }
    });
  }
}

void whole_block(void* opaque, int64_t block, int thread) {
  const Context& context = *static_cast<const Context*>(opaque);
  const Plan& plan = *context.plan;
  const int64_t begin = block * plan.block, end = least(plan.tiles, begin + plan.block);
  float* input = context.input(thread);
  float* products = context.products(thread);
  transform_inputs(*context.args, plan, begin, end, input);
  for (int64_t panel = 0; panel < plan.panels; ++panel) {
    multiply(*context.args, plan, end - begin, panel, input, products);
    transform_products(*context.args, plan, begin, end, panel, products);
  }
}

void shared_input(void* opaque, int64_t tile, int) {
  const Context& context = *static_cast<const Context*>(opaque);
  const Plan& plan = *context.plan;
  const int64_t block = tile / plan.block;
  transform_inputs(*context.args, plan, tile, tile + 1, context.input(block) + tile % plan.block * plan.input_row);
}

void shared_panel(void* opaque, int64_t task, int thread) {
  const Context& context = *static_cast<const Context*>(opaque);
  const Plan& plan = *context.plan;
  const int64_t block = task % plan.blocks, panel = task / plan.blocks;
  const int64_t begin = block * plan.block, end = least(plan.tiles, begin + plan.block);
  float* products = context.products(thread);
  multiply(*context.args, plan, end - begin, panel, context.input(block), products);
  transform_products(*context.args, plan, begin, end, panel, products);
}

}  // namespace

bool winograd_pays(const ConvShape& s) {
  if (s.kernel_h != 3 || s.kernel_w != 3 || s.stride_h != 1 || s.stride_w != 1 || s.dilation_h != 1 ||
      s.dilation_w != 1 || s.groups != 1)
    return false;
  if (s.in_channels < 32 || s.out_channels < 32) return false;  // the transforms would weigh more than the products
  if (s.out_h == 0 || s.out_w == 0) return true;                // large, as far as is known
  // A few tiles read the weights, four times as large as the kernel's, for too little work.
  return most(1, s.batch) * ceil_div(s.out_h, kTile) * ceil_div(s.out_w, kTile) >= 8;
}

size_t winograd_packed_size_bytes(const ConvShape& s) {
  return static_cast<size_t>(ceil_div(s.out_channels, kPanel) * kPanel * kProducts * s.in_channels) * sizeof(float);
}

void winograd_pack(const ConvPackArgs& args) {
  const ConvShape& s = args.shape;
  // Powers of each point over the product of its distances to the others.
  constexpr double p = kP, q = kQ, p2 = p * p, q2 = q * q, f0 = 1 / (p2 * q2), fp = 1 / (2 * p2 * (p2 - q2)),
                   fq = 1 / (2 * q2 * (q2 - p2));
  constexpr double kMatrix[kPoints][3] = {
      {f0, 0, 0}, {fp, fp * p, fp * p2}, {fp, -fp * p, fp * p2}, {fq, fq * q, fq * q2}, {fq, -fq * q, fq * q2},
      {0, 0, 1}};
  const auto value = [&args](int64_t i) {
    if (args.source_type == Element::bf16) return bf16_to_float(static_cast<const uint16_t*>(args.source)[i]);
    if (args.source_type == Element::f16) return f16_to_float(static_cast<const uint16_t*>(args.source)[i]);
    return static_cast<const float*>(args.source)[i];
  };
  const int64_t panels = ceil_div(s.out_channels, kPanel);
  for (int64_t panel = 0; panel < panels; ++panel) {
    const int64_t columns = least(kPanel, s.out_channels - panel * kPanel);
    for (int64_t c = 0; c < s.in_channels; ++c) {
      double kernel[3][3][kPanel] = {}, half[kPoints][3][kPanel];
      for (int64_t j = 0; j < columns; ++j) {
        const int64_t from = ((panel * kPanel + j) * s.in_channels + c) * 9;
        for (int64_t t = 0; t < 9; ++t) kernel[t / 3][t % 3][j] = value(from + t);
      }
      for (int u = 0; u < kPoints; ++u) {
        for (int t = 0; t < 3; ++t) {
          for (int j = 0; j < kPanel; ++j) {
            half[u][t][j] =
                kMatrix[u][0] * kernel[0][t][j] + kMatrix[u][1] * kernel[1][t][j] + kMatrix[u][2] * kernel[2][t][j];
          }
        }
      }
      for (int u = 0; u < kPoints; ++u) {
        for (int v = 0; v < kPoints; ++v) {
          float* to =
              static_cast<float*>(args.dst) + ((panel * kProducts + u * kPoints + v) * s.in_channels + c) * kPanel;
          for (int j = 0; j < kPanel; ++j) {
            to[j] = static_cast<float>(kMatrix[v][0] * half[u][0][j] + kMatrix[v][1] * half[u][1][j] +
                                       kMatrix[v][2] * half[u][2][j]);
          }
        }
      }
    }
  }
}

size_t winograd_scratch_bytes(const ConvArgs& args, int num_threads) {
  return static_cast<size_t>(Plan(args.shape, num_threads).scratch_floats(num_threads)) * sizeof(float);
}

void winograd(const ConvArgs& args, Executor& executor, void* scratch) {
  const Plan plan(args.shape, executor.num_threads());
  Context context{&args, &plan, static_cast<float*>(scratch), executor.num_threads()};
  if (!plan.shared) return executor.run(plan.blocks, whole_block, &context);
  executor.run(plan.tiles, shared_input, &context);
  executor.run(plan.blocks * plan.panels, shared_panel, &context);
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
