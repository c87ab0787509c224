"""What each sense rests on, and how it is put in words.

`cites` are the facts a reason of a sense rests on, the subject first; `text` is made only in the
full gear.
"""

from typing import Callable, NamedTuple

from features import PATTERN_LEANS
from senses import (
    SQRT_3,
    bollinger,
    cci,
    cost,
    depth,
    directional,
    drawdown,
    drift,
    efficiency,
    ema_cross,
    exposure,
    fair_price,
    follow_through,
    macd,
    means_trend,
    move,
    open_position,
    pattern,
    ratio,
    rsi,
    stochastic,
    stretch,
    volume,
    wildness,
    williams,
)

LAST_CLOSE = "candles.31.close"


class Sense(NamedTuple):
    read: Callable
    cites: tuple
    text: Callable


def went(change):
    return f"{'fell' if change < 0 else 'rose'} {abs(change) * 100:.1f} %"


def side(difference):
    return "below" if difference < 0 else "above"


def extreme(lean):
    return "neutral" if abs(lean) < 0.25 else "oversold" if lean > 0 else "overbought"


def figure(value):
    size = abs(value)
    return f"{value:.0f}" if size >= 100 else f"{value:.2f}" if size >= 1 else f"{value:#.3g}"


def ranges(value):
    return f"{abs(value):.1f} ATR {side(value)}"


def pattern_text(f, i, _b, _lean):
    bits = f.pattern_names[i]
    names = [name for place, name in enumerate(PATTERN_LEANS) if bits >> place & 1]
    return f"the candle shows {' and '.join(names).replace('_', ' ')}"


def move_text(f, i, _b, _lean):
    change, usual = f.change3[i], f.volatility_mean[i]
    size = f", {ratio(abs(change), usual * SQRT_3):.1f} times the usual" if usual > 0 else ""
    return f"price {went(change)} in 3 candles{size}"


def volume_text(f, i, _b, _lean):
    value, change = f.volume_ratio[i], f.change1[i]
    behind = "behind the fall" if change < 0 else "behind the rise"
    return f"volume {value:.1f} times the mean {behind if value >= 1 else 'is thin'}"


def bollinger_text(f, i, _b, _lean):
    lower, upper = f.bollinger_lower[i], f.bollinger_upper[i]
    place = (f.close[i] - lower) / (upper - lower)
    where = "below" if place < 0 else "above" if place > 1 else f"{place * 100:.0f} % up"
    return f"close {figure(f.close[i])} is {where} the Bollinger band"


def trend_text(f, i, _b, _lean):
    adx = f.adx[i]
    up = f.plus_di[i] > f.minus_di[i]
    which = "no trend" if adx < 20 else "an up trend" if up else "a down trend"
    return f"ADX {adx:.0f} shows {which}"


def cost_text(f, i, _b, _lean):
    range_bps = ratio(f.atr[i], f.close[i]) * 10_000
    return f"spread {f.spread_bps[i]:.1f} bps against a range of {range_bps:.0f} bps"


def exposure_text(_f, _i, books, _lean):
    bps = books.exposure_bps
    return f"{bps / 100:.1f} % of equity is at stake" if bps else "nothing is at stake yet"


def efficiency_text(f, i, _b, _lean):
    first, last = f.first_close[i], f.close[i]
    share = abs((last - first) / f.path[i] * 100)
    return f"{figure(first)} to {figure(last)} is {share:.0f} % of the path walked"


def of(name):
    return f"reading.indicators.{name}"


# Fact paths as the ring cites them, and the column or holding they stand for.
FACTS = {
    of("change3"): "change3",
    of("change1"): "change1",
    of("change12"): "change12",
    of("volatility20"): "volatility",
    of("volatilityMean"): "volatility_mean",
    of("volumeRatio"): "volume_ratio",
    of("rsi14"): "rsi",
    of("stochasticK"): "stochastic_k",
    of("stochasticD"): "stochastic_d",
    of("williamsR"): "williams",
    of("cci20"): "cci",
    of("bollingerLower"): "bollinger_lower",
    of("bollingerMiddle"): "bollinger_middle",
    of("bollingerUpper"): "bollinger_upper",
    of("macdHistogram"): "macd_histogram",
    of("atr14"): "atr",
    of("emaFast"): "ema_fast",
    of("emaSlow"): "ema_slow",
    of("adx14"): "adx",
    of("plusDi14"): "plus_di",
    of("minusDi14"): "minus_di",
    of("sma20"): "sma20",
    of("sma50"): "sma50",
    of("vwap"): "vwap",
    "candles.31.open": "open",
    LAST_CLOSE: "close",
    "candles.31.volume": "volume",
    "candles.0.close": "first_close",
    "candles.1.close": "second_close",
    "liquidity.spreadBps": "spread_bps",
    "liquidity.meanQuoteVolume": "mean_turnover",
}
HELD_FACTS = {
    "holdings.exposureBps": "exposure_bps",
    "holdings.drawdownBps": "drawdown_bps",
    "holdings.entryPrice": "entry_price",
    "holdings.openOrders": "open_orders",
}

