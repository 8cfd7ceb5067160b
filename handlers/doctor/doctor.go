// Package doctor looks at a deployment and says what is not as it should be, and what to do about it. It reads and changes
// nothing. Every finding has an id that stays the same; docs/doctor.md has a page part for each.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"rekey/handlers/setup"
	"rekey/handlers/state"
	"rekey/shared/azure/graph"
)

// Level is how bad a finding is.
type Level string

// The levels. Only Fail makes the doctor's answer a bad one.
const (
	OK   Level = "ok"
	Warn Level = "warn"
	Fail Level = "FAIL"
)

// Finding is one thing that was looked at.
type Finding struct {
	ID    string `json:"id"`
	Level Level  `json:"level"`
	Text  string `json:"text"`
	Do    string `json:"do,omitempty"`
}

// Report is all that was found.
type Report struct {
	Time     time.Time `json:"time"`
	Findings []Finding `json:"findings"`
}

// Failed reports whether something fails.
func (r Report) Failed() bool {
	for _, f := range r.Findings {
		if f.Level == Fail {
			return true
		}
	}
	return false
}

// Text prints the report, a line each, and beneath it what to do.
func (r Report) Text(out io.Writer) {
	for _, f := range r.Findings {
		fmt.Fprintf(out, "%-4s  %-22s  %s\n", f.Level, f.ID, f.Text)
		if f.Do != "" {
			fmt.Fprintf(out, "      %-22s  %s\n", "", f.Do)
		}
	}
}

// Config is what is looked at. What is nil or empty is not, and that is said.
type Config struct {
	Setup        *setup.Setup // what is in Entra
	Graph        *graph.Client
	State        *state.Account
	GraphURL     string // whose clock is compared
	HTTP         *http.Client
	NetworkTable string
	Mode         string // of the respond app
	Now          func() time.Time
}

// Doctor looks.
type Doctor struct{ Config }

// New makes a doctor.
func New(c Config) *Doctor {
	if c.HTTP == nil {
		const limit = 10 * time.Second
		c.HTTP = &http.Client{Timeout: limit}
	}
	return &Doctor{c}
}

// Look looks at everything. One thing that cannot be read hides no other.
func (d *Doctor) Look(ctx context.Context) Report {
	r := Report{Time: d.Now().UTC(), Findings: []Finding{}}
	d.clocks(ctx, &r)
	d.entra(ctx, &r)
	d.licences(ctx, &r)
	d.network(&r)
	d.mode(&r)
	if d.State == nil || !d.storage(ctx, &r) {
		return r // what an account that does not answer holds is asked for in vain, and each time for long
	}
	for _, look := range []func(context.Context, *Report){d.streams, d.letters, d.queues, d.kill, d.ledger, d.waiting} {
		look(ctx, &r)
	}
	return r
}

func (r *Report) ok(id, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{ID: id, Level: OK, Text: fmt.Sprintf(format, args...)})
}

func (r *Report) warn(id, do, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{ID: id, Level: Warn, Text: fmt.Sprintf(format, args...), Do: do})
}

func (r *Report) fail(id, do, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{ID: id, Level: Fail, Text: fmt.Sprintf(format, args...), Do: do})
}

// tolerance is how far a clock may be off: tokens and storage signatures allow five minutes or more.
const tolerance = 5 * time.Minute

// clocks compares this machine's clock with Graph's and the state account's. It is the clock of the machine that the command runs on:
// in Azure the platform keeps that of the apps.
func (d *Doctor) clocks(ctx context.Context, r *Report) {
	sources := map[string]string{"Microsoft Graph": d.GraphURL}
	if d.State != nil {
		sources["the state account"] = d.State.Endpoint()
	}
	for _, name := range []string{"Microsoft Graph", "the state account"} {
		url := sources[name]
		if url == "" {
			continue
		}
		off, err := d.offset(ctx, url)
		switch {
		case err != nil:
			r.warn("clock-unknown", "see whether this machine reaches it", "the clock of %s cannot be read: %s", name, err)
		case off.Abs() > tolerance:
			r.fail("clock-wrong", "set this machine's clock (chrony, ntp): tokens and signatures are refused", "this machine's clock is %s off that of %s", off.Round(time.Second), name)
		default:
			r.ok("clock", "this machine's clock is that of %s to %s", name, max(off.Abs().Round(time.Second), time.Second))
		}
	}
}

