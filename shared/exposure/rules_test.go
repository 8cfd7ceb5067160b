package exposure_test

import (
	"fmt"
	"strings"
	"testing"

	"rekey/shared/event"
	"rekey/shared/exposure"
	"rekey/shared/score"
)

const (
	assignment = "/subscriptions/s1/resourcegroups/rg/providers/microsoft.keyvault/vaults/%s/providers/microsoft.authorization/roleassignments/r1"
	storage    = "/subscriptions/s1/resourcegroups/rg/providers/microsoft.storage/storageaccounts/"
)

// usual is what the principal does on each of the days 1 to 9: it reads two secrets of the vault "own" and is refused
// nothing.
func usual(more ...func(day int) *event.Event) []*event.Event {
	var out []*event.Event
	for day := 1; day <= 9; day++ {
		out = append(out, get(at(day, 6), "own", "db"), get(at(day, 7), "own", "queue"))
		for _, f := range more {
			out = append(out, f(day))
		}
	}
	return out
}

// many makes n reads of distinct secrets of a vault within one hour of day 10.
func many(n int, v, prefix string) []*event.Event {
	var out []*event.Event
	for i := range n {
		out = append(out, get(at(10, 12), v, fmt.Sprint(prefix, i)))
	}
	return out
}

// listing is what a mapping tool lists, in the given hours of day 10.
func listing(hours ...int) []*event.Event {
	var out []*event.Event
	for i, what := range []string{"users", "groups", "directoryRoles", "applications", "servicePrincipals"} {
		out = append(out, graph(at(10, hours[i]), "GET", "/v1.0/"+what))
	}
	return out
}

// spread is a principal that reads n secrets, each on two of the days 1 to 9 only.
func spread(n int) []*event.Event {
	var out []*event.Event
	for i := range n {
		out = append(out, get(at(1+i%8, 5), "own", fmt.Sprint("s", i)), get(at(1+(i+1)%8, 5), "own", fmt.Sprint("s", i)))
	}
	return append(out, get(at(9, 5), "own", "s0"))
}

// all reads n secrets on day 10, and busyDay on another, not more than eight in an hour.
func all(n int) []*event.Event { return busyDay(10, n) }

func busyDay(day, n int) []*event.Event {
	var out []*event.Event
	for i := range n {
		out = append(out, get(at(day, 1+i/8), "own", fmt.Sprint("s", i)))
	}
	return out
}

const azureCLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

// signedIn is a user's sign-in with Azure CLI.
func signedIn(day int, ip string, asn uint32) *event.Event {
	e := &event.Event{Kind: event.KindUserSignIn, Time: at(day, 2), Principal: event.Principal{AppID: azureCLI}, SignIn: event.SignIn{UserID: "u1"}}
	from(ip, asn)(e)
	return e
}

// person uses Azure CLI on each of the days 1 to 9.
func person() []*event.Event {
	var out []*event.Event
	for day := 1; day <= 9; day++ {
		out = append(out, signedIn(day, "192.0.2.7", 64500))
	}
	return out
}

// byUser is a user who lists four kinds of thing with Azure CLI on day 10, after a sign-in, if there is one.
func byUser(signIn *event.Event, edit ...func(*event.Event)) []*event.Event {
	var out []*event.Event
	for _, what := range []string{"users", "groups", "applications", "servicePrincipals"} {
		e := graph(at(10, 3), "GET", "/v1.0/"+what)
		e.Principal, e.Graph.UserID = event.Principal{AppID: azureCLI}, "u1"
		for _, f := range edit {
			f(e)
		}
		out = append(out, e)
	}
	if signIn != nil {
		out = append(out, signIn)
	}
	return out
}

// judged returns what rules find on day 10, as "rule level subject", when before and then events have been learned.
func judged(before []*event.Event, today ...*event.Event) []string {
	x := index(append(before, today...)...)
	day := exposureDay(10)
	var out []string
	for _, f := range exposure.Judge(x.Before(hasher, day), x.On(day)) {
		out = append(out, fmt.Sprint(f.Rule, " ", f.Level, " ", f.Subject))
	}
	return out
}

