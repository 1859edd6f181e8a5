// Instructions on tiles of concrete tensors.
#include "backends/cpu/elementwise_program.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace accelerate::cpu {
namespace {

using Kind = ElementwiseProgram::Kind;
using Instruction = ElementwiseProgram::Instruction;
using Register = ElementwiseProgram::Register;

constexpr int64_t kTile = 1024;  // elements

/// Where a register's tile is while a tile runs.
struct Slot {
  const void* read = nullptr;
  void* write = nullptr;
  bool scalar = false;
};

template <typename T>
int64_t floor_quotient(T a, T b) {
  T q = static_cast<T>(a / b);
  return (a % b != 0 && ((a < 0) != (b < 0))) ? q - 1 : q;
}

template <typename T, typename Fn>
void int_loop(int64_t n, const Slot& a, const Slot& b, void* out, Fn fn) {
  const auto* x = static_cast<const T*>(a.read);
  const auto* y = static_cast<const T*>(b.read);
  auto* z = static_cast<T*>(out);
  int64_t sx = a.scalar ? 0 : 1;
  int64_t sy = b.scalar ? 0 : 1;
  for (int64_t i = 0; i < n; ++i) z[i] = fn(x[i * sx], y[i * sy]);
}

template <typename T>
void run_int_binary(IntBinary op, int64_t n, const Slot& a, const Slot& b, void* out) {
  using U = std::make_unsigned_t<T>;
  // As the ops define it: a quotient by zero is 0, its remainder the dividend.
  switch (op) {
    case IntBinary::add:
      int_loop<T>(n, a, b, out, [](T x, T y) { return static_cast<T>(static_cast<U>(x) + static_cast<U>(y)); });
      break;
    case IntBinary::sub:
      int_loop<T>(n, a, b, out, [](T x, T y) { return static_cast<T>(static_cast<U>(x) - static_cast<U>(y)); });
      break;
    case IntBinary::mul:
      int_loop<T>(n, a, b, out, [](T x, T y) { return static_cast<T>(static_cast<U>(x) * static_cast<U>(y)); });
      break;
    case IntBinary::minimum: int_loop<T>(n, a, b, out, [](T x, T y) { return x < y ? x : y; }); break;
    case IntBinary::maximum: int_loop<T>(n, a, b, out, [](T x, T y) { return x > y ? x : y; }); break;
    case IntBinary::remainder:
      int_loop<T>(n, a, b, out, [](T x, T y) {
        return y == 0 ? x : y == -1 ? T{0} : static_cast<T>(x - static_cast<T>(floor_quotient(x, y)) * y);
      });
      break;
    case IntBinary::floor_divide:
      int_loop<T>(n, a, b, out, [](T x, T y) {
        return y == 0    ? T{0}
               : y == -1 ? static_cast<T>(U{0} - static_cast<U>(x))
                         : static_cast<T>(floor_quotient(x, y));
      });
      break;
    case IntBinary::trunc_divide:
      int_loop<T>(n, a, b, out, [](T x, T y) {
        return y == 0 ? T{0} : y == -1 ? static_cast<T>(U{0} - static_cast<U>(x)) : static_cast<T>(x / y);
      });
      break;
    case IntBinary::bitwise_and: int_loop<T>(n, a, b, out, [](T x, T y) { return static_cast<T>(x & y); }); break;
    case IntBinary::bitwise_or: int_loop<T>(n, a, b, out, [](T x, T y) { return static_cast<T>(x | y); }); break;
    case IntBinary::bitwise_xor: int_loop<T>(n, a, b, out, [](T x, T y) { return static_cast<T>(x ^ y); }); break;
  }
}

template <typename T>
void run_int_unary(IntUnary op, int64_t n, const void* in, void* out) {
  using U = std::make_unsigned_t<T>;
  const auto* x = static_cast<const T*>(in);
  auto* y = static_cast<T*>(out);
  for (int64_t i = 0; i < n; ++i) {
    switch (op) {
      case IntUnary::neg: y[i] = static_cast<T>(U{0} - static_cast<U>(x[i])); break;
      case IntUnary::abs: y[i] = x[i] < 0 ? static_cast<T>(U{0} - static_cast<U>(x[i])) : x[i]; break;
      case IntUnary::bitwise_not: y[i] = static_cast<T>(~x[i]); break;
      case IntUnary::sign: y[i] = static_cast<T>((x[i] > 0) - (x[i] < 0)); break;
    }
  }
}

template <typename T>
void run_int_compare(Compare op, int64_t n, const Slot& a, const Slot& b, uint8_t* out) {
  const auto* x = static_cast<const T*>(a.read);
  const auto* y = static_cast<const T*>(b.read);
  int64_t sx = a.scalar ? 0 : 1;
  int64_t sy = b.scalar ? 0 : 1;
  auto loop = [&](auto fn) {
    for (int64_t i = 0; i < n; ++i) out[i] = fn(x[i * sx], y[i * sy]) ? 1 : 0;
  };
  switch (op) {
    case Compare::eq: loop([](T p, T q) { return p == q; }); break;
    case Compare::ne: loop([](T p, T q) { return p != q; }); break;
    case Compare::lt: loop([](T p, T q) { return p < q; }); break;
    case Compare::le: loop([](T p, T q) { return p <= q; }); break;
    case Compare::gt: loop([](T p, T q) { return p > q; }); break;
    case Compare::ge: loop([](T p, T q) { return p >= q; }); break;
  }
}

template <typename T>
void run_int_select(int64_t n, const Slot& c, const Slot& a, const Slot& b, void* out) {
  const auto* k = static_cast<const uint8_t*>(c.read);
  const auto* x = static_cast<const T*>(a.read);
  const auto* y = static_cast<const T*>(b.read);
  auto* z = static_cast<T*>(out);
  for (int64_t i = 0; i < n; ++i) z[i] = k[c.scalar ? 0 : i] != 0 ? x[a.scalar ? 0 : i] : y[b.scalar ? 0 : i];
}

Operand operand(const Slot& slot) {
  return {static_cast<const float*>(slot.read), slot.scalar};
}

/// A program with everything that the extents decide.
struct Ready {
  std::shared_ptr<const ElementwiseProgram> program;
  const KernelTable* table = nullptr;
  // Output extents merged into as few axes as the broadcasts allow; the last one is `inner`.
  std::vector<int64_t> outer;                       // extents
  std::vector<std::vector<int64_t>> outer_strides;  // by input, by axis, in elements
  std::vector<bool> inner_scalar;                   // by input: one value for the whole inner run
  int64_t inner = 1;
  int64_t num_outer = 1;
  std::vector<bool> scalar;       // by register
  std::vector<int> temp;          // by register: tile of scratch, or -1
  std::vector<int> convert_temp;  // by register: tile for a converted input or before a converted output, or -1
  int num_temps = 0;
  std::vector<int64_t> constants;  // by register: 8 bytes of the immediate

