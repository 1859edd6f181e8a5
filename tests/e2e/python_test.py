#!/usr/bin/env python3
"""The Python package as it is built: graphs, tensors, pipelines and skills against transformers, exports, generated classes.

Usage: python_test.py [--build FOLDER] [--only TEXT]. The models of tasks_test.py serve here too.
"""

import concurrent.futures
import json
import os
import pathlib
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile

import support
import tasks_test

TOLERANCE = tasks_test.TOLERANCE
# config.json of bert-base-uncased, as the hub has it.
BERT_BASE = dict(architectures=["BertForMaskedLM"], attention_probs_dropout_prob=0.1, gradient_checkpointing=False, hidden_act="gelu",
                 hidden_dropout_prob=0.1, hidden_size=768, initializer_range=0.02, intermediate_size=3072, layer_norm_eps=1e-12,
                 max_position_embeddings=512, model_type="bert", num_attention_heads=12, num_hidden_layers=12, pad_token_id=0,
                 position_embedding_type="absolute", type_vocab_size=2, use_cache=True, vocab_size=30522)


def raises(kind, function, *args, text=""):
    try:
        function(*args)
    except kind as error:
        assert text in str(error), f"{error}; expected the text {text!r}"
        return error
    raise AssertionError(f"no {kind.__name__}")


# ---- graphs and tensors -------------------------------------------------------------------------------------------------

def relu_matmul(ia):
    graph = ia.Graph("relu_matmul", [ia.TensorType("f32", ["n", 8]), ia.TensorType("f32", [8, 4])])
    graph.output(ia.ops.relu(graph.inputs[0] @ graph.inputs[1]) * 2.0 + 1)
    return graph


def graphs(ia):
    import numpy as np
    graph = relu_matmul(ia)
    assert graph.output_types == [ia.TensorType("f32", ["n", 4])] and graph.inputs[0].dtype is ia.DType.f32
    assert str(ia.Graph.parse(str(graph))) == str(graph) and len(graph.identity_hash()) == 64
    model = ia.InferenceSession(device="cpu").load(graph)
    x, w = np.random.default_rng(1).standard_normal((5, 8), np.float32), np.ones((8, 4), np.float32)
    expected = np.maximum(x @ w, 0) * 2 + 1
    (out,) = model.execute([x, w])
    assert out.shape == (5, 4) and np.abs(out.numpy() - expected).max() < 1e-5
    named = model.execute({"input1": w, "input0": x})
    assert np.array_equal(named["output0"].numpy(), out.numpy())
    assert isinstance(model(x, input1=w)["output0"], np.ndarray)
    linear = ia.Graph("linear", {"x": ia.TensorType("f32", ["n", 8])})
    weight = ia.ops.weight(linear, "w", ia.TensorType("f32", [4, 8]))
    linear.output(ia.ops.linear(linear.inputs[0], weight), "y")
    y = ia.InferenceSession().load(linear, {"w": np.ascontiguousarray(w.T)})(x)["y"]
    assert np.abs(y - x @ w).max() < 1e-5


def tensors(ia):
    import numpy as np
    import torch
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    tensor = ia.Tensor(array)
    assert tensor.numpy().ctypes.data == array.ctypes.data and np.from_dlpack(tensor).ctypes.data == array.ctypes.data
    turned = ia.Tensor(array.T)
    assert turned.shape == (4, 3) and np.array_equal(turned.numpy(), array.T)
    del tensor, array
    for dtype in (torch.float32, torch.bfloat16, torch.float16, torch.int64, torch.uint8, torch.bool, torch.complex64):
        source = torch.ones(2, 3).to(dtype)
        assert ia.Tensor(source).torch().data_ptr() == source.data_ptr() and ia.Tensor(source).torch().dtype == dtype
    assert ia.Tensor(torch.ones(2, requires_grad=True)).tolist() == [1, 1]
    assert ia.Tensor([1.5, 2]).dtype is ia.DType.f32 and ia.Tensor([1, 2]).dtype is ia.DType.i64
    assert ia.Tensor(np.float64([1, 2]), dtype=torch.float32).dtype is ia.DType.f32
    raises(ia.errors.InvalidDtypeError, ia.Tensor(torch.ones(2, dtype=torch.bfloat16)).numpy, text="torch()")
    raises(ia.errors.InvalidArgumentError, ia.Tensor, object(), text="object")


