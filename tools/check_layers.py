#!/usr/bin/env python3
"""Checks that every #include of src/ points where the module may depend on. Exit 1 with a line a fault."""
import pathlib
import re
import sys

# What a module may include directly; what that allows in turn is added below.
ALLOWED = {
    "base": [],
    "tensor": ["base"],
    "graph": ["tensor"],
    "ops": ["graph"],
    "passes": ["ops"],
    "backend": ["graph"],
    "codegen": ["ops"],
    "runtime": ["passes", "backend"],
    "models": ["ops"],
    "import": ["ops", "models"],
    "hardware": ["backend", "runtime"],
    "preprocess": ["base", "tensor"],
    "store": ["base", "tensor"],
    "tasks": ["runtime", "import", "preprocess"],
    "generation": ["runtime", "import", "preprocess"],
    "skills": ["tasks", "store"],
    "serve": ["skills", "generation", "hardware"],
    "cli": ["skills", "generation", "hardware", "tasks"],
}
BACKEND = ["backend", "ops", "codegen"]  # each folder of backends/, and never another backend
GENERATED = {"accelerate/ops.h": "ops"}


def closure(modules):
    out = set()
    work = list(modules)
    while work:
        m = work.pop()
        if m not in out:
            out.add(m)
            work += ALLOWED.get(m, [])
    return out


def main():
    src = pathlib.Path(__file__).resolve().parent.parent / "src"
    faults = []
    for path in sorted(src.rglob("*")):
        if path.suffix not in (".h", ".cpp", ".inc") or "target" in path.parts:
            continue
        parts = path.relative_to(src).parts
        if parts[0] == "backends":
            own, allowed = f"backends/{parts[1]}", closure(BACKEND)
        elif parts[0] in ALLOWED:
            own, allowed = parts[0], closure(ALLOWED[parts[0]])
        else:
            faults.append(f"{path.relative_to(src.parent)}: the folder {parts[0]} is in no layer (tools/check_layers.py)")
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not found:
                continue
            name = found.group(1)
            target = GENERATED.get(name)
            if target is None:
                p = name.split("/")
                target = f"backends/{p[1]}" if p[0] == "backends" and len(p) > 2 else p[0] if len(p) > 1 else own
                if target not in ALLOWED and not target.startswith("backends/"):
                    continue  # a library's header
            if target != own and target not in allowed:
                faults.append(f"{path.relative_to(src.parent)}:{number}: {own} may not include {name}; it may depend on {', '.join(sorted(allowed)) or 'nothing'}")
    print("\n".join(faults) if faults else "layers: every include is allowed")
    return 1 if faults else 0


sys.exit(main())
