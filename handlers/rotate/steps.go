package rotate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/azure/redact"
	"rekey/shared/azure/vault"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/reach"
	plan "rekey/shared/rotate"
)

// do carries a step out. Each may be repeated: it looks for its own work before it changes anything. The contracts are in
// shared/rotate/step.go.
func (t *task) do(ctx context.Context) (found, error) {
	if t.i.Kind != plan.OwnerAction && t.w.Step != plan.StepRetire && t.i.Stored.IsZero() {
		if why := t.Options.Forbids(&t.i.Target); why != "" {
			return found{}, park("%s", why)
		}
	}
	switch t.w.Step {
	case plan.StepProve:
		return t.prove(ctx)
	case plan.StepGather:
		return t.gather(ctx)
	case plan.StepRenewOther:
		return t.regenerate(ctx, t.i.Other())
	case plan.StepRenewFirst:
		return t.regenerate(ctx, t.i.First)
	case plan.StepAdd:
		return t.add(ctx)
	case plan.StepStore:
		return t.store(ctx)
	case plan.StepRenew:
		return t.renew(ctx)
	case plan.StepCall:
		return t.call(ctx)
	case plan.StepAwait:
		return t.await(ctx)
	case plan.StepTell:
		return t.tell(ctx)
	case plan.StepRemove:
		return t.remove(ctx)
	case plan.StepCheck:
		return t.check(ctx)
	case plan.StepRetire:
		return t.retire(ctx)
	case plan.StepNotify:
		return t.notify(ctx)
	}
	return found{}, fault.Errorf(fault.Denied, "this program does not know the step %q: upgrade it", t.w.Step)
}

// prove looks what each copy holds. A copy that nobody can read (deleted, disabled) holds nothing; one that others may read and
// Rekey may not stops the whole, because rotating would break its readers.
func (t *task) prove(ctx context.Context) (found, error) {
	if t.i.Kind == plan.Certificate {
		return t.proveCertificate(ctx)
	}
	values, gone, err := t.values(ctx)
	if err != nil {
		return found{}, err
	}
	if len(t.i.Copies) > 0 && len(values) == 0 {
		return found{}, park("%s", strings.Join(gone, "; "))
	}
	switch {
	case t.i.Kind.Paired():
		return t.provePair(ctx, values)
	case t.i.Kind == plan.ClientSecret:
		return t.proveSecret(ctx, values)
	}
	return t.proveEqual(values), nil
}

// values reads the newest version of each copy, by its name. Gone says why copies are missing.
func (t *task) values(ctx context.Context) (values map[string]vault.Secret, gone []string, err error) {
	values = map[string]vault.Secret{}
	for _, c := range t.i.Copies {
		s, _, err := t.newest(ctx, c)
		switch {
		case err == nil:
			values[c.Name()] = s
		case errors.Is(err, vault.ErrDisabled):
			gone = append(gone, c.Name()+": its newest version is disabled")
		case t.gone(err):
			gone = append(gone, c.Name()+": it is not there any more, or deleted")
		default:
			return nil, nil, err // firewall, rights: finish parks after a while
		}
	}
	return values, gone, nil
}

// gone reports whether an error says, for good, that nobody can read a copy. That it is not there is believed when it was said a
// few times.
func (t *task) gone(err error) bool {
	return errors.Is(err, vault.ErrDisabled) || errors.Is(err, fault.NotFound) && t.i.Attempts >= refusals
}

// proveEqual proves a random value by its copies being equal, and takes what another program rotates as it is.
func (t *task) proveEqual(values map[string]vault.Secret) (f found) {
	var first *vault.Secret
	for _, c := range t.i.Copies {
		s, ok := values[c.Name()]
		h := plan.Holding{Name: c.Name(), Version: s.Version}
		switch {
		case !ok:
		case t.i.Kind == plan.Webhook:
			h.Key = "current"
		case first == nil:
			first, h.Key = &s, "same"
		case first.Value.Reveal() == s.Value.Reveal():
			h.Key = "same"
		}
		f.Holds = append(f.Holds, h)
	}
	return f
}

// proven are the copies that are written to, in order.
func (t *task) proven() []plan.Copy {
	var out []plan.Copy
	for _, c := range t.i.Copies {
		if t.i.Proven(c) {
			out = append(out, c)
		}
	}
	return out
}

