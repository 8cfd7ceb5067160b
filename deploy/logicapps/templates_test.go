package logicapps_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rekey/deploy/logicapps/engine"
	"rekey/handlers/face"
	"rekey/shared/host/httpapi"
)

// workflows are the templates with a workflow in them.
var workflows = []string{"approve", "ask-owner", "block", "notify", "ticket"}

// action is a trigger or an action, as far as its form is checked here.
type action struct {
	Type       string
	Inputs     map[string]any
	Expression any
	RunAfter   map[string][]string
	Actions    map[string]action
	Else       struct{ Actions map[string]action }
	Raw        json.RawMessage `json:"-"`
}

// UnmarshalJSON implements json.Unmarshaler: it keeps the text for the expressions in it.
func (a *action) UnmarshalJSON(b []byte) error {
	type plain action
	a.Raw = slices.Clone(b)
	return json.Unmarshal(b, (*plain)(a))
}

type template struct {
	name       string
	text       string
	Parameters map[string]any
	Resources  []struct {
		Type       string
		Properties struct {
			Definition struct {
				Parameters        map[string]any
				Triggers, Actions map[string]action
			}
			Parameters map[string]struct{ Value any }
		}
	}
}

func parse(t *testing.T, name string) template {
	t.Helper()
	b, err := os.ReadFile(name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	out := template{name: name, text: string(b)}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out
}

// workflow returns the one workflow of a template.
func (x template) workflow(t *testing.T) (map[string]action, map[string]action, map[string]any, map[string]struct{ Value any }) {
	t.Helper()
	if len(x.Resources) != 1 || x.Resources[0].Type != "Microsoft.Logic/workflows" {
		t.Fatalf("%s has not one workflow", x.name)
	}
	p := x.Resources[0].Properties
	return p.Definition.Triggers, p.Definition.Actions, p.Definition.Parameters, p.Parameters
}

func TestEveryTemplateIsListed(t *testing.T) {
	files, err := filepath.Glob("*.json")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"connections.json", "connector.json", "connector.swagger.json"}
	for _, name := range workflows {
		want = append(want, name+".json")
	}
	if slices.Sort(want); !slices.Equal(files, want) {
		t.Errorf("there are %v, and %v are known", files, want)
	}
}

var (
	quoted   = regexp.MustCompile(`'(?:[^']|'')*'`)
	called   = regexp.MustCompile(`([A-Za-z]+)\(`)
	ofAzure  = []string{"parameters", "resourceId", "subscriptionResourceId", "resourceGroup", "reference", "subscription", "environment", "union", "createObject", "concat", "length", "copyIndex"}
	inText   = regexp.MustCompile(`"\[([^"\[]*)\]"`)
	inFlow   = regexp.MustCompile(`@\{?([a-zA-Z]+\((?:[^"\\]|\\.)*)"`)
	named    = regexp.MustCompile(`parameters\('([^']+)'\)`)
	linked   = regexp.MustCompile(`parameters\('\$connections'\)\['([^']+)'\]`)
	depended = regexp.MustCompile(`\bbody\('([^']+)'\)`)
)

// What is declared is used, what is used is declared, and the functions are those that Azure has.
func TestParametersAndFunctionsOfTemplatesAreKnown(t *testing.T) {
	for _, name := range append([]string{"connections", "connector"}, workflows...) {
		x := parse(t, name)
		used := map[string]bool{}
		for _, m := range inText.FindAllStringSubmatch(x.text, -1) {
			for _, p := range named.FindAllStringSubmatch(m[1], -1) {
				used[p[1]] = true
			}
			for _, f := range called.FindAllStringSubmatch(quoted.ReplaceAllString(m[1], ""), -1) {
				if !slices.Contains(ofAzure, f[1]) {
					t.Errorf("%s: %s is no function that is known here: %s", name, f[1], m[1])
				}
			}
		}
		if got, want := slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(x.Parameters)); !slices.Equal(got, want) {
			t.Errorf("%s uses the parameters %v, and declares %v", name, got, want)
		}
	}
}

