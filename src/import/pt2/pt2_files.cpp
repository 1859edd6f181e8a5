#include "import/pt2/pt2_files.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "import/pt2/archive.h"

namespace accelerate::import {
namespace {

constexpr std::string_view kArchive = "model.pt2";
constexpr std::string_view kConfig = "config.json";

}  // namespace

Pt2Files::Pt2Files(const std::filesystem::path& file)
    : file_(file),
      archive_(MappedFile::open(file)),
      folder_(open_folder(file.has_parent_path() ? file.parent_path() : ".")) {
  if (folder_->contains(kConfig)) return;
  const auto facts = pt2::read_facts(archive_);
  Json config = Json::object();
  if (facts && !facts->architecture.empty()) config["architectures"] = {facts->architecture};
  if (facts && !facts->model_type.empty()) config["model_type"] = facts->model_type;
  config_ = config.dump();
}

bool Pt2Files::contains(std::string_view name) const {
  return name == kArchive || (name == kConfig && !config_.empty()) || folder_->contains(name);
}

std::string Pt2Files::read(std::string_view name, size_t max_bytes) const {
  if (name == kConfig && !config_.empty()) return config_;
  if (name == kArchive) {
    if (archive_->bytes().size() > max_bytes)
      fail(ErrorCode::invalid_model, "{} has {} bytes; expected at most {}", description(), archive_->bytes().size(),
           max_bytes);
    std::string out(archive_->text());
    archive_->check();
    return out;
  }
  return folder_->read(name, max_bytes);
}

std::shared_ptr<MappedFile> Pt2Files::map(std::string_view name) const {
  return name == kArchive ? archive_ : folder_->map(name);
}

std::vector<std::string> Pt2Files::list() const {
  // Where nothing says that the folder is a model's, its other files are none of ours.
  std::vector<std::string> names;
  if (config_.empty()) {
    names = folder_->list();
  } else {
    for (const std::string_view name : {kConfig, std::string_view("model.safetensors")})
      if (contains(name)) names.emplace_back(name);
  }
  if (std::find(names.begin(), names.end(), kArchive) == names.end()) names.emplace_back(kArchive);
  std::sort(names.begin(), names.end());
  return names;
}

std::string Pt2Files::description() const {
  return printable(file_.native(), 400);
}

}  // namespace accelerate::import
