package rotate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"rekey/shared/reach"
)

// Tiers, in the mission's order.
const (
	TierRead  = 1 // what the principal read
	TierVault = 2 // the rest of the vaults that it read from
	TierReach = 3 // the rest of the subscriptions that it reached
	tiers     = 3
)

// Facts is what a plan is made of.
type Facts struct {
	Case      string
	Radius    reach.Radius
	Guesses   map[string]Guess                // by vault/secret, of vaults that opt in: what the executor's look at the value said
	Consumers map[string]reach.List[Consumer] // by vault/secret: who else reads it, by the index of everybody's reads; missing is unknown
	Options   Options
}

// Consumer is somebody who reads a secret. Pinned says that it asks for one version by its id.
type Consumer struct {
	Name   string    `json:"name"`
	Last   time.Time `json:"last"`
	Pinned bool      `json:"pinned,omitempty"`
}

// Copy is one secret that holds a target's value.
type Copy struct {
	Vault     string               `json:"vault"` // name
	VaultID   string               `json:"vaultId,omitempty"`
	Secret    string               `json:"secret"`
	Version   string               `json:"version,omitempty"` // the newest when planned
	Tier      int                  `json:"tier"`              // of this copy alone
	Seen      *reach.Seen          `json:"seen,omitempty"`
	Consumers reach.List[Consumer] `json:"consumers,omitzero"`
}

// Name is how people name the copy: vault/secret.
func (c Copy) Name() string { return c.Vault + "/" + c.Secret }

// Target is what is rotated as a whole.
type Target struct {
	Key        string      `json:"key"` // the same in every plan
	Tier       int         `json:"tier"`
	Kind       Kind        `json:"kind"`
	Provider   string      `json:"provider,omitempty"`
	Credential string      `json:"credential,omitempty"` // key id of a client secret, as tagged
	Pair       string      `json:"pair,omitempty"`
	Webhook    string      `json:"webhook,omitempty"`
	Days       int         `json:"validDays,omitempty"`
	Inferred   bool        `json:"inferred,omitempty"`
	Copies     []Copy      `json:"copies,omitempty"`
	Seen       *reach.Seen `json:"seen,omitempty"`     // of its keys through Resource Manager, or of the copy read last
	Direct     *reach.Seen `json:"direct,omitempty"`   // what shows that Resource Manager handed out its keys
	Why        string      `json:"why"`                // it is in its tier, or is the owner's
	Attended   string      `json:"attended,omitempty"` // why not without a person
	Settle     int         `json:"settleMinutes,omitempty"`
	Forecast   []Line      `json:"forecast,omitempty"`
	Action     *Action     `json:"action,omitempty"`
	rank       int         // within tier 3
}

// Tier is one of the plan's tiers.
type Tier struct {
	Number  int      `json:"tier"`
	Hash    string   `json:"hash"` // what an approval is for
	Cap     int      `json:"cap"`
	Targets []Target `json:"targets"`
}

// Rotates counts the targets that are rotated; the others are their owners'.
func (t Tier) Rotates() int {
	n := 0
	for i := range t.Targets {
		if t.Targets[i].Kind != OwnerAction {
			n++
		}
	}
	return n
}

// Plan is what is rotated, in which order, and what is left to whom.
type Plan struct {
	Case      string         `json:"case"`
	Principal string         `json:"principal"`
	Name      string         `json:"displayName,omitempty"`
	From      time.Time      `json:"from"`
	To        time.Time      `json:"to"`
	Tiers     [tiers]Tier    `json:"tiers"`
	Linked    []reach.Linked `json:"linkedCases"` // applications that get a case of their own
	SAS       []reach.SAS    `json:"userDelegation"`
	Left      []string       `json:"left"` // what is in no tier, and why
	Unknown   []string       `json:"unknown"`
}

// planner is a plan in the making.
type planner struct {
	Facts
	targets map[string]*Target
	left    []string
}

// Build makes the plan. The same Facts give the same Plan.
func Build(f Facts) Plan {
	b := &planner{Facts: f, targets: map[string]*Target{}}
	exposed := b.subscriptions()
	for i := range f.Radius.Vaults {
		b.vault(&f.Radius.Vaults[i], exposed)
	}
	b.resources()
	p := Plan{
		Case: f.Case, Principal: f.Radius.Principal, Name: f.Radius.Name, From: f.Radius.From, To: f.Radius.To,
		Linked: f.Radius.Linked, SAS: f.Radius.SAS, Left: append([]string{}, b.left...), Unknown: f.Radius.Unknown,
	}
	for n := range p.Tiers {
		p.Tiers[n] = Tier{Number: n + 1, Cap: b.Options.cap(n + 1), Targets: b.tier(n + 1)}
		p.Tiers[n].Hash = p.Tiers[n].hash()
	}
	return p
}

// subscriptions returns those in which the principal read something or could have.
func (b *planner) subscriptions() map[string]bool {
	out := map[string]bool{}
	for i := range b.Radius.Vaults {
		if v := &b.Radius.Vaults[i]; v.Reachable() && v.Subscription != "" {
			out[strings.ToLower(v.Subscription)] = true
		}
	}
	return out
}