func (t *task) holding(c plan.Copy) plan.Holding {
	for _, h := range t.i.Holds {
		if h.Name == c.Name() {
			return h
		}
	}
	return plan.Holding{}
}

// errChanged says that a copy has a newer version of somebody else's.
var errChanged = errors.New("a copy has a newer version of somebody else's")

// store stores the new value in every proven copy.
func (t *task) store(ctx context.Context) (f found, err error) {
	value, err := t.source(ctx)
	if err != nil {
		return f, err
	}
	for _, c := range t.proven() {
		s, err := t.put(ctx, c, value)
		if errors.Is(err, errChanged) {
			f.Back, f.Note = plan.StepProve, c.Name()+" was changed meanwhile"
			return f, nil
		}
		if err != nil {
			return f, err
		}
		f.Holds = append(f.Holds, plan.Holding{Name: c.Name(), New: s.Version})
		if t.i.Kind == plan.Random && value.text == nil { // what the first copy holds is what the others get
			value = fixed(s.Value, "")
		}
	}
	return f, nil
}

// content is what is stored: a text made from the old one, and what the tag CredentialId says of it.
type content struct {
	text       func(old redact.Value) (redact.Value, bool)
	has        func(redact.Value) bool // whether a version with the mark holds it; nil: it does
	credential string
}

func fixed(v redact.Value, credential string) content {
	return content{text: func(redact.Value) (redact.Value, bool) { return v, true }, credential: credential}
}

// source says where the new value is had from. What only a vault knows is in the first copy with the mark.
func (t *task) source(ctx context.Context) (content, error) {
	switch {
	case t.i.Kind.Paired():
		keys, err := t.keys(ctx)
		if err != nil {
			return content{}, err
		}
		from, to := keys[t.i.First], keys[t.i.Other()]
		return content{func(old redact.Value) (redact.Value, bool) {
			text, ok := plan.Substitute(old, from, to)
			return redact.Hide(text), ok
		}, func(v redact.Value) bool { return plan.Holds(v, to) }, t.i.Other()}, nil
	case t.i.Kind == plan.ClientSecret:
		first := t.proven()[0]
		s, _, err := t.newest(ctx, first)
		if err != nil {
			return content{}, err
		}
		if reach.Tag(s.Tags, plan.TagOperation) != t.w.Mark {
			return fixed(redact.Value{}, ""), nil // put sees that it was changed
		}
		return fixed(s.Value, t.i.NewID), nil
	}
	for _, c := range t.proven() { // a random value that some copy has already
		s, _, err := t.newest(ctx, c)
		if err != nil {
			return content{}, err
		}
		if reach.Tag(s.Tags, plan.TagOperation) == t.w.Mark {
			return fixed(s.Value, ""), nil
		}
	}
	return content{}, nil
}

// put stores a value in one copy, unless that has it, and reads it back.
func (t *task) put(ctx context.Context, c plan.Copy, value content) (vault.Secret, error) {
	s, v, err := t.newest(ctx, c)
	if err != nil {
		return s, err
	}
	if reach.Tag(s.Tags, plan.TagOperation) == t.w.Mark && (value.has == nil || value.has(s.Value)) {
		return s, nil // with the mark and another key it is of before a step led back
	}
	if h := t.holding(c); s.Version != h.Version && (h.New == "" || s.Version != h.New) {
		return s, errChanged
	}
	text := redact.Hide(random())
	if value.text != nil {
		var ok bool
		if text, ok = value.text(s.Value); !ok || text.Empty() {
			return s, errChanged
		}
	}
	return t.set(ctx, c, v, s, text, value.credential, t.w.Mark)
}

// set makes a new version and reads it back: content type and tags carried over.
func (t *task) set(ctx context.Context, c plan.Copy, v Vault, old vault.Secret, text redact.Value, credential, mark string) (vault.Secret, error) {
	tags := map[string]string{}
	if mark != "" {
		tags[tagName(old.Tags, plan.TagOperation)] = mark
	}
	if credential != "" {
		tags[tagName(old.Tags, plan.TagCredential)] = credential
	}
	e := ledger.Entry{Object: c.Name(), Found: []string{old.Version}, Text: "storing a new version of " + c.Name()}
	err := t.change(ctx, c.Name(), e, func() error {
		_, err := v.Secrets.Set(ctx, c.Secret, text, old, tags, old.Lives(t.i.Days, t.Now()))
		return err
	})
	if err != nil {
		return old, err
	}
	s, err := v.Secrets.Get(ctx, c.Secret, "")
	if err == nil && s.Value.Reveal() != text.Reveal() {
		err = fault.Errorf(fault.Transient, "storing a new version of %s: a read does not show it yet", c.Name())
	}
	return s, err
}

