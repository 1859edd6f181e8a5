#include "base/cpu_features.h"

#include <cstdlib>
#include <fstream>

#include "base/error.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace accelerate {
namespace {

#if defined(__x86_64__)
struct CpuId {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

CpuId cpuid(unsigned leaf, unsigned subleaf) {
  CpuId id;
  __get_cpuid_count(leaf, subleaf, &id.eax, &id.ebx, &id.ecx, &id.edx);
  return id;
}

uint64_t enabled_state() {
  unsigned low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t{high} << 32) | low;
}

bool bit(unsigned word, int index) {
  return (word >> index) & 1;
}

std::vector<Isa> detect() {
  std::vector<Isa> found{Isa::portable};
  const CpuId one = cpuid(1, 0), seven = cpuid(7, 0), seven_one = cpuid(7, 1);
  const bool os_saves = bit(one.ecx, 27);
  if (!os_saves) return found;
  const uint64_t state = enabled_state();
  const bool ymm = (state & 0x6) == 0x6, zmm = (state & 0xe6) == 0xe6;
  const bool avx2 = bit(one.ecx, 28) && bit(one.ecx, 12) && bit(one.ecx, 29) && bit(seven.ebx, 5);  // AVX FMA F16C AVX2
  if (!ymm || !avx2) return found;
  found.push_back(Isa::avx2);
  // F, DQ, CD, BW, VL
  const bool avx512 =
      bit(seven.ebx, 16) && bit(seven.ebx, 17) && bit(seven.ebx, 28) && bit(seven.ebx, 30) && bit(seven.ebx, 31);
  if (!zmm || !avx512) return found;
  found.push_back(Isa::avx512);
  if (!bit(seven.ecx, 11)) return found;
  found.push_back(Isa::avx512_vnni);
  if (!bit(seven_one.eax, 5)) return found;
  found.push_back(Isa::avx512_bf16);
  if (!bit(seven.edx, 23)) return found;
  found.push_back(Isa::avx512_fp16);
  return found;
}
#else
std::vector<Isa> detect() {
  return {Isa::portable};
}
#endif

}  // namespace

std::string_view name_of(Isa isa) {
  switch (isa) {
    case Isa::portable: return "portable";
    case Isa::avx2: return "avx2";
    case Isa::avx512: return "avx512";
    case Isa::avx512_vnni: return "avx512_vnni";
    case Isa::avx512_bf16: return "avx512_bf16";
    case Isa::avx512_fp16: return "avx512_fp16";
  }
  return "unknown";
}

const std::vector<Isa>& supported_isas() {
  static const std::vector<Isa> isas = detect();
  return isas;
}

Isa selected_isa() {
  const char* wanted = std::getenv("ACCELERATE_ISA");
  if (!wanted || !*wanted) return supported_isas().back();
  std::string names;
  for (const Isa isa : supported_isas()) {
    if (name_of(isa) == wanted) return isa;
    if (!names.empty()) names += ", ";
    names += name_of(isa);
  }
  fail(ErrorCode::invalid_argument, "ACCELERATE_ISA is '{}', which this CPU does not offer; it has: {}",
       printable(wanted, 40), names);
}

std::string cpu_model_name() {
  std::string vendor, model;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string value = colon + 2 <= line.size() ? line.substr(colon + 2) : "";
    if (line.rfind("vendor_id", 0) == 0) vendor = value;
    if (line.rfind("model name", 0) == 0) model = value;
  }
#if defined(__x86_64__)
  if (model.empty()) {
    char brand[49] = {};
    for (unsigned i = 0; i < 3; ++i) {
      const CpuId part = cpuid(0x80000002u + i, 0);
      const unsigned words[4] = {part.eax, part.ebx, part.ecx, part.edx};
      __builtin_memcpy(brand + 16 * i, words, 16);
    }
    model = brand;
  }
#endif
  if (vendor.empty()) return model.empty() ? "unknown" : model;
  return vendor + " " + model;
}

}  // namespace accelerate
