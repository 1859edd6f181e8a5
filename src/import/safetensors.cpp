#include "import/safetensors.h"

#include <cstring>

#include "base/error.h"
#include "base/json.h"

namespace accelerate::import {
namespace {

constexpr size_t kMaxIndexBytes = size_t{128} << 20;
constexpr size_t kMaxShards = 10'000;

size_t alignment_of(DType dtype) {
  return dtype == DType::c64 ? alignof(float) : size_of(dtype);
}

std::string folder_of(std::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(name.substr(0, slash + 1));
}

}  // namespace

void SafetensorsSource::add_file(std::shared_ptr<MappedFile> file, const std::map<std::string, size_t>& wanted_file) {
  const size_t index = files_.size();
  SafetensorsHeader header;
  try {
    header = parse_safetensors(file->bytes(), file->path().native());
  } catch (const Error&) {
    file->check();  // a file that shrinks while it is read is no malformed file
    throw;
  }
  file->check();
  for (SafetensorsEntry& entry : header.tensors) {
    const auto wanted = wanted_file.find(entry.name);
    if (wanted != wanted_file.end() && wanted->second != index) continue;
    const auto [place, is_new] = tensors_.try_emplace(entry.name);
    if (!is_new) {
      fail(ErrorCode::invalid_weights, "tensor '{}' is both in {} and in {}, and the index lists it for neither",
           printable(entry.name), printable(files_[place->second.file]->path().native()),
           printable(file->path().native()));
    }
    place->second = {index, std::move(entry)};
  }
  metadata_.merge(header.metadata);
  files_.push_back(std::move(file));
}

std::shared_ptr<SafetensorsSource> SafetensorsSource::open(const FileSet& files, std::string_view name) {
  auto source = std::make_shared<SafetensorsSource>();
  source->add_file(files.map(name), {});
  return source;
}

std::shared_ptr<SafetensorsSource> SafetensorsSource::open_sharded(const FileSet& files, std::string_view index_name) {
  const Json index = parse_json(files.read(index_name, kMaxIndexBytes), index_name);
  const auto bad_index = [&](const std::string& reason) {
    fail(ErrorCode::invalid_weights, "{}: {}", printable(index_name), reason);
  };
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object() ||
      index["weight_map"].empty()) {
    bad_index("expected an object 'weight_map' from tensor names to file names");
  }
  std::map<std::string, size_t> shards;  // file name -> index into source->files_
  for (const auto& [tensor, shard] : index["weight_map"].items()) {
    if (!shard.is_string()) bad_index(fmt::format("the file of tensor '{}' is no string", printable(tensor)));
    const auto& name = shard.get_ref<const std::string&>();
    if (!name.ends_with(".safetensors")) {
      bad_index(fmt::format("the file of tensor '{}' is '{}'; expected a name that ends with .safetensors",
                            printable(tensor), printable(name)));
    }
    shards.emplace(name, 0);
  }
  if (shards.size() > kMaxShards) {
    bad_index(fmt::format("it lists {} files; expected at most {}", shards.size(), kMaxShards));
  }
  const std::string folder = folder_of(index_name);
  std::string missing;
  size_t position = 0;
  for (auto& [name, file] : shards) {
    file = position++;
    check_file_name(folder + name);
    if (!files.contains(folder + name)) missing += fmt::format(" '{}'", printable(name));
  }
  if (!missing.empty()) {
    bad_index(fmt::format("these shards are missing in {}:{}; fetch them", files.description(), missing));
  }
  std::map<std::string, size_t> wanted_file;
  for (const auto& [tensor, shard] : index["weight_map"].items()) {
    wanted_file[tensor] = shards.at(shard.get_ref<const std::string&>());
  }
  auto source = std::make_shared<SafetensorsSource>();
  for (const auto& [name, file] : shards) source->add_file(files.map(folder + name), wanted_file);
  for (const auto& [tensor, shard] : index["weight_map"].items()) {
    if (!source->tensors_.contains(tensor)) {
      bad_index(fmt::format("tensor '{}' is not in '{}', where the index places it", printable(tensor),
                            printable(shard.get_ref<const std::string&>())));
    }
  }
  return source;
}

std::vector<std::string> SafetensorsSource::names() const {
  std::vector<std::string> names;
  names.reserve(tensors_.size());
  for (const auto& [name, place] : tensors_) names.push_back(name);
  return names;
}

std::optional<WeightInfo> SafetensorsSource::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) return std::nullopt;
  const SafetensorsEntry& entry = found->second.entry;
  return WeightInfo{entry.dtype, entry.shape, {}, entry.size_bytes};
}

const SafetensorsSource::Place& SafetensorsSource::place_of(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) fail(ErrorCode::invalid_weights, "there is no weight '{}'", printable(name));
  return found->second;
}

Tensor SafetensorsSource::read(std::string_view name) const {
  const Place& place = place_of(name);
  const SafetensorsEntry& entry = place.entry;
  const std::shared_ptr<MappedFile>& file = files_[place.file];
  if (entry.size_bytes == 0) return Tensor::zeros(entry.dtype, entry.shape);
  const std::byte* const data = file->bytes().data() + entry.begin;
  if (reinterpret_cast<uintptr_t>(data) % alignment_of(entry.dtype) == 0) {
    return Tensor::borrow(entry.dtype, entry.shape, const_cast<std::byte*>(data), file);
  }
  Tensor copy(entry.dtype, entry.shape);
  std::memcpy(copy.data(), data, entry.size_bytes);
  file->check();
  return copy;
}

void SafetensorsSource::release(std::string_view name, size_t offset_bytes, size_t size_bytes) const {
  const Place& place = place_of(name);
  if (offset_bytes >= place.entry.size_bytes) return;
  files_[place.file]->release_pages(place.entry.begin + offset_bytes,
                                    std::min(size_bytes, place.entry.size_bytes - offset_bytes));
}

void SafetensorsSource::check() const {
  for (const auto& file : files_) file->check();
}

std::map<std::string, Tensor> read_safetensors(const FileSet& files, std::string_view name) {
  auto source = SafetensorsSource::open(files, name);
  std::map<std::string, Tensor> out;
  for (const std::string& tensor : source->names()) out.emplace(tensor, source->read(tensor).clone());
  source->check();
  return out;
}

}  // namespace accelerate::import
