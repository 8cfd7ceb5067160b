package posture

import (
	"slices"
	"strings"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/exposure"
)

// Idle is for how many days something must not have been used to count as unused.
const Idle = baseline.Window

// Answer is yes, no or unknown.
type Answer string

// The answers.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown"
)

// Use is what is known of the use of one application in this tenant. The zero Use knows nothing.
type Use struct {
	Flows          bool                 // sign-ins of the last 60 days would have been seen
	LastSignIn     time.Time            // the zero time when none was seen
	Keys           map[string]time.Time // last use by key id, of those that were used
	KeysKnown      bool                 // all keys that were used are known by their ids
	Resources      map[string]time.Time // last token by the application id of the resource
	ResourcesKnown bool                 // all resources that tokens were for are known
	Calls          map[string]time.Time // last use of Graph calls that give power, as "POST /applications/{id}/addPassword"
	Users          bool                 // people sign in to it: its credentials may be used where only their sign-ins show it
}

// History is what state knows about one application.
type History struct {
	Profile  *baseline.Profile
	Exposure *exposure.Index
	Users    *baseline.Dependence
	Hasher   *baseline.Hasher // with which they were learned; nil: values cannot be looked up, and stay unknown
}

// UseOf looks up what is known of the use of an application's credentials and roles. Flows says that the log of sign-ins
// has no gaps (see Flow).
func UseOf(f Facts, h History, flows bool, now time.Time) Use {
	today := baseline.DayOf(now)
	u := Use{Flows: flows, Keys: map[string]time.Time{}, Resources: map[string]time.Time{}, Calls: map[string]time.Time{}}
	if last, ok := h.Profile.LastSeen(); ok {
		u.LastSignIn = last.Time()
	}
	u.Users = h.Users != nil && h.Users.Busiest(today) > 0
	if h.Exposure != nil {
		for _, r := range h.Exposure.Calls(now.AddDate(0, 0, -Idle)) {
			u.Calls[r.Object] = later(u.Calls[r.Object], r.End())
		}
	}
	if h.Hasher == nil {
		return u
	}
	view := h.Profile.Before(today + 1)
	u.KeysKnown, u.ResourcesKnown = !view.Overflows(baseline.CredentialKey), !view.Overflows(baseline.Resource)
	lookUp(h, baseline.CredentialKey, f.KeyIDs(), u.Keys)
	lookUp(h, baseline.Resource, f.resources(), u.Resources)
	return u
}

func lookUp(h History, p baseline.Property, values []string, into map[string]time.Time) {
	for _, v := range values {
		if last, ok := h.Profile.LastOf(p, h.Hasher.String(p, v)); ok {
			into[v] = last.Time()
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// resources are the applications whose roles were granted.
func (f *Facts) resources() []string {
	var out []string
	for i := range f.Principals {
		if g := f.Principals[i].Grants; g != nil {
			for _, r := range g.AppRoles {
				if r.ResourceAppID != "" {
					out = append(out, strings.ToLower(r.ResourceAppID))
				}
			}
		}
	}
	return out
}

// asleep reports whether nothing signed in as the application for 60 days, though it would have been seen.
func (u *Use) asleep(f *Facts, now time.Time) bool {
	idle := now.AddDate(0, 0, -Idle)
	for i := range f.Principals {
		created := f.created(&f.Principals[i])
		managed := f.Principals[i].ServicePrincipalType == "ManagedIdentity"
		if created.After(idle) || u.LastSignIn.IsZero() && (created.IsZero() || managed) {
			return false // too young to tell; and the managed identities' log is another one, which may not arrive
		}
	}
	return u.Flows && u.LastSignIn.Before(idle)
}

// created returns when a principal was made or, where that is not known, its application.
func (f *Facts) created(p *Principal) time.Time {
	if p.CreatedDateTime.IsZero() && f.Application != nil {
		return f.Application.CreatedDateTime
	}
	return p.CreatedDateTime
}

// KeyUsed answers whether a credential was used within 60 days.
func (u *Use) KeyUsed(f *Facts, c *Credential, now time.Time) Answer {
	idle := now.AddDate(0, 0, -Idle)
	last, known := u.Keys[strings.ToLower(c.KeyID)]
	switch {
	case known && !last.Before(idle):
		return Yes
	case u.Users, f.usedElsewhere(), !u.Flows, c.StartDateTime.After(idle):
		return Unknown
	case u.asleep(f, now):
		return No
	case !u.KeysKnown, !u.anyKey(idle):
		return Unknown // its sign-ins do not say with which key
	}
	return No
}

// anyKey reports whether one of the keys that the application has was seen at work.
func (u *Use) anyKey(since time.Time) bool {
	for _, last := range u.Keys {
		if !last.Before(since) {
			return true
		}
	}
	return false
}

// usedElsewhere reports whether credentials may be used where no sign-in of the workload shows it: in the tenants of
// customers, when a page redeems the code of a user, or when an API acts on behalf of its users.
func (f *Facts) usedElsewhere() bool {
	a := f.Application
	return a != nil && (a.SignInAudience != "AzureADMyOrg" || len(a.Web.RedirectURIs) > 0 || len(a.IdentifierURIs) > 0 && f.delegated())
}

// delegated reports whether a principal may act for users, or may be able to.
func (f *Facts) delegated() bool {
	return slices.ContainsFunc(f.Principals, func(p Principal) bool { return p.Grants == nil || len(p.Grants.Scopes) > 0 })
}

// Necessary answers whether a granted app role was used within 60 days: yes when a call was seen that it allows, no
// when the application got no token for its resource though that would have been seen.
func (u *Use) Necessary(f *Facts, r AppRole, now time.Time) Answer {
	idle := now.AddDate(0, 0, -Idle)
	for _, call := range allowed[strings.ToLower(r.Value)] {
		if !u.Calls[call].Before(idle) {
			return Yes
		}
	}
	last, known := u.Resources[strings.ToLower(r.ResourceAppID)]
	switch {
	case !u.Flows, r.CreatedDateTime.After(idle):
		return Unknown
	case u.asleep(f, now):
		return No
	case r.ResourceAppID == "", !u.ResourcesKnown, u.LastSignIn.Before(idle):
		return Unknown
	case known && !last.Before(idle):
		return Unknown // a token was issued; what for is not kept
	}
	return No
}

// Flow says on which of the last 60 days anything in the tenant signed in. The zero Flow knows of none.
type Flow struct {
	days uint64 // bit 0: yesterday
}

// Add adds the days on which a principal signed in.
func (w *Flow) Add(p *baseline.Profile, today baseline.Day) { w.days |= p.Days(today) }

// maxGap is how many days without any sign-in are a long weekend, and not a log that did not arrive.
const maxGap = 4

// Known reports whether the sign-in log arrived on all of the 60 days.
func (w Flow) Known() bool {
	gap := 0
	for i := range Idle {
		if gap++; w.days>>i&1 != 0 {
			gap = 0
		}
		if gap > maxGap {
			return false
		}
	}
	return true
}
