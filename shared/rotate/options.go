package rotate

import (
	"cmp"
	"slices"
	"strings"
)

// Options are what people set. The zero Options are the careful ones.
type Options struct {
	Own           []string          // resource ids and application ids of Rekey's: never rotated by tags that anybody may write
	Never         map[string]string // vault/secret, vault, or provider: why it is left to its owner
	Subscriptions []string          // where providers may lie; empty is any that Rekey may write to
	Webhooks      []string          // names that are set up
	Caps          [tiers]int        // targets that one approval lets begin; 0 is 100
	Settle        [tiers]int        // minutes that the old value works on; 0 is 5, 60, 60. Less breaks who asks again only once a day
	OnlyReachable bool              // leave out vaults of tier 3 that no right of the principal led to
	OwnerDefault  string            // whom to tell where a secret names nobody
}

const (
	defaultCap = 100
	maxCopies  = 64 // of one target: more is no copy but a way of life
)

var defaultSettle = [tiers]int{5, 60, 60}

func (o *Options) cap(tier int) int { return cmp.Or(max(o.Caps[tier-1], 0), defaultCap) }

func (o *Options) settle(tier int) int {
	return cmp.Or(max(o.Settle[tier-1], 0), defaultSettle[tier-1])
}

// Forbids says why a target must not be rotated, or nothing. A plan leaves such targets to their owners; an executor asks
// again before each change, because settings may have changed since.
func (o *Options) Forbids(t *Target) string {
	for _, c := range t.Copies {
		for _, name := range []string{c.Name(), c.Vault} {
			if why, never := o.never(name); never {
				return why
			}
		}
	}
	return o.forbids(t.Kind, t.Provider, t.Webhook)
}

func (o *Options) never(name string) (why string, never bool) {
	for _, k := range sorted(o.Never) {
		if strings.EqualFold(k, name) {
			return "never touched: " + plain(o.Never[k]), true
		}
	}
	return "", false
}

// forbids says why a rotator must not be used, or nothing.
func (o *Options) forbids(k Kind, provider, webhook string) string {
	if k == Webhook && !slices.Contains(o.Webhooks, webhook) {
		return "its webhook " + plain(webhook) + " is not set up"
	}
	if provider == "" {
		return ""
	}
	if why, never := o.never(provider); never {
		return why
	}
	for _, own := range o.Own {
		if own == "" { // the id of something that was not set would be the beginning of everything
			continue
		}
		if strings.EqualFold(own, provider) || strings.HasPrefix(strings.ToLower(provider), strings.ToLower(own)+"/") {
			return "its provider is Rekey's own: a tag does not decide about that"
		}
	}
	sub := subscriptionOf(provider)
	if k.Paired() && len(o.Subscriptions) > 0 && !slices.ContainsFunc(o.Subscriptions, func(s string) bool { return strings.EqualFold(s, sub) }) {
		return "its provider lies in subscription " + plain(sub) + ", which Rekey does not manage"
	}
	return ""
}
