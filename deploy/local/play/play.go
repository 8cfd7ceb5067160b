// Package play shows Rekey at work on the local stack: it seeds a tenant, streams days of ordinary life into the event
// hubs, then an attack, and tells what Rekey makes of it while it happens. At the end it checks, without Rekey's help,
// what became of the directory.
package play

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
	"rekey/deploy/local/keyvault"
	"rekey/deploy/local/stack"
	"rekey/deploy/local/tenant"
)

// Config says what is played.
type Config struct {
	Days     int     // of ordinary life before the attack; default 21
	Scale    float64 // of the traffic; default 0.3
	Terminal bool    // progress may overwrite its line

	OnSent func(tenant.Record) // told of every record that is sent; may be nil
}

// Result is what came out.
type Result struct {
	Detected           bool    `json:"detected"`
	Evicted            bool    `json:"evicted"`
	Untouched          bool    `json:"untouched"`
	Rotated            bool    `json:"rotated"`
	LedgerOK           bool    `json:"ledger_ok"`
	SecondsToDetection float64 `json:"seconds_to_detection"`
	SecondsToContain   float64 `json:"seconds_to_containment"`
	SecondsToEviction  float64 `json:"seconds_to_eviction"`
	SecondsToRotation  float64 `json:"seconds_to_rotation"`
	Events             int     `json:"events"`
	EventsPerSecond    float64 `json:"events_per_second"`
	FalseAlerts        int     `json:"false_alerts"` // medium or higher
	LowFindings        int     `json:"low_findings"`
}

// OK reports whether everything that must hold does.
func (r Result) OK() bool { return r.Detected && r.Evicted && r.Rotated && r.Untouched && r.LedgerOK }

// Play is one performance.
type Play struct {
	config Config
	stack  *stack.Stack
	tenant *tenant.Tenant
	out    io.Writer

	events int
	begun  time.Time // of the attack, when its first record was sent
	before map[string]directory.Object
	vaults map[string]*keyvault.Server // by name

	mu      sync.Mutex
	signIns []entra.SignIn
}

// New prepares a performance. The stack is set with Use, because it needs OnSignIn first.
func New(t *tenant.Tenant, out io.Writer, c Config) *Play {
	if c.Days == 0 {
		c.Days = 21
	}
	if c.Scale == 0 {
		c.Scale = 0.3
	}
	return &Play{config: c, tenant: t, out: out}
}

// Use says where it is played.
func (p *Play) Use(s *stack.Stack) { p.stack = s }

// OnSignIn hears of every request for a token at the local authority.
func (p *Play) OnSignIn(s entra.SignIn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signIns = append(p.signIns, s)
}

func (p *Play) say(format string, args ...any) { fmt.Fprintf(p.out, format+"\n", args...) }

// Run plays everything and returns what came out.
func (p *Play) Run(ctx context.Context) (Result, error) {
	var r Result
	rate, err := p.Learn(ctx)
	if err != nil {
		return r, err
	}
	r, err = p.Attack(ctx)
	r.EventsPerSecond = rate
	return r, err
}

// Learn seeds the tenant and streams its ordinary days. It returns the rate through the whole stack, in records a
// second.
func (p *Play) Learn(ctx context.Context) (perSecond float64, err error) {
	if err := p.seed(); err != nil {
		return 0, err
	}
	return p.history(ctx)
}

// Attack plays the attack, tells what Rekey does, and checks the end.
func (p *Play) Attack(ctx context.Context) (r Result, err error) {
	if r.FalseAlerts, r.LowFindings, err = p.alerts(ctx); err != nil {
		return r, err
	}
	p.before = p.stack.Cloud.Directory.Snapshot()
	if err := p.attack(ctx); err != nil {
		return r, err
	}
	if err := p.watch(ctx, &r); err != nil {
		return r, err
	}
	r.Events = p.events
	r.FalseAlerts, r.LowFindings, err = p.alerts(ctx)
	if err != nil {
		return r, err
	}
	return r, p.verify(ctx, &r)
}

// seed puts the tenant into the directory.
func (p *Play) seed() error {
	if err := Seed(p.stack.Cloud.Directory, p.tenant); err != nil {
		return err
	}
	// Rekey is a principal of the tenant like others: it may own applications, and policies exclude it.
	rekey := directory.Object{ID: stack.ObjectID, AppID: stack.Identity, DisplayName: "rekey-respond", ServicePrincipalType: "ManagedIdentity", AccountEnabled: true}
	if err := p.stack.Cloud.Directory.Seed(directory.ServicePrincipals, rekey); err != nil {
		return err
	}
	if err := p.furnish(); err != nil {
		return err
	}
	kinds := map[tenant.Kind]int{}
	for _, w := range p.tenant.Principals {
		kinds[w.Kind]++
	}
	p.say("A tenant with %d workload identities: %s.", len(p.tenant.Principals), count(kinds))
	p.say("The victim to be: %s, with %d credentials on its application and its service principal.\n", p.tenant.Victim.Name, len(p.credentials()))
	return nil
}

