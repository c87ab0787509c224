"""If these fail, an order is misread, or an answer that is no JSON holds a workflow up for ever."""

import json
import unittest

from corro_training.environment import BadSettings, read_environment
from corro_training.messages import BadOrder, read_order
from corro_training.settings import Settings
from corro_training.strict_json import STRICT

SETTINGS = {"seed": 7, "trees": 100, "folds": 5, "embargoCandles": 12}
HASH = "a" * 64
ENVIRONMENT = {
    "CORRO_POSTGRES_URL": "postgres://corro_trainer:secret@127.0.0.1:5432/corro",
    "CORRO_TEMPORAL_ADDRESS": "127.0.0.1:7233",
}


class Messages(unittest.TestCase):
    def test_an_order_is_read(self) -> None:
        read = read_order({"matrixHash": HASH, "settings": SETTINGS})
        self.assertEqual(read, (HASH, Settings(seed=7, trees=100, folds=5, embargo_candles=12)))

    def test_what_is_no_order_is_refused(self) -> None:
        for order, says in (
            (None, "an order must be"),
            ({"matrixHash": HASH}, "an order must be"),
            ({"matrixHash": "A" * 64, "settings": SETTINGS}, "must be a sha256"),
            ({"matrixHash": HASH, "settings": {**SETTINGS, "extra": 1}}, "settings must be"),
            ({"matrixHash": HASH, "settings": {**SETTINGS, "folds": 0}}, "from 1 to 50, was 0"),
            ({"matrixHash": HASH, "settings": {**SETTINGS, "trees": 2.5}}, "was 2.5"),
            ({"matrixHash": HASH, "settings": {**SETTINGS, "seed": True}}, "was True"),
        ):
            with self.subTest(says), self.assertRaisesRegex(BadOrder, says):
                read_order(order)

    def test_nan_never_leaves(self) -> None:
        convert = STRICT.payload_converter
        [payload] = convert.to_payloads([{"brier": 0.5, "netReturn": None}])
        self.assertEqual(json.loads(payload.data), {"brier": 0.5, "netReturn": None})
        self.assertEqual(convert.from_payloads([payload]), [{"brier": 0.5, "netReturn": None}])
        for value in (float("nan"), float("inf")):
            with self.assertRaises(ValueError):
                convert.to_payloads([{"brier": value}])


class Variables(unittest.TestCase):
    def test_the_queue_is_the_namespaces(self) -> None:
        read = read_environment({**ENVIRONMENT, "CORRO_NAMESPACE": "ring2"})
        self.assertEqual(read.task_queue, "ring2-training")
        self.assertEqual((read.health_port, read.silence_seconds), (0, 60))

    def test_every_fault_is_named_and_no_value_told(self) -> None:
        with self.assertRaises(BadSettings) as caught:
            read_environment(
                {
                    "CORRO_POSTGRES_URL": "mysql://u:secret@h/d",
                    "CORRO_NAMESPACE": "Not One",
                    "CORRO_HEALTH_PORT": "99999",
                    "CORRO_TRAINING_SILENCE_SECONDS": "0",
                }
            )
        said = str(caught.exception)
        for name in (
            "CORRO_POSTGRES_URL: must be a postgres:// URL",
            "CORRO_TEMPORAL_ADDRESS: must be set",
            "CORRO_NAMESPACE: must be a-z",
            "CORRO_HEALTH_PORT: must be a port",
            "CORRO_TRAINING_SILENCE_SECONDS: must be",
        ):
            self.assertIn(name, said)
        self.assertNotIn("secret", said)
