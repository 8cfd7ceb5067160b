package engine_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rekey/deploy/logicapps/engine"
)

// world is an API that a workflow calls.
type world struct {
	*httptest.Server
	answers  []func(http.ResponseWriter) // in turn; after them 200 and {"ok":true}
	calls    []string
	callback string
	slept    []time.Duration
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	w.Server = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var body struct{ URL string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		if r.URL.Path == "/subscribe" {
			w.callback = body.URL
			return
		}
		w.calls = append(w.calls, r.Method+" "+r.URL.String()+" "+r.Header.Get("Authorization"))
		if len(w.answers) > 0 {
			w.answers[0](rw)
			w.answers = w.answers[1:]
			return
		}
		rw.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = rw.Write([]byte(`{"ok":true}`))
	}))
	t.Cleanup(w.Close)
	return w
}

// load makes a workflow of a trigger's conditions and of actions.
func (w *world) load(t *testing.T, conditions, actions string) *engine.Workflow {
	t.Helper()
	text := fmt.Sprintf(`{"parameters":{"url":{}},"resources":[{"type":"Microsoft.Logic/workflows","properties":{
		"parameters":{"url":{"value":"[parameters('url')]"}},
		"definition":{"triggers":{"T":{"type":"HttpWebhook","conditions":[%s],"inputs":{
			"subscribe":{"method":"POST","uri":"@{parameters('url')}/subscribe","body":{"url":"@{listCallbackUrl()}"}},
			"unsubscribe":{"method":"POST","uri":"@{parameters('url')}/unsubscribe"}}}},"actions":{%s}}}}]}`, conditions, actions)
	path := filepath.Join(t.TempDir(), "workflow.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := engine.Load(path, map[string]any{"url": w.URL}, engine.Config{
		Client: w.Client(), Token: func(audience string) string { return "for-" + audience }, Pause: func(d time.Duration) { w.slept = append(w.slept, d) }, Idle: func() {},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	if err := f.SwitchOn(); err != nil {
		t.Fatal(err)
	}
	return f
}

// ring calls the trigger back and returns the status.
func (w *world) ring(t *testing.T, f *engine.Workflow, url, body string) int {
	t.Helper()
	c := http.Client{Transport: f.Callbacks()}
	resp, err := c.Post(url, "application/json", strings.NewReader(body)) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// run runs actions with {"name":"O'Hara","list":[1,2],"none":null} as the trigger's body.
func (w *world) run(t *testing.T, actions string) *engine.Run {
	t.Helper()
	f := w.load(t, "", actions)
	if status := w.ring(t, f, w.callback, `{"name":"O'Hara","list":[1,2],"none":null}`); status != http.StatusAccepted {
		t.Fatal(status)
	}
	r, ok := f.Next()
	if !ok {
		t.Fatal("it did not run")
	}
	return r
}

func TestExpressionsGiveWhatLogicAppsGives(t *testing.T) {
	for text, want := range map[string]any{
		"plain": "plain", "@@home": "@home", "a @{triggerBody()?['name']} b": "a O'Hara b", "@triggerBody()?['list']": []any{1.0, 2.0}, "@{triggerBody()?['list']}": "[1,2]",
		"@triggerBody()?['none']?['deep']": nil, "@triggerBody().name": "O'Hara", "@triggerBody()['list'][1]": 2.0, "@concat('it''s ', 1, true)": "it's 1true",
		"@coalesce(null, triggerBody()?['none'], 'x')": "x", "@if(equals('a', 'a'), 'yes', 'no')": "yes", "@empty(triggerBody()?['none'])": true, "@not(false)": true,
		"@join(triggerBody()?['list'], '; ')": "1; 2", "@replace('<a>', '<', '&lt;')": "&lt;a>", "@encodeURIComponent('a b/c')": "a%20b%2Fc", "@json('[]')": []any{},
	} {
		w := newWorld(t)
		in, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		r := w.run(t, `"S":{"type":"Select","inputs":{"from":"@json('[1]')","select":`+string(in)+`}}`)
		got, _ := json.Marshal(r.Outputs["S"]["body"])
		if expected, _ := json.Marshal([]any{want}); string(got) != string(expected) || len(r.Errors) > 0 {
			t.Errorf("%s is %s, want %s (%v)", text, got, expected, r.Errors)
		}
	}
}

func TestWhatIsNotKnownIsAnError(t *testing.T) {
	for name, actions := range map[string]string{
		"a function":         `"A":{"type":"Select","inputs":{"from":"@json('[1]')","select":"@guid()"}}`,
		"a number of values": `"A":{"type":"Select","inputs":{"from":"@json('[1]')","select":"@replace('a')"}}`,
		"a parameter":        `"A":{"type":"Select","inputs":{"from":"@json('[1]')","select":"@parameters('no')"}}`,
		"an action":          `"A":{"type":"Select","inputs":{"from":"@json('[1]')","select":"@body('B')"}}`,
		"a property":         `"A":{"type":"Select","inputs":{"from":"@json('[1]')","select":"@triggerBody()['no']"}}`,
		"what follows":       `"A":{"type":"Select","inputs":{"from":"@json('[1]')","select":"@triggerBody() x"}}`,
		"a text without end": `"A":{"type":"Select","inputs":{"from":"@json('[1]')","select":"@concat('a"}}`,
		"a type of action":   `"A":{"type":"JavaScriptCode","inputs":{}}`,
		"an operator":        `"A":{"type":"If","expression":{"matches":["a","a"]}}`,
		"a way to sign in":   `"A":{"type":"Http","inputs":{"method":"GET","uri":"@{parameters('url')}/a","authentication":{"type":"Basic"}}}`,
		"what it runs after": `"A":{"type":"Http","runAfter":{"B":["Succeeded"]},"inputs":{"method":"GET","uri":"@{parameters('url')}/a"}}`,
		"what is no list":    `"A":{"type":"Query","inputs":{"from":"@triggerBody()?['none']","where":"@true"}}`,
	} {
		if r := newWorld(t).run(t, actions); len(r.Errors) == 0 {
			t.Errorf("%s: %v", name, r.Status)
		}
	}
}

func answer(status int, headers ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
	}
}

func TestCallsAreTriedAgainAndPolledAsTheEngineDoes(t *testing.T) {
	const call = `"A":{"type":"Http","inputs":{"method":"POST","uri":"@{parameters('url')}/a","queries":{"x":"1 2"},"authentication":{"type":"ManagedServiceIdentity","audience":"api"}}}`
	for name, tt := range map[string]struct {
		actions string
		answers []func(http.ResponseWriter)
		slept   string
		calls   int
		status  string
	}{
		"it works":                          {call, nil, "[]", 1, engine.Succeeded},
		"it is down for a moment":           {call, []func(http.ResponseWriter){answer(503), answer(429, "Retry-After", "30")}, "[7s 30s]", 3, engine.Succeeded},
		"it is down":                        {call, []func(http.ResponseWriter){answer(500), answer(500), answer(500), answer(500), answer(500)}, "[7s 14s 28s 56s]", 5, engine.Failed},
		"it refuses":                        {call, []func(http.ResponseWriter){answer(403)}, "[]", 1, engine.Failed},
		"it takes a while":                  {call, []func(http.ResponseWriter){answer(202, "Location", "URL/b", "Retry-After", "2"), answer(202, "Location", "URL/b")}, "[2s 20s]", 3, engine.Succeeded},
		"it says half of where to look":     {call, []func(http.ResponseWriter){answer(202, "Location", "/b")}, "[]", 1, engine.Failed},
		"it takes what comes":               {strings.Replace(call, `"inputs"`, `"operationOptions":"DisableAsyncPattern","inputs"`, 1), []func(http.ResponseWriter){answer(202, "Location", "URL/b")}, "[]", 1, engine.Succeeded},
		"it takes a while, without a place": {call, []func(http.ResponseWriter){answer(202)}, "[]", 1, engine.Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for _, a := range tt.answers {
				w.answers = append(w.answers, func(rw http.ResponseWriter) {
					rec := httptest.NewRecorder()
					a(rec)
					for k := range rec.Header() {
						rw.Header().Set(k, strings.Replace(rec.Header().Get(k), "URL", w.URL, 1))
					}
					rw.WriteHeader(rec.Code)
				})
			}
			r := w.run(t, tt.actions)
			if r.Status["A"] != tt.status || fmt.Sprint(w.slept) != tt.slept || len(w.calls) != tt.calls {
				t.Errorf("%s after %v: %v %v", r.Status["A"], w.slept, w.calls, r.Errors)
			}
			if w.calls[0] != "POST /a?x=1+2 Bearer for-api" || !strings.HasSuffix(w.calls[len(w.calls)-1], "Bearer for-api") {
				t.Errorf("%v", w.calls)
			}
		})
	}
}

