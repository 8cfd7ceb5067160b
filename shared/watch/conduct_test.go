package watch_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/score"
	"rekey/shared/watch"
)

const azureCLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

// attempt is a sign-in of a principal on a day of November, from an address.
func attempt(principal string, day, minute, code int, ip string, asn uint32) *event.Event {
	at := time.Date(2026, 11, day, 9, minute, 0, 0, time.UTC)
	return &event.Event{
		Kind: event.KindSignIn, ID: fmt.Sprint(principal, at.Unix(), code, ip), Time: at, Tenant: "t1", Principal: event.Principal{ObjectID: principal, AppID: "app-" + principal},
		Caller: netip.MustParseAddr(ip), Network: event.Network{ASN: asn, Country: "DE"}, SignIn: event.SignIn{ErrorCode: code, ResourceID: "graph"},
	}
}

// office is a fortnight in which n principals sign in each day, and the day after.
func office(n int) []*event.Event {
	var out []*event.Event
	for day := 1; day <= 15; day++ {
		for p := range n {
			out = append(out, attempt(fmt.Sprint("sp", p), day, p, 0, "192.0.2.7", 64500))
		}
	}
	return out
}

// user is a person who lists the tenant with Azure CLI on the 15th, from a new network, after days of using it at home.
func user() []*event.Event {
	var out []*event.Event
	signIn := func(day int, ip string, asn uint32) {
		e := attempt("", day, 1, 0, ip, asn)
		e.Kind, e.Principal, e.SignIn.UserID = event.KindUserSignIn, event.Principal{AppID: azureCLI}, "u1"
		e.ID = fmt.Sprint("user", day, ip)
		out = append(out, e)
	}
	for day := 5; day < 15; day++ {
		signIn(day, "192.0.2.7", 64500)
	}
	signIn(15, "198.51.100.9", 64999)
	for i, what := range []string{"users", "groups", "applications", "servicePrincipals"} {
		e := attempt("", 15, 10+i, 0, "198.51.100.9", 64999)
		e.Kind, e.Principal, e.SignIn, e.ID = event.KindGraphActivity, event.Principal{AppID: azureCLI}, event.SignIn{}, "list "+what
		e.Graph = &event.GraphCall{Method: "GET", URI: "https://graph.microsoft.com/v1.0/" + what, Status: 200, UserID: "u1"}
		out = append(out, e)
	}
	return out
}

func TestAnAddressThatGoesThroughAListIsToldOfOnce(t *testing.T) {
	events := office(8)
	for p := range 6 {
		events = append(events, attempt(fmt.Sprint("sp", p), 15, 20+p, 7000215, "203.0.113.9", 64511))
	}
	events = append(events, attempt("sp7", 15, 40, 7000215, "203.0.113.200", 64512)) // somebody else, who knows one
	_, found := scan(events, 1, func(int) int { return 0 })
	got := map[string]score.Level{}
	for _, d := range found {
		if d.Rule == "credentialRefused" {
			got[d.Principal.ObjectID] = d.Level
		}
	}
	want := map[string]score.Level{"sp0": "medium", "sp1": "low", "sp2": "low", "sp3": "low", "sp4": "low", "sp5": "low", "sp7": "medium"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWorkloadsThatShareAWayOutAndFailAreNoList(t *testing.T) {
	events := office(8)
	for p := range 6 {
		events = append(events, attempt(fmt.Sprint("sp", p), 15, 20+p, 7000222, "192.0.2.7", 64500))
	}
	_, found := scan(events, 1, func(int) int { return 0 })
	for _, d := range found {
		if d.Level != score.LevelLow || d.Rule != "credentialRefused" {
			t.Errorf("%s %s: %s", d.Rule, d.Level, d.Statement)
		}
	}
	if len(found) != 6 {
		t.Errorf("%d detections, want 6", len(found))
	}
}

func TestAUsersListingIsAFindingAboutHim(t *testing.T) {
	_, found := scan(append(office(1), user()...), 1, func(int) int { return 0 })
	d, ok := byRule(found)["userEnumeration"]
	if !ok || d.Level != score.LevelMedium || !d.Principal.IsUser() || d.Principal.Key() != "user:u1" || len(d.Records) != 5 {
		t.Errorf("%+v", d)
	}
	if len(byRule(found)) != 1 {
		t.Errorf("%v", byRule(found))
	}
}

func TestASuppliersReadsAreJoinedWithItsSignIns(t *testing.T) {
	events := office(1)
	for _, e := range events {
		e.SignIn.AppOwnerTenant = "t2"
	}
	e := attempt("sp0", 15, 30, 0, "198.51.100.9", 64999)
	e.Kind, e.SignIn = event.KindGraphActivity, event.SignIn{}
	e.Graph = &event.GraphCall{Method: "GET", URI: "/v1.0/users/1/messages", Status: 200}
	_, found := scan(append(events, e), 1, func(int) int { return 0 })
	d, ok := byRule(found)["supplierReads"]
	if !ok || d.Level != score.LevelHigh || d.Records[0].IPAddress != "198.51.100.9" || !strings.Contains(d.Statement, "tenant t2 owns") {
		t.Errorf("%+v", d)
	}
}

func TestFailuresAndUsersInAnyOrderRepeatedAndSplitAreFoundTheSame(t *testing.T) {
	events := append(office(8), user()...)
	for p := range 6 {
		for i := range 5 {
			events = append(events, attempt(fmt.Sprint("sp", p), 15, 20+p+i, []int{7000215, 7000222, 53003, 500011, 1}[i], fmt.Sprint("203.0.113.", 9+i%2), 64511))
		}
	}
	one, want := scan(events, 1, func(int) int { return 0 })
	if len(byRule(want)) < 4 {
		t.Fatalf("%d rules found something: the comparison would say little", len(byRule(want)))
	}
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 2))
		mixed := append(append([]*event.Event{}, events...), events...)
		random.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		other, got := scan(mixed, 3, func(int) int { return random.IntN(3) })
		if diff := cmp.Diff(states(t, one), states(t, other)); diff != "" {
			t.Fatalf("states differ:\n%.2000s", diff)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("detections differ:\n%.4000s", diff)
		}
	}
}

func TestWhatHasNoRecordAtHandIsNotTold(t *testing.T) {
	w := watch.New(config)
	events := append(office(1), attempt("sp0", 15, 20, 7000215, "203.0.113.9", 64511))
	for _, e := range events {
		w.Learn(e)
	}
	day := watch.NewConduct(baseline.DayOf(events[len(events)-1].Time), w.State("sp0"), config.Hasher)
	if got := day.Detections(nil, nil); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	e := events[len(events)-1]
	v := w.Prepare(e)
	day.Event(e, &v)
	if got := day.Detections(nil, nil); len(got) != 1 || got[0].ID == "" || got[0].Records[0].Succeeded {
		t.Errorf("%+v", got)
	}
}
