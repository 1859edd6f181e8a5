#!/usr/bin/env python3
"""The real all-MiniLM-L6-v2, embedded by the program, against transformers: 200 texts of many scripts and lengths.

Usage: minilm_test.py [--build FOLDER]. The expected embeddings are computed once and kept in the build folder.
"""

import json
import random

import support

SAMPLES = [
    "The quick brown fox jumps over the lazy dog.",
    "Der schnelle braune Fuchs springt über den faulen Hund.",
    "Быстрая коричневая лиса прыгает через ленивую собаку.",
    "Η γρήγορη καφέ αλεπού πηδάει πάνω από το τεμπέλικο σκυλί.",
    "素早い茶色の狐がのろまな犬を飛び越える。",
    "敏捷的棕色狐狸跳过了懒狗。",
    "빠른 갈색 여우가 게으른 개를 뛰어넘는다.",
    "الثعلب البني السريع يقفز فوق الكلب الكسول.",
    "השועל החום המהיר קופץ מעל הכלב העצלן.",
    "तेज़ भूरी लोमड़ी आलसी कुत्ते के ऊपर कूदती है।",
    "สุนัขจิ้งจอกสีน้ำตาลกระโดดข้ามสุนัขขี้เกียจ",
    "Con cáo nâu nhanh nhẹn nhảy qua con chó lười biếng.",
    "ቡናማ ቀበሮ በሰነፍ ውሻ ላይ ዘለለ።",
    "மான் விரைவாக ஓடியது.",
    "ქართული ენა ძალიან ლამაზია.",
    "Հայերեն լեզուն գեղեցիկ է։",
    "emoji 😀👩‍👩‍👧‍👦🏳️‍🌈 and flags 🇫🇷🇯🇵",
    "code: for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; }",
    "https://example.com/path?query=1&other=%20#fragment",
    "1234567890 3.14159 1e-9 0xDEADBEEF ½ ⅔ №",
    "cafe\u0301 naïve façade Ångström ﬁ ligature ß ẞ",
    "tab\tand\nnew line\r\nand\u00a0no-break\u2003spaces",
    "UPPER lower MiXeD CaSe",
    "a",
    "!",
    "\u200bzero\u200cwidth\u200d\ufeffjoiners",
    "Supercalifragilisticexpialidocious" * 4,
    "[CLS] [SEP] [MASK] [UNK] [PAD] written out",
    "x" * 300,
    "\U00020000\U0002a6d6 rare ideographs 𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
]


def texts():
    """200 texts: each sample, and mixtures from one word to far over the limit of tokens."""
    rng = random.Random(7)
    out = list(SAMPLES) + [""]
    words = [word for sample in SAMPLES[:20] for word in sample.split()]
    while len(out) < 200:
        count = rng.choice([1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 400])
        out.append(" ".join(rng.choice(words) for _ in range(count)))
    return out


