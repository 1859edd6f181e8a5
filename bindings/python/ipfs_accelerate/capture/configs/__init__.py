"""Small configurations and valid inputs for every model class of transformers.

`make_case(name)` gives a configuration of a few layers and inputs at three sizes. General rules (`shrink`, `inputs`,
`values`) serve most classes; `text`, `vision`, ... hold the entries of the families that need more.
`python -m ipfs_accelerate.capture.configs` runs every class on its case.
"""

from .case import Case, CaseError, build_model, forward, make_case
from .classes import auto_class_members, family_of, list_auto_classes, list_classes, modality_of, module_of

__all__ = [
    "Case", "CaseError", "auto_class_members", "build_model", "family_of", "forward", "list_auto_classes", "list_classes",
    "make_case", "modality_of", "module_of",
]  # fmt: skip
