#pragma once

namespace accelerate::bench {

/// f32 multiply-adds a second on this thread, in GFLOP/s (two operations each): the best of several short runs of
/// independent vector FMAs in registers.
double measure_fma_gflops();

}  // namespace accelerate::bench
