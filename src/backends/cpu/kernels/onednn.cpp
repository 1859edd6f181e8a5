#include "backends/cpu/kernels/onednn.h"

#include "base/error.h"

#if defined(ACCELERATE_HAVE_DNNL_H)
#include <dlfcn.h>
#include <dnnl.h>

#include <cstdlib>
#include <mutex>
#include <vector>

namespace accelerate::cpu {
namespace {

// The functions used, resolved by name.
struct Library {
#define ACCELERATE_DNNL_FUNCTIONS(X)                \
  X(dnnl_engine_create)                             \
  X(dnnl_stream_create)                             \
  X(dnnl_stream_wait)                               \
  X(dnnl_memory_desc_create_with_tag)               \
  X(dnnl_memory_desc_destroy)                       \
  X(dnnl_memory_create)                             \
  X(dnnl_memory_destroy)                            \
  X(dnnl_memory_set_data_handle)                    \
  X(dnnl_primitive_attr_create)                     \
  X(dnnl_primitive_attr_destroy)                    \
  X(dnnl_primitive_attr_set_post_ops)               \
  X(dnnl_post_ops_create)                           \
  X(dnnl_post_ops_destroy)                          \
  X(dnnl_post_ops_append_eltwise)                   \
  X(dnnl_matmul_primitive_desc_create)              \
  X(dnnl_convolution_forward_primitive_desc_create) \
  X(dnnl_reorder_primitive_desc_create)             \
  X(dnnl_primitive_desc_query_md)                   \
  X(dnnl_primitive_desc_destroy)                    \
  X(dnnl_primitive_create)                          \
  X(dnnl_primitive_execute)                         \
  X(dnnl_primitive_destroy)
#define X(name) decltype(&::name) name = nullptr;
  ACCELERATE_DNNL_FUNCTIONS(X)
#undef X
  void (*set_num_threads)(int) = nullptr;
  dnnl_engine_t engine = nullptr;
  dnnl_stream_t stream = nullptr;
  std::mutex mutex;
  std::string reason;  // empty if usable

  Library() {
    const char* path = std::getenv("ACCELERATE_ONEDNN");
    const std::string name = path && *path ? path : "libdnnl.so.3";
    void* handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
      const char* error = dlerror();
      reason = "cannot load " + printable(name) + ": " + printable(error ? error : "unknown reason") +
               "; set ACCELERATE_ONEDNN to the library's path";
      return;
    }
#define X(function)                                                                       \
  function = reinterpret_cast<decltype(function)>(dlsym(handle, #function));              \
  if (!function) {                                                                        \
    reason = printable(name) + " has no " #function "; version 3.1 or later is expected"; \
    return;                                                                               \
  }
    ACCELERATE_DNNL_FUNCTIONS(X)
#undef X
    set_num_threads = reinterpret_cast<void (*)(int)>(dlsym(handle, "omp_set_num_threads"));
    if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success ||
        dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) != dnnl_success) {
      reason = printable(name) + " cannot make a CPU engine";
    }
  }
};

// Never unloaded: its threads may outlive static destruction.
Library& library() {
  static Library* loaded = new Library;
  return *loaded;
}

Library& usable_library() {
  Library& lib = library();
  if (!lib.reason.empty()) fail(ErrorCode::backend_unavailable, "oneDNN is not available: {}", lib.reason);
  return lib;
}

void check(dnnl_status_t status, const char* what) {
  if (status != dnnl_success) {
    fail(ErrorCode::execution_failed, "oneDNN: {} failed with status {}", what, static_cast<int>(status));
  }
}

// A C handle with its destructor.
template <typename Handle>
struct Owned {
  Handle handle = nullptr;
  dnnl_status_t (*destroy)(Handle) = nullptr;
  Owned() = default;
  explicit Owned(dnnl_status_t (*destroy_handle)(Handle)) : destroy(destroy_handle) {}
  Owned(Owned&& other) noexcept : handle(std::exchange(other.handle, nullptr)), destroy(other.destroy) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(handle, other.handle);
    std::swap(destroy, other.destroy);
    return *this;
  }
  ~Owned() {
    if (handle) destroy(handle);
  }
};

