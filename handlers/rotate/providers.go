package rotate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/azure/graph"
	"rekey/shared/azure/redact"
	"rekey/shared/azure/vault"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/reach"
	plan "rekey/shared/rotate"
)

// random makes a value that Rekey owns: 52 letters and digits, 260 bits.
func random() string { return rand.Text() + rand.Text() }

// keys reads the provider's keys, by name.
func (t *task) keys(ctx context.Context) (map[string]redact.Value, error) {
	list, err := t.Providers.Keys(ctx, t.i.Provider)
	if err != nil {
		return nil, err
	}
	out := map[string]redact.Value{}
	for _, k := range list {
		out[k.Name] = k.Value
	}
	for _, name := range t.pair() {
		if out[name].Empty() {
			return nil, fault.Errorf(fault.Denied, "listing the keys of %s: there is no %s", t.i.Provider, name)
		}
	}
	return out, nil
}

func (t *task) pair() []string {
	keys, _ := plan.Keys(t.i.Kind, t.i.Pair)
	return keys[:]
}

// provePair finds which key of the pair each copy holds; the first is the one that most hold.
func (t *task) provePair(ctx context.Context, values map[string]vault.Secret) (f found, err error) {
	keys, err := t.keys(ctx)
	if err != nil {
		return f, err
	}
	names, count := t.pair(), map[string]int{}
	for _, c := range t.i.Copies {
		s, ok := values[c.Name()]
		h := plan.Holding{Name: c.Name(), Version: s.Version}
		for _, name := range names {
			if ok && h.Key == "" && plan.Holds(s.Value, keys[name]) {
				h.Key = name
				count[name]++
			}
		}
		f.Holds = append(f.Holds, h)
	}
	f.First = names[0]
	if count[names[1]] > count[names[0]] {
		f.First = names[1]
	}
	if len(t.i.Copies) > 0 && count[f.First] == 0 {
		f.First = ""
	}
	return f, nil
}

// gather stores the first key in the copies that hold the other one.
func (t *task) gather(ctx context.Context) (f found, err error) {
	keys, err := t.keys(ctx)
	if err != nil {
		return f, err
	}
	for _, c := range t.proven() {
		h := t.holding(c)
		if h.Key == t.i.First && h.New == "" {
			continue
		}
		s, v, err := t.newest(ctx, c)
		if err != nil {
			return f, err
		}
		if !plan.Holds(s.Value, keys[t.i.First]) {
			text, ok := plan.Substitute(s.Value, keys[t.i.Other()], keys[t.i.First])
			if !ok || s.Version != h.Version {
				f.Back, f.Note = plan.StepProve, c.Name()+" was changed meanwhile"
				return f, nil
			}
			if s, err = t.set(ctx, c, v, s, redact.Hide(text), t.i.First, ""); err != nil {
				return f, err
			}
		}
		f.Holds = append(f.Holds, plan.Holding{Name: c.Name(), New: s.Version})
	}
	return f, nil
}

// renewed is the key that the step regenerates, or "".
func (t *task) renewed() string {
	switch t.w.Step {
	case plan.StepRenewOther:
		return t.i.Other()
	case plan.StepRenewFirst:
		return t.i.First
	}
	return ""
}

// intent reads the fingerprint of the key that is about to be regenerated, unless an earlier try has noted it.
func (t *task) intent(ctx context.Context) (plan.Intent, error) {
	name := t.renewed()
	if name == "" || t.i.Fingerprint != "" {
		return plan.Intent{}, nil
	}
	keys, err := t.keys(ctx)
	if err != nil {
		return plan.Intent{}, err
	}
	return plan.Intent{Fingerprint: plan.Fingerprint(t.j.ID, keys[name])}, nil
}

// regenerate makes a key anew, once: where the provider's key is another one than the intent says, it was.
func (t *task) regenerate(ctx context.Context, name string) (f found, err error) {
	keys, err := t.keys(ctx)
	if err != nil {
		return f, err
	}
	if t.i.Fingerprint == "" {
		return f, fault.Errorf(fault.Transient, "regenerating %s of %s: its fingerprint was not noted", name, t.i.Provider)
	}
	if plan.Fingerprint(t.j.ID, keys[name]) != t.i.Fingerprint {
		return f, nil
	}
	if changed, err := t.strays(ctx, keys); err != nil || changed != "" {
		f.Back, f.Note = plan.StepProve, changed+" does not hold the key that stays"
		return f, err
	}
	e := ledger.Entry{Object: t.i.Provider, Text: "regenerating " + name + " of " + t.i.Provider}
	err = t.change(ctx, name, e, func() error { return t.Providers.Regenerate(ctx, t.i.Provider, name) })
	if err != nil && t.i.Kind == plan.CosmosKey && fault.Kind(err) == fault.Transient && !errors.Is(err, errStop) && ctx.Err() == nil {
		f.Wait, f.Why = t.Now().Add(asyncTime), err.Error() // it may be going on: a second one would change what is stored by then
		return f, nil
	}
	if err != nil {
		return f, err
	}
	if keys, err = t.keys(ctx); err == nil && plan.Fingerprint(t.j.ID, keys[name]) == t.i.Fingerprint {
		err = fault.Errorf(fault.Transient, "regenerating %s of %s: the provider still lists the old one", name, t.i.Provider)
	}
	return f, err
}