// tagName is a tag's name as it is written there already: people write names of tags as they like.
func tagName(tags map[string]string, name string) string {
	for k := range tags {
		if strings.EqualFold(k, name) {
			return k
		}
	}
	return name
}

// check reads everything again. A copy that somebody changed meanwhile is its owner's.
func (t *task) check(ctx context.Context) (f found, err error) {
	current, err := t.current(ctx)
	if err != nil {
		return f, err
	}
	for _, c := range t.proven() {
		s, _, err := t.newest(ctx, c)
		if err != nil && !t.gone(err) {
			return f, err
		}
		if err != nil || !current(s) {
			f.Owner = "it was changed by somebody else while it was rotated, and does not hold the new value"
		}
	}
	return f, nil
}

// current returns what a copy has to be for check: to hold a key that the provider has now, or Rekey's version.
func (t *task) current(ctx context.Context) (func(vault.Secret) bool, error) {
	ours := func(s vault.Secret) bool { return reach.Tag(s.Tags, plan.TagOperation) == t.w.Mark }
	switch {
	case t.i.Kind.Paired():
		keys, err := t.keys(ctx)
		return func(s vault.Secret) bool {
			return slices.ContainsFunc(t.pair(), func(name string) bool { return plan.Holds(s.Value, keys[name]) })
		}, err
	case t.i.Kind == plan.ClientSecret:
		return ours, t.tidy(ctx)
	}
	return ours, nil
}

// A log that is not whole is looked at again after logPause, for logPatience: logs are late, and their settings cannot always be
// read. It counts from the first look that could not tell, so that one failure after days of waiting ends nothing.
const (
	logPause    = 15 * time.Minute
	logPatience = 45 * time.Minute
)

// retire disables the older versions of the proven copies that nobody reads any more.
func (t *task) retire(ctx context.Context) (f found, err error) {
	now := t.Now()
	for _, c := range t.proven() {
		h := t.holding(c)
		if h.New == "" {
			continue
		}
		readers, whole, err := t.readers(ctx, c)
		if err != nil {
			return f, err
		}
		v, err := t.open(ctx, c)
		if err != nil {
			return f, err
		}
		versions, err := v.Secrets.Versions(ctx, c.Secret)
		if err != nil && t.gone(err) {
			continue // deleted since: nobody reads it
		}
		if err != nil {
			return f, err
		}
		for _, old := range older(versions, h.New) {
			what, why, due := plan.Retire(old.Version, t.i.Stored, readers, whole, now)
			switch what {
			case plan.RetireWait:
				if f.Wait.Before(due) {
					f.Wait, f.Why = due, why
				}
			case plan.RetireOwner:
				if !whole && (t.i.Unseen.IsZero() || now.Sub(t.i.Unseen) < logPatience) {
					f.Wait, f.Why, f.Unseen = now.Add(logPause), why, true
					continue
				}
				f.Owner = why
			case plan.RetireDisable:
				why, err := t.disable(ctx, v, c, old.Version)
				if err != nil {
					return f, err
				}
				f.Owner = cmp.Or(why, f.Owner)
			}
		}
	}
	return f, nil
}

// older are the enabled versions before the new one. What came after it is somebody else's.
func older(versions []vault.Secret, newest string) (out []vault.Secret) {
	var made time.Time
	for _, v := range versions {
		if v.Version == newest {
			made = v.Created
		}
	}
	for _, v := range versions {
		if v.Version != newest && v.Enabled && !v.Created.After(made) {
			out = append(out, v)
		}
	}
	return out
}