// offset asks a service for its time. Whatever it answers, refusals included, carries a date.
func (d *Doctor) offset(ctx context.Context, url string) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return 0, errors.New("its address is none")
	}
	before := d.Now()
	resp, err := d.HTTP.Do(req)
	if err != nil {
		return 0, errors.New("no answer")
	}
	resp.Body.Close()
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return 0, errors.New("its answer has no date")
	}
	return before.Sub(date), nil
}

// entra says what `rekey setup` would do: what it would do is missing.
func (d *Doctor) entra(ctx context.Context, r *Report) {
	if d.Setup == nil {
		r.warn("entra-unknown", "give --outputs FILE with what `tofu output -json` prints", "permissions, the API's registration and diagnostic settings were not looked at: the identities are not known")
		return
	}
	p, err := d.Setup.Plan(ctx)
	if err != nil {
		r.warn("entra-unknown", "", "%s", err)
		return
	}
	for _, part := range []setup.Part{setup.Permissions, setup.API, setup.Diagnostics, setup.Access} {
		fine := true
		for _, c := range p.Calls {
			if c.Part == part {
				fine = false
				r.fail(string(part)+"-missing", "run `rekey setup --only "+string(part)+"`, look at it, then with --apply", "not done: %s", c.What)
			}
		}
		for _, n := range p.Problems {
			if n.Part != part {
				continue
			}
			fine = false
			if n.Blocked {
				r.fail(string(part)+"-missing", "free what is in the way, then run `rekey setup --only "+string(part)+"`, look at it, then with --apply", "not done: %s", n.Text)
			} else {
				r.warn(string(part)+"-unread", "have it looked at by somebody who has the role", "%s", n.Text)
			}
		}
		for _, n := range p.Notes {
			switch {
			case n.Part == part && n.Warn:
				fine = false
				r.warn(string(part)+"-odd", "see whether that is wanted", "%s", n.Text)
			case n.Part == part:
				r.ok(string(part)+"-note", "%s", n.Text)
			}
		}
		if fine {
			r.ok(string(part), "as `rekey setup` makes it")
		}
	}
}

// Service plans that decide what there is to see.
const (
	planP1        = "AAD_PREMIUM"
	planP2        = "AAD_PREMIUM_P2"
	planWorkload  = "AAD_WRKLDID_P2"
	planWorkload1 = "AAD_WRKLDID_P1"
)

func (d *Doctor) licences(ctx context.Context, r *Report) {
	if d.Graph == nil {
		return
	}
	skus, err := d.Graph.Skus(ctx)
	if err != nil {
		r.warn("licence-unread", "have it looked at by somebody who may read licences (LicenseAssignment.Read.All)", "the tenant's licences are not known: %s", err)
		return
	}
	if graph.Has(skus, planP1) || graph.Has(skus, planP2) {
		r.ok("licence-entra", "the tenant has Entra ID P1 or P2: sign-in logs can be exported")
	} else {
		r.fail("licence-entra-missing", "get Entra ID P1 or P2 for at least one user: without it Entra exports no sign-in logs", "the tenant has neither Entra ID P1 nor P2")
	}
	if graph.Has(skus, planWorkload) || graph.Has(skus, planWorkload1) {
		r.ok("licence-workload", "the tenant has Workload ID Premium: Microsoft's own risk findings and policies for service principals work")
	} else {
		r.warn("licence-workload-missing", "nothing, if that is known: Rekey detects by itself. `risk` in REKEY_ACTS and `rekey policy` need it", "the tenant has no Workload ID Premium: no risk findings of Microsoft's, no Conditional Access for service principals")
	}
}

func list(names []string) string { return strings.Join(names, ", ") }
