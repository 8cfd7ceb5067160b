package decide_test

import (
	"strings"
	"testing"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/decide"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
)

var now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// clear is a case in which every check passes under a policy that lets Rekey act alone.
func clear() decide.Input {
	return decide.Input{
		Case: casefile.Case{
			Principal: event.Principal{ObjectID: "sp1", AppID: "app1"}, Level: score.LevelHigh,
			Window:    casefile.Window{From: now.Add(-25 * time.Hour), To: now.Add(-time.Hour)},
			OldSource: casefile.OldSource{Active: true},
			Detections: []detect.Detection{{
				Tenant: "t1", Bits: 17, Records: []detect.Record{{Succeeded: true}},
				Contributions: []score.Contribution{{Name: "asn", Family: score.FamilyNetwork, Bits: 9}, {Name: "agentFamily", Family: score.FamilyClient, Bits: 8}},
			}},
		},
		Policy:  decide.Policy{Tenant: "t1", Default: decide.ModeEvict, ActsPerHour: 2},
		Outlook: &decide.Outlook{}, Reread: decide.RereadFound, Now: now,
	}
}

// said has somebody confirm just now what was last seen at a time.
func said(in *decide.Input, seen time.Time) {
	in.Case.Detections[0].Last, in.Case.Window.To = seen, now
	in.Case.Detections = append(in.Case.Detections, detect.Detection{Type: detect.TypeAdminConfirmed, Rule: "verdict", Last: now})
}

// replayed has parked messages sent again, and the detection's last record and its finding at given times.
func replayed(in *decide.Input, again, last, detected time.Time) {
	in.Replays = []decide.Replay{{Hub: "signins", From: again}}
	in.Case.Detections[0].Last, in.Case.Detections[0].Detected = last, detected
}

func windows(s string) decide.Windows {
	var w decide.Windows
	if err := w.Decode(s); err != nil {
		panic(err)
	}
	return w
}