// vault puts a vault's secrets into tiers.
func (b *planner) vault(v *reach.VaultReach, exposed map[string]bool) {
	rest, rank := b.rest(v, exposed)
	for i := range v.Secrets {
		s := &v.Secrets[i]
		switch {
		case s.Read == reach.Yes:
			b.secret(v, s, TierRead, 0)
		case rest > 0:
			b.secret(v, s, rest, rank)
		}
	}
	switch {
	case rest > 0 && !v.Listed && v.ID != "":
		b.unlisted(v, rest, rank)
	case rest == 0 && v.Read != reach.Yes:
		b.left = append(b.left, "vault "+plain(v.Name)+": no right of the principal led to it")
	}
}

// rest returns the tier of a vault's secrets that were not read, 0 for none, and their rank in it: what may have been read
// comes before what could only have been.
func (b *planner) rest(v *reach.VaultReach, exposed map[string]bool) (tier, rank int) {
	switch {
	case v.Exposed():
		return TierVault, 0
	case v.Could == reach.Yes && v.Read == reach.Unknown:
		return TierReach, 0
	case v.Could == reach.Yes:
		return TierReach, 1
	case v.Reachable():
		return TierReach, 2
	case exposed[strings.ToLower(v.Subscription)] && !b.Options.OnlyReachable:
		return TierReach, 3
	}
	return 0, 0
}

var whyTier = map[int]string{
	TierRead: "the principal read it", TierVault: "it lies in a vault that the principal read from", TierReach: "it lies in a subscription that the principal reached",
}

// secret adds a secret to the target that it belongs to.
func (b *planner) secret(v *reach.VaultReach, s *reach.SecretReach, tier, rank int) {
	c := Copy{Vault: v.Name, VaultID: v.ID, Secret: s.Name, Version: s.Version, Tier: tier, Seen: s.Seen, Consumers: b.Consumers[v.Name+"/"+s.Name]}
	choice := b.choose(v, s)
	t := Target{
		Key: key(choice, c, s.Kind), Tier: tier, Kind: choice.Kind, Provider: choice.Provider, Credential: choice.Credential, Pair: choice.Pair,
		Webhook: choice.Webhook, Days: choice.Days, Inferred: choice.Inferred, Why: cmp.Or(choice.Why, whyTier[tier]), rank: rank, Copies: []Copy{c},
	}
	if choice.Kind == OwnerAction {
		t.Action = b.action(&t, reach.Tag(s.Tags, TagOwner), cmp.Or(choice.todo, s.Kind))
	}
	if choice.Kind.Paired() {
		t.Credential = "" // which of the two keys is stored is proven, and both go
	}
	b.join(t)
}

// choose finds a secret's rotator, and leaves to the owner what Rekey must not touch.
func (b *planner) choose(v *reach.VaultReach, s *reach.SecretReach) Choice {
	owner := func(why string) Choice { return Choice{Kind: OwnerAction, Why: why} }
	name := v.Name + "/" + s.Name
	switch {
	case s.Kind != "secrets":
		return owner("a key left its vault: whatever it protects has to be protected by another one")
	case v.ID == "":
		return owner("its vault is in no subscription that Rekey sees")
	case s.Absent && v.Listed:
		return Choice{Kind: OwnerAction, Why: "it is not in its vault any more", todo: "gone"}
	case s.Absent:
		return owner("the secrets of its vault could not be listed")
	}
	for _, n := range []string{name, v.Name} {
		if why, ok := b.Options.never(n); ok {
			return owner(why)
		}
	}
	var guess *Guess
	if g, ok := b.Guesses[name]; ok && strings.EqualFold(reach.Tag(v.Tags, TagInfer), "true") {
		guess = &g
	}
	c := Choose(s.Secret, guess)
	if c.Kind == ClientSecret && b.Radius.AppID != "" && strings.EqualFold(c.Provider, b.Radius.AppID) {
		return Choice{Kind: OwnerAction, todo: "own", Why: "it is a credential of the compromised application itself: the eviction removes it, and its consumers are handed the new certificate"}
	}
	if why := b.Options.forbids(c.Kind, c.Provider, c.Webhook); why != "" {
		return owner(why)
	}
	return c
}

// key identifies a target: the provider's credential, or the secret itself.
func key(c Choice, copy Copy, kind string) string {
	own := strings.ToLower(copy.Vault + "/" + copy.Secret)
	switch {
	case c.Kind.Paired():
		return pairKey(c.Kind, c.Provider, c.Pair)
	case c.Kind == ClientSecret && c.Credential != "":
		return strings.ToLower(string(ClientSecret) + ":" + c.Provider + "/" + c.Credential)
	case c.Kind == Random && c.Value != "":
		return string(Random) + ":" + strings.ToLower(c.Value)
	case kind != "secrets":
		own = strings.ToLower(copy.Vault + "/" + kind + "/" + copy.Secret)
	}
	return string(c.Kind) + ":" + own
}