func TestParametersConnectionsAndFunctionsOfWorkflowsAreKnown(t *testing.T) {
	for _, name := range workflows {
		x := parse(t, name)
		triggers, actions, declared, given := x.workflow(t)
		used, links := map[string]bool{}, map[string]bool{}
		for _, a := range slices.Concat(slices.Collect(maps.Values(triggers)), slices.Collect(maps.Values(actions))) {
			for _, m := range inFlow.FindAllStringSubmatch(string(a.Raw), -1) {
				for _, f := range called.FindAllStringSubmatch(quoted.ReplaceAllString(m[1], ""), -1) {
					if !engine.Known(f[1]) {
						t.Errorf("%s: %s is no function that the engine of tests knows: %s", name, f[1], m[1])
					}
				}
			}
			for _, m := range named.FindAllSubmatch(a.Raw, -1) {
				used[string(m[1])] = true
			}
			for _, m := range linked.FindAllSubmatch(a.Raw, -1) {
				links[string(m[1])] = true
			}
		}
		got := slices.Sorted(maps.Keys(used))
		if want := slices.Sorted(maps.Keys(declared)); !slices.Equal(got, want) {
			t.Errorf("%s: the workflow uses %v, and declares %v", name, got, want)
		}
		if want := slices.Sorted(maps.Keys(given)); !slices.Equal(got, want) {
			t.Errorf("%s: the workflow uses %v, and gets %v", name, got, want)
		}
		connections, _ := given["$connections"].Value.(map[string]any)
		if got, want := slices.Sorted(maps.Keys(links)), slices.Sorted(maps.Keys(connections)); !slices.Equal(got, want) {
			t.Errorf("%s: the workflow uses the connections %v, and has %v", name, got, want)
		}
	}
}

// An action reads the answer of one that has run by then: one that it comes after, or that the block comes after that it is in.
func TestActionsComeAfterWhatTheyRead(t *testing.T) {
	statuses := []string{"Succeeded", "Failed", "Skipped", "TimedOut"}
	for _, name := range workflows {
		_, actions, _, _ := parse(t, name).workflow(t)
		var check func(block map[string]action, outer []string)
		check = func(block map[string]action, outer []string) {
			for id, a := range block {
				for before, s := range a.RunAfter {
					if _, ok := block[before]; !ok || len(s) == 0 || slices.ContainsFunc(s, func(x string) bool { return !slices.Contains(statuses, x) }) {
						t.Errorf("%s: %s runs after %s when it %v", name, id, before, s)
					}
				}
				seen := append(slices.Clone(outer), before(block, id)...)
				own, err := json.Marshal([]any{a.Inputs, a.Expression}) // its blocks are looked at by themselves
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range depended.FindAllSubmatch(own, -1) {
					if !slices.Contains(seen, string(m[1])) {
						t.Errorf("%s: %s reads %s, which need not have run", name, id, m[1])
					}
				}
				check(a.Actions, seen)
				check(a.Else.Actions, seen)
			}
		}
		check(actions, nil)
	}
}

// before are the actions of a block that one comes after.
func before(block map[string]action, id string) []string {
	var out []string
	for name := range block[id].RunAfter {
		out = append(append(out, name), before(block, name)...)
	}
	return out
}

// request is a call of Rekey that a workflow makes.
type request struct {
	method, path string
	inputs       map[string]any
	person       bool // it is made as whoever signed in to the connection
}

const rekey = "@{parameters('rekeyUrl')}"

