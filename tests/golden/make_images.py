"""Writes image files, what Pillow decodes them to, and what transformers' image processors make of them.

    python tests/golden/make_images.py [--out FOLDER] [--full]

Without --full the pictures and outputs are small: they are the committed files of tests/golden/data/images.
With --full the processors run at their real sizes on larger pictures; point the test at the folder with
ACCELERATE_IMAGE_GOLDEN=FOLDER. Needs numpy, Pillow, torch, torchvision and transformers. Deterministic.

manifest.json lists `decode` cases (file, expected: a PPM) and `process` cases (image, config, shape, and the
offset in values of the expected f32 tensor in expected.f32).
"""

import argparse
import io
import json
import pathlib
import struct

import numpy as np
import transformers
from PIL import Image, PngImagePlugin
from transformers.image_utils import load_image


def picture(rng, width, height, channels=3, dtype=np.uint8):
    """A gradient with noise and edges: smooth parts, clipped parts and detail."""
    top = np.iinfo(dtype).max
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for c in range(channels):
        wave = 0.5 + 0.6 * np.sin(x / (3.0 + c) + rng.uniform(0, 6)) * np.cos(y / (5.0 - c) + rng.uniform(0, 6))
        noise = rng.uniform(-0.25, 0.25, (height, width))
        planes.append(np.clip(wave + noise, 0, 1) * top)
    return np.stack(planes, -1).astype(dtype)


def exif(orientation, byte_order="<"):
    mark = b"II*\0" if byte_order == "<" else b"MM\0*"
    entry = struct.pack(byte_order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0" + mark + struct.pack(byte_order + "IH", 8, 1) + entry + struct.pack(byte_order + "I", 0)


def xmp(orientation):
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>' % orientation
    ).encode()


def png_with_chunk(data, kind, content):
    """Inserts a chunk after IHDR."""
    import zlib

    chunk = struct.pack(">I", len(content)) + kind + content
    chunk += struct.pack(">I", zlib.crc32(kind + content))
    return data[:33] + chunk + data[33:]


