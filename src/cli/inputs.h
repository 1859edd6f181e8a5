#pragma once
#include <string>
#include <vector>

#include "base/cancel.h"

namespace accelerate::cli {

/// Reads a file, or standard input for "-", to its end. Errors: not_found, io_error, invalid_argument above 1 GB,
/// cancelled.
std::string read_all(const std::string& name, const CancelToken& cancel);
/// The lines of a text, without their ends; a last empty line is none.
std::vector<std::string> lines_of(const std::string& text);

}  // namespace accelerate::cli