def expected(folder, model, inputs):
    """Mean-pooled, normalised embeddings, one text at a time, as sentence-transformers computes them."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    network = transformers.AutoModel.from_pretrained(model, attn_implementation="eager").eval().float()
    limit = json.loads((model / "sentence_bert_config.json").read_text())["max_seq_length"]
    out, cut = [], []
    with torch.no_grad():
        for index, text in enumerate(inputs):
            if len(tokenizer(text.strip())["input_ids"]) > limit:
                cut.append(index)
            batch = tokenizer([text.strip()], truncation=True, max_length=limit, return_tensors="pt")
            hidden = network(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1).float()
            mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            out.append(torch.nn.functional.normalize(mean, dim=1)[0].tolist())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "expected.json").write_text(json.dumps({"embeddings": out, "truncated": cut}))
    (folder / "complete").write_text("")


def worst(found, wanted):
    assert len(found) == len(wanted), f"{len(found)} embeddings, expected {len(wanted)}"
    assert all(len(a) == 384 for a in found)
    return max(abs(x - y) for a, b in zip(found, wanted) for x, y in zip(a, b))


def main():
    args = support.arguments(__doc__)
    suite = support.Suite(args.only)
    program = support.Program(args.build)
    model = support.minilm()
    versions = support.require_transformers()
    inputs = texts()
    folder, complete = support.cache_folder(args.build, __file__, versions)
    if not complete:
        expected(folder, model, inputs)
    reference = json.loads((folder / "expected.json").read_text())
    as_arguments = [part for text in inputs for part in ("--text=" + text,)]

    def embeddings(*options, env=None):
        out = program.json("run", model, "--task", "feature-extraction", *as_arguments, *options, env=env)
        difference = worst(out["result"], reference["embeddings"])
        assert difference <= 1e-5, f"max abs difference {difference}"
        assert out["truncated_inputs"] == reference["truncated"], (out["truncated_inputs"], reference["truncated"])
        return f"200 texts, max abs difference {difference:.1e}"

    suite.check("batched", embeddings)
    suite.check("single", embeddings, "--batch-size", "1")
    suite.check("batches of 7, one thread", embeddings, "--batch-size", "7", "--threads", "1")
    suite.check("portable kernels", lambda: embeddings(env={"ACCELERATE_ISA": "portable"}))

    def one_process_each():
        for index in (0, 4, 7, 16, 30, 60):
            out = program.json("run", model, "--task", "feature-extraction", "--text=" + inputs[index])
            difference = worst(out["result"], [reference["embeddings"][index]])
            assert difference <= 1e-5, f"text {index}: {difference}"

    def reference_backend():
        out = program.json("run", model, "--text=" + inputs[1], "--device", "reference")
        assert out["backend"] == "reference" and out["fallback_reason"] is None, out
        assert worst(out["result"], [reference["embeddings"][1]]) <= 1e-5

    def without_passes():
        out = program.json("run", model, "--text=" + inputs[1], "--explain")
        names = [p["name"] for p in out["explain"]["passes"]]
        assert len(names) > 5, names
        options = [x for name in names for x in ("--disable-pass", name)]
        out = program.json("run", model, "--text=" + inputs[1], *options)
        assert worst(out["result"], [reference["embeddings"][1]]) <= 1e-5

    def similarity():
        chosen = ["A cat sits on the mat.", "A kitten rests on a rug.", "The stock market fell sharply today."]
        out = program.json("run", model, *[f"--text={t}" for t in chosen])
        assert out["task"] == "sentence-similarity", out["task"]
        scores = out["result"]["scores"]
        assert all(abs(scores[i][i] - 1) < 1e-5 for i in range(3))
        assert all(abs(scores[i][j] - scores[j][i]) < 1e-6 for i in range(3) for j in range(3))
        assert scores[0][1] > 0.5 > 0.3 > scores[0][2], scores
        vectors = program.json("run", model, "--task", "feature-extraction", *[f"--text={t}" for t in chosen])["result"]
        dot = sum(a * b for a, b in zip(vectors[0], vectors[1]))
        assert abs(dot - scores[0][1]) < 1e-5
        source = program.json("run", model, "--task", "sentence-similarity", "--param", "source_sentence=" + chosen[0],
                              *[f"--text={t}" for t in chosen[1:]])["result"]["scores"]
        support.close(source, scores[0][1:], 1e-6)

    def standard_input():
        lines = inputs[:5]
        out = program.json("run", model, "-", "--task", "feature-extraction", stdin="\n".join(lines) + "\n")
        assert worst(out["result"], reference["embeddings"][:5]) <= 1e-5

    def ten_megabytes():
        path = folder / "ten_megabytes.txt"
        path.write_text("many words about nothing in particular " * 270000)
        out = program.json("run", model, "--file", path, "--whole")
        assert out["truncated"] is True and out["truncated_inputs"] == [0] and len(out["result"]) == 1

    for check in (one_process_each, reference_backend, without_passes, similarity, standard_input, ten_megabytes):
        suite.check(check.__name__.replace("_", " "), check)
    suite.finish()


if __name__ == "__main__":
    main()
