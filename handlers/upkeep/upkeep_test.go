package upkeep_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"rekey/handlers/findings"
	"rekey/handlers/fleets"
	"rekey/handlers/health"
	"rekey/handlers/principals"
	"rekey/handlers/upkeep"
	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/host/funchost"
	"rekey/shared/score"
	"rekey/shared/store/memory"
	"rekey/shared/streams"
)

var (
	hasher = baseline.NewHasher([16]byte{8})
	noon   = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
)

// house is the state that upkeep keeps.
type house struct {
	principals principals.Store
	findings   findings.Store
	fleets     *fleets.Store
	health     *health.Store
	bell       *memory.Bell
	now        time.Time
}

func newHouse() *house {
	return &house{
		principals: principals.Store{Table: &memory.Table{}}, bell: &memory.Bell{}, now: noon,
		health:   &health.Store{Table: &memory.Table{}},
		findings: findings.Store{Table: &memory.Table{}, Index: &memory.Table{}}, fleets: &fleets.Store{Table: &memory.Table{}},
	}
}

func (h *house) keep(t *testing.T) {
	t.Helper()
	u := upkeep.New(upkeep.Config{
		Principals: h.principals, Fleets: h.fleets, Findings: h.findings, Triage: h.bell, Health: h.health, Tenant: "t1", Now: func() time.Time { return h.now },
	})
	if err := u.Handle(t.Context(), funchost.Tick{}); err != nil {
		t.Fatal(err)
	}
}

// signIn is noted of the principal, and judged.
func (h *house) signIn(t *testing.T, at time.Time, asn uint32) detect.Detection {
	t.Helper()
	e := &event.Event{
		Kind: event.KindSignIn, ID: fmt.Sprint(at, asn), Time: at, Principal: event.Principal{ObjectID: "sp1"},
		Caller: netip.MustParseAddr("192.0.2.7"), Network: event.Network{ASN: asn},
		SignIn: event.SignIn{UserAgent: fmt.Sprint("agent of ", asn)},
	}
	s, err := h.principals.Load(t.Context(), "sp1")
	if err != nil {
		t.Fatal(err)
	}
	values := hasher.Values(e)
	s.Observe(e, &values)
	if _, err := h.principals.Save(t.Context(), s, "lane"); err != nil {
		t.Fatal(err)
	}
	v := s.Profile.Before(baseline.DayOf(at))
	judged := score.NewModel(baseline.PriorFleet()).Event(e, &values, score.Facts{View: v, Evidence: &s.Evidence})
	d, _ := detect.Unfamiliar(e, judged, v.ActiveDays(), baseline.PriorID)
	return d
}

func TestOldReadsAreForgottenAlsoOfPrincipalsThatNeverSignIn(t *testing.T) {
	h := newHouse()
	s, err := h.principals.Load(t.Context(), "sp1")
	if err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]time.Time{"old": noon.AddDate(0, 0, -exposure.Keep-1), "new": noon.AddDate(0, 0, -exposure.Keep)} {
		s.Exposure.Observe(hasher, &event.Event{
			Kind: event.KindVaultAccess, Time: at, Principal: event.Principal{ObjectID: "sp1"},
			Vault: &event.VaultOperation{Operation: "SecretGet", Status: 200, Vault: "v", Object: "secrets/" + name},
		})
	}
	if _, err := h.principals.Save(t.Context(), s, "lane"); err != nil {
		t.Fatal(err)
	}
	h.keep(t)
	if s, err = h.principals.Load(t.Context(), "sp1"); err != nil {
		t.Fatal(err)
	}
	if reads := s.Exposure.Reads(time.Time{}); len(reads) != 1 || reads[0].Object != "v/secrets/new" {
		t.Errorf("%+v", reads)
	}
}

