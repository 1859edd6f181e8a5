#include "import/pt2/archive.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/json.h"

namespace accelerate::import::pt2 {
namespace {

constexpr uint64_t kMaxProgramBytes = uint64_t{1} << 30;
constexpr uint64_t kMaxConfigBytes = uint64_t{256} << 20;
constexpr uint64_t kMaxSmallBytes = 4096;
constexpr std::string_view kModels = "models/";

/// The name of the folder that holds everything: what stands before "models/NAME.json".
struct Layout {
  std::string root;
  std::string model;
};

Layout find_layout(const ZipArchive& archive) {
  std::vector<Layout> found;
  for (const ZipEntry& entry : archive.entries()) {
    if (!entry.name.ends_with(".json")) continue;
    size_t at = entry.name.starts_with(kModels) ? 0 : entry.name.find('/');
    if (at == std::string::npos) continue;
    if (at != 0) ++at;
    const std::string_view rest = std::string_view(entry.name).substr(at);
    if (!rest.starts_with(kModels) || rest.find('/', kModels.size()) != std::string_view::npos) continue;
    found.push_back(
        {entry.name.substr(0, at), std::string(rest.substr(kModels.size(), rest.size() - kModels.size() - 5))});
  }
  if (found.empty())
    fail(ErrorCode::invalid_model, "{} is a zip archive without models/*.json; expected a torch.export program (.pt2)",
         archive.description());
  if (found.size() > 1)
    fail(ErrorCode::unsupported_format, "{} holds {} models; expected one", archive.description(), found.size());
  return found[0];
}

/// Strings of a list, or an empty one if the key is absent.
std::vector<std::string> strings_of(const Json& facts, const char* key, const std::string& what) {
  std::vector<std::string> out;
  if (!facts.contains(key)) return out;
  const auto bad = [&] { fail(ErrorCode::invalid_model, "{}: '{}' is no list of strings", what, key); };
  if (!facts[key].is_array()) bad();
  for (const Json& entry : facts[key]) {
    if (!entry.is_string()) bad();
    out.push_back(entry.get<std::string>());
  }
  return out;
}

CaptureFacts parse_facts(const std::string& text, const std::string& what) {
  const Json facts = parse_json(text, what);
  if (!facts.is_object()) fail(ErrorCode::invalid_model, "{} is no JSON object", what);
  const int64_t schema = json_int(facts, "schema", 1, 0, int64_t{1} << 31);
  if (schema != 1)
    fail(ErrorCode::unsupported_format, "{} has the schema {}; expected 1: it comes from a newer capture", what,
         schema);
  CaptureFacts out;
  out.architecture = json_string(facts, "class", "");
  out.model_type = json_string(facts, "model_type", "");
  out.transformers_version = json_string(facts, "transformers_version", "");
  out.form = json_string(facts, "attention", "plain") == "operator" ? "attention" : "plain";
  out.inputs = strings_of(facts, "inputs", what);
  out.outputs = strings_of(facts, "outputs", what);
  if (facts.contains("weights")) {
    if (!facts["weights"].is_object()) fail(ErrorCode::invalid_model, "{}: 'weights' is no object", what);
    for (const auto& [name, value] : facts["weights"].items()) out.weights.emplace(name, parse_recipe(value, what));
  }
  return out;
}

std::optional<CaptureFacts> facts_of(const ZipArchive& zip, const Layout& layout) {
  const std::string name = layout.root + "extra/ipfs_accelerate.json";
  if (zip.find(name) == nullptr) return std::nullopt;
  return parse_facts(zip.read(name, kMaxConfigBytes), fmt::format("{}:{}", zip.description(), name));
}

int64_t fixed(const SymInt& size, const std::string& name) {
  if (!size.expression.empty() || size.number < 0)
    fail(ErrorCode::invalid_model, "the stored tensor '{}' has an extent or stride that is no number of 0 or more",
         printable(name));
  return size.number;
}

}  // namespace

ArchiveTensors::ArchiveTensors(std::shared_ptr<const ZipArchive> archive, const std::string& folder,
                               const std::map<std::string, Payload>& payloads)
    : archive_(std::move(archive)) {
  for (const auto& [name, payload] : payloads) {
    const auto bad = [&](const std::string& why) {
      fail(ErrorCode::invalid_model, "{}: the stored tensor '{}' {}", archive_->description(), printable(name), why);
    };
    if (payload.is_pickle || !payload.meta) continue;  // never read
    const TensorMeta& meta = *payload.meta;
    const ZipEntry* entry = archive_->find(folder + payload.path);
    Place place;
    place.info.dtype = dtype_of(meta.scalar_type);
    if (meta.strides.size() != meta.sizes.size()) bad("has another number of strides than of extents");
    uint64_t last = 0;  // offset of its last element
    uint64_t count = 1;
    for (size_t i = 0; i < meta.sizes.size(); ++i) {
      const auto size = static_cast<uint64_t>(fixed(meta.sizes[i], name));
      const auto stride = static_cast<uint64_t>(fixed(meta.strides[i], name));
      uint64_t span = 0;
      if (__builtin_mul_overflow(count, size, &count) || count > (uint64_t{1} << 60) ||
          (size > 0 && (__builtin_mul_overflow(size - 1, stride, &span) || __builtin_add_overflow(last, span, &last))))
        bad("is too large");
      place.info.shape.push_back(static_cast<int64_t>(size));
      place.strides.push_back(static_cast<int64_t>(stride));
    }
    const uint64_t element = size_of(place.info.dtype) * (is_complex_code(meta.scalar_type) ? 2 : 1);
    if (is_complex_code(meta.scalar_type)) {
      if (meta.scalar_type != 10) bad("is complex, of a kind other than complex64");
      for (int64_t& stride : place.strides) stride *= 2;
      place.info.shape.push_back(2);
      place.strides.push_back(1);
    }
    const auto offset = static_cast<uint64_t>(fixed(meta.storage_offset, name));
    if (entry == nullptr || (entry->size_bytes == 0 && count > 0)) continue;  // left out
    uint64_t end = 0;
    if (__builtin_add_overflow(last, offset, &end) || __builtin_add_overflow(end, 1, &end) ||
        __builtin_mul_overflow(end, element, &end))
      bad("is too large");
    if (count > 0 && end > entry->size_bytes)
      bad(fmt::format("needs {} bytes; its entry has {}", end, entry->size_bytes));
    if (entry->is_deflated) bad("is compressed; expected tensors to be stored as they are");
    place.begin = entry->offset + (count > 0 ? offset * element : 0);
    int64_t expected = 1;
    bool contiguous = true;
    for (size_t i = place.info.shape.size(); i-- > 0;) {
      contiguous = contiguous && (place.info.shape[i] == 1 || place.strides[i] == expected);
      expected *= place.info.shape[i];
    }
    if (contiguous || count == 0) place.strides.clear();
    if (!contiguous && count > entry->size_bytes)
      bad("is larger than what is stored of it");  // expanded by strides of 0
    place.info.size_bytes = static_cast<size_t>(expected) * size_of(place.info.dtype);
    tensors_.emplace(name, std::move(place));
  }
}

const ArchiveTensors::Place& ArchiveTensors::place_of(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end())
    fail(ErrorCode::invalid_weights, "{} holds no tensor '{}'", archive_->description(), printable(name));
  return found->second;
}