// disable disables an old version: that of a certificate through the certificate, because a vault refuses to change a secret
// that it manages. Where it is refused for good, enabled says why the version stays.
func (t *task) disable(ctx context.Context, v Vault, c plan.Copy, version string) (enabled string, err error) {
	do := v.Secrets.Disable
	if t.i.Kind == plan.Certificate {
		do = v.Certificates.Disable
	}
	e := ledger.Entry{Object: c.Name(), Removed: []string{version}, Text: "disabling the old version " + version + " of " + c.Name()}
	err = t.change(ctx, c.Name()+"/"+version, e, func() error { return do(ctx, c.Secret, version) })
	managed := errors.Is(err, vault.ErrManaged)
	if managed || t.i.Kind == plan.Certificate && fault.Kind(err) == fault.Denied && !errors.Is(err, errStop) && !errors.Is(err, errPark) && t.i.Attempts >= refusals {
		return "its old version " + version + " STAYS ENABLED, with the private key that was read: disable it in the vault (" + err.Error() + ")", nil
	}
	return "", err
}

// readers returns who reads a copy, and whether its vault's log is whole since the new value was stored.
func (t *task) readers(ctx context.Context, c plan.Copy) ([]plan.Reader, bool, error) {
	reads, err := t.Readers(ctx, t.i.Stored)
	if err != nil {
		return nil, false, err
	}
	log, err := t.Log(ctx, c.VaultID, t.i.Stored, t.Now())
	return reads[strings.ToLower(c.Name())], log == reach.LogComplete, err
}

// News is what consumers and owners are told. It names ids and never a value.
type News struct {
	Kind     string       `json:"kind"` // newVersion or ownerAction
	Rotation string       `json:"rotation"`
	Case     string       `json:"case"`
	Target   string       `json:"target"`
	Secrets  []string     `json:"secrets,omitempty"` // vault/name/version
	Action   *plan.Action `json:"action,omitempty"`
}

func (t *task) news(kind string) News {
	n := News{Kind: kind, Rotation: t.j.ID, Case: t.j.Case, Target: t.w.Key, Action: t.i.Action}
	for _, c := range t.i.Copies {
		n.Secrets = append(n.Secrets, strings.TrimSuffix(c.Name()+"/"+t.holding(c).New, "/"))
	}
	return n
}

// tell tells consumers that there is a new version. That it cannot be told does not stop the rotation.
func (t *task) tell(ctx context.Context) (f found, err error) {
	if t.Tell == nil {
		f.Note = "consumers were told by Event Grid alone, if the vault has a subscription"
		return f, nil
	}
	if err := t.Tell(ctx, t.mark(""), t.news("newVersion")); err != nil {
		f.Note = "consumers could not be told: " + err.Error()
	}
	return f, nil
}

// notify tells an owner what to do.
func (t *task) notify(ctx context.Context) (f found, err error) {
	if t.i.Action == nil {
		return f, nil
	}
	if t.Tell == nil {
		f.Note = "nobody is set up to be told (REKEY_ROTATE_TELL_URL): the text is in the plan"
		return f, t.note(ctx, ledger.Entry{Kind: ledger.Note, Step: t.mark(""), Object: t.w.Key, Text: t.i.Action.Subject + ": nobody is set up to be told"})
	}
	return f, t.Tell(ctx, t.mark(""), t.news("ownerAction"))
}

// call calls another program's rotator.
func (t *task) call(ctx context.Context) (f found, err error) {
	post := t.Webhooks[t.i.Webhook]
	if post == nil {
		return f, park("its webhook %s is not set up", t.i.Webhook)
	}
	c := t.i.Copies[0]
	if s, _, err := t.newest(ctx, c); err == nil && s.Version != t.holding(c).Version {
		return f, nil // it was heard
	}
	e := ledger.Entry{Object: c.Name(), Text: "calling webhook " + t.i.Webhook}
	return f, t.change(ctx, "", e, func() error {
		return post(ctx, t.w.Mark, map[string]string{"kind": "rotate", "mark": t.w.Mark, "vault": c.Vault, "vaultId": c.VaultID, "secret": c.Secret, "version": t.holding(c).Version})
	})
}

// await waits until the webhook's work shows.
func (t *task) await(ctx context.Context) (f found, err error) {
	c := t.i.Copies[0]
	s, _, err := t.newest(ctx, c)
	switch now := t.Now(); {
	case err != nil:
		return f, err
	case s.Version != t.holding(c).Version:
		f.Holds = []plan.Holding{{Name: c.Name(), New: s.Version}}
	case now.Sub(t.i.Began) >= plan.Patience:
		return f, park("webhook %s was called and stored no new version within %s", t.i.Webhook, plan.Patience)
	default:
		f.Wait, f.Why = now.Add(time.Minute), fmt.Sprintf("waiting for a new version by webhook %s", t.i.Webhook)
	}
	return f, nil
}
