#include "base/link_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/open_file.h"

namespace accelerate {

void link_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  {
    const OpenFile source = open_regular_file(from, from);
    const OpenFile clone(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (clone.descriptor() < 0) fail(ErrorCode::io_error, "cannot create {}: {}", shown(to), system_reason(errno));
    if (ioctl(clone.descriptor(), FICLONE, source.descriptor()) == 0) return;
    unlink(to.c_str());
  }
  if (link(from.c_str(), to.c_str()) == 0) return;
  fail(ErrorCode::io_error, "{} can neither be cloned nor linked as {}: {}; both must be on one file system",
       shown(from), shown(to), system_reason(errno));
}

}  // namespace accelerate
