"""What one kind of evidence says at one close: a lean (-1 sell … 1 buy) and a caution (0 … 1).

Each sense reads its columns at one index and gives `(lean, caution)`, or None where a fact is
absent. News is not here: a backtest has none.
"""

from math import copysign, sqrt
from typing import NamedTuple

SQRT_3 = sqrt(3)
SQRT_12 = sqrt(12)


class Holdings(NamedTuple):
    """The account at one motion, as our own run had it."""

    quantity: float = 0.0
    entry_price: float = 0.0
    exposure_bps: float = 0.0
    drawdown_bps: float = 0.0
    open_orders: int = 0


def clamp(value, low, high):
    return low if value < low else high if value > high else value


def ramp(value, start, end):
    return clamp((value - start) / (end - start), 0.0, 1.0)


def ratio(value, unit):
    return value / unit if unit else 0.0


def sign(value):
    return copysign(1.0, value) if value else 0.0


def oscillator(value, oversold, overbought):
    quarter = (overbought - oversold) / 4
    low = ramp(value, oversold + quarter, oversold)
    return low if low > 0 else -ramp(value, overbought - quarter, overbought)


def leaning(lean):
    """A neutral reading speaks for waiting, by a third."""
    return lean, 0.4 * (1 - abs(lean))


def absent(*values):
    return any(value != value for value in values)


def rsi(f, i, _):
    value = f.rsi[i]
    return None if value != value else leaning(oscillator(value, 25, 75))


def stochastic(f, i, _):
    k, d = f.stochastic_k[i], f.stochastic_d[i]
    return None if absent(k, d) else leaning(0.7 * oscillator((k + d) / 2, 10, 90))


def williams(f, i, _):
    value = f.williams[i]
    return None if value != value else leaning(0.6 * oscillator(value, -95, -5))


def cci(f, i, _):
    value = f.cci[i]
    return None if value != value else leaning(0.7 * oscillator(value, -180, 180))


def bollinger(f, i, _):
    lower, upper = f.bollinger_lower[i], f.bollinger_upper[i]
    if not upper > lower:
        return None
    return leaning(oscillator((f.close[i] - lower) / (upper - lower), 0, 1))


def macd(f, i, _):
    histogram, atr = f.macd_histogram[i], f.atr[i]
    if absent(histogram, atr):
        return None
    return leaning(clamp(ratio(histogram, 0.25 * atr), -1.0, 1.0))


def ema_cross(f, i, _):
    return leaning(clamp(ratio(f.ema_fast[i] - f.ema_slow[i], f.atr[i]), -1.0, 1.0))


def directional(f, i, _):
    plus, minus = f.plus_di[i], f.minus_di[i]
    if absent(plus, minus):
        return None
    return leaning(sign(plus - minus) * ramp(f.adx[i], 15, 40))


def pattern(f, i, _):
    lean = f.pattern_lean[i]
    return None if lean != lean else leaning(lean)


def move(f, i, _):
    usual = f.volatility_mean[i]
    lean = clamp(ratio(f.change3[i], 2.5 * usual * SQRT_3), -1.0, 1.0)
    return lean, 0.6 * (1 - abs(lean))


def volume(f, i, _):
    value, change = f.volume_ratio[i], f.change1[i]
    if value != value:
        return None
    return sign(change) * ramp(value, 1, 2.5), ramp(value, 1.2, 0.4)


def drift(f, i, _):
    return leaning(clamp(ratio(f.change12[i], 1.5 * f.volatility[i] * SQRT_12), -1.0, 1.0))


def wildness(f, i, _):
    usual = f.volatility_mean[i]
    if usual <= 0:
        return None
    value = f.volatility[i] / usual
    return 0.4 * ramp(value, 1.1, 0.7), ramp(value, 0.9, 1.8)


def exposure(_f, _i, books):
    bps = books.exposure_bps
    lean = 0.5 * ramp(bps, 1_500, 0) - 0.9 * ramp(bps, 3_500, 6_000)
    return lean, (0.25 + 0.75 * ramp(bps, 500, 3_500)) * (1 + min(0.0, lean))


def drawdown(_f, _i, books):
    bps = books.drawdown_bps
    lean = -0.8 * ramp(bps, 500, 1_500)
    return lean, ramp(bps, 100, 600) * (1 + lean)


def open_position(f, i, books):
    entry, atr = books.entry_price, f.atr[i]
    if entry <= 0 or atr <= 0:
        return None
    away = (f.close[i] - entry) / atr
    return -clamp((-away - 0.5) / 2, 0.0, 1.0) - 0.6 * ramp(away, 3, 6), 0.3


def means_trend(f, i, _):
    return leaning(clamp(ratio(f.sma20[i] - f.sma50[i], 1.5 * f.atr[i]), -1.0, 1.0))


def stretch(f, i, _):
    away = ratio(f.close[i] - f.bollinger_middle[i], f.atr[i])
    return leaning(-sign(away) * clamp((abs(away) - 0.5) / 2, 0.0, 1.0))


def cost(f, i, _):
    range_bps = ratio(f.atr[i], f.close[i]) * 10_000
    share = ratio(f.spread_bps[i], range_bps) if range_bps > 0 else 1.0
    return 0.0, ramp(share, 0.15, 0.8)


def fair_price(f, i, _):
    vwap = f.vwap[i]
    if vwap != vwap:
        return None
    return leaning(-clamp(ratio(f.close[i] - vwap, f.atr[i]) / 4, -1.0, 1.0))


def depth(f, i, _):
    mean = f.mean_turnover[i]
    if mean <= 0:
        return None
    return 0.0, ramp(f.volume[i] * f.close[i] / mean, 0.7, 0.2)


def follow_through(f, i, _):
    pairs = f.pairs[i]
    if pairs == 0:
        return None
    return leaning(sign(f.move[i]) * clamp((f.same[i] / pairs - 0.5) * 4, -1.0, 1.0))


def efficiency(f, i, _):
    path = f.path[i]
    if path == 0:
        return None
    lean = clamp((f.close[i] - f.first_close[i]) / path * 2.5, -1.0, 1.0)
    return lean, 0.6 * (1 - abs(lean))
