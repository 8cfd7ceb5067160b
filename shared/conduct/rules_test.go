package conduct_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/conduct"
	"rekey/shared/event"
	"rekey/shared/exposure"
)

var (
	hasher = baseline.NewHasher([16]byte{4, 5, 6})
	day0   = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC) // the judged day is 40 days later
)

const judgedDay = 40

type edit func(*event.Event)

// signIn is a sign-in on a day, at an hour.
func signIn(day, hour int, edits ...edit) *event.Event {
	e := &event.Event{
		Kind: event.KindSignIn, Time: day0.AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour), Tenant: "t1",
		Principal: event.Principal{ObjectID: "sp1", AppID: "app1"}, Caller: netip.MustParseAddr("192.0.2.7"),
		Network: event.Network{ASN: 64500, Country: "DE", Hosting: event.HostingDatacenter},
		SignIn:  event.SignIn{ResourceID: "graph", UserAgent: "worker/1", FederatedID: "f1", AppOwnerTenant: "t1"},
	}
	for _, f := range edits {
		f(e)
	}
	e.ID = fmt.Sprint(day, "/", hour, "/", e.SignIn, e.Network.ASN)
	return e
}

func code(n int) edit          { return func(e *event.Event) { e.SignIn.ErrorCode = n } }
func owner(tenant string) edit { return func(e *event.Event) { e.SignIn.AppOwnerTenant = tenant } }
func resource(id string) edit  { return func(e *event.Event) { e.SignIn.ResourceID = id } }
func federated(id string) edit { return func(e *event.Event) { e.SignIn.FederatedID = id } }
func agent(name string) edit   { return func(e *event.Event) { e.SignIn.UserAgent = name } }
func country(code string) edit { return func(e *event.Event) { e.Network.Country = code } }
func network(asn uint32) edit  { return func(e *event.Event) { e.Network.ASN = asn } }
func own(e *event.Event)       { e.Network.Hosting = event.HostingOwn }
func managed(e *event.Event) {
	e.Kind, e.Caller, e.Network = event.KindManagedIdentitySignIn, netip.Addr{}, event.Network{}
}
func blocked(e *event.Event) { e.SignIn.ErrorCode, e.SignIn.ConditionalAccess = 53003, "failure" }

// usual is a sign-in on each of the days from one to before the judged one.
func usual(from int, edits ...edit) []*event.Event {
	var out []*event.Event
	for day := from; day < judgedDay; day++ {
		out = append(out, signIn(day, 6, edits...))
	}
	return out
}

// failures are n failed sign-ins with a code on the judged day.
func failures(n, codeOf int, edits ...edit) []*event.Event {
	var out []*event.Event
	for i := range n {
		e := signIn(judgedDay, 9, append([]edit{code(codeOf)}, edits...)...)
		e.ID += fmt.Sprint("/", i)
		out = append(out, e)
	}
	return out
}

// read is a Graph call of the judged day, or of another.
func read(day int, uri string, edits ...edit) *event.Event {
	e := signIn(day, 10, edits...)
	e.Kind, e.SignIn, e.Graph = event.KindGraphActivity, event.SignIn{}, &event.GraphCall{Method: "GET", URI: uri, Status: 200}
	return e
}