def mistakes(ia, folder):
    import numpy as np
    model = ia.InferenceSession(device="cpu").load(relu_matmul(ia))
    x, w = np.zeros((2, 8), np.float32), np.zeros((8, 4), np.float32)
    raises(ia.errors.InvalidShapeError, model.execute, [x, w.T.copy()])
    raises(ia.errors.InvalidDtypeError, model.execute, [x.astype(np.int32), w])
    raises(ia.errors.InvalidArgumentError, model.execute, {"input0": x}, text="missing: input1")
    raises(ia.errors.InvalidArgumentError, model.execute, {"input0": x, "input1": w, "z": w}, text="unknown: z")
    raises(ia.errors.InvalidArgumentError, model, x, w, w)
    graph = relu_matmul(ia)
    raises(TypeError, ia.ops.concat, [None, graph.inputs[0]], 0)
    raises(TypeError, ia.ops.relu, None)
    raises(ia.errors.InvalidArgumentError, ia.ops.add, graph.inputs[0], relu_matmul(ia).inputs[0], text="another graph")
    raises(ia.errors.InvalidArgumentError, ia.InferenceSession, "nowhere", text="expected one of")
    raises(ia.errors.InvalidArgumentError, ia.pipeline, "fill-mask")
    raises(ia.errors.UnsupportedTaskError, ia.pipeline, "nothing", folder / "bert")
    error = raises(ia.errors.NotFoundError, ia.pipeline, "fill-mask", "/nowhere")
    assert isinstance(error, (ia.Error, LookupError)) and (error.code, error.group) == ("not_found", "user")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error)


def threads(ia, folder):
    pipe = ia.pipeline("text-classification", folder / "bert-nli", device="cpu")
    alone = [pipe(text) for text in tasks_test.TEXTS]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for found in pool.map(lambda _: [pipe(text) for text in tasks_test.TEXTS], range(12)):
            support.close(found, alone, 1e-6)


# ---- pipelines ----------------------------------------------------------------------------------------------------------

