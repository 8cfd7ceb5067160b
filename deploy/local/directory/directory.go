// Package directory is the directory of the local tenant: applications and service principals with their credentials,
// owners, permissions and roles, and what surrounds them (users, groups, policies), behind one lock, with a log of every
// change and, for replicas that lag, the versions of before.
//
// It knows no protocol: package graph serves it as Microsoft Graph does, package entra as the token endpoint does.
package directory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

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
	signIns map[string]SignIn
	history map[string]map[string][]dated // collection, id: earlier versions, for replicas that lag
}

type file struct {
	Objects map[string]map[string]Object
	Changes []Change
}

// New opens the directory of a tenant; dir "" keeps it in memory.
func New(tenantID, dir string) (*Directory, error) {
	d := &Directory{TenantID: tenantID, objects: map[string]map[string]Object{}, signIns: map[string]SignIn{}, history: map[string]map[string][]dated{}}
	d.complete()
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
	if f.Objects != nil {
		d.objects = f.Objects
	}
	d.changes = f.Changes
	d.complete()
	return d, nil
}

// complete makes the collections that a file of an older version lacks.
func (d *Directory) complete() {
	for _, c := range collections {
		if d.objects[c] == nil {
			d.objects[c] = map[string]Object{}
		}
		d.history[c] = map[string][]dated{}
	}
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
	d.put(collection, id, &o)
	d.changes = append(d.changes, Change{time.Now().UTC(), actor, id, what})
	return d.save()
}

// put changes, adds or (nil) removes an object and remembers what was there. d.mu is held.
func (d *Directory) put(collection, id string, o *Object) {
	old, ok := d.objects[collection][id]
	version := dated{at: time.Now(), absent: !ok, object: old}
	d.history[collection][id] = append(d.history[collection][id], version)
	if o == nil {
		delete(d.objects[collection], id)
		return
	}
	d.objects[collection][id] = *o
}

// ErrExists says that there is such an object already.
var ErrExists = errors.New("exists")

// Create adds an object and logs who did it.
func (d *Directory) Create(collection, actor, what string, o Object) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.objects[collection][o.ID]; ok {
		return ErrExists
	}
	o = clone(o)
	d.put(collection, o.ID, &o)
	d.changes = append(d.changes, Change{time.Now().UTC(), actor, o.ID, what})
	return d.save()
}

// Remove takes an object away for good.
func (d *Directory) Remove(collection, id, actor, what string) error {
	return d.move(collection, "", id, actor, what)
}

// Delete moves an object to the deleted items, as Graph does with applications and service principals.
func (d *Directory) Delete(collection, id, actor string) error {
	return d.move(collection, Deleted, id, actor, "delete")
}

// Restore moves an object back from the deleted items.
func (d *Directory) Restore(id, actor string) error {
	d.mu.Lock()
	o, ok := d.objects[Deleted][id]
	d.mu.Unlock()
	if !ok {
		return ErrNotFound
	}
	return d.move(Deleted, o.DeletedFrom, id, actor, "restore")
}

func (d *Directory) move(from, to, id, actor, what string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	o, ok := d.objects[from][id]
	if !ok {
		return ErrNotFound
	}
	o = clone(o)
	d.put(from, id, nil)
	o.DeletedFrom = ""
	if to == Deleted {
		o.DeletedFrom = from
	}
	if to != "" {
		d.put(to, id, &o)
	}
	d.changes = append(d.changes, Change{time.Now().UTC(), actor, id, what})
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
