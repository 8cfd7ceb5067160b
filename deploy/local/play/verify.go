package play

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"rekey/deploy/local/directory"
	"rekey/handlers/ledgers"
	"rekey/shared/detect"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
	"rekey/shared/score"
	"rekey/shared/store"
)

// credentials lists the key ids that open the victim's door.
func (p *Play) credentials() []string {
	var out []string
	for _, o := range p.victims(p.stack.Cloud.Directory.Snapshot()) {
		for _, k := range o.KeyCredentials {
			out = append(out, k.KeyID)
		}
		for _, s := range o.PasswordCredentials {
			out = append(out, s.KeyID)
		}
		for _, f := range o.Federated {
			out = append(out, f.ID)
		}
	}
	return out
}

// victims are the victim's objects: the application and its service principals.
func (p *Play) victims(all map[string]directory.Object) []directory.Object {
	var out []directory.Object
	for _, o := range all {
		if o.AppID == p.tenant.Victim.AppID {
			out = append(out, o)
		}
	}
	return out
}

// alerts counts detections about anybody but the victim, and about the victim before the attack: false alerts, which
// call somebody, and low findings, which wait until somebody looks. The tenant has some of those: a secret that expired
// and is still tried is worth knowing.
func (p *Play) alerts(ctx context.Context) (alerts, low int, err error) {
	for from := ""; ; {
		found, next, err := p.stack.State.Findings().Recent(ctx, from, 500)
		if err != nil {
			return 0, 0, err
		}
		for _, d := range found {
			victim := d.Principal.ObjectID == p.tenant.Victim.ObjectID || d.Principal.ObjectID == "" && d.Principal.AppID == p.tenant.Victim.AppID
			switch {
			case d.Source != detect.SourceRekey || victim && !p.begun.IsZero():
			case !d.Level.AtLeast(score.LevelMedium):
				low++
			default:
				alerts++
				p.say("False alert: %s of %s: %s %v", d.Level, d.Principal.Name, d.Statement, d.Contributions)
			}
		}
		if next == "" {
			return alerts, low, nil
		}
		from = next
	}
}

// verify checks the end without trusting Rekey: the directory, the token endpoint and the ledger's bytes.
func (p *Play) verify(ctx context.Context, r *Result) error {
	id, newKey, err := p.finished(ctx)
	if err != nil {
		return err
	}
	left := p.credentials()
	only := len(left) == 1 && left[0] == newKey
	proved := p.proved(newKey)
	refused, err := p.oldSecretsRefused(ctx)
	if err != nil {
		return err
	}
	enabled := true
	for _, o := range p.victims(p.stack.Cloud.Directory.Snapshot()) {
		enabled = enabled && (o.ServicePrincipalType == "" || o.AccountEnabled)
	}
	r.Evicted = only && proved && refused && enabled
	r.Untouched = p.untouched()
	entries := 0
	if data, err := p.stack.State.Blobs(store.ContainerLedger).Read(ctx, id+ledger.Suffix); err == nil {
		list, err := ledger.Verify(data)
		entries = len(list)
		r.LedgerOK = err == nil && len(ledger.Unanswered(list)) == 0
	}
	report, err := ledgers.Checker{Blobs: p.stack.State.Blobs(store.ContainerLedger), Operations: p.stack.State.Operations()}.All(ctx)
	if err != nil {
		return err
	}
	for _, problem := range report.Problems {
		p.say("PROBLEM in the ledger: %s", problem)
	}
	r.LedgerOK = r.LedgerOK && len(report.Problems) == 0
	p.say("End state, checked in the directory and at the token endpoint:")
	p.check(only, "the new certificate %s is the only credential (%d are there)", newKey, len(left))
	p.check(proved, "a token was acquired with it")
	p.check(refused, "every old secret is refused")
	p.check(enabled, "the service principal is enabled again")
	p.check(r.Untouched, "no other object of the directory was changed")
	r.Rotated = p.rotated()
	p.check(r.Rotated, "the password that the intruder read is not the one in use any more, and its vault holds a new one")
	p.check(r.LedgerOK, "the ledger's chain holds, every intent has its result, and what was found is kept or removed (%d entries)", entries)
	r.Told, err = p.told(ctx, id)
	p.say("")
	return err
}

func (p *Play) check(ok bool, format string, args ...any) {
	mark := "ok"
	if !ok {
		mark = "NO"
	}
	p.say("  %-2s %s", mark, fmt.Sprintf(format, args...))
}

// finished returns the victim's operation and its new key.
func (p *Play) finished(ctx context.Context) (id, newKey string, err error) {
	w := watcher{Play: p}
	op, err := w.operation(ctx)
	if err != nil || op == nil {
		return "none", "none", err
	}
	if op.State != remedy.StateDone && !op.Watching() {
		return op.ID, "none", nil
	}
	return op.ID, op.NewKeyID, nil
}

func (p *Play) proved(keyID string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.signIns {
		if s.Succeeded && s.KeyID == keyID && s.AppID == p.tenant.Victim.AppID {
			return true
		}
	}
	return false
}

// oldSecretsRefused asks the token endpoint for a token with every secret the tenant's description knows.
func (p *Play) oldSecretsRefused(ctx context.Context) (bool, error) {
	app, sp := p.tenant.ApplicationOf(p.tenant.Victim), p.tenant.ServicePrincipalOf(p.tenant.Victim)
	for _, s := range slices.Concat(app.PasswordCredentials, sp.PasswordCredentials) {
		form := url.Values{
			"grant_type": {"client_credentials"}, "client_id": {p.tenant.Victim.AppID}, "client_secret": {s.SecretText}, "scope": {"https://graph.microsoft.com/.default"},
		}
		target := p.stack.Cloud.AuthorityURL + "/" + p.tenant.ID + "/oauth2/v2.0/token"
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
		if err != nil {
			return false, err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := p.stack.Cloud.Client().Do(req)
		if err != nil {
			return false, fmt.Errorf("trying an old secret: %w", err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode == http.StatusOK || !strings.Contains(string(body), "AADSTS7000215") {
			return false, err
		}
	}
	return true, nil
}

// untouched compares every object but the victim's with what it was before the attack.
func (p *Play) untouched() bool {
	now := p.stack.Cloud.Directory.Snapshot()
	for id, was := range p.before {
		if was.AppID != p.tenant.Victim.AppID && !reflect.DeepEqual(was, now[id]) {
			p.say("Touched: %s %s", was.DisplayName, id)
			return false
		}
	}
	return len(now) == len(p.before)
}