def pipelines(ia, folder, wanted, suite):
    texts, images = tasks_test.TEXTS, [str(folder / f"image{i}.png") for i in range(3)]

    def same(key, name, task, call):
        suite.check(f"pipeline {key}", lambda: support.close(call(ia.pipeline(task, folder / name, device="cpu")), wanted[key], TOLERANCE, key))

    same("classify bert-nli", "bert-nli", "text-classification", lambda pipe: pipe(texts))
    same("classify bert-multi", "bert-multi", "sentiment-analysis", lambda pipe: [pipe(text)[0] for text in texts])
    same("classify top", "bert-nli", "text-classification", lambda pipe: [pipe(text, top_k=2) for text in texts])
    same("classify pair", "bert-nli", "text-classification", lambda pipe: [pipe({"text": x, "text_pair": "It is so."})[0] for x in texts])
    masked = [x.replace("{}", "[MASK]") for x in tasks_test.MASKED]
    same("fill bert-mask", "bert-mask", "fill-mask", lambda pipe: [pipe(text) for text in masked])
    same("fill targets bert-mask", "bert-mask", "fill-mask", lambda pipe: pipe(masked, targets=["the", "house"]))
    same("ner roberta-ner average", "roberta-ner", "ner", lambda pipe: pipe(texts, aggregation_strategy="average"))
    same("qa bert-qa default", "bert-qa", "question-answering", lambda pipe: [pipe(question=q, context=c) for q, c in tasks_test.QUESTIONS])
    same("qa bert-qa top 3", "bert-qa", "question-answering", lambda pipe: pipe([{"question": q, "context": c} for q, c in tasks_test.QUESTIONS], top_k=3))
    full = [x for x in texts if x]
    same("zero bert-nli", "bert-nli", "zero-shot-classification", lambda pipe: [pipe(x, tasks_test.LABELS) for x in full])
    same("image vit", "vit", "image-classification", lambda pipe: pipe(images))
    same("image features", "vit-base", "image-feature-extraction", lambda pipe: [pipe(image) for image in images])
    same("zero image", "clip", "zero-shot-image-classification", lambda pipe: pipe(images, candidate_labels=tasks_test.LABELS))
    same("tokens", "bert", "feature-extraction", lambda pipe: pipe(texts[:3]))

    def pictures():
        import numpy as np
        from PIL import Image
        pipe = ia.pipeline("image-classification", folder / "vit", device="cpu")
        picture = Image.open(images[0])
        for form in (picture, np.asarray(picture.convert("RGB")), pathlib.Path(images[0]).read_bytes(), pathlib.Path(images[0])):
            support.close(pipe(form), wanted["image vit"][0], TOLERANCE)
        raises(ia.errors.InvalidArgumentError, pipe, np.zeros((3, 4), np.float32), text="u8")
        raises(ia.errors.InvalidArgumentError, ia.pipeline("fill-mask", folder / "bert-mask"), 3, text="int")
    suite.check("pictures in every form", pictures)


def tokenizers(ia):
    import transformers
    folder = tasks_test.TOKENIZERS / "bert_uncased"
    own, reference = ia.Tokenizer.from_pretrained(str(folder)), transformers.AutoTokenizer.from_pretrained(folder)
    texts = tasks_test.TEXTS[:5]
    found = own(texts, padding=True, return_tensors="np")
    for name, value in reference(texts, padding=True, return_tensors="np").items():
        assert (found[name] == value).all(), name
    assert own(texts[0]) == dict(reference(texts[0])) and own.decode(own.encode(texts[0])) == reference.decode(reference.encode(texts[0]))
    raises(ia.errors.InvalidArgumentError, lambda: own(texts, return_tensors="np"), text="padding")


def skills(ia, folder, wanted):
    skill = ia.Skill(folder / "bert-nli", device="cpu")
    out = skill.process(tasks_test.TEXTS)
    support.close(out["result"], wanted["classify bert-nli"], TOLERANCE)
    assert out["success"] is True and (out["backend"], out["requested_device"], out["fallback_reason"]) == ("cpu", "cpu", None)
    assert set(out["timing"]) == {"load_ms", "preprocess_ms", "execute_ms", "total_ms"}
    tokens = ia.Tokenizer.from_pretrained(str(folder / "bert-nli"))("short", return_tensors="np")
    tensors = skill.process_tensors(tokens)
    assert tensors["result"]["logits"].shape == (1, 3) and tensors["backend"] == "cpu"
    with tempfile.TemporaryDirectory() as place:
        made = ia.generate(model=str(folder / "bert-nli"), output_dir=place, verify=False, task="text-classification")
        again = ia.Skill(made["folder"]).process(tasks_test.TEXTS)
        support.close(again["result"], wanted["classify bert-nli"], TOLERANCE)
        assert made["manifest"]["task"] == "text-classification"
        raises(ia.errors.NotFoundError, lambda: ia.generate(model="/nowhere", output_dir=place))


# ---- transformers' exports ----------------------------------------------------------------------------------------------

