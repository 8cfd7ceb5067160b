package tenant_test

import (
	"bytes"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/tenant"
	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/event"
	"rekey/shared/network"
	"rekey/shared/score"
)

var noon = time.Date(2026, 11, 12, 12, 0, 0, 0, time.UTC)

func TestTheAttackHappensInOrderWithinTheLastMinute(t *testing.T) {
	last := noon.Add(-time.Minute)
	for i, e := range decode(t, attackRecords(tenant.New(1), noon)...) {
		if e.Time.Before(last) || !e.Time.Before(noon) || e.Exported.After(noon) {
			t.Errorf("step %d happened at %s and was written at %s, after one of %s", i, e.Time, e.Exported, last)
		}
		last = e.Time
	}
}

func TestTheSameAttackGivesTheSameBytesAndEachAttackIdsOfItsOwn(t *testing.T) {
	world := tenant.New(1)
	same(t, attackRecords(world, noon), attackRecords(tenant.New(1), noon))
	a, b := decode(t, attackRecords(world, noon)...), decode(t, attackRecords(world, noon.Add(time.Second))...)
	for i := range a {
		if a[i].ID == b[i].ID {
			t.Errorf("step %d has the id %s in both", i, a[i].ID)
		}
	}
}

func TestTheIntruderIsAStrangerWithTheVictimsSecret(t *testing.T) {
	world := tenant.New(1)
	steps := world.Attack(noon)
	used := 0
	for i, e := range decode(t, attackRecords(world, noon)...) {
		vpn := netip.MustParsePrefix("203.0.113.128/25").Contains(e.Caller)
		if vpn == steps[i].Known {
			t.Errorf("%s: it comes from %s", steps[i].Name, e.Caller)
		}
		if e.Kind != event.KindSignIn || steps[i].Known {
			continue
		}
		if e.SignIn.CredentialKeyID == world.Victim.Credential.KeyID {
			used++
		}
		if e.Principal.ObjectID != world.Victim.ObjectID || e.Network.Country != "SE" || e.SignIn.UserAgent == world.Victim.Agent {
			t.Errorf("%s: %+v", steps[i].Name, e)
		}
		if slices.ContainsFunc(world.Victim.Resources, func(r tenant.Resource) bool { return r.AppID == e.SignIn.ResourceID }) {
			t.Errorf("%s: the victim uses %s, too", steps[i].Name, e.SignIn.ResourceName)
		}
	}
	if used != 2 {
		t.Errorf("the copied secret is used %d times", used)
	}
}

func TestWhatWasDoneCarriesTheTokenItWasDoneWith(t *testing.T) {
	tokens := map[string]bool{}
	calls := 0
	for _, e := range decode(t, attackRecords(tenant.New(1), noon)...) {
		switch e.Kind {
		case event.KindSignIn:
			tokens[e.SignIn.TokenID] = true
		case event.KindGraphActivity:
			calls++
			if !tokens[e.Graph.TokenID] || len(e.Graph.TokenID) != 22 {
				t.Errorf("no sign-in before has the token %q of %s", e.Graph.TokenID, e.Graph.URI)
			}
		}
	}
	if calls != 3 {
		t.Errorf("%d calls to Graph", calls)
	}
}

func TestTheBackDoorIsInTheAuditLogAndUsed(t *testing.T) {
	world := tenant.New(1)
	steps := world.Attack(noon)
	i := slices.IndexFunc(steps, func(s tenant.Step) bool { return s.Adds != nil })
	added := steps[i].Adds
	if !bytes.Contains(steps[i].Record.Data, []byte(`"Update application – Certificates and secrets management "`)) {
		t.Error("the activity is not spelled with an en dash and a trailing space")
	}
	change := decode(t, steps[i].Record)[0]
	if change.Audit.Actor.Principal.ObjectID != world.Victim.ObjectID || change.Audit.Targets[0].ID != world.Victim.ApplicationObjectID {
		t.Errorf("change is %+v", change.Audit)
	}
	notes := detect.Notes(&change)
	if len(notes) != 1 || notes[0].Note.KeyID != added.KeyID || notes[0].Key != "app:"+world.Victim.AppID {
		t.Errorf("notes are %+v", notes)
	}
	if last := decode(t, steps[len(steps)-1].Record)[0]; last.SignIn.CredentialKeyID != added.KeyID {
		t.Errorf("the last sign-in is with %s", last.SignIn.CredentialKeyID)
	}
	if added.SecretText == "" || strings.Contains(string(steps[i].Record.Data), added.SecretText) {
		t.Error("the new secret is empty, or in the record")
	}
}

