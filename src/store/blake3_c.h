#pragma once
#include <stddef.h>

extern "C" {
/// BLAKE3 of input, extended to digest_size bytes. Source: the crate in src/store/crate.
void accelerate_blake3(const void* input, size_t input_size, void* digest, size_t digest_size);
}
