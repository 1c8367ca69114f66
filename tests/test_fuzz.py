"""Any bytes, near to real files: each reader answers, or refuses with the error that it declares.

`fuzz.py` runs the same targets for as long as one likes, guided by coverage. What it finds becomes
a case here.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz_targets import READERS, TOKENS, list_seeds
from support import count_cases

pieces = st.one_of(
    st.sampled_from([token.encode("utf-8", "surrogatepass") for token in TOKENS]),
    st.binary(max_size=4),
    st.text(max_size=4).map(str.encode),
)


@st.composite
def mutants(draw: st.DrawFn, name: str) -> bytes:
    """Draw a seed of a target with some spans cut out, doubled, or replaced by a piece."""
    data = draw(st.sampled_from(list_seeds(name)))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        middle = draw(st.one_of(pieces, st.just(data[start:end] * 2), st.just(b"")))
        data = data[:start] + middle + data[end:]
    return data


@pytest.mark.fault(37, 44)
@pytest.mark.parametrize("name", READERS)
@settings(max_examples=count_cases(60), deadline=None)
@given(draw=st.data())
def test_a_reader_answers_or_refuses(name: str, draw: st.DataObject) -> None:
    READERS[name](draw.draw(mutants(name)))
