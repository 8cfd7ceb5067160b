package reach

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"rekey/shared/exposure"
)

// Radius is how far the principal got.
type Radius struct {
	Principal string          `json:"principal"`
	AppID     string          `json:"appId,omitempty"`
	Name      string          `json:"displayName,omitempty"`
	From      time.Time       `json:"from"`
	To        time.Time       `json:"to"`
	Vaults    []VaultReach    `json:"vaults"`
	Resources []ResourceReach `json:"resources"`
	SAS       []SAS           `json:"userDelegation"`
	Linked    []Linked        `json:"linkedCases"`
	Unknown   []string        `json:"unknown"` // what could not be read, and what follows
}

// VaultReach is what the principal did with a vault and could have done.
type VaultReach struct {
	ID           string            `json:"id,omitempty"` // empty for one that only the log knows
	Name         string            `json:"name"`
	Subscription string            `json:"subscription,omitempty"`
	Tags         map[string]string `json:"-"`
	Log          Log               `json:"log"`
	Read         Answer            `json:"read"`           // one of its secrets
	Could        Answer            `json:"could"`          // read secrets of it, with the rights that it had
	Grant        Answer            `json:"grant"`          // give itself that
	Ways         []Way             `json:"ways,omitempty"` // to the vault as a whole
	Firewall     string            `json:"firewall,omitempty"`
	Listed       bool              `json:"listed"` // its secrets could be listed: else there may be more
	Secrets      []SecretReach     `json:"secrets"`
}

// Exposed reports whether one of the vault's secrets was seen to be read: the rest of it comes second.
func (v *VaultReach) Exposed() bool { return v.Read == Yes }

// Reachable reports whether the principal could get at secrets of the vault, or that is not known.
func (v *VaultReach) Reachable() bool {
	return v.Could != No || v.Grant != No || v.Read == Yes
}

// SecretReach is the same for one secret (Kind "secrets"), or a key that left its vault.
type SecretReach struct {
	Secret
	Kind   string `json:"kind"`
	Read   Answer `json:"read"`
	Could  Answer `json:"could"`
	Grant  Answer `json:"grant"`
	Seen   *Seen  `json:"seen,omitempty"`
	Ways   []Way  `json:"ways,omitempty"`   // of this secret alone
	Absent bool   `json:"absent,omitempty"` // read, and not in the vault's list
}

// Seen is what the log shows of something that was handed out: all Reads of it together.
type Seen struct {
	First      time.Time `json:"first"` // of its newest days, by origin; to the hour
	Last       time.Time `json:"last"`  // the end of the last hour
	Days       int       `json:"days"`  // of the last 64, on which it was handed out; 0 is not known
	Operations string    `json:"operations"`
	Networks   []string  `json:"networks"`
	Versions   []string  `json:"versions,omitempty"` // as far as kept: the last ones
}

// before orders what was read: the most recently first, then the most often.
func (s *Seen) before(t *Seen) int {
	switch {
	case s == nil && t == nil:
		return 0
	case s == nil:
		return 1
	case t == nil:
		return -1
	}
	return cmp.Or(t.Last.Compare(s.Last), cmp.Compare(t.Days, s.Days))
}

// Before compares two for sorting: what was read before what was not, the most recently first, then the most often.
func Before(s, t *Seen) int { return s.before(t) }

