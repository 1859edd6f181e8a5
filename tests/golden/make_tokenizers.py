"""Writes the small tokenizer folders and the expected results of tests/unit/preprocess_text_*_test.cpp.

Each folder has the vocabulary files of one tokenizer class, trained on the texts below; expected.json beside
them holds what transformers' AutoTokenizer makes of those texts. Needs transformers, tokenizers and sentencepiece.

    python tests/golden/make_tokenizers.py [--minilm FOLDER]
"""

import argparse
import json
import os
import random
import shutil
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import sentencepiece
import tokenizers
from tokenizers import models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer

DATA = Path(__file__).parent / "data" / "tokenizers"

SCRIPTS = [
    "", "a", " ", "  two  spaces ", "Hello, world!", "The quick brown fox jumps over the lazy dog.",
    "It's John's; they're we'll I'd didn't.", "naïve café résumé ÀÉÎÕÜ ñ ß Ø", "Ünïcödé", "北京是中国的首都。",
    "東京は日本の首都です。", "カタカナ ひらがな", "서울은 대한민국의 수도", "Привет, мир! Как дела?",
    "Ελληνικά αλφάβητο", "مرحبا بالعالم", "שלום עולם", "नमस्ते दुनिया", "สวัสดีชาวโลก", "Xin chào thế giới",
    "ગુજરાતી", "தமிழ் மொழி", "ქართული ენა", "Հայերեն", "አማርኛ", "🎉🎊 emoji 👩‍👩‍👧‍👦 🇩🇪 ❤️",
    "tab\tnew\nline\r\nmix", "a\u00a0nbsp\u2003em\u3000ideo", "zero\u200bwidth\u200d\ufeffbom",
    "control\x01\x07chars\x7f", "e\u0301 combining A\u030a", "ﬁ ligature ﬀ ＡＢＣ fullwidth ①②",
    "İstanbul ı I i", "12345 3.14159 1,000,000 ½ ²", "http://example.com/path?q=1&b=2#x", "user@mail.example.org",
    "[CLS] literal [SEP] <s> </s> <mask> [MASK] <pad> <unk> <|endoftext|>", " <mask> leading", "x" * 150,
    "aaaa " * 30, "C++ && || -> == != <= >=", "def f(x):\n    return x**2\n",
    "``quoted'' \"text\" 'single' — dash… ellipsis", "\u0308\u0300 only combining", "𝒜𝓁𝓅𝒽𝒶 𐍈 𠜎𠜱",
    "Straße GROSS straße ẞ", "ÅÄÖ åäö Æ œ", "ǅ ǆ Ĳ", "a.b.c...d", "U.S.A. e.g. i.e.", "#hashtag @mention",
    "$100 €50 £20 ¥1000", "100% ≠ 99‰ ∑∏∫", "▁under▁ ▁", "end with space ", "\n\n\n", "....",
    "中文English混合text123", "ﷺ ﷽", "\u202eRTL override\u202c",
]
WORDS = (
    "time year people way day man thing woman life child world school state family student group country problem hand "
    "part place case week company system program question work government number night point home water room mother "
    "area money story fact month lot right study book eye job word business issue side kind head house service friend "
    "father power hour game line end member law car city community name president team minute idea kid body "
    "information back parent face others level office door health person art war history party result change morning"
).split()
MAX_LENGTH = 12
STRIDE = 3


def make_texts(count, seed):
    pick = random.Random(seed)
    texts = list(SCRIPTS)
    while len(texts) < count:
        parts = []
        for _ in range(pick.choice([3, 8, 20, 40])):
            kind = pick.random()
            if kind < 0.7:
                parts.append(pick.choice(WORDS))
            elif kind < 0.85:
                parts.append(pick.choice(SCRIPTS)[:40])
            elif kind < 0.95:
                parts.append(pick.choice(WORDS).upper() + pick.choice(",.;:!?-"))
            else:
                ranges = [(0x20, 0x7F), (0xA0, 0x250), (0x400, 0x500), (0x4E00, 0x5000), (0x3040, 0x30FF)]
                parts.append("".join(chr(pick.randrange(*pick.choice(ranges))) for _ in range(6)))
        texts.append(pick.choice([" ", "  ", "\n", " "]).join(parts))
    return texts[:count]


