// Package subscription says who asked to be called back about what, and when a callback that failed is tried again. A subscription
// is what a trigger of a workflow makes when the workflow is switched on, and what a waiting step makes to be woken once.
//
// The callback's address is a secret: whoever has it can start the workflow, or end its waiting. It appears in no error and no
// answer; Shown is what of it may be told.
package subscription

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"time"

	"rekey/shared/fault"
	"rekey/shared/notice"
	"rekey/shared/score"
)

// Partition is where subscriptions are kept in their table.
const Partition = "subscription"

// version of the row's form. A newer one is never written by this program.
const version = 1

// Filter says which notices are wanted. What is empty does not matter.
type Filter struct {
	Types       []string `json:"types,omitempty" about:"Types of notices that are wanted; empty: all."`
	Level       string   `json:"minimumRiskLevel,omitempty" enum:"low,medium,high" about:"Of detections: the lowest level that is wanted. Notices about other things are not held back by it."`
	Principal   string   `json:"servicePrincipalId,omitempty" about:"Only what concerns this service principal, by object id."`
	Remediation string   `json:"remediationId,omitempty" about:"Only what concerns this remediation or rotation."`
	States      []string `json:"states,omitempty" about:"Of remediations and rotations: the states that are wanted; empty: all, and with once all in which nothing goes on by itself."`
}

// Request is what somebody asks for.
type Request struct {
	Callback string `json:"callbackUrl" about:"Where notices are posted to: https, on a host that the setting REKEY_CALLBACK_HOSTS lists."`
	Filter
	Once    bool       `json:"once,omitempty" about:"Call back once, and end then; needs remediationId. If it is in such a state already, the call comes at once."`
	Expires *time.Time `json:"expirationDateTime,omitempty" about:"When it ends; without one it lasts until it is removed."`
}

// Subscription is a request that was taken.
type Subscription struct {
	Version int `json:"version"`
	Request
	ID      string    `json:"id"`
	Owner   string    `json:"owner"` // object id of who asked: he may end it
	By      string    `json:"by"`    // the same, for people
	Key     string    `json:"key"`   // signs what is delivered; a secret
	Created time.Time `json:"created"`
	Resend  time.Time `json:"resend,omitzero"` // what was given up before this is delivered again
}

const (
	maxURL    = 4096
	maxValues = 32
	maxText   = 200
	farthest  = 3 * 365 * 24 * time.Hour
)

// New takes a request. One that cannot be carried out is an error of kind fault.Poison that says what is wrong, without the
// callback's address.
func New(r Request, owner, by, key string, now time.Time) (Subscription, error) {
	if err := r.check(now); err != nil {
		return Subscription{}, err
	}
	r.Principal, r.Remediation = strings.ToLower(r.Principal), strings.ToLower(r.Remediation)
	return Subscription{Version: version, Request: r, ID: ID(owner, r.Callback), Owner: owner, By: by, Key: key, Created: now.UTC()}, nil
}

// ID is the same for the same callback of the same owner: what is sent again is the same subscription.
func ID(owner, callback string) string {
	sum := sha256.Sum256([]byte(owner + "\x00" + callback))
	return "sub-" + hex.EncodeToString(sum[:16])
}

func (r *Request) check(now time.Time) error {
	long := func(s string) bool { return len(s) > maxText }
	switch {
	case r.Callback == "":
		return fault.Errorf(fault.Poison, "callbackUrl is missing: say where to call back")
	case len(r.Callback) > maxURL:
		return fault.Errorf(fault.Poison, "callbackUrl has more than %d bytes", maxURL)
	case len(r.Types) > maxValues || len(r.States) > maxValues || slices.ContainsFunc(r.States, long) || long(r.Principal) || long(r.Remediation):
		return fault.Errorf(fault.Poison, "the filter is too long: at most %d types and states, and %d bytes for each text", maxValues, maxText)
	case r.Level != "" && !slices.Contains([]string{string(score.LevelLow), string(score.LevelMedium), string(score.LevelHigh)}, r.Level):
		return fault.Errorf(fault.Poison, "minimumRiskLevel is %.20q: low, medium or high", r.Level)
	case r.Once && r.Remediation == "":
		return fault.Errorf(fault.Poison, "once needs a remediationId: say what is waited for")
	case r.Expires != nil && (!r.Expires.After(now) || r.Expires.After(now.Add(farthest))):
		return fault.Errorf(fault.Poison, "expirationDateTime must be in the future, and within three years")
	}
	for _, t := range r.Types {
		if !slices.Contains(notice.Types, t) {
			return fault.Errorf(fault.Poison, "types names %.80q: there are %s", t, strings.Join(notice.Types, ", "))
		}
	}
	return nil
}