def exports(_):
    import torch
    import transformers as t
    from transformers.exporters import ExportedModel

    from ipfs_accelerate.exporters import IpfsAccelerateConfig, IpfsAccelerateExporter, for_generation

    torch.manual_seed(0)
    sizes = dict(vocab_size=99, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48)
    bert = tasks_test.randomise(t.BertModel(t.BertConfig(**sizes)), 3)

    def inputs(batch, length):
        return dict(input_ids=torch.randint(1, 99, (batch, length)), attention_mask=torch.ones(batch, length, dtype=torch.long))

    exported = IpfsAccelerateExporter().export(bert, inputs(2, 7), IpfsAccelerateConfig(dynamic=True))
    with tempfile.TemporaryDirectory() as place, torch.no_grad():
        exported.save_pretrained(place)
        for model in (exported, ExportedModel.from_pretrained(place)):
            for sample in (inputs(2, 7), inputs(3, 11)):
                found, expected = model(**sample), bert(**sample)
                assert type(found) is type(expected)
                for name, value in expected.items():
                    assert (found[name] - value).abs().max() <= 1e-5 * value.abs().max(), name
    llama = t.LlamaConfig(**sizes, num_key_value_heads=2, max_position_embeddings=64, eos_token_id=98, bos_token_id=1, pad_token_id=0)
    decoder = tasks_test.randomise(t.LlamaForCausalLM(llama), 4)
    stages = IpfsAccelerateExporter().export_for_generation(decoder, inputs(2, 5), IpfsAccelerateConfig(dynamic=True), multi_token_decode=True)
    for sample in (inputs(2, 5), inputs(1, 9)):
        options = dict(max_new_tokens=10, do_sample=False)
        assert torch.equal(for_generation(stages).generate(**sample, **options), decoder.generate(**sample, **options))


# ---- the original names -------------------------------------------------------------------------------------------------

def bert_base(folder):
    """A folder with the real configuration and tokenizer of bert-base-uncased, and random weights."""
    import torch
    import transformers as t
    torch.manual_seed(5)
    model = t.BertForMaskedLM(t.BertConfig(**{k: v for k, v in BERT_BASE.items() if k != "architectures"}))
    model.save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(BERT_BASE))
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        if (file := support.minilm() / name).exists():
            shutil.copy(file, folder / name)


def original_names(build, folder):
    program = support.Program(build)
    place = folder / "original"
    if not (place / "complete").exists():
        shutil.rmtree(place, ignore_errors=True)
        (place / "bert-base-uncased").mkdir(parents=True)
        bert_base(place / "bert-base-uncased")
        (place / "complete").write_text("")
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        store = {"ACCELERATE_STORE": str(work / "store")}
        added = program.run("store", "add", place / "bert-base-uncased", "--name", "bert-base-uncased", env=store)
        assert added.returncode == 0, added.stdout + added.stderr
        # the commands run in a copy of the generators, which they write into
        shutil.copytree(support.ROOT / "generators", work / "generators")
        path = os.pathsep.join([str(build.resolve() / "python"), str(work)])
        env = {**program.environment({}), "PYTHONPATH": path, "HF_HOME": str(work / "hub"), "OMP_NUM_THREADS": "2",
               "HF_ENDPOINT": f"http://127.0.0.1:{port}", "ACCELERATE_CACHE_DIR": str(build.resolve().parent / "engine-cache")}
        env.pop("HF_HUB_OFFLINE", None)
        command = [sys.executable, "generators/skill_generator/generate_skillsets.py", "--model", "bert-base-uncased"]
        def run(*arguments, **more):
            return subprocess.run(arguments, cwd=work, env={**env, **more}, text=True, capture_output=True, timeout=400)

        missing = run(*command)
        assert missing.returncode == 1 and "HF_ENDPOINT" in missing.stderr, missing.stdout + missing.stderr
        assert not list((work / "generators/models").glob("skill_hf_*")), "a failed generation left something"
        server = program.start("store", "serve", "--port", port, env=store)
        try:
            server.stdout.readline()
            made = run(*command)
        finally:
            server.terminate()
            server.wait()
        assert made.returncode == 0, made.stdout + made.stderr
        assert (work / "generators/models/skill_hf_bert_base_uncased.py").exists()
        usage = ("import json; from generators.models.skill_hf_bert_base_uncased import BertbaseuncasedSkill;"
                 "skill = BertbaseuncasedSkill(); out = skill.process('Test input');"
                 "print(json.dumps([out, skill.get_default_device_with_mojo_max(), skill.supports_mojo_max_target()]))")
        import torch
        import transformers as t
        tokenizer = t.AutoTokenizer.from_pretrained(place / "bert-base-uncased")
        with torch.no_grad():
            expected = t.BertModel.from_pretrained(place / "bert-base-uncased")(**tokenizer("Test input", return_tensors="pt")).last_hidden_state
        for flag in ("", "1"):
            done = run(sys.executable, "-c", usage, USE_MOJO_MAX_TARGET=flag)
            assert done.returncode == 0, done.stderr[-2000:]
            out, default, supported = json.loads(done.stdout)
            assert out["success"] is True and out["model"] == "bert-base-uncased", out
            assert (torch.tensor(out["result"]) - expected).abs().max() <= 1e-4 * expected.abs().max()
            if flag:
                assert out["requested_device"] == "mojo_max", out["requested_device"]
                assert supported == (out["fallback_reason"] is None), out["fallback_reason"]
            assert (default == "mojo_max") == bool(flag and supported)
            assert {"backend", "device", "requested_device", "fallback_reason", "model", "success", "timing"} <= set(out)