func TestActionsRunInTheOrderOfRunAfter(t *testing.T) {
	w := newWorld(t)
	w.answers = []func(http.ResponseWriter){answer(404)}
	get := func(path, after string) string {
		return `{"type":"Http","runAfter":{` + after + `},"inputs":{"method":"GET","uri":"@{parameters('url')}/` + path + `"}}`
	}
	r := w.run(t, `"Z":`+get("z", "")+`,"A":`+get("a", `"Z":["Succeeded"]`)+`,"B":`+get("b", `"Z":["Failed","TimedOut"]`)+`,"C":{"type":"If","runAfter":{"B":["Succeeded"]},
		"expression":{"and":[{"not":{"equals":["@body('B')?['ok']",false]}},{"or":[{"equals":["a","b"]},{"equals":[1,1]}]}]},"actions":{"D":`+get("d", "")+`},"else":{"actions":{"E":`+get("e", "")+`}}}`)
	want := map[string]string{"Z": engine.Failed, "A": engine.Skipped, "B": engine.Succeeded, "C": engine.Succeeded, "D": engine.Succeeded}
	if fmt.Sprint(r.Status) != fmt.Sprint(want) || len(w.calls) != 3 {
		t.Errorf("%v %v %v", r.Status, w.calls, r.Errors)
	}
}

func TestATriggerTakesSignedCallsAndRunsForThoseThatItsConditionsLetPass(t *testing.T) {
	w := newWorld(t)
	f := w.load(t, `{"expression":"@equals(triggerBody()?['kind'], 'wanted')"}`, `"A":{"type":"Http","inputs":{"method":"GET","uri":"@{parameters('url')}/a"}}`)
	if status := w.ring(t, f, strings.Replace(w.callback, f.Secret(), "guess", 1), `{"kind":"wanted"}`); status != http.StatusUnauthorized {
		t.Error(status)
	}
	for _, kind := range []string{"other", "wanted", "other"} {
		w.ring(t, f, w.callback, `{"kind":"`+kind+`"}`)
	}
	runs := 0
	for _, ok := f.Next(); ok; _, ok = f.Next() {
		runs++
	}
	if runs != 1 || len(w.calls) != 1 {
		t.Errorf("%d runs, %v", runs, w.calls)
	}
	if err := f.SwitchOff(); err != nil || w.calls[1] != "POST /unsubscribe " {
		t.Errorf("%v %v", err, w.calls)
	}
	if f.Delete(); w.ring(t, f, w.callback, `{}`) != http.StatusNotFound {
		t.Error("a deleted workflow is called")
	}
}
