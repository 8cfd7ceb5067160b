package streams

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/rule"
	"rekey/shared/score"
)

// Rule says what a silence is told as. It has no Match: no record shows that records are missing.
var Rule = &rule.Rule{
	ID: "streamSilent", Title: "A log that used to arrive does not",
	RiskType: rule.TypeAnomalous, Techniques: []string{"T1562.008"},
	Event: "the absence of records of a category, or of one vault's",
	Shape: rule.Recorded,
	Levels: "medium; high for directory changes and sign-ins of service principals, for all logs at once, and where a diagnostic setting was changed in the 24 hours before; " +
		"medium when only the calendar says that records are due; low for one vault, medium after a changed setting",
	FalsePositives: []string{"A public holiday, or a vault that nobody uses any more.", "Rekey itself was down: then every log is late at once, and comes."},
	Ask: []string{
		"Does the diagnostic setting still exist, with this category and Rekey's event hub (Entra: Monitoring, Diagnostic settings; a vault: its own; Azure activity: the subscription's)?",
		"Did somebody change a setting, the event hubs or their keys (diagnosticsChanged, watcherTampered)?",
		"Do messages arrive in the event hub, and does Rekey's function run?",
		"Look at the log itself in Entra or Azure for the time since: what happened in the dark?",
	},
}

// toldFor is for how long a silence is told, once a day. Who has not looked by then has ended the log on purpose.
const toldFor = 7 * 24 * time.Hour

// before is how long before a silence the change of a setting explains it.
const before = 24 * time.Hour

// maxVaultsTold bounds how many silent vaults are told one by one: the latest.
const maxVaultsTold = 10

// Detections returns what to tell about the tenant at the time of the Health: once a day for each silent stream. What is
// found again on the same day is the same detection.
func (h Health) Detections(tenant string) []detect.Detection {
	silent, judged := h.silent()
	if len(silent) == judged && judged > 1 {
		latest := slices.MaxFunc(silent, func(a, b Status) int { return a.Since.Compare(b.Since) })
		if !h.worth(latest) {
			return nil
		}
		return []detect.Detection{h.detection(tenant, latest, "all", score.LevelHigh, "no log arrives any more; the last record of all")}
	}
	silent = append(silent, h.silentVaults()...)
	var out []detect.Detection
	for _, st := range silent {
		if h.worth(st) {
			out = append(out, h.detection(tenant, st, cmp.Or(st.Vault, st.Category), h.level(st), "no records of "+st.name()+" arrive any more; the last one"))
		}
	}
	return out
}

func (st Status) name() string {
	if st.Vault != "" {
		return "the vault " + st.Vault
	}
	return st.Category
}

// silent returns the silent categories and how many there are of which it can be said. Microsoft's findings are seldom,
// and no sign of anything when they are missing.
func (h Health) silent() (silent []Status, judged int) {
	for _, st := range h.All() {
		if st.Category == Risk || st.State != Silent && st.State != Flowing {
			continue
		}
		judged++
		if st.State == Silent {
			silent = append(silent, st)
		}
	}
	return silent, judged
}

// silentVaults returns the latest silent vaults, unless all vaults are.
func (h Health) silentVaults() []Status {
	if h.Of(Vaults).State == Silent {
		return nil
	}
	var out []Status
	for _, name := range h.memory.vaultNames() {
		if st := h.Vault(name); st.State == Silent && h.worth(st) {
			out = append(out, st)
		}
	}
	slices.SortStableFunc(out, func(a, b Status) int { return b.Since.Compare(a.Since) })
	return out[:min(len(out), maxVaultsTold)]
}

func (h Health) worth(st Status) bool { return h.now.Sub(st.Since) <= toldFor }

// touched reports whether a diagnostic setting was changed shortly before a silence, or since.
func (h Health) touched(since time.Time) bool {
	return h.memory.changed != 0 && !moment(h.memory.changed).Before(since.Add(-before))
}

func (h Health) level(st Status) score.Level {
	touched := h.touched(st.Since)
	switch {
	case st.Vault != "" && touched:
		return score.LevelMedium
	case st.Vault != "":
		return score.LevelLow
	case touched, !st.Calendar && (st.Category == Audit || st.Category == SignIns):
		return score.LevelHigh
	}
	return score.LevelMedium
}

// detection is of the day. Its time is that of the silence or, on later days, the day's beginning, so that finding it
// again changes nothing.
func (h Health) detection(tenant string, st Status, subject string, level score.Level, what string) detect.Detection {
	at := h.now.UTC().Truncate(24 * time.Hour)
	if st.Since.After(at) {
		at = st.Since
	}
	e := event.Event{ID: "silent/" + subject + "/" + at.Format(time.DateOnly), Time: at, Tenant: tenant}
	if h.touched(st.Since) {
		what = "after a diagnostic setting was changed " + what
	}
	return detect.Claimed(&e, detect.Claim{
		Rule: Rule.ID, Type: Rule.RiskType, Principal: event.Principal{ObjectID: tenant, Name: "the tenant"}, Level: level, Subject: subject,
		What: fmt.Sprintf("%s is of %s; the longest pause in weeks was %d hours", what, st.Since.Format("2006-01-02 15:04 MST"), int(st.Usual.Hours())),
	})
}