std::vector<std::string> ArchiveTensors::names() const {
  std::vector<std::string> out;
  for (const auto& [name, place] : tensors_) out.push_back(name);
  return out;
}

std::optional<WeightInfo> ArchiveTensors::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) return std::nullopt;
  return found->second.info;
}

Tensor ArchiveTensors::read(std::string_view name) const {
  const Place& place = place_of(name);
  const auto* data = archive_->file()->bytes().data() + place.begin;
  const size_t element = size_of(place.info.dtype);
  if (place.strides.empty() && reinterpret_cast<uintptr_t>(data) % element == 0) {
    return Tensor::borrow(place.info.dtype, place.info.shape, const_cast<std::byte*>(data), archive_->file());
  }
  Tensor out(place.info.dtype, place.info.shape);
  if (place.strides.empty()) {
    if (out.size_bytes() != 0) std::memcpy(out.data(), data, out.size_bytes());
    return out;
  }
  auto* to = static_cast<std::byte*>(out.data());
  std::vector<int64_t> index(place.info.shape.size(), 0);
  int64_t from = 0;
  for (int64_t i = 0, n = out.num_elements(); i < n; ++i) {
    std::memcpy(to + static_cast<size_t>(i) * element, data + static_cast<size_t>(from) * element, element);
    for (size_t axis = index.size(); axis-- > 0;) {
      from += place.strides[axis];
      if (++index[axis] < place.info.shape[axis]) break;
      from -= place.strides[axis] * place.info.shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

void ArchiveTensors::release(std::string_view name, size_t offset_bytes, size_t size_bytes) const {
  const Place& place = place_of(name);
  if (!place.strides.empty() || offset_bytes > place.info.size_bytes) return;
  archive_->file()->release_pages(place.begin + offset_bytes,
                                  std::min(size_bytes, place.info.size_bytes - offset_bytes));
}

Archive read_archive(std::shared_ptr<MappedFile> file) {
  const auto zip = std::make_shared<const ZipArchive>(std::move(file));
  Archive out;
  out.description = zip->description();
  const Layout layout = find_layout(*zip);
  const auto name = [&](std::string_view rest) { return layout.root + std::string(rest); };
  const auto shown = [&](std::string_view rest) { return fmt::format("{}:{}", out.description, name(rest)); };
  if (zip->find(name("byteorder")) != nullptr) {
    const std::string order = zip->read(name("byteorder"), kMaxSmallBytes);
    if (!order.starts_with("little"))
      fail(ErrorCode::unsupported_format, "{} holds numbers of the byte order '{}'; expected little", out.description,
           printable(order));
  }
  const std::string program = fmt::format("models/{}.json", layout.model);
  out.program = parse_exported_program(zip->read(name(program), kMaxProgramBytes), shown(program));
  const auto tensors = [&](std::string_view folder, std::string_view kind) {
    std::map<std::string, Payload> payloads;
    const std::string config = fmt::format("data/{}/{}_{}_config.json", folder, layout.model, kind);
    if (zip->find(name(config)) != nullptr)
      payloads = parse_payloads(zip->read(name(config), kMaxConfigBytes), shown(config));
    return std::make_shared<const ArchiveTensors>(zip, name(fmt::format("data/{}/", folder)), payloads);
  };
  out.weights = tensors("weights", "weights");
  out.constants = tensors("constants", "constants");
  out.facts = facts_of(*zip, layout);
  return out;
}

std::optional<CaptureFacts> read_facts(std::shared_ptr<MappedFile> file) {
  const ZipArchive zip(std::move(file));
  return facts_of(zip, find_layout(zip));
}

}  // namespace accelerate::import::pt2
