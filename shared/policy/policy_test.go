package policy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rekey/shared/fault"
	"rekey/shared/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	tenant  = "aaaaaaaa-0000-4000-8000-000000000000"
	victim  = "784b3082-c56d-48ed-8c2b-588aa9543e66"
	rekey   = "4e4b4559-0000-4000-8000-000000000002"
	orderID = "order-00112233445566778899aabbccddeeff"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// made takes a body through every step to the policy that is sent to Graph.
func made(t *testing.T, body []byte) policy.Policy {
	t.Helper()
	d, err := policy.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.New()
	if err != nil {
		t.Fatal(err)
	}
	p.Name = policy.Mark(p.Name, orderID)
	p, err = p.Cover(p.Include, []string{rekey}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheBodyThatIsSentToGraph(t *testing.T) {
	for name, body := range map[string][]byte{
		"mission": read(t, "mission.json"),
		"smallest": []byte(`{"displayName":"Block risky workloads","conditions":{"clientApplications":{"includeServicePrincipals":["` + victim + `"]},
			"servicePrincipalRiskLevels":["high"]}}`),
		"all-own-enforced": []byte(`{"displayName":"Block risky workloads","state":"enabled","conditions":{"clientAppTypes":["all"],"users":{"includeUsers":["None"]},
			"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"],"excludeServicePrincipals":["` + victim + `"]},
			"servicePrincipalRiskLevels":["high","medium"]},"grantControls":{"operator":"OR","builtInControls":["block"]}}`),
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := json.MarshalIndent(made(t, body), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			raw = append(raw, '\n')
			path := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(path, raw, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(read(t, name+".golden.json")), string(raw)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsWrongWithABodyIsSaid(t *testing.T) {
	mission := string(read(t, "mission.json"))
	change := func(from, to string) string {
		if !strings.Contains(mission, from) {
			t.Fatalf("the mission's body has no %s", from)
		}
		return strings.Replace(mission, from, to, 1)
	}
	for name, tt := range map[string]struct{ body, want string }{
		"quotes as the mission prints them":  {change(`"medium"`, `“medium”`), "typographic quotes"},
		"no JSON":                            {"displayName: x", "not one JSON object"},
		"null":                               {"null", "not one JSON object"},
		"something after it":                 {mission + "{}", "something follows"},
		"a property that does not exist":     {change(`"state"`, `"mode"`), "mode is not a property"},
		"a property of another policy":       {change(`"userRiskLevels":[]`, `"userRiskLevels":["high"]`), "conditions.userRiskLevels must be empty"},
		"a location":                         {change(`"userRiskLevels":[]`, `"locations":{"includeLocations":["All"]}`), "conditions.locations must be empty"},
		"users, too":                         {change(`"userRiskLevels":[]`, `"users":{"includeUsers":["All"]}`), `conditions.users.includeUsers must be ["None"]`},
		"one application only":               {change(`["All"]`, `["Office365"]`), `conditions.applications.includeApplications must be ["All"]`},
		"another control":                    {change(`["block"]`, `["mfa"]`), `grantControls.builtInControls must be ["block"]`},
		"an operator that is none":           {change(`"and"`, `"xor"`), "grantControls.operator must be OR or AND"},
		"a level that is none":               {change(`"low"`, `"none"`), `must name low, medium or high, not "none"`},
		"a state that is none":               {change(`"disabled"`, `"on"`), "state must be enabledForReportingButNotEnforced"},
		"an id that is none":                 {change(victim, "billing"), "object ids of service principals are asked for"},
		"all and one":                        {change(`["784b`, `["ServicePrincipalsInMyTenant","784b`), "one or the other"},
		"a number for a name":                {change(`"Test policy on service principals with risk condition"`, "7"), "displayName must be a name"},
		"a name of two lines":                {change("Test policy", `Test\npolicy`), "on one line"},
		"a list of numbers":                  {change(`["low","medium","high"]`, "[1]"), "must be a list of strings"},
		"conditions that are a list":         {`{"conditions":[]}`, "conditions must be an object"},
		"no principals":                      {change(`["`+victim+`"]`, "[]"), "includeServicePrincipals is missing"},
		"no levels":                          {change(`["low","medium","high"]`, "[]"), "servicePrincipalRiskLevels is missing"},
		"no name":                            {change(`"displayName":"Test policy on service principals with risk condition",`, ""), "displayName is missing"},
		"a filter by attributes is not read": {change(`"excludeServicePrincipals":[]`, `"servicePrincipalFilter":{"mode":"include","rule":"x"}`), "servicePrincipalFilter must be empty"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := policy.Parse([]byte(tt.body))
			if err == nil {
				_, err = d.New()
			}
			if err == nil || !errors.Is(err, fault.Poison) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want poison with %q", err, tt.want)
			}
		})
	}
}

func TestAPolicyThatSaysNoStateOnlyReports(t *testing.T) {
	body := bytes.Replace(read(t, "mission.json"), []byte(`"state":"disabled",`), nil, 1)
	if p := made(t, body); p.State != policy.ReportOnly {
		t.Errorf("state %s", p.State)
	}
	if p := made(t, read(t, "mission.json")); p.State != policy.Off {
		t.Errorf("state %s, the mission's says disabled", p.State)
	}
}

func TestAStoredPolicyIsReadAsItWasSent(t *testing.T) {
	p := made(t, read(t, "mission.json"))
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	filled := bytes.Replace(raw, []byte(`{`), []byte(`{"@odata.context":"x","id":"1","sessionControls":null,"partialEnablementStrategy":null,`), 1)
	got, err := policy.Stored(filled)
	if err != nil || len(policy.Diff(got, p)) != 0 {
		t.Errorf("%v %v", policy.Diff(got, p), err)
	}
	for name, more := range map[string]string{
		"what is not known":  `"novelty":{"x":1},`,
		"a session control":  `"sessionControls":{"signInFrequency":{"value":1}},`,
		"nothing of its own": ``,
	} {
		body := `{` + more + string(raw[1:])
		if name == "nothing of its own" {
			body = `{"displayName":"x","state":"enabled","conditions":{"users":{"includeUsers":["None"]}}}`
		}
		if _, err := policy.Stored([]byte(body)); err == nil {
			t.Errorf("a policy with %s was taken for Rekey's kind", name)
		}
	}
}

func TestWhatADraftDoesNotSayStays(t *testing.T) {
	have := made(t, read(t, "mission.json"))
	enforced, err := policy.Draft{State: policy.Enforced}.Over(have)
	if err != nil {
		t.Fatal(err)
	}
	want := []policy.Change{{Property: "state", From: "disabled", To: "enabled"}}
	if diff := cmp.Diff(want, policy.Diff(have, enforced)); diff != "" {
		t.Error(diff)
	}
	renamed, err := policy.Draft{Name: "other"}.Over(have)
	if err != nil || renamed.Name != policy.Mark("other", orderID) {
		t.Errorf("%q %v: the mark must stay", renamed.Name, err)
	}
	if _, err := (policy.Draft{Include: []string{}}).Over(have); err == nil {
		t.Error("a policy for nobody was made")
	}
}

func TestAMarkTellsWhichOrderMadeAPolicy(t *testing.T) {
	name := policy.Mark("x", orderID)
	if !policy.Marked(name) || !policy.MarkedBy(name, orderID) || policy.Plain(name) != "x" {
		t.Errorf("%q", name)
	}
	for _, other := range []string{"x", "x [Rekey]", name + " copy", policy.Mark("x", "order-000000000000")} {
		if policy.MarkedBy(other, orderID) {
			t.Errorf("%q is taken for the order's", other)
		}
	}
}

// candidate is one that a policy covers; each case changes one thing.
func candidate(change func(*policy.Candidate)) policy.Candidate {
	c := policy.Candidate{
		ID: victim, Found: true, AppID: "app", Name: "billing", Type: "Application", Tenant: tenant, Registered: true, Audience: "AzureADMyOrg",
		Risks: []policy.Risk{{Source: policy.FromMicrosoft, Level: "high", State: "atRisk"}},
	}
	change(&c)
	return c
}

func TestWhoIsOutOfScopeAndWhy(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*policy.Candidate)
		want   string // "" is covered
	}{
		"a single-tenant application at risk":     {func(*policy.Candidate) {}, ""},
		"confirmed compromised":                   {func(c *policy.Candidate) { c.Risks[0].State = "confirmedCompromised" }, ""},
		"at risk by a case of Rekey":              {func(c *policy.Candidate) { c.Risks[0].Source = policy.FromRekey }, ""},
		"at risk without a licence to see it":     {func(c *policy.Candidate) { c.Risks[0].Level = "hidden" }, ""},
		"nobody":                                  {func(c *policy.Candidate) { c.Found = false }, "no service principal with this object id"},
		"a client id":                             {func(c *policy.Candidate) { c.Found, c.Hint = false, "it is the client id of billing" }, "it is the client id of billing"},
		"never touched":                           {func(c *policy.Candidate) { c.Protected = "break glass" }, "never touched: break glass"},
		"a managed identity":                      {func(c *policy.Candidate) { c.Type = "ManagedIdentity" }, "managed identity"},
		"an agent identity":                       {func(c *policy.Candidate) { c.Type = "ServiceIdentity" }, "agent identity"},
		"an agent's blueprint":                    {func(c *policy.Candidate) { c.Agent = true }, "agent identity"},
		"one of Microsoft's":                      {func(c *policy.Candidate) { c.Tenant = "F8CDEF31-a31e-4b4a-93e4-5f571e91255a" }, "Microsoft's own"},
		"a legacy principal":                      {func(c *policy.Candidate) { c.Type = "Legacy" }, `type "Legacy"`},
		"an application of another tenant":        {func(c *policy.Candidate) { c.Tenant = "bbbbbbbb-0000-4000-8000-000000000000" }, "another tenant"},
		"an application that is not registered":   {func(c *policy.Candidate) { c.Registered = false }, "another tenant"},
		"a multi-tenant application":              {func(c *policy.Candidate) { c.Audience = "AzureADMultipleOrgs" }, "multi-tenant"},
		"an application of whom nothing is known": {func(c *policy.Candidate) { c.Audience = "" }, "multi-tenant"},
		"not at risk":                             {func(c *policy.Candidate) { c.Risks = nil }, "not at risk"},
		"a risk that was dismissed":               {func(c *policy.Candidate) { c.Risks[0].State = "dismissed" }, "not at risk"},
		"a risk of no level":                      {func(c *policy.Candidate) { c.Risks[0].Level = "none" }, "not at risk"},
	} {
		t.Run(name, func(t *testing.T) {
			in, out, _ := policy.Choose([]policy.Candidate{candidate(tt.change)}, tenant, policy.Levels)
			switch {
			case tt.want == "" && (len(in) != 1 || len(out) != 0):
				t.Errorf("left out: %v", out)
			case tt.want != "" && (len(in) != 0 || len(out) != 1 || !strings.Contains(out[0].Reason, tt.want)):
				t.Errorf("covered %v, left out %v, want %q", in, out, tt.want)
			}
		})
	}
}

func TestANoteSaysWhenAPolicyBlocksNobodyYet(t *testing.T) {
	for name, tt := range map[string]struct {
		risk policy.Risk
		want string
	}{
		"only Rekey suspects it":        {policy.Risk{Source: policy.FromRekey, Level: "high", State: "atRisk"}, "confirm it compromised"},
		"the level is not named":        {policy.Risk{Source: policy.FromMicrosoft, Level: "medium", State: "atRisk"}, "which the policy does not name"},
		"it is blocked, nothing to say": {policy.Risk{Source: policy.FromMicrosoft, Level: "high", State: "atRisk"}, ""},
	} {
		_, _, notes := policy.Choose([]policy.Candidate{candidate(func(c *policy.Candidate) { c.Risks = []policy.Risk{tt.risk} })}, tenant, []string{"high"})
		if tt.want == "" && len(notes) > 0 || tt.want != "" && (len(notes) != 1 || !strings.Contains(notes[0], tt.want)) {
			t.Errorf("%s: %v", name, notes)
		}
	}
}

func TestRekeyIsExcludedWhateverIsAskedFor(t *testing.T) {
	ids := rapid.SliceOf(rapid.SampledFrom([]string{"a", "b", "c", rekey, strings.ToUpper(rekey), policy.AllOwn}))
	rapid.Check(t, func(t *rapid.T) {
		p := policy.Policy{Name: "x", State: policy.Enforced, Levels: []string{"high"}, Exclude: ids.Draw(t, "exclude")}
		protected := ids.Draw(t, "protected")
		got, err := p.Cover(ids.Draw(t, "include"), []string{rekey}, protected)
		if err != nil {
			return // nobody is left
		}
		if !slices.Contains(got.Exclude, rekey) || slices.Contains(got.Include, rekey) {
			t.Errorf("%+v", got)
		}
		for _, id := range protected {
			if id = strings.ToLower(id); !strings.EqualFold(id, policy.AllOwn) && (!slices.Contains(got.Exclude, id) || slices.Contains(got.Include, id)) {
				t.Errorf("%s is not spared: %+v", id, got)
			}
		}
	})
	_, err := policy.Policy{}.Cover([]string{"a"}, nil, nil)
	if !errors.Is(err, fault.Denied) || !strings.Contains(err.Error(), "REKEY_CLIENT_ID") {
		t.Errorf("a policy was made although Rekey's own principal is not known: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(read(f, "mission.json"))
	f.Add([]byte(`{"displayName":"x","conditions":{"clientApplications":{"includeServicePrincipals":["ServicePrincipalsInMyTenant"]},"servicePrincipalRiskLevels":["high"]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := policy.Parse(body)
		if err != nil {
			if !errors.Is(err, fault.Poison) {
				t.Errorf("%v is not poison", err)
			}
			return
		}
		p, err := d.New()
		if err != nil {
			return
		}
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := policy.Stored(raw)
		if err != nil || len(policy.Diff(p, again)) != 0 {
			t.Errorf("%s reads back as %+v: %v", raw, again, err)
		}
	})
}