  size_t tile_bytes() const { return static_cast<size_t>(kTile) * 8; }
  size_t thread_bytes() const {
    return tile_bytes() * static_cast<size_t>(num_temps) + sizeof(Slot) * program->registers.size();
  }

  void run_tile(const LaunchArgs& args, int64_t outer_index, int64_t begin, int64_t n, std::byte* scratch) const {
    const ElementwiseProgram& p = *program;
    auto* slots = reinterpret_cast<Slot*>(scratch + tile_bytes() * static_cast<size_t>(num_temps));
    auto tile = [&](int index) { return scratch + tile_bytes() * static_cast<size_t>(index); };
    for (size_t r = 0; r < p.registers.size(); ++r) {
      const Register& info = p.registers[r];
      Slot slot;
      slot.scalar = scalar[r];
      if (info.input >= 0) {
        auto i = static_cast<size_t>(info.input);
        int64_t offset = inner_scalar[i] ? 0 : begin;
        int64_t rest = outer_index;
        for (size_t axis = outer.size(); axis-- > 0;) {
          offset += rest % outer[axis] * outer_strides[i][axis];
          rest /= outer[axis];
        }
        slot.read = static_cast<const std::byte*>(args.inputs[i]) + offset * static_cast<int64_t>(size_of(info.stored));
        if (convert_temp[r] >= 0) {
          table->convert(slot.scalar ? 1 : n, slot.read, info.stored, tile(convert_temp[r]), info.type);
          slot.read = tile(convert_temp[r]);
        }
      } else if (info.constant) {
        slot.read = &constants[r];
      } else if (info.output >= 0 && convert_temp[r] < 0 && !slot.scalar) {
        slot.write = static_cast<std::byte*>(args.outputs[static_cast<size_t>(info.output)]) +
                     (outer_index * inner + begin) * static_cast<int64_t>(size_of(info.stored));
        slot.read = slot.write;
      } else {
        slot.write = tile(convert_temp[r] >= 0 ? convert_temp[r] : temp[r]);
        slot.read = slot.write;
      }
      slots[r] = slot;
    }
    for (const Instruction& i : p.instructions) run_instruction(i, slots, n);
    for (size_t r = 0; r < p.registers.size(); ++r) {
      const Register& info = p.registers[r];
      if (info.output < 0 || (convert_temp[r] < 0 && !scalar[r])) continue;
      auto* to = static_cast<std::byte*>(args.outputs[static_cast<size_t>(info.output)]) +
                 (outer_index * inner + begin) * static_cast<int64_t>(size_of(info.stored));
      if (!scalar[r]) {
        table->convert(n, slots[r].read, info.type, to, info.stored);
        continue;
      }
      // One value for the whole run (all operands were broadcast along it).
      size_t size = size_of(info.stored);
      if (info.type == info.stored) {
        std::memcpy(to, slots[r].read, size);
      } else {
        table->convert(1, slots[r].read, info.type, to, info.stored);
      }
      for (int64_t k = 1; k < n; ++k) std::memcpy(to + static_cast<size_t>(k) * size, to, size);
    }
  }