func count(kinds map[tenant.Kind]int) string {
	var parts []string
	for _, k := range []tenant.Kind{tenant.KindJob, tenant.KindDaemon, tenant.KindPool, tenant.KindManagedIdentity, tenant.KindMultiTenant, tenant.KindSAML, tenant.KindForeign, tenant.KindLegacy} {
		if n := kinds[k]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, k))
		}
	}
	return strings.Join(parts, ", ")
}

// Seed fills a directory with a tenant, unless it is filled.
func Seed(d *directory.Directory, t *tenant.Tenant) error {
	if !d.Empty() {
		return nil
	}
	if err := people(d, t); err != nil {
		return err
	}
	for i := range t.Applications {
		a := &t.Applications[i]
		o := directory.Object{
			ID: a.ID, AppID: a.AppID, DisplayName: a.DisplayName, SignInAudience: a.SignInAudience, CreatedDateTime: a.CreatedDateTime, PublisherDomain: t.Domain, Owners: owner(t, i),
		}
		fill(&o, a.KeyCredentials, a.PasswordCredentials)
		for _, f := range a.FederatedIdentityCredentials {
			o.Federated = append(o.Federated, directory.Federated{ID: f.ID, Name: f.Name, Issuer: f.Issuer, Subject: f.Subject, Audiences: f.Audiences})
		}
		if err := d.Seed(directory.Applications, o); err != nil {
			return err
		}
	}
	for i := range t.ServicePrincipals {
		sp := &t.ServicePrincipals[i]
		owner := sp.AppOwnerOrganizationID
		if owner == "" && sp.ServicePrincipalType == "Application" {
			owner = t.ID
		}
		o := directory.Object{
			ID: sp.ID, AppID: sp.AppID, DisplayName: sp.DisplayName, SignInAudience: sp.SignInAudience, ServicePrincipalType: sp.ServicePrincipalType,
			AppOwnerOrganizationID: owner, AccountEnabled: sp.AccountEnabled, PreferredSSOMode: sp.PreferredSingleSignOnMode,
			PreferredTokenSigningKey: sp.PreferredTokenSigningKeyThumbprint, ServicePrincipalNames: sp.ServicePrincipalNames, AlternativeNames: sp.AlternativeNames,
		}
		surround(&o, t)
		fill(&o, sp.KeyCredentials, sp.PasswordCredentials)
		if err := d.Seed(directory.ServicePrincipals, o); err != nil {
			return err
		}
	}
	return nil
}

func fill(o *directory.Object, keys []tenant.KeyCredential, passwords []tenant.PasswordCredential) {
	for _, k := range keys {
		o.KeyCredentials = append(o.KeyCredentials, directory.KeyCredential{
			KeyID: k.KeyID, Type: k.Type, Usage: k.Usage, DisplayName: k.DisplayName, CustomKeyIdentifier: k.CustomKeyIdentifier, Key: k.Key,
			StartDateTime: k.StartDateTime, EndDateTime: k.EndDateTime,
		})
	}
	for _, s := range passwords {
		o.PasswordCredentials = append(o.PasswordCredentials, secret(s))
	}
}

func secret(s tenant.PasswordCredential) directory.PasswordCredential {
	return directory.PasswordCredential{
		KeyID: s.KeyID, DisplayName: s.DisplayName, Hint: s.Hint, Digest: directory.Digest(s.SecretText), StartDateTime: s.StartDateTime, EndDateTime: s.EndDateTime,
	}
}

// maxMessage is how large messages are packed: the hub takes 1 MiB, a producer's batch a little less.
const maxMessage = 200 << 10

// send packs records by hub and sends them.
func (p *Play) send(ctx context.Context, records []tenant.Record) error {
	byHub := map[string][][]byte{}
	for _, r := range records {
		byHub[r.Hub] = append(byHub[r.Hub], r.Data)
		if err := p.signedIn(r); err != nil {
			return err
		}
		if p.config.OnSent != nil {
			p.config.OnSent(r)
		}
	}
	for hub, data := range byHub {
		if err := p.stack.Send(ctx, hub, "", tenant.Envelope(data, maxMessage)...); err != nil {
			return err
		}
	}
	p.events += len(records)
	return nil
}

