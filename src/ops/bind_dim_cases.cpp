#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_bind_dim(OpCases& cases) {
  // The bound dim drives iota, which takes no operand from bind_dim.
  cases.add("bind_dim", "iota")
      .values(DType::i64, {}, {4})
      .graph([](auto in) {
        Dim n = Dim::unbacked("n");
        bind_dim(in[0], n);
        return iota(*in[0].builder, DType::i64, n);
      })
      .expect({0, 1, 2, 3});
}

}  // namespace accelerate::ops
