"""Captures a Hugging Face folder as a `.pt2` archive without weights.

Usage: python -m ipfs_accelerate.capture FOLDER [-o OUT.pt2] [--class NAME | --task TASK] [--form FORM]. Prints what was captured as
JSON. Exit codes: 0 captured, 2 the folder or the class cannot be captured (the reason is on standard error).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import sys
import time
import warnings
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder with config.json; weights are not read")
    parser.add_argument("-o", "--out", type=Path, help="archive to write; default: model.pt2 in the folder")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--class", dest="name", help="model class; default: the first of `architectures` in config.json")
    which.add_argument("--task", help="the class that serves this task, e.g. text-generation")
    forms = ("auto", "plain", "attention", "components")
    parser.add_argument("--form", choices=forms, default="auto", help="one graph or several, decoders with or without states")
    parser.add_argument("--seconds", type=float, default=600.0, help="give up starting further ways of tracing after this")
    arguments = parser.parse_args()
    began = time.monotonic()
    for name, value in {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "CUDA_VISIBLE_DEVICES": ""}.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore")
    logging.disable(logging.ERROR)
    from .config_file import CaptureError, read_config

    try:
        read_config(arguments.folder)
        from .folder import capture_folder  # takes seconds to import

        facts = capture_folder(arguments.folder, arguments.out, arguments.name, arguments.task, arguments.seconds, arguments.form)
    except CaptureError as error:
        print(f"capture failed ({error.stage}): {error.reason}", file=sys.stderr)
        for line in error.refused[1:]:
            print(f"  {line}", file=sys.stderr)
        return 2
    facts["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    facts["seconds"]["total"] = round(time.monotonic() - began, 2)
    print(json.dumps(facts, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
