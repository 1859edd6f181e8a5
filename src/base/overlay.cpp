#include "base/overlay.h"

#include <algorithm>

namespace accelerate {
namespace {

class Overlay final : public FileSet {
 public:
  Overlay(std::shared_ptr<FileSet> over, std::shared_ptr<FileSet> under)
      : over_(std::move(over)), under_(std::move(under)) {}

  bool contains(std::string_view name) const override { return over_->contains(name) || under_->contains(name); }
  std::string read(std::string_view name, size_t max_bytes) const override { return of(name).read(name, max_bytes); }
  std::shared_ptr<MappedFile> map(std::string_view name) const override { return of(name).map(name); }
  std::vector<std::string> list() const override {
    std::vector<std::string> names = over_->list();
    const std::vector<std::string> more = under_->list();
    names.insert(names.end(), more.begin(), more.end());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }
  std::string description() const override { return under_->description(); }

 private:
  const FileSet& of(std::string_view name) const { return over_->contains(name) ? *over_ : *under_; }

  std::shared_ptr<FileSet> over_;
  std::shared_ptr<FileSet> under_;
};

}  // namespace

std::shared_ptr<FileSet> overlaid(std::shared_ptr<FileSet> over, std::shared_ptr<FileSet> under) {
  return std::make_shared<Overlay>(std::move(over), std::move(under));
}

}  // namespace accelerate
