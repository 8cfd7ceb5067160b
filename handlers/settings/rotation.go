package settings

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rekey/shared/host/config"
	"rekey/shared/host/webhook"
	"rekey/shared/rotate"
)

// Rotation says what is rotated after an eviction. The zero value plans and asks.
type Rotation struct {
	Mode          string        `envconfig:"REKEY_ROTATE_MODE" default:"approve" help:"off, approve or tier1: what happens to secrets that an evicted principal could get at; approve plans and waits for people, tier1 rotates by itself what it was seen to read; the rest always waits"`
	Needs         int           `envconfig:"REKEY_ROTATE_APPROVALS" default:"1" help:"how many people have to approve each tier; a number from 1 to 5"`
	Parallel      int           `envconfig:"REKEY_ROTATE_PARALLEL" default:"4" help:"how many secrets are rotated at a time; a number from 1 to 32"`
	Cap           int           `envconfig:"REKEY_ROTATE_CAP" default:"100" help:"how many secrets one approval lets begin; a number from 1 to 1000"`
	Settle        int           `envconfig:"REKEY_ROTATE_SETTLE_MINUTES" default:"0" help:"minutes that an old key works on beside the new one; 0 is 5 for what was read and 60 for the rest"`
	Never         []string      `envconfig:"REKEY_ROTATE_NEVER" help:"vaults, secrets as vault/name, resource ids and application ids that are left to their owners, separated by commas"`
	Subscriptions []string      `envconfig:"REKEY_ROTATE_SUBSCRIPTIONS" help:"ids of the subscriptions in which keys may be regenerated, separated by commas; empty: wherever Rekey has the right"`
	OnlyReachable bool          `envconfig:"REKEY_ROTATE_ONLY_REACHABLE" default:"false" help:"true leaves out vaults that no right of the principal led to, although they lie in a subscription that it reached"`
	Owner         string        `envconfig:"REKEY_ROTATE_OWNER" help:"whom to tell about a secret that names no owner by the tag rekey-owner"`
	TellURL       config.Secret `envconfig:"REKEY_ROTATE_TELL_URL" help:"https address that is told of new versions and of what owners have to do, as JSON signed with REKEY_PAGE_KEY; its host has to be in REKEY_PAGE_HOSTS; a secret; empty: nobody is told"`
	Webhooks      config.Secret `envconfig:"REKEY_ROTATE_WEBHOOKS" help:"rotators of your own, like erp=https://hooks.contoso.com/rotate, separated by commas; called like REKEY_ROTATE_TELL_URL; a secret"`
}

// Modes of rotation.
const (
	RotateOff     = "off"
	RotateApprove = "approve"
	RotateTier1   = "tier1"
)

// Post delivers a value under an id.
type Post = func(ctx context.Context, id string, value any) error

// Validate implements the check of package config. The paging settings have the key and the hosts.
func (r *Rotation) Validate(p *Paging) error {
	var bad []error
	if !slices.Contains([]string{RotateOff, RotateApprove, RotateTier1}, r.Mode) {
		bad = append(bad, fmt.Errorf("REKEY_ROTATE_MODE is %q: off, approve or tier1", r.Mode))
	}
	for _, n := range []struct {
		name         string
		is, min, max int
	}{{"REKEY_ROTATE_APPROVALS", r.Needs, 1, 5}, {"REKEY_ROTATE_PARALLEL", r.Parallel, 1, 32}, {"REKEY_ROTATE_CAP", r.Cap, 1, 1000}, {"REKEY_ROTATE_SETTLE_MINUTES", r.Settle, 0, 1440}} {
		if n.is < n.min || n.is > n.max {
			bad = append(bad, fmt.Errorf("%s is %d: a number from %d to %d", n.name, n.is, n.min, n.max))
		}
	}
	_, _, err := r.Posts(p)
	return errors.Join(append(bad, err)...)
}

// Posts opens the addresses: who is told, nil for nobody, and the rotators by name.
func (r *Rotation) Posts(p *Paging) (tell Post, rotators map[string]Post, err error) {
	open := func(url, setting string) (Post, error) {
		c, err := webhook.New(webhook.Config{URL: url, Key: []byte(p.Key), Hosts: p.Hosts})
		if err != nil {
			return nil, fmt.Errorf("%s is not usable with REKEY_PAGE_KEY and REKEY_PAGE_HOSTS: %w", setting, err)
		}
		return c.Post, nil
	}
	if r.TellURL != "" {
		if tell, err = open(string(r.TellURL), "REKEY_ROTATE_TELL_URL"); err != nil {
			return nil, nil, err
		}
	}
	rotators = map[string]Post{}
	for pair := range strings.SplitSeq(string(r.Webhooks), ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, url, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok || name == "" {
			return nil, nil, errors.New("REKEY_ROTATE_WEBHOOKS: each is a name, an equals sign and an https address")
		}
		if rotators[name], err = open(url, "REKEY_ROTATE_WEBHOOKS, "+name+","); err != nil {
			return nil, nil, err
		}
	}
	return tell, rotators, nil
}

// Options are what a plan may do. Own are ids of Rekey's own resources and applications.
func (r *Rotation) Options(own []string, webhooks map[string]Post) rotate.Options {
	o := rotate.Options{Own: own, Never: map[string]string{}, Subscriptions: plain(r.Subscriptions), OnlyReachable: r.OnlyReachable, OwnerDefault: r.Owner}
	for _, n := range plain(r.Never) {
		o.Never[n] = "on the list REKEY_ROTATE_NEVER"
	}
	for name := range webhooks {
		o.Webhooks = append(o.Webhooks, name)
	}
	slices.Sort(o.Webhooks)
	for n := range o.Caps {
		o.Caps[n], o.Settle[n] = r.Cap, r.Settle
	}
	return o
}
