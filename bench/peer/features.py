"""The ring's features, as a user of numpy and pandas writes them: whole columns at once.

Smoothed means go through pandas' `ewm`, windows through `sliding_window_view` (their sums are
taken anew at each step, so nothing drifts). The only loop over candles is the regime, whose
levels depend on the regime before.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

DAY_MS = 86_400_000
FLAT = 1e-12
SHORT_HOLE_CANDLES = 12
LONGEST_CLOSING_MS = 5 * DAY_MS
WARM_UP_CANDLES = 50
SNAPSHOT_CANDLES = 32
REGIMES = CALM, TREND_UP, TREND_DOWN, CHOPPY, TURBULENT = range(5)
PATTERN_LEANS = {
    "bullish_engulfing": 0.8,
    "bearish_engulfing": -0.8,
    "hammer": 0.6,
    "shooting_star": -0.6,
    "doji": 0.0,
    "morning_star": 1.0,
    "evening_star": -1.0,
}


def shifted(values, by):
    out = np.full(len(values), np.nan)
    out[by:] = values[: len(values) - by]
    return out


def windowed(values, size, reduce):
    """`reduce` over the last `size` values, NaN before there are so many."""
    out = np.full(len(values), np.nan)
    if len(values) >= size:
        out[size - 1 :] = reduce(sliding_window_view(values, size))
    return out


def mean_of(values, size):
    return windowed(values, size, lambda window: window.mean(axis=1))


def deviation_of(values, size):
    return windowed(values, size, lambda window: window.std(axis=1))


def smoothed(values, alpha, seed_count):
    """An exponential mean seeded with the plain mean of its first `seed_count` numbers."""
    out = np.full(len(values), np.nan)
    known = np.flatnonzero(~np.isnan(values))
    if len(known) < seed_count:
        return out
    first = known[0] + seed_count - 1
    rest = values[first:].copy()
    rest[0] = values[known[0] : first + 1].mean()
    out[first:] = pd.Series(rest).ewm(alpha=alpha, adjust=False).mean().to_numpy()
    return out


def ema(values, period):
    return smoothed(values, 2 / (period + 1), period)


def wilder(values, period):
    return smoothed(values, 1 / period, period)


def slow_mean(values, period):
    """The plain mean of the first `period` numbers, growing; then moved by 1 / `period`."""
    out = smoothed(values, 1 / period, period)
    known = np.flatnonzero(~np.isnan(values))[: period - 1]
    out[known] = np.cumsum(values[known]) / np.arange(1, len(known) + 1)
    return out


def restarts(open_ms, length_ms):
    """First candle of each unbroken run: the ring's rule on holes."""
    step = np.diff(open_ms)
    long = step / length_ms - 1 > SHORT_HOLE_CANDLES
    days = open_ms // DAY_MS
    starts = long & ((days[1:] == days[:-1]) | (step > LONGEST_CLOSING_MS))
    return [0, *(np.flatnonzero(starts) + 1).tolist(), len(open_ms)]