func add(lists ...[]*event.Event) (out []*event.Event) {
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// judged learns all events and returns what is found on the judged day, as "rule level".
func judged(events []*event.Event) string {
	var state baseline.State
	var index exposure.Index
	day := baseline.DayOf(day0) + judgedDay
	reads := exposure.NewActivity(day)
	for _, e := range events {
		v := hasher.Values(e)
		state.Observe(e, &v)
		state.Evidence.Fail(e, &v)
		index.Observe(hasher, e)
		reads.Add(e)
	}
	f := conduct.Facts{
		Hasher: hasher, Day: day, Profile: &state.Profile, Evidence: &state.Evidence, Marks: map[conduct.Mark]bool{}, Reads: reads, Before: index.Before(hasher, day),
	}
	for _, e := range events {
		v := hasher.Values(e)
		if m, ok := conduct.MarkOf(e, &v, state.Profile.Before(day), &state.Evidence); ok && baseline.DayOf(e.Time) == day {
			f.Marks[m] = true
		}
	}
	var out []string
	for _, x := range conduct.Judge(f) {
		out = append(out, fmt.Sprint(x.Rule, " ", x.Level))
	}
	return strings.Join(out, "; ")
}

func TestRules(t *testing.T) {
	strange := network(64999)
	supplied := func(from int, edits ...edit) []*event.Event { return usual(from, append(edits, owner("t2"))...) }
	for name, c := range map[string]struct {
		events []*event.Event
		want   string
	}{
		"what it does every day": {add(usual(20), failures(0, 0)), ""},

		"a wrong secret":                               {add(usual(20), failures(1, 7000215)), "credentialRefused low"},
		"a wrong secret, beside a success":             {add(usual(20), failures(1, 7000215), []*event.Event{signIn(judgedDay, 6)}), "credentialRefused low"},
		"a wrong secret, from elsewhere":               {add(usual(20), failures(1, 7000215, strange)), "credentialRefused medium"},
		"a wrong secret, from one's own egress":        {add(usual(20), failures(1, 7000215, strange, own)), "credentialRefused low"},
		"an expired secret":                            {add(usual(20), failures(1, 7000222)), "credentialRefused low"},
		"an expired secret since yesterday":            {add(usual(20), []*event.Event{signIn(judgedDay-1, 3, code(7000222))}, failures(1, 7000222)), ""},
		"an expired secret since yesterday, elsewhere": {add(usual(20), []*event.Event{signIn(judgedDay-1, 3, code(7000222))}, failures(1, 7000222, strange)), "credentialRefused medium"},
		"an expired secret two weeks after another":    {add(usual(20), []*event.Event{signIn(judgedDay-14, 3, code(7000222))}, failures(1, 7000222)), "credentialRefused low"},
		"a wrong secret of nobody known":               {failures(3, 7000215), ""},
		"a passing error":                              {add(usual(20), failures(40, 90033)), ""},

		"a burst that goes on from yesterday": {add(usual(20), []*event.Event{signIn(judgedDay-1, 3, code(7000222))}, failures(60, 7000222)), "failureBurst low"},
		"as many as every day": {
			add(usual(20), failuresOn(judgedDay-1, 60, 7000222), failures(60, 7000222)), "",
		},
		"a few more of the same": {add(usual(20), []*event.Event{signIn(judgedDay-1, 3, code(7000222))}, failures(6, 7000222)), ""},

		"a resource that is not there":                 {add(usual(20), failures(5, 500011)), "failureUnexpected low"},
		"a resource that is not there, from elsewhere": {add(usual(20), failures(5, 500011, strange)), "failureUnexpected medium"},
		"a resource that is not there, once":           {add(usual(20), failures(1, 500011)), ""},
		"a resource that is not there, again":          {add(usual(20), []*event.Event{signIn(30, 3, code(500011))}, failures(5, 500011)), ""},
		"a code nobody listed":                         {add(usual(20), failures(5, 500341)), "failureUnexpected low"},
		"a managed identity fails":                     {add(usual(20, managed), failures(5, 500011, managed)), "failureUnexpected low"},
		"a young principal fails":                      {add(usual(36), failures(5, 500011)), ""},

		"blocked":                           {add(usual(20), failures(5, 0, blocked)), "accessBlocked low"},
		"blocked once":                      {add(usual(20), failures(1, 0, blocked)), ""},
		"blocked once, from elsewhere":      {add(usual(20), failures(1, 0, blocked, strange)), "accessBlocked medium"},
		"blocked again":                     {add(usual(20), []*event.Event{signIn(30, 3, blocked)}, failures(5, 0, blocked)), ""},
		"blocked again, and from elsewhere": {add(usual(20), []*event.Event{signIn(30, 3, blocked)}, failures(5, 0, blocked, strange)), "accessBlocked medium"},
		"reported only":                     {add(usual(20), []*event.Event{signIn(judgedDay, 3, func(e *event.Event) { e.SignIn.ConditionalAccess = "failure" })}), ""},

		"three things drift in a week": {
			add(usual(0), []*event.Event{signIn(35, 7, resource("vault")), signIn(37, 7, network(64777)), signIn(39, 7, agent("other/2"))}), "scopeDrift low",
		},
		"four things drift in a week": {
			add(usual(0), []*event.Event{signIn(34, 7, resource("vault")), signIn(35, 7, network(64777)), signIn(37, 7, agent("other/2")), signIn(39, 7, country("FR"))}), "scopeDrift medium",
		},
		"three things on one day": {
			add(usual(0), []*event.Event{signIn(39, 7, resource("vault"), network(64777), agent("other/2"))}), "",
		},
		"two things drift": {add(usual(0), []*event.Event{signIn(35, 7, resource("vault")), signIn(39, 7, network(64777))}), ""},
		"it drifted days ago": {
			add(usual(0), []*event.Event{signIn(34, 7, resource("vault")), signIn(35, 7, network(64777)), signIn(36, 7, agent("other/2"))}), "",
		},
		"it drifts all the time": {
			add(usual(0), drifting(5, 40)), "",
		},
		"a young principal drifts": {
			add(usual(20), []*event.Event{signIn(35, 7, resource("vault")), signIn(37, 7, network(64777)), signIn(39, 7, agent("other/2"))}), "",
		},

		"another federated credential":                  {add(usual(20), []*event.Event{signIn(judgedDay, 6, federated("f2"))}), "federatedNew low"},
		"another federated credential, from elsewhere":  {add(usual(20), []*event.Event{signIn(judgedDay, 6, federated("f2"), strange)}), "federatedNew medium"},
		"the usual federated credential, from anywhere": {add(usual(20), []*event.Event{signIn(judgedDay, 6, strange)}), ""},
		"the first federated credential of all":         {add(usual(20, federated("")), []*event.Event{signIn(judgedDay, 6, federated("f2"))}), ""},

		"the old Graph":                {add(usual(20), []*event.Event{signIn(judgedDay, 6, resource(oldGraph))}), "oldGraphSignIn low"},
		"the old Graph, as always":     {add(usual(20, resource(oldGraph)), []*event.Event{signIn(judgedDay, 6, resource(oldGraph))}), ""},
		"the old Graph, asked in vain": {add(usual(20), failures(1, 700082, resource(oldGraph))), ""},

		"a supplier reads mail from elsewhere":        {add(supplied(20), []*event.Event{read(judgedDay, "/v1.0/users/1/messages", strange)}), "supplierReads high"},
		"a supplier reads its mail from elsewhere":    {add(supplied(20), []*event.Event{read(30, "/v1.0/users/1/messages"), read(judgedDay, "/v1.0/users/1/messages", strange)}), "supplierReads medium"},
		"a supplier reads files from elsewhere":       {add(supplied(20), []*event.Event{read(judgedDay, "/v1.0/drives/1/items/2", strange)}), "supplierReads high"},
		"a supplier reads mail from where it is":      {add(supplied(20), []*event.Event{read(judgedDay, "/v1.0/users/1/messages")}), ""},
		"a supplier lists users from elsewhere":       {add(supplied(20), []*event.Event{read(judgedDay, "/v1.0/users", strange)}), ""},
		"one's own application reads from elsewhere":  {add(usual(20), []*event.Event{read(judgedDay, "/v1.0/users/1/messages", strange)}), ""},
		"an application of Microsoft's, from strange": {add(usual(20, owner("f8cdef31-a31e-4b4a-93e4-5f571e91255a")), []*event.Event{read(judgedDay, "/v1.0/users/1/messages", strange)}), ""},
	} {
		if got := judged(c.events); got != c.want {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, c.want)
		}
	}
}

const oldGraph = "00000002-0000-0000-c000-000000000000"

func failuresOn(day, n, codeOf int) []*event.Event {
	out := failures(n, codeOf)
	for _, e := range out {
		e.Time = e.Time.AddDate(0, 0, day-judgedDay)
		e.ID += "/" + e.Time.String()
	}
	return out
}

// drifting shows another resource, network and client every few days.
func drifting(from, to int) []*event.Event {
	var out []*event.Event
	for day := from; day < to; day += 6 {
		out = append(out, signIn(day, 7, resource(fmt.Sprint("r", day))), signIn(day+2, 7, network(uint32(65000+day))), signIn(day+4, 7, agent(fmt.Sprintf("client%c", 'a'+day))))
	}
	return out
}
