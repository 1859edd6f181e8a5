#!/usr/bin/env python3
"""Every task of the program against transformers' pipelines, on small random models of several families.

Usage: tasks_test.py [--build FOLDER] [--only TEXT]. Models and expected results are made once and kept in the build folder.
transformers 5 has no question-answering pipeline: the test carries its algorithm (of transformers 4) over the same model.
"""

import json
import pathlib
import shutil

import support

TOKENIZERS = support.ROOT / "tests/golden/data/tokenizers"
TOLERANCE = 2e-5

TEXTS = [
    "My name is Wolfgang and I live in Berlin.",
    "Hugging Face Inc. is a company based in New York City; its headquarters are in DUMBO.",
    "",
    "Ünïcödé façade in Zürich 😀 with emoji, 東京 and Москва.",
    "short",
    "A long text: " + "words and more words follow each other without end, and then some; " * 30,
]
CONTEXT = ("Nikola Tesla was born in 1856 in Smiljan, in the Austrian Empire. He studied engineering and physics in the "
           "1870s without receiving a degree. In 1884 he emigrated to the United States, where he became a citizen. "
           "Zürich, München and Kraków are cities in Europe. ")
QUESTIONS = [("Where was Tesla born?", CONTEXT), ("When did he emigrate?", CONTEXT * 9), ("Who?", "Nobody.")]
LABELS = ["politics", "public health", "sports"]
NER = {0: "O", 1: "B-PER", 2: "I-PER", 3: "B-LOC", 4: "I-LOC"}


# ---- models -------------------------------------------------------------------------------------------------------------

def randomise(model, seed, head=()):
    """Outputs get a spread of order one; names in `head` are scaled up so that labels differ."""
    import torch
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            spread = 0.6 if any(h in name for h in head) else 0.12
            p.copy_(torch.randn(p.shape, generator=generator) * spread)
            if name.endswith("weight") and p.dim() == 1:  # a norm's gain
                p.add_(1.0)
    return model.eval()


def make_models(folder):
    import transformers as t

    minilm = support.minilm()
    words = [p for n in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
             if (p := minilm / n).exists()]
    sizes = dict(hidden_size=36, num_hidden_layers=2, num_attention_heads=3, intermediate_size=50)
    bert = dict(vocab_size=30522, max_position_embeddings=512, **sizes)

    def save(name, model, tokenizer_files=(), seed=1, head=("classifier", "qa_outputs")):
        path = folder / name
        randomise(model, seed, head).save_pretrained(path)
        for file in tokenizer_files:
            shutil.copy(file, path / file.name)
        return path

    def labelled(names, **more):
        return dict(id2label=dict(enumerate(names)), label2id={n: i for i, n in enumerate(names)}, **more)

    save("bert-mask", t.BertForMaskedLM(t.BertConfig(**bert)), words, 2, ("predictions.transform",))
    save("bert-nli", t.BertForSequenceClassification(t.BertConfig(**bert, **labelled(["contradiction", "neutral", "entailment"]))), words, 3)
    save("bert-nli-first", t.BertForSequenceClassification(t.BertConfig(**bert, **labelled(["ENTAILMENT", "not_entailment"]))), words, 4)
    save("bert-score", t.BertForSequenceClassification(t.BertConfig(**bert, num_labels=1)), words, 5)
    save("bert-regression", t.BertForSequenceClassification(t.BertConfig(**bert, num_labels=1, problem_type="regression")), words, 6)
    save("bert-multi", t.BertForSequenceClassification(t.BertConfig(**bert, **labelled(["a", "b", "c", "d"]), problem_type="multi_label_classification")), words, 7)
    save("bert-ner", t.BertForTokenClassification(t.BertConfig(**bert, **labelled(NER.values()))), words, 8)
    save("bert-qa", t.BertForQuestionAnswering(t.BertConfig(**bert)), words, 9)
    save("bert", t.BertModel(t.BertConfig(**bert)), words, 10)

    def files_of(name):
        return [p for p in (TOKENIZERS / name).iterdir() if p.name != "expected.json"]

    def vocabulary(name):
        return len(t.AutoTokenizer.from_pretrained(TOKENIZERS / name))

    roberta = dict(vocab_size=vocabulary("roberta"), max_position_embeddings=514, type_vocab_size=1, pad_token_id=1, **sizes)
    save("roberta-mask", t.RobertaForMaskedLM(t.RobertaConfig(**roberta)), files_of("roberta"), 11, ("lm_head.dense",))
    save("roberta-ner", t.RobertaForTokenClassification(t.RobertaConfig(**roberta, **labelled(NER.values()))), files_of("roberta"), 12)
    save("roberta-qa", t.RobertaForQuestionAnswering(t.RobertaConfig(**roberta)), files_of("roberta"), 13)
    xlm = dict(roberta, vocab_size=vocabulary("xlm_roberta"))
    save("xlm-ner", t.XLMRobertaForTokenClassification(t.XLMRobertaConfig(**xlm, **labelled(NER.values()))), files_of("xlm_roberta"), 14)

    vision = dict(image_size=32, patch_size=8, **sizes)
    path = save("vit", t.ViTForImageClassification(t.ViTConfig(**vision, **labelled([f"thing {i}" for i in range(7)]))), seed=15)
    t.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(path)
    path = save("vit-base", t.ViTModel(t.ViTConfig(**vision)), seed=16)
    t.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(path)
    path = save("resnet", t.ResNetForImageClassification(t.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], layer_type="basic", **labelled(["x", "y", "z"]))), seed=17)
    t.ConvNextImageProcessor(size={"shortest_edge": 64}).save_pretrained(path)

    tokenizer = t.AutoTokenizer.from_pretrained(TOKENIZERS / "clip")
    text = dict(vocab_size=len(tokenizer), max_position_embeddings=77, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
                intermediate_size=48, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id)
    clip = t.CLIPConfig(text_config=text, vision_config=dict(vision), projection_dim=24)
    path = save("clip", t.CLIPModel(clip), files_of("clip"), 18, ("projection",))
    t.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(path)


