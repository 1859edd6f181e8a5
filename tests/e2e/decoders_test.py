#!/usr/bin/env python3
"""Captured decoders and models of several graphs in the program: whole sequences, step by step with states, and by role.

Usage: decoders_test.py [--build FOLDER] [--only TEXT]. Needs torch and transformers in this Python.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import support

TOLERANCE = 1e-4
BINDINGS = support.ROOT / "bindings/python"
# Rotary positions, normalised heads, softcap and windows, learned positions, windows, sinks, ALiBi, experts.
DECODERS = ["LlamaForCausalLM", "Qwen3ForCausalLM", "Gemma2ForCausalLM", "GPT2LMHeadModel", "MistralForCausalLM",
            "GptOssForCausalLM", "BloomForCausalLM", "MixtralForCausalLM"]
COMPONENTS = ["BartForConditionalGeneration", "T5ForConditionalGeneration", "WhisperForConditionalGeneration",
              "LlavaForConditionalGeneration"]


def save(path, tensors):
    from safetensors.torch import save_file

    save_file({name: value.contiguous() for name, value in tensors.items()}, str(path))


def load(path):
    from safetensors.torch import load_file

    return load_file(str(path))


def difference(found, wanted, real=None):
    """Largest difference relative to the largest wanted value; of [B,T,...] where `real` [B,T] says so."""
    assert found.shape == wanted.shape, f"{tuple(found.shape)}, expected {tuple(wanted.shape)}"
    if real is not None:
        found, wanted = found[real], wanted[real]
    return float((found - wanted).abs().max() / wanted.abs().max())


def folder_of(name, folder):
    """A small model of a class with random weights as a folder, and its samples."""
    from ipfs_accelerate.capture.forms import Small

    small = Small(name)
    small.model.save_pretrained(folder)
    return small


def capture(folder, *arguments):
    """Runs the capture command; its facts."""
    env = {**os.environ, "PYTHONPATH": str(BINDINGS), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-m", "ipfs_accelerate.capture", str(folder), *arguments], env=env, text=True,
                          capture_output=True, timeout=300)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-2000:]
    return json.loads(done.stdout)


def decoder_case(name, folder):
    """A decoder's folder in the form attention, with inputs and eager outputs at sizes that the capture did not see."""
    import torch
    from ipfs_accelerate.capture import case, forms
    from ipfs_accelerate.capture.draws import Draws

    small = folder_of(name, folder)
    found = forms.checked_attention(small.model, small.samples[:2], 300)
    case.write_case(folder, small.model, found)
    torch.manual_seed(1)
    vocabulary = small.model.config.get_text_config().vocab_size
    for index, (batch, length, padding) in enumerate([(1, 17, 0), (3, 23, 4)]):
        mask = torch.ones(batch, length, dtype=torch.long)
        mask[batch - 1, :padding] = 0
        given = {"input_ids": torch.randint(3, vocabulary, (batch, length)), "attention_mask": mask}
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        try:
            wanted = case.call(small.model, {**given, "position_ids": positions, "use_cache": False}, 0, Draws())
        except TypeError:
            wanted = case.call(small.model, {**given, "use_cache": False}, 0, Draws())
        save(folder / f"in-{index}.safetensors", {**given, "position_ids": positions})
        save(folder / f"out-{index}.safetensors", {"logits": wanted["logits"]})
    return found.way