// asyncTime is how long a provider may take to do what it was asked after its answer was lost.
const asyncTime = 2 * time.Minute

// strays names a proven copy that would be left with the key that is about to go: of those that can be read, each has to hold
// the one that stays.
func (t *task) strays(ctx context.Context, keys map[string]redact.Value) (string, error) {
	stays := t.i.First
	if t.w.Step == plan.StepRenewFirst {
		stays = t.i.Other()
	}
	for _, c := range t.proven() {
		s, _, err := t.newest(ctx, c)
		if err != nil && t.gone(err) {
			continue
		}
		if err != nil {
			return "", err
		}
		if !plan.Holds(s.Value, keys[stays]) {
			return c.Name(), nil
		}
	}
	return "", nil
}

// proveSecret proves a client secret by a token, and that it is the one that the tag names.
func (t *task) proveSecret(ctx context.Context, values map[string]vault.Secret) (f found, err error) {
	o, err := t.holders(ctx)
	if err != nil {
		return f, err
	}
	var first *vault.Secret
	for _, c := range t.i.Copies {
		s, ok := values[c.Name()]
		h := plan.Holding{Name: c.Name(), Version: s.Version}
		switch {
		case !ok:
		case first != nil:
			if s.Value.Reveal() == first.Value.Reveal() {
				h.Key = "current"
			}
		default:
			id, why := credentialOf(o, t.i.Credential, s)
			if why != "" {
				f.Note = c.Name() + ": " + why
				break
			}
			if err := t.Prove(ctx, t.i.Provider, s.Value); errors.Is(err, fault.Denied) {
				f.Note = c.Name() + ": no token was issued for its value"
				break
			} else if err != nil {
				return f, err
			}
			first, h.Key, f.Credential = &s, "current", id
		}
		f.Holds = append(f.Holds, h)
	}
	if first == nil && f.Note != "" {
		return f, park("%s", f.Note)
	}
	return f, nil
}

// credentialOf finds which of an application's client secrets a value is: the tagged one, if its hint fits, or the only one
// whose hint does. A tag alone is what anybody may write who may write the secret.
func credentialOf(app graph.Object, tagged string, s vault.Secret) (id, why string) {
	var fits []string
	for _, p := range app.PasswordCredentials {
		if p.Hint != "" && strings.HasPrefix(s.Value.Reveal(), p.Hint) || p.Hint == "" && strings.EqualFold(p.KeyID, tagged) {
			fits = append(fits, p.KeyID)
		}
	}
	switch at := slices.IndexFunc(fits, func(id string) bool { return strings.EqualFold(id, tagged) }); {
	case tagged != "" && at >= 0:
		return fits[at], ""
	case tagged != "":
		return "", "its value is not the client secret that its tag " + plan.TagCredential + " names"
	case len(fits) == 1:
		return fits[0], ""
	}
	return "", "which of the application's client secrets it is cannot be told: tag it with " + plan.TagCredential
}

// defaultSecretDays is how long a client secret lives whose predecessor is not known.
const defaultSecretDays = 180

// add makes a client secret and stores it in the first proven copy. Those of the mark that no vault holds are orphans.
func (t *task) add(ctx context.Context) (f found, err error) {
	c := t.proven()[0]
	s, v, err := t.newest(ctx, c)
	if err != nil {
		return f, err
	}
	stored := func(s vault.Secret) (found, error) {
		f.Credential = reach.Tag(s.Tags, plan.TagCredential)
		f.Holds = []plan.Holding{{Name: c.Name(), New: s.Version}}
		return f, nil
	}
	if reach.Tag(s.Tags, plan.TagOperation) == t.w.Mark {
		return stored(s)
	}
	if s.Version != t.holding(c).Version {
		f.Back, f.Note = plan.StepProve, c.Name()+" was changed meanwhile"
		return f, nil
	}
	app, err := t.holder(ctx)
	if err != nil {
		return f, err
	}
	if err := t.orphans(ctx, app, ""); err != nil {
		return f, err
	}
	var made graph.Secret
	e := ledger.Entry{Object: app.ID, Text: "adding a client secret to application " + t.i.Provider}
	name := fmt.Sprintf("%s/%d", t.w.Mark, t.i.Attempts)
	err = t.change(ctx, "provider", e, func() (err error) {
		made, err = t.Directory.AddPassword(ctx, app.collection, app.ID, name, t.end(app.Object))
		return err
	})
	if err != nil {
		return f, err
	}
	if s, err = t.set(ctx, c, v, s, redact.Hide(made.Text), made.KeyID, t.w.Mark); err != nil {
		return f, err
	}
	return stored(s)
}

