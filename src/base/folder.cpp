#include <algorithm>
#include <system_error>

#include "base/error.h"
#include "base/file.h"
#include "base/open_file.h"

namespace accelerate {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxListedFiles = 100'000;
constexpr int kMaxListedDepth = 8;

bool is_inside(const fs::path& path, const fs::path& folder) {
  const auto [in_folder, in_path] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return in_folder == folder.end();
}

/// What links below root may point at: root, or the model's folder of a Hugging Face hub cache that root lies in.
fs::path allowed_folder(const fs::path& root) {
  for (fs::path folder = root; folder.has_parent_path() && folder != folder.root_path();) {
    const fs::path parent = folder.parent_path();
    if (parent.filename() == "snapshots") {
      const fs::path repository = parent.parent_path();
      const std::string name = repository.filename().native();
      if (name.starts_with("models--") || name.starts_with("datasets--")) return repository;
    }
    folder = parent;
  }
  return root;
}

const char* refusal_of(std::string_view name) {
  if (name.empty()) return "it is empty";
  if (name.size() > 1024) return "it is longer than 1024 bytes";
  if (name.find('\0') != std::string_view::npos) return "it holds a NUL byte";
  if (name.find('\\') != std::string_view::npos) return "it holds a backslash";
  if (name.front() == '/') return "it is an absolute path";
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part == "..") return "it has a '..'";
    if (part.empty() || part == ".") return "it has an empty component or a '.'";
    begin = end + 1;
  }
  return nullptr;
}

class Folder final : public FileSet {
 public:
  Folder(fs::path shown_root, fs::path root)
      : shown_root_(std::move(shown_root)), root_(std::move(root)), allowed_(allowed_folder(root_)) {}

  bool contains(std::string_view name) const override {
    if (refusal_of(name) != nullptr) return false;
    std::error_code error;
    return fs::is_regular_file(root_ / name, error);
  }

  std::string read(std::string_view name, size_t max_bytes) const override {
    return read_regular_file(resolve(name), shown_root_ / name, max_bytes);
  }

  std::shared_ptr<MappedFile> map(std::string_view name) const override {
    return MappedFile::open(resolve(name), shown_root_ / name);
  }

  std::vector<std::string> list() const override {
    std::vector<std::string> names;
    list_into(root_, "", 0, names);
    std::sort(names.begin(), names.end());
    return names;
  }

  std::string description() const override { return printable(shown_root_.native(), 400); }

 private:
  /// The real path of a name. Errors: invalid_model (refused), not_found.
  fs::path resolve(std::string_view name) const {
    check_file_name(name);
    std::error_code error;
    const fs::path real = fs::canonical(root_ / name, error);
    if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) {
      fail(ErrorCode::not_found, "there is no file '{}' in {}", printable(name), shown(shown_root_));
    }
    if (error) {
      fail(ErrorCode::io_error, "cannot open {}: {}", shown(shown_root_ / name), error.message());
    }
    if (!is_inside(real, allowed_)) {
      fail(ErrorCode::invalid_model,
           "{} is a link that leaves the model's folder, which is refused; copy the file it points at into the folder",
           shown(shown_root_ / name));
    }
    return real;
  }

  // Follows no links to folders, so it ends; files that cannot be examined are left out.
  void list_into(const fs::path& folder, const std::string& prefix, int depth, std::vector<std::string>& names) const {
    std::error_code error;
    for (fs::directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error), end;
         !error && entry != end; entry.increment(error)) {
      if (names.size() >= kMaxListedFiles) {
        fail(ErrorCode::io_error, "{} holds more than {} files; expected the folder of one model", shown(shown_root_),
             kMaxListedFiles);
      }
      const std::string name = entry->path().filename().native();
      std::error_code ignored;
      if (entry->is_directory(ignored) && !entry->is_symlink(ignored)) {
        if (!name.starts_with('.') && depth < kMaxListedDepth) {
          list_into(entry->path(), prefix + name + "/", depth + 1, names);
        }
      } else if (entry->is_regular_file(ignored)) {
        names.push_back(prefix + name);
      }
    }
    if (error) fail(ErrorCode::io_error, "cannot list {}: {}", shown(folder), error.message());
  }

  fs::path shown_root_;
  fs::path root_;
  fs::path allowed_;
};

class SubFolder final : public FileSet {
 public:
  SubFolder(std::shared_ptr<FileSet> files, std::string_view folder)
      : files_(std::move(files)), prefix_(std::string(folder) + "/") {}

  bool contains(std::string_view name) const override {
    return refusal_of(name) == nullptr && files_->contains(prefix_ + std::string(name));
  }
  std::string read(std::string_view name, size_t max_bytes) const override {
    check_file_name(name);
    return files_->read(prefix_ + std::string(name), max_bytes);
  }
  std::shared_ptr<MappedFile> map(std::string_view name) const override {
    check_file_name(name);
    return files_->map(prefix_ + std::string(name));
  }
  std::vector<std::string> list() const override {
    std::vector<std::string> names;
    for (std::string& name : files_->list()) {
      if (name.starts_with(prefix_)) names.push_back(name.substr(prefix_.size()));
    }
    return names;
  }
  std::string description() const override {
    return fmt::format("{}/{}", files_->description(), printable(prefix_.substr(0, prefix_.size() - 1)));
  }

 private:
  std::shared_ptr<FileSet> files_;
  std::string prefix_;
};

}  // namespace

std::shared_ptr<FileSet> sub_folder(std::shared_ptr<FileSet> files, std::string_view folder) {
  while (folder.ends_with('/')) folder.remove_suffix(1);
  if (folder.empty()) return files;
  check_file_name(folder);
  return std::make_shared<SubFolder>(std::move(files), folder);
}

std::optional<std::string> FileSet::read_if_present(std::string_view name, size_t max_bytes) const {
  if (!contains(name)) return std::nullopt;
  return read(name, max_bytes);
}

void check_file_name(std::string_view name) {
  if (const char* const reason = refusal_of(name)) {
    fail(ErrorCode::invalid_model, "the file name '{}' is refused: {}; expected a plain path below the model's folder",
         printable(name), reason);
  }
}

std::shared_ptr<FileSet> open_folder(const std::filesystem::path& root) {
  std::error_code error;
  const fs::path real = fs::canonical(root, error);
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) {
    fail(ErrorCode::not_found, "there is no folder {}", shown(root));
  }
  if (error) fail(ErrorCode::io_error, "cannot open the folder {}: {}", shown(root), error.message());
  if (!fs::is_directory(real, error)) fail(ErrorCode::io_error, "{} is not a folder", shown(root));
  return std::make_shared<Folder>(root, real);
}

}  // namespace accelerate
