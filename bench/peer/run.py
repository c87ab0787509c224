"""backtesting.py running the ring's rules: one side of `bench/backtest.ts`, called by it.

    python run.py council|sma CANDLES.f64 LENGTH_MS [--gear lean|full] [--tuned]
                  [--feed FILE] [--repeat N] [--decisions FILE]

CANDLES.f64 holds six doubles a candle: open time (Unix ms), open, high, low, close, volume. The
feed holds our own account as it stood (entry price at each close, holdings at each motion), so
that both sides decide on the same books; the orders go through backtesting.py's own broker. Prints
JSON: seconds and processor seconds of each run, from `Backtest(...)` to its statistics, and what
was decided.
"""

import argparse
import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import crossover

from council import Council
from features import as_lists, columns
from senses import Holdings

FEE = 0.001
SPREAD = 0.0002
# Orders are in whole units there, so the account is large against any price.
CASH = 1e9
MOST_OF_EQUITY = 0.25
RISK_PER_TRADE = 0.01
STOP_VOLATILITIES = 8
STOP_ATR = 3
TARGET_ATR = 6


class Ring(Strategy):
    """The council behind its market monitor. Tuned, it reads its columns from plain lists; as
    backtesting.py's documentation has it, every column is an indicator (`self.I`), which the
    framework slices to what is known at each bar."""

    length_ms = 300_000
    full = False
    tuned = False
    entries = None
    books = None

    def init(self):
        found = columns(self.data.df, self.length_ms)
        self.f = as_lists(found) if self.tuned else self.declared(found)
        self.council = Council(self.f, self.full)
        self.asked_at = None
        self.decisions = []

    def declared(self, found):
        for name, column in found.items():
            # The ring counts its own warm-up: a first number keeps bars from being skipped.
            if np.isnan(column[0]):
                column[0] = 0
            setattr(self, name, self.I(lambda column=column: column, name=name, plot=False))
        return self

    def next(self):
        i = len(self.data) - 1
        why = self.trigger(i)
        if why is None:
            return
        self.asked_at = i
        books = self.books.get(i, Holdings())
        decision = self.council.decide(i, books)
        decision["close_ms"] = int(self.f.close_ms[i])
        decision["trigger"] = why
        self.decisions.append(decision)
        if decision["verdict"] == "consensus":
            self.trade(i, decision)

    def trigger(self, i):
        """Why the market monitor puts a motion at this close, or None."""
        f = self.f
        since = 1_000 if self.asked_at is None else i - self.asked_at
        if since < 4 or not f.warm[i]:
            return None
        entry = self.entries[i]
        if since >= 12 and entry is not None and f.close[i] <= entry - 2 * f.atr[i]:
            return "position_at_risk"
        if f.price_move[i]:
            return "price_move"
        if since >= 5 and f.volume_surge[i]:
            return "volume_surge"
        if since >= 5 and f.regime_change[i]:
            return "regime_change"
        if since >= 6 and f.signal[i]:
            return "signal"
        return "cadence" if since >= 12 else None

    def trade(self, i, decision):
        if decision["action"] == "SELL":
            self.position.close()
        elif decision["action"] == "BUY" and not self.position:
            f = self.f
            wanted = RISK_PER_TRADE / (STOP_VOLATILITIES * max(f.volatility[i], 1e-4))
            size = min(wanted, MOST_OF_EQUITY) * decision["confidence"] / 10_000
            if size > 0:
                close, atr = f.close[i], f.atr[i]
                stop = close - STOP_ATR * atr
                if stop > 0:
                    self.buy(size=size, sl=stop, tp=close + TARGET_ATR * atr)


def sma(values, period):
    return pd.Series(values).rolling(period).mean()


class SmaCross(Strategy):
    """As in backtesting.py's own documentation, long only."""

    def init(self):
        self.fast = self.I(sma, self.data.Close, 20)
        self.slow = self.I(sma, self.data.Close, 50)

    def next(self):
        if crossover(self.fast, self.slow):
            if not self.position:
                self.buy(size=MOST_OF_EQUITY)
        elif crossover(self.slow, self.fast):
            self.position.close()


def candles_of(path):
    numbers = np.fromfile(path).reshape(-1, 6)
    data = pd.DataFrame(numbers[:, 1:], columns=["Open", "High", "Low", "Close", "Volume"])
    data["Time"] = numbers[:, 0].astype(np.int64)
    data.index = pd.to_datetime(data["Time"], unit="ms")
    return data


def fed(path, count):
    """Entry prices by candle and holdings by motion, as our run had them."""
    entries, books = [None] * count, {}
    if path:
        with open(path, encoding="utf-8") as file:
            feed = json.load(file)
        for start, end, price in feed["entries"]:
            entries[start:end] = [price] * (end - start)
        books = {int(place): Holdings(*held) for place, held in feed["books"].items()}
    return entries, books


def run_once(data, strategy, parameters):
    started, processor = time.perf_counter(), time.process_time()
    test = Backtest(data, strategy, cash=CASH, commission=FEE, spread=SPREAD, finalize_trades=True)
    stats = test.run(**parameters)
    taken = time.perf_counter() - started, time.process_time() - processor
    return stats, taken


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("strategy", choices=["council", "sma"])
    parser.add_argument("candles")
    parser.add_argument("length_ms", type=int)
    parser.add_argument("--gear", choices=["lean", "full"], default="lean")
    parser.add_argument("--tuned", action="store_true")
    parser.add_argument("--feed")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--decisions")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    data = candles_of(options.candles)
    strategy, parameters = SmaCross, {}
    if options.strategy == "council":
        entries, books = fed(options.feed, len(data))
        strategy = Ring
        Ring.length_ms, Ring.full = options.length_ms, options.gear == "full"
        Ring.tuned = options.tuned
        Ring.entries, Ring.books = entries, books
    wall, processor = [], []
    for _ in range(options.repeat):
        stats, (seconds, spent) = run_once(data, strategy, parameters)
        wall.append(seconds)
        processor.append(spent)
    decisions = getattr(stats["_strategy"], "decisions", [])
    if options.decisions:
        keys = ("close_ms", "trigger", "verdict", "action", "confidence", "contested")
        rows = [
            [*(one[key] for key in keys), *one["single"], *one["vote"]] for one in decisions
        ]
        with open(options.decisions, "w", encoding="utf-8") as file:
            json.dump(rows, file)
    said = sum(len(one.get("transcript", ())) for one in decisions)
    print(
        json.dumps(
            {
                "wall": wall,
                "processor": processor,
                "candles": len(data),
                "decisions": len(decisions),
                "utterances": said,
                "trades": len(stats["_trades"]),
                "python": sys.version.split()[0],
            }
        )
    )


if __name__ == "__main__":
    main()
