"""The helpers of these tests assert too: pytest should say what differed."""

import pytest

pytest.register_assert_rewrite("tests.dissectors.agreement", "tests.dissectors.synthetic")