  void run_instruction(const Instruction& i, Slot* slots, int64_t tile_n) const {
    const auto dst = static_cast<size_t>(i.dst);
    const Slot& a = slots[i.a];
    void* out = slots[dst].write;
    int64_t n = scalar[dst] ? 1 : tile_n;
    Element type = program->registers[static_cast<size_t>(i.a)].type;
    switch (i.kind) {
      case Kind::unary:
        table->unary(static_cast<Unary>(i.op), n, static_cast<const float*>(a.read), static_cast<float*>(out), i.p0,
                     i.p1);
        break;
      case Kind::binary:
        table->binary(static_cast<Binary>(i.op), n, operand(a), operand(slots[i.b]), static_cast<float*>(out));
        break;
      case Kind::compare:
        table->compare(static_cast<Compare>(i.op), n, operand(a), operand(slots[i.b]), static_cast<uint8_t*>(out));
        break;
      case Kind::select:
        if (a.scalar && n > 1) {
          const Slot& from = *static_cast<const uint8_t*>(a.read) != 0 ? slots[i.b] : slots[i.c];
          if (from.scalar) {
            auto* y = static_cast<float*>(out);
            for (int64_t k = 0; k < n; ++k) y[k] = *static_cast<const float*>(from.read);
          } else {
            std::memcpy(out, from.read, static_cast<size_t>(n) * sizeof(float));
          }
        } else {
          table->select(n, static_cast<const uint8_t*>(a.read), operand(slots[i.b]), operand(slots[i.c]),
                        static_cast<float*>(out));
        }
        break;
      case Kind::convert:
        if (i.op == 0) {
          table->convert(n, a.read, type, out, program->registers[dst].type);
        } else {
          // Round to the 16-bit type in place: the value stays f32 with the precision of the narrow type.
          Element narrow = i.op == 1 ? Element::f16 : Element::bf16;
          uint16_t buffer[256];
          for (int64_t k = 0; k < n; k += 256) {
            int64_t m = std::min<int64_t>(256, n - k);
            table->convert(m, static_cast<const std::byte*>(a.read) + k * static_cast<int64_t>(size_of(type)), type,
                           buffer, narrow);
            table->convert(m, buffer, narrow, static_cast<float*>(out) + k, Element::f32);
          }
        }
        break;
      case Kind::int_unary:
        if (type == Element::i64) {
          run_int_unary<int64_t>(static_cast<IntUnary>(i.op), n, a.read, out);
        } else {
          run_int_unary<int32_t>(static_cast<IntUnary>(i.op), n, a.read, out);
        }
        break;
      case Kind::int_binary:
        if (type == Element::i64) {
          run_int_binary<int64_t>(static_cast<IntBinary>(i.op), n, a, slots[i.b], out);
        } else {
          run_int_binary<int32_t>(static_cast<IntBinary>(i.op), n, a, slots[i.b], out);
        }
        break;
      case Kind::int_compare: {
        auto* y = static_cast<uint8_t*>(out);
        if (type == Element::i64) {
          run_int_compare<int64_t>(static_cast<Compare>(i.op), n, a, slots[i.b], y);
        } else if (type == Element::i32) {
          run_int_compare<int32_t>(static_cast<Compare>(i.op), n, a, slots[i.b], y);
        } else {
          run_int_compare<uint8_t>(static_cast<Compare>(i.op), n, a, slots[i.b], y);
        }
        break;
      }
      case Kind::int_select: {
        Element value = program->registers[static_cast<size_t>(i.b)].type;
        if (value == Element::i64) {
          run_int_select<int64_t>(n, a, slots[i.b], slots[i.c], out);
        } else if (value == Element::i32) {
          run_int_select<int32_t>(n, a, slots[i.b], slots[i.c], out);
        } else {
          run_int_select<uint8_t>(n, a, slots[i.b], slots[i.c], out);
        }
        break;
      }
      case Kind::bool_binary: {
        const auto* x = static_cast<const uint8_t*>(a.read);
        const auto* y = static_cast<const uint8_t*>(slots[i.b].read);
        auto* z = static_cast<uint8_t*>(out);
        int64_t sx = a.scalar ? 0 : 1;
        int64_t sy = slots[i.b].scalar ? 0 : 1;
        for (int64_t k = 0; k < n; ++k) {
          bool p = x[k * sx] != 0;
          bool q = y[k * sy] != 0;
          auto op = static_cast<BoolBinary>(i.op);
          z[k] = (op == BoolBinary::logical_and  ? (p && q)
                  : op == BoolBinary::logical_or ? (p || q)
                                                 : (p != q))
                     ? 1
                     : 0;
        }
        break;
      }
      case Kind::bool_not: {
        const auto* x = static_cast<const uint8_t*>(a.read);
        auto* z = static_cast<uint8_t*>(out);
        for (int64_t k = 0; k < n; ++k) z[k] = x[k] == 0 ? 1 : 0;
        break;
      }
      case Kind::is_nan:
      case Kind::is_inf: {
        const auto* x = static_cast<const uint32_t*>(a.read);
        auto* z = static_cast<uint8_t*>(out);
        bool nan = i.kind == Kind::is_nan;
        for (int64_t k = 0; k < n; ++k) {
          uint32_t magnitude = x[k] & 0x7fffffffU;
          z[k] = (nan ? magnitude > 0x7f800000U : magnitude == 0x7f800000U) ? 1 : 0;
        }
        break;
      }
    }
  }
};

/// Immediates in the register's type.
int64_t immediate(Element type, double value) {
  int64_t out = 0;
  if (type == Element::f32) {
    auto v = static_cast<float>(value);
    std::memcpy(&out, &v, sizeof v);
  } else if (type == Element::i32) {
    auto v = static_cast<int32_t>(value);
    std::memcpy(&out, &v, sizeof v);
  } else if (type == Element::i64) {
    out = static_cast<int64_t>(value);
  } else {
    out = value != 0 ? 1 : 0;
  }
  return out;
}

/// Scratch tiles for registers, reused once the last reader has run.
void assign_temps(Ready& ready) {
  const ElementwiseProgram& p = *ready.program;
  size_t n = p.registers.size();
  ready.temp.assign(n, -1);
  ready.convert_temp.assign(n, -1);
  std::vector<int> last(n, -1);
  for (size_t k = 0; k < p.instructions.size(); ++k) {
    for (int r : {p.instructions[k].a, p.instructions[k].b, p.instructions[k].c})
      if (r >= 0) last[static_cast<size_t>(r)] = static_cast<int>(k);
  }
  for (size_t r = 0; r < n; ++r) {
    const Register& info = p.registers[r];
    if ((info.input >= 0 || info.output >= 0) && info.type != info.stored) ready.convert_temp[r] = ready.num_temps++;
    if (info.output >= 0 && ready.scalar[r] && ready.convert_temp[r] < 0) ready.temp[r] = ready.num_temps++;
  }
  std::vector<int> free_tiles;
  for (size_t k = 0; k < p.instructions.size(); ++k) {
    const Instruction& i = p.instructions[k];
    auto dst = static_cast<size_t>(i.dst);
    if (p.registers[dst].output < 0 && ready.temp[dst] < 0) {
      if (free_tiles.empty()) {
        ready.temp[dst] = ready.num_temps++;
      } else {
        ready.temp[dst] = free_tiles.back();
        free_tiles.pop_back();
      }
    }
    for (int r : {i.a, i.b, i.c}) {
      if (r < 0) continue;
      auto index = static_cast<size_t>(r);
      bool plain_temp = p.registers[index].input < 0 && p.registers[index].output < 0 && !p.registers[index].constant;
      if (plain_temp && last[index] == static_cast<int>(k) &&
          std::find(free_tiles.begin(), free_tiles.end(), ready.temp[index]) == free_tiles.end())
        free_tiles.push_back(ready.temp[index]);
    }
  }
}

}  // namespace