def run_columns(t, o, h, l, c, v):  # noqa: E741
    """Indicators of one unbroken run of candles."""
    f = {}
    before = shifted(c, 1)
    change = c - before
    gain = wilder(np.where(np.isnan(change), np.nan, np.maximum(change, 0)), 14)
    loss = wilder(np.where(np.isnan(change), np.nan, np.maximum(-change, 0)), 14)
    f["rsi"] = 100 * gain / (gain + loss)
    macd = ema(c, 12) - ema(c, 26)
    signal = ema(macd, 9)
    f["macd_histogram"] = macd - signal
    middle = mean_of(c, 20)
    deviation = deviation_of(c, 20)
    deviation[deviation <= FLAT * middle] = 0
    f["bollinger_upper"] = middle + 2 * deviation
    f["bollinger_middle"] = middle
    f["bollinger_lower"] = middle - 2 * deviation
    f["ema_fast"] = ema(c, 9)
    f["ema_slow"] = ema(c, 21)
    f["sma20"] = middle
    f["sma50"] = mean_of(c, 50)
    high = pd.Series(h).rolling(14).max().to_numpy()
    low = pd.Series(l).rolling(14).min().to_numpy()
    spread = np.where(high == low, np.nan, high - low)
    f["stochastic_k"] = 100 * (c - low) / spread
    f["stochastic_d"] = mean_of(f["stochastic_k"], 3)
    f["williams"] = -100 * (high - c) / spread
    typical = (h + l + c) / 3
    typical_mean = mean_of(typical, 20)
    distance = windowed(
        typical, 20, lambda w: np.abs(w - w.mean(axis=1, keepdims=True)).mean(axis=1)
    )
    distance[distance <= FLAT * typical_mean] = np.nan
    f["cci"] = (typical - typical_mean) / (0.015 * distance)
    f.update(directional_columns(h, l, before))
    day = t // DAY_MS
    turnover = pd.Series(v * (h + l + c) / 3).groupby(day).cumsum().to_numpy()
    f["vwap"] = turnover / pd.Series(v).groupby(day).cumsum().to_numpy()
    f["change1"] = c / before - 1
    f["change3"] = c / shifted(c, 3) - 1
    f["change12"] = c / shifted(c, 12) - 1
    f["volume_ratio"] = v / shifted(mean_of(v, 20), 1)
    f["volatility"] = deviation_of(np.log(c / before), 20)
    f["volatility_mean"] = slow_mean(f["volatility"], 100)
    f["pattern_lean"], f["pattern_names"] = pattern_columns(o, h, l, c)
    for name, column in f.items():
        if column.dtype.kind == "f":
            column[np.isinf(column)] = np.nan
    f["regime"] = regimes(f)
    f["warm"] = np.arange(1, len(c) + 1) >= WARM_UP_CANDLES
    f.update(signal_columns(f))
    return f


def signal_columns(f):
    """What the market monitor looks for, candle by candle."""
    usual = f["volatility_mean"] * np.sqrt(3)
    threshold = np.where(usual > 0, np.minimum(3 * usual, np.maximum(2 * usual, 0.03)), 0.03)
    rsi, rsi_before = f["rsi"], shifted(f["rsi"], 1)
    gap = f["ema_fast"] - f["ema_slow"]
    regime = f["regime"]
    changed = np.zeros(len(regime), dtype=bool)
    notable = np.isin(regime[1:], [TURBULENT, TREND_UP, TREND_DOWN])
    changed[1:] = (regime[1:] != regime[:-1]) & notable
    # The candle before must have been warm too.
    changed[:WARM_UP_CANDLES] = False
    entered = ((rsi <= 30) & (rsi_before > 30)) | ((rsi >= 70) & (rsi_before < 70))
    return {
        "price_move": np.abs(f["change3"]) >= threshold,
        "volume_surge": f["volume_ratio"] >= 3.5,
        "regime_change": changed,
        "signal": entered | (gap * shifted(gap, 1) < 0),
    }


def directional_columns(h, l, before):  # noqa: E741
    up = h - shifted(h, 1)
    down = shifted(l, 1) - l
    true_range = np.maximum(h, before) - np.minimum(l, before)
    first = np.isnan(before)
    plus = wilder(np.where(first, np.nan, np.where((up > down) & (up > 0), up, 0)), 14)
    minus = wilder(np.where(first, np.nan, np.where((down > up) & (down > 0), down, 0)), 14)
    atr = wilder(true_range, 14)
    moved = plus + minus
    dx = np.where(moved > 0, 100 * np.abs(plus - minus) / moved, 0)
    dx[np.isnan(moved)] = np.nan
    return {
        "atr": atr,
        "adx": wilder(dx, 14),
        "plus_di": 100 * plus / atr,
        "minus_di": 100 * minus / atr,
    }