func TestADetectionIsRaisedTheDayAfterWhenTheOldNetworkGoesOnWorking(t *testing.T) {
	for name, tt := range map[string]struct {
		goesOn, safe, raised bool
		rung                 []string
	}{
		"the old network goes on":                {goesOn: true, raised: true, rung: []string{"sp1"}},
		"the workload moved":                     {},
		"a person vouched for the other network": {goesOn: true, safe: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse()
			for d := 30; d > 0; d-- {
				h.signIn(t, noon.AddDate(0, 0, -d), 64500)
			}
			found := h.signIn(t, noon, 64511)
			if tt.safe {
				found.Judged = &detect.Judgement{State: detect.StateConfirmedSafe, Level: found.Level, At: noon, Own: found.Shows(noon)}
			}
			if _, err := h.findings.Keep(t.Context(), found, noon); err != nil {
				t.Fatal(err)
			}
			if tt.goesOn {
				h.signIn(t, noon.Add(time.Hour), 64500)
				h.signIn(t, noon.AddDate(0, 0, 1), 64500)
			} else {
				h.signIn(t, noon.AddDate(0, 0, 1), 64511)
			}
			h.now = noon.AddDate(0, 0, 1).Add(time.Hour)
			h.keep(t)
			after, err := h.findings.ByID(t.Context(), found.ID)
			if err != nil || (after.Bits > found.Bits) != tt.raised {
				t.Errorf("%.1f bits became %.1f (%v)", found.Bits, after.Bits, err)
			}
			if got := h.bell.Rung(); !slices.Equal(got, tt.rung) {
				t.Errorf("rung: %v, want %v", got, tt.rung)
			}
			h.keep(t)
			if again, err := h.findings.ByID(t.Context(), found.ID); err != nil || again.Bits != after.Bits {
				t.Errorf("a second run changed %.1f bits to %.1f (%v)", after.Bits, again.Bits, err)
			}
		})
	}
}

func TestADaysSnapshotIsMadeOnceAndKnowsNothingOfTheDay(t *testing.T) {
	h := newHouse()
	for d := 5; d >= 0; d-- {
		h.signIn(t, noon.AddDate(0, 0, -d), 64500)
	}
	h.keep(t)
	first, err := h.fleets.For(t.Context(), baseline.DayOf(noon), noon)
	if err != nil || first.ID != "2026-11-24" || first.Principals != 1 {
		t.Fatalf("%+v (%v)", first, err)
	}
	h.signIn(t, noon.Add(time.Hour), 64999)
	h.keep(t)
	if again, err := h.fleets.For(t.Context(), baseline.DayOf(noon), noon); err != nil || again.Rates != first.Rates {
		t.Errorf("the snapshot changed (%v)", err)
	}
}

func TestAPrincipalIsForgottenAfterHalfAYearAndNotBefore(t *testing.T) {
	for days, want := range map[int]int{baseline.Window + 10: 1, baseline.Retention + 1: 0} {
		h := newHouse()
		h.signIn(t, noon, 64500)
		h.now = noon.AddDate(0, 0, days)
		h.keep(t)
		s, err := h.principals.Load(t.Context(), "sp1")
		if err != nil {
			t.Fatal(err)
		}
		_, known := s.Profile.LastSeen()
		if (want == 1) != known {
			t.Errorf("after %d days the principal is known: %v", days, known)
		}
	}
}

func TestALogThatFallsSilentIsToldOnceADayAndItsReturnIsNot(t *testing.T) {
	h := newHouse()
	var m streams.Memory
	for at := noon.AddDate(0, 0, -20); at.Before(noon); at = at.Add(time.Hour) {
		m.Note(&event.Event{Kind: event.KindGraphActivity, Time: at}, at)
		if at.Before(noon.Add(-5 * time.Hour)) {
			m.Note(&event.Event{Kind: event.KindAudit, Time: at}, at)
		}
	}
	if err := h.health.Add(t.Context(), "auditlogs", &m, noon); err != nil {
		t.Fatal(err)
	}
	told := func() []detect.Detection {
		t.Helper()
		found, err := h.findings.Of(t.Context(), "t1")
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for _, later := range []time.Duration{0, time.Minute, time.Hour} { // the other one flows for two hours more
		h.now = noon.Add(later)
		h.keep(t)
	}
	if found := told(); len(found) != 1 || found[0].Subject != "AuditLogs" || found[0].Level != score.LevelHigh || found[0].Rule != streams.Rule.ID {
		t.Fatalf("%+v", found)
	}
	if rung := h.bell.Rung(); !slices.Equal(rung, []string{"t1"}) {
		t.Errorf("rung: %v", rung)
	}
	var back streams.Memory
	h.now = noon.AddDate(0, 0, 1)
	for _, kind := range []event.Kind{event.KindAudit, event.KindGraphActivity} {
		back.Note(&event.Event{Kind: kind, Time: h.now}, h.now)
	}
	if err := h.health.Add(t.Context(), "auditlogs", &back, h.now); err != nil {
		t.Fatal(err)
	}
	h.keep(t)
	if found := told(); len(found) != 1 {
		t.Errorf("when it came back: %+v", found)
	}
}