// watcher is the product's learning and judging, without its state and its hosts.
type watcher struct {
	hasher   baseline.Hasher
	table    *network.Table
	profiles map[string]*baseline.Profile
	model    score.Model
	alerts   []detect.Detection
}

func newWatcher(t *testing.T, world *tenant.Tenant) *watcher {
	t.Helper()
	table, err := network.Load(bytes.NewReader(world.NetworksCSV()))
	if err != nil {
		t.Fatal(err)
	}
	return &watcher{
		hasher: baseline.NewHasher([16]byte{1}), table: table, profiles: map[string]*baseline.Profile{},
		model: score.NewModel(baseline.PriorFleet()),
	}
}

func (w *watcher) see(events []event.Event) {
	for i := range events {
		e := &events[i]
		if e.Kind != event.KindSignIn && e.Kind != event.KindManagedIdentitySignIn || !e.SignIn.Succeeded() {
			continue
		}
		network.Enrich(e, w.table, nil)
		p := w.profiles[e.Principal.Key()]
		if p == nil {
			p = &baseline.Profile{}
			w.profiles[e.Principal.Key()] = p
		}
		values := w.hasher.Values(e)
		p.Observe(e, &values)
		v := p.Before(baseline.DayOf(e.Time))
		s := w.model.Event(e, &values, score.Facts{View: v})
		if d, ok := detect.Unfamiliar(e, s, v.ActiveDays(), w.model.Fleet.ID); ok && d.Worth() {
			w.alerts = append(w.alerts, d)
		}
	}
}

func TestOrdinaryLifeRaisesNoAlertAndTheAttackAHighOne(t *testing.T) {
	for scale, days := range map[float64]int{.1: 14, 1: 5} {
		world := tenant.New(1)
		w := newWatcher(t, world)
		for n := days; n > 0; n-- {
			w.see(decode(t, world.Day(noon.AddDate(0, 0, -n), tenant.Options{Scale: scale})...))
		}
		w.see(decode(t, world.Between(noon.Truncate(24*time.Hour), noon, tenant.Options{Scale: scale})...))
		for _, d := range w.alerts {
			t.Errorf("at scale %v, %s %s: %v bits: %+v", scale, d.Day, d.Principal.Name, d.Bits, d.Contributions)
		}
		w.alerts = nil
		w.see(decode(t, attackRecords(world, noon)...))
		if len(w.alerts) == 0 {
			t.Fatal("the attack goes unnoticed")
		}
		for _, d := range w.alerts {
			if d.Principal.ObjectID != world.Victim.ObjectID || d.Level != score.LevelHigh || score.CountFamilies(d.Contributions) < 2 {
				t.Errorf("at scale %v, %s: %s: %+v", scale, d.Principal.Name, d.Level, d.Contributions)
			}
		}
	}
}

func TestDriftChangesKeysAndLibrariesAndSaysSo(t *testing.T) {
	world := tenant.New(1)
	keys, agents, changes := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for n := range 28 {
		for _, e := range decode(t, world.Day(day.AddDate(0, 0, n), tenant.Options{Drift: true, Scale: .1})...) {
			switch {
			case e.Kind == event.KindSignIn && e.Principal.ObjectID == world.Victim.ObjectID && e.SignIn.Succeeded():
				if e.SignIn.CredentialKeyID != world.Victim.Credential.KeyID {
					t.Error("the victim's secret changes")
				}
			case e.Kind == event.KindSignIn && e.SignIn.Succeeded():
				keys[e.Principal.ObjectID+e.SignIn.CredentialKeyID] = true
				if e.SignIn.UserAgent != "" {
					agents[e.Principal.ObjectID+e.SignIn.UserAgent] = true
				}
			case e.Kind == event.KindAudit && strings.Contains(e.Audit.Activity, "secrets management"):
				for _, note := range detect.Notes(&e) {
					changes[note.Note.KeyID] = true
				}
			}
		}
	}
	if n := len(world.Principals); len(keys) <= n || len(agents) <= n || len(changes) == 0 {
		t.Errorf("%d principals show %d keys and %d agents in four weeks, and %d changes", n, len(keys), len(agents), len(changes))
	}
	for key := range changes {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(keys)), func(k string) bool { return strings.HasSuffix(k, key) }) {
			t.Errorf("the new key %s is never used", key)
		}
	}
}
