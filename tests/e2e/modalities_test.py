#!/usr/bin/env python3
"""Tasks on sound and video with captured models, compared with what transformers computes.

Usage: modalities_test.py [--build FOLDER] [--only TEXT]. Models are small and random; they are captured once, and then
the program runs without Python.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import wave

import support

BINDINGS = support.ROOT / "bindings/python"
RATE = 16000


def sound(path, seconds):
    """A chirp with noise as a 16-bit WAV file; returns its samples in [-1, 1) as the file holds them."""
    import numpy as np

    time = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(7).normal(size=time.size)
    samples = np.round((0.4 * np.sin(2 * np.pi * (200 + 900 * time) * time) + 0.05 * noise) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return samples.astype(np.float32) / 32768


def save(folder, model, processor, files=None):
    """Writes a model with random weights and statistics, and captures it."""
    sys.path.insert(0, str(BINDINGS))
    from ipfs_accelerate.capture.randomize import randomize

    randomize(model, 3)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    for name, content in (files or {}).items():
        (folder / name).write_text(json.dumps(content))
    subprocess.run([sys.executable, "-m", "ipfs_accelerate.capture", str(folder)], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "PYTHONPATH": str(BINDINGS), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"})


def same_labels(found, wanted):
    assert [entry["label"] for entry in found] == [entry["label"] for entry in wanted], (found, wanted)
    support.close([entry["score"] for entry in found], [entry["score"] for entry in wanted], 1e-4)


def main():
    options = support.arguments(__doc__)
    support.require_transformers()
    import numpy as np
    import torch
    import transformers as tf

    tf.utils.logging.disable_progress_bar()

    suite = support.Suite(options.only)
    program = support.Program(options.build)
    scratch = tempfile.TemporaryDirectory()
    root = pathlib.Path(scratch.name)
    clips = {name: (str(root / f"{name}.wav"), sound(root / f"{name}.wav", length)) for name, length in (("long", 1.3), ("short", 0.7))}
    audio = [argument for path, _ in clips.values() for argument in ("--audio", path)]
    speech = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, conv_dim=(32, 32, 32),
                  conv_stride=(5, 4, 4), conv_kernel=(10, 8, 4), num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4)

    def recognition():
        folder = root / "ctc"
        vocabulary = {token: i for i, token in enumerate(["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJÄÖÜ"])}
        torch.manual_seed(0)
        model = tf.Wav2Vec2ForCTC(tf.Wav2Vec2Config(vocab_size=len(vocabulary), **speech)).eval()
        save(folder, model, tf.Wav2Vec2FeatureExtractor(), {"vocab.json": vocabulary})
        (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "Wav2Vec2CTCTokenizer", "do_lower_case": True}))
        tokenizer = tf.Wav2Vec2CTCTokenizer.from_pretrained(folder)
        pipe = tf.pipeline("automatic-speech-recognition", model=tf.Wav2Vec2ForCTC.from_pretrained(folder),
                           feature_extractor=tf.Wav2Vec2FeatureExtractor.from_pretrained(folder), tokenizer=tokenizer)
        wanted = [pipe({"raw": samples, "sampling_rate": RATE})["text"] for _, samples in clips.values()]
        found = program.json("run", str(folder), *audio)
        assert found["task"] == "automatic-speech-recognition", found["task"]
        assert [entry["text"] for entry in found["result"]] == wanted and all(wanted), (found["result"], wanted)
        return repr(wanted[0][:20])

    def classification():
        folder = root / "ast"
        torch.manual_seed(0)
        config = tf.ASTConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, max_length=128,
                              num_mel_bins=32, num_labels=7)
        extractor = tf.ASTFeatureExtractor(num_mel_bins=32, max_length=128)
        save(folder, tf.ASTForAudioClassification(config).eval(), extractor)
        pipe = tf.pipeline("audio-classification", model=tf.ASTForAudioClassification.from_pretrained(folder), feature_extractor=extractor)
        found = program.json("run", str(folder), *audio, "--top-k", "4")
        assert found["task"] == "audio-classification", found["task"]
        for entry, (_, samples) in zip(found["result"], clips.values(), strict=True):
            same_labels(entry, pipe(samples, top_k=4))

    def by_name():
        # The class does not tell that it hears; the task does.
        folder = root / "wav2vec2"
        torch.manual_seed(0)
        model = tf.Wav2Vec2ForSequenceClassification(tf.Wav2Vec2Config(num_labels=3, classifier_proj_size=16, **speech)).eval()
        save(folder, model, tf.Wav2Vec2FeatureExtractor())
        pipe = tf.pipeline("audio-classification", model=tf.Wav2Vec2ForSequenceClassification.from_pretrained(folder),
                           feature_extractor=tf.Wav2Vec2FeatureExtractor())
        found = program.json("run", str(folder), "--task", "audio-classification", *audio)
        for entry, (_, samples) in zip(found["result"], clips.values(), strict=True):
            same_labels(entry, pipe(samples, top_k=3))

    def videos():
        from PIL import Image

        folder = root / "videomae"
        torch.manual_seed(0)
        config = tf.VideoMAEConfig(image_size=32, patch_size=8, num_frames=4, tubelet_size=2, hidden_size=32, num_hidden_layers=2,
                                   num_attention_heads=4, intermediate_size=64, num_labels=6)
        size = {"shortest_edge": 32}
        processor = tf.VideoMAEVideoProcessor(size=size, crop_size={"height": 32, "width": 32})
        save(folder, tf.VideoMAEForVideoClassification(config).eval(), processor)
        model = tf.VideoMAEForVideoClassification.from_pretrained(folder).eval()
        frames = sorted((support.ROOT / "tests/golden/data/videos/wide").iterdir(), key=lambda p: (len(p.name), p.name))
        clip = np.stack([np.asarray(Image.open(frame).convert("RGB")) for frame in frames])
        metadata = {"total_num_frames": len(clip), "fps": 24.0, "frames_indices": list(range(len(clip)))}
        inputs = processor(torch.from_numpy(clip).permute(0, 3, 1, 2), num_frames=4, do_sample_frames=True, video_metadata=[metadata], return_tensors="pt")
        with torch.no_grad():
            scores = model(**inputs).logits[0].softmax(-1)
        best, which = scores.topk(5)
        wanted = [{"label": model.config.id2label[int(i)], "score": float(s)} for s, i in zip(best, which)]
        found = program.json("run", str(folder), "--video", str(frames[0].parent))
        assert found["task"] == "video-classification", found["task"]
        same_labels(found["result"][0], wanted)
        return f"{len(clip)} frames"

    def wrong_inputs():
        _, error = program.error("run", str(root / "ast"), "--text", "words")
        assert "takes audio clips, and texts were given" in error["message"], error
        (root / "ctc/vocab.json").rename(root / "ctc/gone.json")
        _, error = program.error("run", str(root / "ctc"), *audio)
        assert error["code"] == "not_found" and "vocab.json" in error["message"], error
        _, error = program.error("run", str(root / "ast"), "--audio", __file__)
        assert error["code"] == "unsupported_format", error

    suite.check("automatic-speech-recognition: a CTC model", recognition)
    suite.check("audio-classification: a spectrogram transformer", classification)
    suite.check("audio-classification: by the task's name", by_name)
    suite.check("video-classification: a folder of frames", videos)
    suite.check("inputs of another kind and missing files are named", wrong_inputs)
    suite.finish()


if __name__ == "__main__":
    main()
