package functions

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// function is one function of an app: its folder's name, its trigger, and the retry policy that applies.
type function struct {
	name    string
	trigger binding
	retry   *retryPolicy // nil: an attempt is all
}

// binding is one entry of function.json's bindings, with the properties of every trigger type.
type binding struct {
	Type, Name, Direction string
	Connection            string
	DataType              string // binary, string, or none
	EventHubName          string
	ConsumerGroup         string
	Cardinality           string // many, or one (default)
	QueueName             string
	Schedule              string
	RunOnStartup          bool
	UseMonitor            *bool
	Route                 *string
	Methods               []string
	AuthLevel             string
}

var (
	functionName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_\-]{0,127}$`)
	bindingName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,127}$|^\$return$`)
)

// readFunctions reads every direct child of the app's root that holds a function.json, as the real host does, and
// returns all complaints together.
func readFunctions(root string, set settings, host *hostJSON) ([]*function, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("listing functions: %w", err)
	}
	var out []*function
	var problems []error
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(root, e.Name(), "function.json")) //nolint:gosec // a child of the app folder
		if err != nil {
			continue // not a function
		}
		f, err := readFunction(e.Name(), b, set, host)
		if err != nil {
			problems = append(problems, fmt.Errorf("reading function %s: %w", e.Name(), err))
			continue
		}
		out = append(out, f)
	}
	return out, errors.Join(problems...)
}

// readFunction reads one function.json and resolves its settings.
func readFunction(name string, b []byte, set settings, host *hostJSON) (*function, error) {
	var file struct {
		Bindings []binding
		Retry    *retryPolicy
		Disabled bool
	}
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, err
	}
	if !functionName.MatchString(name) || strings.EqualFold(name, "host") {
		return nil, errors.New("the folder's name is not a function name")
	}
	trigger, err := only(file.Bindings)
	if err != nil {
		return nil, err
	}
	f := &function{name: name, trigger: trigger, retry: file.Retry}
	if f.retry == nil {
		f.retry = host.Retry
	}
	if kind := f.trigger.Type; kind != eventHubTrigger && kind != timerTrigger {
		f.retry = nil // the real host warns and ignores it: queues have a rule of their own
	}
	return f, errors.Join(file.Retry.check(), f.trigger.resolve(set), f.trigger.check(set, host))
}

// The supported trigger types.
const (
	eventHubTrigger = "eventHubTrigger"
	queueTrigger    = "queueTrigger"
	timerTrigger    = "timerTrigger"
	httpTrigger     = "httpTrigger"
)

// only returns the one trigger. The only other binding that is understood is the answer of an HTTP function.
func only(bindings []binding) (binding, error) {
	var triggers, answers []binding
	for _, b := range bindings {
		switch {
		case !bindingName.MatchString(b.Name):
			return binding{}, fmt.Errorf("binding name %q must be letters and digits", b.Name)
		case slices.Contains([]string{eventHubTrigger, queueTrigger, timerTrigger, httpTrigger}, b.Type):
			triggers = append(triggers, b)
		case b.Type == "http" && b.Direction == "out":
			answers = append(answers, b)
		case b.Direction == "out":
			return binding{}, fmt.Errorf("output binding %q (%s) is not supported here", b.Name, b.Type)
		default:
			return binding{}, fmt.Errorf("binding %q has type %q, which is not known here", b.Name, b.Type)
		}
	}
	if len(triggers) != 1 {
		return binding{}, fmt.Errorf("a function has one trigger, this one %d", len(triggers))
	}
	if http := triggers[0].Type == httpTrigger; http && len(answers) != 1 || !http && len(answers) != 0 {
		return binding{}, errors.New("an http output goes with an httpTrigger, and only with one")
	}
	return triggers[0], nil
}

// resolve replaces %SETTING% where the real host does.
func (b *binding) resolve(set settings) error {
	var problems []error
	for _, field := range []*string{&b.Connection, &b.EventHubName, &b.ConsumerGroup, &b.QueueName, &b.Schedule} {
		value, err := set.resolve(*field)
		*field = value
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// check says what the trigger lacks.
func (b *binding) check(set settings, host *hostJSON) error {
	if b.Direction != "" && b.Direction != "in" {
		return fmt.Errorf("trigger %q must have direction in", b.Name)
	}
	if b.DataType != "" && b.DataType != "string" && b.DataType != "binary" {
		return fmt.Errorf("dataType %q must be string or binary", b.DataType)
	}
	switch b.Type {
	case eventHubTrigger:
		return b.checkEventHub(set)
	case queueTrigger:
		return b.checkQueue(set)
	case timerTrigger:
		_, err := parseSchedule(b.Schedule)
		return err
	}
	_, err := parseRoute("x", *b, host)
	return err
}

func (b *binding) checkEventHub(set settings) error {
	if b.ConsumerGroup == "" {
		b.ConsumerGroup = "$Default"
	}
	if b.Cardinality != "" && b.Cardinality != "one" && b.Cardinality != "many" {
		return fmt.Errorf("cardinality %q must be one or many", b.Cardinality)
	}
	_, err := hubAddress(set, b)
	_, storage := set.storage("Storage")
	return errors.Join(err, storage)
}

func (b *binding) checkQueue(set settings) error {
	if b.Connection == "" {
		b.Connection = "Storage"
	}
	_, err := set.storage(b.Connection)
	return errors.Join(err, unless(b.QueueName != "", "queueName is missing"))
}