def main():
    args = support.arguments(__doc__)
    versions = support.require_transformers()
    sys.path.insert(0, str(BINDINGS))
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    suite = support.Suite(args.only)
    program = support.Program(args.build)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="accelerate-decoders-"))
    sources = "".join(path.read_text() for path in sorted((BINDINGS / "ipfs_accelerate/capture").glob("*.py")))
    kept, complete = support.cache_folder(args.build, __file__, versions, sources)
    if not complete:
        shutil.rmtree(kept, ignore_errors=True)

    def decoder(name):
        folder = kept / name
        if not complete:
            decoder_case(name, folder)
        worst = 0.0
        for index, first in ((0, 1), (0, 11), (1, 14)):
            given, wanted = folder / f"in-{index}.safetensors", load(folder / f"out-{index}.safetensors")["logits"]
            real = load(given)["attention_mask"].bool()
            out = scratch / "out.safetensors"
            for steps in ((), ("--prefill", first)):
                program.json("execute", folder, "--graph", "captured", "--inputs", given, "--outputs", out, *steps)
                error = difference(load(out)["logits"], wanted, real)
                assert error <= TOLERANCE, f"{name}, inputs {index}, {steps or 'whole'}: {error}"
                worst = max(worst, error)
        done = program.run("verify", folder, "--json")
        assert done.returncode == 0 and json.loads(done.stdout)["passed"], done.stdout[-2000:] + done.stderr[-2000:]
        return f"worst max|a-b|/max|b| {worst:.1e}"

    def by_default():
        """What a plain capture of a folder of a language model gives."""
        folder = scratch / "default"
        small = folder_of("Qwen3ForCausalLM", folder)
        facts = capture(folder)
        assert facts["form"] == "attention" and facts["inputs"] == ["input_ids", "attention_mask", "position_ids"], facts
        facts = capture(folder, "--form", "plain")
        assert facts["form"] == "plain" and facts["inputs"] == ["input_ids", "attention_mask"], facts
        sample = small.samples[0]
        save(folder / "in.safetensors", sample.tensors())
        code, error = program.error("execute", folder, "--graph", "captured", "--inputs", folder / "in.safetensors",
                                    "--prefill", "2")
        assert code == 3 and "--form attention" in error["message"], error

    def components(name):
        folder = kept / name
        import torch

        if not complete:
            small = folder_of(name, folder)
            facts = capture(folder)
            assert "graphs" in facts, facts
            (folder / "facts.json").write_text(json.dumps(facts))
            sample = small.samples[2]
            save(folder / "in.safetensors", sample.tensors())
            save(folder / "out.safetensors", {k: v for k, v in sample.outputs.items() if k == "logits"})
        facts = json.loads((folder / "facts.json").read_text())
        described = program.run("inspect", folder, "--json")
        assert described.returncode == 0, described.stderr
        shown = json.loads(described.stdout)
        assert set(shown["graphs"]) == set(facts["graphs"]), shown["graphs"].keys()
        values = load(folder / "in.safetensors")
        wanted = load(folder / "out.safetensors")["logits"]
        prefix = "decoder_" if "decoder" in facts["graphs"] else ""
        batch, length = values[f"{prefix}input_ids"].shape
        values.setdefault(f"{prefix}attention_mask", torch.ones(batch, length, dtype=torch.long))
        values[f"{prefix}position_ids"] = torch.arange(length)[None].repeat(batch, 1)
        links = {target: source for source, target in facts["links"]}
        given, out = scratch / "in.safetensors", scratch / "out.safetensors"

        def run(role, values, *steps):
            names = [value["name"] for value in shown["graphs"][role]["inputs"]]
            found = {x: values.get(links.get(f"{role}.{x}", x), values.get(x)) for x in names}
            save(given, found)
            program.json("execute", folder, "--graph", "captured", "--role", role, "--inputs", given, "--outputs", out, *steps)
            return {f"{role}.{key}": value for key, value in load(out).items()}

        forms = {role: graph["form"] for role, graph in facts["graphs"].items()}
        last = list(facts["graphs"])[-1]
        for role in facts["graphs"]:
            values |= run(role, values)
        error = difference(values[f"{last}.logits"], wanted, values[f"{prefix}attention_mask"].bool())
        assert error <= TOLERANCE, f"{name}: {error}"
        note = f"{', '.join(forms)}: max|a-b|/max|b| {error:.1e}"
        if forms[last] == "attention":
            stepped = run(last, values, "--prefill", "2")[f"{last}.logits"]
            error = difference(stepped, wanted, values[f"{prefix}attention_mask"].bool())
            assert error <= TOLERANCE, f"{name}, step by step: {error}"
            note += f", step by step {error:.1e}"
        return note

    def errors():
        folder = kept / COMPONENTS[0]
        given = folder / "in.safetensors"
        code, error = program.error("execute", folder, "--graph", "captured", "--inputs", given)
        assert code == 2 and "--role" in error["message"] and "encoder" in error["message"], error
        code, error = program.error("execute", folder, "--graph", "captured", "--role", "tower", "--inputs", given)
        assert code == 2 and "decoder, encoder" in error["message"], error

    for name in DECODERS:
        suite.check(f"decoder {name}", decoder, name)
    for name in COMPONENTS:
        suite.check(f"components {name}", components, name)
    suite.check("form by default", by_default)
    suite.check("errors", errors)
    if not args.only and not suite.failed:
        (kept / "complete").touch()
    shutil.rmtree(scratch)
    suite.finish()


if __name__ == "__main__":
    main()
