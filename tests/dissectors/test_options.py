import pytest
from construct import GreedyBytes, Int16ub, Struct
from hypothesis import given
from hypothesis import strategies as st

from labdissect.dissectors.options import Options

PLAIN = Options({1: Struct("number" / Int16ub)})
WIDE = Options({}, width=2)
UNITS = Options({}, counted=2, unit=8)
ENDED = Options({3: Struct("text" / GreedyBytes)}, single=frozenset({0, 255}), end=255)


@given(st.sampled_from([PLAIN, WIDE, UNITS, ENDED]), st.binary(max_size=80))
def test_every_list_is_built_again(options: Options, data: bytes) -> None:
    assert options.build(options.parse(data)) == data


@pytest.mark.parametrize(("data", "value"), [(b"\1\2\0\7", {"number": 7}), (b"\1\3\0\7\0", {"data": b"\0\7\0"})])
def test_values_keep_to_their_definition_or_stay_bytes(data: bytes, value: dict[str, object]) -> None:
    assert PLAIN.parse(data).list[0].value == value