func TestRules(t *testing.T) {
	daily := func(f func(day int) *event.Event) []*event.Event { return usual(f) }
	for name, c := range map[string]struct {
		before, today []*event.Event
		want          []string
	}{
		"what it does every day":        {usual(), usual(), nil},
		"an hour that is new for it":    {usual(), []*event.Event{get(at(10, 3), "own", "db")}, nil},
		"another vault, and values":     {usual(), []*event.Event{get(at(10, 3), "payroll", "db")}, []string{"vaultFirstUse medium payroll"}},
		"another vault, listed":         {usual(), []*event.Event{vault(at(10, 3), "SecretList", "payroll", "")}, []string{"vaultFirstUse low payroll"}},
		"another vault, refused":        {usual(), []*event.Event{get(at(10, 3), "payroll", "db", status(403))}, nil},
		"another vault, not found":      {usual(), []*event.Event{get(at(10, 3), "payroll", "db", status(404))}, nil},
		"a vault, and nothing is known": {nil, []*event.Event{get(at(10, 3), "payroll", "db")}, nil},
		"a vault on the second day":     {[]*event.Event{get(at(9, 3), "own", "db")}, []*event.Event{get(at(10, 3), "payroll", "db")}, []string{"vaultFirstUse low payroll"}},
		"a person's read":               {usual(), []*event.Event{get(at(10, 3), "payroll", "db", func(e *event.Event) { e.Vault.UserID = "u" })}, nil},
		"another secret of its vault":   {usual(), []*event.Event{get(at(10, 3), "own", "other")}, []string{"secretFirstRead low own"}},
		"nine new secrets in an hour":   {usual(), many(9, "own", "s"), []string{"secretFirstRead low own"}},
		"ten new secrets in an hour":    {usual(), many(10, "own", "s"), []string{"secretFirstRead low own", "secretMassRead medium values"}},
		"25 new secrets in an hour":     {usual(), many(25, "own", "s"), []string{"secretFirstRead low own", "secretMassRead high values"}},
		"a job that reads many daily": {daily(func(day int) *event.Event {
			return get(at(day, 12), "own", fmt.Sprint("s", day))
		}), many(10, "own", "s")[1:], nil},
		"listed, then read": {
			usual(), []*event.Event{vault(at(10, 3), "SecretList", "own", ""), get(at(10, 3), "own", "a"), get(at(10, 4), "own", "b"), get(at(10, 4), "own", "db")},
			[]string{"secretFirstRead low own", "vaultListedThenRead medium own"},
		},
		"read, then listed": {
			usual(), []*event.Event{vault(at(10, 8), "SecretList", "own", ""), get(at(10, 3), "own", "a"), get(at(10, 4), "own", "b"), get(at(10, 4), "own", "db")},
			[]string{"secretFirstRead low own"},
		},
		"listed every day": {
			daily(func(day int) *event.Event { return vault(at(day, 1), "SecretList", "own", "") }),
			append(many(5, "own", "s"), vault(at(10, 1), "SecretList", "own", "")), []string{"secretFirstRead low own"},
		},
		"refused, then read": {
			usual(), []*event.Event{get(at(10, 3), "own", "other", status(403)), get(at(10, 5), "own", "other")},
			[]string{"secretFirstRead low own", "vaultRefusedThenRead medium own"},
		},
		"refused days ago, then read": {
			append(usual(), get(at(6, 3), "own", "other", status(403))), []*event.Event{get(at(10, 5), "own", "other")},
			[]string{"secretFirstRead low own", "vaultRefusedThenRead medium own"},
		},
		"read, then refused": {
			usual(), []*event.Event{get(at(10, 5), "own", "other", status(403)), get(at(10, 3), "own", "other")},
			[]string{"secretFirstRead low own"},
		},
		"a backup of what it reads": {usual(), []*event.Event{vault(at(10, 3), "SecretBackup", "own", "secrets/db")}, []string{"vaultExport medium own"}},
		"a backup job":              {daily(func(day int) *event.Event { return vault(at(day, 3), "KeyBackup", "own", "keys/k") }), []*event.Event{vault(at(10, 3), "KeyBackup", "own", "keys/k")}, nil},
		"a deleted secret":          {usual(), []*event.Event{vault(at(10, 3), "SecretDelete", "own", "secrets/db")}, []string{"vaultDestruction medium own"}},
		"a purged secret":           {usual(), []*event.Event{vault(at(10, 3), "SecretPurge", "own", "deletedsecrets/db")}, []string{"vaultDestruction high own"}},
		"a deleter purges":          {daily(func(day int) *event.Event { return vault(at(day, 3), "SecretDelete", "own", "secrets/tmp") }), []*event.Event{vault(at(10, 3), "SecretPurge", "own", "deletedsecrets/db")}, []string{"vaultDestruction high own"}},
		"a deleter deletes":         {daily(func(day int) *event.Event { return vault(at(day, 3), "SecretDelete", "own", "secrets/tmp") }), []*event.Event{vault(at(10, 3), "SecretDelete", "own", "secrets/db")}, nil},
		"a deleted vault":           {usual(), []*event.Event{arm(at(10, 3), "microsoft.keyvault/vaults/delete", "/subscriptions/s1/resourcegroups/rg/providers/microsoft.keyvault/vaults/own")}, []string{"vaultDestruction high own"}},
		"a purged vault":            {usual(), []*event.Event{arm(at(10, 3), "microsoft.keyvault/locations/deletedvaults/purge/action", "/subscriptions/s1/providers/microsoft.keyvault/locations/westeurope/deletedvaults/own")}, []string{"vaultDestruction high own"}},
		"access given":              {usual(), []*event.Event{arm(at(10, 3), "microsoft.authorization/roleassignments/write", fmt.Sprintf(assignment, "own"))}, []string{"vaultAccessChanged medium own"}},
		"access given, then new":    {usual(), []*event.Event{arm(at(10, 3), "microsoft.authorization/roleassignments/write", fmt.Sprintf(assignment, "own")), get(at(10, 4), "own", "x")}, []string{"secretFirstRead low own", "vaultAccessChanged high own"}},
		"access given, then usual":  {usual(), []*event.Event{arm(at(10, 3), "microsoft.authorization/roleassignments/write", fmt.Sprintf(assignment, "own")), get(at(10, 4), "own", "db")}, []string{"vaultAccessChanged medium own"}},
		"access to a group, then new": {
			usual(), []*event.Event{arm(at(10, 3), "microsoft.authorization/roleassignments/write", "/subscriptions/s1/resourcegroups/rg/providers/microsoft.authorization/roleassignments/r1"), get(at(10, 4), "payroll", "x")},
			[]string{"vaultFirstUse medium payroll", "vaultAccessChanged high /subscriptions/s1/resourcegroups/rg"},
		},
		"a deployer's change": {
			daily(func(day int) *event.Event { return vault(at(day, 3), "VaultPatch", "own", "") }), []*event.Event{vault(at(10, 3), "VaultPatch", "next", "")},
			[]string{"vaultAccessChanged low next"},
		},
		"a log that ends": {
			usual(), []*event.Event{arm(at(10, 3), "microsoft.insights/diagnosticsettings/delete", "/subscriptions/s1/resourcegroups/rg/providers/microsoft.keyvault/vaults/own/providers/microsoft.insights/diagnosticsettings/d")},
			[]string{"vaultAccessChanged medium own"},
		},
		"keys of a storage account": {usual(), []*event.Event{arm(at(10, 3), "microsoft.storage/storageaccounts/listkeys/action", storage+"a")}, []string{"resourceKeysRead medium keys"}},
		"keys it reads daily": {
			daily(func(day int) *event.Event {
				return arm(at(day, 3), "microsoft.storage/storageaccounts/listkeys/action", storage+"a")
			}),
			[]*event.Event{arm(at(10, 3), "microsoft.storage/storageaccounts/listkeys/action", storage+"a")}, nil,
		},
		"a command on a machine": {
			usual(), []*event.Event{arm(at(10, 3), "microsoft.compute/virtualmachines/runcommand/action", "/subscriptions/s1/resourcegroups/rg/providers/microsoft.compute/virtualmachines/vm1")},
			[]string{"azurePowerFirstUsed medium ARM microsoft.compute/virtualmachines/runcommand/action"},
		},
		"a command on another machine": {
			daily(func(day int) *event.Event {
				return arm(at(day, 3), "microsoft.compute/virtualmachines/runcommand/action", "/subscriptions/s1/vm1")
			}),
			[]*event.Event{arm(at(10, 3), "microsoft.compute/virtualmachines/runcommand/action", "/subscriptions/s1/vm2")}, nil,
		},
		"a credential added":   {usual(), []*event.Event{graph(at(10, 3), "POST", "https://graph.microsoft.com/v1.0/applications/1/addPassword")}, []string{"graphPowerFirstUsed medium POST /applications/{id}/addPassword"}},
		"mail":                 {usual(), []*event.Event{graph(at(10, 3), "GET", "https://graph.microsoft.com/v1.0/users/1/messages?$top=5")}, []string{"graphMailFirstRead medium mail"}},
		"three kinds of thing": {usual(), []*event.Event{graph(at(10, 3), "GET", "/v1.0/users"), graph(at(10, 3), "GET", "/v1.0/groups"), graph(at(10, 3), "GET", "/v1.0/devices")}, nil},
		"four kinds of thing":  {usual(), []*event.Event{graph(at(10, 3), "GET", "/v1.0/users"), graph(at(10, 3), "GET", "/v1.0/groups"), graph(at(10, 3), "GET", "/v1.0/devices"), graph(at(10, 3), "GET", "/beta/applications")}, []string{"graphEnumeration medium tenant"}},
		"a mapping tool's hour": {
			usual(), listing(3, 3, 3, 4, 4), []string{"graphEnumeration high tenant"},
		},
		"a mapping tool's list, slowly": {
			usual(), listing(3, 5, 7, 9, 11), []string{"graphEnumeration medium tenant"},
		},
		"a mapping tool's hour, of who lists daily": {
			daily(func(day int) *event.Event { return graph(at(day, 3), "GET", "/v1.0/devices") }), listing(3, 3, 3, 3, 3), []string{"graphEnumeration medium tenant"},
		},
		"old and new Graph list the same four": {
			daily(func(day int) *event.Event { return oldGraph(at(day, 3), "GET", "/contoso.com/tenantDetails") }),
			[]*event.Event{graph(at(10, 3), "GET", "/v1.0/users"), graph(at(10, 3), "GET", "/v1.0/groups"), oldGraph(at(10, 3), "GET", "/contoso.com/users"), oldGraph(at(10, 3), "GET", "/contoso.com/devices")}, nil,
		},
		"files":                              {usual(), []*event.Event{graph(at(10, 3), "GET", "/v1.0/drives/b1/items/1/content")}, []string{"graphFilesFirstRead low files"}},
		"files it reads daily":               {daily(func(day int) *event.Event { return graph(at(day, 3), "GET", "/v1.0/drives/b1/items/1/content") }), []*event.Event{graph(at(10, 3), "GET", "/v1.0/sites/s/drive/items/1")}, nil},
		"mail it reads daily, another way":   {daily(func(day int) *event.Event { return graph(at(day, 3), "GET", "/v1.0/users/1/messages") }), []*event.Event{graph(at(10, 3), "GET", "/v1.0/users/1/mailFolders")}, nil},
		"the old Graph":                      {usual(), []*event.Event{oldGraph(at(10, 3), "GET", "https://graph.windows.net/contoso.com/users/1?api-version=1.6")}, []string{"oldGraphFirstUsed low AAD Graph"}},
		"the old Graph, listing":             {usual(), []*event.Event{oldGraph(at(10, 3), "GET", "/contoso.com/users"), oldGraph(at(10, 4), "GET", "/contoso.com/groups")}, []string{"oldGraphFirstUsed medium AAD Graph"}},
		"the old Graph, writing":             {usual(), []*event.Event{oldGraph(at(10, 3), "POST", "/contoso.com/applications")}, []string{"graphPowerFirstUsed medium AAD Graph POST /applications", "oldGraphFirstUsed medium AAD Graph"}},
		"the old Graph, refused":             {usual(), []*event.Event{oldGraph(at(10, 3), "GET", "/contoso.com/users", func(e *event.Event) { e.Graph.Status = 403 })}, nil},
		"the old Graph daily":                {daily(func(day int) *event.Event { return oldGraph(at(day, 3), "GET", "/contoso.com/users") }), []*event.Event{oldGraph(at(10, 3), "GET", "/contoso.com/groups")}, nil},
		"the old Graph on the first day":     {nil, []*event.Event{oldGraph(at(10, 3), "GET", "/contoso.com/users")}, nil},
		"busier by far, all known":           {spread(24), all(24), []string{"vaultBusier low day"}},
		"busier by far, and many":            {spread(70), all(70), []string{"vaultBusier medium day"}},
		"busier, but not by far":             {spread(60), all(24), nil},
		"busier by far on the third day":     {append(busyDay(8, 6), busyDay(9, 6)...), all(24), []string{"secretFirstRead low own"}},
		"busier, and mass reading tells it":  {usual(), many(25, "own", "s"), []string{"secretFirstRead low own", "secretMassRead high values"}},
		"as many as on a day before":         {append(spread(24), busyDay(4, 12)...), all(24), nil},
		"a user lists with a client of old":  {person(), byUser(nil), []string{"userEnumeration low tenant"}},
		"a user lists from a new network":    {person(), byUser(signedIn(10, "198.51.100.9", 64999)), []string{"userEnumeration medium tenant"}},
		"a user lists from his network":      {person(), byUser(signedIn(10, "192.0.2.7", 64500)), []string{"userEnumeration low tenant"}},
		"a user lists three kinds":           {person(), byUser(nil)[:3], nil},
		"a user lists on his first day":      {nil, byUser(nil), []string{"userEnumeration low tenant"}},
		"a user lists with an app of his":    {person(), byUser(nil, func(e *event.Event) { e.Principal.AppID = "a1" }), nil},
		"a user signs in with a client only": {person(), []*event.Event{signedIn(10, "198.51.100.9", 64999)}, nil},
		"one user, and not a list":           {usual(), []*event.Event{graph(at(10, 3), "GET", "/v1.0/users/1")}, nil},
		"a credential added, denied": {usual(), []*event.Event{func() *event.Event {
			e := graph(at(10, 3), "POST", "/v1.0/applications")
			e.Graph.Status = 403
			return e
		}()}, nil},
	} {
		if got := judged(c.before, c.today...); strings.Join(got, "; ") != strings.Join(c.want, "; ") {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, c.want)
		}
	}
}

