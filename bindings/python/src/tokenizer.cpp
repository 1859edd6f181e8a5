#include "preprocess/text/tokenizer.h"

#include "base/error.h"
#include "casters.h"
#include "import/hf/hf_folder.h"
#include "import/open.h"
#include "preprocess/text/chat_template.h"

namespace accelerate::python {
namespace {

std::shared_ptr<const Tokenizer> load(const std::string& path) {
  const nb::gil_scoped_release release;
  const auto files = import::open_model_files(path);
  if (!files->contains("config.json")) return Tokenizer::load(*files);
  return Tokenizer::load(*import::HfFolder::open(files).files());
}

struct Batch {
  std::vector<std::string> first;
  std::vector<std::string> second;
};

std::vector<TextInput> texts_of(const Batch& batch) {
  if (!batch.second.empty() && batch.second.size() != batch.first.size())
    fail(ErrorCode::invalid_argument, "there are {} texts and {} second texts; give as many", batch.first.size(),
         batch.second.size());
  std::vector<TextInput> out;
  for (size_t i = 0; i < batch.first.size(); ++i) {
    out.push_back({batch.first[i], std::nullopt});
    if (!batch.second.empty()) out.back().second = batch.second[i];
  }
  return out;
}

std::vector<std::string> strings(nb::handle texts) {
  if (texts.is_none()) return {};
  if (PyUnicode_Check(texts.ptr())) return {nb::cast<std::string>(texts)};
  return nb::cast<std::vector<std::string>>(texts);
}

Tensor matrix(const std::vector<TokenEncoding>& rows, std::vector<int64_t> TokenEncoding::* field) {
  const auto width = static_cast<int64_t>(rows.empty() ? 0 : rows.front().size());
  Tensor out(DType::i64, {static_cast<int64_t>(rows.size()), width});
  for (size_t r = 0; r < rows.size(); ++r)
    std::copy((rows[r].*field).begin(), (rows[r].*field).end(), out.as<int64_t>() + static_cast<int64_t>(r) * width);
  return out;
}

nb::dict call(const Tokenizer& tokenizer, nb::handle texts, nb::handle pairs, bool padding, bool truncation,
              std::optional<size_t> max_length, bool add_special_tokens, const std::optional<std::string>& arrays) {
  const bool single = PyUnicode_Check(texts.ptr());
  const Batch batch{strings(texts), strings(pairs)};
  EncodeOptions options;
  options.add_special_tokens = add_special_tokens;
  options.truncation = truncation ? Truncation::longest_first : Truncation::none;
  options.max_length = max_length;
  std::vector<TokenEncoding> rows;
  {
    const nb::gil_scoped_release release;
    rows = tokenizer.encode_batch(texts_of(batch), options);
    if (padding) pad(rows, tokenizer.padding());
  }
  nb::dict out;
  for (const std::string& name : tokenizer.model_input_names()) {
    std::vector<int64_t> TokenEncoding::* field = name == "input_ids"        ? &TokenEncoding::ids
                                                  : name == "attention_mask" ? &TokenEncoding::attention_mask
                                                  : name == "token_type_ids" ? &TokenEncoding::token_type_ids
                                                                             : nullptr;
    if (field == nullptr) continue;
    if (arrays) {
      for (const TokenEncoding& row : rows)
        if (row.size() != rows.front().size())
          fail(ErrorCode::invalid_argument, "the texts have different numbers of tokens; use padding=True");
      nb::object tensor = nb::cast(matrix(rows, field));
      if (*arrays == "np")
        tensor = numpy_of(tensor);
      else if (*arrays == "pt")
        tensor = torch_of(tensor);
      else
        fail(ErrorCode::invalid_argument, "return_tensors is \"{}\"; expected \"np\" or \"pt\"", printable(*arrays));
      out[name.c_str()] = tensor;
    } else if (single) {
      out[name.c_str()] = rows.front().*field;
    } else {
      nb::list lists;
      for (const TokenEncoding& row : rows) lists.append(row.*field);
      out[name.c_str()] = lists;
    }
  }
  return out;
}

std::optional<int64_t> special(const Tokenizer& tokenizer, SpecialToken token) {
  return tokenizer.special_id(token);
}

}  // namespace

void bind_tokenizer(nb::module_& module) {
  nb::class_<Tokenizer>(
      module, "Tokenizer",
      "A Hugging Face tokenizer, read from tokenizer.json or a vocabulary. Immutable, for any number of "
      "threads.")
      .def_static("from_pretrained", load, nb::arg("path"),
                  "Errors: NotFoundError if no vocabulary is there, UnsupportedModelError, InvalidModelError.")
      .def(
          "__call__", call, nb::arg("text"), nb::arg("text_pair") = nb::none(), nb::arg("padding") = false,
          nb::arg("truncation") = false, nb::arg("max_length") = nb::none(), nb::arg("add_special_tokens") = true,
          nb::arg("return_tensors") = nb::none(),
          nb::sig("def __call__(self, text: str | list[str], text_pair: str | list[str] | None = None, padding: bool = "
                  "False, truncation: bool = False, max_length: int | None = None, add_special_tokens: bool = True, "
                  "return_tensors: str | None = None) -> dict[str, object]"),
          "Ids and masks under the names of the model's inputs, as transformers' tokenizers give them; return_tensors: "
          "\"np\" or \"pt\".")
      .def(
          "encode",
          [](const Tokenizer& t, std::string_view text, bool add_special_tokens) {
            EncodeOptions options;
            options.add_special_tokens = add_special_tokens;
            const nb::gil_scoped_release release;
            return t.encode(text, options).ids;
          },
          nb::arg("text"), nb::arg("add_special_tokens") = true)
      .def(
          "decode",
          [](const Tokenizer& t, const std::vector<int64_t>& ids, bool skip_special_tokens) {
            const nb::gil_scoped_release release;
            return t.decode(ids, {.skip_special_tokens = skip_special_tokens});
          },
          nb::arg("ids"), nb::arg("skip_special_tokens") = false)
      .def(
          "tokenize",
          [](const Tokenizer& t, std::string_view text) {
            std::vector<std::string> out;
            for (int64_t id : t.encode(text, {.add_special_tokens = false}).ids)
              out.push_back(t.id_to_token(id).value_or(""));
            return out;
          },
          nb::arg("text"))
      .def("token_to_id", &Tokenizer::token_to_id, nb::arg("token"))
      .def("id_to_token", &Tokenizer::id_to_token, nb::arg("id"))
      .def(
          "apply_chat_template",
          [](const Tokenizer& t, nb::handle messages, bool add_generation_prompt) {
            if (!t.chat_template()) fail(ErrorCode::unsupported_model, "the tokenizer has no chat template");
            ChatTemplateOptions options;
            options.add_generation_prompt = add_generation_prompt;
            for (const auto& [name, token] : t.special_tokens_map().items())
              options.variables.emplace_back(name, token.dump());
            return render_chat_template(*t.chat_template(), to_json(messages).dump(), options);
          },
          nb::arg("messages"), nb::arg("add_generation_prompt") = false,
          nb::sig(
              "def apply_chat_template(self, messages: list[dict[str, object]], add_generation_prompt: bool = False) "
              "-> str"),
          "The text of a conversation by the tokenizer's own template.")
      .def_prop_ro("vocab_size", &Tokenizer::vocab_size)
      .def("__len__", &Tokenizer::vocab_size)
      .def_prop_ro("model_max_length", &Tokenizer::model_max_length)
      .def_prop_ro("model_input_names", [](const Tokenizer& t) { return t.model_input_names(); })
      .def_prop_ro("pad_token_id", [](const Tokenizer& t) { return special(t, SpecialToken::pad); })
      .def_prop_ro("mask_token_id", [](const Tokenizer& t) { return special(t, SpecialToken::mask); })
      .def_prop_ro("bos_token_id", [](const Tokenizer& t) { return special(t, SpecialToken::bos); })
      .def_prop_ro("eos_token_id", [](const Tokenizer& t) { return special(t, SpecialToken::eos); })
      .def_prop_ro("mask_token", [](const Tokenizer& t) { return t.special_token(SpecialToken::mask); });
}

}  // namespace accelerate::python