def make_sentence_folders(folder):
    """sentence-transformers folders over one transformer: Dense and Normalize, several poolings at once, a prompt."""
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(20)
    modes = ["cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]
    for name, chosen, dense in [("st-dense", ["mean_tokens"], True), ("st-all", modes, False), ("st-prompt", ["mean_tokens"], False)]:
        path = folder / name
        shutil.copytree(folder / "bert", path)
        prefix = "sentence_transformers.models."
        steps = [("", "Transformer"), ("1_Pooling", "Pooling")]
        steps += [("2_Dense", "Dense"), ("3_Normalize", "Normalize")] if dense else []
        (path / "modules.json").write_text(json.dumps(
            [{"idx": i, "name": str(i), "path": p, "type": prefix + kind} for i, (p, kind) in enumerate(steps)]))
        (path / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 48, "do_lower_case": False}))
        (path / "1_Pooling").mkdir()
        pooling = {"word_embedding_dimension": 36, **{f"pooling_mode_{m}": m in chosen for m in modes}}
        if name == "st-prompt":
            pooling["include_prompt"] = False
            (path / "config_sentence_transformers.json").write_text(json.dumps(
                {"prompts": {"query": "query: "}, "default_prompt_name": "query", "similarity_fn_name": "dot"}))
        (path / "1_Pooling/config.json").write_text(json.dumps(pooling))
        if dense:
            (path / "2_Dense").mkdir()
            (path / "2_Dense/config.json").write_text(json.dumps(
                {"in_features": 36, "out_features": 20, "bias": True, "activation_function": "torch.nn.modules.activation.Tanh"}))
            save_file({"linear.weight": torch.randn(20, 36, generator=generator) * 0.3,
                       "linear.bias": torch.randn(20, generator=generator)}, path / "2_Dense/model.safetensors")


def make_images(folder):
    import numpy
    from PIL import Image
    rng = numpy.random.default_rng(3)
    names = []
    for i, (height, width) in enumerate([(40, 60), (33, 32), (100, 50)]):
        small = Image.fromarray(rng.integers(0, 256, (5, 6, 3), dtype=numpy.uint8))
        names.append(folder / f"image{i}.png")
        small.resize((width, height), Image.BICUBIC).save(names[-1])
    return names


# ---- what transformers says ---------------------------------------------------------------------------------------------

def pooled(model, tokenizer, text, mode, limit, prompt=""):
    """One pooling of sentence-transformers, written out."""
    import torch
    batch = tokenizer([(prompt + text).strip()], truncation=True, max_length=limit, return_tensors="pt")
    hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"].clone()
    if prompt:
        mask[:, : len(tokenizer(prompt)["input_ids"]) - 1] = 0
    m = mask.unsqueeze(-1).float()
    if mode == "cls":
        return hidden[:, 0]
    if mode == "max":
        return hidden.masked_fill(m == 0, -1e9).max(1).values
    if mode == "lasttoken":
        return hidden[:, int(mask[0].nonzero().max())]
    if mode == "weightedmean":
        m = m * torch.arange(1, hidden.shape[1] + 1).view(1, -1, 1)
    total = m.sum(1).clamp(min=1e-9)
    return (hidden * m).sum(1) / (total.sqrt() if mode == "mean_sqrt_len_tokens" else total)