Owned<dnnl_memory_desc_t> make_desc(Library& lib, const std::vector<dnnl_dim_t>& dims, dnnl_format_tag_t tag) {
  Owned<dnnl_memory_desc_t> desc(lib.dnnl_memory_desc_destroy);
  check(lib.dnnl_memory_desc_create_with_tag(&desc.handle, static_cast<int>(dims.size()), dims.data(), dnnl_f32, tag),
        "describing memory");
  return desc;
}

Owned<dnnl_primitive_attr_t> make_attributes(Library& lib, Activation activation) {
  Owned<dnnl_primitive_attr_t> attributes(lib.dnnl_primitive_attr_destroy);
  check(lib.dnnl_primitive_attr_create(&attributes.handle), "making attributes");
  dnnl_alg_kind_t kind = dnnl_alg_kind_undef;
  float alpha = 0.0f;
  switch (activation) {
    case Activation::none: return attributes;
    case Activation::relu: kind = dnnl_eltwise_relu; break;
    case Activation::gelu: kind = dnnl_eltwise_gelu_erf; break;
    case Activation::gelu_tanh: kind = dnnl_eltwise_gelu_tanh; break;
    case Activation::silu: kind = dnnl_eltwise_swish, alpha = 1.0f; break;
    case Activation::tanh: kind = dnnl_eltwise_tanh; break;
    case Activation::sigmoid: kind = dnnl_eltwise_logistic; break;
    default: fail(ErrorCode::unsupported_op, "oneDNN has no activation number {}", static_cast<int>(activation));
  }
  Owned<dnnl_post_ops_t> post_ops(lib.dnnl_post_ops_destroy);
  check(lib.dnnl_post_ops_create(&post_ops.handle), "making post-operations");
  check(lib.dnnl_post_ops_append_eltwise(post_ops.handle, kind, alpha, 0.0f), "appending an activation");
  check(lib.dnnl_primitive_attr_set_post_ops(attributes.handle, post_ops.handle), "setting post-operations");
  return attributes;
}

// A primitive with its weights in the layout that it chose.
struct Primitive {
  Library* lib = nullptr;
  int num_threads = 1;
  Owned<dnnl_primitive_t> primitive;
  Owned<dnnl_memory_t> source, target, weight, bias;
  std::vector<float> bias_copy;

  void set_threads() const {
    if (lib->set_num_threads) lib->set_num_threads(num_threads);
  }

