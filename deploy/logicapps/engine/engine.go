// Package engine runs workflows of Azure Logic Apps as its engine does, as far as the workflows in this repository need it: triggers and
// actions that subscribe and are called back, HTTP with the asynchronous pattern (202, Location, Retry-After) and its retries,
// connectors, conditions, and the order that runAfter gives. Expressions are a small part of the language (see expression.go); one
// that is not known here is an error. It is made for tests, and tells what a workflow did.
package engine

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// Config is the world around a workflow.
type Config struct {
	Client *http.Client
	Token  func(audience string) string // of the workflow's managed identity
	// Connector answers a call of a connector by the name of its connection; a webhook's answer is what it is called back with.
	Connector func(Call) Response
	Pause     func(time.Duration) // waits: between polls and tries
	Idle      func()              // lets the world go on while the workflow waits for a callback
	TLS       *tls.Config         // of the addresses at which the workflow is called back; nil: a certificate that Callbacks trusts
}

// Call is a call of a connector.
type Call struct {
	Connection string            `json:"connection"`
	Webhook    bool              `json:"webhook"`
	Method     string            `json:"method"`
	Path       string            `json:"path"`
	Headers    map[string]string `json:"headers,omitempty"`
	Body       any               `json:"body"`
}

// Response is an answer.
type Response struct {
	Status  int
	Headers http.Header
	Body    any
}

// Workflow is a workflow that is switched on.
type Workflow struct {
	Config
	definition definition
	parameters map[string]any
	hooks      *hooks
	trigger    string // name of the trigger
}

type definition struct {
	Triggers map[string]step `json:"triggers"`
	Actions  steps           `json:"actions"`
}

type steps map[string]step

// step is a trigger or an action.
type step struct {
	Type       string              `json:"type"`
	Inputs     map[string]any      `json:"inputs"`
	RunAfter   map[string][]string `json:"runAfter"`
	Expression any                 `json:"expression"`
	Actions    steps               `json:"actions"`
	Else       struct {
		Actions steps `json:"actions"`
	} `json:"else"`
	Options    string `json:"operationOptions"`
	Conditions []struct {
		Expression string `json:"expression"`
	} `json:"conditions"` // of a trigger: all must hold for a call to start a run
}

// Load reads a template of Azure Resource Manager that has one workflow in it. Values are those of the template's parameters; what is
// not given has its default.
func Load(path string, values map[string]any, c Config) (*Workflow, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Parameters map[string]struct{ DefaultValue any }
		Resources  []struct {
			Type       string
			Properties struct {
				Definition definition
				Parameters map[string]struct{ Value any }
			}
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	t := template{parameters: map[string]any{}}
	for name, p := range file.Parameters {
		if p.DefaultValue == nil {
			continue
		}
		if t.parameters[name], err = t.value(p.DefaultValue); err != nil {
			return nil, fmt.Errorf("the default of %s in %s: %w", name, path, err)
		}
	}
	maps.Copy(t.parameters, values)
	for _, r := range file.Resources {
		if r.Type != "Microsoft.Logic/workflows" {
			continue
		}
		w := &Workflow{Config: c, definition: r.Properties.Definition, parameters: map[string]any{}, hooks: newHooks(c.TLS)}
		for name, p := range r.Properties.Parameters {
			if w.parameters[name], err = t.value(p.Value); err != nil {
				return nil, fmt.Errorf("the parameter %s in %s: %w", name, path, err)
			}
		}
		return w, w.only()
	}
	return nil, fmt.Errorf("%s has no workflow", path)
}

func (w *Workflow) only() error {
	if len(w.definition.Triggers) != 1 {
		return fmt.Errorf("a workflow with one trigger is expected, this has %d", len(w.definition.Triggers))
	}
	for name, t := range w.definition.Triggers {
		if t.Type != "HttpWebhook" {
			return fmt.Errorf("the trigger %s is of the type %s", name, t.Type)
		}
		w.trigger = name
	}
	return nil
}

func (w *Workflow) scope() *scope {
	return &scope{functions: functions, parameters: w.parameters, outputs: map[string]map[string]any{}}
}

// SwitchOn subscribes, as saving the workflow does.
func (w *Workflow) SwitchOn() error { return w.subscription("subscribe") }

// SwitchOff unsubscribes, as disabling the workflow does.
func (w *Workflow) SwitchOff() error { return w.subscription("unsubscribe") }

func (w *Workflow) subscription(part string) error {
	s := w.scope()
	s.callback = w.hooks.url(w.trigger)
	out, err := w.http(s, w.definition.Triggers[w.trigger].Inputs[part], false)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", part, w.trigger, err)
	}
	return refused(part+" of "+w.trigger, out)
}

// refused is an error for an answer that is none of success.
func refused(what string, out map[string]any) error {
	if code, _ := out["statusCode"].(float64); code < 200 || code > 299 {
		return fmt.Errorf("%s: %v %s", what, out["statusCode"], asText(out["body"]))
	}
	return nil
}

// Status of an action.
const (
	Succeeded = "Succeeded"
	Failed    = "Failed"
	Skipped   = "Skipped"
)

