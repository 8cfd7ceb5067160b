// Package setup does once what the plan for Azure cannot: what is in Entra and needs a person with a directory role.
// Permissions of Microsoft Graph for the apps' identities, the registration of the API with its app roles and scopes, Entra's
// diagnostic settings, and the exclusion of Rekey's own identities from policies that block service principals.
//
// It reads what is there, plans what is missing, call by call, and makes these calls if it is told to. Every call may be
// repeated, and what is done is not planned again: after a crash, a refusal or another person's change it is simply run
// again. It adds and completes. What others made is never overwritten, and nothing is removed but, on demand, permissions
// that Rekey's own identities do not need.
package setup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"rekey/shared/azure/arm"
	"rekey/shared/azure/graph"
	"rekey/shared/azure/redact"
	"rekey/shared/fault"
)

// Part is one of the things that are set up. Parts do not wait for each other: whoever lacks a role for one does the rest.
type Part string

// The parts, in their order.
const (
	Permissions Part = "permissions"
	API         Part = "api"
	Diagnostics Part = "diagnostics"
	Access      Part = "conditional-access"
)

// roles are what a person needs for a part, beside what the application that he signs in with may do in his name.
var roles = map[Part]string{
	Permissions: "the directory role Privileged Role Administrator (and in the token AppRoleAssignment.ReadWrite.All and Application.Read.All)",
	API:         "the directory role Cloud Application Administrator (and in the token Application.ReadWrite.All)",
	Diagnostics: "the directory role Security Administrator",
	Access:      "the directory role Conditional Access Administrator (and in the token Policy.Read.All, Policy.ReadWrite.ConditionalAccess and Application.Read.All; Azure CLI's tokens have none of Policy.*)",
}

// Call is one change.
type Call struct {
	Part   Part   `json:"part"`
	Method string `json:"method"`
	Path   string `json:"path"`
	What   string `json:"what"`
	Why    string `json:"why"`
	Done   bool   `json:"done"`

	advice string // what to do when it is refused for another reason than a missing role
	do     func(context.Context) error
}

// Remark is what somebody should know, or what stands in the way.
type Remark struct {
	Part Part   `json:"part"`
	Text string `json:"text"`
	Warn bool   `json:"warn,omitempty"` // it is not as it should be, and people have to see to it

	// Blocked is set on a problem if all could be read, and something is missing that setup cannot make.
	Blocked bool `json:"blocked,omitempty"`
}

// Value is a setting that follows from what was made, for the plan of Azure.
type Value struct {
	Name  string   `json:"name"` // a variable of deploy/azure, with dots before what is inside it
	Value []string `json:"value"`
}

// Plan is what is missing. It is JSON for whoever wants to keep or compare it.
type Plan struct {
	Calls    []Call   `json:"calls"`
	Notes    []Remark `json:"notes"`
	Problems []Remark `json:"problems"`
	Values   []Value  `json:"values"`
}

// Identity is an app's managed identity.
type Identity struct {
	PrincipalID string `json:"principal_id"` // object id of its service principal
	ClientID    string `json:"client_id"`
}

// Config says what to set up.
type Config struct {
	Graph *graph.Client
	ARM   *arm.Client

	Identities map[string]Identity // by app
	RuleID     string              // the authorization rule that Entra writes to the hubs by
	Hubs       map[string][]string // categories by hub
	Prefix     string              // of the names of diagnostic settings; default rekey
	Name       string              // unique name of the API's registration; default rekey-api
	URI        string              // its identifier URI; default api:// and the client id
	Give       []string            // alarming permissions that are given nevertheless
	Without    []string            // permissions that are needed, and not given: what they are for is left to people
	Prune      bool                // take permissions of Graph away that an identity does not need
	Parts      []Part              // those to look at; default all
}

// Setup plans and applies.
type Setup struct {
	Config

	api graph.Registration // as it was read or made last
}

// New makes a setup.
func New(c Config) *Setup {
	if c.Prefix == "" {
		c.Prefix = "rekey"
	}
	if c.Name == "" {
		c.Name = "rekey-api"
	}
	if len(c.Parts) == 0 {
		c.Parts = []Part{Permissions, API, Diagnostics, Access}
	}
	return &Setup{Config: c}
}

// Plan reads what is there and says what is missing. What of it could not be read is a problem of its part; the other
// parts are planned.
func (s *Setup) Plan(ctx context.Context) (*Plan, error) {
	p := &Plan{Calls: []Call{}, Notes: []Remark{}, Problems: []Remark{}, Values: []Value{}}
	gather := map[Part]func(context.Context, *Plan) error{
		Permissions: s.permissions, API: s.registration, Diagnostics: s.diagnostics, Access: s.access,
	}
	for _, part := range s.Parts {
		do := gather[part]
		if do == nil {
			return nil, fault.Errorf(fault.Denied, "there is no part %q: permissions, api, diagnostics and conditional-access", part)
		}
		calls := len(p.Calls)
		if err := do(ctx, p); err != nil {
			p.Calls = p.Calls[:calls]
			var b blocked
			p.Problems = append(p.Problems, Remark{Part: part, Text: explain(part, "", err).Error(), Blocked: errors.As(err, &b)})
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.own(s.Identities)
	return p, nil
}

// Apply makes the calls of a plan and tells of each. After a call that fails the rest of its part is left; the other parts
// go on.
func (s *Setup) Apply(ctx context.Context, p *Plan, tell func(Call, error)) error {
	var failed []error
	left := map[Part]bool{}
	for i := range p.Calls {
		c := &p.Calls[i]
		if left[c.Part] {
			continue
		}
		err := ctx.Err()
		if err == nil {
			err = c.do(ctx)
		}
		c.Done = err == nil
		if err != nil {
			left[c.Part] = true
			err = explain(c.Part, c.advice, err)
			failed = append(failed, err)
		}
		tell(*c, err)
	}
	return errors.Join(failed...)
}

// explain says what a refused call needs.
func explain(part Part, advice string, err error) error {
	switch {
	case errors.Is(err, redact.ErrForbidden):
		return fmt.Errorf("%w: this needs %s", err, roles[part])
	case errors.Is(err, fault.Denied) && advice != "", errors.Is(err, fault.Conflict) && advice != "":
		return fmt.Errorf("%w: %s", err, advice)
	}
	return err
}

func (p *Plan) call(c Call) { p.Calls = append(p.Calls, c) }

func (p *Plan) note(part Part, format string, args ...any) {
	p.Notes = append(p.Notes, Remark{Part: part, Text: fmt.Sprintf(format, args...)})
}

func (p *Plan) warn(part Part, format string, args ...any) {
	p.Notes = append(p.Notes, Remark{Part: part, Text: fmt.Sprintf(format, args...), Warn: true})
}

// blocked is an error of setup's own: all could be read, and people have to free what stands in the way.
type blocked struct{ error }

func (b blocked) Unwrap() error { return b.error }

// own says what Rekey must never touch: its own identities.
func (p *Plan) own(identities map[string]Identity) {
	var ids []string
	for _, app := range apps(identities) {
		ids = append(ids, identities[app].PrincipalID)
	}
	if len(ids) > 0 {
		p.Values = append(p.Values, Value{"settings.respond.REKEY_NEVER_TOUCH", []string{strings.Join(ids, ",")}})
	}
}
