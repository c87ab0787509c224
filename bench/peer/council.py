"""The ring in Python: the same rules as core/assistants and core/debate, for backtesting.py.

`Council` decides one motion. Lean keeps what was decided; full keeps every utterance with its
reasons as text and evidence with its values, the way our full gear does. What everybody says here
comes from the same columns, so nobody can claim what is not so: the auditor's strikes, the checks
of evidence and the discount for a change of mind without evidence never apply and are left out,
and so is news, which a backtest has none of. `concedes` moves no decision: full gear only.
"""

from collections import deque
from math import floor
from typing import NamedTuple

from evidence import SENSES
from features import CALM, CHOPPY, TREND_DOWN, TREND_UP, TURBULENT
from tally import allocate, verdict_of
from words import Words

ROLES = (
    "market_monitor",
    "technical_analyst",
    "fundamental_analyst",
    "risk_manager",
    "strategist",
    "executor",
    "auditor",
)
OPENNESS = dict(zip(ROLES, (0.8, 1, 0.7, 1, 0.8, 1.2, 1), strict=True))
WATCHES = {
    "market_monitor": {"move": 2, "volume": 1.5},
    "technical_analyst": {
        "rsi": 3,
        "bollinger": 2,
        "macd": 2,
        "ema_cross": 1.5,
        "stochastic": 1,
        "williams": 1,
        "cci": 1,
        "directional": 1.5,
        "pattern": 1,
    },
    "risk_manager": {"exposure": 2, "wildness": 2, "drawdown": 1.5, "open_position": 2},
    "executor": {"fair_price": 2, "cost": 1, "depth": 1},
    "auditor": {"efficiency": 2, "follow_through": 1.5},
}
STRATEGIST_WATCHES = {
    TREND_UP: {"means_trend": 2, "drift": 2, "stretch": 1},
    TREND_DOWN: {"means_trend": 2, "drift": 2, "stretch": 1},
    CALM: {"means_trend": 1, "drift": 0.5, "stretch": 2},
    CHOPPY: {"means_trend": 1, "drift": 1, "stretch": 2},
    TURBULENT: {"means_trend": 1, "drift": 1, "stretch": 1.5},
}
SUBJECTS = {name: sense.cites[0] for name, sense in SENSES.items()}
SENSE_OF_SUBJECT = {fact: name for name, fact in SUBJECTS.items()}
SENSE_ORDER = {name: place for place, name in enumerate(SENSES)}
CONFIDENT_BP = 5_000


class View(NamedTuple):
    stance: tuple
    action: str | None
    confidence: int
    weighed: list
    # Names of senses; what is no such name is a text of its own.
    reasons: list
    cited: frozenset


def top_action(stance):
    buy, sell, hold = stance
    if buy > sell:
        return "BUY" if buy > hold else "HOLD" if hold > buy else None
    if sell > buy:
        return "SELL" if sell > hold else "HOLD" if hold > sell else None
    return "HOLD" if hold > buy else None


def distance(one, other):
    return (abs(one[0] - other[0]) + abs(one[1] - other[1]) + abs(one[2] - other[2])) / 2


def strongest(action, weighed):
    """Names of the senses that speak for an action, by weight × support."""
    if action == "HOLD":
        forces = [(weight * caution, name) for weight, _, caution, name in weighed]
    else:
        way = 1 if action == "BUY" else -1
        forces = [(weight * way * lean, name) for weight, lean, _, name in weighed]
    ranked = [force for force in forces if force[0] > 0]
    ranked.sort(key=lambda force: -force[0])
    return [name for _, name in ranked]


def facts_of(names):
    return frozenset(fact for name in names if name in SENSES for fact in SENSES[name].cites)


def distinct_facts(names):
    return list(dict.fromkeys(fact for name in names for fact in SENSES[name].cites))


def points_against(own, cited):
    """The first two of one's reasons that the other has not cited."""
    ranked = strongest(own.action or "HOLD", own.weighed)
    return [name for name in ranked if SUBJECTS[name] not in cited][:2]


