package scenario_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"rekey/deploy/local/directory"
	"rekey/shared/event"
	"rekey/shared/rule"
)

const tenantID = "4bbb0000-0000-4000-8000-000000000001"

// message is one message of a hub.
type message struct {
	hub  string
	time time.Time // of its first record
	body string
}

// scenario is what a test case is made of.
type scenario struct {
	now      time.Time // when the case is read
	since    time.Time // first day of the everyday logs
	begin    time.Time // first day of the story
	quiet    map[string]time.Time
	world    rule.World
	objects  map[string][]directory.Object // by collection
	messages []message                     // by time
	want     string
}

// hubs are the functions that read logs.
var hubs = []string{"signins", "auditlogs", "vaultlogs", "graphlogs", "activitylogs", "riskevents"}

// load reads the shared tenant and a scenario.
func load(t testing.TB, file string) *scenario {
	t.Helper()
	s := &scenario{quiet: map[string]time.Time{}, objects: map[string][]directory.Object{}, world: rule.World{Tenant: tenantID}}
	var archives []*txtar.Archive
	for _, f := range []string{filepath.Join("testdata", "tenant.txtar"), file} {
		a, err := txtar.ParseFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range a.Files {
			if x.Name == "tenant" {
				s.declare(t, string(x.Data))
			}
		}
		archives = append(archives, a)
	}
	for _, a := range archives {
		for _, x := range a.Files {
			s.section(t, x)
		}
	}
	slices.SortStableFunc(s.messages, func(a, b message) int { return a.time.Compare(b.time) })
	return s
}

func (s *scenario) declare(t testing.TB, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 0 {
			if err := s.setting(f[0], f[1:]); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
		}
	}
}

// setting takes one line of what the tenant declares. A list that is said again replaces the one before.
func (s *scenario) setting(word string, values []string) (err error) {
	switch word {
	case "now":
		s.now, err = time.Parse(time.RFC3339, values[0])
	case "since":
		s.since, err = time.Parse(time.DateOnly, values[0])
	case "story":
		s.begin, err = time.Parse(time.DateOnly, values[0])
	case "quiet": // a hub, and from when on its everyday logs do not come in
		s.quiet[values[0]], err = time.Parse(time.RFC3339, values[1])
	case "domains":
		s.world.Domains = values
	case "deployers":
		s.world.Deployers = values
	case "self": // object id and appId of Rekey
		s.world.Self = event.Principal{ObjectID: values[0], AppID: values[1]}
	case "own":
		s.world.Own = values
	case "sources":
		s.world.Sources = values
	default:
		err = fmt.Errorf("%q is no word of a tenant", word)
	}
	return err
}

func (s *scenario) section(t testing.TB, x txtar.File) {
	t.Helper()
	switch hub := path.Dir(x.Name); {
	case x.Name == "tenant":
	case x.Name == "want":
		s.want = string(x.Data)
	case x.Name == "directory.json":
		var d map[string][]directory.Object
		if err := json.Unmarshal(x.Data, &d); err != nil {
			t.Fatal(err)
		}
		for collection, os := range d {
			s.objects[collection] = append(s.objects[collection], os...)
		}
	case slices.Contains(hubs, hub):
		if err := s.message(hub, x); err != nil {
			t.Fatalf("%s: %v", x.Name, err)
		}
	default:
		t.Fatalf("%s is no section of a scenario", x.Name)
	}
}

// message adds one message, or one for each day and hour of its directive.
func (s *scenario) message(hub string, x txtar.File) error {
	first, body, _ := strings.Cut(string(x.Data), "\n")
	hours, daily := strings.CutPrefix(first, "# daily at ")
	if !daily {
		at, err := timeOf(x.Data)
		s.messages = append(s.messages, message{hub, at, string(x.Data)})
		return err
	}
	end := s.now
	if q, ok := s.quiet[hub]; ok {
		end = q
	}
	for day := s.since; day.Before(end); day = day.AddDate(0, 0, 1) {
		for _, hour := range strings.Fields(hours) {
			clock, err := time.Parse("15:04", hour)
			if err != nil {
				return err
			}
			at := day.Add(time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute)
			if at.Before(end) {
				id := strings.TrimSuffix(path.Base(x.Name), ".json") + at.Format("-0102-1504")
				s.messages = append(s.messages, message{hub, at, strings.NewReplacer("$TIME", at.Format("2006-01-02T15:04:05Z"), "$ID", id).Replace(body)})
			}
		}
	}
	return nil
}

// timeOf returns the time of a message's first record.
func timeOf(body []byte) (time.Time, error) {
	var m struct {
		Records []struct{ Time time.Time }
	}
	if err := json.Unmarshal(body, &m); err != nil || len(m.Records) == 0 {
		return time.Time{}, fmt.Errorf("no message with records: %w", cmp.Or(err, os.ErrInvalid))
	}
	return m.Records[0].Time, nil
}
