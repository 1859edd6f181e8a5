#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate::cpu {

void add_attention_kernels(Entries& entries, const KernelTable& table) {
  entries.push_back({"scaled_dot_product_attention", "flash",
                     [](const NodeSite& site) -> std::optional<std::string> {
                       if (auto reason = require_f32(site, {0, 1, 2})) return reason;
                       if (site.num_in() == 4 && site.in(3).dtype != DType::f32 && site.in(3).dtype != DType::boolean)
                         return fmt::format("a mask of {}", name_of(site.in(3).dtype));
                       for (size_t i : {size_t{0}, size_t{2}}) {
                         auto size = site.in(i).shape.back().constant();
                         if (!size || *size < 1 || *size > 256)
                           return fmt::format("head size {}; this kernel takes 1 to 256",
                                              site.in(i).shape.back().to_string());
                       }
                       return std::nullopt;
                     },
                     [&table](const NodeSite& site, CompileContext&) {
                       const Attrs& attrs = site.node.attrs;
                       AttentionArgs fixed;
                       fixed.scale = static_cast<float>(attrs.number("scale"));
                       fixed.softcap = static_cast<float>(attrs.number("softcap"));
                       fixed.causal = attrs.boolean("is_causal");
                       bool heads_first = attrs.string("layout") == "BHTD";
                       bool mask_bool = site.num_in() == 4 && site.in(3).dtype == DType::boolean;
                       return make_kernel([fixed, heads_first, mask_bool, &table](const ConcreteNode& node) {
                         AttentionArgs a = fixed;
                         size_t head_axis = heads_first ? 1 : 2;
                         size_t position_axis = heads_first ? 2 : 1;
                         const auto& q = node.inputs[0];
                         const auto& k = node.inputs[1];
                         const auto& v = node.inputs[2];
                         a.batch = q[0];
                         a.heads = q[head_axis];
                         a.queries = q[position_axis];
                         a.kv_heads = k[head_axis];
                         a.keys = k[position_axis];
                         a.head_size = q[3];
                         a.value_size = v[3];
                         auto strides = [&](const std::vector<int64_t>& shape) {
                           auto s = contiguous_strides(shape);
                           return HeadStrides{s[0], s[head_axis], s[position_axis]};
                         };
                         a.q_strides = strides(q);
                         a.k_strides = strides(k);
                         a.v_strides = strides(v);
                         a.out_strides = strides(node.outputs[0]);
                         bool has_mask = node.inputs.size() == 4;
                         if (has_mask) {
                           const auto& mask = node.inputs[3];
                           auto own = contiguous_strides(mask);
                           int64_t aligned[4] = {0, 0, 0, 0};
                           const int64_t scores[4] = {a.batch, a.heads, a.queries, a.keys};
                           for (size_t i = 0; i < mask.size(); ++i) {
                             const size_t axis = 4 - mask.size() + i;
                             if (mask[i] == 1) continue;
                             if (mask[i] != scores[axis])
                               fail(ErrorCode::invalid_shape, "the mask is {}; the scores are {}", to_string(mask),
                                    to_string(std::vector<int64_t>(scores, scores + 4)));
                             aligned[axis] = own[i];
                           }
                           a.mask_batch = aligned[0];
                           a.mask_head = aligned[1];
                           a.mask_query = aligned[2];
                           a.mask_key = aligned[3];
                           a.mask_type = mask_bool ? Element::u8 : Element::f32;
                         }
                         Prepared out;
                         // The mask's presence decides the scratch that the kernel asks for.
                         AttentionArgs sized = a;
                         static const float kAny = 0;
                         if (has_mask) sized.mask = &kAny;
                         out.scratch_bytes = table.attention_scratch_bytes(sized, node.num_threads);
                         out.run = [a, has_mask, &table](Executor& executor, const LaunchArgs& args) {
                           AttentionArgs call = a;
                           call.q = static_cast<const float*>(args.inputs[0]);
                           call.k = static_cast<const float*>(args.inputs[1]);
                           call.v = static_cast<const float*>(args.inputs[2]);
                           call.mask = has_mask ? args.inputs[3] : nullptr;
                           call.out = static_cast<float*>(args.outputs[0]);
                           if (call.batch * call.heads * call.queries > 0)
                             table.attention(call, executor, args.scratch);
                         };
                         return out;
                       });
                     }});
}

}  // namespace accelerate::cpu
