#pragma once
#include <string>
#include <vector>

#include "runtime/session.h"
#include "tasks/registry.h"

namespace accelerate::cli {

/// A result as a person reads it; names are what the inputs are called (texts, file names).
std::string show_result(const tasks::TaskDef& task, const Json& result, const std::vector<std::string>& names);

/// What each pass did and which kernels run what, with reasons.
std::string explain(const ModelReport& report);
/// What runs where and why: ops, regions, share of the work, transfers.
std::string explain_placement(const ModelReport& report);

/// The ops of a profile by total time, the largest first.
std::string top_ops(const std::vector<ProfileEvent>& events, size_t limit = 15);
/// The profile as a Chrome trace (catapult JSON).
std::string chrome_trace(const std::vector<ProfileEvent>& events);

}  // namespace accelerate::cli
