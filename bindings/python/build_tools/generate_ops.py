"""Writes the bindings of ipfs_accelerate.ops from the headers that declare the ops.

Usage: generate_ops.py accelerate/ops.h ops/options.h OUTPUT.cpp
Each function of ops.h becomes a function of the same name. The members of an options struct become keyword arguments; a
Builder argument takes a Graph; a value that may be left out takes None.
"""

import re
import sys
from pathlib import Path

VALUE = "Value"
MAY_BE_EMPTY = {"bias", "residual", "cell", "projection", "weights"}
ENUM_DEFAULT = re.compile(r"DType::(\w+)")


def split_arguments(text):
    """The pieces between commas that are in no bracket."""
    pieces, depth, piece = [], 0, ""
    for character in text:
        depth += character in "<{(" 
        depth -= character in ">})"
        if character == "," and depth == 0:
            pieces.append(piece)
            piece = ""
        else:
            piece += character
    return [p.strip() for p in [*pieces, piece] if p.strip()]


def declared(piece):
    """(type, name, default or None) of `std::string layout = "NCHW"`."""
    left, _, default = piece.partition("=")
    kind, name = re.fullmatch(r"(.*?[\s&>])\s*(\w+)", left.strip()).groups()
    return kind.strip().removeprefix("const ").removesuffix("&").strip(), name, default.strip() or None


def structs(text):
    found = {}
    for name, body in re.findall(r"^struct (\w+) \{\n(.*?)^\};", text, re.S | re.M):
        lines = [line.strip().rstrip(";") for line in body.splitlines() if line.strip() and not line.strip().startswith("///")]
        found[name] = [declared(line) for line in lines]
    return found


def documented(text):
    """(doc, return type, name, arguments) of every function."""
    doc = []
    for line in text.splitlines():
        if line.startswith("///"):
            doc.append(line[3:].strip())
        elif function := re.fullmatch(r"([\w:<>]+) (\w+)\((.*)\);", line):
            yield " ".join(doc), *function.groups()
            doc = []
        else:
            doc = []


def default_of(kind, default):
    """The nanobind default of a C++ default, or None."""
    if default in ("{}", ""):
        return {"Value": "nb::none()", "std::optional<double>": "nb::none()"}.get(kind, f"{kind}()")
    if enum := ENUM_DEFAULT.fullmatch(default):
        return f'"{enum.group(1)}"'
    return default


def binding(doc, result, name, arguments, options):
    parameters, call, labels = [], [], []
    setup = ""
    first_value = True
    for piece in split_arguments(arguments):
        kind, label, default = declared(piece)
        if kind in options:
            setup += f"{kind} {label}; "
            for field_kind, field, field_default in options[kind]:
                parameters.append(f"{field_kind} {field}")
                setup += f"{label}.{field} = std::move({field}); "
                required = kind == "PoolOptions" and field == "kernel"
                labels.append(f'nb::arg("{field}")' + ("" if required else f" = {default_of(field_kind, field_default or '{}')}"))
            call.append(f"std::move({label})")
            continue
        if kind == "Builder":
            parameters.append("Graph& graph")
            labels.append('nb::arg("graph")')
            call.append("graph")
            continue
        if kind == "std::shared_ptr<const Graph>":
            parameters.append(f"const Graph& {label}")
            call.append(f"std::make_shared<const Graph>({label})")
        elif kind == "Tensor":
            parameters.append(f"nb::handle {label}")
            call.append(f"tensor_of({label})")
        elif kind == "TensorType":
            parameters.append(f"const TensorType& {label}")
            call.append(label)
        else:
            parameters.append(f"{kind} {label}")
            call.append(f"std::move({label})")
        empty = kind == VALUE and not first_value and "may be empty" in doc and (label in MAY_BE_EMPTY or (label == "weight" and name.endswith("_norm")))
        empty = empty or (kind == VALUE and "else empty" in doc and label in MAY_BE_EMPTY)
        if kind == VALUE:
            if not (empty or default):
                setup += f'require({label}, "{name}", "{label}"); '
            first_value = False
        text = f'nb::arg("{label}")'
        if default is not None:
            text += f" = {default_of(kind, default)}"
        elif empty:
            text += ".none()"
        labels.append(text)
    target = "ops::" + name
    python_name = {"if_": "if_"}.get(name, name)
    label_text = "".join(f", {label}" for label in labels)
    return (
        f'  ops.def("{python_name}", []({", ".join(parameters)}) -> {result} {{ {setup}return {target}({", ".join(call)}); }}'
        f"{label_text}, {cpp_string(doc)});\n"
    )


def cpp_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main():
    header, option_header, output = map(Path, sys.argv[1:])
    options = structs(option_header.read_text())
    lines = [binding(*function, options) for function in documented(header.read_text())]
    groups = [lines[i : i + 40] for i in range(0, len(lines), 40)]
    text = (
        "// Generated by the build from src/ops.\n"
        '#include "accelerate/ops.h"\n#include "base/error.h"\n#include "casters.h"\n'
        "namespace accelerate::python {\nnamespace {\n"
        "using namespace accelerate::ops;\n"
        "void require(const Value& value, const char* op, const char* operand) {\n"
        '  if (!value) fail(ErrorCode::invalid_argument, "ops.{}: {} is None; expected a Value", op, operand);\n}\n'
    )
    for i, group in enumerate(groups):
        text += f"void bind_group_{i}(nb::module_& ops) {{\n{''.join(group)}}}\n"
    text += "}  // namespace\nvoid bind_ops(nb::module_& module) {\n"
    text += '  nb::module_ ops = module.def_submodule("ops", "The ops of a Graph: each adds a node and returns its value.");\n'
    text += "".join(f"  bind_group_{i}(ops);\n" for i in range(len(groups)))
    output.write_text(text + "}\n}  // namespace accelerate::python\n")


main()