class Record:
    """One assistant's calls: how many of the last twenty were borne out by the one after."""

    def __init__(self):
        self.settled = deque(maxlen=20)
        self.newest = None

    @staticmethod
    def outcome(call, close):
        action, at = call
        if action == "HOLD":
            return None
        went = (close - at) / at
        return (went if action == "BUY" else -went) > 0.001

    def kept_bp(self, close):
        outcomes = [*self.settled, self.outcome(self.newest, close)] if self.newest else ()
        known = [outcome for outcome in outcomes if outcome is not None]
        rate = (sum(known) + 4) / (len(known) + 8)
        return min(10_000, max(5_000, floor(20_000 * rate + 0.5)))

    def learn(self, action, close):
        if self.newest:
            self.settled.append(self.outcome(self.newest, close))
        self.newest = (action, close)


def stance_of(weighed):
    """Each impression spreads its weight over buying, selling and waiting."""
    buy = sell = hold = 0.0
    for weight, lean, caution, _ in weighed:
        if lean > 0:
            buy += weight * lean
        else:
            sell -= weight * lean
        hold += weight * caution
    parts = [floor(part * 1_000_000 + 0.5) for part in (buy, sell, hold)]
    return tuple(allocate(parts)) if any(parts) else (0, 0, 10_000)


def fixed(confidence, text, *facts):
    return View((0, 0, 10_000), "HOLD", confidence, [], [text], frozenset(facts))


def is_contested(views):
    """Two confident opinions want different things."""
    wanted = {view.action for view in views.values() if view.confidence >= CONFIDENT_BP}
    return len(wanted - {None}) > 1


class Council:
    def __init__(self, features, full=False):
        self.f = features
        self.full = full
        self.records = {role: Record() for role in ROLES}

    def decide(self, i, books):
        """What the ring says at candle `i`: a dict, in the full gear with its transcript."""
        return Debate(self, i, books).hold()