def pattern_columns(o, h, l, c):  # noqa: E741
    """The mean lean of the patterns a candle completes (NaN: none), and their bits."""
    body = np.abs(c - o)
    extent = h - l
    o1, c1, body1 = shifted(o, 1), shifted(c, 1), shifted(body, 1)
    o2, c2, body2, extent2 = (shifted(column, 2) for column in (o, c, body, extent))
    above = h - np.maximum(o, c)
    below = np.minimum(o, c) - l
    real = body > 0.05 * extent
    came = c1 - shifted(c, 6)
    small = (body2 != 0) & ~(body1 > 0.3 * body2) & ~(body2 < 0.5 * extent2)
    middle = (o2 + c2) / 2
    at_low = np.maximum(o1, c1) <= np.minimum(o2, c2) + 0.3 * body2
    at_high = np.minimum(o1, c1) >= np.maximum(o2, c2) - 0.3 * body2
    bigger = body > body1
    found = [
        (o1 - c1 > 0) & (c1 - o >= 0) & (c - o1 >= 0) & bigger,
        (c1 - o1 > 0) & (o - c1 >= 0) & (o1 - c >= 0) & bigger,
        real & (below >= 2 * body) & (above <= 0.25 * below) & (came < 0),
        real & (above >= 2 * body) & (below <= 0.25 * above) & (came > 0),
        (extent > 0) & (body <= 0.1 * extent),
        small & (c2 < o2) & at_low & (c > o) & (c > middle),
        small & (c2 >= o2) & at_high & (c < o) & (c < middle),
    ]
    count = np.sum(found, axis=0)
    lean = np.zeros(len(c))
    bits = np.zeros(len(c), dtype=np.int64)
    for place, (mask, value) in enumerate(zip(found, PATTERN_LEANS.values(), strict=True)):
        lean += np.where(mask, value, 0)
        bits |= mask.astype(np.int64) << place
    return np.where(count > 0, lean / np.maximum(count, 1), np.nan), bits


def regimes(f):
    """As places in `REGIMES`. With hysteresis: what a regime needs depends on the regime before.
    NaN compares false."""
    ratios = (f["volatility"] / f["volatility_mean"]).tolist()
    out = []
    regime = CHOPPY
    rows = zip(ratios, f["adx"].tolist(), f["plus_di"].tolist(), f["minus_di"].tolist())
    for ratio, adx, plus, minus in rows:
        if ratio != ratio and adx != adx:
            out.append(regime)
            continue
        trend = TREND_UP if plus > minus else TREND_DOWN if minus > plus else None
        if ratio >= (1.4 if regime == TURBULENT else 1.8):
            regime = TURBULENT
        elif trend is not None and adx >= (20 if regime == trend else 25):
            regime = trend
        else:
            regime = CALM if ratio <= (0.9 if regime == CALM else 0.75) else CHOPPY
        out.append(regime)
    return np.array(out)


def record_columns(t, h, l, c, v, length_ms):  # noqa: E741
    """What a snapshot's own candles say, whatever run they belong to."""
    f = {}
    log_close = np.log(c)
    mid = (np.log(h) + np.log(l)) / 2
    square = 4 * (log_close[:-1] - mid[:-1]) * (log_close[:-1] - mid[1:])
    pair = np.concatenate([[np.nan], np.sqrt(np.maximum(square, 0))])
    f["spread_bps"] = np.floor(mean_of(pair, 19) * 1_000_000 + 0.5) / 100
    f["mean_turnover"] = mean_of(v * c, 20)
    move = c - shifted(c, 1)
    last = shifted(move, 1)
    pairs = SNAPSHOT_CANDLES - 2
    real = ((move != 0) & (last != 0)).astype(float)
    f["pairs"] = windowed(real, pairs, lambda w: w.sum(axis=1))
    f["same"] = windowed((move * last > 0).astype(float), pairs, lambda w: w.sum(axis=1))
    f["path"] = windowed(np.abs(move), SNAPSHOT_CANDLES - 1, lambda w: w.sum(axis=1))
    f["move"] = move
    f["first_close"] = shifted(c, SNAPSHOT_CANDLES - 1)
    f["second_close"] = shifted(c, SNAPSHOT_CANDLES - 2)
    gap = np.concatenate([[False], np.diff(t) / length_ms > 2])
    f["stale"] = gap | np.concatenate([[False], gap[:-1]])
    return f


def columns(data, length_ms):
    """Every column the council reads, by name."""
    t = data["Time"].to_numpy()
    o, h, l, c, v = (  # noqa: E741
        data[name].to_numpy(dtype=float) for name in ("Open", "High", "Low", "Close", "Volume")
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        starts = restarts(t, length_ms)
        runs = [
            run_columns(*(column[start:end] for column in (t, o, h, l, c, v)))
            for start, end in zip(starts[:-1], starts[1:], strict=True)
        ]
        f = {name: np.concatenate([run[name] for run in runs]) for name in runs[0]}
        f.update(record_columns(t, h, l, c, v, length_ms))
    f.update(open=o, close=c, volume=v, close_ms=t + length_ms - 1)
    return f


def as_lists(f):
    """Lists of plain floats: the fastest to read one value from."""
    return SimpleNamespace(**{name: column.tolist() for name, column in f.items()})
