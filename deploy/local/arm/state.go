package arm

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Resource is any resource, with ARM's names.
type Resource struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	Location   string            `json:"location,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
	Identity   *Identity         `json:"identity,omitempty"`
	Properties map[string]any    `json:"properties,omitempty"`
}

// Identity is a resource's managed identities. The keys of UserAssigned are resource ids.
type Identity struct {
	Type         string                       `json:"type"`
	PrincipalID  string                       `json:"principalId,omitempty"`
	TenantID     string                       `json:"tenantId,omitempty"`
	UserAssigned map[string]map[string]string `json:"userAssignedIdentities,omitempty"`
}

// Subscription is one subscription. Parents are the ids of its management groups, nearest first.
type Subscription struct {
	ID      string
	Name    string
	Parents []string
}

// Policy is one entry of a vault's access policies.
type Policy struct {
	TenantID      string              `json:"tenantId"`
	ObjectID      string              `json:"objectId"`
	ApplicationID string              `json:"applicationId,omitempty"`
	Permissions   map[string][]string `json:"permissions"` // secrets, keys, certificates, storage
}

// state is everything that survives a restart. Resources and keys are found by id in lower case.
type state struct {
	Subscriptions map[string]Subscription
	Resources     map[string]*Resource
	Keys          map[string]map[string]string
	Rights        rights
}

// rights is all that decides who may do what. A value that was published is not changed any more.
type rights struct {
	Definitions map[string]Definition
	Assignments map[string]Assignment // by id in lower case
	Denies      []Deny
	Groups      map[string][]string // group to members, groups among them
	Policies    map[string][]Policy // by vault id in lower case
	RBAC        map[string]bool     // by vault id in lower case
	Network     map[string]Network  // by vault id in lower case
	Parents     map[string][]string // management groups by subscription id in lower case
}

// Network is a vault's firewall. The zero Network is open.
type Network struct {
	Closed  bool     // publicNetworkAccess is Disabled
	Deny    bool     // networkAcls.defaultAction is Deny
	Allowed []string // addresses and prefixes of networkAcls.ipRules
}

func (r rights) clone() rights {
	r.Definitions, r.Assignments, r.Groups = maps.Clone(r.Definitions), maps.Clone(r.Assignments), maps.Clone(r.Groups)
	r.Policies, r.RBAC, r.Network, r.Parents = maps.Clone(r.Policies), maps.Clone(r.RBAC), maps.Clone(r.Network), maps.Clone(r.Parents)
	r.Denies = slices.Clone(r.Denies)
	return r
}

// dated is rights and since when they hold.
type dated struct {
	since  time.Time
	rights rights
}

func (s *Server) load(dir string) error {
	s.state = state{Subscriptions: map[string]Subscription{}, Resources: map[string]*Resource{}, Keys: map[string]map[string]string{}, Rights: rights{
		Definitions: builtin(), Assignments: map[string]Assignment{}, Groups: map[string][]string{}, Policies: map[string][]Policy{},
		RBAC: map[string]bool{}, Network: map[string]Network{}, Parents: map[string][]string{},
	}}
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("opening the local resource manager: %w", err)
	}
	s.path = filepath.Join(dir, "arm.json")
	b, err := os.ReadFile(s.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(b, &s.state)
	}
	if err != nil {
		return fmt.Errorf("opening the local resource manager: %w", err)
	}
	return nil
}

// save writes the state. It is called with the lock held, after each change.
func (s *Server) save() error {
	if s.path == "" {
		return nil
	}
	b, err := json.Marshal(s.state)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.path+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(s.path+".new", s.path)
}

// change changes rights: ARM itself sees the new ones at once, the vaults after the lag.
func (s *Server) change(do func(*rights)) {
	if len(s.history) == 0 {
		s.history = append(s.history, dated{rights: s.state.Rights})
	}
	next := s.state.Rights.clone()
	do(&next)
	s.state.Rights = next
	s.history = append(s.history, dated{since: time.Now(), rights: next})
	for len(s.history) > 1 && time.Since(s.history[1].since) > s.lag {
		s.history = s.history[1:]
	}
}

// published are the rights as the vaults know them.
func (s *Server) published() rights {
	out := s.state.Rights
	for i := len(s.history) - 1; i >= 0; i-- {
		if out = s.history[i].rights; time.Since(s.history[i].since) >= s.lag {
			break
		}
	}
	return out
}

func lower(s string) string { return strings.ToLower(strings.TrimSuffix(s, "/")) }

func guid() string { return uuid.NewString() }
