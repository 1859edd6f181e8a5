"""Writes short clips and what transformers' video processors make of them.

    python tests/golden/make_videos.py [--out FOLDER]

The committed files of tests/golden/data/videos. Needs numpy, Pillow, torch, torchvision and transformers. Deterministic.

manifest.json lists `cases` (config, the clips as lists of frame files, options of the call, and each expected tensor's name,
shape and offset in expected.f32), `samples` (indices of sampled frames) and the frames of `animated.webp`.
"""

import argparse
import json
import pathlib

import numpy as np
import transformers
from make_images import encode, picture
from PIL import Image
from transformers.video_utils import VideoMetadata, default_sample_indices_fn


def video_cases() -> list[tuple[dict, list[int], dict]]:
    """(settings, clips: 0 is wide, 1 tall, options of the call)."""
    kind = lambda name, **values: {"video_processor_type": name + "VideoProcessor", **values}
    exact = lambda height, width: {"height": height, "width": width}
    short = {"shortest_edge": 16}
    return [
        (kind("VideoMAE", size=short, crop_size=exact(14, 14)), [0], {}),
        (kind("VideoMAE", size=short, crop_size=exact(14, 19)), [0, 1], {"num_frames": 4}),
        (kind("Vivit", size=short, crop_size=exact(14, 14)), [1], {}),
        (kind("Vivit", size=short, crop_size=exact(14, 14), do_normalize=False), [0], {"fps": 3}),
        (kind("VJEPA2", crop_size=14), [0], {}),
        (kind("LlavaNextVideo", size=short, crop_size=exact(12, 12)), [1], {"num_frames": 2}),
        (kind("LlavaOnevision", size=exact(12, 15)), [0, 0], {}),
        (kind("InstructBlipVideo", size=exact(14, 12)), [0], {}),
        (kind("Qwen2VL", patch_size=4, size={"shortest_edge": 256, "longest_edge": 500}), [0], {}),
        (kind("Qwen2VL", patch_size=4, size={"shortest_edge": 256, "longest_edge": 500}), [0, 1], {"num_frames": 4}),
        (kind("Qwen2VL", patch_size=3, temporal_patch_size=3, size={"shortest_edge": 64, "longest_edge": 4000},
              cap_pixels_per_frame=True, max_video_tokens=30), [1], {"num_frames": 6}),
    ]  # fmt: skip


def samples() -> list[dict]:
    qwen = transformers.Qwen2VLVideoProcessor()
    cases = []
    for total, rate in ((1, 1.0), (7, 10.0), (33, 29.97), (250, 25.0)):
        metadata = VideoMetadata(total_num_frames=total, fps=rate)
        for options in ({"num_frames": 1}, {"num_frames": 5}, {"num_frames": 32}, {"fps": 2.0}, {"fps": 0.3}, {"fps": 24.0}):
            for groups, choose in ((False, lambda m, **o: default_sample_indices_fn(m, **o)), (True, qwen.sample_frames)):
                try:
                    indices = [int(i) for i in choose(metadata, **options)]
                except (ValueError, ZeroDivisionError):
                    indices = None
                cases.append({"total": total, "rate": rate, "options": options, "groups": groups, "indices": indices})
    return cases


def main():
    here = pathlib.Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=here / "data" / "videos")
    out = parser.parse_args().out
    rng = np.random.default_rng(20260303)
    clips = []
    for name, size, count in (("wide", (29, 21), 7), ("tall", (19, 26), 7)):
        (out / name).mkdir(parents=True, exist_ok=True)
        frames = [picture(rng, *size) for _ in range(count)]
        for i, frame in enumerate(frames):
            (out / name / f"frame{i + 5}.ppm").write_bytes(encode(Image.fromarray(frame), "PPM"))
        clips.append(np.stack(frames))
    pictures = [Image.fromarray(frame) for frame in clips[0][:3]]
    animated = encode(pictures[0], "WEBP", save_all=True, append_images=pictures[1:], lossless=True, duration=125)
    (out / "animated.webp").write_bytes(animated)

    rate = 8.0
    cases = []
    values = []
    offset = 0
    for settings, names, options in video_cases():
        arguments = {k: v for k, v in settings.items() if k != "video_processor_type"}
        processor = getattr(transformers, settings["video_processor_type"])(**arguments)
        metadata = [VideoMetadata(total_num_frames=len(clips[n]), fps=rate) for n in names]
        sampling = {**options, "do_sample_frames": True, "video_metadata": metadata} if options else {}
        outputs = []
        for key, array in processor([clips[n] for n in names], return_tensors="pt", **sampling).items():
            array = np.asarray(array)
            outputs.append({"name": key, "shape": list(array.shape), "offset": offset})
            values.append(array.astype(np.float32).ravel())
            offset += array.size
        clip_names = [("wide", "tall")[n] for n in names]
        cases.append({"config": settings, "clips": clip_names, "options": options, "outputs": outputs})
    np.concatenate(values).astype("<f4").tofile(out / "expected.f32")
    manifest = {"cases": cases, "samples": samples()}
    text = ",\n".join(f'"{key}": [\n' + ",\n".join(map(json.dumps, items)) + "\n]" for key, items in manifest.items())
    (out / "manifest.json").write_text("{\n" + f'"rate": {rate},\n' + text + "\n}\n")
    print(f"{len(cases)} cases, {offset} values")


if __name__ == "__main__":
    main()
