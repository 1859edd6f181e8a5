#include <cmath>

#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_max_pool(OpCases& cases) {
  cases.add("max_pool", "known")
      .values(DType::f32, {1, 2, 5, 6}, pattern(60))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {3, 2};
        return max_pool(in[0], options);
      })
      .expect({1, 1.25, 1, 1.25, 1, 1.25});
  cases.add("max_pool", "padding")
      .values(DType::f32, {1, 2, 5, 6}, pattern(60))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {3, 3};
        options.strides = {2, 2};
        options.padding_begin = {1, 1};
        return max_pool(in[0], options);
      })
      .expect({1, 1.25, 1.25, 1, 1.25, 1, 1.25, 1.25, 1, 1.25, 1, 1, 1.25, 1, 1.25, 0.25, 1, 1.25});
  cases.add("max_pool", "ceil_mode")
      .values(DType::f32, {1, 2, 5, 6}, pattern(60))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {3, 3};
        options.strides = {2, 2};
        options.ceil_mode = true;
        return max_pool(in[0], options);
      })
      .expect({1.25, 1.25, 1, 1.25, 1.25, 1, 1.25, 1, 1.25, 1, 1.25, 1.25});
  cases.add("max_pool", "ceil_mode_padding")
      .values(DType::f32, {1, 1, 5, 5}, pattern(25))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {2, 2};
        options.strides = {2, 2};
        options.padding_begin = {1, 1};
        options.ceil_mode = true;
        return max_pool(in[0], options);
      })
      .expect({-1.25, 0.5, 1.25, -0.25, 1, 1.25, 0.75, 1, 0.5});
  cases.add("max_pool", "ceil_mode_last_in_padding")
      .values(DType::f32, {1, 1, 4, 4}, pattern(16))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {2, 2};
        options.strides = {3, 3};
        options.padding_begin = {1, 1};
        options.ceil_mode = true;
        return max_pool(in[0], options);
      })
      .expect({-1.25, 1.25, 0.5, 1.25});
  cases.add("max_pool", "dilations")
      .values(DType::f32, {1, 2, 5, 6}, pattern(60))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {2, 3};
        options.strides = {1, 1};
        options.padding_begin = {0, 1};
        options.dilations = {3, 2};
        return max_pool(in[0], options);
      })
      .expect({1.25, 0.75, 1.25, 0.75, 1.25, 1, 1.25, 1, 0.75, 1, 0.75, 1, 1, 1.25, 1, 1.25});
  cases.add("max_pool", "channels_last")
      .values(DType::f32, {1, 5, 4, 2}, pattern(40))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {3, 3};
        options.strides = {2, 2};
        options.padding_begin = {1, 1};
        options.layout = "NHWC";
        return max_pool(in[0], options);
      })
      .expect({-0.25, 1.25, 1.25, 1.25, 0.25, 1.25, 1.25, 0.75, 0.5, 1.25, 1.25, 1});
  cases.add("max_pool", "asymmetric")
      .values(DType::f32, {1, 1, 4, 4}, pattern(16))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {2, 2};
        options.strides = {2, 2};
        options.padding_end = {1, 1};
        return max_pool(in[0], options);
      })
      .expect({0.5, 1.25, 0.75, 1.25});
  cases.add("max_pool", "one_axis")
      .values(DType::f32, {2, 3, 7}, pattern(42))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {3};
        options.strides = {2};
        return max_pool(in[0], options);
      })
      .expect({0.5, 1.25, 1, 0.75, 0.75, 0.5, 1.25, 1, 0.75, 0.5, 1.25, 1.25, 1, 0.75, 0.5, 1.25, 1, 1});
  cases.add("max_pool", "three_axes")
      .values(DType::f32, {1, 1, 3, 4, 4}, pattern(48))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {2, 2, 2};
        options.strides = {1, 1, 1};
        return max_pool(in[0], options);
      })
      .expect({1, 1, 1.25, 1.25, 1.25, 1, 1.25, 1.25, 1.25, 1.25, 1, 1, 1.25, 1.25, 1, 1.25, 1.25, 1.25});
  cases.add("max_pool", "nan_and_infinity")
      .values(DType::f32, {1, 1, 6}, {1, NAN, 2, -INFINITY, -INFINITY, 3})
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {2};
        options.strides = {1};
        return max_pool(in[0], options);
      })
      .expect({NAN, NAN, 2, -INFINITY, 3});
  cases.add("max_pool", "symbolic").input(DType::f32, {"n", 3, "h", "w"}, {2, 3, 9, 6}).graph([](auto in) {
    PoolOptions options;
    options.kernel = {3, 3};
    options.strides = {2, 2};
    options.padding_begin = {1, 1};
    return max_pool(in[0], options);
  });
  cases.add("max_pool", "symbolic_ceil").input(DType::f32, {"n", 3, "h", "w"}, {2, 3, 9, 6}).graph([](auto in) {
    PoolOptions options;
    options.kernel = {2, 2};
    options.strides = {2, 2};
    options.ceil_mode = true;
    return max_pool(in[0], options);
  });
  cases.add("max_pool", "bf16").input(DType::bf16, {"n", "h", "w", 3}, {2, 5, 6, 3}).graph([](auto in) {
    PoolOptions options;
    options.kernel = {2, 2};
    options.layout = "NHWC";
    return max_pool(in[0], options);
  });
  cases.add("max_pool", "volume")
      .values(DType::f32, {2, 2, 5, 4, 6}, pattern(480))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {2, 3, 2};
        options.strides = {2, 1, 3};
        options.padding_begin = {1, 1, 0};
        options.dilations = {1, 1, 2};
        return max_pool(in[0], options);
      })
      .expect({1,    1.25, 1.25, 1.25, 1.25, 1,    1.25, 1,    1,    0.75, 1.25, 1,    1.25, 1.25, 1.25, 1.25,
               1.25, 1,    1.25, 1.25, 1.25, 1.25, 1,    1.25, 0.5,  0.25, 0.5,  1.25, 1,    1.25, 1,    1.25,
               1.25, 1.25, 1.25, 1.25, 1,    1.25, 1,    0.75, 0.75, 1.25, 1,    1.25, 1.25, 1.25, 1.25, 1,
               1,    1.25, 1,    1.25, 1,    0.75, 0.5,  0.25, 1,    1.25, 1.25, 1.25, 1.25, 1.25, 1.25, 1.25,
               1.25, 1,    1.25, 1,    1.25, 1.25, 0.75, 1.25, 1.25, 1,    1.25, 1.25, 1.25, 1.25, 1,    1.25,
               1.25, 1,    1.25, 1.25, 1,    1.25, 1,    1.25, 1.25, 1.25, 1.25, 1.25, 1.25, 1.25, 1.25, 1});
  cases.add("max_pool", "volume_ceil")
      .values(DType::f32, {2, 2, 5, 4, 6}, pattern(480))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {2, 2, 2};
        options.strides = {2, 3, 4};
        options.padding_begin = {0, 0, 1};
        options.ceil_mode = true;
        return max_pool(in[0], options);
      })
      .expect({1,    1.25, 0.75, 0.5,  1,    1.25, -0.5, 1.25, 1.25, 1,    0.25,  0,    0.5,   1.25, 1,    0.75,
               1.25, 1.25, 0.5,  1.25, 0,    1,    1.25, 1,    1,    1.25, 0,     0.75, 0.25,  1.25, 0.75, 1.25,
               1,    0.75, -0.5, 1,    1.25, 1.25, 1,    0.75, 1.25, 1,    -0.25, 1.25, -0.75, 1.25, 0.5,  0.25});
  cases.add("max_pool", "volume_channels_last")
      .input(DType::f32, {"n", "d", "h", "w", 3}, {2, 5, 4, 6, 3})
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {2, 3, 2};
        options.strides = {1, 2, 1};
        options.padding_begin = {0, 1, 1};
        options.layout = "NHWC";
        return max_pool(in[0], options);
      });
  cases.add("max_pool", "lone_incomplete_window")
      .values(DType::f32, {1, 1, 3, 4}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {5, 5};
        options.strides = {5, 5};
        options.ceil_mode = true;
        return max_pool(in[0], options);
      })
      .expect({11});
}

}  // namespace accelerate::ops
