#!/usr/bin/env python3
"""Compares our CPU backend with PyTorch, ONNX Runtime and OpenVINO: same weights, inputs and threads, f32.

Each engine is a process of its own with the model loaded. They take turns, a few runs at a time, in an order that
changes from round to round, so that a machine that slows down slows all of them. Outputs are compared before timing.
Writes bench/results/DATE-CPU.json (raw samples, machine), .md (table) and .png (plot).

Usage: compare.py --binary FOLDER/ipfs-accelerate [--only TEXT] [--rounds N] [--seconds S]
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import random
import statistics
import subprocess
import sys
import time

import numpy as np
from safetensors.numpy import load_file, save_file

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENGINES = ["ours", "pytorch", "onnxruntime", "openvino"]
LINES = [("minilm", 1), ("minilm", 32), ("bert-base", 1), ("bert-base", 32), ("vit-b16", 1), ("vit-b16", 8), ("resnet50", 1), ("resnet50", 8)]
SEQUENCE = 128


def model_folder(name, work):
    """The folder of a model; random ones are made once, by transformers, from the real configuration."""
    if name == "minilm":
        found = subprocess.run([sys.executable, ROOT / "tools/model_path.py", "minilm"], check=True, capture_output=True, text=True)
        return pathlib.Path(found.stdout.strip())
    target = work / name
    if (target / "model.safetensors").exists():
        return target
    import torch
    import transformers

    torch.manual_seed(0)
    make = {
        "bert-base": lambda: transformers.BertModel(transformers.BertConfig()),
        "vit-b16": lambda: transformers.ViTForImageClassification(transformers.ViTConfig(num_labels=1000)),
        "resnet50": lambda: transformers.ResNetForImageClassification(transformers.ResNetConfig(num_labels=1000)),
    }
    model = make[name]().eval()
    model.save_pretrained(target)
    return target


def make_inputs(name, batch, path):
    rng = np.random.default_rng(7)
    if name in ("minilm", "bert-base"):
        values = {
            "input_ids": rng.integers(1000, 20000, (batch, SEQUENCE), dtype=np.int64),
            "attention_mask": np.ones((batch, SEQUENCE), np.int64),
            "token_type_ids": np.zeros((batch, SEQUENCE), np.int64),
        }
    else:
        values = {"pixel_values": rng.standard_normal((batch, 3, 224, 224), dtype=np.float32)}
    save_file(values, path)


class Engine:
    """A worker process."""

    def __init__(self, name, folder, inputs, threads, binary):
        self.name = name
        self.log = open(inputs.parent / f"{name}.log", "w")
        if name == "ours":
            command = [str(binary.parent / "bench_worker"), str(folder), str(inputs), str(threads)]
        else:
            command = [sys.executable, str(ROOT / "bench/engine_worker.py"), name, str(folder), str(inputs), str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.info = self.answer()

    def answer(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"{self.name} ended; see {self.log.name}:\n" + pathlib.Path(self.log.name).read_text()[-2000:])

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.log.close()


def peak_gflops(binary):
    """The machine's measured f32 FMA peak on the given threads, by our worker's loop."""
    out = subprocess.run([str(binary.parent / "bench_worker"), "--peak", "2"], check=True, capture_output=True, text=True).stdout
    return json.loads(out)["gflops"]


def flops_of(name, batch):
    """Multiply-adds times two of the dense products, convolutions and attention."""
    if name == "resnet50":
        return batch * 2 * 4.09e9
    layers, width, inner, tokens = {"minilm": (6, 384, 1536, SEQUENCE), "bert-base": (12, 768, 3072, SEQUENCE), "vit-b16": (12, 768, 3072, 197)}[name]
    per_layer = 2 * tokens * width * (4 * width + 2 * inner) + 4 * tokens * tokens * width
    extra = 2 * 196 * 768 * 768 if name == "vit-b16" else 0
    return batch * (layers * per_layer + extra)


def measure(name, batch, args, work, threads):
    folder = model_folder(name, work)
    place = work / f"{name}-{batch}"
    place.mkdir(exist_ok=True)
    inputs = place / "inputs.safetensors"
    make_inputs(name, batch, inputs)
    engines, failed = [], {}
    for engine in ENGINES:
        try:
            engines.append(Engine(engine, folder, inputs, threads, args.binary))
        except Exception as error:  # an engine that cannot run the model is a line in the table, not the end
            failed[engine] = str(error).splitlines()[0]
            print(f"  {engine}: {error}", file=sys.stderr)
    outputs = {}
    for engine in engines:
        file = place / f"{engine.name}.safetensors"
        engine.ask(f"outputs {file}")
        outputs[engine.name] = [v for _, v in sorted(load_file(file).items(), key=lambda item: int(item[0]))]
    agreement = {}
    for engine in engines:
        if engine.name != "pytorch" and "pytorch" in outputs:
            worst = 0.0
            for ours, theirs in zip(outputs[engine.name], outputs["pytorch"]):
                worst = max(worst, float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-30)))
            agreement[engine.name] = worst
    samples = {engine.name: [] for engine in engines}
    once = {engine.name: statistics.median(engine.ask("run 3")["ms"]) for engine in engines}
    repeat = max(1, min(20, int(200 / min(once.values()))))
    rounds = max(3, min(args.rounds, int(args.seconds * 1000 / (sum(once.values()) * repeat))))
    order = list(engines)
    for _ in range(rounds):
        random.shuffle(order)
        for engine in order:
            samples[engine.name].append(engine.ask(f"run {repeat}")["ms"])
    versions = {engine.name: engine.info.get("version", "") for engine in engines}
    for engine in engines:
        engine.close()
    return {"model": name, "batch": batch, "samples_ms": samples, "agreement": agreement, "versions": versions, "failed": failed, "repeat": repeat}


def summary(line, peak):
    """Medians of rounds, and the ratio to the best peer round by round."""
    rounds = {name: [statistics.median(r) for r in values] for name, values in line["samples_ms"].items()}
    median = {name: statistics.median(values) for name, values in rounds.items()}
    peers = [name for name in median if name != "ours"]
    best = min(peers, key=median.get)
    ratios = sorted(b / a for a, b in zip(rounds["ours"], rounds[best]))
    quarter = len(ratios) // 4
    return {"median_ms": median, "best_peer": best, "ratio": statistics.median(ratios), "low": ratios[quarter], "high": ratios[-1 - quarter],
            "peak_share": flops_of(line["model"], line["batch"]) / (median["ours"] * 1e6) / peak}


def table(lines, peak):
    out = ["| model | batch | ours ms | PyTorch ms | ONNX Runtime ms | OpenVINO ms | best peer | ratio (quartiles) | share of peak | max rel. difference |",
           "|---|---|---|---|---|---|---|---|---|---|"]
    for line in lines:
        s = summary(line, peak)
        cell = lambda name: f"{s['median_ms'][name]:.1f}" if name in s["median_ms"] else "failed"
        out.append(f"| {line['model']} | {line['batch']} | {cell('ours')} | {cell('pytorch')} | {cell('onnxruntime')} | {cell('openvino')} | {s['best_peer']} | "
                   f"{s['ratio']:.2f} ({s['low']:.2f} to {s['high']:.2f}) | {100 * s['peak_share']:.0f} % | {line['agreement'].get('ours', float('nan')):.1e} |")
    return "\n".join(out)


def plot(lines, peak, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    labels = [f"{line['model']}\nbatch {line['batch']}" for line in lines]
    figure, axes = plt.subplots(figsize=(11, 4.5))
    width = 0.2
    for k, name in enumerate(ENGINES):
        speeds, low, high = [], [], []
        for line in lines:
            rounds = {n: [statistics.median(r) for r in v] for n, v in line["samples_ms"].items()}
            if name not in rounds:
                speeds.append(0), low.append(0), high.append(0)
                continue
            reference = statistics.median(rounds["ours"])
            ratio = sorted(reference / v for v in rounds[name])
            middle = statistics.median(ratio)
            speeds.append(middle)
            low.append(middle - ratio[len(ratio) // 4])
            high.append(ratio[-1 - len(ratio) // 4] - middle)
        axes.bar([i + (k - 1.5) * width for i in range(len(lines))], speeds, width, yerr=[low, high], capsize=2, label=name)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_xticks(range(len(lines)), labels, fontsize=8)
    axes.set_ylabel("speed relative to ours (higher is faster)")
    axes.set_title("f32 inference on the CPU, equal threads; bars are medians, whiskers quartiles", fontsize=10)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=40, help="measuring time of one line")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    args = parser.parse_args()
    args.binary = args.binary.resolve()
    work = ROOT / "build/bench"
    work.mkdir(parents=True, exist_ok=True)
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
    flags = next((l.split(":")[1].split() for l in open("/proc/cpuinfo") if l.startswith("flags")), [])
    peak = peak_gflops(args.binary)
    machine = {"cpu": cpu, "threads": args.threads, "isa": [f for f in flags if f.startswith(("avx", "amx"))], "kernel": platform.release(),
               "peak_f32_gflops": peak, "load_before": os.getloadavg()}
    lines = []
    for name, batch in LINES:
        if args.only and args.only not in f"{name}-{batch}":
            continue
        print(f"{name} batch {batch} ...", flush=True)
        lines.append(measure(name, batch, args, work, args.threads))
        s = summary(lines[-1], peak)
        print("  " + ", ".join(f"{k} {v:.1f} ms" for k, v in s["median_ms"].items()) + f"; ratio to {s['best_peer']} {s['ratio']:.2f}", flush=True)
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    results = ROOT / "bench/results"
    results.mkdir(exist_ok=True)
    base = results / f"{stamp}-{''.join(c if c.isalnum() else '-' for c in cpu).strip('-').lower()}"
    base.with_suffix(".json").write_text(json.dumps({"date": stamp, "machine": machine, "lines": lines}) + "\n")
    text = (f"Made by `make bench` on {stamp}. CPU: {cpu}, {args.threads} threads, measured f32 peak {peak:.0f} GFLOP/s. "
            f"Ratio: time of the best peer over ours, round by round (above 1: ours is faster).\n\n{table(lines, peak)}\n")
    base.with_suffix(".md").write_text(text)
    plot(lines, peak, base.with_suffix(".png"))
    print(text)


if __name__ == "__main__":
    main()
