package rule

import (
	"strings"

	"rekey/shared/audit"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
)

// Judge asks every rule about an event. What two findings of one rule say about one principal and subject becomes one
// detection. The World may be nil.
func Judge(e *event.Event, w *World) []detect.Detection {
	if e.Kind != event.KindAudit && e.Kind != event.KindRisk && e.Kind != event.KindAzureActivity {
		return nil
	}
	if w == nil {
		w = &World{}
	}
	var out []detect.Detection
	at := map[string]int{}
	for _, r := range Catalogue {
		if (r.Kind == event.KindAzureActivity) != (e.Kind == event.KindAzureActivity) {
			continue
		}
		for _, f := range r.Match(e, w) {
			d, ok := r.detection(e, w, f)
			if !ok {
				continue
			}
			i, known := at[d.ID]
			if known {
				out[i], _ = detect.Raise(out[i], d)
				continue
			}
			at[d.ID] = len(out)
			out = append(out, d)
		}
	}
	return out
}

func (r *Rule) detection(e *event.Event, w *World, f Finding) (detect.Detection, bool) {
	if e.Kind == event.KindRisk {
		d, ok := detect.Finding(e)
		d.Rule = r.ID
		return d, ok
	}
	f.Level = r.level(e, w, f.Level)
	if f.Level == score.LevelNone || f.Principal.Key() == "" {
		return detect.Detection{}, false
	}
	return detect.Claimed(e, detect.Claim{
		Rule: r.ID, Type: r.RiskType, Principal: f.Principal, Level: f.Level, Subject: strings.ToLower(f.Subject),
		What: f.by(actorName(e)), KeyIDs: f.KeyIDs,
	}), true
}

// by says what was found and who did it, unless the sentence names him already.
func (f Finding) by(actor string) string {
	if strings.Contains(f.What, actor) {
		return f.What
	}
	return f.What + ", by " + actor
}

// steps are the levels in order.
var steps = []score.Level{score.LevelNone, score.LevelLow, score.LevelMedium, score.LevelHigh}

// Shift moves a level by some steps; what was found stays at least low when it is raised.
func Shift(l score.Level, by int) score.Level {
	for i, s := range steps {
		if s == l {
			return steps[min(max(i+by, 0), len(steps)-1)]
		}
	}
	return l
}

// level is a finding's level after the actor is looked at. A declared deployer lowers it by one step, one that is in a
// case raises it. What Rekey does itself is in its ledger: two steps lower, so that only what it never does is left.
func (r *Rule) level(e *event.Event, w *World, l score.Level) score.Level {
	a := actor(e)
	switch {
	case l == score.LevelNone:
		return l
	case w.suspect(a):
		l = Shift(l, 1)
	case w.isSelf(a.Principal):
		l = Shift(l, -2)
	case w.deploys(a):
		l = Shift(l, -1)
	}
	if r.Shape == Guessed && l == score.LevelHigh {
		return score.LevelMedium
	}
	return l
}

// actorName names who made a change, for people.
func actorName(e *event.Event) string {
	a := actor(e)
	names := []string{a.UserName, a.Principal.Name, "", a.UserShown}
	switch {
	case e.Audit != nil:
		names[2] = audit.Actor(e.Audit)
	case a.UserID != "":
		names[2] = "user " + a.UserID
	case a.Principal.Key() != "":
		names[2] = "application " + a.Principal.Key()
	}
	for _, s := range names {
		if s != "" {
			return s
		}
	}
	return "somebody the record does not name"
}