def expect_sentences(folder, out):
    import torch
    import transformers
    from safetensors.torch import load_file
    model = transformers.AutoModel.from_pretrained(folder / "bert", attn_implementation="eager").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / "bert")
    modes = ["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
    with torch.no_grad():
        for mode in modes:
            out[f"pooling {mode}"] = [pooled(model, tokenizer, x, mode, 512)[0].tolist() for x in TEXTS]
        out["st-all"] = [torch.cat([pooled(model, tokenizer, x, mode, 48) for mode in modes], 1)[0].tolist() for x in TEXTS]
        out["st-prompt"] = [pooled(model, tokenizer, x, "mean", 48, "query: ")[0].tolist() for x in TEXTS]
        dense = load_file(folder / "st-dense/2_Dense/model.safetensors")
        def tail(x):
            return torch.nn.functional.normalize(torch.tanh(x @ dense["linear.weight"].T + dense["linear.bias"]), dim=1)
        out["st-dense"] = [tail(pooled(model, tokenizer, x, "mean", 48))[0].tolist() for x in TEXTS]
        out["tokens"] = [model(**tokenizer(x, return_tensors="pt", truncation=True, max_length=512)).last_hidden_state.tolist()
                         for x in TEXTS[:3]]


def answer(model, tokenizer, question, context, top_k=1, doc_stride=None, max_answer_len=15, max_seq_len=None,
           handle_impossible_answer=False, align_to_words=True):
    """QuestionAnsweringPipeline of transformers 4: preprocess, forward, postprocess for one example."""
    import numpy as np
    import torch
    max_seq_len = max_seq_len or min(tokenizer.model_max_length, 384)
    doc_stride = min(max_seq_len // 2, 128) if doc_stride is None else doc_stride
    encoded = tokenizer(question, context, truncation="only_second", max_length=max_seq_len, stride=doc_stride,
                        return_overflowing_tokens=True, return_offsets_mapping=True)
    answers, min_null = [], 1000000.0
    for i, ids in enumerate(encoded["input_ids"]):
        enc = encoded.encodings[i]
        mask = np.array([s != 1 for s in encoded.sequence_ids(i)])
        if tokenizer.cls_token_id is not None:
            mask[np.nonzero(np.array(ids) == tokenizer.cls_token_id)[0]] = False
        inputs = {k: torch.tensor([encoded[k][i]]) for k in ("input_ids", "attention_mask", "token_type_ids") if k in encoded}
        with torch.no_grad():
            result = model(**inputs)
        start, end = result.start_logits[0].numpy(), result.end_logits[0].numpy()
        start, end = np.where(mask, -10000.0, start), np.where(mask, -10000.0, end)
        start = np.exp(start - start.max()); start /= start.sum()
        end = np.exp(end - end.max()); end /= end.sum()
        min_null = min(min_null, float(start[0] * end[0]))
        start[0] = end[0] = 0.0
        candidates = np.tril(np.triu(np.outer(start, end)), max_answer_len - 1)
        count = top_k * 2 + 10 if align_to_words else top_k
        order = np.argsort(-candidates.flatten(), kind="stable")[:count]
        for s, e in zip(*np.unravel_index(order, candidates.shape)):
            if mask[s] or mask[e] or s == 0 or e < s:
                continue
            try:
                if not align_to_words:
                    raise ValueError
                a = enc.word_to_chars(enc.token_to_word(s), 1)[0]
                b = enc.word_to_chars(enc.token_to_word(e), 1)[1]
            except Exception:
                a, b = enc.offsets[s][0], enc.offsets[e][1]
            text = context[a:b]
            known = next((x for x in answers if x["answer"].lower() == text.lower()), None)
            if known:
                known["score"] += float(candidates[s, e])
            else:
                answers.append({"score": float(candidates[s, e]), "start": a, "end": b, "answer": text})
    if handle_impossible_answer:
        answers.append({"score": min_null, "start": 0, "end": 0, "answer": ""})
    answers = sorted(answers, key=lambda x: x["score"], reverse=True)[:top_k]
    return answers[0] if len(answers) == 1 else answers


QA_OPTIONS = {"default": {}, "top 3": {"top_k": 3}, "small windows": {"max_seq_len": 64, "doc_stride": 16, "top_k": 2},
              "impossible": {"handle_impossible_answer": True, "top_k": 20, "max_answer_len": 5}, "tokens": {"align_to_words": False, "top_k": 2}}
MASKED = ["Paris is the {} of France.", "One {} and another {} here.", "{}"]


def expected(folder):
    import torch
    import transformers
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.manual_seed(0)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make_models(folder)
    make_sentence_folders(folder)
    images = [str(p) for p in make_images(folder)]
    out = {}
    expect_sentences(folder, out)

    def pipeline(task, name, **options):
        return transformers.pipeline(task, model=str(folder / name), device="cpu", dtype=torch.float32, **options)

    cut = {"truncation": True, "max_length": 512}
    for name in ("bert-nli", "bert-score", "bert-regression", "bert-multi"):
        classifier = pipeline("text-classification", name)
        out[f"classify {name}"] = [classifier(x, **cut)[0] for x in TEXTS]
    classifier = pipeline("text-classification", "bert-nli")
    out["classify top"] = [classifier(x, top_k=2, **cut) for x in TEXTS]
    out["classify sigmoid"] = [classifier(x, top_k=3, function_to_apply="sigmoid", **cut) for x in TEXTS]
    out["classify none"] = [classifier(x, top_k=3, function_to_apply="none", **cut) for x in TEXTS]
    out["classify pair"] = [classifier({"text": x, "text_pair": "It is so."}, **cut) for x in TEXTS]

    for name in ("bert-mask", "roberta-mask"):
        filler = pipeline("fill-mask", name)
        masked = [m.replace("{}", filler.tokenizer.mask_token) for m in MASKED]
        out[f"fill {name}"] = [filler(x) for x in masked]
        targets = ["the", "house"] if name == "bert-mask" else ["a", "b"]
        out[f"fill targets {name}"] = [filler(x, targets=targets) for x in masked]

    for name in ("bert-ner", "roberta-ner", "xlm-ner"):
        ner = pipeline("token-classification", name)
        ner.tokenizer.model_max_length = 512
        for strategy in ("none", "simple", "first", "average", "max"):
            out[f"ner {name} {strategy}"] = [ner(x, aggregation_strategy=strategy) for x in TEXTS]
        out[f"ner {name} all"] = [ner(x, aggregation_strategy="simple", ignore_labels=[]) for x in TEXTS]
        out[f"ner {name} stride"] = [ner(x, aggregation_strategy="simple", stride=20) for x in TEXTS[-1:]]

    for name in ("bert-qa", "roberta-qa"):
        model = transformers.AutoModelForQuestionAnswering.from_pretrained(folder / name).eval()
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder / name)
        tokenizer.model_max_length = 512
        for label, options in QA_OPTIONS.items():
            out[f"qa {name} {label}"] = [answer(model, tokenizer, q, c, **options) for q, c in QUESTIONS]

    for name in ("bert-nli", "bert-nli-first"):
        zero = pipeline("zero-shot-classification", name)
        zero.tokenizer.model_max_length = 512
        texts = [x for x in TEXTS if x]
        out[f"zero {name}"] = [zero(x, candidate_labels=LABELS) for x in texts]
        out[f"zero {name} multi"] = [zero(x, candidate_labels=LABELS, multi_label=True, hypothesis_template="About {}.") for x in texts]
        out[f"zero {name} one"] = [zero(x, candidate_labels=["sports"]) for x in texts]

    for name in ("vit", "resnet"):
        out[f"image {name}"] = pipeline("image-classification", name)(images)
        out[f"image {name} top"] = pipeline("image-classification", name, top_k=2)(images, function_to_apply="sigmoid")
    out["zero image"] = pipeline("zero-shot-image-classification", "clip")(images, candidate_labels=LABELS)
    out["image features"] = pipeline("image-feature-extraction", "vit-base")(images)
    out["image features pool"] = pipeline("image-feature-extraction", "vit-base")(images, pool=True)

    def plain(value):
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(v) for v in value]
        return value.item() if hasattr(value, "item") else value

    (folder / "expected.json").write_text(json.dumps(plain(out)))
    (folder / "complete").write_text("")


