#pragma once
#include <functional>
#include <string_view>

namespace accelerate {

enum class LogLevel { debug, info, warning, error };

/// Where the library's messages go; none by default. The sink must be thread-safe.
using LogSink = std::function<void(LogLevel, std::string_view)>;
void set_log_sink(LogSink sink);
void log_message(LogLevel level, std::string_view message);

}  // namespace accelerate
