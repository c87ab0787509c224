"""Plain JSON between Python and TypeScript. A NaN is no JSON: Temporal would carry it, and a
workflow that cannot read it would try for ever."""

import dataclasses
import json
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)


class StrictJson(JSONPlainPayloadConverter):
    """Throws `ValueError` where a number is NaN or infinite."""

    def to_payload(self, value: Any) -> Payload | None:
        line = json.dumps(value, separators=(",", ":"), sort_keys=True, allow_nan=False)
        return Payload(metadata={"encoding": self.encoding.encode()}, data=line.encode())


class StrictConverter(CompositePayloadConverter):
    def __init__(self) -> None:
        known = DefaultPayloadConverter.default_encoding_payload_converters
        strict = StrictJson()
        super().__init__(*(strict if one.encoding == strict.encoding else one for one in known))


STRICT = dataclasses.replace(DataConverter.default, payload_converter_class=StrictConverter)