def corpus():
    pick = random.Random(3)
    lines = [" ".join(pick.choice(WORDS) for _ in range(12)) for _ in range(300)]
    return lines + [text for text in SCRIPTS if "\n" not in text and text.strip()] * 3


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def word_piece(folder, special, lowercase=True, strip_accents=None):
    tokenizer = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=strip_accents)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(
        corpus(), trainers.WordPieceTrainer(vocab_size=700, special_tokens=special, show_progress=False)
    )
    vocab = tokenizer.get_vocab()
    (folder / "vocab.txt").write_text("".join(t + "\n" for t in sorted(vocab, key=vocab.get)), encoding="utf-8")


def byte_pairs(folder, special, clip=False):
    suffix = {"end_of_word_suffix": "</w>"} if clip else {}
    tokenizer = tokenizers.Tokenizer(models.BPE(**suffix))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if clip:
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    trainer = trainers.BpeTrainer(
        vocab_size=800,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        **suffix,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    write_json(folder / "vocab.json", model["vocab"])
    merges = "".join(" ".join(m) + "\n" for m in model["merges"])
    (folder / "merges.txt").write_text("#version: 0.2\n" + merges, encoding="utf-8")


# A small normalisation table: source and target code points in hexadecimal.
RULES = "FF21\t41\nFF22\t42\nFF23\t43\nFB01\t66 69\nA0\t20\n3000\t20\n2003\t20\n9\t20\nA\t20\nD\t20\n2460\t31\nBD\t31 2F 32\n"


def sentence_pieces(folder, name, rules=False, **options):
    with tempfile.TemporaryDirectory() as work:
        text = Path(work) / "corpus.txt"
        text.write_text("\n".join(corpus()) + "\n", encoding="utf-8")
        table = Path(work) / "rules.tsv"
        table.write_text(RULES, encoding="utf-8")
        normalization = {"normalization_rule_tsv": str(table)} if rules else {"normalization_rule_name": "identity"}
        arguments = dict(vocab_size=500, model_type="unigram", character_coverage=0.98, hard_vocab_limit=False,
                         num_threads=1) | options
        sentencepiece.SentencePieceTrainer.train(
            input=str(text), model_prefix=work + "/m", minloglevel=2, **normalization, **arguments
        )
        shutil.copy(work + "/m.model", folder / name)


BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def bert_uncased(folder):
    word_piece(folder, BERT_SPECIAL)
    return {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512}


def electra_cased(folder):
    word_piece(folder, BERT_SPECIAL, lowercase=False)
    write_json(folder / "added_tokens.json", {"newword": 700, "[EXTRA]": 701})
    write_json(folder / "special_tokens_map.json", {
        "mask_token": {"content": "[MASK]", "lstrip": True, "rstrip": False, "single_word": False, "normalized": False},
        "additional_special_tokens": ["[EXTRA]"],
    })
    write_json(folder / "config.json", {"model_type": "electra"})
    return {"do_lower_case": False, "tokenize_chinese_chars": False, "strip_accents": False}


def distilbert(folder):
    word_piece(folder, BERT_SPECIAL)
    return {"tokenizer_class": "DistilBertTokenizer", "do_lower_case": True, "strip_accents": False}


def mpnet(folder):
    word_piece(folder, ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"])
    return {"tokenizer_class": "MPNetTokenizer", "do_lower_case": True}


def roberta(folder):
    byte_pairs(folder, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    write_json(folder / "special_tokens_map.json", {
        "mask_token": {"content": "<mask>", "lstrip": True, "rstrip": False, "single_word": False, "normalized": False}
    })
    return {"tokenizer_class": "RobertaTokenizer"}


def roberta_prefix_space(folder):
    byte_pairs(folder, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    return {"tokenizer_class": "RobertaTokenizerFast", "add_prefix_space": True, "trim_offsets": True}


def gpt2(folder):
    byte_pairs(folder, ["<|endoftext|>"])
    write_json(folder / "config.json", {"model_type": "gpt2"})
    return None


def gpt2_bos(folder):
    byte_pairs(folder, ["<|endoftext|>"])
    return {"tokenizer_class": "GPT2Tokenizer", "add_bos_token": True, "pad_token": "<|endoftext|>",
            "padding_side": "left", "truncation_side": "left"}


def clip(folder):
    byte_pairs(folder, ["<|startoftext|>", "<|endoftext|>"], clip=True)
    return {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77}


def deberta(folder):
    byte_pairs(folder, ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"])
    return {"tokenizer_class": "DebertaTokenizer"}


def xlm_roberta(folder):
    sentence_pieces(folder, "sentencepiece.bpe.model", rules=True)
    return {"tokenizer_class": "XLMRobertaTokenizer"}


def camembert(folder):
    sentence_pieces(folder, "sentencepiece.bpe.model", rules=True)
    return {"tokenizer_class": "CamembertTokenizer"}


def albert(folder):
    sentence_pieces(folder, "spiece.model", rules=True, pad_id=0, unk_id=1, bos_id=2, eos_id=3, pad_piece="<pad>",
                    bos_piece="[CLS]", eos_piece="[SEP]", control_symbols=["[MASK]"])
    return {"tokenizer_class": "AlbertTokenizer"}


def albert_cased(folder):
    sentence_pieces(folder, "spiece.model", pad_id=0, unk_id=1, bos_id=2, eos_id=3, pad_piece="<pad>",
                    bos_piece="[CLS]", eos_piece="[SEP]", control_symbols=["[MASK]"])
    return {"tokenizer_class": "AlbertTokenizer", "do_lower_case": False, "keep_accents": True}


def deberta_v2(folder):
    sentence_pieces(folder, "spm.model", rules=True, pad_id=0, bos_id=1, eos_id=2, unk_id=3, pad_piece="[PAD]",
                    bos_piece="[CLS]", eos_piece="[SEP]", unk_piece="[UNK]")
    write_json(folder / "added_tokens.json", {"[MASK]": 500})
    return {"tokenizer_class": "DebertaV2Tokenizer", "do_lower_case": False, "split_by_punct": True}


def t5(folder):
    sentence_pieces(folder, "spiece.model", rules=True, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    write_json(folder / "config.json", {"model_type": "t5"})
    return {"extra_ids": 10}


def llama(folder):
    sentence_pieces(folder, "tokenizer.model", model_type="bpe", vocab_size=800, byte_fallback=True,
                    remove_extra_whitespaces=False, split_digits=True, allow_whitespace_only_pieces=True)
    return {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": False, "legacy": False}


def llama_legacy(folder):
    sentence_pieces(folder, "tokenizer.model", model_type="bpe", vocab_size=800, byte_fallback=True,
                    remove_extra_whitespaces=False, user_defined_symbols=["<tool>", "    "])
    return {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": True, "legacy": True,
            "clean_up_tokenization_spaces": True}


def gemma(folder):
    sentence_pieces(folder, "tokenizer.model", model_type="bpe", vocab_size=800, byte_fallback=True, pad_id=0,
                    eos_id=1, bos_id=2, unk_id=3, pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>",
                    remove_extra_whitespaces=False, user_defined_symbols=["<mask>", "<start_of_turn>", "\n\n"])
    return {"tokenizer_class": "GemmaTokenizer", "add_bos_token": True}


def json_file(folder):
    """A tokenizer.json of no particular class, with padding and truncation baked in."""
    tokenizer = tokenizers.Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(tokenizers.Regex(r"\p{N}{1,3}| ?\p{L}+|\s+(?!\S)|\s+|[^\s\p{L}\p{N}]+"), "isolated"),
         pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=700, special_tokens=["<unk>", "<bos>", "<eos>", "<pad>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.enable_padding(length=24, pad_id=3, pad_token="<pad>")
    tokenizer.enable_truncation(8)
    tokenizer.save(str(folder / "tokenizer.json"))
    return {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<bos>", "eos_token": "<eos>",
            "pad_token": "<pad>", "add_bos_token": True, "add_eos_token": True, "model_max_length": 1e30,
            "model_input_names": ["input_ids", "attention_mask", "token_type_ids"],
            "added_tokens_decoder": {"700": {"content": "<extra>", "lstrip": True, "rstrip": True,
                                             "single_word": False, "normalized": False, "special": False}}}


FOLDERS = [bert_uncased, electra_cased, distilbert, mpnet, roberta, roberta_prefix_space, gpt2, gpt2_bos, clip, deberta,
           xlm_roberta, camembert, albert, albert_cased, deberta_v2, t5, llama, llama_legacy, gemma, json_file]


def rows(tokenizer, inputs, **options):
    options = {"padding": False, "truncation": False} | options
    out = []
    for number, item in enumerate(inputs):
        texts = ([item[0]], [item[1]]) if isinstance(item, list) else ([item],)
        result = tokenizer(*texts, return_offsets_mapping=True, return_special_tokens_mask=True,
                           return_token_type_ids=True, **options)
        for k in range(len(result["input_ids"])):
            row = [number, result["input_ids"][k], result["token_type_ids"][k], result["special_tokens_mask"][k],
                   [-1 if w is None else w for w in result.word_ids(k)],
                   [-1 if s is None else s for s in result.sequence_ids(k)],
                   [edge for span in result["offset_mapping"][k] for edge in span]]
            out.append(row)
    return out


def expected(tokenizer, texts):
    pairs = [[texts[i], texts[-1 - i]] for i in range(4, 24)]
    questions = [["what is this", text] for text in texts[4:12]]
    singles = rows(tokenizer, texts)
    return {
        "vocab_size": len(tokenizer),
        "model_max_length": tokenizer.model_max_length if tokenizer.model_max_length < 2**30 else None,
        "padding_side": tokenizer.padding_side,
        "model_input_names": tokenizer.model_input_names,
        "special_tokens": {k: v for k, v in tokenizer.special_tokens_map.items() if isinstance(v, str)},
        "special_ids": {k: tokenizer.convert_tokens_to_ids(v)
                        for k, v in tokenizer.special_tokens_map.items() if isinstance(v, str)},
        "pairs": pairs,
        "questions": questions,
        "single": singles,
        "pair": rows(tokenizer, pairs),
        "bare": rows(tokenizer, pairs[:5], add_special_tokens=False),
        "longest_first": rows(tokenizer, pairs, truncation="longest_first", max_length=MAX_LENGTH),
        "overflow": rows(tokenizer, questions, truncation="only_second", max_length=MAX_LENGTH + 8, stride=STRIDE,
                         return_overflowing_tokens=True),
        "decoded": [tokenizer.decode(row[1]) for row in singles],
        "skipped": [tokenizer.decode(row[1], skip_special_tokens=True) for row in singles],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minilm", help="folder of all-MiniLM-L6-v2, to write its expected ids as well")
    arguments = parser.parse_args()
    DATA.mkdir(parents=True, exist_ok=True)
    texts = make_texts(len(SCRIPTS) + 8, 5)
    write_json(DATA / "texts.json", texts)
    for build in FOLDERS:
        folder = DATA / build.__name__
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        config = build(folder)
        if config is not None:
            write_json(folder / "tokenizer_config.json", config)
        # A copy, because loading may write beside the vocabulary.
        with tempfile.TemporaryDirectory() as copy:
            shutil.copytree(folder, copy, dirs_exist_ok=True)
            tokenizer = AutoTokenizer.from_pretrained(copy)
            write_json(folder / "expected.json", expected(tokenizer, texts))
        print(f"{build.__name__}: {type(tokenizer).__name__}, {len(tokenizer)} tokens")
    if arguments.minilm:
        texts = make_texts(200, 11)
        tokenizer = AutoTokenizer.from_pretrained(arguments.minilm)
        write_json(DATA / "minilm.json", {"texts": texts, "ids": [tokenizer(t, truncation=False)["input_ids"] for t in texts]})


if __name__ == "__main__":
    main()