func TestWhatRekeyMayDoAlone(t *testing.T) {
	tests := map[string]struct {
		edit   func(*decide.Input)
		want   decide.Mode
		failed string // the check that stands in the way
	}{
		"everything is clear":            {func(*decide.Input) {}, decide.ModeEvict, ""},
		"the zero policy only plans":     {func(in *decide.Input) { in.Policy = decide.Policy{Tenant: "t1", ActsPerHour: 2} }, decide.ModePlan, ""},
		"the policy wants to be asked":   {func(in *decide.Input) { in.Policy.Default = decide.ModeApprove }, decide.ModeApprove, ""},
		"the policy allows to contain":   {func(in *decide.Input) { in.Policy.Default = decide.ModeContain }, decide.ModeContain, ""},
		"the principal has its own mode": {func(in *decide.Input) { in.Policy.Modes = map[string]decide.Mode{"sp1": decide.ModePlan} }, decide.ModePlan, ""},
		"the kill switch is set":         {func(in *decide.Input) { in.Stopped = true }, decide.ModeApprove, "kill switch"},
		"the principal is never touched": {func(in *decide.Input) { in.Policy.NeverTouch = map[string]string{"sp1": "Rekey itself"} }, decide.ModePlan, "never touched"},
		"it is a user":                   {func(in *decide.Input) { in.Case.Principal = event.User("u1") }, decide.ModePlan, "never touched"},
		"its application is never touched, whatever was asked": {func(in *decide.Input) {
			in.Policy.Default, in.Policy.NeverTouch = decide.ModeApprove, map[string]string{"app1": "break glass"}
		}, decide.ModePlan, "never touched"},
		"the level is low":        {func(in *decide.Input) { in.Case.Level = score.LevelLow }, decide.ModePlan, "level high"},
		"the level is medium":     {func(in *decide.Input) { in.Case.Level = score.LevelMedium }, decide.ModeApprove, "level high"},
		"only the network is new": {func(in *decide.Input) { in.Case.Detections[0].Contributions = in.Case.Detections[0].Contributions[:1] }, decide.ModeApprove, "two independent families"},
		"a late hour is half a witness": {func(in *decide.Input) {
			in.Case.Detections[0].Contributions[1] = score.Contribution{Name: "hourBlock", Family: score.FamilyBehaviour, Bits: 8}
		}, decide.ModeApprove, "two independent families"},
		"it is likely, and no more":     {func(in *decide.Input) { in.Case.Detections[0].Bits = 12 }, decide.ModeApprove, "beyond doubt"},
		"no sign-in succeeded":          {func(in *decide.Input) { in.Case.Detections[0].Records[0].Succeeded = false }, decide.ModeApprove, "successful use"},
		"the record is seven hours old": {func(in *decide.Input) { in.Case.Window.To = now.Add(-7 * time.Hour) }, decide.ModeApprove, "fresh record"},
		"somebody's word came late":     {func(in *decide.Input) { said(in, now.Add(-7*time.Hour)) }, decide.ModeApprove, "fresh record"},
		"somebody's word came in time":  {func(in *decide.Input) { said(in, now.Add(-time.Hour)) }, decide.ModeEvict, ""},
		"a record is of another tenant": {func(in *decide.Input) { in.Case.Detections[0].Tenant = "t2" }, decide.ModeApprove, "record of this tenant"},
		"a vault's record names no tenant, and the sign-ins do": {func(in *decide.Input) {
			in.Case.Detections = append(in.Case.Detections, detect.Detection{Type: detect.TypeAnomalousActivity, Records: []detect.Record{{Succeeded: true}}})
		}, decide.ModeEvict, ""},
		"only a vault's record, which names no tenant": {func(in *decide.Input) {
			in.Case.Detections[0].Tenant, in.Case.Detections[0].Type = "", detect.TypeAnomalousActivity
		}, decide.ModeApprove, "record of this tenant"},
		"a record names no tenant": {func(in *decide.Input) { in.Case.Detections[0].Tenant = "" }, decide.ModeApprove, "record of this tenant"},
		"a vault's record has no tenant": {func(in *decide.Input) {
			in.Case.Detections = append(in.Case.Detections, detect.Detection{Rule: "vaultFirstUse", Level: score.LevelLow})
		}, decide.ModeEvict, ""},
		"a rule's record is of another tenant": {func(in *decide.Input) {
			in.Case.Detections = append(in.Case.Detections, detect.Detection{Rule: "vaultFirstUse", Level: score.LevelLow, Tenant: "t2"})
		}, decide.ModeApprove, "record of this tenant"},
		"the old source is silent": {func(in *decide.Input) { in.Case.OldSource.Active = false }, decide.ModeApprove, "old source active or harm done"},
		"it is silent but harm is done": {func(in *decide.Input) {
			in.Case.OldSource.Active, in.Case.Harm = false, []casefile.Harm{{What: "credential added"}}
		}, decide.ModeEvict, ""},
		"the owner said that it was his own": {func(in *decide.Input) {
			in.Case.Owner = &casefile.Inquiry{Answer: casefile.Ours, By: "otto", Answered: now.Add(-time.Hour)}
		}, decide.ModeApprove, "owner does not vouch"},
		"nobody planned yet, so two checks fail": {func(in *decide.Input) { in.Outlook = nil }, decide.ModeApprove, "outage forecast known, plan without obstacles"},
		"nobody knows who will notice":           {func(in *decide.Input) { in.Outlook.Unknown = []string{"users"} }, decide.ModeApprove, "outage forecast known"},
		"something has to be looked at":          {func(in *decide.Input) { in.Outlook.Obstacles = []string{"a look-alike"} }, decide.ModeApprove, "plan without obstacles"},
		"it is maintenance":                      {func(in *decide.Input) { in.Policy.Maintenance = windows("Tue 02:00-04:00") }, decide.ModeApprove, "no maintenance"},
		"maintenance is over":                    {func(in *decide.Input) { in.Policy.Maintenance = windows("Tue 02:00-03:00") }, decide.ModeEvict, ""},
		"nobody read the record again":           {func(in *decide.Input) { in.Reread = decide.RereadNot }, decide.ModeApprove, "record read again"},
		"Graph shows another record":             {func(in *decide.Input) { in.Reread = decide.RereadOther }, decide.ModeApprove, "record read again"},
		"Graph could not be asked":               {func(in *decide.Input) { in.Reread = decide.RereadFailed }, decide.ModeApprove, "record read again"},
		"Graph does not know the record":         {func(in *decide.Input) { in.Reread = decide.RereadMissing }, decide.ModeApprove, "record read again"},
		"the policy trusts the hubs":             {func(in *decide.Input) { in.Reread = decide.RereadWaived }, decide.ModeEvict, ""},
		"parked messages were sent again just before it was detected": {func(in *decide.Input) {
			replayed(in, now.Add(-30*time.Minute), now.Add(-40*time.Minute), now.Add(-29*time.Minute))
		}, decide.ModeApprove, "record not replayed"},
		"they were sent again, and it happened afterwards": {func(in *decide.Input) {
			replayed(in, now.Add(-30*time.Minute), now.Add(-20*time.Minute), now.Add(-19*time.Minute))
		}, decide.ModeEvict, ""},
		"they were sent again long before it was detected": {func(in *decide.Input) {
			replayed(in, now.Add(-3*time.Hour), now.Add(-4*time.Hour), now.Add(-time.Hour))
		}, decide.ModeEvict, ""},
		"they were sent again after it was detected": {func(in *decide.Input) {
			replayed(in, now.Add(-time.Minute), now.Add(-time.Hour), now.Add(-30*time.Minute))
		}, decide.ModeEvict, ""},
		"the cap is reached": {func(in *decide.Input) { in.RecentActs = 2 }, decide.ModeApprove, "acts within the hour"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := clear()
			tt.edit(&in)
			v := decide.Decide(in)
			if v.Mode != tt.want {
				t.Errorf("mode %s, want %s: %+v", v.Mode, tt.want, v.Checks)
			}
			var failed []string
			for _, c := range v.Checks {
				if c.Why == "" {
					t.Errorf("check %q gives no reason", c.Name)
				}
				if !c.Passed {
					failed = append(failed, c.Name)
				}
			}
			if got := strings.Join(failed, ", "); got != tt.failed {
				t.Errorf("in the way: %q, want %q: %+v", got, tt.failed, v.Checks)
			}
			if v.Capped() != (tt.failed == "acts within the hour") {
				t.Errorf("the cap alone stood in the way: %v", v.Capped())
			}
		})
	}
}