func TestEveryRuleIsDescribedOnce(t *testing.T) {
	ids := map[string]bool{}
	for _, r := range exposure.Catalogue {
		if ids[r.ID] || r.Title == "" || len(r.Covers) == 0 || len(r.Techniques) == 0 || r.Event == "" || r.Levels == "" || len(r.FalsePositives) == 0 || len(r.Ask) == 0 {
			t.Errorf("%s is there twice or says too little", r.ID)
		}
		ids[r.ID] = true
	}
}

func TestAFindingSaysWhatWhenAndFromWhere(t *testing.T) {
	today := []*event.Event{get(at(10, 3), "payroll", "a", from("198.51.100.9", 64999)), get(at(10, 5), "payroll", "b", from("198.51.100.9", 64999))}
	x := index(append(usual(), today...)...)
	found := exposure.Judge(x.Before(hasher, exposureDay(10)), x.On(exposureDay(10)))
	if len(found) != 1 {
		t.Fatalf("%d findings", len(found))
	}
	f := found[0]
	if f.What != "used the vault payroll for the first time and got 2 values: payroll/secrets/a, payroll/secrets/b" {
		t.Error(f.What)
	}
	if f.First.Hour() != 3 || f.Last.Hour() != 6 || f.First.Day() != 10 || len(f.From) != 1 || f.From[0].String() != "198.51.100.9" || len(f.Objects) != 2 || f.Level != score.LevelMedium {
		t.Errorf("%+v", f)
	}
}

func TestWhatIsFoundDoesNotDependOnWhatCameAfterwards(t *testing.T) {
	today := many(12, "own", "s")
	day := exposureDay(10)
	x := index(append(usual(), today...)...)
	then := exposure.Judge(x.Before(hasher, day), x.On(day))
	for d := 11; d < 20; d++ { // the same secrets, day after day
		for i := range 12 {
			x.Observe(hasher, get(at(d, 3), "own", fmt.Sprint("s", i)))
		}
	}
	a := exposure.NewActivity(day) // of the log: the index has only the newest days
	for _, e := range today {
		a.Add(e)
	}
	later := exposure.Judge(x.Before(hasher, day), a)
	if fmt.Sprint(then) != fmt.Sprint(later) || len(then) != 2 {
		t.Errorf("then  %+v\nlater %+v", then, later)
	}
}
