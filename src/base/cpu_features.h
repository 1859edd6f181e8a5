#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace accelerate {

/// Instruction sets that kernels are compiled for, from least to most capable.
///   portable: plain C++ (also serves ARM); avx2: AVX2+FMA+F16C; avx512: F, BW, DQ, VL, CD;
///   avx512_vnni: + VNNI; avx512_bf16: + VNNI, BF16 (AMD Zen 4+, Intel Cooper Lake+);
///   avx512_fp16: + VNNI, BF16, FP16 (Intel Sapphire Rapids+).
enum class Isa { portable, avx2, avx512, avx512_vnni, avx512_bf16, avx512_fp16 };

std::string_view name_of(Isa isa);
/// What this CPU and operating system can run, from least to most capable; always has portable.
const std::vector<Isa>& supported_isas();
/// The best supported set, or the one named by ACCELERATE_ISA.
/// Errors: invalid_argument if the name is unknown or this CPU lacks it; the message lists what it has.
Isa selected_isa();

/// Vendor and model name of the CPU as the operating system reports it.
std::string cpu_model_name();

}  // namespace accelerate