# In the order everyone reads them who is shown a fact that is not among their own.
SENSES = {
    "move": Sense(move, (of("change3"), of("volatilityMean")), move_text),
    "volume": Sense(volume, (of("volumeRatio"), of("change1")), volume_text),
    "drift": Sense(
        drift,
        (of("change12"), of("volatility20")),
        lambda f, i, b, lean: f"price {went(f.change12[i])} over 12 candles",
    ),
    "rsi": Sense(
        rsi, (of("rsi14"),), lambda f, i, b, lean: f"RSI {f.rsi[i]:.0f} is {extreme(lean)}"
    ),
    "stochastic": Sense(
        stochastic,
        (of("stochasticK"), of("stochasticD")),
        lambda f, i, b, lean: (
            f"Stochastic {f.stochastic_k[i]:.0f}/{f.stochastic_d[i]:.0f} is {extreme(lean)}"
        ),
    ),
    "williams": Sense(
        williams,
        (of("williamsR"),),
        lambda f, i, b, lean: f"Williams %R {f.williams[i]:.0f} is {extreme(lean)}",
    ),
    "cci": Sense(
        cci, (of("cci20"),), lambda f, i, b, lean: f"CCI {f.cci[i]:.0f} is {extreme(lean)}"
    ),
    "bollinger": Sense(
        bollinger, (of("bollingerLower"), of("bollingerUpper"), LAST_CLOSE), bollinger_text
    ),
    "macd": Sense(
        macd,
        (of("macdHistogram"), of("atr14")),
        lambda f, i, b, lean: (
            f"MACD is {figure(abs(f.macd_histogram[i]))} {side(f.macd_histogram[i])} its signal"
        ),
    ),
    "ema_cross": Sense(
        ema_cross,
        (of("emaFast"), of("emaSlow"), of("atr14")),
        lambda f, i, b, lean: (
            f"fast EMA {figure(f.ema_fast[i])} is {side(f.ema_fast[i] - f.ema_slow[i])} "
            f"slow {figure(f.ema_slow[i])}"
        ),
    ),
    "directional": Sense(directional, (of("adx14"), of("plusDi14"), of("minusDi14")), trend_text),
    "pattern": Sense(pattern, ("candles.31.open", LAST_CLOSE), pattern_text),
    "wildness": Sense(
        wildness,
        (of("volatility20"), of("volatilityMean")),
        lambda f, i, b, lean: (
            f"volatility is {f.volatility[i] / f.volatility_mean[i]:.1f} times the usual"
        ),
    ),
    "exposure": Sense(exposure, ("holdings.exposureBps",), exposure_text),
    "drawdown": Sense(
        drawdown,
        ("holdings.drawdownBps",),
        lambda f, i, b, lean: f"equity is {b.drawdown_bps / 100:.1f} % below its peak",
    ),
    "open_position": Sense(
        open_position,
        ("holdings.entryPrice", LAST_CLOSE, of("atr14")),
        lambda f, i, b, lean: (
            f"the position is {ranges((f.close[i] - b.entry_price) / f.atr[i])} its entry"
        ),
    ),
    "means_trend": Sense(
        means_trend,
        (of("sma50"), of("sma20"), of("atr14")),
        lambda f, i, b, lean: (
            f"SMA 20 is {abs(f.sma20[i] - f.sma50[i]) / f.sma50[i] * 100:.1f} % "
            f"{side(f.sma20[i] - f.sma50[i])} SMA 50"
        ),
    ),
    "stretch": Sense(
        stretch,
        (of("bollingerMiddle"), of("atr14"), LAST_CLOSE),
        lambda f, i, b, lean: (
            f"close is {ranges(ratio(f.close[i] - f.bollinger_middle[i], f.atr[i]))} its mean"
        ),
    ),
    "cost": Sense(cost, ("liquidity.spreadBps", of("atr14"), LAST_CLOSE), cost_text),
    "fair_price": Sense(
        fair_price,
        (of("vwap"), LAST_CLOSE, of("atr14")),
        lambda f, i, b, lean: (
            f"close is {ranges(ratio(f.close[i] - f.vwap[i], f.atr[i]))} the day's VWAP"
        ),
    ),
    "depth": Sense(
        depth,
        ("liquidity.meanQuoteVolume", "candles.31.volume", LAST_CLOSE),
        lambda f, i, b, lean: (
            f"turnover is {f.volume[i] * f.close[i] / f.mean_turnover[i] * 100:.0f} % of the mean"
        ),
    ),
    "follow_through": Sense(
        follow_through,
        ("candles.1.close", LAST_CLOSE),
        lambda f, i, b, lean: (
            f"{f.same[i]:.0f} of the last {f.pairs[i]:.0f} moves went on the same way"
        ),
    ),
    "efficiency": Sense(efficiency, ("candles.0.close", LAST_CLOSE), efficiency_text),
}
