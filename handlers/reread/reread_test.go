package reread_test

import (
	"context"
	"testing"
	"time"

	"rekey/handlers/reread"
	"rekey/shared/azure/graph"
	"rekey/shared/casefile"
	"rekey/shared/decide"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/score"
)

var at = time.Date(2026, 11, 24, 3, 10, 0, 0, time.UTC)

func record(id string) detect.Record {
	return detect.Record{ID: id, Time: at, IPAddress: "198.51.100.9", KeyID: "K1", Succeeded: true}
}

func signIn(id string) graph.SignIn {
	return graph.SignIn{ID: id, Created: at.Add(2 * time.Second), ServicePrincipalID: "SP", AppID: "app", IPAddress: "198.51.100.9", CredentialKeyID: "k1"}
}

func high(records ...detect.Record) detect.Detection {
	return detect.Detection{Type: detect.TypeSuspiciousSignins, Level: score.LevelHigh, Records: records}
}

func TestSignInsAreReadAgain(t *testing.T) {
	as := func(edit func(*graph.SignIn)) map[string]graph.SignIn {
		s := signIn("s1")
		edit(&s)
		return map[string]graph.SignIn{"s1": s}
	}
	failed := record("s0")
	failed.Succeeded = false
	ruled := high(record("s1"))
	ruled.Rule = "unfamiliarThenPower"
	medium := high(record("s1"))
	medium.Level = score.LevelMedium
	token := high(record("s1"))
	token.Type = detect.TypeAnomalousActivity
	tests := map[string]struct {
		detections []detect.Detection
		graph      map[string]graph.SignIn
		want       decide.Reread
		reads      int
	}{
		"Graph shows it":                        {[]detect.Detection{high(record("s1"))}, as(func(*graph.SignIn) {}), decide.RereadFound, 1},
		"Graph shows it with a mapped address":  {[]detect.Detection{high(record("s1"))}, as(func(s *graph.SignIn) { s.IPAddress = "::ffff:198.51.100.9" }), decide.RereadFound, 1},
		"Graph shows one of two":                {[]detect.Detection{high(record("s1"), record("s2"))}, as(func(*graph.SignIn) {}), decide.RereadMissing, 2},
		"Graph does not show it":                {[]detect.Detection{high(record("s1"))}, nil, decide.RereadMissing, 1},
		"it is another principal's":             {[]detect.Detection{high(record("s1"))}, as(func(s *graph.SignIn) { s.ServicePrincipalID = "other" }), decide.RereadOther, 1},
		"it came from elsewhere":                {[]detect.Detection{high(record("s1"))}, as(func(s *graph.SignIn) { s.IPAddress = "203.0.113.1" }), decide.RereadOther, 1},
		"it used another credential":            {[]detect.Detection{high(record("s1"))}, as(func(s *graph.SignIn) { s.CredentialKeyID = "k2" }), decide.RereadOther, 1},
		"it was at another time":                {[]detect.Detection{high(record("s1"))}, as(func(s *graph.SignIn) { s.Created = at.Add(-time.Hour) }), decide.RereadOther, 1},
		"it failed":                             {[]detect.Detection{high(record("s1"))}, as(func(s *graph.SignIn) { s.Status.ErrorCode = 7000222 }), decide.RereadOther, 1},
		"only the successful ones are read":     {[]detect.Detection{high(failed, record("s1"))}, as(func(*graph.SignIn) {}), decide.RereadFound, 1},
		"not more than three are read":          {[]detect.Detection{high(record("s1"), record("s1"), record("s1"), record("s9"))}, as(func(*graph.SignIn) {}), decide.RereadFound, 3},
		"what rules found and what is not high": {[]detect.Detection{ruled, medium}, nil, decide.RereadNot, 0},
		"a token's use is in no sign-in log":    {[]detect.Detection{token}, nil, decide.RereadNot, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			reads := 0
			r := reread.Reader{SignIn: func(_ context.Context, id string) (graph.SignIn, error) {
				reads++
				if s, ok := tt.graph[id]; ok {
					return s, nil
				}
				return graph.SignIn{}, fault.Errorf(fault.NotFound, "no such sign-in")
			}}
			got, err := r.Case(t.Context(), casefile.Case{Principal: event.Principal{ObjectID: "sp", AppID: "app"}, Detections: tt.detections})
			if err != nil || got != tt.want || reads != tt.reads {
				t.Errorf("%q after %d reads, %v; want %q after %d", got, reads, err, tt.want, tt.reads)
			}
		})
	}
}

func TestAGraphThatCannotBeAskedLeavesTheCaseToPeople(t *testing.T) {
	r := reread.Reader{SignIn: func(context.Context, string) (graph.SignIn, error) {
		return graph.SignIn{}, fault.Errorf(fault.Denied, "reading the sign-in s1: 403: the tenant has no premium licence")
	}}
	got, err := r.Case(t.Context(), casefile.Case{ID: "c1", Detections: []detect.Detection{high(record("s1"))}})
	if err != nil || got != decide.RereadFailed {
		t.Errorf("%q, %v", got, err)
	}
}
