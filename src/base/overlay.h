#pragma once
#include <memory>

#include "base/file.h"

namespace accelerate {

/// Two sets as one: a file that both have is the one of `over`. Errors name `under`.
std::shared_ptr<FileSet> overlaid(std::shared_ptr<FileSet> over, std::shared_ptr<FileSet> under);

}  // namespace accelerate