def encode(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def image_files(rng, full):
    scale = 6 if full else 1
    rgb = Image.fromarray(picture(rng, 31 * scale, 22 * scale))
    gray = Image.fromarray(picture(rng, 23 * scale, 17 * scale, 1)[..., 0])
    rgba = Image.fromarray(picture(rng, 19 * scale, 25 * scale, 4), "RGBA")
    la = Image.fromarray(picture(rng, 12 * scale, 9 * scale, 2), "LA")
    gray16 = Image.fromarray((picture(rng, 14, 11, 1, np.uint16)[..., 0] // 97).astype(np.uint16))
    files = {}
    for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
        files[f"rgb_{name}.jpg"] = encode(rgb, "JPEG", quality=80, subsampling=subsampling)
    files["progressive.jpg"] = encode(rgb, "JPEG", quality=85, progressive=True)
    files["rgb_transform.jpg"] = encode(rgb, "JPEG", quality=85, keep_rgb=True)
    files["gray.jpg"] = encode(gray, "JPEG", quality=80)
    files["cmyk.jpg"] = encode(Image.fromarray(picture(rng, 18, 13, 4), "CMYK"), "JPEG", quality=90)
    for orientation in range(1, 9):
        order = "<" if orientation % 2 else ">"
        files[f"exif_{orientation}.jpg"] = encode(rgb, "JPEG", quality=60, exif=exif(orientation, order))
    files["xmp_8.jpg"] = encode(rgb, "JPEG", quality=60, xmp=xmp(8))
    files["exif_5.png"] = encode(rgb, "PNG", exif=exif(5))
    files["exif_6.webp"] = encode(rgb, "WEBP", quality=80, exif=exif(6))
    files["xmp_3.webp"] = encode(rgb, "WEBP", quality=80, xmp=xmp(3))
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", xmp(6).decode())
    files["xmp_6.png"] = encode(rgb, "PNG", pnginfo=info)
    files["rgb.png"] = encode(rgb, "PNG")
    files["gray.png"] = encode(gray, "PNG")
    files["rgba.png"] = encode(rgba, "PNG")
    files["la.png"] = encode(la, "PNG")
    files["bilevel.png"] = encode(gray.convert("1"), "PNG")
    files["palette.png"] = encode(rgb.quantize(40), "PNG")
    files["palette_4.png"] = encode(rgb.quantize(7), "PNG", bits=4)
    files["palette_alpha.png"] = encode(rgba.quantize(40), "PNG")
    files["gray16.png"] = encode(gray16, "PNG")
    files["transparent_color.png"] = encode(rgb, "PNG", transparency=rgb.getpixel((0, 0)))
    files["lossy.webp"] = encode(rgb, "WEBP", quality=75)
    files["lossless.webp"] = encode(rgb, "WEBP", lossless=True)
    files["alpha.webp"] = encode(rgba, "WEBP", quality=75, exact=True)
    frames = [Image.fromarray(picture(rng, 16, 12)) for _ in range(3)]
    files["animated.webp"] = encode(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    files["rgb.ppm"] = encode(rgb, "PPM")
    files["gray.pgm"] = encode(gray, "PPM")
    files["one.png"] = encode(Image.fromarray(picture(rng, 1, 1)), "PNG")
    files["tall.png"] = encode(Image.fromarray(picture(rng, 3, 500 if full else 120)), "PNG")
    files["wide.png"] = encode(Image.fromarray(picture(rng, 500 if full else 130, 2)), "PNG")
    if full:
        files["vga.png"] = encode(Image.fromarray(picture(rng, 640, 480)), "PNG")
        files["photo.jpg"] = encode(Image.fromarray(picture(rng, 1601, 1203)), "JPEG", quality=90)
        files["small.png"] = encode(Image.fromarray(picture(rng, 37, 53)), "PNG")
    files.update(raw_pngs(rng))
    return files


def raw_pngs(rng):
    """Forms that Pillow reads but does not write: 16-bit colour, 2-bit gray, interlacing."""
    import zlib

    def png(width, height, depth, color, rows, interlace=0):
        def chunk(kind, content):
            return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

        header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace)
        data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + data

    def rows_of(array, bytes_per_row):
        flat = array.reshape(array.shape[0], -1).view(np.uint8).reshape(array.shape[0], bytes_per_row)
        return b"".join(b"\0" + row.tobytes() for row in flat)

    def adam7(array):
        passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
        parts = []
        for x, y, dx, dy in passes:
            part = np.ascontiguousarray(array[y::dy, x::dx])
            if part.size:
                parts.append(rows_of(part, part[0].nbytes))
        return b"".join(parts)

    rgb16 = picture(rng, 9, 7, 3, np.uint16).astype(">u2")
    rgba16 = picture(rng, 6, 8, 4, np.uint16).astype(">u2")
    la16 = picture(rng, 6, 8, 2, np.uint16).astype(">u2")
    gray16 = (picture(rng, 13, 10, 1, np.uint16) // 101).astype(">u2")
    rgb8 = picture(rng, 21, 18)
    packed = rng.integers(0, 256, (9, 5), dtype=np.uint8)
    return {
        "rgb16.png": png(9, 7, 16, 2, rows_of(rgb16, 54)),
        "rgba16.png": png(6, 8, 16, 6, rows_of(rgba16, 48)),
        "la16.png": png(6, 8, 16, 4, rows_of(la16, 24)),
        "gray2.png": png(18, 9, 2, 0, rows_of(packed, 5)),
        "gray4.png": png(9, 9, 4, 0, rows_of(packed, 5)),
        "interlaced.png": png(21, 18, 8, 2, adam7(rgb8), 1),
        "interlaced_gray16.png": png(13, 10, 16, 0, adam7(gray16), 1),
    }


def configs(full):
    """(settings, image names) for the processors."""
    side = 224 if full else 14
    crop = 224 if full else 11
    odd = 225 if full else 15
    default = lambda name, **values: {"image_processor_type": name, **values}
    size = lambda value: {"height": value, "width": value}
    every = ["rgb.png", "rgba.png", "gray.jpg", "exif_6.jpg", "one.png", "tall.png", "wide.png"]
    if full:
        every += ["vga.png", "photo.jpg", "small.png", "cmyk.jpg"]
    few = every[:1] + every[5:] if full else ["rgb.png", "wide.png"]
    clip = default("CLIPImageProcessor", size=side, crop_size=crop)
    cases = [
        (default("ViTImageProcessor", size=side), every),
        (default("ViTImageProcessor", size=[odd, side], resample=3), few),
        (default("DeiTImageProcessorFast", size=size(256 if full else 16), crop_size=size(crop)), every),
        (clip, every),
        ({**clip, "crop_size": size(odd + 20)}, few),
        ({**clip, "crop_size": {"height": side // 2, "width": odd * 3}}, few),
        (default("ConvNextImageProcessor", size={"shortest_edge": side}, crop_pct=0.875), every),
        (default("ConvNextImageProcessor", size={"shortest_edge": 384}), ["rgb.png", "photo.jpg"] if full else []),
        (default("BitImageProcessor", size={"shortest_edge": side}, crop_size=size(crop)), few),
        (default("LevitImageProcessor", size={"shortest_edge": side}, crop_size=size(crop)), few),
        (default("PoolFormerImageProcessor", size={"shortest_edge": side}, crop_size=size(crop)), few),
        (default("SiglipImageProcessor", size=size(side)), few),
        (default("ViTImageProcessor", size={"shortest_edge": side // 2, "longest_edge": odd}), ["rgb.png", "gray.jpg"]),
        (default("ViTImageProcessor", size={"max_height": side, "max_width": odd}), ["rgb.png", "gray.jpg"]),
        (default("PI0ImageProcessor", size={"max_height": side, "max_width": side}, pad_size=size(odd)), ["rgb.png"]),
        (default("ViTImageProcessor", do_resize=False, do_center_crop=True, crop_size=size(odd)), few),
        (default("ViTImageProcessor", size=side, do_rescale=False), ["rgb.png"]),
        (default("ViTImageProcessor", size=side, do_normalize=False, rescale_factor=1 / 127.5), ["rgb.png"]),
        (default("ViTImageProcessor", size=side, do_normalize=False, do_rescale=False), ["rgb.png"]),
    ]
    for resample in range(6):
        cases.append((default("ViTImageProcessor", size=size(side), resample=resample), few))
    return cases


def run_processor(settings, image, pillow):
    name = settings["image_processor_type"].removesuffix("Fast").removesuffix("Pil")
    cls = getattr(transformers, name + ("Pil" if pillow else ""))
    values = {k: v for k, v in settings.items() if k != "image_processor_type"}
    return cls(**values)(image, return_tensors="np")["pixel_values"][0].astype(np.float32)


def main():
    here = pathlib.Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=here / "data" / "images")
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20260111)

    manifest = {"decode": [], "process": []}
    pictures = {}
    for name, data in image_files(rng, arguments.full).items():
        (arguments.out / name).write_bytes(data)
        image = load_image(str(arguments.out / name))
        pictures[name] = image
        expected = f"{name}.expected.ppm"
        (arguments.out / expected).write_bytes(encode(image, "PPM"))
        manifest["decode"].append({"file": name, "expected": expected})

    values = []
    offset = 0
    for settings, names in configs(arguments.full):
        for name in names:
            for pillow in (False, True):
                # torchvision has no box and hamming for tensors; PI0 has no Pillow form.
                if not pillow and settings.get("resample") in (4, 5):
                    continue
                if pillow and settings["image_processor_type"] == "PI0ImageProcessor":
                    continue
                tensor = run_processor(settings, pictures[name], pillow)
                config = dict(settings)
                if pillow:
                    config["image_processor_type"] = config["image_processor_type"].removesuffix("Fast") + "Pil"
                manifest["process"].append(
                    {"image": f"{name}.expected.ppm", "config": config, "shape": list(tensor.shape), "offset": offset}
                )
                values.append(tensor.ravel())
                offset += tensor.size
    (arguments.out / "expected.f32").write_bytes(np.concatenate(values).astype("<f4").tobytes())
    lines = {key: [json.dumps(case) for case in cases] for key, cases in manifest.items()}
    text = ",\n".join(f'"{key}": [\n' + ",\n".join(cases) + "\n]" for key, cases in lines.items())
    (arguments.out / "manifest.json").write_text("{\n" + text + "\n}\n")
    print(f"{len(manifest['decode'])} decode cases, {len(manifest['process'])} process cases, {offset} values")


if __name__ == "__main__":
    main()