// Run is what came of one run.
type Run struct {
	Status  map[string]string         // of actions, by name
	Outputs map[string]map[string]any // of those that ran
	Errors  []error                   // of those that failed
}

// Next runs the workflow with the oldest call that its trigger got and that its conditions let pass. It reports whether there was one.
func (w *Workflow) Next() (*Run, bool) {
	for {
		body, ok := w.hooks.take(w.trigger)
		if !ok {
			return nil, false
		}
		s := w.scope()
		s.trigger = map[string]any{"body": body}
		r := &Run{Status: map[string]string{}, Outputs: s.outputs}
		pass, err := s.pass(w.definition.Triggers[w.trigger])
		if err != nil {
			r.Errors = append(r.Errors, fmt.Errorf("%s: %w", w.trigger, err))
			return r, true
		}
		if pass {
			w.run(s, r, w.definition.Actions)
			return r, true
		}
	}
}

// pass reports whether all conditions of a trigger hold.
func (s *scope) pass(trigger step) (bool, error) {
	for _, c := range trigger.Conditions {
		v, err := s.text(c.Expression)
		if err != nil || v != true {
			return false, err
		}
	}
	return true, nil
}

// run runs the actions of one block, each when those that it comes after have ended as it wants.
func (w *Workflow) run(s *scope, r *Run, actions steps) {
	for left := len(actions); left > 0; {
		before := left
		for _, name := range names(actions) {
			a := actions[name]
			if _, ran := r.Status[name]; ran {
				continue
			}
			ready, wanted := true, true
			for other, statuses := range a.RunAfter {
				status, ran := r.Status[other]
				ready, wanted = ready && ran, wanted && slices.ContainsFunc(statuses, func(x string) bool { return strings.EqualFold(x, status) })
			}
			if !ready {
				continue
			}
			left--
			if !wanted {
				r.Status[name] = Skipped
				continue
			}
			r.Status[name] = Succeeded
			if err := w.act(s, r, name, a); err != nil {
				r.Status[name] = Failed
				r.Errors = append(r.Errors, fmt.Errorf("%s: %w", name, err))
			}
		}
		if left == before {
			r.Errors = append(r.Errors, fmt.Errorf("some of the actions %v come after what there is not", names(actions)))
			return
		}
	}
}

func names(actions steps) []string {
	var out []string
	for name := range actions {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func (w *Workflow) act(s *scope, r *Run, name string, a step) error {
	var out map[string]any
	var err error
	switch a.Type {
	case "Http":
		out, err = w.http(s, a.Inputs, a.Options != "DisableAsyncPattern")
	case "HttpWebhook":
		return w.wait(s, name, a)
	case "ApiConnection", "ApiConnectionWebhook":
		out, err = w.connector(s, name, a)
	case "Query", "Select":
		return s.list(name, a)
	case "If":
		return w.condition(s, r, a)
	default:
		return fmt.Errorf("actions of the type %s are not known here", a.Type)
	}
	if err != nil {
		return err
	}
	s.outputs[name] = out
	return refused("the answer", out)
}

// list keeps some items of a list, or makes another list of it.
func (s *scope) list(name string, a step) error {
	v, err := s.value(a.Inputs["from"])
	if err != nil {
		return err
	}
	from, ok := v.([]any)
	if !ok {
		return fmt.Errorf("a list is expected, this is %s", asText(v))
	}
	out := []any{}
	for _, s.item = range from {
		if a.Type == "Select" {
			v, err := s.value(a.Inputs["select"])
			if err != nil {
				return err
			}
			out = append(out, v)
			continue
		}
		keep, err := s.value(a.Inputs["where"])
		if err != nil {
			return err
		}
		if keep == true {
			out = append(out, s.item)
		}
	}
	s.outputs[name] = map[string]any{"body": out}
	return nil
}

// condition runs one of two blocks. It fails when something in it did.
func (w *Workflow) condition(s *scope, r *Run, a step) error {
	yes, err := s.test(a.Expression)
	if err != nil {
		return err
	}
	block := a.Else.Actions
	if yes {
		block = a.Actions
	}
	failed := len(r.Errors)
	w.run(s, r, block)
	if len(r.Errors) > failed {
		return fmt.Errorf("an action in it failed")
	}
	return nil
}

// test evaluates a condition: {"and": [...]}, {"or": [...]}, {"not": ...}, or a function of two values by its name.
func (s *scope) test(v any) (bool, error) {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return false, fmt.Errorf("a condition has one operator, this is %v", v)
	}
	for operator, of := range m {
		switch operator {
		case "not":
			yes, err := s.test(of)
			return !yes, err
		case "and", "or":
			list, _ := of.([]any)
			for _, x := range list {
				if yes, err := s.test(x); err != nil || yes == (operator == "or") {
					return yes, err
				}
			}
			return operator == "and", nil
		default:
			args, err := s.value(of)
			if err != nil {
				return false, err
			}
			list, _ := args.([]any)
			got, err := s.call(operator, list)
			return got == true, err
		}
	}
	return false, nil
}
