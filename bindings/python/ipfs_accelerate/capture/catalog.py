"""Prints what a sweep covers, a JSON object a line: {"class", "module", "family", "modality", "auto": [names]}.

`auto` names the AutoModel classes that build this class. A last line {"auto_classes": [names]} lists those of transformers.
"""

from __future__ import annotations

import collections
import json

from .configs import auto_class_members, family_of, list_auto_classes, list_classes, modality_of, module_of


def main() -> None:
    builders: dict[str, list[str]] = collections.defaultdict(list)
    for auto in list_auto_classes():
        for name in auto_class_members(auto):
            builders[name].append(auto)
    for name in list_classes():
        entry = {
            "class": name,
            "module": module_of(name),
            "family": family_of(name),
            "modality": modality_of(name),
            "auto": builders.get(name, []),
        }
        print(json.dumps(entry))
    print(json.dumps({"auto_classes": list_auto_classes()}))


if __name__ == "__main__":
    main()