// signedIn has Graph show a sign-in, as the real one shows what it streams.
func (p *Play) signedIn(r tenant.Record) error {
	types := map[string]string{"ServicePrincipalSignInLogs": "servicePrincipal", "ManagedIdentitySignInLogs": "managedIdentity"}
	if types[r.Category] == "" {
		return nil
	}
	var x struct {
		Properties struct {
			ID                 string `json:"id"`
			ServicePrincipalID string `json:"servicePrincipalId"`
			AppID              string `json:"appId"`
			IPAddress          string `json:"ipAddress"`
			ResourceID         string `json:"resourceId"`
			KeyID              string `json:"servicePrincipalCredentialKeyId"`
			Status             struct {
				ErrorCode int `json:"errorCode"`
			} `json:"status"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(r.Data, &x); err != nil {
		return fmt.Errorf("showing a sign-in in Graph: %w", err)
	}
	s := x.Properties
	p.stack.Cloud.Directory.SignedIn(directory.SignIn{
		ID: s.ID, Created: r.Time, EventType: types[r.Category], ServicePrincipalID: s.ServicePrincipalID, AppID: s.AppID,
		IPAddress: s.IPAddress, ResourceID: s.ResourceID, CredentialKeyID: s.KeyID, ErrorCode: s.Status.ErrorCode,
	})
	return nil
}

// history streams ordinary days, each one consumed before the next: partitions must not run days apart, as they do not
// in life. It returns the rate through the whole stack.
func (p *Play) history(ctx context.Context) (perSecond float64, err error) {
	begun := time.Now()
	today := time.Now().UTC().Truncate(24 * time.Hour)
	o := tenant.Options{Scale: p.config.Scale}
	for d := p.config.Days; d >= 0; d-- {
		records := p.tenant.Between(today.AddDate(0, 0, -d), earliest(today.AddDate(0, 0, 1-d), time.Now().UTC().Add(-time.Minute)), o)
		if err := p.send(ctx, records); err != nil {
			return 0, fmt.Errorf("streaming ordinary days: %w", err)
		}
		for _, hub := range tenant.Hubs {
			if err := p.stack.Consumed(ctx, hub); err != nil {
				return 0, fmt.Errorf("streaming ordinary days: %w", err)
			}
		}
		p.progress(p.config.Days-d, p.config.Days, float64(p.events)/time.Since(begun).Seconds())
	}
	took := time.Since(begun)
	p.say("Baseline learned: %d days, %d log records in %.1f s.\n", p.config.Days, p.events, took.Seconds())
	return float64(p.events) / took.Seconds(), nil
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (p *Play) progress(done, all int, rate float64) {
	const width = 30
	full := width * done / max(all, 1)
	line := fmt.Sprintf("learning [%s%s] day %d of %d, %.0f records/s", strings.Repeat("#", full), strings.Repeat(".", width-full), done, all, rate)
	switch {
	case p.config.Terminal:
		fmt.Fprintf(p.out, "\r%s ", line)
		if done == all {
			fmt.Fprintln(p.out)
		}
	case done%7 == 0 || done == all:
		p.say("%s", line)
	}
}

// attack plays the attack, record by record.
func (p *Play) attack(ctx context.Context) error {
	p.say("A stranger uses a copied secret of %s:", p.tenant.Victim.Name)
	for _, step := range p.tenant.Attack(time.Now()) {
		if step.Adds != nil {
			app := p.tenant.ApplicationOf(p.tenant.Victim)
			err := p.stack.Cloud.Directory.Update(directory.Applications, app.ID, "intruder", "addPassword", func(o *directory.Object) error {
				o.PasswordCredentials = append(o.PasswordCredentials, secret(*step.Adds))
				return nil
			})
			if err != nil {
				return fmt.Errorf("playing the attack: %w", err)
			}
		}
		if p.begun.IsZero() && !step.Known {
			p.begun = time.Now()
		}
		if err := p.send(ctx, []tenant.Record{step.Record}); err != nil {
			return fmt.Errorf("playing the attack: %w", err)
		}
		if !step.Known {
			p.say("  %5.2f s  %s", time.Since(p.begun).Seconds(), step.Name)
		}
	}
	p.say("")
	return nil
}

// Line is the result as one line of JSON.
func (r Result) Line() string {
	b, err := json.Marshal(r)
	if err != nil {
		return "{}"
	}
	return string(b)
}
