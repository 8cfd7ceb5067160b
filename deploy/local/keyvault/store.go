package keyvault

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"
)

// secret is one secret with all its versions, oldest first.
type secret struct {
	Versions []*version
	Managed  bool      // the private key of a certificate
	Deleted  time.Time // soft-deleted since; zero if it is not
}

// version is one version of a secret.
type version struct {
	ID          string
	Value       string
	ContentType string            `json:",omitempty"`
	Tags        map[string]string `json:",omitempty"`
	Disabled    bool              `json:",omitempty"`
	NotBefore   *int64            `json:",omitempty"`
	Expires     *int64            `json:",omitempty"`
	Created     time.Time
	Updated     time.Time
}

// Secret is a secret as a play or a test puts it into a vault, and finds it there.
type Secret struct {
	Value       string
	ContentType string
	Tags        map[string]string
	Expires     time.Time // zero: never
	Disabled    bool
	Managed     bool
	Deleted     bool
	Version     string // filled in when it is read
}

func newVersion() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand does not fail
	return hex.EncodeToString(b[:])
}

// Put stores secrets without asking anybody, each as a new version, and saves once.
func (s *Server) Put(secrets map[string]Secret) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, in := range secrets {
		sec := s.secrets[name]
		if sec == nil {
			sec = &secret{}
			s.secrets[name] = sec
		}
		now := time.Now().UTC()
		v := &version{ID: newVersion(), Value: in.Value, ContentType: in.ContentType, Tags: maps.Clone(in.Tags), Disabled: in.Disabled, Created: now, Updated: now}
		if !in.Expires.IsZero() {
			exp := in.Expires.Unix()
			v.Expires = &exp
		}
		sec.Versions, sec.Managed, sec.Deleted = append(sec.Versions, v), in.Managed, time.Time{}
		if in.Deleted {
			sec.Deleted = now
		}
	}
	return s.saveSecrets()
}

// Versions returns the versions of a secret, oldest first: what a test finds in the vault.
func (s *Server) Versions(name string) []Secret {
	s.mu.Lock()
	defer s.mu.Unlock()
	sec := s.secrets[name]
	if sec == nil {
		return nil
	}
	var out []Secret
	for _, v := range sec.Versions {
		one := Secret{Value: v.Value, ContentType: v.ContentType, Tags: maps.Clone(v.Tags), Disabled: v.Disabled, Managed: sec.Managed, Deleted: !sec.Deleted.IsZero(), Version: v.ID}
		if v.Expires != nil {
			one.Expires = time.Unix(*v.Expires, 0).UTC()
		}
		out = append(out, one)
	}
	return out
}

// Secrets returns the names of all secrets, soft-deleted ones too.
func (s *Server) Secrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.secrets))
}

func (s *Server) secretsPath() string { return s.path + ".secrets" }

func (s *Server) loadSecrets() error {
	if s.path == "" {
		return nil
	}
	b, err := os.ReadFile(s.secretsPath())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(b, &s.secrets)
	}
	if err != nil {
		return fmt.Errorf("opening vault: %w", err)
	}
	return nil
}

func (s *Server) saveSecrets() error {
	if s.path == "" {
		return nil
	}
	b, err := json.Marshal(s.secrets)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.secretsPath()+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(s.secretsPath()+".new", s.secretsPath())
}
