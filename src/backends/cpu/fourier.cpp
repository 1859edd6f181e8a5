// fft, rfft, irfft along one axis, several lines at a time.
#include <algorithm>
#include <cmath>

#include "backends/cpu/cpu_kernel.h"
#include "backends/cpu/fourier_transform.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

enum class Fourier : uint8_t { complex, from_real, to_real };

double scale_of(const std::string& norm, bool inverse, int64_t n) {
  auto size = static_cast<double>(n);
  if (norm == "ortho") return 1 / std::sqrt(size);
  return (norm == "forward") == inverse ? 1 : 1 / size;
}

/// Lines of an axis between outer and inner ones; extents count numbers, real or complex.
struct FourierShape {
  Fourier kind = Fourier::complex;
  int64_t outer = 1, inner = 1;
  int64_t in = 0, out = 0;  // positions of the axis in the operand and the result
  bool inverse = false;
  double scale = 1;
};

/// Lines first .. first + count, at most kLanes: read, transformed, written. The inverse is the forward transform of
/// the conjugate, conjugated.
template <typename Real, typename Work>
void run_lines(const FourierShape& s, const Transform<Work>& transform, const Real* x, Real* y, int64_t first,
               int64_t count, Work* scratch) {
  constexpr int64_t kLanes = Transform<Work>::kLanes;
  int64_t n = transform.size();
  Work* re = scratch;
  Work* im = re + n * kLanes;
  Work* rest = im + n * kLanes;
  Work sign = s.inverse ? Work(-1) : Work(1);
  if (count < kLanes) std::fill(re, rest, Work(0));
  for (int64_t l = 0; l < count; ++l) {
    int64_t base = (first + l) / s.inner * s.in * s.inner + (first + l) % s.inner;
    for (int64_t k = 0; k < s.in; ++k) {
      int64_t at = base + k * s.inner;
      bool real = s.kind == Fourier::from_real;
      re[k * kLanes + l] = static_cast<Work>(x[real ? at : 2 * at]);
      im[k * kLanes + l] = real ? Work(0) : sign * static_cast<Work>(x[2 * at + 1]);
    }
  }
  if (s.kind == Fourier::to_real) {
    for (int64_t l = 0; l < kLanes; ++l) {
      im[l] = 0;
      if (n % 2 == 0) im[n / 2 * kLanes + l] = 0;
    }
    for (int64_t k = s.in; k < n; ++k) {
      for (int64_t l = 0; l < kLanes; ++l) {
        re[k * kLanes + l] = re[(n - k) * kLanes + l];
        im[k * kLanes + l] = -im[(n - k) * kLanes + l];
      }
    }
  }
  transform.run(re, im, rest);
  auto scale = static_cast<Work>(s.scale);
  for (int64_t l = 0; l < count; ++l) {
    int64_t base = (first + l) / s.inner * s.out * s.inner + (first + l) % s.inner;
    for (int64_t k = 0; k < s.out; ++k) {
      int64_t at = base + k * s.inner;
      if (s.kind == Fourier::to_real) {
        y[at] = static_cast<Real>(re[k * kLanes + l] * scale);
      } else {
        y[2 * at] = static_cast<Real>(re[k * kLanes + l] * scale);
        y[2 * at + 1] = static_cast<Real>(sign * im[k * kLanes + l] * scale);
      }
    }
  }
}

template <typename Real, typename Work>
Prepared prepare(const FourierShape& s, int64_t n, int num_threads) {
  constexpr int64_t kLanes = Transform<Work>::kLanes;
  auto transform = std::make_shared<const Transform<Work>>(n);
  int64_t per_thread = 2 * n * kLanes + transform->work_size();
  Prepared out;
  out.scratch_bytes = static_cast<size_t>(per_thread * std::max(num_threads, 1)) * sizeof(Work);
  out.run = [s, transform, per_thread](Executor& executor, const LaunchArgs& args) {
    constexpr int64_t kGroup = Transform<Work>::kLanes;
    int64_t lines = transform->size() == 0 ? 0 : s.outer * s.inner;
    executor.parallel_for((lines + kGroup - 1) / kGroup, [&](int64_t task, int thread) {
      run_lines(s, *transform, static_cast<const Real*>(args.inputs[0]), static_cast<Real*>(args.outputs[0]),
                task * kGroup, std::min(kGroup, lines - task * kGroup),
                static_cast<Work*>(args.scratch) + thread * per_thread);
    });
  };
  return out;
}

void add_fourier(Entries& entries, const std::string& op, Fourier kind) {
  entries.push_back(
      {op, "mixed_radix", nullptr, [kind](const NodeSite& site, CompileContext&) {
         const Attrs& attrs = site.node.attrs;
         auto axis = static_cast<size_t>(attrs.integer("axis"));
         bool inverse = kind == Fourier::to_real || (kind == Fourier::complex && attrs.boolean("inverse"));
         bool wide = site.in(0).dtype == DType::f64;
         return make_kernel([=, norm = attrs.string("norm")](const ConcreteNode& node) {
           std::span<const int64_t> x = node.inputs[0];
           FourierShape s;
           s.kind = kind;
           s.outer = product(x.first(axis));
           s.inner = product(x.subspan(axis + 1)) / (kind == Fourier::from_real ? 1 : 2);
           s.in = x[axis];
           s.out = node.outputs[0][axis];
           s.inverse = inverse;
           int64_t n = kind == Fourier::to_real ? s.out : s.in;
           if (kind != Fourier::complex && (n < 1 || (kind == Fourier::to_real && s.in != n / 2 + 1)))
             fail(ErrorCode::invalid_shape, "a transform of {} to {} real numbers", to_string(node.inputs[0]), n);
           s.scale = scale_of(norm, inverse, n);
           if (wide) return prepare<double, double>(s, n, node.num_threads);
           // Large factors cost accuracy, which f64 gives back.
           return has_small_factors(n) ? prepare<float, float>(s, n, node.num_threads)
                                       : prepare<float, double>(s, n, node.num_threads);
         });
       }});
}

}  // namespace

void add_fourier_kernels(Entries& entries) {
  add_fourier(entries, "fft", Fourier::complex);
  add_fourier(entries, "rfft", Fourier::from_real);
  add_fourier(entries, "irfft", Fourier::to_real);
}

}  // namespace accelerate::cpu
