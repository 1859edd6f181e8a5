"""Writes pictures and all the inputs that transformers' image and video processors make of them.

    python tests/golden/make_image_inputs.py [--out FOLDER]

The committed files of tests/golden/data/image_inputs. Needs numpy, Pillow, torch, torchvision and transformers.
Deterministic. Image classes are run in both their forms, torchvision's and ("Pil") Pillow's, where both exist.

manifest.json lists `cases`: config, images (PPM files), and each expected tensor's name, shape and offset in expected.f32.
`video` marks those of video processors, whose images are the frames of one clip.
"""

import argparse
import json
import pathlib

import numpy as np
import transformers
from make_images import encode, picture
from PIL import Image


def image_cases() -> list[tuple[dict, list[list[str]]]]:
    """(settings, batches of picture names)."""
    kind = lambda name, **values: {"image_processor_type": name + "ImageProcessor", **values}
    edges = lambda short, long: {"shortest_edge": short, "longest_edge": long}
    exact = lambda height, width: {"height": height, "width": width}
    mixed = [["wide"], ["wide", "tall"]]
    each = [["wide"], ["tall"]]
    detection = [
        case
        for name in ("Detr", "ConditionalDetr", "DeformableDetr", "GroundingDino")
        for case in [(kind(name, size=edges(20, 33)), mixed if name == "Detr" else [["wide", "tall"]])]
    ]
    return [
        *detection,
        (kind("Detr", size=edges(20, 33), pad_size=exact(40, 36)), [["wide", "tall"]]),
        (kind("Detr", size=edges(20, 33), do_pad=False), [["tall"]]),
        (kind("Detr", size={"max_height": 24, "max_width": 20}), [["wide", "tall"]]),
        (kind("RTDetr", size=exact(24, 20)), [["wide", "tall"]]),
        (kind("MaskFormer", size=edges(20, 33)), [["wide", "tall"]]),
        (kind("Mask2Former", size=edges(20, 33), size_divisor=8), mixed),
        (kind("OneFormer", size=edges(20, 33)), [["wide", "tall"]]),
        (kind("Sam", size={"longest_edge": 32}, pad_size=exact(32, 32)), mixed),
        (kind("Sam2", size=exact(24, 24)), [["wide", "tall"]]),
        (kind("DPT", size=exact(24, 24)), each),
        (kind("DPT", size=exact(24, 28), keep_aspect_ratio=True, ensure_multiple_of=7), each),
        (kind("DPT", do_resize=False, do_pad=True, size_divisor=16, size=exact(24, 24)), each),
        (kind("GLPN", size_divisor=8), each),
        (kind("Swin2SR"), each + [["even"]]),
        (kind("Swin2SR", size_divisor=16), [["wide"]]),
        (kind("Siglip2", patch_size=4, max_num_patches=20), mixed),
        (kind("Qwen2VL", patch_size=4, size=edges(256, 640)), mixed + [["tiny"]]),
        (kind("Qwen2VL", patch_size=3, merge_size=1, temporal_patch_size=1, size=edges(64, 300)), [["tall", "even"]]),
        (kind("LlavaNext", size={"shortest_edge": 12}, crop_size=exact(12, 12),
              image_grid_pinpoints=[[12, 24], [24, 12], [24, 24], [36, 12]]), mixed),
        (kind("LlavaNext", size={"shortest_edge": 14}, crop_size=exact(12, 12), image_grid_pinpoints=[[24, 36]]), [["tall"]]),
        (kind("Donut", size=exact(28, 20)), each),
        (kind("Donut", size=exact(28, 20), do_align_long_axis=True), [["wide", "tall"]]),
        (kind("Donut", size=exact(28, 36), do_resize=False), [["wide"]]),
        (kind("MobileViT", size={"shortest_edge": 16}, crop_size=exact(14, 18)), each),
        (kind("EfficientNet", size=exact(14, 15)), [["wide"]]),
        (kind("EfficientNet", size=exact(14, 15), rescale_offset=True, rescale_factor=1 / 127.5, include_top=False), [["wide"]]),
        (kind("ViT", size=exact(14, 14)), [["wide", "tall"]]),
    ]  # fmt: skip


def run(settings: dict, images: list[Image.Image]) -> dict[str, np.ndarray]:
    cls = getattr(transformers, settings["image_processor_type"])
    processor = cls(**{k: v for k, v in settings.items() if k != "image_processor_type"})
    # OneFormer also gives its task as text.
    arrays = {k: np.asarray(v) for k, v in processor(images, return_tensors="pt").items()}
    return {k: v for k, v in arrays.items() if v.dtype.kind in "fiub"}


def main():
    here = pathlib.Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=here / "data" / "image_inputs")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20260302)

    sizes = {"wide": (41, 27), "tall": (25, 53), "even": (32, 16), "tiny": (9, 7)}
    pictures = {name: Image.fromarray(picture(rng, *size)) for name, size in sizes.items()}
    for name, image in pictures.items():
        (arguments.out / f"{name}.ppm").write_bytes(encode(image, "PPM"))

    cases = []
    values = []
    offset = 0
    for settings, batches in image_cases():
        for suffix in ("", "Pil"):
            name = settings["image_processor_type"] + suffix
            if not hasattr(transformers, name):
                continue
            config = {**settings, "image_processor_type": name}
            for batch in batches:
                outputs = []
                for key, array in run(config, [pictures[n] for n in batch]).items():
                    outputs.append({"name": key, "shape": list(array.shape), "offset": offset})
                    values.append(array.astype(np.float32).ravel())
                    offset += array.size
                cases.append({"config": config, "images": batch, "outputs": outputs})
    np.concatenate(values).astype("<f4").tofile(arguments.out / "expected.f32")
    text = ",\n".join(map(json.dumps, cases))
    (arguments.out / "manifest.json").write_text('{"cases": [\n' + text + "\n]}\n")
    print(f"{len(cases)} cases, {offset} values")


if __name__ == "__main__":
    main()
