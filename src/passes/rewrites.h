#pragma once
// The rewrites, one a file: each function gives the pass of its name. pipeline.cpp orders them.
#include "passes/pass.h"

namespace accelerate::passes {

// Portable.
Pass constant_folding();
Pass simplify_arithmetic();
Pass simplify_casts();
Pass simplify_movement();
Pass simplify_masks();
Pass common_subexpressions();
Pass recognize_linear();
Pass recognize_attention();
Pass recognize_norms();
Pass recognize_rotary();
Pass recognize_activations();
Pass dead_code();

// For backends that ask for them.
Pass patch_embedding();
Pass attention_layout();
Pass fuse_conv();
Pass channels_last();
Pass fuse_embeddings();
Pass fuse_linear();
Pass group_linear();
Pass fuse_add_norm();
Pass fuse_elementwise();

}  // namespace accelerate::passes
