#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

bool table_type(DType dtype) {
  return dtype == DType::f32 || dtype == DType::bf16 || dtype == DType::f16;
}

}  // namespace

// fused_embedding_norm: operands table, indices (count times), then weight and bias if normalise.
void add_embedding_kernels(Entries& entries, const KernelTable& table) {
  entries.push_back({"fused_embedding_norm", "embedding_sum",
                     [](const NodeSite& site) -> std::optional<std::string> {
                       int64_t count = site.node.attrs.integer("count");
                       if (count > EmbeddingArgs::kMaxTables)
                         return fmt::format("{} tables; at most {}", count, EmbeddingArgs::kMaxTables);
                       Dim rows = num_elements(site.in(1).shape);
                       for (int64_t i = 0; i < count; ++i) {
                         auto t = static_cast<size_t>(2 * i);
                         if (!table_type(site.in(t).dtype))
                           return fmt::format("a table of {}", name_of(site.in(t).dtype));
                         if (site.in(t + 1).dtype != DType::i64 && site.in(t + 1).dtype != DType::i32)
                           return fmt::format("indices of {}", name_of(site.in(t + 1).dtype));
                       }
                       for (size_t i = static_cast<size_t>(2 * count); i < site.num_in(); ++i)
                         if (site.in(i).dtype != DType::f32) return "a gain or bias that is not f32";
                       if (site.out().dtype != DType::f32) return "a result that is not f32";
                       return std::nullopt;
                     },
                     [&table](const NodeSite& site, CompileContext&) {
                       const Attrs& attrs = site.node.attrs;
                       auto count = static_cast<size_t>(attrs.integer("count"));
                       EmbeddingArgs fixed;
                       fixed.num_tables = static_cast<int>(count);
                       fixed.normalise = attrs.boolean("normalise");
                       fixed.eps = static_cast<float>(attrs.number("eps"));
                       std::vector<bool> wide;
                       for (size_t i = 0; i < count; ++i) {
                         fixed.tables[i].type = known_element(site.in(2 * i).dtype);
                         wide.push_back(site.in(2 * i + 1).dtype == DType::i64);
                       }
                       return make_kernel([fixed, wide, count, &table](const ConcreteNode& node) {
                         EmbeddingArgs a = fixed;
                         a.cols = node.outputs[0].back();
                         a.rows = product(node.outputs[0]) / std::max<int64_t>(a.cols, 1);
                         a.y_stride = a.cols;
                         std::vector<int64_t> repeat;
                         for (size_t i = 0; i < count; ++i) {
                           a.tables[i].num_rows = node.inputs[2 * i][0];
                           a.tables[i].row_stride = a.cols;
                           repeat.push_back(product(node.inputs[2 * i + 1]));
                         }
                         // Indices that broadcast over leading axes ([1, T] or [T] positions) are spelled out once a
                         // call.
                         size_t spelled = 0;
                         for (size_t i = 0; i < count; ++i)
                           if (repeat[i] != a.rows) spelled += static_cast<size_t>(a.rows);
                         size_t given = node.inputs.size();
                         Prepared out;
                         out.scratch_bytes = spelled * sizeof(int64_t);
                         out.run = [a, wide, count, repeat, given, &table](Executor& executor, const LaunchArgs& args) {
                           EmbeddingArgs call = a;
                           if (call.rows * call.cols == 0) return;
                           auto* scratch = static_cast<int64_t*>(args.scratch);
                           for (size_t i = 0; i < count; ++i) {
                             EmbeddingTable& t = call.tables[i];
                             t.data = args.inputs[2 * i];
                             const void* ids = args.inputs[2 * i + 1];
                             if (repeat[i] != call.rows) {
                               for (int64_t r = 0; r < call.rows; ++r)
                                 scratch[r] = wide[i] ? static_cast<const int64_t*>(ids)[r % repeat[i]]
                                                      : static_cast<const int32_t*>(ids)[r % repeat[i]];
                               t.ids = scratch;
                               scratch += call.rows;
                             } else if (wide[i]) {
                               t.ids = static_cast<const int64_t*>(ids);
                             } else {
                               t.ids32 = static_cast<const int32_t*>(ids);
                             }
                           }
                           if (2 * count < given) call.weight = static_cast<const float*>(args.inputs[2 * count]);
                           if (2 * count + 1 < given) call.bias = static_cast<const float*>(args.inputs[2 * count + 1]);
                           call.y = static_cast<float*>(args.outputs[0]);
                           int64_t bad = table.embedding(call, executor);
                           if (bad < 0) return;
                           int64_t row = bad / EmbeddingArgs::kMaxTables;
                           const EmbeddingTable& t = call.tables[bad % EmbeddingArgs::kMaxTables];
                           int64_t id = t.ids != nullptr ? t.ids[row] : t.ids32[row];
                           fail(ErrorCode::invalid_argument,
                                "index {} at position {} is out of range: the embedding table has {} rows", id, row,
                                t.num_rows);
                         };
                         return out;
                       });
                     }});
}

}  // namespace accelerate::cpu
