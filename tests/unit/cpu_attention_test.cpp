#include <limits>

#include "tests/unit/cpu_kernel_testing.h"

namespace accelerate::cpu {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

class Attention : public KernelTest {
 protected:
  struct Case {
    int64_t batch = 2, heads = 4, kv_heads = 4, queries = 9, keys = 11, head_size = 8, value_size = 8;
    bool heads_first = false, causal = false;
    int64_t causal_offset = 0;
    float softcap = 0.0f;
    enum { no_mask, additive, boolean, per_key, blocked_rows } mask = no_mask;
    bool key_major_mask = false;
  };

  static HeadStrides strides(bool heads_first, int64_t heads, int64_t positions, int64_t size) {
    return heads_first ? HeadStrides{heads * positions * size, positions * size, size}
                       : HeadStrides{heads * positions * size, size, heads * size};
  }

  void check(const Case& c) {
    const std::vector<float> q = uniform(c.batch * c.heads * c.queries * c.head_size, -2.0f, 2.0f);
    const std::vector<float> k = uniform(c.batch * c.kv_heads * c.keys * c.head_size, -2.0f, 2.0f);
    const std::vector<float> v = uniform(c.batch * c.kv_heads * c.keys * c.value_size, -2.0f, 2.0f);
    std::vector<float> out(c.batch * c.heads * c.queries * c.value_size, 99.0f);
    const int64_t mask_count = c.batch * c.queries * c.keys;
    std::vector<float> mask = uniform(mask_count, -3.0f, 1.0f);
    std::vector<uint8_t> bytes(mask_count);
    for (int64_t i = 0; i < mask_count; ++i) {
      bytes[i] = mask[i] > -1.0f ? 3 : 0;
      if (mask[i] < -2.0f) mask[i] = -kInf;
      if (c.mask == Case::blocked_rows && i / c.keys % 3 == 1) {
        mask[i] = -kInf;
        bytes[i] = 0;
      }
    }
    AttentionArgs args;
    args.batch = c.batch;
    args.heads = c.heads;
    args.kv_heads = c.kv_heads;
    args.queries = c.queries;
    args.keys = c.keys;
    args.head_size = c.head_size;
    args.value_size = c.value_size;
    args.q = q.data();
    args.k = k.data();
    args.v = v.data();
    args.out = out.data();
    args.q_strides = strides(c.heads_first, c.heads, c.queries, c.head_size);
    args.k_strides = strides(c.heads_first, c.kv_heads, c.keys, c.head_size);
    args.v_strides = strides(c.heads_first, c.kv_heads, c.keys, c.value_size);
    args.out_strides = strides(!c.heads_first, c.heads, c.queries, c.value_size);
    args.scale = 1.0f / std::sqrt(static_cast<float>(c.head_size));
    args.softcap = c.softcap;
    args.causal = c.causal;
    args.causal_offset = c.causal_offset;
    if (c.mask != Case::no_mask) {
      args.mask_type = c.mask == Case::boolean ? Element::u8 : Element::f32;
      args.mask = c.mask == Case::boolean ? static_cast<const void*>(bytes.data()) : mask.data();
      args.mask_batch = c.queries * c.keys;
      args.mask_query = c.mask == Case::per_key ? 0 : c.key_major_mask ? 1 : c.keys;
      args.mask_key = c.key_major_mask ? c.queries : 1;
    }
    Buffer scratch(table.attention_scratch_bytes(args, executor().num_threads()));
    table.attention(args, executor(), scratch.get());

    for (int64_t b = 0; b < c.batch; ++b) {
      for (int64_t h = 0; h < c.heads; ++h) {
        const int64_t kv = h / (c.heads / c.kv_heads);
        for (int64_t t = 0; t < c.queries; ++t) {
          std::vector<double> scores(c.keys, -kInf);
          double top = -kInf;
          for (int64_t s = 0; s < c.keys; ++s) {
            if (c.causal && s > t + c.causal_offset) continue;
            double x = 0.0;
            for (int64_t d = 0; d < c.head_size; ++d) {
              x += static_cast<double>(
                       q[b * args.q_strides.batch + h * args.q_strides.head + t * args.q_strides.position + d]) *
                   k[b * args.k_strides.batch + kv * args.k_strides.head + s * args.k_strides.position + d];
            }
            x *= args.scale;
            if (c.softcap != 0.0f) x = c.softcap * std::tanh(x / c.softcap);
            if (c.mask != Case::no_mask) {
              const int64_t at = b * args.mask_batch + t * args.mask_query + s * args.mask_key;
              if (c.mask == Case::boolean) {
                if (!bytes[at]) continue;
              } else {
                x += mask[at];
              }
            }
            scores[s] = x;
            top = std::fmax(top, x);
          }
          double total = 0.0;
          for (double& score : scores) {
            score = top == -kInf ? 0.0 : std::exp(score - top);
            total += score;
          }
          for (int64_t e = 0; e < c.value_size; ++e) {
            double x = 0.0;
            for (int64_t s = 0; s < c.keys; ++s) {
              x += scores[s] * v[b * args.v_strides.batch + kv * args.v_strides.head + s * args.v_strides.position + e];
            }
            if (total > 0.0) x /= total;
            const float found =
                out[b * args.out_strides.batch + h * args.out_strides.head + t * args.out_strides.position + e];
            ASSERT_NEAR(found, x, 4e-6) << "b " << b << " h " << h << " t " << t << " e " << e << " keys " << c.keys;
          }
        }
      }
    }
  }
};

TEST_P(Attention, SizesAndLayouts) {
  for (const int64_t head_size : {1, 5, 16, 32, 40, 64, 100, 256}) {
    for (const bool heads_first : {false, true}) {
      check({.queries = 17, .keys = 35, .head_size = head_size, .value_size = head_size, .heads_first = heads_first});
    }
  }
  check({.head_size = 24, .value_size = 7});
  check({.batch = 1, .heads = 1, .kv_heads = 1, .queries = 1, .keys = 1});
  check({.batch = 1, .heads = 2, .kv_heads = 2, .queries = 1, .keys = 300, .head_size = 33, .value_size = 33});
}

TEST_P(Attention, ManyKeysGoThroughSeveralBlocks) {
  check({.batch = 1, .heads = 2, .kv_heads = 2, .queries = 70, .keys = 700, .head_size = 12, .value_size = 12});
  check({.batch = 1,
         .heads = 1,
         .kv_heads = 1,
         .queries = 600,
         .keys = 600,
         .head_size = 4,
         .value_size = 4,
         .causal = true});
  check({.batch = 1, .heads = 1, .kv_heads = 1, .queries = 40, .keys = 530, .mask = Case::additive});
}

TEST_P(Attention, Masks) {
  for (const auto mask : {Case::additive, Case::boolean, Case::per_key, Case::blocked_rows}) {
    check({.queries = 21, .keys = 37, .mask = mask});
    check({.queries = 21, .keys = 37, .causal = true, .mask = mask});
  }
  check({.queries = 21, .keys = 37, .mask = Case::additive, .key_major_mask = true});
  check({.queries = 21, .keys = 37, .mask = Case::boolean, .key_major_mask = true});
}

TEST_P(Attention, CausalOffsetsAndEmptyRows) {
  check({.queries = 20, .keys = 33, .causal = true});
  check({.queries = 20, .keys = 33, .causal = true, .causal_offset = 13});
  check({.queries = 20, .keys = 33, .causal = true, .causal_offset = -5});  // the first five rows see nothing
  check({.queries = 20, .keys = 33, .causal = true, .causal_offset = -100});
}

TEST_P(Attention, GroupedHeadsAndSoftcap) {
  check({.heads = 6, .kv_heads = 2, .queries = 13, .keys = 40, .causal = true, .softcap = 5.0f});
  check({.heads = 8, .kv_heads = 2, .queries = 1, .keys = 77, .head_size = 20, .value_size = 20});
  check({.heads = 8,
         .kv_heads = 1,
         .queries = 1,
         .keys = 77,
         .causal = true,
         .causal_offset = 50,
         .mask = Case::additive});
}

TEST_P(Attention, LargeScoresDoNotOverflow) {
  std::vector<float> q(8, 100.0f), k(16, 100.0f), v(16), out(8);
  for (int i = 0; i < 16; ++i) v[i] = static_cast<float>(i);
  k[8] = 99.0f;  // the second key loses by 100
  AttentionArgs args;
  args.batch = args.heads = args.kv_heads = args.queries = 1;
  args.keys = 2;
  args.head_size = args.value_size = 8;
  args.q = q.data();
  args.k = k.data();
  args.v = v.data();
  args.out = out.data();
  args.q_strides = args.out_strides = {8, 8, 8};
  args.k_strides = args.v_strides = {16, 16, 8};
  Buffer scratch(table.attention_scratch_bytes(args, executor().num_threads()));
  table.attention(args, executor(), scratch.get());
  for (int i = 0; i < 8; ++i) EXPECT_NEAR(out[i], i, 1e-6);
}

ACCELERATE_FOR_EACH_ISA(Attention);

}  // namespace
}  // namespace accelerate::cpu
