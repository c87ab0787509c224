"""The full gear: what everybody said, as text with the numbers it rests on."""

from evidence import FACTS, HELD_FACTS, SENSES


class Words:
    def __init__(self, features, i, books, read):
        self.f, self.i, self.books, self.read = features, i, books, read
        self.said = []

    def tell(self, round_number, kind, role, content):
        self.said.append({"round": round_number, "kind": kind, "role": role, "content": content})

    def text(self, name):
        """The text of a sense's reading; of a text that is no sense, itself."""
        sense = SENSES.get(name)
        return name if sense is None else sense.text(self.f, self.i, self.books, self.read[name][0])

    def evidence(self, facts):
        return [{"fact": fact, "value": self.value(fact)} for fact in facts]

    def value(self, fact):
        held = HELD_FACTS.get(fact)
        return getattr(self.books, held) if held else getattr(self.f, FACTS[fact])[self.i]

    def points(self, names):
        return list(dict.fromkeys(fact for name in names for fact in SENSES[name].cites))

    def opinion(self, view):
        reasons = [
            {
                "text": self.text(name),
                "evidence": self.evidence(SENSES[name].cites if name in SENSES else view.cited),
            }
            for name in view.reasons
        ]
        return {"stance": view.stance, "confidence": view.confidence, "reasons": reasons}

    def tell_opinions(self, opinions):
        for role, view in opinions.items():
            self.tell(1, "opinion", role, self.opinion(view))

    def sentence(self, names):
        text = ", and ".join(self.text(name) for name in names)
        return text[:1].upper() + text[1:]

    def tell_talk(self, debate, opinions, challenges, answers):
        for role, asked in challenges.items():
            self.tell(2, "challenge", role, asked and self.challenge(role, asked, opinions))
        for role in opinions:
            mine = [pair for pair in answers if pair[0] == role]
            if mine:
                replies = [
                    self.answer(debate, opinions[role], challenges[pair[1]], pair, answers[pair])
                    for pair in mine
                ]
                self.tell(2, "rebuttal", role, replies)

    def challenge(self, role, asked, opinions):
        to, names = asked
        theirs = opinions[to].action or "HOLD"
        text = f"{self.sentence(names)}. Why {theirs} rather than {opinions[role].action}?"
        return {"to": to, "text": text, "evidence": self.evidence(self.points(names))}

    def answer(self, debate, before, asked, pair, points):
        """Conceding when the facts shown would change this mind or shake it by a fifth."""
        role, challenger = pair
        after = debate.view(role, frozenset(self.points(asked[1])))
        lowered = after.confidence * 5 <= before.confidence * 4
        concedes = lowered or after.action != before.action
        shown = self.sentence(points) if points else self.text(before.reasons[0])
        if shown[:1].isupper() and shown[1:2].islower():
            shown = shown[:1].lower() + shown[1:]
        action = before.action or "HOLD"
        text = f"Granted, though {shown}" if concedes else f"I stay with {action}: {shown}"
        evidence = self.evidence(self.points(points))
        return {"to": challenger, "concedes": concedes, "text": text, "evidence": evidence}

    def tell_revisions(self, revisions):
        for role, change in revisions.items():
            content = None
            if change:
                view, moved_by, new = change
                content = {
                    **self.opinion(view),
                    "moved_by": moved_by,
                    "new_evidence": self.evidence(new),
                }
            self.tell(2, "revision", role, content)

    def tell_ballots(self, round_number, standing, ballots, veto):
        for role, (choice, confidence) in ballots.items():
            content = {
                "choice": choice,
                "confidence": confidence,
                "veto": veto if role == "risk_manager" else None,
                "strikes": [],
                "reason": "; ".join(self.text(name) for name in standing[role].reasons),
            }
            self.tell(round_number, "ballot", role, content)