// end is when the new client secret ends: after the tagged days, or a life as the old one's.
func (t *task) end(app graph.Object) time.Time {
	now, days := t.Now(), t.i.Days
	for _, p := range app.PasswordCredentials {
		if life := p.EndDateTime.Sub(p.StartDateTime); days == 0 && strings.EqualFold(p.KeyID, t.i.Credential) && life > 0 {
			return now.Add(life)
		}
	}
	if days == 0 {
		days = defaultSecretDays
	}
	return now.AddDate(0, 0, days)
}

// orphans removes client secrets of this mark whose value nobody knows: all but one.
func (t *task) orphans(ctx context.Context, app holder, but string) error {
	for _, p := range app.PasswordCredentials {
		if !strings.HasPrefix(p.DisplayName, t.w.Mark+"/") || strings.EqualFold(p.KeyID, but) {
			continue
		}
		if err := t.take(ctx, app, p.KeyID, "removing a client secret that no vault holds"); err != nil {
			return err
		}
	}
	return nil
}

func (t *task) take(ctx context.Context, app holder, keyID, text string) error {
	e := ledger.Entry{Object: app.ID, Removed: []string{keyID}, Text: text}
	return t.change(ctx, keyID, e, func() error { return t.Directory.RemovePassword(ctx, app.collection, app.ID, keyID) })
}

// remove removes the old client secret, when the new one has proved to open.
func (t *task) remove(ctx context.Context) (f found, err error) {
	s, _, err := t.newest(ctx, t.proven()[0])
	if err != nil {
		return f, err
	}
	if err := t.Prove(ctx, t.i.Provider, s.Value); err != nil {
		return f, fault.Errorf(fault.Transient, "proving the new client secret: %v", err)
	}
	app, err := t.holder(ctx)
	if err != nil {
		return f, err
	}
	if strings.EqualFold(t.i.Credential, t.i.NewID) || t.i.Credential == "" {
		return f, park("which client secret is the old one is not known")
	}
	return f, t.take(ctx, app, t.i.Credential, "removing the old client secret")
}

// tidy sees that the old client secret is gone, and orphans that a replica did not show.
func (t *task) tidy(ctx context.Context) error {
	app, err := t.holder(ctx)
	if err != nil {
		return err
	}
	for _, p := range app.PasswordCredentials {
		if strings.EqualFold(p.KeyID, t.i.Credential) {
			return fault.Errorf(fault.Transient, "removing client secret %s: Graph still shows it", p.KeyID)
		}
	}
	return t.orphans(ctx, app, t.i.NewID)
}

// proveCertificate takes the version that is in use.
func (t *task) proveCertificate(ctx context.Context) (f found, err error) {
	c := t.i.Copies[0]
	v, err := t.open(ctx, c)
	if err != nil {
		return f, err
	}
	cert, err := v.Certificates.Get(ctx, c.Secret)
	f.Holds = []plan.Holding{{Name: c.Name(), Key: "current", Version: cert.Version}}
	return f, err
}

// renew makes a new version of a certificate.
func (t *task) renew(ctx context.Context) (f found, err error) {
	c := t.i.Copies[0]
	v, err := t.open(ctx, c)
	if err != nil {
		return f, err
	}
	cert, err := v.Certificates.Get(ctx, c.Secret)
	if err != nil {
		return f, err
	}
	if cert.Version == t.holding(c).Version {
		e := ledger.Entry{Object: c.Name(), Found: []string{cert.Version}, Text: "renewing certificate " + c.Name()}
		err = t.change(ctx, "", e, func() (err error) {
			cert, err = v.Certificates.Renew(ctx, c.Secret, map[string]string{plan.TagOperation: t.w.Mark})
			return err
		})
	}
	if errors.Is(err, fault.Conflict) && !errors.Is(err, errStop) {
		f.Wait, f.Why = t.Now().Add(asyncTime), "the new version is still being made"
		return f, nil
	}
	if err != nil {
		return f, err
	}
	f.Holds = []plan.Holding{{Name: c.Name(), New: cert.Version}}
	return f, nil
}
