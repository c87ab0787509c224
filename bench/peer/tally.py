"""The count of votes, in exact integers, and the verdict: core/debate/tally.ts and shares.ts."""

ACTIONS = ("BUY", "SELL", "HOLD")
TEXT_ROLES = ("fundamental_analyst",)
# Nothing has been earned yet: all weigh the same.
WEIGHT = 10_000
THRESHOLD_BP = 5_000
QUORUM = 5
TEXT_CAP_BP = 2_000
RISK = {"SELL": 0, "HOLD": 1, "BUY": 2}


def allocate(parts, whole=10_000):
    """Whole numbers that sum to `whole`, by largest remainder, the earlier first."""
    total = sum(parts)
    if total == 0:
        return [0] * len(parts)
    shares = [part * whole // total for part in parts]
    missing = whole - sum(shares)
    if missing:
        by_remainder = sorted(range(len(parts)), key=lambda k: -(parts[k] * whole % total))
        for place in by_remainder[:missing]:
            shares[place] += 1
    return shares


def cast_weights(ballots):
    """`[role, choice, confidence, weight]` of the votes with a choice; text weighs at most its
    cap, in exact integers."""
    cast = [[role, *ballot, WEIGHT] for role, ballot in ballots.items() if ballot[0] != "ABSTAIN"]
    text = sum(one[3] for one in cast if one[0] in TEXT_ROLES)
    numeric = sum(one[3] for one in cast) - text
    rest = 10_000 - TEXT_CAP_BP
    if text * rest > numeric * TEXT_CAP_BP:
        for one in cast:
            one[3] *= TEXT_CAP_BP * numeric if one[0] in TEXT_ROLES else rest * text
        cast = [one for one in cast if one[3]]
    return cast


def leader(weights, actions):
    """The action with strictly the most weight, or None."""
    best = max(actions, key=lambda action: weights[action])
    most = weights[best]
    alone = most > 0 and sum(weights[action] == most for action in actions) == 1
    return best if alone else None


def tally_of(ballots):
    cast = cast_weights(ballots)
    weights = dict.fromkeys(ACTIONS, 0)
    weighed = dict.fromkeys(ACTIONS, 0)
    for _, choice, confidence, weight in cast:
        weights[choice] += weight
        weighed[choice] += weight * confidence
    leading = leader(weights, ACTIONS)
    return {
        "quorate": len(cast) >= QUORUM,
        "shares": allocate([one[3] for one in cast]),
        "leading": leading,
        "side": leader(weights, ("BUY", "SELL")),
        "passes": leading is not None
        and weights[leading] * 10_000 > sum(weights.values()) * THRESHOLD_BP,
        "confidence": weighed[leading] // weights[leading] if leading else 0,
    }


def verdict_of(ballots, veto, holding):
    """Quorum, then threshold, then the rule on text, then the veto."""
    tally = tally_of(ballots)
    numeric = {role: ballot for role, ballot in ballots.items() if role not in TEXT_ROLES}
    if any(ballots[role][0] != "ABSTAIN" for role in TEXT_ROLES):
        without = tally_of(numeric)
        agreed, plain = (one["leading"] if one["passes"] else "HOLD" for one in (tally, without))
        backers = sum(ballot[0] == agreed for ballot in numeric.values())
        if RISK[agreed] > RISK[plain] and backers < 2:
            tally = {**without, "quorate": tally["quorate"]}
    wanted = tally["leading"] if tally["passes"] else tally["side"]
    adds = wanted == "BUY" or (wanted == "SELL" and not holding)
    if not tally["quorate"]:
        kind = "inquorate"
    elif veto and adds:
        kind = "vetoed"
    else:
        kind = "consensus" if tally["passes"] else "no_consensus"
    action = tally["leading"] if kind == "consensus" else "HOLD"
    confidence = 0 if kind == "inquorate" else tally["confidence"]
    return {**tally, "kind": kind, "action": action, "confidence": confidence}