// Of works out the radius. The same Facts give the same Radius, in whatever order they come.
func Of(f Facts) Radius {
	r := Radius{Principal: f.Principal, AppID: f.AppID, Name: f.Name, From: f.From, To: f.To, Vaults: []VaultReach{}, Resources: []ResourceReach{}, SAS: []SAS{}, Linked: []Linked{}, Unknown: []string{}}
	seen := f.seen()
	for i := range f.Vaults.Items {
		r.Vaults = append(r.Vaults, f.vault(&f.Vaults.Items[i], seen))
	}
	r.Vaults = append(r.Vaults, f.unlisted(seen)...)
	slices.SortFunc(r.Vaults, func(a, b VaultReach) int {
		return cmp.Or(rank(a)-rank(b), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	r.Resources, r.SAS = f.resources(seen), f.delegations()
	r.Linked = f.linked(r.Vaults)
	r.Unknown = f.unknown(r.Vaults)
	return r
}

// rank sorts vaults: read, could be read, could be granted, unknown, no.
func rank(v VaultReach) int {
	switch {
	case v.Read == Yes:
		return 0
	case v.Could == Yes:
		return 1
	case v.Grant == Yes:
		return 2
	case v.Read == Unknown || v.Could == Unknown || v.Grant == Unknown:
		return 3
	}
	return 4
}

// seen gathers the index's Reads by what they are about: an object may have been read from several origins.
func (f *Facts) seen() map[string]*Seen {
	out := map[string]*Seen{}
	if f.Index == nil {
		return out
	}
	for _, r := range f.Index.Reads(f.From) {
		key := strings.ToLower(r.Object)
		s := out[key]
		if s == nil {
			s = &Seen{First: r.First(), Last: r.End(), Days: f.Index.DaysEver(f.Hasher, r.Object)}
			out[key] = s
		}
		if r.First().Before(s.First) {
			s.First = r.First()
		}
		if r.End().After(s.Last) {
			s.Last = r.End()
		}
		s.Operations = merge(s.Operations, r.Ops.String())
		s.Networks = append(s.Networks, r.Origin.String())
		s.Versions = append(s.Versions, r.Versions()...)
	}
	for _, s := range out {
		slices.Sort(s.Networks)
		s.Networks = slices.Compact(s.Networks)
		slices.Sort(s.Versions)
		s.Versions = slices.Compact(s.Versions)
	}
	return out
}

// merge joins two lists of operations.
func merge(a, b string) string {
	all := strings.FieldsFunc(a+"+"+b, func(r rune) bool { return r == '+' })
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "+")
}

func (f *Facts) vault(v *Vault, seen map[string]*Seen) VaultReach {
	out := VaultReach{
		ID: v.ID, Name: strings.ToLower(v.Name), Subscription: v.Subscription, Tags: v.Tags, Log: cmp.Or(v.Log, LogUnknown), Listed: v.Secrets.Known,
		Read: f.notRead(v.Log), Secrets: []SecretReach{},
	}
	switch {
	case v.Network.Closed:
		out.Firewall = "private endpoints only: it may have kept the caller out, and may keep Rekey out"
	case v.Network.Deny:
		out.Firewall = "named networks only: it may have kept the caller out, and may keep Rekey out"
	}
	var grants []Way
	out.Ways, out.Could = f.reading(v, v.ID)
	grants, out.Grant = f.granting(v)
	out.Ways = append(out.Ways, grants...)
	listed := map[string]bool{}
	for _, s := range v.Secrets.Items {
		one := f.secret(v, &out, s)
		one.Seen = seen[objectKey(v.Name, "secrets", s.Name)]
		listed[objectKey(v.Name, "secrets", s.Name)] = true
		out.Secrets = append(out.Secrets, one)
	}
	out.Secrets = append(out.Secrets, f.absent(v.Name, listed, seen)...)
	f.settle(&out)
	return out
}

func objectKey(vault, kind, name string) string {
	return strings.ToLower(exposure.ObjectName(strings.ToLower(vault), kind+"/"+name))
}

// notRead is what it means that the log shows no read.
func (f *Facts) notRead(l Log) Answer {
	if f.Index == nil || l != LogComplete || f.Index.More(exposure.ClassObject) {
		return Unknown
	}
	return No
}

// settle fills in the answers that follow from what was seen, and sorts.
func (f *Facts) settle(v *VaultReach) {
	none := v.Read
	for i := range v.Secrets {
		s := &v.Secrets[i]
		s.Read = none
		if s.Seen != nil {
			s.Read, v.Read = Yes, Yes
		}
		v.Could = v.Could.or(s.Could)
	}
	slices.SortStableFunc(v.Secrets, func(a, b SecretReach) int {
		return cmp.Or(a.Seen.before(b.Seen), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
}

// secret is one secret of a vault: what reaches the vault reaches it, and roles may reach it alone.
func (f *Facts) secret(v *Vault, whole *VaultReach, s Secret) SecretReach {
	out := SecretReach{Secret: s, Kind: "secrets", Could: whole.Could, Grant: whole.Grant}
	if whole.Could == Yes || !v.RBAC {
		return out
	}
	ways, could := f.reading(v, v.ID+"/secrets/"+s.Name)
	if could == Yes {
		out.Ways = ways
	}
	out.Could = could
	return out
}

// reading returns the ways to read at a scope in a vault, and whether there are any.
func (f *Facts) reading(v *Vault, scope string) ([]Way, Answer) {
	if !v.RBAC {
		return answer(f.policyWays(v))
	}
	return answer(f.ways(scope, ByRole, actionGetSecret, actionBackupSecret))
}

// granting returns the ways to become a reader. To write a vault is enough for either model: it may write access policies,
// and switch to them (Microsoft's pages disagree about the switch; the weaker one is assumed).
func (f *Facts) granting(v *Vault) ([]Way, Answer) {
	actions := []string{actionAssign, actionVault, actionDefine, actionElevate}
	if !v.RBAC {
		actions = []string{actionPolicies, actionVault, actionAssign, actionDefine, actionElevate}
	}
	ways, complete := f.ways(v.ID, ByGrant, actions...)
	if len(ways) == 0 {
		deploy, _ := f.ways(v.ID, ByDeploy, actionDeploy)
		ways = append(ways, deploy...)
	}
	return answer(ways, complete)
}

func answer(ways []Way, complete bool) ([]Way, Answer) {
	switch {
	case len(ways) > 0:
		return ways, Yes
	case complete:
		return nil, No
	}
	return nil, Unknown
}

// absent are objects of a vault that were handed out and are not in its list: they are deleted, or the list could not be
// read, or they are keys and certificates.
func (f *Facts) absent(vault string, listed map[string]bool, seen map[string]*Seen) []SecretReach {
	var out []SecretReach
	prefix := strings.ToLower(vault) + "/"
	for key, s := range seen {
		object, ours := strings.CutPrefix(key, prefix)
		if !ours || listed[key] {
			continue
		}
		kind, name, ok := strings.Cut(object, "/")
		if !ok {
			continue
		}
		out = append(out, SecretReach{Secret: Secret{Name: name}, Kind: kind, Could: Unknown, Grant: Unknown, Seen: s, Absent: true})
	}
	slices.SortFunc(out, func(a, b SecretReach) int { return strings.Compare(a.Kind+"/"+a.Name, b.Kind+"/"+b.Name) })
	return out
}

// unlisted are vaults that the log names and no subscription shows.
func (f *Facts) unlisted(seen map[string]*Seen) []VaultReach {
	known := map[string]bool{}
	for _, v := range f.Vaults.Items {
		known[strings.ToLower(v.Name)] = true
	}
	var out []VaultReach
	for key := range seen {
		name, _, _ := strings.Cut(key, "/")
		if strings.HasPrefix(key, "/") || known[name] {
			continue
		}
		known[name] = true
		v := VaultReach{Name: name, Log: LogUnknown, Read: Yes, Could: Unknown, Grant: Unknown, Secrets: f.absent(name, nil, seen)}
		f.settle(&v)
		out = append(out, v)
	}
	return out
}