# ---- checks -------------------------------------------------------------------------------------------------------------

def parameters(**values):
    out = []
    for name, value in values.items():
        text = ",".join(value) if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)
        out += ["--param", f"{name}={text}"]
    return out


def main():
    args = support.arguments(__doc__)
    suite = support.Suite(args.only)
    program = support.Program(args.build)
    versions = support.require_transformers()
    folder, complete = support.cache_folder(args.build, __file__, versions)
    if not complete:
        expected(folder)
    wanted = json.loads((folder / "expected.json").read_text())
    images = [x for i in range(3) for x in ("--image", folder / f"image{i}.png")]

    def same(key, name, task, inputs, extra=(), tolerance=TOLERANCE):
        def compare(*options):
            found = program.json("run", folder / name, "--task", task, *inputs, *extra, *options)["result"]
            support.close(found, wanted[key], tolerance, key)

        def both():
            compare()
            compare("--batch-size", "1")
        suite.check(key, both)

    texts = ["--text=" + x for x in TEXTS]
    features = "feature-extraction"
    for mode in ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"):
        same(f"pooling {mode}", "bert", features, texts, ["--pooling", mode])
    for name in ("st-all", "st-prompt", "st-dense"):
        same(name, name, features, texts)
    same("tokens", "bert", features, texts[:3])
    for name in ("bert-nli", "bert-score", "bert-regression", "bert-multi"):
        same(f"classify {name}", name, "sentiment-analysis", texts)
    same("classify top", "bert-nli", "text-classification", texts, ["--top-k", "2"])
    for function in ("sigmoid", "none"):
        same(f"classify {function}", "bert-nli", "text-classification", texts, ["--top-k", "3", *parameters(function_to_apply=function)])
    same("classify pair", "bert-nli", "text-classification", texts, ["--context", "It is so."])
    for name, mask in (("bert-mask", "[MASK]"), ("roberta-mask", "<mask>")):
        masked = ["--text=" + x.replace("{}", mask) for x in MASKED]
        same(f"fill {name}", name, "fill-mask", masked)
        targets = ["the", "house"] if name == "bert-mask" else ["a", "b"]
        same(f"fill targets {name}", name, "fill-mask", masked, parameters(targets=targets))
    for name in ("bert-ner", "roberta-ner", "xlm-ner"):
        for strategy in ("none", "simple", "first", "average", "max"):
            same(f"ner {name} {strategy}", name, "ner", texts, ["--aggregation", strategy])
        same(f"ner {name} all", name, "ner", texts, ["--aggregation", "simple", *parameters(ignore_labels=[])])
        same(f"ner {name} stride", name, "token-classification", texts[-1:], ["--aggregation", "simple", *parameters(stride=20)])
    questions = [x for q, c in QUESTIONS for x in ("--question=" + q, "--context=" + c)]
    for name in ("bert-qa", "roberta-qa"):
        for label, options in QA_OPTIONS.items():
            same(f"qa {name} {label}", name, "question-answering", questions, parameters(**options))
    labels = [x for label in LABELS for x in ("--label", label)]
    full = [x for x in texts if x != "--text="]
    for name in ("bert-nli", "bert-nli-first"):
        task = "zero-shot-classification"
        same(f"zero {name}", name, task, full, labels)
        same(f"zero {name} multi", name, task, full, [*labels, "--template", "About {}.", *parameters(multi_label=True)])
        same(f"zero {name} one", name, task, full, ["--label", "sports"])
    for name in ("vit", "resnet"):
        same(f"image {name}", name, "image-classification", images)
        same(f"image {name} top", name, "image-classification", images, ["--top-k", "2", *parameters(function_to_apply="sigmoid")])
    same("zero image", "clip", "zero-shot-image-classification", images, labels)
    same("image features", "vit-base", "image-feature-extraction", images)
    same("image features pool", "vit-base", "image-feature-extraction", images, parameters(pool=True))

    def inferred():
        for name, task in (("bert-mask", "fill-mask"), ("bert-ner", "token-classification"), ("bert-qa", "question-answering"),
                           ("bert-score", "text-classification"), ("vit", "image-classification"),
                           ("clip", "zero-shot-image-classification"), ("vit-base", "image-feature-extraction"),
                           ("st-all", "sentence-similarity"), ("bert", "feature-extraction")):
            out = program.run("inspect", folder / name, "--json")
            assert out.returncode == 0, out.stdout
            assert json.loads(out.stdout)["task"] == task, (name, json.loads(out.stdout)["task"])
    suite.check("task is inferred", inferred)

    def person():
        for name, extra in (("bert-mask", ["--text", "a [MASK] b"]), ("bert-ner", ["--text", TEXTS[0]]), ("vit", images),
                            ("bert-qa", questions), ("clip", [*images, *labels]), ("vit-base", images), ("bert", texts[:2])):
            out = program.run("run", folder / name, *extra)
            assert out.returncode == 0 and "execute" in out.stdout, (name, out.stdout, out.stderr)
    suite.check("output for people", person)
    suite.finish()


if __name__ == "__main__":
    main()
