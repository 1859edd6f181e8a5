#pragma once
#include "backends/mojo/toolchain.h"

namespace accelerate::mojo {

/// Compiles a small normalisation and compares it with the reference. Errors: compile_failed.
void check_toolchain(const Toolchain& toolchain);

}  // namespace accelerate::mojo