  // Takes a primitive descriptor; copies the weights, which are given in weight_desc.
  void build(dnnl_primitive_desc_t desc, dnnl_memory_desc_t source_desc, dnnl_memory_desc_t target_desc,
             dnnl_memory_desc_t weight_desc, const float* weights, dnnl_memory_desc_t bias_desc,
             const float* bias_values, int64_t bias_count) {
    Library& l = *lib;
    primitive = Owned<dnnl_primitive_t>(l.dnnl_primitive_destroy);
    check(l.dnnl_primitive_create(&primitive.handle, desc), "making a primitive");
    const auto memory = [&l](dnnl_memory_desc_t md, void* data) {
      Owned<dnnl_memory_t> made(l.dnnl_memory_destroy);
      check(l.dnnl_memory_create(&made.handle, md, l.engine, data), "making memory");
      return made;
    };
    source = memory(source_desc, DNNL_MEMORY_NONE);
    target = memory(target_desc, DNNL_MEMORY_NONE);
    const_dnnl_memory_desc_t chosen = l.dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0);
    weight = memory(const_cast<dnnl_memory_desc_t>(chosen), DNNL_MEMORY_ALLOCATE);
    Owned<dnnl_memory_t> plain = memory(weight_desc, const_cast<float*>(weights));
    Owned<dnnl_primitive_desc_t> reorder_desc(l.dnnl_primitive_desc_destroy);
    check(l.dnnl_reorder_primitive_desc_create(&reorder_desc.handle, weight_desc, l.engine, chosen, l.engine, nullptr),
          "planning the weights' copy");
    Owned<dnnl_primitive_t> reorder(l.dnnl_primitive_destroy);
    check(l.dnnl_primitive_create(&reorder.handle, reorder_desc.handle), "making the weights' copy");
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, plain.handle}, {DNNL_ARG_TO, weight.handle}};
    check(l.dnnl_primitive_execute(reorder.handle, l.stream, 2, args), "copying weights");
    check(l.dnnl_stream_wait(l.stream), "waiting for weights");
    if (bias_values) {
      bias_copy.assign(bias_values, bias_values + bias_count);
      bias = memory(bias_desc, bias_copy.data());
    }
  }

  void run(const float* x, float* y) const {
    std::lock_guard lock(lib->mutex);
    set_threads();
    check(lib->dnnl_memory_set_data_handle(source.handle, const_cast<float*>(x)), "setting the input");
    check(lib->dnnl_memory_set_data_handle(target.handle, y), "setting the output");
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, source.handle},
                                    {DNNL_ARG_WEIGHTS, weight.handle},
                                    {DNNL_ARG_DST, target.handle},
                                    {DNNL_ARG_BIAS, bias.handle}};
    check(lib->dnnl_primitive_execute(primitive.handle, lib->stream, bias.handle ? 4 : 3, args), "running");
    check(lib->dnnl_stream_wait(lib->stream), "waiting");
  }
};

}  // namespace

bool onednn_available(std::string* reason) {
  const Library& lib = library();
  if (reason) *reason = lib.reason;
  return lib.reason.empty();
}

struct OneDnnMatmul::Impl : Primitive {};
struct OneDnnConv::Impl : Primitive {};

OneDnnMatmul::OneDnnMatmul(int64_t m, int64_t n, int64_t k, const float* weight, const float* bias,
                           Activation activation, int num_threads)
    : impl_(std::make_unique<Impl>()) {
  Library& lib = usable_library();
  std::lock_guard lock(lib.mutex);
  impl_->lib = &lib;
  impl_->num_threads = num_threads;
  impl_->set_threads();  // the plan depends on it
  const auto source = make_desc(lib, {m, k}, dnnl_ab), target = make_desc(lib, {m, n}, dnnl_ab);
  const auto any = make_desc(lib, {k, n}, dnnl_format_tag_any), given = make_desc(lib, {k, n}, dnnl_ba);
  const auto bias_desc = make_desc(lib, {1, n}, dnnl_ab);
  const auto attributes = make_attributes(lib, activation);
  Owned<dnnl_primitive_desc_t> desc(lib.dnnl_primitive_desc_destroy);
  check(lib.dnnl_matmul_primitive_desc_create(&desc.handle, lib.engine, source.handle, any.handle,
                                              bias ? bias_desc.handle : nullptr, target.handle, attributes.handle),
        "planning a product");
  impl_->build(desc.handle, source.handle, target.handle, given.handle, weight, bias_desc.handle, bias, n);
}
OneDnnMatmul::~OneDnnMatmul() = default;
OneDnnMatmul::OneDnnMatmul(OneDnnMatmul&&) noexcept = default;
OneDnnMatmul& OneDnnMatmul::operator=(OneDnnMatmul&&) noexcept = default;
void OneDnnMatmul::run(const float* a, float* c) const {
  impl_->run(a, c);
}