// Readable reports whether this program may work with a subscription that was read, as an error of kind fault.Denied if not.
func (s *Subscription) Readable() error {
	if s.Version > version {
		return fault.Errorf(fault.Denied, "reading subscription %s: version %d is newer than this program's %d: upgrade it", s.ID, s.Version, version)
	}
	return nil
}

// Expired reports whether its time is over.
func (s *Subscription) Expired(now time.Time) bool {
	return s.Expires != nil && !now.Before(*s.Expires)
}

// Same reports whether another request of the same id asks for the same.
func (s *Subscription) Same(r Request) bool {
	a, b := s.Request, r
	b.Principal, b.Remediation = strings.ToLower(b.Principal), strings.ToLower(b.Remediation)
	ends := a.Expires == b.Expires || a.Expires != nil && b.Expires != nil && a.Expires.Equal(*b.Expires)
	return ends && slices.Equal(a.Types, b.Types) && slices.Equal(a.States, b.States) && a.Level == b.Level && a.Principal == b.Principal && a.Remediation == b.Remediation && a.Once == b.Once
}

// logicApps are the domains of Logic Apps in the clouds of Azure.
var logicApps = []string{".logic.azure.com", ".logic.azure.us", ".logic.azure.cn"}

// Shown is what of a callback's address may be told: the host, and of Logic Apps the path, which names the workflow and its trigger;
// the signature is in the query. Others keep secrets in the path.
func Shown(callback string) string {
	u, err := url.Parse(callback)
	switch {
	case err != nil:
		return ""
	case slices.ContainsFunc(logicApps, func(domain string) bool { return strings.HasSuffix(u.Hostname(), domain) }):
		return u.Host + u.EscapedPath()
	}
	return u.Host
}

// slack is how much older than a subscription a notice may be: one that comes late, or of an older detection that was raised just now.
// What was told before is not told again (package notices of handlers).
const slack = 48 * time.Hour

// stateRunning is the one state of remediations and rotations in which something goes on by itself.
const stateRunning = "running"

// Wants reports whether a notice is to be delivered.
func (s *Subscription) Wants(n notice.Notice) bool {
	if !s.Once && n.Time.Before(s.Created.Add(-slack)) || len(s.Types) > 0 && !slices.Contains(s.Types, n.Type) {
		return false
	}
	about := facts(n)
	switch {
	case s.Principal != "" && about.principal != s.Principal,
		s.Remediation != "" && about.remediation != s.Remediation,
		s.Level != "" && about.level != "" && !score.Level(about.level).AtLeast(score.Level(s.Level)):
		return false
	case len(s.States) > 0:
		return about.state == "" && !s.Once || slices.Contains(s.States, about.state)
	case s.Once:
		return about.state != stateRunning
	}
	return true
}

// about is what filters look at.
type about struct{ principal, remediation, level, state string }

func facts(n notice.Notice) about {
	switch d := n.Data.(type) {
	case notice.Detection:
		return about{principal: strings.ToLower(d.Principal.ID), level: d.RiskLevel}
	case notice.Operation:
		return about{principal: strings.ToLower(d.Principal.ID), remediation: strings.ToLower(d.ID), state: d.State}
	case notice.Rotation:
		return about{principal: strings.ToLower(d.Principal.ID), remediation: strings.ToLower(d.ID), state: d.State}
	}
	return about{}
}