class Debate:
    def __init__(self, council, i, books):
        self.f, self.i, self.books = council.f, i, books
        self.records = council.records
        f = self.f
        self.read = {name: sense.read(f, i, books) for name, sense in SENSES.items()}
        close = f.close[i]
        self.kept = {role: record.kept_bp(close) for role, record in self.records.items()}
        self.watches = {**WATCHES, "strategist": STRATEGIST_WATCHES[f.regime[i]]}
        self.words = Words(self.f, i, books, self.read) if council.full else None

    def hold(self):
        opinions = {role: self.view(role) for role in ROLES}
        close = self.f.close[self.i]
        for role, view in opinions.items():
            self.records[role].learn(view.action or "HOLD", close)
        contested = is_contested(opinions)
        standing = opinions
        if self.words:
            self.words.tell_opinions(opinions)
        if contested:
            standing = self.debate(opinions)
        ballots = {role: self.ballot(role, view) for role, view in standing.items()}
        veto = self.veto()
        if self.words:
            self.words.tell_ballots(3 if contested else 2, standing, ballots, veto)
        verdict = verdict_of(ballots, veto, self.books.quantity > 0)
        votes = {role: (v.action or "HOLD", v.confidence) for role, v in opinions.items()}
        single = max(ROLES, key=lambda role: votes[role][1])
        plain = verdict_of(votes, None, self.books.quantity > 0)
        decision = {
            "verdict": verdict["kind"],
            "action": verdict["action"],
            "confidence": verdict["confidence"],
            "contested": contested,
            "single": (single, *votes[single]),
            "vote": (plain["kind"], plain["action"], plain["confidence"]),
            "calls": [
                (opinions[role].stance, standing[role].stance, ballots[role][0]) for role in ROLES
            ],
        }
        if self.words:
            decision.update(tally=verdict, veto=veto, transcript=self.words.said)
        return decision

    def view(self, role, shown=frozenset()):
        """A view from the role's own evidence and what others have shown it."""
        if role == "fundamental_analyst":
            return fixed(500, "no news source")
        if role == "auditor" and self.f.stale[self.i]:
            return fixed(500, "stale data: candles are missing")
        if role == "executor":
            blocked = self.not_executable()
            if blocked is not None:
                return blocked
        watches = self.watches[role]
        read = self.read
        weighed = [(weight, *read[name], name) for name, weight in watches.items() if read[name]]
        total = sum(watches.values())
        known = sum(one[0] for one in weighed)
        if shown:
            weighed += self.borrowed(role, shown, weighed, (total, known))
        stance = stance_of(weighed)
        action = top_action(stance)
        first, second, _ = sorted(stance, reverse=True)
        sure = 0.25 + 0.75 * ((first - second) / 10_000)
        confidence = floor(10_000 * sure * (known / total) + 0.5) * self.kept[role] // 10_000
        reasons = (strongest(action or "HOLD", weighed) or [one[3] for one in weighed])[:3]
        return View(stance, action, confidence, weighed, reasons, facts_of(reasons))

    def borrowed(self, role, shown, own, sums):
        total, known = sums
        read = self.read
        mine = {one[3] for one in own}
        names = {SENSE_OF_SUBJECT.get(fact) for fact in shown} - mine - {None}
        foreign = sorted((name for name in names if read[name]), key=SENSE_ORDER.__getitem__)
        each = OPENNESS[role] * total / len(self.watches[role])
        weight = min(each, 0.9 * known / max(1, len(foreign)))
        return [(weight, *read[name], name) for name in foreign]

    def not_executable(self):
        f, i = self.f, self.i
        if self.books.open_orders > 0:
            return fixed(8_000, "not executable: orders are still open", "holdings.openOrders")
        if f.mean_turnover[i] <= 0:
            fact = "liquidity.meanQuoteVolume"
            return fixed(8_000, "not executable: nothing is traded here", fact)
        if f.spread_bps[i] > 60:
            text = f"not executable: spread {f.spread_bps[i]:.0f} bps, at most 60"
            return fixed(8_000, text, "liquidity.spreadBps")
        return None

    def debate(self, opinions):
        """One round: challenges, rebuttals, revisions. What everybody holds after it."""
        challenges = {role: self.challenge(role, opinions) for role in ROLES}
        answers = {}
        for role in ROLES:
            for challenger in ROLES:
                asked = challenges[challenger]
                if asked and asked[0] == role:
                    cited = opinions[challenger].cited | facts_of(asked[1])
                    answers[role, challenger] = points_against(opinions[role], cited)
        shown = {role: {} for role in ROLES}
        for role, asked in challenges.items():
            if asked:
                shown[asked[0]][role] = distinct_facts(asked[1])
        if self.words:
            self.words.tell_talk(self, opinions, challenges, answers)
        for (role, challenger), points in answers.items():
            shown[challenger][role] = shown[challenger].get(role, []) + distinct_facts(points)
        revisions = {role: self.revision(role, opinions[role], shown[role]) for role in ROLES}
        if self.words:
            self.words.tell_revisions(revisions)
        return {role: change[0] if change else opinions[role] for role, change in revisions.items()}

    def challenge(self, role, opinions):
        """Whom this role asks, and the senses it shows: none, or `(to, names)`."""
        own = opinions[role]
        if own.action is None or not own.weighed:
            return None
        rivals = []
        for other, held in opinions.items():
            if other == role or held.action == own.action:
                continue
            apart = distance(own.stance, held.stance)
            if apart >= 3_000:
                rivals.append((-apart * held.confidence, other))
        rivals.sort(key=lambda rival: rival[0])
        for _, other in rivals:
            points = points_against(own, opinions[other].cited)
            if points:
                return other, points
        return None

    def revision(self, role, before, shown):
        """`(view, moved by, new facts)` when what was shown moves this role, else None."""
        fresh = {
            other: [fact for fact in shown[other] if fact not in before.cited]
            for other in ROLES
            if other in shown
        }
        new = list(dict.fromkeys(fact for facts in fresh.values() for fact in facts))
        if not new:
            return None
        after = self.view(role, frozenset(new))
        if distance(before.stance, after.stance) < 300:
            return None
        return after, max(fresh, key=lambda other: len(fresh[other])), new

    def ballot(self, role, view):
        silent = role == "fundamental_analyst" or (role == "auditor" and self.f.stale[self.i])
        if silent or view.confidence < 1_000 or view.action is None:
            return "ABSTAIN", view.confidence
        return view.action, view.confidence

    def veto(self):
        volatility, usual = self.f.volatility[self.i], self.f.volatility_mean[self.i]
        if volatility > 0.02:
            return "volatility_extreme"
        if volatility > 2.2 * usual:
            return "volatility_spike"
        if self.books.exposure_bps >= 5_000:
            return "exposure_full"
        return "drawdown_deep" if self.books.drawdown_bps >= 1_500 else None