OneDnnConv::OneDnnConv(const ConvShape& s, const float* weight, const float* bias, Activation activation,
                       int num_threads)
    : impl_(std::make_unique<Impl>()) {
  Library& lib = usable_library();
  std::lock_guard lock(lib.mutex);
  impl_->lib = &lib;
  impl_->num_threads = num_threads;
  impl_->set_threads();
  const auto source = make_desc(lib, {s.batch, s.in_channels, s.in_h, s.in_w}, dnnl_nhwc);
  const auto target = make_desc(lib, {s.batch, s.out_channels, s.out_h, s.out_w}, dnnl_nhwc);
  const int64_t group_in = s.in_channels / s.groups, group_out = s.out_channels / s.groups;
  const std::vector<dnnl_dim_t> dims =
      s.groups > 1 ? std::vector<dnnl_dim_t>{s.groups, group_out, group_in, s.kernel_h, s.kernel_w}
                   : std::vector<dnnl_dim_t>{s.out_channels, group_in, s.kernel_h, s.kernel_w};
  const auto any = make_desc(lib, dims, dnnl_format_tag_any);
  const auto given = make_desc(lib, dims, s.groups > 1 ? dnnl_goihw : dnnl_oihw);
  const auto bias_desc = make_desc(lib, {s.out_channels}, dnnl_a);
  const auto attributes = make_attributes(lib, activation);
  const dnnl_dim_t strides[] = {s.stride_h, s.stride_w}, dilations[] = {s.dilation_h - 1, s.dilation_w - 1};
  const dnnl_dim_t low[] = {s.pad_top, s.pad_left};
  // What the output's size implies beyond the last row and column.
  const dnnl_dim_t high[] = {(s.out_h - 1) * s.stride_h + s.dilation_h * (s.kernel_h - 1) + 1 - s.in_h - s.pad_top,
                             (s.out_w - 1) * s.stride_w + s.dilation_w * (s.kernel_w - 1) + 1 - s.in_w - s.pad_left};
  Owned<dnnl_primitive_desc_t> desc(lib.dnnl_primitive_desc_destroy);
  check(lib.dnnl_convolution_forward_primitive_desc_create(
            &desc.handle, lib.engine, dnnl_forward_inference, dnnl_convolution_direct, source.handle, any.handle,
            bias ? bias_desc.handle : nullptr, target.handle, strides, dilations, low, high, attributes.handle),
        "planning a convolution");
  impl_->build(desc.handle, source.handle, target.handle, given.handle, weight, bias_desc.handle, bias, s.out_channels);
}
OneDnnConv::~OneDnnConv() = default;
OneDnnConv::OneDnnConv(OneDnnConv&&) noexcept = default;
OneDnnConv& OneDnnConv::operator=(OneDnnConv&&) noexcept = default;
void OneDnnConv::run(const float* x, float* y) const {
  impl_->run(x, y);
}

}  // namespace accelerate::cpu

#else

namespace accelerate::cpu {
namespace {
constexpr const char* kReason = "this program was built without oneDNN's header dnnl.h";
[[noreturn]] void unavailable() {
  fail(ErrorCode::backend_unavailable, "oneDNN is not available: {}", kReason);
}
}  // namespace

bool onednn_available(std::string* reason) {
  if (reason) *reason = kReason;
  return false;
}

struct OneDnnMatmul::Impl {};
struct OneDnnConv::Impl {};
OneDnnMatmul::OneDnnMatmul(int64_t, int64_t, int64_t, const float*, const float*, Activation, int) {
  unavailable();
}
OneDnnMatmul::~OneDnnMatmul() = default;
OneDnnMatmul::OneDnnMatmul(OneDnnMatmul&&) noexcept = default;
OneDnnMatmul& OneDnnMatmul::operator=(OneDnnMatmul&&) noexcept = default;
void OneDnnMatmul::run(const float*, float*) const {
  unavailable();
}
OneDnnConv::OneDnnConv(const ConvShape&, const float*, const float*, Activation, int) {
  unavailable();
}
OneDnnConv::~OneDnnConv() = default;
OneDnnConv::OneDnnConv(OneDnnConv&&) noexcept = default;
OneDnnConv& OneDnnConv::operator=(OneDnnConv&&) noexcept = default;
void OneDnnConv::run(const float*, float*) const {
  unavailable();
}

}  // namespace accelerate::cpu
#endif
