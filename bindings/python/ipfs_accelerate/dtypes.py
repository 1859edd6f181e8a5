"""Element types."""

from __future__ import annotations

import enum


class DType(str, enum.Enum):
    """The element type of a tensor. Everything that takes one also takes its name, or a dtype of NumPy or torch."""

    f64 = "f64"
    f32 = "f32"
    f16 = "f16"
    bf16 = "bf16"
    f8e4m3 = "f8e4m3"
    f8e5m2 = "f8e5m2"
    i64 = "i64"
    i32 = "i32"
    i16 = "i16"
    i8 = "i8"
    u64 = "u64"
    u32 = "u32"
    u16 = "u16"
    u8 = "u8"
    boolean = "bool"
    c64 = "c64"
    token = "token"

    def __str__(self) -> str:
        return self.value
