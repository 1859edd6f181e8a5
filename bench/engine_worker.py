#!/usr/bin/env python3
"""One engine with one model, driven line by line on stdin: the Python side of bench/compare.py.

Usage: engine_worker.py ENGINE MODEL_FOLDER INPUTS.safetensors THREADS
Commands: `run N` answers {"ms": [...]}; `outputs FILE.safetensors` writes the outputs of one run; `quit`.
"""
import json
import os
import pathlib
import sys
import time

engine, folder, inputs_file, threads = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
os.environ["OMP_NUM_THREADS"] = str(threads)
import numpy as np  # noqa: E402
from safetensors.numpy import load_file, save_file  # noqa: E402

inputs = load_file(inputs_file)


def load_torch():
    import torch
    import transformers

    torch.set_num_threads(threads)
    architecture = json.loads((folder / "config.json").read_text())["architectures"][0]
    model = getattr(transformers, architecture).from_pretrained(folder, dtype=torch.float32).eval()
    return torch, model


def positional(torch, model):
    """The model as a function of the inputs in order, giving its tensors in order."""

    class Wrapped(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *values):
            out = self.model(**dict(zip(inputs, values)))
            return tuple(v for v in out.to_tuple() if isinstance(v, torch.Tensor))

    return Wrapped().eval()


def onnx_file():
    work = pathlib.Path(inputs_file).parent  # MODEL-BATCH, one folder a line of the table
    path = work.parent / f"{work.name.rsplit('-', 1)[0]}.onnx"
    if path.exists():
        return path
    torch, model = load_torch()
    example = tuple(torch.from_numpy(v) for v in inputs.values())
    torch.onnx.export(positional(torch, model), example, str(path), dynamo=True, optimize=True, input_names=list(inputs),
                      dynamic_shapes=(tuple({0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC} if v.ndim == 2 else {0: torch.export.Dim.DYNAMIC} for v in inputs.values()),),
                      external_data=False)
    return path


def make_pytorch():
    torch, model = load_torch()
    tensors = {k: torch.from_numpy(v) for k, v in inputs.items()}

    def call():
        with torch.inference_mode():
            return [v.numpy() for v in model(**tensors).to_tuple() if isinstance(v, torch.Tensor)]

    return call, f"torch {torch.__version__}"


def make_onnxruntime():
    import onnxruntime as ort

    path = onnx_file()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    feed = {name: inputs[name] for name in names}
    return (lambda: session.run(None, feed)), f"onnxruntime {ort.__version__}"


def make_openvino():
    import openvino as ov

    torch, model = load_torch()
    core = ov.Core()
    example = {k: torch.from_numpy(v) for k, v in inputs.items()}
    with torch.no_grad():
        converted = ov.convert_model(model, example_input=example)
    config = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1}
    compiled = core.compile_model(converted, "CPU", config)
    request = compiled.create_infer_request()
    feed = {}
    for port in compiled.inputs:
        name = next(n for n in port.get_names() if n in inputs)
        feed[name] = inputs[name]

    def call():
        result = request.infer(feed, share_inputs=True, share_outputs=True)
        return [result[i] for i in range(len(compiled.outputs))]

    return call, f"openvino {ov.__version__}"


call, version = {"pytorch": make_pytorch, "onnxruntime": make_onnxruntime, "openvino": make_openvino}[engine]()
call()
print(json.dumps({"ready": True, "version": version}), flush=True)
for line in sys.stdin:
    words = line.split()
    if not words or words[0] == "quit":
        break
    if words[0] == "run":
        times = []
        for _ in range(int(words[1])):
            begin = time.perf_counter()
            call()
            times.append(1000 * (time.perf_counter() - begin))
        print(json.dumps({"ms": times}), flush=True)
    elif words[0] == "outputs":
        save_file({str(i): np.ascontiguousarray(v) for i, v in enumerate(call())}, words[1])
        print(json.dumps({"written": True}), flush=True)