func pairKey(k Kind, provider, pair string) string {
	out := string(k) + ":" + strings.ToLower(provider)
	if pair != "" {
		out += "#" + pair
	}
	return out
}

// join adds a target, or its copies to the one that is there: it is as urgent as the most urgent copy.
func (b *planner) join(t Target) {
	have := b.targets[t.Key]
	if have == nil {
		t.Seen = newest(t.Seen, t.Copies)
		b.targets[t.Key] = &t
		return
	}
	have.Copies = append(have.Copies, t.Copies...)
	have.Inferred = have.Inferred && t.Inferred
	if have.Direct == nil {
		have.Direct = t.Direct
	}
	have.Days = max(have.Days, t.Days)
	if t.Tier < have.Tier || t.Tier == have.Tier && t.rank < have.rank {
		have.Tier, have.rank, have.Why = t.Tier, t.rank, t.Why
	}
	if reach.Before(t.Seen, have.Seen) < 0 {
		have.Seen = t.Seen
	}
	have.Seen = newest(have.Seen, t.Copies)
}

func newest(s *reach.Seen, copies []Copy) *reach.Seen {
	for _, c := range copies {
		if reach.Before(c.Seen, s) < 0 {
			s = c.Seen
		}
	}
	return s
}

// unlisted is a vault whose secrets could not be listed: its owner has to.
func (b *planner) unlisted(v *reach.VaultReach, tier, rank int) {
	t := Target{Key: string(OwnerAction) + ":" + strings.ToLower(v.Name), Tier: tier, Kind: OwnerAction, rank: rank, Why: "the secrets of vault " + plain(v.Name) + " could not be listed"}
	if v.Firewall != "" {
		t.Why += ": " + v.Firewall
	}
	t.Action = b.action(&t, reach.Tag(v.Tags, TagOwner), "vault")
	b.join(t)
}

// resources adds what had its keys handed out by Azure Resource Manager: all pairs that it has.
func (b *planner) resources() {
	for i := range b.Radius.Resources {
		r := &b.Radius.Resources[i]
		if r.Read != reach.Yes {
			continue
		}
		kind := KindOf(r.ID)
		why := b.Options.forbids(kind, r.ID, "")
		if kind == OwnerAction {
			why = "Resource Manager handed out its keys or settings, and Rekey has no rotator for it"
		}
		if why != "" {
			t := Target{Key: string(OwnerAction) + ":" + strings.ToLower(r.ID), Tier: TierRead, Kind: OwnerAction, Provider: r.ID, Why: why, Seen: r.Seen, Direct: r.Seen}
			t.Action = b.action(&t, "", "resource")
			b.join(t)
			continue
		}
		for _, pair := range sorted(pairs[kind]) {
			b.join(Target{Key: pairKey(kind, r.ID, pair), Tier: TierRead, Kind: kind, Provider: r.ID, Pair: pair, Seen: r.Seen, Direct: r.Seen, Why: "Resource Manager handed out its keys to the principal"})
		}
	}
}

// tier returns a tier's targets in the order in which they are rotated.
func (b *planner) tier(n int) []Target {
	out := []Target{}
	for _, k := range sorted(b.targets) {
		if t := b.targets[k]; t.Tier == n {
			b.finish(t)
			out = append(out, *t)
		}
	}
	slices.SortStableFunc(out, func(x, y Target) int {
		return cmp.Or(reach.Before(x.Seen, y.Seen), cmp.Compare(x.rank, y.rank), cmp.Compare(first(x), first(y)), cmp.Compare(x.Key, y.Key))
	})
	return out
}

func first(t Target) string {
	if len(t.Copies) > 0 {
		return t.Copies[0].Name()
	}
	return t.Provider
}

// finish says of a target, whose copies are complete now, what it needs and who will notice.
func (b *planner) finish(t *Target) {
	slices.SortFunc(t.Copies, func(x, y Copy) int {
		return cmp.Or(cmp.Compare(x.Tier, y.Tier), reach.Before(x.Seen, y.Seen), cmp.Compare(x.Vault, y.Vault), cmp.Compare(x.Secret, y.Secret))
	})
	if n := len(t.Copies); n > maxCopies {
		t.Kind, t.Why, t.Copies = OwnerAction, fmt.Sprintf("%d secrets say that they hold it: more than %d are not written to at once", n, maxCopies), t.Copies[:maxCopies]
		t.Action = b.action(t, "", "secrets")
	}
	if t.Kind == OwnerAction {
		return
	}
	t.Settle = b.Options.settle(t.Tier)
	t.Forecast = forecast(t)
	switch {
	case t.Kind.Paired() && len(t.Copies) == 0:
		t.Attended = "who uses its keys is not known: no vault that Rekey sees holds them"
	case t.Inferred:
		t.Attended = "what it is was inferred from the value's shape"
	case t.Kind == Webhook:
		t.Attended = "what the webhook does is not known"
	}
}
