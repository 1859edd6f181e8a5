#include "backends/cpu/kernels/simd/kernels.h"
#include "backends/cpu/kernels/simd/panel_pack.h"
#include "base/executor.h"

// Attention in one pass over blocks of keys with a running maximum and sum per query row.
// Source: Milakov & Gimelshein 2018, arXiv:1805.02867; Dao et al. 2022, arXiv:2205.14135.
namespace accelerate::cpu::ACCELERATE_TARGET {
namespace {

constexpr int64_t kKeyBlock = 256;     // keys packed at a time; a multiple of kPanel
constexpr int64_t kMostQueries = 256;  // query rows of a task
constexpr float kLog2E = 1.44269504088896341f;

struct Sizes {
  int64_t key_block, value_panels, value_padded, queries;               // of a task
  int64_t packed_keys, packed_values, scores, sums, statistics, total;  // floats
};

struct AttentionContext {
  AttentionArgs args;
  Sizes sizes;
  float* scratch;
  int64_t query_blocks, group;
};

Sizes sizes_of(const AttentionArgs& args, int num_threads) {
  Sizes s;
  s.key_block = least(kKeyBlock, round_up(most(args.keys, 1), kPanel));
  s.value_panels = ceil_div(args.value_size, kPanel);
  s.value_padded = s.value_panels * kPanel;
  // Fewer rows a task where there are too few tasks to balance, down to what pays for packing keys again.
  const int64_t heads = most(1, args.batch * args.heads), wanted = num_threads > 1 ? 3 * num_threads : 1;
  const int64_t blocks =
      most(ceil_div(args.queries, kMostQueries), least(ceil_div(wanted, heads), ceil_div(args.queries, 64)));
  s.queries = most(1, ceil_div(args.queries, most(1, blocks)));
  s.packed_keys = s.key_block * args.head_size;
  s.packed_values = s.value_padded * s.key_block;
  s.scores = kMaxRows * (s.key_block + kLineFloats);
  s.sums = s.queries * s.value_padded;
  s.statistics = round_up(2 * s.queries, kLineFloats);
  s.total = round_up(s.packed_keys + s.packed_values + s.scores + s.sums + s.statistics, kLineFloats);
  return s;
}

// Keys that row t may see, by causality alone.
ACCELERATE_INLINE int64_t visible_keys(const AttentionArgs& args, int64_t t) {
  if (!args.causal) return args.keys;
  const int64_t count = t + args.causal_offset + 1;
  return count < 0 ? 0 : least(count, args.keys);
}

// An additive mask in units of log2. The least finite values (torch.finfo.min) stay finite, so that a row masked by
// them alone is uniform; -inf stays -inf.
ACCELERATE_INLINE V log2_mask(V mask) {
  return select(lt(mask, set(-__FLT_MAX__)), mask, max(mask, set(-2.3e38f)) * set(kLog2E));
}

// Scores of one row become log2-scaled, masked scores; returns their maximum. valid keys are real, the rest up
// to padded are set to -inf.
float prepare_row(const AttentionArgs& args, float* row, int64_t valid, int64_t padded, const char* mask_row) {
  const bool plain = args.softcap == 0.0f && !mask_row;
  const V scale = set(args.scale * kLog2E);
  V top = set(-kInfinity);
  if (plain) {
    for (int64_t s = 0; s < padded; s += kW) {
      V x = load(row + s) * scale;
      if (s + kW > valid) x = select(lt(prefix_index(), set(static_cast<float>(valid - s))), x, set(-kInfinity));
      store(row + s, x);
      top = max(top, x);
    }
    return reduce_max(top);
  }
  const bool bytes = args.mask_type == Element::u8;
  const float* add = reinterpret_cast<const float*>(mask_row);
  const uint8_t* keep = reinterpret_cast<const uint8_t*>(mask_row);
  for (int64_t s = 0; s < padded; s += kW) {
    const int64_t count = most(0, least(kW, valid - s));
    V x = load(row + s);
    if (args.softcap != 0.0f) {
      x = tanh(x * set(args.scale / args.softcap)) * set(args.softcap * kLog2E);
    } else {
      x = x * scale;
    }
    if (mask_row && count > 0) {
      if (bytes) {
        alignas(64) uint8_t lanes[64] = {};
        for (int64_t i = 0; i < count; ++i) lanes[i] = keep[(s + i) * args.mask_key];
        x = select(load_mask_bytes(lanes), x, set(-kInfinity));
      } else if (args.mask_key == 1) {
        x = x + log2_mask(load_n(add + s, count));
      } else if (args.mask_key == 0) {
        x = x + log2_mask(set(add[0]));
      } else {
        alignas(64) float lanes[kW] = {};
        for (int64_t i = 0; i < count; ++i) lanes[i] = add[(s + i) * args.mask_key];
        x = x + log2_mask(load(lanes));
      }
    }
    if (count < kW) x = select(lt(prefix_index(), set(static_cast<float>(count))), x, set(-kInfinity));
    store(row + s, x);
    top = max(top, x);
  }
  return reduce_max(top);
}

// row = 2^(row - top) over [0, padded); returns the sum.
ACCELERATE_INLINE float exponentials(float* row, int64_t padded, float top) {
  const V shift = set(top);
  V total0 = zero(), total1 = zero();
  for (int64_t s = 0; s < padded; s += kPanel) {
    const V p0 = exp2_nonpositive(load(row + s) - shift), p1 = exp2_nonpositive(load(row + s + kW) - shift);
    store(row + s, p0);
    store(row + s + kW, p1);
    total0 = total0 + p0;
    total1 = total1 + p1;
  }
  return reduce_add(total0 + total1);
}

// One key-value head block against the rows [t0, t1) of one query head.
void attention_task(void* opaque, int64_t task, int thread) {
  const AttentionContext& context = *static_cast<const AttentionContext*>(opaque);
  const AttentionArgs& args = context.args;
  const Sizes& sizes = context.sizes;
  const int64_t block = task % context.query_blocks, head = task / context.query_blocks % args.heads,
                batch = task / (context.query_blocks * args.heads), kv_head = head / context.group;
  const int64_t t0 = block * sizes.queries, t1 = least(args.queries, t0 + sizes.queries), rows = t1 - t0;
  const float* q = args.q + batch * args.q_strides.batch + head * args.q_strides.head + t0 * args.q_strides.position;
  const float* k = args.k + batch * args.k_strides.batch + kv_head * args.k_strides.head;
  const float* v = args.v + batch * args.v_strides.batch + kv_head * args.v_strides.head;
  float* out =
      args.out + batch * args.out_strides.batch + head * args.out_strides.head + t0 * args.out_strides.position;
  const size_t mask_size = args.mask_type == Element::u8 ? 1 : 4;
  const char* mask = static_cast<const char*>(args.mask);
  if (mask) mask += mask_size * (batch * args.mask_batch + head * args.mask_head + t0 * args.mask_query);

  float* packed_keys = context.scratch + thread * sizes.total;
  float* packed_values = packed_keys + sizes.packed_keys;
  float* scores = packed_values + sizes.packed_values;
  float* sums = scores + sizes.scores;
  float* tops = sums + sizes.sums;
  float* totals = tops + sizes.queries;
  const int64_t score_stride = sizes.key_block + kLineFloats;

  const int64_t q_rows_max = args.q_strides.position % 1024 == 0 && kMaxRows > 8 ? 8 : kMaxRows;
  const int64_t tiles = ceil_div(rows, q_rows_max), tall = rows / tiles, extra = rows % tiles;
  const int64_t keys = visible_keys(args, t1 - 1);  // of the last row, which sees the most
  for (int64_t i = 0; i < rows; ++i) {
    tops[i] = -kInfinity;
    totals[i] = 0.0f;
  }
  if (keys == 0) __builtin_memset(sums, 0, sizeof(float) * rows * sizes.value_padded);

  for (int64_t s0 = 0; s0 < keys; s0 += sizes.key_block) {
    const int64_t count = least(sizes.key_block, keys - s0), panels = ceil_div(count, kPanel);
    for (int64_t p = 0; p < panels; ++p) {
      pack_panel_f32(k + (s0 + p * kPanel) * args.k_strides.position, 1, args.k_strides.position, args.head_size,
                     least(kPanel, count - p * kPanel), packed_keys + p * kPanel * args.head_size, 1.0f);
    }
    for (int64_t p = 0; p < sizes.value_panels; ++p) {
      pack_panel_f32(v + s0 * args.v_strides.position + p * kPanel, args.v_strides.position, 1, count,
                     least(kPanel, args.value_size - p * kPanel), packed_values + p * kPanel * sizes.key_block, 1.0f);
    }
    int64_t row = 0;
    for (int64_t tile = 0; tile < tiles; ++tile) {
      const int64_t height = tall + (tile < extra);
      const int64_t seen = least(count, visible_keys(args, t0 + row + height - 1) - s0);
      float* tile_sums = sums + row * sizes.value_padded;
      if (seen <= 0) {
        if (s0 == 0) __builtin_memset(tile_sums, 0, sizeof(float) * height * sizes.value_padded);
        row += height;
        continue;
      }
      const int64_t seen_panels = ceil_div(seen, kPanel), padded = seen_panels * kPanel;
      const TileFn multiply = tile_fn(PanelType::f32, height);
      for (int64_t p = 0; p < seen_panels; ++p) {
        multiply(q + row * args.q_strides.position, args.q_strides.position, args.head_size,
                 packed_keys + p * kPanel * args.head_size, scores + p * kPanel, score_stride, kPanel, TileStart{});
      }
      for (int64_t i = 0; i < height; ++i) {
        const int64_t t = row + i;
        float* score_row = scores + i * score_stride;
        const char* mask_row = mask ? mask + mask_size * (t * args.mask_query + s0 * args.mask_key) : nullptr;
        const int64_t valid = most(0, least(seen, visible_keys(args, t0 + t) - s0));
        const float top = prepare_row(args, score_row, valid, padded, mask_row);
        const float new_top = tops[t] > top ? tops[t] : top;
        const float shift = new_top == -kInfinity ? 0.0f : new_top;
        const float total = exponentials(score_row, padded, shift);
        if (s0 == 0) {
          totals[t] = total;
        } else if (new_top != tops[t]) {
          alignas(64) float lanes[kW];
          store(lanes, exp2_nonpositive(set(tops[t] - shift)));
          const V correction = set(lanes[0]);
          totals[t] = totals[t] * lanes[0] + total;
          for (int64_t j = 0; j < sizes.value_padded; j += kW) {
            store(tile_sums + i * sizes.value_padded + j, load(tile_sums + i * sizes.value_padded + j) * correction);
          }
        } else {
          totals[t] += total;
        }
        tops[t] = new_top;
      }
      TileStart start;
      start.accumulate = s0 > 0;
      for (int64_t p = 0; p < sizes.value_panels; ++p) {
        multiply(scores, score_stride, seen, packed_values + p * kPanel * sizes.key_block, tile_sums + p * kPanel,
                 sizes.value_padded, kPanel, start);
      }
      row += height;
    }
  }

  for (int64_t i = 0; i < rows; ++i) {
    const V factor = set(totals[i] > 0.0f || totals[i] != totals[i] ? 1.0f / totals[i] : 0.0f);
    const float* from = sums + i * sizes.value_padded;
    float* to = out + i * args.out_strides.position;
    for (int64_t j = 0; j < args.value_size; j += kW) store_n(to + j, load(from + j) * factor, args.value_size - j);
  }
}

// One query position and several heads a key-value head: the heads of a group become the rows of one product.
AttentionArgs fold_group(const AttentionArgs& args) {
  AttentionArgs folded = args;
  if (args.queries != 1 || args.kv_heads <= 0 || args.heads <= args.kv_heads) return folded;
  const int64_t group = args.heads / args.kv_heads;
  folded.heads = args.kv_heads;
  folded.queries = group;
  folded.q_strides.position = args.q_strides.head;
  folded.q_strides.head = args.q_strides.head * group;
  folded.out_strides.position = args.out_strides.head;
  folded.out_strides.head = args.out_strides.head * group;
  folded.mask_query = args.mask_head;
  folded.mask_head = args.mask_head * group;
  folded.keys = visible_keys(args, 0);
  folded.causal = false;
  return folded;
}

}  // namespace

size_t attention_scratch_bytes(const AttentionArgs& args, int num_threads) {
  return static_cast<size_t>(sizes_of(fold_group(args), num_threads).total) * sizeof(float) * num_threads;
}

void attention(const AttentionArgs& args, Executor& executor, void* scratch) {
  if (args.batch <= 0 || args.heads <= 0 || args.queries <= 0) return;
  AttentionContext context;
  context.args = fold_group(args);
  context.sizes = sizes_of(context.args, executor.num_threads());
  context.scratch = static_cast<float*>(scratch);
  context.query_blocks = ceil_div(context.args.queries, context.sizes.queries);
  context.group = most(1, context.args.heads / most(1, context.args.kv_heads));
  executor.run(context.args.batch * context.args.heads * context.query_blocks, attention_task, &context);
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