// requests are those of a workflow.
func requests(triggers, actions map[string]action) []request {
	var out []request
	add := func(v any) {
		in, _ := v.(map[string]any)
		uri, _ := in["uri"].(string)
		if path, ok := strings.CutPrefix(uri, rekey); ok {
			out = append(out, request{fmt.Sprint(in["method"]), path, in, false})
		}
	}
	var walk func(map[string]action)
	walk = func(block map[string]action) {
		for _, a := range block {
			add(a.Inputs)
			add(a.Inputs["subscribe"])
			add(a.Inputs["unsubscribe"])
			if strings.Contains(string(a.Raw), `"@parameters('$connections')['rekey']['connectionId']"`) && strings.HasPrefix(a.Type, "ApiConnection") {
				out = append(out, request{strings.ToUpper(fmt.Sprint(a.Inputs["method"])), fmt.Sprint(a.Inputs["path"]), a.Inputs, true})
			}
			walk(a.Actions)
			walk(a.Else.Actions)
		}
	}
	walk(triggers)
	walk(actions)
	return out
}

var expression = regexp.MustCompile(`@\{[^}]*\}`)

// routeOf finds the route of a call; what is an expression in its path is the route's id.
func (r request) routeOf(routes []httpapi.Route) (httpapi.Route, bool) {
	path := expression.ReplaceAllString(r.path, "{id}")
	i := slices.IndexFunc(routes, func(x httpapi.Route) bool { return x.Method == r.method && x.Path == path })
	if i < 0 {
		return httpapi.Route{}, false
	}
	return routes[i], true
}

// The calls of workflows are calls of the API, and docs/logic-apps.md names what they need.
func TestWorkflowsCallWhatThereIsAndTheirRolesAreDocumented(t *testing.T) {
	routes := face.Routes(face.Config{})
	d, _ := connector(t)
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "logic-apps.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range workflows {
		triggers, actions, _, _ := parse(t, name).workflow(t)
		all := requests(triggers, actions)
		if len(all) < 2 {
			t.Errorf("%s makes %d calls", name, len(all))
		}
		roles := map[string]bool{}
		for _, r := range all {
			route, ok := r.routeOf(routes)
			if !ok {
				t.Errorf("%s calls %s %s, which there is not", name, r.method, r.path)
				continue
			}
			if r.person {
				paths, _ := d["paths"].(map[string]any)
				if item, _ := paths[route.Path].(map[string]any); item[strings.ToLower(route.Method)] == nil {
					t.Errorf("%s calls %s %s, which the connector has not", name, r.method, r.path)
				}
				continue
			}
			want := map[string]any{"type": "ManagedServiceIdentity", "audience": "@parameters('rekeyAudience')"}
			if got, _ := r.inputs["authentication"].(map[string]any); !maps.Equal(got, want) {
				t.Errorf("%s: %s %s is authenticated by %v", name, r.method, r.path, got)
			}
			if headers, _ := r.inputs["headers"].(map[string]any); r.method == http.MethodPost && !strings.HasPrefix(r.path, "/subscriptions") && headers["Idempotency-Key"] == nil {
				t.Errorf("%s: %s %s has no Idempotency-Key, and the engine tries again", name, r.method, r.path)
			}
			for _, role := range route.Permission.AnyOf[0] {
				roles["`"+role+"`"] = true
			}
		}
		row := "| `" + name + ".json` | " + strings.Join(slices.Sorted(maps.Keys(roles)), ", ") + " |"
		if !strings.Contains(string(doc), row) {
			t.Errorf("docs/logic-apps.md has no row that begins with %s", row)
		}
	}
}

// Saving a workflow subscribes, and switching it off ends that, by the same address.
func TestTriggersEndWhatTheyBegin(t *testing.T) {
	for _, name := range workflows {
		triggers, _, _, _ := parse(t, name).workflow(t)
		for id, a := range triggers {
			subscribe, _ := a.Inputs["subscribe"].(map[string]any)
			unsubscribe, _ := a.Inputs["unsubscribe"].(map[string]any)
			begin, _ := subscribe["body"].(map[string]any)
			end, _ := unsubscribe["body"].(map[string]any)
			if begin["callbackUrl"] != "@{listCallbackUrl()}" || end["callbackUrl"] != begin["callbackUrl"] || len(end) != 1 {
				t.Errorf("%s: %s begins %v and ends %v", name, id, begin, end)
			}
		}
	}
}
