"""The API against its own description: whatever the document allows, or nearly allows, is answered as it says."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.conftest import Serving

OPERATIONS = [
    *(("POST", f"/{task}") for task in ("caption", "chapters", "summary", "chat")),
    ("GET", "/models"),
    ("GET", "/jobs/{job_id}"),
    ("DELETE", "/jobs/{job_id}"),
]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def described(usual: Serving) -> Any:
    schema = schemathesis.openapi.from_url(f"{usual.address}/v1/openapi.json")
    schema.config.update(base_url=f"{usual.address}/v1")  # it does not resolve the document's "."
    return schema


def test_no_operation_is_left_out(described: Any) -> None:
    found = {(each.ok().method.upper(), each.ok().path) for each in described.get_all_operations()}
    assert found == set(OPERATIONS)


ALLOWED = [(*operation, GenerationMode.POSITIVE) for operation in OPERATIONS]
NEARLY_ALLOWED = [(*operation, GenerationMode.NEGATIVE) for operation in OPERATIONS if operation[0] == "POST"]


@pytest.mark.parametrize(("method", "path", "mode"), [*ALLOWED, *NEARLY_ALLOWED])
def test_nothing_that_is_sent_breaks_it(described: Any, method: str, path: str, mode: GenerationMode) -> None:
    @given(case=described[path][method].as_strategy(generation_mode=mode))
    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: Any) -> None:
        form = case.media_type == "multipart/form-data"  # its fields are texts, whatever was meant
        refused = [negative_data_rejection] if mode is GenerationMode.NEGATIVE and not form else []
        case.call_and_validate(checks=[*CHECKS, *refused])

    check()
