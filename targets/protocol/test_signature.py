from __future__ import annotations

import math
import struct

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from p4verify.targets.protocol.signature import Signature
from p4verify.verify.program import Value

BY_TYPE: dict[str, st.SearchStrategy[Value]] = {
    **{f"u{bits}": st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    **{f"i{bits}": st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    "f32": st.floats(width=32, allow_nan=False),
    "f64": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "str": st.text(st.characters(codec="utf-8"), max_size=20),
    "bytes": st.binary(max_size=20),
}


@st.composite
def signatures_with_values(draw: st.DrawFn) -> tuple[Signature, tuple[Value, ...]]:
    types = draw(st.lists(st.sampled_from(sorted(BY_TYPE)), max_size=6))
    text = ",".join(f"f{number}:{kind}" for number, kind in enumerate(types))
    return Signature.parse(text), tuple(draw(BY_TYPE[kind]) for kind in types)


@given(signatures_with_values())
def test_what_is_packed_comes_out(case: tuple[Signature, tuple[Value, ...]]) -> None:
    signature, values = case
    unpacked = signature.unpack(signature.pack(values))
    assert unpacked == values
    assert [type(value) for value in unpacked] == [type(value) for value in values]


@given(signatures_with_values(), st.binary(max_size=40))
def test_any_bytes_are_values_or_an_error(case: tuple[Signature, tuple[Value, ...]], data: bytes) -> None:
    signature, _ = case
    try:
        values = signature.unpack(data)
    except ValueError:
        return
    assert len(values) == len(signature.types)


@given(signatures_with_values(), st.data())
def test_a_cut_is_noticed(case: tuple[Signature, tuple[Value, ...]], data: st.DataObject) -> None:
    signature, values = case
    packed = signature.pack(values)
    assume(packed)
    cut = packed[: data.draw(st.integers(0, len(packed) - 1))]
    with pytest.raises(ValueError, match=r"\d+ bytes are"):
        signature.unpack(cut)
    with pytest.raises(ValueError, match=r"\d+ bytes are"):
        signature.unpack(packed + b"x")


def test_the_layout_is_packed_and_little_endian() -> None:
    signature = Signature.parse("token:u32,name:str,soc:f32,ok:bool")
    packed = signature.pack((0x01020304, "né", 0.5, True))
    assert packed == bytes.fromhex("04030201") + b"\x03\x00n\xc3\xa9" + struct.pack("<f", 0.5) + b"\x01"


@pytest.mark.parametrize("text", ["token", "token:u24", ":u8", "a:u8,", "a:u8,a:u8", "a b:u8", "a:u8;b:u8", ","])
def test_what_is_no_signature(text: str) -> None:
    with pytest.raises(ValueError, match="not a signature"):
        Signature.parse(text)


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        ("token:u32,cells:u8", (1,), r"it takes 2 arguments \(token:u32,cells:u8\), not 1"),
        ("", (1,), r"it takes no arguments \(none\), not 1"),
        ("cells:u8", (256,), r"cells is a u8 \(0\.\.255\), not 256"),
        ("delta:i16", (-32769,), r"delta is a i16 \(-32768\.\.32767\), not -32769"),
        ("token:u32", (True,), "token is an integer"),
        ("token:u32", ("1",), "token is an integer"),
        ("ok:bool", (1,), "ok is a bool, not 1"),
        ("soc:f32", (0.1,), "soc is not exactly representable as f32: 0.1"),
        ("soc:f32", (1e39,), "beyond what f32 can hold"),
        ("soc:f64", (10**400,), "beyond what f64 can hold"),
        ("soc:f32", (True,), "soc is a number"),
        ("name:str", (b"x",), "name is of type str"),
        ("blob:bytes", ("x",), "blob is of type bytes"),
        ("name:str", ("x" * 65536,), "name is 65536 bytes long, at most 65535 fit"),
        ("name:str", ("\ud800",), "UTF-8 cannot express"),
    ],
)
def test_what_does_not_fit(text: str, values: tuple[Value, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Signature.parse(text).pack(values)


def test_nan_and_infinity_travel() -> None:
    signature = Signature.parse("a:f32,b:f32")
    nan, infinity = signature.unpack(signature.pack((math.nan, math.inf)))
    assert isinstance(nan, float)
    assert math.isnan(nan)
    assert infinity == math.inf


def test_torn_text_stays_readable() -> None:
    assert Signature.parse("name:str").unpack(b"\x03\x00a\xffb") == ("a\\xffb",)
