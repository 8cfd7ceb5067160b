// Package directory is the directory of the local tenant: applications and service principals with their credentials,
// behind one lock, with a log of every change.
//
// It knows no protocol: package graph serves it as Microsoft Graph does, package entra as the token endpoint does.
package directory

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Kinds of object, named like Graph's collections.
const (
	Applications      = "applications"
	ServicePrincipals = "servicePrincipals"
)

// Object is an application or a service principal, with Graph's names.
type Object struct {
	ID                       string               `json:"id"`
	AppID                    string               `json:"appId"`
	DisplayName              string               `json:"displayName"`
	SignInAudience           string               `json:"signInAudience,omitempty"`
	ServicePrincipalType     string               `json:"servicePrincipalType,omitempty"`
	AppOwnerOrganizationID   string               `json:"appOwnerOrganizationId,omitempty"`
	AccountEnabled           bool                 `json:"accountEnabled"`
	TokenEncryptionKeyID     string               `json:"tokenEncryptionKeyId,omitempty"`
	PreferredSSOMode         string               `json:"preferredSingleSignOnMode,omitempty"`
	PreferredTokenSigningKey string               `json:"preferredTokenSigningKeyThumbprint,omitempty"`
	Locked                   bool                 `json:"locked,omitempty"` // app instance property lock
	KeyCredentials           []KeyCredential      `json:"keyCredentials"`
	PasswordCredentials      []PasswordCredential `json:"passwordCredentials"`
	Federated                []Federated          `json:"federatedIdentityCredentials"`
}

// KeyCredential is a certificate. Key is its DER.
type KeyCredential struct {
	KeyID               string    `json:"keyId"`
	Type                string    `json:"type"`
	Usage               string    `json:"usage"`
	DisplayName         string    `json:"displayName"`
	CustomKeyIdentifier []byte    `json:"customKeyIdentifier"`
	Key                 []byte    `json:"key"`
	StartDateTime       time.Time `json:"startDateTime"`
	EndDateTime         time.Time `json:"endDateTime"`
}

// PasswordCredential is a client secret. Digest is the SHA-256 of the secret, which is not kept.
type PasswordCredential struct {
	KeyID         string    `json:"keyId"`
	DisplayName   string    `json:"displayName"`
	Hint          string    `json:"hint"`
	Digest        string    `json:"digest"`
	StartDateTime time.Time `json:"startDateTime"`
	EndDateTime   time.Time `json:"endDateTime"`
}

// Digest is what is kept of a secret.
func Digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Federated is a federated identity credential.
type Federated struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Issuer    string   `json:"issuer"`
	Subject   string   `json:"subject"`
	Audiences []string `json:"audiences"`
}

// Change is one entry of the change log.
type Change struct {
	Time   time.Time `json:"time"`
	Actor  string    `json:"actor"`
	Object string    `json:"object"`
	What   string    `json:"what"`
}

// Directory holds all objects. With a folder it survives the process.
type Directory struct {
	TenantID string
	path     string

	mu      sync.Mutex
	objects map[string]map[string]Object // collection, id
	changes []Change
	history map[string][]dated // id: versions, for replicas that lag
}

// dated is a version of an object and when it came to be.
type dated struct {
	at     time.Time
	object Object
}

type file struct {
	Objects map[string]map[string]Object
	Changes []Change
}

// New opens the directory of a tenant; dir "" keeps it in memory.
func New(tenantID, dir string) (*Directory, error) {
	d := &Directory{
		TenantID: tenantID, objects: map[string]map[string]Object{Applications: {}, ServicePrincipals: {}}, history: map[string][]dated{},
	}
	if dir == "" {
		return d, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening directory: %w", err)
	}
	d.path = filepath.Join(dir, "directory.json")
	b, err := os.ReadFile(d.path)
	if errors.Is(err, os.ErrNotExist) {
		return d, nil
	}
	var f file
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err != nil {
		return nil, fmt.Errorf("opening directory: %w", err)
	}
	d.objects, d.changes = f.Objects, f.Changes
	return d, nil
}

// Seed adds objects without an entry in the change log.
func (d *Directory) Seed(collection string, objects ...Object) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range objects {
		d.objects[collection][o.ID] = clone(o)
	}
	return d.save()
}

// Empty reports whether nothing was seeded yet.
func (d *Directory) Empty() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.objects[ServicePrincipals]) == 0
}

func clone(o Object) Object {
	o.KeyCredentials = slices.Clone(o.KeyCredentials)
	o.PasswordCredentials = slices.Clone(o.PasswordCredentials)
	o.Federated = slices.Clone(o.Federated)
	return o
}

// save writes everything before it is seen: a killed process forgets no acknowledged change. d.mu is held.
func (d *Directory) save() error {
	if d.path == "" {
		return nil
	}
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(file{d.objects, d.changes}); err != nil {
		return fmt.Errorf("saving directory: %w", err)
	}
	if err := os.WriteFile(d.path+".new", b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("saving directory: %w", err)
	}
	return os.Rename(d.path+".new", d.path)
}

// Get returns an object by id.
func (d *Directory) Get(collection, id string) (Object, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	o, ok := d.objects[collection][id]
	return clone(o), ok
}

// At returns an object as it was at an earlier time, as far back as this process remembers.
func (d *Directory) At(collection, id string, at time.Time) (Object, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, v := range d.history[id] {
		if v.at.After(at) {
			return clone(v.object), true
		}
	}
	o, ok := d.objects[collection][id]
	return clone(o), ok
}

// ByAppID returns the objects of an application id, in order of id.
func (d *Directory) ByAppID(collection, appID string) []Object {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Object
	for _, o := range d.objects[collection] {
		if o.AppID == appID {
			out = append(out, clone(o))
		}
	}
	slices.SortFunc(out, func(a, b Object) int { return bytes.Compare([]byte(a.ID), []byte(b.ID)) })
	return out
}

// ErrNotFound says that there is no such object.
var ErrNotFound = errors.New("not found")

// Update changes an object and logs who did what. When edit returns an error nothing changes.
func (d *Directory) Update(collection, id, actor, what string, edit func(*Object) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	old, ok := d.objects[collection][id]
	if !ok {
		return ErrNotFound
	}
	o := clone(old)
	if err := edit(&o); err != nil {
		return err
	}
	now := time.Now().UTC()
	d.history[id] = append(d.history[id], dated{at: now, object: old})
	d.objects[collection][id] = o
	d.changes = append(d.changes, Change{now, actor, id, what})
	return d.save()
}

// Changes returns the change log.
func (d *Directory) Changes() []Change {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.changes)
}

// Snapshot returns a copy of all objects by id, to compare with a later one.
func (d *Directory) Snapshot() map[string]Object {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := map[string]Object{}
	for _, collection := range d.objects {
		for id, o := range collection {
			out[id] = clone(o)
		}
	}
	return out
}
