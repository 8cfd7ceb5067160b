package simulate

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"rekey/shared/lab"
)

// Options say what run to make.
type Options struct {
	Seed       uint64
	Principals int       // 0: 2000
	Days       int       // 0: 45
	Start      time.Time // zero: Monday 2026-03-02; midnight UTC
	WarmUp     int       // no episode begins before this day, counted from 0; 0: 20
	Attacked   float64   // share of the principals that are attacked; 0: none; at most .01
}

// withDefaults fills in what was left out. An option that cannot be meant is a programming error.
func (o Options) withDefaults() Options {
	if o.Principals == 0 {
		o.Principals = 2000
	}
	if o.Days == 0 {
		o.Days = 45
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	}
	if o.WarmUp == 0 {
		o.WarmUp = 20
	}
	o.Start = o.Start.UTC()
	switch {
	case o.Principals < 1, o.Days < 1, o.WarmUp < 0, !o.Start.Equal(o.Start.Truncate(24 * time.Hour)):
		panic(fmt.Sprintf("simulate: no run can be made of %+v", o))
	case o.Attacked < 0 || o.Attacked > attackedAtMost:
		panic(fmt.Sprintf("simulate: a share of %v attacked is outside 0 to %v", o.Attacked, attackedAtMost))
	}
	return o
}

// Run is one simulated tenant, described but not yet written out. It does not change: Records may be called again.
type Run struct {
	Options
	TenantID   string
	Principals []Principal
	Episodes   []lab.Episode
	Changes    []lab.Change

	start, end int64
	world      *world
	catalogue  *catalogue
	resources  []resource
	keys       []credential
	users      []user
	pipelines  []int32 // principals that deploy others
	entries    []entry // what audit records say
	rollouts   []rollout
	planned    []act // everything that is not a habit, by time

	subscription string
	upperTenant  string
	platformID   string
}

// New describes the run of a seed. It panics when the options cannot be meant.
func New(o Options) *Run {
	o = o.withDefaults()
	return newRun(o, attacks, int(float64(o.Principals)*o.Attacked+1e-9))
}

// newRun makes a run in which so many principals are attacked, in some ways only.
func newRun(o Options, kinds []attack, victims int) *Run {
	r := &Run{Options: o, world: newWorld(), catalogue: newCatalogue()}
	r.start = r.Start.UnixNano()
	r.end = r.start + int64(r.Days)*day
	r.TenantID = r.id("tenant")
	r.upperTenant, r.subscription, r.platformID = upper(r.TenantID), r.id("subscription"), r.id("platform")
	r.newResources()
	r.newUsers()
	r.cast()
	r.drift()
	r.everydayAudit()
	r.noise()
	r.attack(kinds, victims)
	slices.SortStableFunc(r.planned, func(a, b act) int { return compare(a.when, b.when) })
	return r
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// at is a time of the run's clock as time.Time.
func at(nanoseconds int64) time.Time { return time.Unix(0, nanoseconds).UTC() }

// midnight is the beginning of a day, counted from 0.
func (r *Run) midnight(n int) int64 { return r.start + int64(n)*day }

// stream returns the numbers of what the parts name.
func (r *Run) stream(of string, parts ...int) dice { return stream(r.Seed, of, parts...) }

// number is one number for what the parts name.
func (r *Run) number(of string, parts ...int) uint64 {
	k := mix(r.Seed, name(of))
	for _, p := range parts {
		k = mix(k, uint64(p))
	}
	return k
}

// id is the GUID of what the parts name.
func (r *Run) id(of string, parts ...int) string {
	return string(appendGUID(nil, r.number(of, parts...)))
}

// change notes a benign change and returns its number. One that falls out of the run is None.
func (r *Run) change(kind string, p int32, begin int64) int32 {
	if begin < r.start || begin >= r.end {
		return lab.None
	}
	r.Changes = append(r.Changes, lab.Change{Kind: kind, Principal: p, Begin: at(begin)})
	return int32(len(r.Changes) - 1)
}

// credential is one key that a principal can sign in with.
type credential struct {
	kind       string // spelled like clientCredentialType
	id         string
	thumbprint string // certificates
	federated  string // federated credentials
	label      string // display name
}

// The types of credential, spelled as sign-in records have them.
const (
	ofSecret      = "clientSecret"
	ofCertificate = "certificate"
	ofFederation  = "federatedIdentityCredential"
	ofPlatform    = "managedIdentity"
	zeroGUID      = "00000000-0000-0000-0000-000000000000"
)

// newKey makes a credential and returns its number.
func (r *Run) newKey(kind, label string) int32 {
	n := len(r.keys)
	c := credential{kind: kind, id: r.id("key", n), label: label}
	switch kind {
	case ofCertificate:
		var b [24]byte
		for i := range 3 {
			binary.BigEndian.PutUint64(b[8*i:], r.number("thumbprint", n, i))
		}
		c.thumbprint = upper(hex.EncodeToString(b[:20]))
	case ofFederation:
		c.federated, c.id = c.id, zeroGUID
	}
	r.keys = append(r.keys, c)
	return int32(n)
}