Prepared prepare(std::shared_ptr<const ElementwiseProgram> program, const KernelTable& table,
                 const ConcreteNode& node) {
  auto ready = std::make_shared<Ready>();
  ready->program = program;
  ready->table = &table;
  const std::vector<int64_t>& shape = node.outputs[0];
  size_t rank = shape.size();

  // For each axis of the output, which inputs are broadcast along it; neighbours with one pattern merge.
  struct Axis {
    int64_t extent;
    std::vector<bool> broadcast;
  };
  std::vector<Axis> axes;
  for (const auto& in : node.inputs)
    for (size_t d = 0; d < in.size(); ++d)
      if (in[d] != 1 && in[d] != shape[rank - in.size() + d])
        fail(ErrorCode::invalid_shape, "{} cannot be broadcast to {}", to_string(in), to_string(shape));
  for (size_t d = 0; d < rank; ++d) {
    if (shape[d] == 1) continue;
    Axis axis{shape[d], {}};
    for (const auto& in : node.inputs) {
      size_t shift = rank - in.size();
      axis.broadcast.push_back(d < shift || in[d - shift] == 1);
    }
    if (!axes.empty() && axes.back().broadcast == axis.broadcast) {
      axes.back().extent *= axis.extent;
    } else {
      axes.push_back(std::move(axis));
    }
  }
  if (axes.empty()) axes.push_back({1, std::vector<bool>(node.inputs.size(), true)});
  ready->inner = axes.back().extent;
  for (size_t i = 0; i < node.inputs.size(); ++i) ready->inner_scalar.push_back(axes.back().broadcast[i]);
  for (size_t a = 0; a + 1 < axes.size(); ++a) {
    ready->outer.push_back(axes[a].extent);
    ready->num_outer *= axes[a].extent;
  }
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    std::vector<int64_t> strides(ready->outer.size(), 0);
    int64_t stride = axes.back().broadcast[i] ? 1 : axes.back().extent;
    for (size_t a = axes.size() - 1; a-- > 0;) {
      if (axes[a].broadcast[i]) continue;
      strides[a] = stride;
      stride *= axes[a].extent;
    }
    ready->outer_strides.push_back(std::move(strides));
  }

  ready->scalar.assign(program->registers.size(), true);
  ready->constants.assign(program->registers.size(), 0);
  for (size_t r = 0; r < program->registers.size(); ++r) {
    const Register& info = program->registers[r];
    if (info.input >= 0) ready->scalar[r] = ready->inner_scalar[static_cast<size_t>(info.input)];
    if (info.constant) ready->constants[r] = immediate(info.type, *info.constant);
  }
  for (const Instruction& i : program->instructions) {
    bool scalar = true;
    for (int r : {i.a, i.b, i.c}) scalar = scalar && (r < 0 || ready->scalar[static_cast<size_t>(r)]);
    ready->scalar[static_cast<size_t>(i.dst)] = scalar;
  }
  assign_temps(*ready);

  int64_t total = product(shape);
  int64_t tiles_per_run = (ready->inner + kTile - 1) / kTile;
  int64_t runs_per_task =
      std::max<int64_t>(1, std::min<int64_t>(ready->num_outer, 4 * kTile / std::max<int64_t>(ready->inner, 1)));
  int64_t tiles_per_task = ready->inner > 4 * kTile ? 4 : tiles_per_run;
  int64_t num_tasks = ready->inner > 4 * kTile
                          ? ready->num_outer * ((tiles_per_run + tiles_per_task - 1) / tiles_per_task)
                          : (ready->num_outer + runs_per_task - 1) / runs_per_task;
  size_t thread_bytes = (ready->thread_bytes() + 63) / 64 * 64;
  Prepared out;
  out.scratch_bytes = thread_bytes * static_cast<size_t>(node.num_threads);
  out.run = [ready, total, tiles_per_run, runs_per_task, tiles_per_task, num_tasks, thread_bytes](
                Executor& executor, const LaunchArgs& args) {
    if (total == 0) return;
    auto* scratch = static_cast<std::byte*>(args.scratch);
    auto task = [&](int64_t t, int thread) {
      std::byte* own = scratch + thread_bytes * static_cast<size_t>(thread);
      if (ready->inner > 4 * kTile) {
        int64_t groups = (tiles_per_run + tiles_per_task - 1) / tiles_per_task;
        int64_t row = t / groups;
        int64_t first = t % groups * tiles_per_task;
        for (int64_t k = first; k < std::min(first + tiles_per_task, tiles_per_run); ++k)
          ready->run_tile(args, row, k * kTile, std::min(kTile, ready->inner - k * kTile), own);
      } else {
        for (int64_t row = t * runs_per_task; row < std::min((t + 1) * runs_per_task, ready->num_outer); ++row)
          for (int64_t k = 0; k < tiles_per_run; ++k)
            ready->run_tile(args, row, k * kTile, std::min(kTile, ready->inner - k * kTile), own);
      }
    };
    if (num_tasks == 1) {
      task(0, 0);
    } else {
      executor.parallel_for(num_tasks, task);
    }
  };
  return out;
}

}  // namespace accelerate::cpu
