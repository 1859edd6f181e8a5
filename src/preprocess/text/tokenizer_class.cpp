#include "preprocess/text/tokenizer_class.h"

#include <algorithm>
#include <utility>

namespace accelerate {
namespace {

using Names = std::vector<std::string_view>;

const std::vector<TokenizerClass>& classes() {
  static const Names kWithTypes = {"input_ids", "token_type_ids", "attention_mask"};
  static const Names kPlain = {"input_ids", "attention_mask"};
  // special_tokens: bos, eos, unk, sep, pad, cls, mask
  static const std::vector<TokenizerClass> kClasses = {
      {"BertTokenizer", TokenizerKind::bert, {"", "", "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"}, kWithTypes},
      {"DistilBertTokenizer", TokenizerKind::bert, {"", "", "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"}, kPlain},
      {"MPNetTokenizer",
       TokenizerKind::mpnet,
       {"<s>", "</s>", "[UNK]", "</s>", "<pad>", "<s>", "<mask>"},
       kPlain,
       Side::right,
       true},
      {"RobertaTokenizer", TokenizerKind::roberta, {"<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", "<mask>"}, kPlain},
      {"GPT2Tokenizer",
       TokenizerKind::gpt2,
       {"<|endoftext|>", "<|endoftext|>", "<|endoftext|>", "", "", "", ""},
       kPlain,
       Side::right,
       false,
       true},
      {"CLIPTokenizer",
       TokenizerKind::clip,
       {"<|startoftext|>", "<|endoftext|>", "<|endoftext|>", "", "<|endoftext|>", "", ""},
       kPlain},
      {"DebertaTokenizer",
       TokenizerKind::deberta,
       {"[CLS]", "[SEP]", "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"},
       {"input_ids", "attention_mask", "token_type_ids"}},
      {"XLMRobertaTokenizer",
       TokenizerKind::xlm_roberta,
       {"<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", "<mask>"},
       kPlain},
      {"CamembertTokenizer",
       TokenizerKind::camembert,
       {"<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", "<mask>"},
       kPlain,
       Side::right,
       true},
      {"AlbertTokenizer",
       TokenizerKind::albert,
       {"[CLS]", "[SEP]", "<unk>", "[SEP]", "<pad>", "[CLS]", "[MASK]"},
       kPlain,
       Side::right,
       false,
       true},
      {"DebertaV2Tokenizer",
       TokenizerKind::deberta_v2,
       {"[CLS]", "[SEP]", "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"},
       {"input_ids", "attention_mask", "token_type_ids"}},
      {"T5Tokenizer", TokenizerKind::t5, {"", "</s>", "<unk>", "", "<pad>", "", ""}, kPlain},
      {"LlamaTokenizer",
       TokenizerKind::llama,
       {"<s>", "</s>", "<unk>", "", "", "", ""},
       kPlain,
       Side::left,
       false,
       true},
      {"GemmaTokenizer",
       TokenizerKind::gemma,
       {"<bos>", "<eos>", "<unk>", "", "<pad>", "", "<mask>"},
       kPlain,
       Side::left,
       false,
       true},
  };
  return kClasses;
}

struct Alias {
  std::string_view name;
  std::string_view class_name;
};

constexpr Alias kOtherNames[] = {
    {"ElectraTokenizer", "BertTokenizer"},
    {"MobileBertTokenizer", "BertTokenizer"},
    {"ConvBertTokenizer", "BertTokenizer"},
    {"SqueezeBertTokenizer", "BertTokenizer"},
    {"LxmertTokenizer", "BertTokenizer"},
    {"RetriBertTokenizer", "BertTokenizer"},
    {"LayoutLMTokenizer", "BertTokenizer"},
    {"DPRQuestionEncoderTokenizer", "BertTokenizer"},
    {"DPRContextEncoderTokenizer", "BertTokenizer"},
    {"DPRReaderTokenizer", "BertTokenizer"},
    {"BartTokenizer", "RobertaTokenizer"},
    {"LongformerTokenizer", "RobertaTokenizer"},
    {"LEDTokenizer", "RobertaTokenizer"},
    {"MT5Tokenizer", "T5Tokenizer"},
};

constexpr Alias kModelTypes[] = {
    {"bert", "BertTokenizer"},
    {"electra", "BertTokenizer"},
    {"distilbert", "BertTokenizer"},
    {"mobilebert", "BertTokenizer"},
    {"convbert", "BertTokenizer"},
    {"squeezebert", "BertTokenizer"},
    {"layoutlm", "BertTokenizer"},
    {"lxmert", "BertTokenizer"},
    {"megatron-bert", "BertTokenizer"},
    {"nezha", "BertTokenizer"},
    {"nomic_bert", "BertTokenizer"},
    {"ernie", "BertTokenizer"},
    {"dpr", "BertTokenizer"},
    {"blip", "BertTokenizer"},
    {"visual_bert", "BertTokenizer"},
    {"chinese_clip", "BertTokenizer"},
    {"mpnet", "MPNetTokenizer"},
    {"roberta", "RobertaTokenizer"},
    {"roberta-prelayernorm", "RobertaTokenizer"},
    {"bart", "RobertaTokenizer"},
    {"longformer", "RobertaTokenizer"},
    {"led", "RobertaTokenizer"},
    {"data2vec-text", "RobertaTokenizer"},
    {"ibert", "RobertaTokenizer"},
    {"gpt2", "GPT2Tokenizer"},
    {"gpt_neo", "GPT2Tokenizer"},
    {"gptj", "GPT2Tokenizer"},
    {"opt", "GPT2Tokenizer"},
    {"codegen", "GPT2Tokenizer"},
    {"starcoder2", "GPT2Tokenizer"},
    {"clip", "CLIPTokenizer"},
    {"clipseg", "CLIPTokenizer"},
    {"owlvit", "CLIPTokenizer"},
    {"owlv2", "CLIPTokenizer"},
    {"groupvit", "CLIPTokenizer"},
    {"deberta", "DebertaTokenizer"},
    {"xlm-roberta", "XLMRobertaTokenizer"},
    {"xlm-roberta-xl", "XLMRobertaTokenizer"},
    {"camembert", "CamembertTokenizer"},
    {"albert", "AlbertTokenizer"},
    {"deberta-v2", "DebertaV2Tokenizer"},
    {"t5", "T5Tokenizer"},
    {"mt5", "T5Tokenizer"},
    {"switch_transformers", "T5Tokenizer"},
    {"llama", "LlamaTokenizer"},
    {"mistral", "LlamaTokenizer"},
    {"mixtral", "LlamaTokenizer"},
    {"gemma", "GemmaTokenizer"},
    {"gemma2", "GemmaTokenizer"},
    {"gemma3", "GemmaTokenizer"},
    {"gemma3_text", "GemmaTokenizer"},
};

const TokenizerClass* by_exact_name(std::string_view name) {
  const auto& all = classes();
  const auto found = std::find_if(all.begin(), all.end(), [&](const TokenizerClass& c) { return c.name == name; });
  return found == all.end() ? nullptr : &*found;
}

template <size_t N>
const TokenizerClass* by_alias(const Alias (&aliases)[N], std::string_view name) {
  for (const Alias& alias : aliases) {
    if (alias.name == name) return by_exact_name(alias.class_name);
  }
  return nullptr;
}

}  // namespace

std::string_view config_key_of(SpecialToken token) {
  constexpr std::array<std::string_view, kNumSpecialTokens> kKeys = {"bos_token", "eos_token", "unk_token", "sep_token",
                                                                     "pad_token", "cls_token", "mask_token"};
  return kKeys[static_cast<size_t>(token)];
}

const TokenizerClass* find_tokenizer_class(std::string_view name) {
  if (name.ends_with("Fast")) name.remove_suffix(4);
  const TokenizerClass* found = by_exact_name(name);
  return found != nullptr ? found : by_alias(kOtherNames, name);
}

const TokenizerClass* tokenizer_class_of_model(std::string_view model_type) {
  return by_alias(kModelTypes, model_type);
}

std::string known_tokenizer_classes() {
  std::string names;
  for (const TokenizerClass& c : classes()) {
    if (!names.empty()) names += ", ";
    names += c.name;
  }
  return names;
}

}  // namespace accelerate
