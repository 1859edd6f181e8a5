#pragma once
#include <functional>
#include <optional>
#include <string_view>

#include "import/pt2/ratio.h"

namespace accelerate::import::pt2 {

/// The dim of a symbol's name; nothing if it has no value (yet).
using SymbolLookup = std::function<std::optional<Dim>(std::string_view name)>;

/// A sympy expression of torch.export, as text ("2*s0 + 1", "FloorDiv(s0, 2)") or as sympy's srepr ("Add(Symbol('s0',
/// integer=True), Integer(1))"). Comparisons give 0 or 1. Nothing if a symbol has no value or a function is not known.
/// Errors: invalid_model for malformed text.
std::optional<Ratio> parse_sym_expr(std::string_view text, const SymbolLookup& lookup);

}  // namespace accelerate::import::pt2
