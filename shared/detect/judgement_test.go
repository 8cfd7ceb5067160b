package detect_test

import (
	"testing"
	"time"

	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/score"
)

func TestAJudgedDetectionOpensAgainWhenThereIsMoreToIt(t *testing.T) {
	at := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		state  string
		change func(*detect.Detection)
		want   string
	}{
		"dismissed":                   {detect.StateDismissed, func(*detect.Detection) {}, detect.StateDismissed},
		"dismissed, and it goes on":   {detect.StateDismissed, func(d *detect.Detection) { d.Last = at.Add(time.Hour) }, detect.StateDismissed},
		"dismissed, and it is raised": {detect.StateDismissed, func(d *detect.Detection) { d.Level = score.LevelHigh }, detect.StateAtRisk},
		"remediated":                  {detect.StateRemediated, func(*detect.Detection) {}, detect.StateRemediated},
		"remediated, and it goes on":  {detect.StateRemediated, func(d *detect.Detection) { d.Last = at.Add(time.Hour) }, detect.StateAtRisk},
		"confirmed, and raised":       {detect.StateConfirmedCompromised, func(d *detect.Detection) { d.Level = score.LevelHigh }, detect.StateConfirmedCompromised},
		"an older judgement changes nothing": {detect.StateDismissed, func(d *detect.Detection) {
			if _, changed := d.Judge(detect.StateConfirmedSafe, "x", at.Add(-time.Minute)); changed {
				t.Error("an older judgement was taken")
			}
		}, detect.StateDismissed},
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := detect.Detection{Level: score.LevelMedium, Last: at.Add(-time.Minute)}.Judge(tt.state, "word", at)
			if tt.change(&d); d.RiskState() != tt.want || (d.RiskLevel() == score.LevelNone) != d.Closed() || (d.RiskDetail() == "none") != (tt.want == detect.StateAtRisk) {
				t.Errorf("%s %s %s, want %s", d.RiskState(), d.RiskLevel(), d.RiskDetail(), tt.want)
			}
		})
	}
}

func TestAPrincipalIsAtRiskAsLongAsOneThingThatHappenedIsOpen(t *testing.T) {
	at := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	open := detect.Detection{Level: score.LevelLow}
	posture := detect.Detection{Level: score.LevelLow, Posture: true}
	dismissed, _ := open.Judge(detect.StateDismissed, "d", at)
	safe, _ := open.Judge(detect.StateConfirmedSafe, "s", at.Add(time.Minute))
	confirmed, _ := open.Judge(detect.StateConfirmedCompromised, "c", at)
	for want, ds := range map[string][]detect.Detection{
		detect.StateAtRisk: {dismissed, open, safe}, detect.StateConfirmedSafe: {dismissed, safe, posture}, detect.StateDismissed: {posture, dismissed},
		detect.StateConfirmedCompromised: {open, confirmed, safe},
	} {
		if got, _ := detect.Stand(ds); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got, detail := detect.Stand(nil); got != detect.StateAtRisk || detail != "none" {
		t.Errorf("%s %s", got, detail)
	}
}

func TestAFindingOfMicrosoftsKeepsItsIDAndItsTypesNewName(t *testing.T) {
	e := riskEvent("6a5874ca-abcd-9d82-5ad39bd71600", "azureADThreatIntelligence")
	d, ok := detect.Finding(e)
	if !ok || d.ID != "6a5874ca-abcd-9d82-5ad39bd71600" || d.Type != "investigationsThreatIntelligence" || d.Level != score.LevelHigh {
		t.Errorf("%+v", d)
	}
	if d, _ := detect.Finding(riskEvent("sp1", "")); d.ID == "sp1" || d.Type != "generic" {
		t.Errorf("a risky principal's id is taken for a finding's: %+v", d)
	}
}

func riskEvent(id, kind string) *event.Event {
	return &event.Event{
		Kind: event.KindRisk, ID: id, Time: time.Date(2021, 3, 1, 2, 52, 30, 0, time.UTC), Principal: event.Principal{ObjectID: "sp1"},
		Risk: &event.RiskFinding{Type: kind, Level: "High", State: "atRisk"},
	}
}