def classes_by_name(ia):
    from ipfs_accelerate.skill_class import class_name, module_name, source_of
    assert (module_name("bert-base-uncased"), class_name("bert-base-uncased")) == ("skill_hf_bert_base_uncased", "BertbaseuncasedSkill")
    native = ia.classes(native=True)
    assert "BertModel" in native and native == sorted(set(native))
    # what a model is called stands in the source as a literal only
    name = 'x"""\n\nimport os; os.abort()\\'
    source = source_of(name, {"class": name, "task": None}, name, None)
    space = {"__file__": "/nowhere/a.py", "__name__": "generated"}
    exec(compile(source, "generated", "exec"), space)
    made = space[class_name(name)]
    assert (made.MODEL, made.ARCHITECTURE, made.TASK) == (name, name, "")


def bare_import(build):
    """The package, and what generated classes import, load neither NumPy, torch nor transformers."""
    code = "import sys, ipfs_accelerate, ipfs_accelerate.ops, ipfs_accelerate.skill_class; print([m for m in ('numpy', 'torch', 'transformers') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(build.resolve() / "python"), "PATH": os.environ["PATH"]}, text=True, capture_output=True)
    assert done.returncode == 0 and done.stdout.strip() == "[]", done.stdout + done.stderr


def main():
    args = support.arguments(__doc__)
    suite = support.Suite(args.only)
    package = args.build.resolve() / "python"
    if not list((package / "ipfs_accelerate").glob("_core.*.so")):
        support.skip_all("the Python package is not built: nanobind or Python's headers are missing")
    sys.path.insert(0, str(package))
    import ipfs_accelerate as ia

    versions = support.require_transformers()
    folder, complete = support.cache_folder(args.build, tasks_test.__file__, versions)
    if not complete:
        tasks_test.expected(folder)
    wanted = json.loads((folder / "expected.json").read_text())
    suite.check("bare import", bare_import, args.build)
    suite.check("names of classes", classes_by_name, ia)
    suite.check("graphs", graphs, ia)
    suite.check("tensors", tensors, ia)
    suite.check("mistakes", mistakes, ia, folder)
    suite.check("threads", threads, ia, folder)
    pipelines(ia, folder, wanted, suite)
    suite.check("tokenizers", tokenizers, ia)
    suite.check("skills", skills, ia, folder, wanted)
    suite.check("exports of transformers", exports, ia)
    suite.check("the original names", original_names, args.build, folder)
    suite.finish()


if __name__ == "__main__":
    main()
