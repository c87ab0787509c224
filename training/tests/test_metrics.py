"""If these fail, promotions are decided by numbers that are not what they are called."""

import unittest

import numpy as np
from sklearn import metrics as witness

from corro_training.metrics import fold_metrics

from .made_up import columns_of, matrix_of


def answers_of(rows: int) -> np.ndarray:
    random = np.random.default_rng(3)
    shares = random.dirichlet([2, 2, 2], size=rows)
    return np.column_stack([shares, random.random((rows, 3)) / 100])


class Metrics(unittest.TestCase):
    def setUp(self) -> None:
        whole = matrix_of(columns_of(900))
        self.past, self.future = whole.take(np.arange(500)), whole.take(np.arange(500, 900))
        self.answers = answers_of(400)
        self.told = fold_metrics(3, self.past, self.future, self.answers)

    def test_are_scikit_learns(self) -> None:
        came, shares = self.future.action, self.answers[:, :3]
        calls = np.argmax(shares, axis=1)
        scaled = {"labels": [0, 1, 2], "scale_by_half": False}
        base = np.tile([np.mean(self.past.action == place) for place in range(3)], (400, 1))
        for name, expected in (
            ("brier", witness.brier_score_loss(came, shares, **scaled)),
            ("baseBrier", witness.brier_score_loss(came, base, **scaled)),
            ("logLoss", witness.log_loss(came, np.maximum(shares, 1e-4), labels=[0, 1, 2])),
            ("accuracy", witness.accuracy_score(came, calls)),
            (
                "magnitudeError",
                witness.mean_absolute_error(self.future.magnitude, self.answers[:, 3]),
            ),
            ("riskError", witness.mean_absolute_error(self.future.risk, self.answers[:, 5])),
        ):
            self.assertAlmostEqual(self.told[name], expected, delta=1e-3 * abs(expected), msg=name)
        self.assertAlmostEqual(
            self.told["brier"], witness.brier_score_loss(came, shares, **scaled), places=12
        )

    def test_returns_are_after_costs_and_of_calls_alone(self) -> None:
        calls = np.argmax(self.answers[:, :3], axis=1)
        by_hand = []
        for row, call in enumerate(calls):
            if call == 2:
                continue
            gain = self.future.move[row] if call == 0 else -self.future.move[row]
            by_hand.append(gain - 0.0005)
        self.assertEqual(self.told["calls"], len(by_hand))
        self.assertAlmostEqual(self.told["netReturn"], sum(by_hand) / len(by_hand), places=12)

    def test_nothing_is_earned_where_nothing_is_called(self) -> None:
        holds = np.tile([0.1, 0.2, 0.7, 0.01, 0.5, 0.01], (400, 1))
        told = fold_metrics(1, self.past, self.future, holds)
        self.assertEqual((told["calls"], told["netReturn"]), (0, None))

    def test_window_is_that_of_the_rows_tested(self) -> None:
        self.assertEqual(self.told["testFrom"], "2023-11-15T06:33:19.999Z")
        self.assertEqual(self.told["testTo"], "2023-11-15T13:12:19.999Z")
        rows = (self.told["fold"], self.told["trainRows"], self.told["testRows"])
        self.assertEqual(rows, (3, 500, 400))
